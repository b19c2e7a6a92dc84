# SPDX-License-Identifier: Apache-2.0
"""What `tf.function(jit_compile=True)` does: XLA knows no Tenon device, so the function runs without
it, with one warning. Under tf.device("CPU:0") it is compiled as ever.

Keras has a check of its own for `compile(jit_compile=True)`; see _keras.
"""

import warnings

import tensorflow as tf
from tensorflow.python.distribute import device_util as _device_util
from tensorflow.python.eager.polymorphic_function import polymorphic_function as _functions

_warned = False


def _warn():
    global _warned
    if _warned:
        return
    _warned = True
    warnings.warn(
        "jit_compile=True has no effect on a TENON device: XLA does not know it, and the function "
        "runs as an ordinary tf.function. Call it under tf.device('CPU:0') for XLA. This is said "
        "once.", RuntimeWarning, stacklevel=4)


def _for_xla():
    """Whether what is being called now is meant for another device than ours."""
    device = _device_util.current()
    kind = tf.DeviceSpec.from_string(device).device_type if device else None
    return kind is not None and kind != "TENON"


def _get(function):
    asked = function.__dict__.get("_jit_compile")
    if not asked or _for_xla():
        return asked
    _warn()
    return None


def _set(function, value):
    function.__dict__["_jit_compile"] = value


def install():
    _functions.Function._jit_compile = property(_get, _set)  # pylint: disable=protected-access

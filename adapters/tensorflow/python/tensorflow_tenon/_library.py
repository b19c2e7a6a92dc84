# SPDX-License-Identifier: Apache-2.0
"""Loads the device library into TensorFlow, once, and speaks to it.

TensorFlow ends the process when a device library fails to initialise, is loaded twice, or, worse,
ignores one that comes after the first operation. All three are found out here and raised.
"""

import ctypes
import functools
import json
import os
import warnings

import tensorflow as tf
from tensorflow.python.eager import context as _context
from tensorflow.python.framework import errors_impl as _errors

DEVICE_TYPE = "TENON"
_PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "libtenon_tensorflow.so")
_library = None


def _call(name, *arguments):
    """Calls a function of the library; raises TensorFlow's exception for its code."""
    size = 1 << 16
    while True:
        text = ctypes.create_string_buffer(size)
        code = getattr(_library, name)(*arguments, text, ctypes.c_size_t(size))
        answer = text.value
        if code != 0 or len(answer) < size - 1:
            break
        size *= 16
    message = answer.decode("utf-8", "replace")
    if code == 0:
        return message
    raise _errors.exception_type_from_error_code(code)(None, None, message)


def load():
    """Makes the devices known to TensorFlow. Later calls do nothing."""
    global _library
    if _library is not None:
        return
    if _context.context()._context_handle is not None:  # pylint: disable=protected-access
        raise RuntimeError(
            "tensorflow_tenon must be imported before TensorFlow runs its first operation or lists "
            "logical devices: TensorFlow would silently ignore devices that come later. Move "
            "`import tensorflow_tenon` up, right below `import tensorflow`."
        )
    if tf.config.list_physical_devices(DEVICE_TYPE):
        raise RuntimeError(
            "another copy of libtenon_tensorflow.so is loaded already (by "
            "TF_PLUGGABLE_DEVICE_LIBRARY_PATH or site-packages/tensorflow-plugins); keep one"
        )
    library = ctypes.CDLL(_PATH)
    _library = library
    try:
        _call("tenon_tf_prepare")
        from tensorflow.python.framework import load_library  # pylint: disable=import-outside-toplevel

        load_library.load_pluggable_device_library(_PATH)
    except BaseException:
        _library = None
        raise
    missing = _call("tenon_tf_why_no_variables")
    if missing:
        warnings.warn(missing, RuntimeWarning, stacklevel=3)
    _report_late_failures()


def _report_late_failures():
    """Lets a read of a value, and sync_devices, raise a failure of the device itself before it.

    An op whose data is wrong fails itself. A lost device is found out later, and TensorFlow cannot
    carry an error through a copy to the host, so the library keeps it and counts; looking at the
    counter costs little beside the copy.
    """
    from tensorflow.python.framework import ops  # pylint: disable=import-outside-toplevel

    failures = ctypes.c_uint32.in_dll(_library, "tenon_tf_failures")
    base = ops.EagerTensor.__mro__[1]  # _EagerTensorBase: it has the Python methods.

    def checked(function):
        @functools.wraps(function)
        def call(*arguments):
            value = function(*arguments)
            if failures.value:
                _call("tenon_tf_take_failure")
            return value

        return call

    base._numpy = checked(base._numpy)  # pylint: disable=protected-access

    sync_devices = tf.test.experimental.sync_devices

    @functools.wraps(sync_devices)
    def sync_all():
        sync_devices()  # Knows TensorFlow's own kinds of devices alone.
        for device in range(len(tf.config.list_physical_devices(DEVICE_TYPE))):
            synchronize(device)

    tf.test.experimental.sync_devices = sync_all


def describe(device):
    return json.loads(_call("tenon_tf_describe", ctypes.c_uint32(device)))


def reset_counts(device):
    _call("tenon_tf_reset_counts", ctypes.c_uint32(device))


def set_fallback(device, policy):
    _call("tenon_tf_set_fallback", ctypes.c_uint32(device), policy.encode())


def synchronize(device):
    _call("tenon_tf_synchronize", ctypes.c_uint32(device))

# SPDX-License-Identifier: Apache-2.0
"""Tenon devices in TensorFlow.

    import tensorflow as tf
    import tensorflow_tenon          # before the first TensorFlow operation

    with tf.device("TENON:0"):       # or nothing: TENON comes before the CPU
        y = tf.matmul(a, b)
    model.fit(x, y)                  # Keras too

The devices are those of all Tenon plugins found, the reference device first (`tenon devices`), or of
TENON_DEVICES, specs separated by commas: TENON_DEVICES="acme.npu:0,cpu".

What ran where: record_placement, assert_placed, operator_counts, fallback_counts, memory_stats.
"""

from . import _distribute
from . import _jit
from . import _keras
from . import _library
from ._statistics import (
    device_name,
    device_spec,
    fallback_counts,
    fallback_policy,
    kernel_statistics,
    memory_stats,
    operator_counts,
    reset_counts,
    set_fallback_policy,
    synchronize,
)
from .placement import Placement, assert_placed, placement_report, record_placement

_library.load()
_keras.install()
_jit.install()
_distribute.install()

__all__ = [
    "Placement",
    "assert_placed",
    "device_name",
    "device_spec",
    "fallback_counts",
    "fallback_policy",
    "kernel_statistics",
    "memory_stats",
    "operator_counts",
    "placement_report",
    "record_placement",
    "reset_counts",
    "set_fallback_policy",
    "synchronize",
]

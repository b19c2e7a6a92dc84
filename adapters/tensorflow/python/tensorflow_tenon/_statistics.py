# SPDX-License-Identifier: Apache-2.0
"""What a device did: launches by operator, kernels, memory; and what it may hand to the CPU."""

import tensorflow as tf

from . import _library


def device_name(device=0):
    """The hardware's name."""
    return _library.describe(device)["name"]


def device_spec(device=0):
    """What the device was opened as: "cpu?memory=discrete", "acme.npu:1"."""
    return _library.describe(device)["spec"]


def operator_counts(device=0):
    """Launches since the start or reset_counts(), by Tenon operator.

    {"Add": {"device": 3, "decomposed": 0, "fallback": 0, "copies": 0}, ...}
    """
    return _library.describe(device)["operators"]


def fallback_counts(device=0):
    """Launches that ran on the reference CPU device because the device lacks the operator."""
    counts = operator_counts(device)
    return {name: count["fallback"] for name, count in counts.items() if count["fallback"]}


def reset_counts(device=0):
    _library.reset_counts(device)


def kernel_statistics(device=0):
    """The kernel cache: hits, misses, creates, evictions, size, capacity."""
    return _library.describe(device)["kernels"]


def memory_stats(device=0):
    """Bytes of the runtime's pool. TensorFlow's allocator takes regions from it and reports its own
    use through tf.config.experimental.get_memory_info("TENON:0")."""
    return _library.describe(device)["memory"]


def fallback_policy(device=0):
    """ "allow", "warn" or "error": see set_fallback_policy."""
    return _library.describe(device)["fallback"]


def set_fallback_policy(policy, device=0):
    """What to do with an operator that the device lacks: run it on the reference CPU and count it
    ("allow"), the same with a warning ("warn"), or raise ("error"). TENON_FALLBACK sets the start.

    This concerns operators of ops placed on TENON. Ops that TensorFlow placed on the CPU, because
    TENON has no kernel for them, are what assert_placed and placement_report show.
    """
    try:
        _library.set_fallback(device, policy)
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(error.message) from None


def synchronize(device=0):
    """Waits for the device's queued work and raises a failure of it."""
    _library.synchronize(device)

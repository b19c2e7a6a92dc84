# SPDX-License-Identifier: Apache-2.0
"""Counters of the runtime, of one device: an index, "tenon:i", a torch.device or None (the current).
All count since the start; operator_counts() since the last reset_counts()."""

from . import _C
from ._backend import index_of


def operator_counts(device=None):
    """Launches by operator of spec/ops: {"Add": {"device": 3, "decomposed": 0, "fallback": 0,
    "copies": 0}}, since the start or the last reset_counts()."""
    return _C.operator_counts(index_of(device))


def kernel_statistics(device=None):
    """The kernel cache: hits, misses, creates, evictions, size, capacity."""
    return _C.kernel_statistics(index_of(device))


def memory_stats(device=None):
    """The pool: allocated_bytes, peak_allocated_bytes, reserved_bytes, allocations,
    device_allocations. torch.tenon.memory_stats() has torch's names and more."""
    return _C.memory_stats(index_of(device))

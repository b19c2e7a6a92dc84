# SPDX-License-Identifier: Apache-2.0
"""Tenon devices in PyTorch: torch.device("tenon:0").

Importing this package is enough; the wheel's entry point lets `import torch` do it. TENON_DEVICES
chooses the devices, TENON_FALLBACK (allow, warn, error) what happens to ops that they do not have.
"""

import torch

from . import _C
from . import _backend
from ._C import fallback_counts, fallback_policy, reset_counts, set_fallback_policy
from ._backend import index_of as _index_of

_backend.register()


def operator_counts(device=None):
    """Launches by operator of spec/ops: {"Add": {"device": 3, "decomposed": 0, "fallback": 0,
    "copies": 0}}, since the start or the last reset_counts()."""
    return _C.operator_counts(_index_of(device))


def kernel_statistics(device=None):
    """The kernel cache: hits, misses, creates, evictions, size, capacity."""
    return _C.kernel_statistics(_index_of(device))


def memory_stats(device=None):
    """The pool: allocated_bytes, peak_allocated_bytes, reserved_bytes, allocations,
    device_allocations."""
    return _C.memory_stats(_index_of(device))


def _autoload():
    """Called by torch's `torch.backends` entry point; importing has done all there is to do."""


__all__ = [
    "fallback_counts",
    "fallback_policy",
    "kernel_statistics",
    "memory_stats",
    "operator_counts",
    "reset_counts",
    "set_fallback_policy",
]

# SPDX-License-Identifier: Apache-2.0
"""Tenon devices in PyTorch: torch.device("tenon:0").

Importing this package is enough; the wheel's entry point lets `import torch` do it. TENON_DEVICES
chooses the devices, TENON_FALLBACK (allow, warn, error) what happens to ops that they do not have.
"""

import sys
import warnings

_problem = None


# Defined first: when this package is imported before torch, torch asks for it in the middle.
def _autoload():
    """Called by torch's `torch.backends` entry point; importing has done all there is to do.

    A build that does not fit is a warning here, so that it does not take `import torch` with it,
    and an ImportError for code that imports torch_tenon."""
    if _problem is not None:
        warnings.warn(f"No tenon devices: {_problem}", stacklevel=2)
        del sys.modules[__name__]


import torch  # noqa: E402

from . import _version  # noqa: E402

_problem = _version.problem(torch.__version__)
if _problem is None:
    from . import _backend
    from ._C import fallback_counts, fallback_policy, reset_counts, set_fallback_policy
    from ._statistics import kernel_statistics, memory_stats, operator_counts

    _backend.register()
elif not getattr(torch.__spec__, "_initializing", False):
    raise ImportError(_problem)

__all__ = [
    "fallback_counts",
    "fallback_policy",
    "kernel_statistics",
    "memory_stats",
    "operator_counts",
    "reset_counts",
    "set_fallback_policy",
]

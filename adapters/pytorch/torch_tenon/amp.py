# SPDX-License-Identifier: Apache-2.0
"""Mixed precision: torch.amp for tenon devices, under the names of torch.cuda.amp."""

import functools

import torch

from ._backend import NAME


class autocast(torch.amp.autocast):
    """torch.amp.autocast("tenon", ...). Default type: torch.get_autocast_dtype("tenon")."""

    def __init__(self, enabled=True, dtype=None, cache_enabled=True):
        super().__init__(NAME, enabled=enabled, dtype=dtype, cache_enabled=cache_enabled)


class GradScaler(torch.amp.GradScaler):
    """torch.amp.GradScaler("tenon", ...)."""

    def __init__(self, *args, **kwargs):
        super().__init__(NAME, *args, **kwargs)


custom_fwd = functools.partial(torch.amp.custom_fwd, device_type=NAME)
custom_bwd = functools.partial(torch.amp.custom_bwd, device_type=NAME)


def get_amp_supported_dtype():
    """The types that autocast may compute in."""
    return [torch.bfloat16, torch.float16]


def is_bf16_supported(including_emulation=True):
    """True: what a device lacks runs on the reference device, or is forbidden by TENON_FALLBACK."""
    return True

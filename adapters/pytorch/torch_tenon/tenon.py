# SPDX-License-Identifier: Apache-2.0
"""torch.tenon: devices, streams, memory and random state, as torch.cuda and torch.accelerator have
them. Each part says in its own file which units, threads and errors go with it.
"""

import types

import torch

from . import amp, memory, random
from ._backend import index_of
from .amp import get_amp_supported_dtype, is_bf16_supported
from .devices import (
    DeviceProperties,
    _exchange_device,
    _initialized,
    _is_in_bad_fork,
    _lazy_init,
    _maybe_exchange_device,
    can_device_access_peer,
    current_device,
    device,
    device_count,
    device_of,
    get_device_capability,
    get_device_name,
    get_device_properties,
    init,
    is_available,
    is_initialized,
    set_device,
    synchronize,
)
from .memory import (
    empty_cache,
    max_memory_allocated,
    max_memory_reserved,
    mem_get_info,
    memory_allocated,
    memory_reserved,
    memory_stats,
    memory_stats_as_nested_dict,
    memory_summary,
    reset_accumulated_memory_stats,
    reset_max_memory_allocated,
    reset_peak_memory_stats,
)
from .random import (
    get_rng_state,
    get_rng_state_all,
    initial_seed,
    manual_seed,
    manual_seed_all,
    seed,
    seed_all,
    set_rng_state,
    set_rng_state_all,
)
from .streams import (
    Event,
    Stream,
    StreamContext,
    current_stream,
    default_stream,
    is_current_stream_capturing,
    set_stream,
    stream,
)


def _get_device_index(device, optional=False, allow_cpu=False):
    """What torch.load and others ask for: an index, -1 for the CPU where that is allowed."""
    if allow_cpu and device is not None and not isinstance(device, int):
        if torch.device(device).type == "cpu":
            return -1
    if device is None and not optional:
        raise ValueError("expected a tenon device or its index, got None")
    index = index_of(device)
    return current_device() if index < 0 else index


_utils = types.SimpleNamespace(_get_device_index=_get_device_index)


def __getattr__(name):
    reason = ""
    if not name.startswith("_") and hasattr(torch.cuda, name):
        reason = ": torch.cuda has it, but no tenon device can do it"
    raise AttributeError(f"torch.tenon has no {name!r}{reason}", name=name)

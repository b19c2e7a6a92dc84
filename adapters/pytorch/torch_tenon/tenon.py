# SPDX-License-Identifier: Apache-2.0
"""torch.tenon: devices, streams, memory and random state, as torch.cuda has them."""

import contextlib

import torch

from . import _C
from ._backend import NAME, index_of

# -- Devices --


def device_count():
    return _C.device_count()


def is_available():
    return _C.device_count() > 0


def is_initialized():
    return True


def init():
    pass


def _lazy_init():
    pass


def _is_in_bad_fork():
    return False


def current_device():
    return _C.current_device()


def set_device(device):
    index = index_of(device)
    if index >= 0:
        _C.set_device(index)


def _exchange_device(index):
    previous = _C.current_device()
    if index >= 0:
        _C.set_device(index)
    return previous


_maybe_exchange_device = _exchange_device


class device:
    """Context manager: the current device within the block."""

    def __init__(self, device):
        self.index = index_of(device)
        self.previous = -1

    def __enter__(self):
        self.previous = _exchange_device(self.index)
        return self

    def __exit__(self, *_):
        _exchange_device(self.previous)


class device_of(device):
    """Context manager: the device of a tensor; does nothing for tensors elsewhere."""

    def __init__(self, tensor):
        super().__init__(tensor.device if tensor.device.type == NAME else None)


def synchronize(device=None):
    """Waits for all streams of the device; raises the first failure of their work."""
    _C.synchronize(index_of(device))


def get_device_name(device=None):
    return _C.device_properties(index_of(device))["name"]


class DeviceProperties:
    def __init__(self, fields):
        self.__dict__.update(fields)

    def __repr__(self):
        return f"DeviceProperties({', '.join(f'{k}={v!r}' for k, v in self.__dict__.items())})"


def get_device_properties(device=None):
    return DeviceProperties(_C.device_properties(index_of(device)))


def get_device_capability(device=None):
    return (0, 0)


def can_device_access_peer(device, peer):
    return False


# -- Streams and events --


def _torch_device(device=None):
    index = index_of(device)
    return torch.device(NAME, current_device() if index < 0 else index)


class Stream(torch.Stream):
    """A stream of a tenon device. Taken from a pool that is handed out in turn."""

    def __new__(cls, device=None, priority=0, **kwargs):
        if "stream_id" in kwargs:
            return super().__new__(cls, **kwargs)
        return super().__new__(cls, _torch_device(device), priority=priority)


class Event:
    """An event; enable_timing for elapsed_time. Makes a torch.Event, whose methods take no others."""

    def __new__(cls, enable_timing=False, blocking=False, interprocess=False):
        return torch.Event(
            NAME, enable_timing=enable_timing, blocking=blocking, interprocess=interprocess
        )


def current_stream(device=None):
    return torch.accelerator.current_stream(_torch_device(device))


def default_stream(device=None):
    where = _torch_device(device)
    return torch.Stream(stream_id=0, device_index=where.index, device_type=20)


def set_stream(stream):
    torch.accelerator.set_stream(stream)


@contextlib.contextmanager
def stream(stream):
    """Context manager: the current stream within the block; None changes nothing."""
    if stream is None:
        yield
        return
    previous = current_stream(stream.device)
    previous_device = current_device()
    set_stream(stream)
    try:
        yield stream
    finally:
        set_stream(previous)
        _C.set_device(previous_device)


# -- Memory --


def memory_stats(device=None):
    return _C.memory_stats(index_of(device))


def memory_allocated(device=None):
    return memory_stats(device)["allocated_bytes"]


def max_memory_allocated(device=None):
    return memory_stats(device)["peak_allocated_bytes"]


def memory_reserved(device=None):
    return memory_stats(device)["reserved_bytes"]


def empty_cache():
    _C.empty_cache()


# -- Random state: 8 bytes of seed, 8 bytes of counter --


def manual_seed(seed):
    _C.manual_seed(int(seed) & (2**64 - 1), -1)


def manual_seed_all(seed):
    for index in range(device_count()):
        _C.manual_seed(int(seed) & (2**64 - 1), index)


def seed():
    return _C.seed(-1)


def seed_all():
    manual_seed_all(seed())


def initial_seed():
    return _C.initial_seed(-1)


def get_rng_state(device=NAME):
    return torch.frombuffer(bytearray(_C.rng_state(index_of(device))), dtype=torch.uint8)


def set_rng_state(state, device=NAME):
    _C.set_rng_state(bytes(state.cpu().contiguous().numpy().tobytes()), index_of(device))


def get_rng_state_all():
    return [get_rng_state(index) for index in range(device_count())]


def set_rng_state_all(states):
    for index, state in enumerate(states):
        set_rng_state(state, index)


# -- Mixed precision --


def get_amp_supported_dtype():
    return [torch.bfloat16, torch.float16]


def is_bf16_supported(including_emulation=True):
    return True

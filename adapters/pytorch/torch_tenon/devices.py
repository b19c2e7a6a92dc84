# SPDX-License-Identifier: Apache-2.0
"""Which devices there are and which one is current. Part of torch.tenon.

A `device` parameter is an index, "tenon", "tenon:i", a torch.device, or None for the current device
of this thread. A device that does not exist is a RuntimeError that says how many there are; one of
another type a ValueError.
"""

import os

from . import _C
from ._backend import NAME, index_of

_initialized = True  # torch.utils.checkpoint keeps random state only where this is set.
_forked = False


def _after_fork_in_child():
    global _forked
    _forked = any(_C.is_open(index) for index in range(_C.device_count()))


os.register_at_fork(after_in_child=_after_fork_in_child)


def device_count():
    """How many devices there are, 0 where none could be listed. Opens none."""
    return _C.device_count()


def is_available():
    """Whether there is a device. Opens none, never throws."""
    return _C.device_count() > 0


def is_initialized():
    """True: a device is opened by its first use, and nothing needs to be done before."""
    return True


def init():
    """Does nothing: see is_initialized()."""


def _lazy_init():
    if _forked:
        raise RuntimeError(
            "tenon devices that were opened before a fork cannot be used in the child: start it with "
            "multiprocessing's 'spawn' or 'forkserver', or use no device before the fork"
        )


def _is_in_bad_fork():
    """Whether this process is the child of one that had opened a device: none works here."""
    return _forked


def current_device():
    """The index of this thread's current device."""
    return _C.current_device()


def set_device(device):
    """Makes a device the current one of this thread; None and a negative index change nothing."""
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
    """Context manager: the current device within the block; None changes nothing."""

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
    """Waits for all streams of the device; raises the first failure of their work, once."""
    _C.synchronize(index_of(device))


def get_device_name(device=None):
    """The name that the plugin gives its device."""
    return _C.device_properties(index_of(device))["name"]


class DeviceProperties:
    """Attributes: name, vendor, spec (as in TENON_DEVICES), type ("cpu", "gpu", "accelerator"),
    physical_id, total_memory and max_allocation (bytes), coherent (the host may touch its memory)."""

    def __init__(self, fields):
        self.__dict__.update(fields)

    def __repr__(self):
        return f"DeviceProperties({', '.join(f'{k}={v!r}' for k, v in self.__dict__.items())})"


def get_device_properties(device=None):
    """What the plugin says of the device: DeviceProperties."""
    return DeviceProperties(_C.device_properties(index_of(device)))


def get_device_capability(device=None):
    """(0, 0): tenon devices have no compute capability; torch.accelerator.get_device_capability()
    names the types."""
    index_of(device)
    return (0, 0)


def can_device_access_peer(device, peer):
    """False: memory of one device is never an argument of another."""
    return False

# SPDX-License-Identifier: Apache-2.0
"""Streams and events. Part of torch.tenon.

Each thread has a current stream for each device, at first the device's default stream. Calls on one
stream are the caller's to serialise. Work that fails does so late: the next synchronize() of its
stream or device raises it, once. `device`: see devices.py.
"""

import torch

from . import _C
from ._backend import NAME, index_of


def _torch_device(device=None):
    index = index_of(device)
    return torch.device(NAME, _C.current_device() if index < 0 else index)


class Stream(torch.Stream):
    """A stream of a tenon device, one of 16 that are handed out in turn, or with priority < 0 one
    of 16 of high priority."""

    def __new__(cls, device=None, priority=0, **kwargs):
        if "stream_id" in kwargs:
            return super().__new__(cls, **kwargs)
        return super().__new__(cls, _torch_device(device), priority=priority)


def _stream(stream_id, device_index):
    return Stream(stream_id=stream_id, device_index=device_index, device_type=_C.DEVICE_TYPE)


class Event(torch.Event):
    """A point in a stream. With enable_timing two of them have an elapsed_time() in milliseconds;
    `blocking` and `interprocess` are taken for torch.cuda's sake: waiting never spins, and events
    do not leave the process.

    A subclass because Dynamo asks for one; makes a torch.Event, because elapsed_time() takes no
    other."""

    def __new__(cls, enable_timing=False, blocking=False, interprocess=False):
        return torch.Event(
            NAME, enable_timing=enable_timing, blocking=blocking, interprocess=interprocess
        )


def current_stream(device=None):
    """This thread's current stream of the device."""
    index = _torch_device(device).index
    return _stream(_C.current_stream(index), index)


def default_stream(device=None):
    """The device's default stream."""
    return _stream(0, _torch_device(device).index)


def set_stream(stream):
    """Makes a stream the current one of its device, and its device the current one; None changes
    nothing."""
    if stream is None:
        return
    if stream.device.type != NAME:
        raise ValueError(f"expected a stream of a tenon device, got one of {stream.device}")
    _C.set_stream(stream.stream_id, stream.device_index)


class StreamContext:
    """Context manager: the current stream within the block; None changes nothing."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        if self.stream is not None:
            self._device = _C.current_device()
            self._previous = current_stream(self.stream.device)
            set_stream(self.stream)
        return self.stream

    def __exit__(self, *_):
        if self.stream is not None:
            set_stream(self._previous)
            _C.set_device(self._device)


def stream(stream):
    """Context manager: the current stream within the block; None changes nothing."""
    return StreamContext(stream)


def is_current_stream_capturing():
    """False: streams of tenon devices are not captured."""
    return False

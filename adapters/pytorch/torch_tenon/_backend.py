# SPDX-License-Identifier: Apache-2.0
"""Registers the backend with torch, once: its name, torch.tenon, and what runs at exit."""

import atexit
import os
import time

import torch

from . import _C

NAME = "tenon"


def index_of(device):
    """The index of a device given as None (the current one), an int, a str or a torch.device."""
    if device is None:
        return -1
    if isinstance(device, int):
        return device
    device = torch.device(device)
    if device.type != NAME:
        raise ValueError(f"expected a tenon device, got {device}")
    return -1 if device.index is None else device.index


def _autograd_threads():
    """How many of autograd's device threads there are; 0 where the system does not say."""
    count = 0
    try:
        for task in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{task}/comm") as name:
                count += name.read().startswith("pt_autograd")
    except OSError:
        pass
    return count


def _at_exit():
    _C.stop_autograd()
    # A thread that has ended its work still takes the interpreter's lock once more.
    deadline = time.monotonic() + 1
    while _autograd_threads() and time.monotonic() < deadline:
        time.sleep(0.001)
    for index in range(_C.device_count()):
        if _C.is_open(index):
            try:
                _C.synchronize(index)
            except RuntimeError:
                pass  # Autograd is gone already: nothing to stop.


def _fix_dlpack():
    # torch compares the device's name with the literal "privateuse1", which renaming changes.
    import torch.utils.dlpack as dlpack

    ext_device = dlpack.DLDeviceType.kDLExtDev
    plain = torch.Tensor.__dlpack_device__

    def dlpack_device(self):
        if self.device.type == NAME:
            return ext_device, self.device.index or 0
        return plain(self)

    torch.Tensor.__dlpack_device__ = dlpack_device


def register():
    if hasattr(torch, NAME):
        return
    from . import _compile, _libraries
    from . import tenon as module

    torch.utils.rename_privateuse1_backend(NAME)
    torch._register_device_module(NAME, module)
    torch.utils.generate_methods_for_privateuse1_backend(for_storage=True)
    _fix_dlpack()
    _compile.register()
    _libraries.register()
    atexit.register(_at_exit)

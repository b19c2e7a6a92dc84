# SPDX-License-Identifier: Apache-2.0
"""Random state. Part of torch.tenon.

Each device has one generator, Philox4x32-10, whose state is 16 bytes: 8 of seed, 8 of counter, as a
uint8 tensor on the CPU. torch.manual_seed() seeds all of them. Functions lock the generator and may
be called from any thread; none opens a device. `device`: see devices.py.
"""

import torch

from . import _C
from ._backend import NAME, index_of

_MASK = 2**64 - 1


def manual_seed(seed):
    """Seeds the current device's generator; of a negative seed the lower 64 bits count."""
    _C.manual_seed(int(seed) & _MASK, -1)


def manual_seed_all(seed):
    """Seeds the generators of all devices."""
    for index in range(_C.device_count()):
        _C.manual_seed(int(seed) & _MASK, index)


def seed():
    """Seeds the current device's generator from the system's randomness; returns the seed."""
    return _C.seed(-1)


def seed_all():
    """Seeds the generators of all devices with one seed from the system's randomness."""
    manual_seed_all(seed())


def initial_seed():
    """The seed of the current device's generator."""
    return _C.initial_seed(-1)


def get_rng_state(device=NAME):
    """The state of a device's generator: 16 bytes."""
    return torch.frombuffer(bytearray(_C.rng_state(index_of(device))), dtype=torch.uint8)


def set_rng_state(state, device=NAME):
    """Sets what get_rng_state() returned. RuntimeError when it has not 16 bytes."""
    _C.set_rng_state(bytes(state.cpu().contiguous().numpy().tobytes()), index_of(device))


def get_rng_state_all():
    """get_rng_state() of every device, by index."""
    return [get_rng_state(index) for index in range(_C.device_count())]


def set_rng_state_all(states):
    """set_rng_state() on every device, by index."""
    for index, state in enumerate(states):
        set_rng_state(state, index)

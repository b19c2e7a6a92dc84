# SPDX-License-Identifier: Apache-2.0
"""Comparing an op on tenon with the same op on torch's CPU."""

import torch
import torch_tenon  # noqa: F401  registers the device

DEVICE = "tenon:0"


def to_device(value, device=DEVICE):
    """Moves tensors in nested lists, tuples and dicts; keeps strides and requires_grad."""
    if isinstance(value, torch.Tensor):
        if value.device.type != "cpu":
            return value
        # The storage moves as a whole, so that views overlap there as they do here.
        count = value.untyped_storage().nbytes() // value.element_size()
        flat = value.detach().as_strided((count,), (1,), 0).to(device)
        moved = flat.as_strided(value.size(), value.stride(), value.storage_offset())
        return moved.requires_grad_(value.requires_grad)
    if isinstance(value, (list, tuple)):
        return type(value)(to_device(item, device) for item in value)
    if isinstance(value, dict):
        return {key: to_device(item, device) for key, item in value.items()}
    return value


def tensors(value):
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in tensors(item)]
    return []


def assert_same(actual, expected, **tolerance):
    got, want = tensors(actual), tensors(expected)
    assert len(got) == len(want)
    for a, e in zip(got, want):
        assert a.device.type == "tenon"
        assert a.dtype == e.dtype
        torch.testing.assert_close(a.cpu(), e, equal_nan=True, **tolerance)


def check(function, *args, **kwargs):
    """function(*args) on both devices gives the same."""
    expected = function(*args, **kwargs)
    actual = function(*to_device(args), **to_device(kwargs))
    assert_same(actual, expected)
    return actual


def check_gradients(function, *args, tolerance=1e-4):
    """Outputs and gradients in float32 on tenon against float64 on the CPU."""
    wide = [
        a.detach().double().requires_grad_(a.requires_grad)
        if isinstance(a, torch.Tensor) and a.is_floating_point()
        else a
        for a in args
    ]
    here = to_device(list(args))
    expected, actual = function(*wide), function(*here)
    expected = tensors(expected)[0]
    actual = tensors(actual)[0]
    torch.testing.assert_close(
        actual.detach().cpu().double(), expected.detach(), rtol=tolerance, atol=tolerance
    )
    weights = torch.randn(expected.shape, dtype=torch.float64)
    expected.backward(weights)
    actual.backward(weights.to(actual.dtype).to(DEVICE))
    for mine, theirs in zip(here, wide):
        if isinstance(theirs, torch.Tensor) and theirs.requires_grad:
            torch.testing.assert_close(
                mine.grad.cpu().double(), theirs.grad, rtol=tolerance, atol=tolerance
            )

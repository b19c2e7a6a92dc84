# SPDX-License-Identifier: Apache-2.0
"""Numbers of the host as elements of every type, bit for bit as PyTorch's CPU makes them."""

import math

import pytest
import torch
from common import DEVICE

INTEGERS = [torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8]
WIDE_UNSIGNED = [torch.uint16, torch.uint32, torch.uint64]
FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
ODD = 2**53 + 1  # No float64.
# Ties of bfloat16 and float16, a hair beside them, large ones, the smallest, and no numbers.
REALS = [1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-40, 1 + 2**-11, 1 + 3 * 2**-11, 65504.0, 3.38e38, -3.38e38,
         1e300, 2**-24, 2**-25, 3 * 2**-26, 1e-45, -0.0, math.inf, -math.inf, math.nan]
WHOLE = [ODD, -ODD, 2**63 - 1, -2**63, 2**24 + 1, 2**60 + 2**52 + 1, 4097, 257, -1, True]


def fits(dtype, value):
    """Numbers beyond the largest are refused by PyTorch's CPU, where a type has no such number."""
    return not dtype.is_floating_point or not math.isfinite(value) or abs(value) <= torch.finfo(dtype).max


def bits(tensor):
    flat = tensor.cpu().reshape(-1)
    return flat.view({1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64, 16: torch.int64}[
        flat.element_size()]).tolist()


def same_bits(function):
    got, want = function(DEVICE), function("cpu")
    assert got.dtype == want.dtype
    nan = torch.isnan(want) if want.is_floating_point() else torch.zeros_like(want, dtype=torch.bool)
    if nan.any():  # Any NaN will do.
        assert torch.isnan(got.cpu()).equal(nan)
    else:
        assert bits(got) == bits(want)


@pytest.mark.parametrize("dtype,value", [(d, v) for d in FLOATS for v in REALS if fits(d, v)])
def test_reals(dtype, value):
    same_bits(lambda device: torch.full((3,), value, dtype=dtype, device=device))
    same_bits(lambda device: torch.full((3,), 0.5, dtype=dtype, device=device).mul(value))
    # A tensor without dims on the host is a number, of another type than the operand's.
    for other in (o for o in (torch.float64, torch.float16, torch.bfloat16) if fits(o, value)):
        same_bits(lambda device: torch.ones(3, dtype=dtype, device=device).add(torch.tensor(value, dtype=other)))


@pytest.mark.parametrize("dtype,value", [(d, v) for d in [*FLOATS, torch.int64] for v in WHOLE if fits(d, v)])
def test_integers_keep_their_bits(dtype, value):
    same_bits(lambda device: torch.full((3,), value, dtype=dtype, device=device))
    same_bits(lambda device: torch.zeros(3, dtype=dtype, device=device).add(value))
    same_bits(lambda device: torch.zeros(3, dtype=dtype, device=device).add(torch.tensor(value)))


def test_wide_unsigned_integers():
    for dtype in WIDE_UNSIGNED:
        most = torch.iinfo(dtype).max
        same_bits(lambda device: torch.full((3,), most, dtype=dtype, device=device))
    same_bits(lambda device: torch.full((3,), 2**63, dtype=torch.uint64, device=device))


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_integers_of_every_width(dtype):
    info = torch.iinfo(dtype)
    for value in (info.min, info.max, 1, True):
        same_bits(lambda device: torch.full((3,), value, dtype=dtype, device=device))
        same_bits(lambda device: torch.zeros(3, dtype=dtype, device=device).add(value))
    same_bits(lambda device: torch.ones(3, dtype=dtype, device=device).add(torch.tensor(5, dtype=torch.int8)))


@pytest.mark.parametrize("value", [0, 1, 256, -0.0, 1e-300, math.nan, True, False])
def test_bools(value):
    same_bits(lambda device: torch.zeros(3, dtype=torch.bool, device=device).fill_(value))


def test_a_complex_number_is_no_real_one():
    x = torch.zeros(3, device=DEVICE)
    with pytest.raises(RuntimeError, match="without overflow"):
        x.fill_(1 + 2j)
    assert x.cpu().tolist() == [0, 0, 0]
    same_bits(lambda device: torch.zeros(2, dtype=torch.complex64, device=device).fill_(1 + 2j).real.contiguous())


@pytest.mark.parametrize("dtype,most", [(torch.bool, 1), (torch.int8, 127), (torch.uint8, 255),
                                        (torch.float16, 2048), (torch.bfloat16, 256)], ids=str)
def test_random_numbers_of_a_type_stay_within_what_it_counts_to(dtype, most):
    drawn = torch.zeros(20000, dtype=dtype, device=DEVICE).random_().cpu().double()
    assert drawn.min() >= 0 and drawn.max() <= most and drawn.max() > 0.9 * most
    assert drawn.equal(drawn.round())

# SPDX-License-Identifier: Apache-2.0
"""isin against torch's CPU: types, shapes, many wanted values, inverted, out=."""

import pytest
import torch
from common import DEVICE, check


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.float32, torch.uint8])
@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 4)])
@pytest.mark.parametrize("count", [0, 1, 5000])
def test_isin(dtype, shape, count):
    elements = torch.randint(0, 40, shape).to(dtype)
    wanted = torch.randint(0, 20, (count,)).to(dtype)
    check(torch.isin, elements, wanted)
    check(torch.isin, elements, wanted, invert=True)


def test_isin_into_a_given_tensor():
    out = torch.empty(0, dtype=torch.bool, device=DEVICE)
    torch.isin(torch.tensor([1, 2, 3], device=DEVICE), torch.tensor([2], device=DEVICE), out=out)
    assert out.tolist() == [False, True, False]

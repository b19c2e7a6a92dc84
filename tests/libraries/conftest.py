# SPDX-License-Identifier: Apache-2.0
"""Nothing here is downloaded: models are made from small configurations, with random weights. Ops
that a device lacks may fall back, as for every user: what is judged is which device is found."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"

import pytest  # noqa: E402
import torch_tenon  # noqa: E402, F401  registers the device before the libraries are imported


@pytest.fixture(autouse=True)
def fresh_state():
    """accelerate keeps what it found first for the process."""
    import torch
    from accelerate.state import AcceleratorState, GradientState, PartialState

    torch.manual_seed(0)
    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()
    PartialState._reset_state()
    yield
    torch.tenon.synchronize()

# SPDX-License-Identifier: Apache-2.0
"""Models that tests write as ONNX's text, and where they are run."""

from __future__ import annotations

import numpy as np
import onnx.parser
import pytest
import tenon

DEVICES = ["cpu", "cpu?memory=discrete"]


@pytest.fixture(params=DEVICES)
def device(request):
    opened = tenon.device(request.param)
    opened.set_fallback("error")
    return opened


def load(text, device, opset=21):
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": {opset}]>\n{text}')
    return tenon.load(model.SerializeToString(), device)


def floats(*dims, seed=0):
    return np.random.default_rng(seed).standard_normal(dims).astype(np.float32)

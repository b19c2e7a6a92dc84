# SPDX-License-Identifier: Apache-2.0
"""Row `onnx` of the joint: ResNet-50 and MiniLM against ONNX Runtime."""

from __future__ import annotations

import os
import pathlib
import sys

import numpy as np
import onnxruntime
import tenon
from judge import ONNX_MAX_ERROR, ONNX_RELATIVE_L2, Report, max_error, relative_l2
from resnet50 import build_resnet50

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples" / "minilm"))
from minilm import build_model, tokenize  # noqa: E402


def resnet_inputs():
    # Patches of colour with some noise: pure noise looks the same to every global average.
    rng = np.random.default_rng(3)
    for batch in (1, 2):
        patches = rng.standard_normal((batch, 3, 7, 7)).repeat(32, 2).repeat(32, 3)
        noise = rng.standard_normal(patches.shape)
        yield {"image": (2 * patches + 0.3 * noise).astype(np.float32)}


def minilm_inputs():
    yield tokenize(["The cat sat on the mat.", "A kitten rested on a rug."])
    yield tokenize(["Rain is expected in the north, with storms later in the week.", "It is sunny.",
                    "Bring an umbrella."])  # fmt: skip


def main() -> None:
    spec = os.environ["TENON_DEVICES"]
    report = Report("onnx")
    device = tenon.device(spec)
    for name, build, inputs in (
        ("resnet50", build_resnet50, resnet_inputs),
        ("minilm", build_model, minilm_inputs),
    ):
        print(f"  -- {name}")
        data = build().SerializeToString()
        model = tenon.load(data, device=device)
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        rows = []
        for i, feed in enumerate(inputs()):
            (value,) = model.run(feed)
            (reference,) = session.run(None, feed)
            rows.append(value[0])
            error, l2 = max_error(value, reference), relative_l2(value, reference)
            report.check(
                f"input {i}",
                error <= ONNX_MAX_ERROR and l2 <= ONNX_RELATIVE_L2,
                f"max error {error:.1e} (allowed {ONNX_MAX_ERROR:.0e}), relative L2 {l2:.1e} "
                f"(allowed {ONNX_RELATIVE_L2:.0e})",
            )
        change = relative_l2(rows[1], rows[0])
        report.check("a second input changes the output", change > 1e-2, f"relative L2 {change:.2f}")
    report.launches(spec, device.operator_counts())
    report.finish()


if __name__ == "__main__":
    main()

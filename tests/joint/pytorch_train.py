# SPDX-License-Identifier: Apache-2.0
"""Row `pytorch` of the joint: trains each model on tenon:0 and on the CPU in float32 and float64."""

from __future__ import annotations

import sys

import numpy as np
import torch
import torch_tenon
from judge import LOSS_FALL, Report, judge_deviation
from torch.nn import functional as F
from torch_models import MODELS

STEPS = 30


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """A copy: the CPU's own tensors change with the next step."""
    return tensor.detach().cpu().clone().numpy()


def train(name: str, device: str, dtype: torch.dtype):
    """Trains on one fixed batch; returns the losses, and after the first step gradients and buffers."""
    torch.manual_seed(1)
    model = MODELS[name]()  # Initialised on the CPU: the same weights everywhere.
    x, y = MODELS[name].batch(torch.Generator().manual_seed(2))
    model = model.to(dtype).to(device)
    x = (x.to(dtype) if x.is_floating_point() else x).to(device)
    y = y.to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    losses, first = [], {}
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        if step == 0:
            first = {
                "gradients": [to_numpy(p.grad) for p in model.parameters()],
                "buffers": [to_numpy(b) for b in model.buffers()],
            }
        optimizer.step()
        losses.append(float(loss.detach()))
    first["parameters"] = [to_numpy(p) for p in model.parameters()]
    return np.array(losses), first


def main() -> None:
    report = Report("pytorch")
    for name in MODELS:
        print(f"  -- {name}")
        double, double_state = train(name, "cpu", torch.float64)
        single, single_state = train(name, "cpu", torch.float32)
        losses, state = train(name, "tenon:0", torch.float32)
        fall = 1 - losses[-1] / losses[0]
        report.check(
            "loss falls", fall >= LOSS_FALL, f"{losses[0]:.3f} to {losses[-1]:.3f}, {fall:.0%} in {STEPS} steps"
        )
        judge_deviation(report, "losses", [losses], [single], [double])
        for what in ("gradients", "buffers"):
            if state[what]:
                judge_deviation(
                    report, f"{what} after step 1", state[what], single_state[what], double_state[what]
                )
        judge_deviation(
            report, "trained parameters", state["parameters"], single_state["parameters"],
            double_state["parameters"],
        )  # fmt: skip
    report.launches("tenon:0", torch_tenon.operator_counts(0))
    fallback = torch_tenon.fallback_counts()
    report.check("no fallback inside PyTorch", not fallback, str(fallback) if fallback else "none")
    report.finish()


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Trains a small network in PyTorch on this plugin, beside the same on torch's CPU, and prints which
operators ran on the plugin's device and which, counted, on Tenon's reference device.

    pip install --no-index --find-links WHEELS tenon-ml-torch    # beside torch; until it is published
    python train_pytorch.py

Fails when the losses do not fall, when they differ from the CPU's, or when nothing ran on the device.
"""

import os
import pathlib
import sys

# Found where CMakeLists.txt puts it; variables that are set already win.
BUILT = pathlib.Path(__file__).resolve().parent / "build" / "plugin"
os.environ.setdefault("TENON_PLUGIN_PATH", str(BUILT))
os.environ.setdefault("TENON_DEVICES", "template")
os.environ.setdefault("TENON_FALLBACK", "allow")

import torch  # noqa: E402
import torch_tenon  # noqa: E402
from torch import nn  # noqa: E402

STEPS = 60


def train(device: str) -> list[float]:
    """The loss of each step, from the same weights and data everywhere."""
    torch.manual_seed(1)
    x = torch.randn(128, 16)
    y = (x[:, :4].sum(1) > 0).long()
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 2)).to(device)
    x, y = x.to(device), y.to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def main() -> int:
    expected = train("cpu")
    losses = train("tenon:0")
    print(f"device   tenon:0 = {torch.tenon.get_device_name(0)}")
    print(f"loss     {losses[0]:.4f} to {losses[-1]:.4f} in {STEPS} steps")
    apart = max(abs(a - b) for a, b in zip(losses, expected))
    print(f"against  torch's CPU: at most {apart:.1e} apart")

    print(f"\n{'operator':28} {'device':>8} {'as others':>10} {'fallback':>9}")
    counts = torch_tenon.operator_counts("tenon:0")
    for name, row in sorted(counts.items()):
        print(f"{name:28} {row['device']:8} {row['decomposed']:10} {row['fallback']:9}")
    on_device = sum(row["device"] for row in counts.values())
    elsewhere = sum(row["fallback"] for row in counts.values())
    print(f"{'all':28} {on_device:8} {'':10} {elsewhere:9}")
    for name, row in torch_tenon.fallback_counts().items():
        print(f"on torch's CPU: {name} {row}")

    problems = []
    if not losses[-1] < 0.5 * losses[0]:
        problems.append("the loss does not fall")
    if not apart < 1e-3:
        problems.append("the losses differ from those of torch's CPU")
    if on_device == 0:
        problems.append("nothing ran on the device")
    for problem in problems:
        print(f"FAILED   {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

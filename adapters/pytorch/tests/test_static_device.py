# SPDX-License-Identifier: Apache-2.0
"""Training on a device as accelerators are (static shapes, aligned tensors, slow compiles): once warm, a
step makes no kernel, and nothing falls back."""

import json
import os
import pathlib
import subprocess
import sys

import torch_tenon

PLUGIN = pathlib.Path(torch_tenon.__file__).parents[2] / "lib" / "accelerator"

SCRIPT = """
import json, torch, torch_tenon
nn = torch.nn
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(3, 20, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                    nn.Linear(320, 17), nn.LayerNorm(17), nn.GELU(), nn.Linear(17, 5)).to("tenon:0")
made, losses = [], []
for optimizer in (torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9),
                  torch.optim.AdamW(net.parameters(), lr=1e-3)):
    x, y = torch.randn(4, 3, 8, 8), torch.randint(0, 5, (4,))
    for step in range(5):
        before = torch_tenon.kernel_statistics()["creates"]
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x.to("tenon:0")), y.to("tenon:0"))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        made.append(torch_tenon.kernel_statistics()["creates"] - before)
counts = torch_tenon.operator_counts()
print(json.dumps({"made": made, "losses": losses,
                  "fallback": {name: c["fallback"] for name, c in counts.items() if c["fallback"]}}))
"""


def test_warm_steps_make_no_kernels():
    environment = os.environ | {
        "TENON_PLUGIN_PATH": str(PLUGIN),
        "TENON_DEVICES": "accelerator?float32=1",
    }
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    # The first step of an optimizer makes its state; the second is the first that all steps are like.
    for steps in (result["made"][:5], result["made"][5:]):
        assert steps[0] > 0
        assert steps[2:] == [0, 0, 0], steps
    assert result["losses"][4] < result["losses"][0]
    assert result["losses"][9] < result["losses"][5]
    assert not result["fallback"]

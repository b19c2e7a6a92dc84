# SPDX-License-Identifier: Apache-2.0
"""Models on a device as accelerators are: static shapes, aligned tensors, packed channels, compiles that
take long. Once warm, a run makes no kernel; and models run in the device's own layout, as on any other."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections import Counter

import tenon
from test_plans import PADS, W1, W2, make_model, random

PLUGIN = pathlib.Path(tenon.__file__).parents[2] / "lib" / "accelerator"

CONVOLUTIONS = make_model(
    [
        ("Conv", ["x", "w1"], ["a"], PADS),
        ("Relu", ["a"], ["b"]),
        ("MaxPool", ["b"], ["c"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Conv", ["c", "w2"], ["d"], PADS),
        ("Add", ["d", "c"], ["y"]),
    ],
    {"x": [2, 16, 8, 8]},
    {"y": [2, 16, 4, 4]},
    w1=W1,
    w2=W2,
)
ATTENTION = make_model(
    [
        ("LayerNormalization", ["x", "scale", "bias"], ["n"]),
        ("MatMul", ["n", "w"], ["q"]),
        ("Transpose", ["n"], ["t"], {"perm": [0, 2, 1]}),
        ("MatMul", ["q", "t"], ["s"]),
        ("Softmax", ["s"], ["p"]),
        ("MatMul", ["p", "n"], ["y"]),
    ],
    {"x": ["batch", 5, 24]},
    {"y": ["batch", 5, 24]},
    w=random(24, 24, seed=3),
    scale=random(24, seed=4),
    bias=random(24, seed=5),
)

# Runs the model of a file on arrays of some dims in turn, and says how far it is from the reference
# device and how the latest plan was made.
SCRIPT = """
import json, sys
import numpy as np, tenon
model, dims, runs = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
made = tenon.load(model, tenon.device("accelerator?float32=1"))
reference = tenon.load(model, tenon.device("cpu"))
worst = 0.0
for run in range(runs):
    for shape in dims:
        x = np.random.default_rng(run).standard_normal(shape).astype(np.float32)
        worst = max(worst, float(abs(made.run([x])[0] - reference.run([x])[0]).max()))
print(json.dumps({"worst": worst, **made.statistics()}))
"""


def run(model: bytes, dims: list[list[int]], runs: int, folder: pathlib.Path) -> tuple[dict, Counter]:
    """What the script prints, and the calls of the ABI by name that it has made."""
    path, trace = folder / "model.onnx", folder / f"trace{runs}.json"
    path.write_bytes(model)
    environment = os.environ | {
        "TENON_PLUGIN_PATH": str(PLUGIN),
        "TENON_LAYERS": "trace",
        "TENON_TRACE_FILE": str(trace),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, path, json.dumps(dims), str(runs)],
        env=environment, capture_output=True, text=True, timeout=300,
    )
    assert done.returncode == 0, done.stderr
    events = json.loads(trace.read_text())["traceEvents"]
    calls = Counter(event["name"].split()[0] for event in events if event.get("cat") == "call")
    return json.loads(done.stdout), calls


def test_warm_runs_make_no_kernels_and_ask_for_none(tmp_path):
    for model, dims in ((CONVOLUTIONS, [[2, 16, 8, 8]]), (ATTENTION, [[2, 5, 24], [3, 5, 24]])):
        result, few = run(model, dims, 1, tmp_path)
        _, many = run(model, dims, 5, tmp_path)
        assert result["worst"] < 1e-4
        assert few["tn_kernel_create"] > 0
        for function in ("tn_kernel_create", "tn_kernel_supports", "tn_constant_create"):
            assert many[function] == few[function], f"{function} in warm runs"
        assert many["tn_kernel_launch"] > few["tn_kernel_launch"]


def test_plans_use_the_layout_of_a_device_that_wants_alignment(tmp_path):
    result, _ = run(CONVOLUTIONS, [[2, 16, 8, 8]], 1, tmp_path)
    assert result["calls"] == 0, "calls that were not prepared"
    assert result["packed_constants"] == 2
    assert result["reorders"] == 2, "into the layout once, and back"

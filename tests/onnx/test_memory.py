# SPDX-License-Identifier: Apache-2.0
"""How much memory a model takes at most, from its file to the first result, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

WIDTH, LAYERS = 2048, 6
PROGRAM = """
import sys, numpy as np, tenon
def read(word):
    line = next(line for line in open("/proc/self/status") if line.startswith(word))
    return int(line.split()[1]) << 10
tenon.device("cpu")
before = read("VmRSS")
model = tenon.load(sys.argv[1], "cpu")
model.run([np.zeros((4, int(sys.argv[2])), np.float32)])
print(read("VmHWM") - before)
"""


@pytest.mark.parametrize("external", [False, True])
def test_weights_are_there_once_and_once_packed(tmp_path, external):
    rng = np.random.default_rng(0)
    weights = [numpy_helper.from_array(rng.random((WIDTH, WIDTH), np.float32), f"w{i}") for i in range(LAYERS)]
    nodes = [helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"x{i + 1}"]) for i in range(LAYERS)]
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", WIDTH])  # noqa: E731
    graph = helper.make_graph(nodes, "test", [value("x0")], [value(f"x{LAYERS}")], weights)
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path,
              save_as_external_data=external, location="weights.bin")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", PROGRAM, path, str(WIDTH)], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    size = LAYERS * WIDTH * WIDTH * 4
    # As a whole they are 96 MiB: those of the model and those that the kernels want, and one on its way.
    assert int(done.stdout) < 2.5 * size, f"{int(done.stdout) / size:.2f} times the weights"

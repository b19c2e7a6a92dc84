# SPDX-License-Identifier: Apache-2.0
"""Hosts while calls of the plugin fail: what goes wrong is an exception, and the process goes on.

Every host runs in a process of its own. It works, is told by the fault layer that a call failed, catches what is
raised, and works again with what it has; a device that is lost says so.
"""

import importlib.util
import os
import subprocess
import sys

import pytest

# A sample: of every call, runtime_fault_test tries them in the runtime below. Importing a framework takes seconds.
FAULTS = ["buffer_create:1:memory", "stream_read:1:late", "kernel_create:1:internal", "kernel_launch:2:late",
          "kernel_launch:3:lost", "stream_synchronize:1:internal"]

TORCH = """
import torch, torch_tenon

def work():
    device = torch.device("tenon:0")
    x = torch.randn(16, 8).to(device)
    layer = torch.nn.Linear(8, 4)
    layer = layer.to(device)
    loss = (layer(x).relu() - 1).pow(2).mean()
    loss.backward()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter -= 0.1 * parameter.grad
    torch.accelerator.synchronize()
    return loss.item() == loss.item()
"""

PACKAGE = """
import numpy as np, onnx, tempfile, os, tenon
from onnx import helper, TensorProto

def model():
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [3, 4])
    nodes = [helper.make_node("Add", ["x", "x"], ["a"]), helper.make_node("Relu", ["a"], ["y"])]
    graph = helper.make_graph(nodes, "g", [value("x")], [value("y")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

path = os.path.join(tempfile.mkdtemp(), "model.onnx")
onnx.save(model(), path)

def work():
    loaded = tenon.load(path)
    for _ in range(2):
        got = loaded.run({"x": np.ones((3, 4), np.float32)})
    got = got["y"] if isinstance(got, dict) else got[0]
    return bool((got == 2).all())
"""

TRY = """
import sys
raised = []
for attempt in range(4):
    try:
        assert work(), "a wrong result"
        print("WORKS")
        break
    except AssertionError:
        raise
    except Exception as error:
        raised.append(str(error))
        print("RAISED", type(error).__name__, str(error).replace("\\n", " ")[:300])
"""


def run(host, fault, devices):
    environment = {**os.environ, "TENON_LAYERS": "fault", "TENON_FAULT": fault, "TENON_DEVICES": devices,
                   "TENON_FALLBACK": "error"}
    return subprocess.run([sys.executable, "-c", host + TRY], env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=240)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("package, host", [("torch", TORCH), ("tenon", PACKAGE)])
def test_a_failure_is_an_exception(package, host, fault):
    if package == "torch" and not (importlib.util.find_spec("torch") and importlib.util.find_spec("torch_tenon")):
        pytest.skip("the PyTorch adapter is not built")
    done = run(host, fault, "cpu?memory=discrete")
    lines = done.stdout.splitlines()
    raised = [line for line in lines if line.startswith("RAISED")]
    assert done.returncode == 0, f"{fault}: ended with {done.returncode}\n{done.stdout[-3000:]}"
    if fault.endswith(":lost") and raised:
        # Gone for good, and it says so.
        assert all("lost" in line.lower() for line in raised), done.stdout
        return
    # Faults of one call: thrown where it was made, or where its stream was waited for; then it works again.
    assert "WORKS" in lines, f"{fault}: never works again\n{done.stdout[-3000:]}"
    assert len(raised) <= 3, done.stdout

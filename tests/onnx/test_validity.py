# SPDX-License-Identifier: Apache-2.0
"""What no model may say is refused with a sentence, at once; and types that only a run shows."""

from __future__ import annotations

import time

import numpy as np
import onnx.parser
import pytest
import tenon
from onnx import TensorProto

HEAD = '<ir_version: 10, opset_import: ["": 21, "own": 1]>'
RELU = "g (float[2, 3] x) => (float[2, 3] y) { y = Relu (x) }"


@pytest.fixture(scope="module")
def device():
    return tenon.device("cpu")


def parse(text: str) -> onnx.ModelProto:
    return onnx.parser.parse_model(f"{HEAD}\n{text}")


def future_opset(model):
    model.opset_import[0].version = 99


def two_opsets(model):
    model.opset_import.add(domain="", version=13)


def negative_dim(model):
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = -5


def another_type(model):
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64


def no_type(model):
    model.graph.output[0].ClearField("type")


WRONG = {
    future_opset: "opset 99; the newest known is",
    two_opsets: "in versions 21 and 13",
    negative_dim: "'x' has a dim of -5",
    another_type: "declares its output 'y' as int64, and computes float32",
    no_type: "type",
}


@pytest.mark.parametrize("change", WRONG)
def test_wrong_models_are_refused(change, device):
    model = parse(RELU)
    change(model)
    with pytest.raises(tenon.Error, match=WRONG[change]):
        tenon.load(model.SerializeToString(), device).run({"x": np.ones((2, 3), np.float32)})


def functions(count: int, twice: bool) -> str:
    """Each calls the next, once or twice."""
    text = "g (float[2, 3] x) => (float[2, 3] y) { y = own.f0 (x) }\n"
    for i in range(count):
        second = f"b = own.f{i + 1} (c)" if twice else "b = Neg (c)"
        body = f"c = own.f{i + 1} (a)  {second}" if i + 1 < count else "b = Neg (a)"
        text += f'<domain: "own", opset_import: ["": 21, "own": 1]>\nf{i} (a) => (b) {{ {body} }}\n'
    return text


@pytest.mark.parametrize("count, twice, words", [(30, True, "10000000 nodes"), (3000, False, "500 deep")])
def test_functions_that_nobody_could_hold(count, twice, words, device):
    model = parse(functions(count, twice)).SerializeToString()
    start = time.monotonic()
    with pytest.raises(tenon.Error, match=words):
        tenon.load(model, device)
    assert time.monotonic() - start < 20


def test_functions_in_functions(device):
    x = np.ones((2, 3), np.float32)
    model = tenon.load(parse(functions(8, twice=True)).SerializeToString(), device)
    assert np.array_equal(model.run({"x": x})[0], x)  # 2^7 changes of the sign.


def test_a_type_that_follows_from_another_value(device):
    model = parse(
        """g (float[n] x, int32[1] like) => (int32[n] y) {
             y = CastLike (x, like)
           }"""
    )
    loaded = tenon.load(model.SerializeToString(), device)
    y = loaded.run({"x": np.array([1.75, -2.5], np.float32), "like": np.zeros(1, np.int32)})[0]
    assert y.dtype == np.int32 and list(y) == [1, -2]


def test_ranges_of_vectors_of_one(device):
    model = parse("g (int64[1] a, int64[1] b, int64[1] c) => (int64[n] y) { y = Range (a, b, c) }")
    one = {name: np.array([value]) for name, value in zip("abc", (2, 11, 3))}
    assert list(tenon.load(model.SerializeToString(), device).run(one)[0]) == [2, 5, 8]

# SPDX-License-Identifier: Apache-2.0
"""Attributes of ONNX's that the contract leaves out: a model may say what they are by default, and no more."""

from __future__ import annotations

import pathlib
import sys

import numpy as np
import pytest
import tenon
from onnx import TensorProto, helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "spec"))
from operators import contract

FIXED = {
    (o.name, o.version): {n: o.schema.attributes[n] for n in o.deviations.narrows.get("attributes", [])}
    for o in contract.load().values()
}
FIXED = {key: attributes for key, attributes in FIXED.items() if attributes}
# Of an operator that leaves one out: inputs and attributes of a call.
CALLS = {
    "Cast": ([np.float32([1.5, -2.5])], {"to": TensorProto.INT32}),
    "Range": ([np.float32(1), np.float32(4), np.float32(1)], {}),
}
EXPECTED = {"Cast": [1, -2], "Range": [1, 2, 3]}


def run(name, version, **more):
    inputs, attributes = CALLS[name]
    feed = {f"i{k}": np.asarray(a) for k, a in enumerate(inputs)}
    node = helper.make_node(name, list(feed), ["y"], name="n", **attributes, **more)
    graph = helper.make_graph(
        [node], "test",
        [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in feed.items()],
        [helper.make_tensor_value_info("y", TensorProto.INT32 if name == "Cast" else TensorProto.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=10)
    return tenon.load(model.SerializeToString(), tenon.device("cpu")).run(feed)[0]


def values(attribute):
    """Its default as ONNX's helper takes it, and another one."""
    if attribute.kind == "int":
        return int(attribute.default), int(attribute.default) + 1
    if attribute.kind == "float":
        return float(attribute.default), float(attribute.default) + 1
    text = attribute.default.strip('"')
    return text, text + "wards"


def test_every_such_operator_has_a_call():
    assert {name for name, _ in FIXED} == set(CALLS) and set(CALLS) == set(EXPECTED)


@pytest.mark.parametrize(("key", "attribute"), [(k, a) for k, all_of in FIXED.items() for a in all_of.values()])
def test_the_default_alone_is_taken(key, attribute):
    default, other = values(attribute)
    assert run(*key).tolist() == EXPECTED[key[0]]
    assert run(*key, **{attribute.name: default}).tolist() == EXPECTED[key[0]]
    with pytest.raises(tenon.Error, match=rf"node 'n' \({key[0]}\): its attribute '{attribute.name}' is not .*{default}"):
        run(*key, **{attribute.name: other})

# SPDX-License-Identifier: Apache-2.0
"""The package `tenon`: devices, load, run, and its errors, in every memory mode."""

import os

import numpy as np
import onnx
import pytest
import tenon
from onnx import TensorProto, helper, numpy_helper

SPECS = ["cpu", "cpu?memory=discrete", "cpu?memory=mapped"]


def make_model(nodes, inputs, outputs, initializers=()) -> bytes:
    graph = helper.make_graph(nodes, "test", inputs, outputs, list(initializers))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def tensor(name, dims, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, dims)


def affine() -> bytes:
    """y = relu(x @ w + b), with an open batch."""
    w = numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(4, 3) - 5, "w")
    b = numpy_helper.from_array(np.array([1, -2, 3], np.float32), "b")
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["p"]),
        helper.make_node("Add", ["p", "b"], ["s"]),
        helper.make_node("Relu", ["s"], ["y"]),
    ]
    return make_model(nodes, [tensor("x", ["n", 4])], [tensor("y", ["n", 3])], [w, b])


def test_the_standard_is_there():
    folder = tenon.spec_path()
    assert "# The Tenon standard" in (folder / "README.md").read_text()
    assert (folder / "../reference/operators.md").is_file()


@pytest.mark.parametrize("spec", SPECS)
def test_runs_with_any_batch(spec):
    model = tenon.load(affine(), device=spec)
    w = np.arange(12, dtype=np.float32).reshape(4, 3) - 5
    for n in (1, 3, 0, 5):
        x = np.random.default_rng(n).standard_normal((n, 4)).astype(np.float32)
        (y,) = model.run({"x": x})
        expected = np.maximum(x @ w + np.array([1, -2, 3], np.float32), 0)
        assert y.dtype == np.float32
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("spec", SPECS)
def test_shape_arithmetic_stays_on_the_host(spec):
    # Flattens all but the first dim by way of Shape.
    nodes = [
        helper.make_node("Shape", ["x"], ["n"], end=1),
        helper.make_node("Concat", ["n", "rest"], ["to"], axis=0),
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
        helper.make_node("Reshape", ["t", "to"], ["y"]),
    ]
    rest = numpy_helper.from_array(np.array([-1], np.int64), "rest")
    model = tenon.load(
        make_model(nodes, [tensor("x", ["n", 2, 3])], [tensor("y", ["n", 6])], [rest]), device=spec
    )
    x = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    (y,) = model.run([x])
    np.testing.assert_array_equal(y, x.transpose(0, 2, 1).reshape(4, 6))
    placement = model.placement()
    assert placement["Concat"] == {"device": 0, "fallback": 0, "host": 1, "view": 0, "folded": 0}
    assert placement["Transpose"]["view"] == 1


def test_devices_are_listed():
    listed = {row.spec: row for row in tenon.devices()}
    assert any(row.plugin == "cpu" and not row.reason for row in listed.values())


def test_same_spec_is_the_same_device():
    assert tenon.device("cpu?memory=mapped").spec == "cpu?memory=mapped"
    assert tenon.device("cpu") is tenon.device("cpu")


def test_values_are_described():
    model = tenon.load(affine(), device="cpu")
    assert [(v.name, v.dtype, v.dims) for v in model.inputs] == [("x", np.float32, ("n", 4))]
    assert [v.name for v in model.outputs] == ["y"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "input 'x' is missing"),
        ({"x": np.zeros((2, 5), np.float32)}, "dim 1 of 5 where 4 is needed"),
        ({"x": np.zeros((2, 4))}, "wrong element type"),
        ({"x": np.zeros(4, np.float32)}, "wrong rank"),
        ({"x": np.zeros((2, 4), np.float32), "z": np.zeros(1)}, "no input 'z'"),
    ],
)
def test_inputs_that_do_not_fit_are_named(inputs, message):
    model = tenon.load(affine(), device="cpu")
    with pytest.raises(tenon.Error, match=message):
        model.run(inputs)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (b"", "not an ONNX model"),
        (b"\x07garbage", "not an ONNX model"),
        ("/nonexistent/model.onnx", "No such file"),
    ],
)
def test_models_that_are_none_are_refused(model, message):
    with pytest.raises(tenon.Error, match=message):
        tenon.load(model, device="cpu")


def test_operators_that_tenon_lacks_are_listed():
    nodes = [helper.make_node("ImageDecoder", ["x"], ["y"])]
    inputs, outputs = ([tensor(name, dims, TensorProto.UINT8)] for name, dims in (("x", ["n"]), ("y", ["h", "w", 3])))
    with pytest.raises(tenon.Error, match="ImageDecoder"):
        tenon.load(make_model(nodes, inputs, outputs), device="cpu")


def test_a_device_tells_of_itself():
    device = tenon.device("cpu?memory=discrete&memory_limit=1000000000")
    told = device.properties()
    assert told["compute_units"] == (len(os.sched_getaffinity(0)),)
    (free,) = told["memory_free"]
    assert 0 < free <= 1000000000
    assert told["stream_priorities"] == (0, 0)
    assert told["peers"] == (0,)
    options = {row["name"]: row for row in device.options()}
    assert options["memory"]["choices"] == ["unified", "discrete", "mapped"]
    assert options["memory_limit"]["type"] == "integer"
    device.trim()


def test_unknown_devices_and_options_are_named():
    with pytest.raises(tenon.Error, match="nosuch"):
        tenon.device("nosuch")
    with pytest.raises(tenon.Error, match="memory"):
        tenon.device("cpu?memory=none")
    with pytest.raises(ValueError, match="allow"):
        tenon.device("cpu").set_fallback("maybe")


def test_late_failures_become_errors_and_the_model_goes_on():
    nodes = [helper.make_node("Gather", ["data", "i"], ["y"])]
    data = numpy_helper.from_array(np.arange(5, dtype=np.float32), "data")
    for spec in SPECS:
        model = tenon.load(
            make_model(nodes, [tensor("i", [2], TensorProto.INT64)], [tensor("y", [2])], [data]),
            device=spec,
        )
        with pytest.raises(tenon.Error, match="7"):
            model.run([np.array([0, 7], np.int64)])
        (y,) = model.run([np.array([-1, 2], np.int64)])
        np.testing.assert_array_equal(y, [4, 2])


@pytest.mark.parametrize("size", [12, 4096])
def test_external_data_stay_inside_the_folder(tmp_path, size):
    folder = tmp_path / "model"
    folder.mkdir()
    values = np.arange(size, dtype=np.float32)
    (folder / "w.bin").write_bytes(values.tobytes())
    (tmp_path / "outside.bin").write_bytes(values.tobytes())

    def model(location):
        w = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[size])
        w.data_location = TensorProto.EXTERNAL
        w.external_data.add(key="location", value=location)
        graph = helper.make_graph(
            [helper.make_node("Add", ["x", "w"], ["y"])], "g", [tensor("x", [size])],
            [tensor("y", [size])], [w],
        )  # fmt: skip
        proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        path = folder / "model.onnx"
        path.write_bytes(proto.SerializeToString())
        return str(path)

    (y,) = tenon.load(model("w.bin"), device="cpu").run([np.ones(size, np.float32)])
    np.testing.assert_array_equal(y, values + 1)
    with pytest.raises(tenon.Error):
        tenon.load(model("../outside.bin"), device="cpu")

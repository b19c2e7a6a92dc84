# SPDX-License-Identifier: Apache-2.0
"""Models as exporters write them, and models that are wrong: what is right runs, what is wrong is refused
with a message that names the node. Expected values are computed with NumPy."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import tenon
from onnx import TensorProto, helper, numpy_helper

SPECS = ["cpu", "cpu?memory=discrete", "cpu?memory=mapped", "opencl"]
THERE = {device.spec.partition("?")[0].partition(":")[0] for device in tenon.devices() if not device.reason}


@pytest.fixture(params=[spec for spec in SPECS if spec.partition("?")[0] in THERE])
def device(request):
    opened = tenon.device(request.param)
    opened.set_fallback("allow")
    return opened


def make_model(nodes, feed, outputs, opset=21, functions=(), ir_version=10, **constants):
    """A model with open dims: `outputs` are names, or (name, type); `feed` gives the inputs' types and ranks."""

    def info(name, dtype, rank):
        return helper.make_tensor_value_info(name, dtype, [None] * rank if rank is not None else None)

    graph = helper.make_graph(
        nodes,
        "test",
        [info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.ndim) for n, a in feed.items()],
        [info(*(o if isinstance(o, tuple) else (o, TensorProto.FLOAT)), None) for o in outputs],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()],
    )
    imports = [helper.make_opsetid("", opset)] + ([helper.make_opsetid("my", 1)] if functions else [])
    return helper.make_model(graph, opset_imports=imports, ir_version=ir_version, functions=list(functions))


def run(device, op, inputs, outputs=("y",), opset=21, host=(), **attributes):
    """One node named "n"; the inputs at the places `host` are initializers, the others given at run time."""
    names = [f"i{k}" for k in range(len(inputs))]
    arrays = {name: np.asarray(a) for name, a in zip(names, inputs)}
    feed = {name: a for k, (name, a) in enumerate(arrays.items()) if k not in host}
    node = helper.make_node(
        op, names, [o[0] if isinstance(o, tuple) else o for o in outputs], name="n", **attributes
    )
    model = make_model(
        [node], feed, outputs, opset, **{n: a for n, a in arrays.items() if n not in feed}
    )
    return tenon.load(model.SerializeToString(), device).run(feed)


def ints(*values):
    return np.array(values, np.int64)


def floats(*dims, seed=0):
    return np.random.default_rng(seed).standard_normal(dims).astype(np.float32)


X = floats(2, 3)
# op, inputs, attributes, opset: each is refused.
REFUSED = [
    ("Transpose", [X], {"perm": [0]}),
    ("Transpose", [X], {"perm": [0, 0]}),
    ("Transpose", [X], {"perm": [0, 5]}),
    ("Reshape", [X, ints(100, 100)], {}),
    ("Reshape", [X, ints(5)], {}),
    ("Reshape", [X, ints(2**32, 2**32)], {}),
    ("Expand", [X, ints(2**31, 2**31, 2, 3)], {}),
    ("Expand", [X, ints(2, 4)], {}),
    ("Tile", [X, ints(2**62, 4)], {}),
    ("Tile", [X, ints(-1, 2)], {}),
    ("Tile", [X, np.array([1, 2], np.float32)], {}),
    ("ConstantOfShape", [ints(2**40, 2**40)], {}),
    ("Range", [np.float32(0), np.float32(np.nan), np.float32(1)], {}),
    ("Range", [np.float32(0), np.float32(np.inf), np.float32(1)], {}),
    ("Range", [np.float32(0), np.float32(5), np.float32(0)], {}),
    ("Range", [np.int64(0), np.int64(5), np.int64(0)], {}),
    ("Range", [ints(0, 1), ints(5), ints(1)], {}),
    ("Slice", [np.float32(1), ints(0), ints(1)], {}),
    ("Slice", [X, ints(0, 0), ints(1, 1), ints(1, 1)], {}),
    ("Slice", [X, ints(0), ints(1), ints(0), ints(0)], {}),
    ("Split", [X, ints(1, 1)], {"axis": 1}),
    ("Split", [X, ints(5, 50)], {"axis": 1}),
    ("Split", [X, ints(4, -1)], {"axis": 1}),
    ("Flatten", [X], {"axis": -(2**63)}),
    ("Unsqueeze", [X, ints(0, 0)], {}),
    ("Squeeze", [X, ints(0)], {}),
    ("Gather", [np.float32(1), np.int64(0)], {}),
    ("GatherND", [X, np.zeros((4, 1), np.int64)], {"batch_dims": 1}),
    ("ScatterElements", [X, np.zeros((9, 9), np.int64), floats(9, 9)], {"axis": 0}),
    ("ScatterND", [X, np.zeros((1, 3), np.int64), floats(1)], {}),
    ("TopK", [X, ints(4)], {}),
    ("Trilu", [X, ints(1, 2)], {}),
    ("OneHot", [ints(0, 1), ints(3), floats(3)], {}),
    ("Pad", [X, ints(2**62, 0, 2**62, 0)], {}),
    ("Where", [np.array([True]), X, X.astype(np.float64)], {}),
    ("Clip", [X, np.float64(0)], {}),
    ("Concat", [np.float32(1), np.float32(2)], {"axis": 0}),
    ("MaxPool", [X], {"kernel_shape": [2]}),
    ("MaxPool", [floats(1, 1, 4)], {"kernel_shape": [2], "strides": [0]}),
    ("Conv", [floats(1, 2, 4), floats(3, 2, 2), floats(1)], {}),
    ("Conv", [floats(1, 2, 4), floats(3, 2, 2)], {"auto_pad": "SAME_UPPER", "strides": [0]}),
]


@pytest.mark.parametrize("op,inputs,attributes", REFUSED, ids=lambda v: v if isinstance(v, str) else "")
def test_wrong_nodes_are_refused_by_name(device, op, inputs, attributes):
    outputs = ["y", ("z", TensorProto.INT64)] if op == "TopK" else ["y", "z"] if op == "Split" else ["y"]
    if op in ("Range", "Where"):
        outputs = [("y", helper.np_dtype_to_tensor_dtype(np.asarray(inputs[-1]).dtype))]
    for host in (range(1, len(inputs)), ()):  # As constants, and as values of the run.
        with pytest.raises(tenon.Error) as caught:
            run(device, op, inputs, outputs, host=host, **attributes)
        message = str(caught.value)
        assert op in message and "is required but missing" not in message, message
        assert not any(bad in message for bad in ("stoll", "bad_alloc", "filebuf", "bad_variant")), message


def test_slice_clamps_as_the_text_says(device):
    x = np.arange(5, dtype=np.float32)

    def cut(start, end, step):
        return run(device, "Slice", [x, ints(start), ints(end), ints(0), ints(step)], host=(1, 2, 3, 4))[0]

    assert list(cut(-100, -200, -1)) == [0]  # The start to 0, the end to -1.
    assert list(cut(4, -(2**63), -2)) == [4, 2, 0]
    assert list(cut(2**63 - 1, 0, -3)) == [4, 1]
    assert list(cut(1, 2**63 - 1, 2**62)) == [1]
    assert list(cut(3, 0, -(2**63))) == [3]


def test_range_counts_in_float64(device):
    start, limit, delta = np.float32(0), np.float32(1), np.float32(0.1)
    expected = np.arange(np.float64(start), np.float64(limit), np.float64(delta)).astype(np.float32)
    assert np.array_equal(run(device, "Range", [start, limit, delta])[0], expected)


def test_split_has_empty_parts_at_the_end(device):
    parts = run(device, "Split", [floats(2, 5)], ["a", "b", "c", "d"], axis=-1, num_outputs=4)
    assert [p.shape[1] for p in parts] == [2, 2, 1, 0]


@pytest.mark.parametrize("noop", [0, 1])
def test_empty_axes(device, noop):
    x = floats(2, 3)
    for host in ((), (1,)):
        (y,) = run(device, "ReduceSum", [x, ints()], host=host, noop_with_empty_axes=noop, opset=13)
        expected = x if noop else x.sum(keepdims=True)
        assert y.shape == expected.shape and np.allclose(y, expected, 1e-5)


def test_nodes_in_any_order(device):
    nodes = [
        helper.make_node("Neg", ["b"], ["y"]),
        helper.make_node("Add", ["a", "x"], ["b"]),
        helper.make_node("Relu", ["x"], ["a"]),
    ]
    model = make_model(nodes, {"x": X}, ["y"])
    y = tenon.load(model.SerializeToString(), device).run({"x": X})[0]
    assert np.array_equal(y, -(np.maximum(X, 0) + X))


def test_a_cycle_is_refused(device):
    nodes = [helper.make_node("Add", ["b", "x"], ["a"]), helper.make_node("Neg", ["a"], ["b"])]
    with pytest.raises(tenon.Error, match="cycle"):
        tenon.load(make_model(nodes, {"x": X}, ["b"]).SerializeToString(), device)


@pytest.mark.parametrize("ir_version", [3, 10])
def test_initializers_that_are_inputs_may_be_given(device, ir_version):
    w = floats(3, seed=1)
    feed = {"x": X, "w": w}
    node = helper.make_node("Add", ["x", "w"], ["y"])
    model = make_model([node], feed, ["y"], opset=9, ir_version=ir_version, w=np.ones(3, np.float32))
    loaded = tenon.load(model.SerializeToString(), device)
    assert [value.name for value in loaded.inputs] == ["x"]
    for _ in range(2):
        assert np.array_equal(loaded.run({"x": X})[0], X + 1)
        assert np.array_equal(loaded.run(feed)[0], X + w)
    with pytest.raises(tenon.Error, match="Add"):
        loaded.run({"x": X, "w": floats(4)})


@pytest.mark.parametrize("opset", [11, 13])
def test_functions_of_older_opsets(device, opset):
    x = floats(1, 8, 2, 3)
    (y,) = run(device, "DepthToSpace", [x], opset=opset, blocksize=2, mode="CRD")
    expected = x.reshape(1, 2, 2, 2, 2, 3).transpose(0, 1, 4, 2, 5, 3).reshape(1, 2, 4, 6)
    assert np.array_equal(y, expected)


def test_functions_of_initializers(device):
    x, scale = floats(2, 4, 8), floats(8, seed=1)
    (y,) = run(device, "RMSNormalization", [x, scale], opset=23, host=(1,))
    expected = x / np.sqrt((x.astype(np.float64) ** 2).mean(-1, keepdims=True) + 1e-5) * scale
    assert np.allclose(y, expected, 1e-5, 1e-5)


# What the model's opset knows means what it means there (as in ONNX's reference and ONNX Runtime); what it
# does not know is converted.
@pytest.mark.parametrize(
    "op, attribute, of",
    [
        ("Softmax", {"axis": 1}, lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True)),
        ("Squeeze", {"axes": [1]}, lambda x: x.squeeze(1)),
    ],
)
def test_a_function_of_another_opset(device, op, attribute, of):
    old = helper.make_function(
        "my", "Old", ["a"], ["b"], [helper.make_node(op, ["a"], ["b"], **attribute)], [helper.make_opsetid("", 11)]
    )
    x = floats(2, 1 if op == "Squeeze" else 3, 4)
    model = make_model([helper.make_node("Old", ["x"], ["y"], domain="my")], {"x": x}, ["y"], 21, [old])
    (y,) = tenon.load(model.SerializeToString(), device).run({"x": x})
    assert y.shape == of(x).shape and np.allclose(y, of(x), 1e-5)


def test_dropout_that_drops_nothing(device):
    mask = ("mask", TensorProto.BOOL)
    y, kept = run(device, "Dropout", [X], ["y", mask], opset=13)
    assert np.array_equal(y, X) and kept.all() and kept.shape == X.shape
    y, kept = run(device, "Dropout", [X, np.float32(0), np.array(True)], ["y", mask], 13, (1, 2))
    assert np.array_equal(y, X) and kept.all()
    with pytest.raises(tenon.Error, match="training"):
        run(device, "Dropout", [X, np.float32(0.5), np.array(True)], ["y", mask], 13, (1, 2))


def test_batch_norm_in_training(device):
    x, mean, variance = floats(2, 3, 4), floats(3, seed=1), np.abs(floats(3, seed=2))
    scale, shift = floats(3, seed=3), floats(3, seed=4)
    y, new_mean, new_variance = run(
        device, "BatchNormalization", [x, scale, shift, mean, variance], ["y", "m", "v"],
        opset=15, training_mode=1, momentum=0.75,
    )  # fmt: skip
    m, v = x.mean((0, 2)), x.var((0, 2))
    column = lambda a: a.reshape(3, 1)  # noqa: E731
    expected = (x - column(m)) / np.sqrt(column(v) + 1e-5) * column(scale) + column(shift)
    assert np.allclose(y, expected, 1e-4, 1e-4)
    assert np.allclose(new_mean, 0.75 * mean + 0.25 * m, 1e-4, 1e-5)
    assert np.allclose(new_variance, 0.75 * variance + 0.25 * v, 1e-4, 1e-5)


NONZERO = [
    helper.make_node("Relu", ["x"], ["a"]),
    helper.make_node("NonZero", ["a"], ["b"]),
    helper.make_node("Transpose", ["b"], ["c"]),
    helper.make_node("GatherND", ["x", "c"], ["d"]),
    helper.make_node("Neg", ["d"], ["y"]),
]


def test_nonzero_in_the_middle_is_planned_around(device):
    loaded = tenon.load(make_model(NONZERO, {"x": X}, ["y"]).SerializeToString(), device)
    for seed in (0, 0, 0, 1, 2):
        x = floats(2, 3, seed=seed)
        assert np.array_equal(loaded.run({"x": x})[0], -x[x > 0])
    x = np.zeros((2, 3), np.float32)
    assert loaded.run({"x": x})[0].shape == (0,)
    statistics = loaded.statistics()
    assert statistics["interpreted_runs"] == 6
    # One in front of the NonZero, and one behind it for the number of columns that came again.
    assert statistics["plans_made"] >= 2
    assert statistics["plans_made"] <= 5


def test_dims_from_values_of_the_device(device):
    """The Reshape waits for its dims; what comes behind has a plan once the dims have come before."""
    nodes = [
        helper.make_node("Neg", ["x"], ["a"]),
        helper.make_node("Cast", ["dims"], ["dims64"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["a", "dims64"], ["b"]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("Exp", ["c"], ["y"]),
    ]
    x = floats(6)
    feed = {"x": x, "dims": np.array([2, 3], np.float32)}
    loaded = tenon.load(make_model(nodes, feed, ["y"]).SerializeToString(), device)
    for dims in ([2, 3], [2, 3], [3, 2], [2, 3]):
        y = loaded.run({"x": x, "dims": np.array(dims, np.float32)})[0]
        assert y.shape == tuple(dims)
        assert np.allclose(y, np.exp(np.maximum(-x, 0)).reshape(dims), 1e-5)
    assert loaded.statistics()["plans_made"] == 2
    with pytest.raises(tenon.Error, match="Reshape"):
        loaded.run({"x": x, "dims": np.array([4, 4], np.float32)})
    assert loaded.run(feed)[0].shape == (2, 3)


def test_nonzero_of_a_scalar(device):
    for value, columns in ((3, 1), (0, 0)):
        (y,) = run(device, "NonZero", [np.float32(value)], [("y", TensorProto.INT64)])
        assert y.shape == (1, columns) and not y.any()


def test_sparse_and_unread_constants(device):
    values = helper.make_tensor("v", TensorProto.FLOAT, [2], [1, 2])
    sparse = helper.make_sparse_tensor(values, helper.make_tensor("i", TensorProto.INT64, [2], [0, 2]), [3])
    nodes = [
        helper.make_node("Constant", [], ["c"], sparse_value=sparse),
        helper.make_node("Constant", [], ["unread"], value_string="abc"),
        helper.make_node("Add", ["x", "c"], ["y"]),
    ]
    model = make_model(nodes, {"x": X}, ["y"], text=np.array(["a"], object))
    y = tenon.load(model.SerializeToString(), device).run({"x": X})[0]
    assert np.array_equal(y, X + np.array([1, 0, 2], np.float32))


def test_windows_that_are_mostly_padding_end(device):
    """Not a loop over 2**28 taps for each output."""
    x, side = floats(1, 1, 4), 2**28
    (y,) = run(device, "MaxPool", [x], kernel_shape=[side], pads=[side - 4, 0], strides=[side])
    assert y.shape == (1, 1, 1) and y[0, 0, 0] == x.max()


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_windows_in_the_padding_alone_are_ignored(device, op):
    for opset in (12, 19, 22):
        (y,) = run(
            device, op, [floats(1, 2, 6)], opset=opset, kernel_shape=[3], pads=[0, 2], strides=[3], ceil_mode=1
        )
        assert y.shape == (1, 2, 2) and np.isfinite(y).all()


def test_placement_counts_what_fell_back(device):
    x = np.array([0, 2], np.float32)
    nodes = [helper.make_node("Neg", ["x"], ["m"]), helper.make_node("OneHot", ["m", "depth", "v"], ["y"])]
    model = make_model(nodes, {"x": x}, ["y"], depth=np.int64(3), v=np.array([0, 1], np.float32))
    loaded = tenon.load(model.SerializeToString(), device)
    device.reset_operator_counts()
    for _ in range(3):
        loaded.run({"x": x})
    row, counted = loaded.placement()["OneHot"], device.operator_counts()["OneHot"]
    assert row["device"] == counted["device"] and row["fallback"] == counted["fallback"]
    assert row["device"] + row["fallback"] == 3
    if device.spec == "opencl":  # Takes integers as indices, not floats.
        assert row["fallback"] == 3


def test_a_directory_is_no_model(device, tmp_path):
    with pytest.raises(tenon.Error, match="directory"):
        tenon.load(str(tmp_path), device)


def test_a_model_that_fails_leaves_no_copy_behind(device):
    """Weights are still being copied when an output turns out to be too large; nothing reads them after that."""
    model = make_model(
        [helper.make_node("OneHot", ["x", "depth", "values"], ["y"], axis=0)],
        {"x": np.ones((2, 2), np.int64)}, ["y"], 18, depth=ints(1 << 32), values=ints(5, 7),
    ).SerializeToString()  # fmt: skip
    for _ in range(100):
        with pytest.raises(Exception, match="memory|needs"):
            tenon.load(model, device).run({"x": np.ones((2, 2), np.int64)})

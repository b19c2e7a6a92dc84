# SPDX-License-Identifier: Apache-2.0
"""How models are prepared: folding, fusion, layouts, plans by dims. On every device that is there;
expected values are computed with NumPy."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import tenon
from onnx import TensorProto, helper, numpy_helper

DEVICES = ["cpu", "cpu?memory=discrete"]
if any(d.spec == "onednn" for d in tenon.devices() if not d.reason):
    DEVICES.append("onednn")


@pytest.fixture(params=DEVICES)
def device(request):
    opened = tenon.device(request.param)
    opened.set_fallback("allow")
    return opened


def make_model(nodes, inputs, outputs, **constants) -> bytes:
    """`inputs` and `outputs`: name -> dims, float32 unless a pair (type, dims)."""

    def info(name, value):
        dtype, dims = value if isinstance(value, tuple) else (TensorProto.FLOAT, value)
        return helper.make_tensor_value_info(name, dtype, dims)

    graph = helper.make_graph(
        [helper.make_node(*node[:3], **(node[3] if len(node) > 3 else {})) for node in nodes],
        "test",
        [info(*item) for item in inputs.items()],
        [info(*item) for item in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def conv(x, w, bias=0.0):
    """3x3 with pads of 1, in float64."""
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return np.einsum("nchwij,mcij->nmhw", windows, w.astype(np.float64)) + np.reshape(bias, (-1, 1, 1))


def random(*dims, seed=0):
    return np.random.default_rng(seed).standard_normal(dims).astype(np.float32)


PADS = {"pads": [1, 1, 1, 1]}
W1, W2 = random(16, 16, 3, 3, seed=1) / 12, random(16, 16, 3, 3, seed=2) / 12


def close(actual, expected, tolerance=1e-5):
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= tolerance * np.abs(expected).max()


def test_a_chain_of_convolutions_keeps_its_layout(device):
    model = tenon.load(
        make_model(
            [("Conv", ["x", "w1"], ["a"], PADS), ("Relu", ["a"], ["b"]), ("Conv", ["b", "w2"], ["y"], PADS)],
            {"x": ["n", 16, 12, 12]}, {"y": ["n", 16, 12, 12]}, w1=W1, w2=W2,
        ),
        device,
    )  # fmt: skip
    for n in (1, 2):
        x = random(n, 16, 12, 12, seed=n)
        close(model.run({"x": x})[0], conv(np.maximum(conv(x, W1), 0), W2))
    statistics = model.statistics()
    assert statistics["launches"] == 2  # The Relu is part of a convolution.
    assert statistics["plans_made"] == 2
    # At most the first one's input and the last one's output, never in between.
    assert statistics["reorders"] <= 2
    if device.spec == "onednn":
        assert statistics["packed_constants"] == 2


def test_batch_norm_becomes_weights(device):
    rng = np.random.default_rng(5)
    scale, shift, mean = (rng.standard_normal(16).astype(np.float32) for _ in range(3))
    variance = rng.uniform(0.5, 2, 16).astype(np.float32)
    bias = rng.standard_normal(16).astype(np.float32)
    model = tenon.load(
        make_model(
            [("Conv", ["x", "w", "b"], ["a"], PADS),
             ("BatchNormalization", ["a", "s", "t", "m", "v"], ["y"], {"epsilon": 1e-3})],
            {"x": [1, 16, 6, 6]}, {"y": [1, 16, 6, 6]}, w=W1, b=bias, s=scale, t=shift, m=mean, v=variance,
        ),
        device,
    )  # fmt: skip
    x = random(1, 16, 6, 6)
    column = lambda v: v.astype(np.float64).reshape(-1, 1, 1)  # noqa: E731
    normal = (conv(x, W1, bias) - column(mean)) / np.sqrt(column(variance) + 1e-3)
    close(model.run({"x": x})[0], normal * column(scale) + column(shift))
    assert model.placement()["BatchNormalization"]["folded"] == 1
    assert model.statistics()["launches"] == 1


def test_a_convolution_that_others_read_is_not_folded(device):
    one = np.ones(16, np.float32)
    model = tenon.load(
        make_model(
            [("Conv", ["x", "w"], ["a"], PADS), ("BatchNormalization", ["a", "s", "t", "t", "s"], ["y"])],
            {"x": [1, 16, 6, 6]}, {"y": [1, 16, 6, 6], "a": [1, 16, 6, 6]}, w=W1, s=2 * one, t=0 * one,
        ),
        device,
    )  # fmt: skip
    x = random(1, 16, 6, 6)
    y, a = model.run({"x": x})
    close(a, conv(x, W1))
    close(y, conv(x, W1) * 2 / np.sqrt(2 + 1e-5))


def test_steps_join_the_product_that_alone_feeds_them(device):
    w, b = random(8, 6, seed=1), random(6, seed=2)
    model = tenon.load(
        make_model(
            [("MatMul", ["x", "w"], ["a"]), ("Add", ["b", "a"], ["c"]), ("Tanh", ["c"], ["d"]),
             ("Mul", ["d", "z"], ["e"]), ("Neg", ["e"], ["y"])],
            {"x": [2, 3, 8], "z": [2, 3, 6]}, {"y": [2, 3, 6], "d": [2, 3, 6]}, w=w, b=b,
        ),
        device,
    )  # fmt: skip
    x, z = random(2, 3, 8), random(2, 3, 6, seed=4)
    y, d = model.run({"x": x, "z": z})
    close(d, np.tanh(x.astype(np.float64) @ w + b))
    close(y, -np.tanh(x.astype(np.float64) @ w + b) * z)
    # d is an output: what comes behind it is not fused.
    assert model.statistics()["launches"] == 3


def test_a_difference_keeps_its_sides(device):
    w = random(8, 8, seed=1)
    model = tenon.load(
        make_model(
            [("MatMul", ["x", "w"], ["a"]), ("Sub", ["z", "a"], ["y"])],
            {"x": [3, 8], "z": [3, 8]}, {"y": [3, 8]}, w=w,
        ),
        device,
    )  # fmt: skip
    x, z = random(3, 8), random(3, 8, seed=4)
    close(model.run({"x": x, "z": z})[0], z - x.astype(np.float64) @ w)


ONE_SIXTH = float(np.float32(1 / 6))
# Nodes from "a" to "y" that are one step, of constants lo, hi, c and z.
STEPS = {
    "Relu": [("Relu", ["a"], ["y"])],
    "LeakyRelu": [("LeakyRelu", ["a"], ["y"], {"alpha": 0.1})],
    "LeakyRelu of 0": [("LeakyRelu", ["a"], ["y"], {"alpha": 0.0})],
    "Clip": [("Clip", ["a", "lo", "hi"], ["y"])],
    "Clip above": [("Clip", ["a", "", "hi"], ["y"])],
    "HardSwish": [("HardSwish", ["a"], ["y"])],
    "HardSwish of two": [
        ("HardSigmoid", ["a"], ["g"], {"alpha": ONE_SIXTH, "beta": 0.5}), ("Mul", ["g", "a"], ["y"])
    ],
    "HardSigmoid": [("HardSigmoid", ["a"], ["y"])],
    "Sigmoid": [("Sigmoid", ["a"], ["y"])],
    "Tanh": [("Tanh", ["a"], ["y"])],
    "Silu of two": [("Sigmoid", ["a"], ["g"]), ("Mul", ["a", "g"], ["y"])],
    "Gelu": [("Gelu", ["a"], ["y"])],
    "Gelu by tanh": [("Gelu", ["a"], ["y"], {"approximate": "tanh"})],
    "Mul": [("Mul", ["z", "a"], ["y"])],
    "Div": [("Div", ["a", "c"], ["y"])],
}  # fmt: skip
SPECIAL = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e30, -1e30, 3e38, -3e38, 7, -7], np.float32)


def behind_a_convolution(device, nodes, others, channels=40, special=False, **more):
    """Of `nodes` behind a convolution what comes out, with values besides y that others see, and the
    model's statistics. Another convolution follows, so that oneDNN chooses forms for what is between."""
    # `special`: a sum of one value and zeros, so that it is that value; the others are not mixed either.
    w = np.ones((channels, 64, 1, 1), np.float32) if special else random(channels, 64, 1, 1, seed=1) / 8
    last = np.ones((channels, 1, 1, 1), np.float32)
    dims = [1, channels, 13, 40]
    model = tenon.load(
        make_model(
            [("Conv", ["x", "w"], ["a"]), *nodes, ("Conv", ["y", "last"], ["out"], {"group": channels})],
            {"x": [1, 64, 13, 40]}, dict.fromkeys(["out", *others], dims), w=w, last=last,
            lo=np.float32(-0.5), hi=np.float32(2), c=random(channels, 1, 1, seed=2), z=random(*dims, seed=3),
            **more,
        ),
        device,
    )  # fmt: skip
    x = random(1, 64, 13, 40)
    if special:
        x[:] = 0
        x[0, 5] = SPECIAL.reshape(13, 1)
    return model.run({"x": x}), model.statistics()


def same(actual, expected):
    """NaN and infinities in the same places, and the rest close."""
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(actual - expected) <= 1e-5 * np.maximum(1, np.abs(expected))
    assert (error | (actual == expected) | (np.isnan(actual) & np.isnan(expected))).all()


@pytest.mark.parametrize("special", [False, True], ids=["random", "special"])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_part_of_the_convolution(device, step, special):
    nodes = STEPS[step]
    between = [node[2][0] for node in nodes] + ["a"]
    expected, unfused = behind_a_convolution(tenon.device("cpu"), nodes, between, special=special)
    for channels in (40, 64):
        if channels != 40:
            expected, _ = behind_a_convolution(tenon.device("cpu"), nodes, between, channels, special)
        (out,), statistics = behind_a_convolution(device, nodes, [], channels, special)
        same(out, expected[0])
        assert statistics["launches"] == 2
    assert unfused["launches"] == 2 + len(nodes)


@pytest.mark.parametrize("step", STEPS)
def test_special_values_pass_the_operators_by_themselves(device, step):
    """Each in the form that the convolution in front of it gives its values."""
    nodes = STEPS[step]
    between = [node[2][0] for node in nodes] + ["a"]
    expected, _ = behind_a_convolution(tenon.device("cpu"), nodes, between, 64, special=True)
    actual, _ = behind_a_convolution(device, nodes, between, 64, special=True)
    for one, other in zip(actual, expected):
        same(one, other)


def test_steps_follow_each_other(device):
    nodes = [("Mul", ["a", "c"], ["b"]), ("Clip", ["b", "lo", "hi"], ["d"]), ("Add", ["d", "z"], ["e"]),
             ("LeakyRelu", ["e"], ["f"]), ("Sigmoid", ["f"], ["g"]), ("Mul", ["f", "g"], ["y"])]  # fmt: skip
    expected, _ = behind_a_convolution(tenon.device("cpu"), nodes, ["a", "b", "d", "e", "f", "g"])
    (out,), statistics = behind_a_convolution(device, nodes, [])
    same(out, expected[0])
    assert statistics["launches"] == 2


@pytest.mark.parametrize(
    "nodes, launches",
    [
        # Another node reads the gate, too.
        ([("Sigmoid", ["a"], ["g"]), ("Mul", ["a", "g"], ["b"]), ("Add", ["b", "g"], ["y"])], 5),
        # Not x * gate(x).
        ([("Sigmoid", ["a"], ["g"]), ("Mul", ["g", "g"], ["b"]), ("Add", ["a", "b"], ["y"])], 5),
        # Not HardSwish's gate.
        ([("HardSigmoid", ["a"], ["g"]), ("Mul", ["a", "g"], ["y"])], 4),
        # A bound that is no constant.
        ([("ReduceMax", ["z0"], ["m"], {"keepdims": 0}), ("Clip", ["a", "lo", "m"], ["y"])], 4),
    ],
    ids=["gate that is read", "square of the gate", "other gate", "bound"],
)
def test_what_is_no_step_is_left_alone(device, nodes, launches):
    if "z0" in nodes[0][1]:
        nodes = [("Relu", ["x"], ["z0"]), *nodes]
        launches += 1
    expected, _ = behind_a_convolution(tenon.device("cpu"), nodes, ["a"])
    (out,), statistics = behind_a_convolution(device, nodes, [])
    same(out, expected[0])
    assert statistics["launches"] == launches


def test_nan_passes_a_fused_relu(device):
    model = tenon.load(
        make_model(
            [("Conv", ["x", "w"], ["a"], PADS), ("Relu", ["a"], ["y"])],
            {"x": [1, 16, 8, 8]}, {"y": [1, 16, 8, 8]}, w=W1,
        ),
        device,
    )  # fmt: skip
    x = random(1, 16, 8, 8)
    x[0, 0, 3, 3] = np.nan
    y = model.run({"x": x})[0]
    expected = conv(x, W1)
    assert np.array_equal(np.isnan(y), np.isnan(expected))
    assert np.isnan(y).any() and (y[~np.isnan(y)] >= 0).all()


def test_plans_are_bounded_and_counted(device):
    model = tenon.load(
        make_model(
            [("Shape", ["x"], ["s"]), ("Expand", ["one", "s"], ["o"]), ("Add", ["x", "o"], ["y"])],
            {"x": ["n", 3]}, {"y": ["n", 3]}, one=np.ones((1, 1), np.float32),
        ),
        device,
    )  # fmt: skip
    for n in [*range(1, 13), 12, 1]:
        x = random(n, 3, seed=n)
        close(model.run({"x": x})[0], x + 1)
    statistics = model.statistics()
    assert statistics["plans_made"] == 13  # 12 was still there; 1 was not.
    assert statistics["plans_kept"] == 8
    assert statistics["interpreted_runs"] == 0
    assert model.placement()["Add"]["device"] == 14


def test_dims_that_depend_on_values_are_run_node_by_node(device):
    model = tenon.load(
        make_model(
            [("Reshape", ["x", "dims"], ["a"]), ("Relu", ["a"], ["y"])],
            {"x": [6], "dims": (TensorProto.INT64, [2])}, {"y": ["a", "b"]},
        ),
        device,
    )  # fmt: skip
    x = random(6)
    for dims in ([2, 3], [3, 2]):
        y = model.run({"x": x, "dims": np.array(dims, np.int64)})[0]
        assert np.array_equal(y, np.maximum(x.reshape(dims), 0))
    statistics = model.statistics()
    assert statistics["interpreted_runs"] == 2 and statistics["plans_made"] == 0


def test_a_model_without_work_gives_its_inputs_and_constants(device):
    model = tenon.load(
        make_model(
            [("Identity", ["x"], ["y"]), ("Transpose", ["x"], ["t"]), ("Shape", ["x"], ["s"]),
             ("Identity", ["c"], ["d"])],
            {"x": [2, 3]}, {"y": [2, 3], "t": [3, 2], "s": (TensorProto.INT64, [2]), "d": [1]},
            c=np.array([7], np.float32),
        ),
        device,
    )  # fmt: skip
    x = random(2, 3)
    y, t, s, d = model.run({"x": x})
    assert np.array_equal(y, x) and np.array_equal(t, x.T) and list(s) == [2, 3] and d[0] == 7


def test_a_failing_node_is_named(device):
    model = tenon.load(
        make_model(
            [("Gather", ["table", "i"], ["y"])],
            {"i": (TensorProto.INT64, [2])}, {"y": [2, 3]}, table=random(4, 3),
        ),
        device,
    )  # fmt: skip
    with pytest.raises(tenon.Error):
        model.run({"i": np.array([0, 9], np.int64)})
    # And the model still works.
    assert model.run({"i": np.array([0, 3], np.int64)})[0].shape == (2, 3)

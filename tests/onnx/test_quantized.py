# SPDX-License-Identifier: Apache-2.0
"""Quantized models, and operators of com.microsoft, against ONNX Runtime, which defines the latter: equal in whole
numbers but for ties that its float32 moves, close in floats."""
import os

import numpy as np
import onnx
import pytest
import tenon
from onnx import TensorProto, helper, numpy_helper

onnxruntime = pytest.importorskip("onnxruntime")
MICROSOFT = "com.microsoft"
RANDOM = np.random.default_rng(3)


@pytest.fixture(scope="module")
def device():
    return tenon.device(os.environ.get("TENON_TEST_DEVICE", "cpu"))


def bytes_of(kind, *dims):
    info = np.iinfo(kind)
    return RANDOM.integers(info.min, info.max + 1, dims).astype(kind)


def floats(*dims):
    return RANDOM.standard_normal(dims).astype(np.float32)


def one(kind, value):
    return np.array(value, kind)


def model_of(nodes, inputs, constants, outputs, opset=21):
    """Inputs and outputs are {name: array}, whose types they have; an output may be a type alone."""
    def info(name, value):
        dtype = value if isinstance(value, int) else helper.np_dtype_to_tensor_dtype(value.dtype)
        return helper.make_tensor_value_info(name, dtype, None if isinstance(value, int) else value.shape)
    graph = helper.make_graph(nodes, "g", [info(*item) for item in inputs.items()],
                              [info(*item) for item in outputs.items()],
                              [numpy_helper.from_array(value, name) for name, value in constants.items()])
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def both(device, model, inputs):
    data = model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return tenon.load(data, device=device).run(inputs), session.run(None, inputs)


def compare(ours, theirs, quanta=0):
    for mine, its in zip(ours, theirs, strict=True):
        mine = np.asarray(mine)
        assert mine.dtype == its.dtype and mine.shape == its.shape
        if mine.dtype.kind == "f":
            np.testing.assert_allclose(mine, its, rtol=1e-5, atol=1e-5 * np.abs(its).max())
        else:
            assert np.abs(mine.astype(np.int64) - its.astype(np.int64)).max() <= quanta


def test_a_model_of_quantized_convolutions(device):
    """Conv, Relu, Conv with quantizing around them, as static quantization writes it."""
    constants, nodes = {}, []

    def quantized(name, kind, scale, zero, **attributes):
        constants[f"{name}_s"], constants[f"{name}_z"] = np.float32(scale), zero.astype(kind)
        nodes.append(helper.make_node("QuantizeLinear", [name, f"{name}_s", f"{name}_z"], [f"{name}_q"], **attributes))
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}_q", f"{name}_s", f"{name}_z"], [f"{name}_d"],
                                      **attributes))
        return f"{name}_d"

    def weight(name, *dims):
        constants[name] = bytes_of(np.int8, *dims)
        constants[f"{name}_s"] = np.linspace(0.002, 0.01, dims[0]).astype(np.float32)
        constants[f"{name}_z"] = np.zeros(dims[0], np.int8)
        nodes.append(helper.make_node("DequantizeLinear", [name, f"{name}_s", f"{name}_z"], [f"{name}_d"], axis=0))
        return f"{name}_d"

    x = floats(2, 3, 12, 12)
    nodes.append(helper.make_node(
        "Conv", [quantized("x", np.uint8, 0.03, one(int, 128)), weight("w", 8, 3, 3, 3)], ["a"], pads=[1, 1, 1, 1]))
    nodes.append(helper.make_node("Relu", ["a"], ["b"]))
    nodes.append(helper.make_node("Conv", [quantized("b", np.uint8, 0.05, one(int, 3)), weight("v", 5, 8, 3, 3)], ["c"]))
    constants["y_s"], constants["y_z"] = np.float32(0.2), np.uint8(100)
    nodes.append(helper.make_node("QuantizeLinear", ["c", "y_s", "y_z"], ["y"]))
    model = model_of(nodes, {"x": x}, constants, {"y": TensorProto.UINT8}, opset=13)
    compare(*both(device, model, {"x": x}), quanta=1)


def test_a_dynamically_quantized_mlp(device):
    nodes, constants, value = [], {}, "x"
    x = floats(7, 64)
    for i, (k, n) in enumerate(((64, 96), (96, 10))):
        constants |= {f"w{i}": bytes_of(np.int8, k, n), f"z{i}": np.zeros((), np.int8),
                      f"s{i}": np.float32(0.01), f"b{i}": floats(n)}
        nodes += [helper.make_node("DynamicQuantizeLinear", [value], [f"q{i}", f"qs{i}", f"qz{i}"]),
                  helper.make_node("MatMulInteger", [f"q{i}", f"w{i}", f"qz{i}", f"z{i}"], [f"m{i}"]),
                  helper.make_node("Cast", [f"m{i}"], [f"c{i}"], to=TensorProto.FLOAT),
                  helper.make_node("Mul", [f"qs{i}", f"s{i}"], [f"f{i}"]),
                  helper.make_node("Mul", [f"c{i}", f"f{i}"], [f"p{i}"]),
                  helper.make_node("Add", [f"p{i}", f"b{i}"], [f"a{i}"]),
                  helper.make_node("Relu", [f"a{i}"], [f"r{i}"])]
        value = f"r{i}"
    model = model_of(nodes, {"x": x}, constants, {value: TensorProto.FLOAT}, opset=13)
    compare(*both(device, model, {"x": x}))


def case(name, inputs, output, quanta=0, **attributes):
    return pytest.param(name, inputs, output, quanta, attributes, id=f"{name}_{len(inputs)}_{'_'.join(attributes)}")


def quantized(kind, *dims, scale=0.05):
    return [bytes_of(kind, *dims), np.float32(scale), one(kind, 3)]


U8, I8 = np.uint8, np.int8
UINT8, INT8, FLOAT = TensorProto.UINT8, TensorProto.INT8, TensorProto.FLOAT
SCALE, ZERO = np.float32(0.1), one(U8, 100)
OPERATORS = [
    case("QLinearAdd", [*quantized(U8, 3, 4), *quantized(U8, 4), SCALE, ZERO], UINT8, 1),
    case("QLinearMul", [*quantized(I8, 3, 4), *quantized(I8, 3, 1), SCALE, one(I8, -5)], INT8, 1),
    case("QLinearSigmoid", [*quantized(U8, 50), np.float32(1 / 256), one(U8, 0)], UINT8, 1),
    case("QLinearLeakyRelu", [*quantized(I8, 50), SCALE, one(I8, 4)], INT8, 1, alpha=0.2),
    case("QLinearConcat", [SCALE, ZERO, *quantized(U8, 2, 3), *quantized(U8, 2, 5, scale=0.2)], UINT8, 1, axis=1),
    case("QLinearGlobalAveragePool", [*quantized(U8, 2, 3, 5, 5), SCALE, ZERO], UINT8, 1, channels_last=0),
    case("QLinearGlobalAveragePool", [*quantized(U8, 2, 5, 5, 3), SCALE, ZERO], UINT8, 1, channels_last=1),
    case("QLinearAveragePool", [*quantized(U8, 1, 3, 7, 7), SCALE, ZERO], UINT8, 1, kernel_shape=[3, 3],
         pads=[1, 1, 1, 1], strides=[2, 2]),
    case("QLinearAveragePool", [*quantized(U8, 1, 7, 7, 3), SCALE, ZERO], UINT8, 1, kernel_shape=[3, 2],
         auto_pad="SAME_UPPER", strides=[2, 2], channels_last=1),
    case("QGemm", [*quantized(U8, 5, 8), *quantized(I8, 8, 6), bytes_of(np.int32, 6) // 100000, SCALE, ZERO], UINT8, 1,
         alpha=1.0),
    case("QGemm", [*quantized(U8, 8, 5), *quantized(I8, 6, 8)], FLOAT, transA=1, transB=1),
    case("MatMulIntegerToFloat", [bytes_of(U8, 2, 5, 9), bytes_of(I8, 9, 6), SCALE, floats(6) ** 2, ZERO,
                                  np.zeros(6, I8), floats(6)], FLOAT),
    case("DynamicQuantizeMatMul", [floats(5, 9), bytes_of(I8, 9, 6), floats(6) ** 2, np.zeros(6, I8), floats(6)], FLOAT),
    case("MatMulNBits", [floats(3, 48), bytes_of(U8, 7, 3, 8), floats(7, 3)], FLOAT, K=48, N=7, bits=4, block_size=16),
    case("MatMulNBits", [floats(3, 48), bytes_of(U8, 7, 3, 8), floats(7, 3), bytes_of(U8, 7, 2)], FLOAT, K=48, N=7,
         bits=4, block_size=16),
    case("MatMulNBits", [floats(2, 3, 64), bytes_of(U8, 5, 2, 32), floats(5, 2), bytes_of(U8, 5, 2)], FLOAT, K=64, N=5,
         bits=8, block_size=32),
]


@pytest.mark.parametrize("name,inputs,output,quanta,attributes", OPERATORS)
def test_operators_of_com_microsoft(device, name, inputs, output, quanta, attributes):
    """What they read is what they are given, too: the first tensor comes from outside, the rest are initializers."""
    first = 2 if name == "QLinearConcat" else 0
    names = [f"i{i}" for i in range(len(inputs))]
    node = helper.make_node(name, names, ["y"], domain=MICROSOFT, **attributes)
    constants = {n: np.asarray(v) for i, (n, v) in enumerate(zip(names, inputs)) if i != first}
    given = {names[first]: inputs[first]}
    ours, theirs = both(device, model_of([node], given, constants, {"y": output}), given)
    compare(ours, theirs, quanta)


def test_refuses_what_the_schema_forbids(device):
    node = helper.make_node("MatMulNBits", ["x", "b", "s"], ["y"], domain=MICROSOFT, K=32, N=4, bits=4)
    model = model_of([node], {"x": floats(2, 32)}, {"b": bytes_of(U8, 4, 1, 16), "s": floats(4, 1)}, {"y": FLOAT})
    with pytest.raises(Exception, match="block_size"):
        tenon.load(model.SerializeToString(), device=device)
    node = helper.make_node("NoSuchOperator", ["x"], ["y"], domain=MICROSOFT)
    model = model_of([node], {"x": floats(2)}, {}, {"y": FLOAT})
    with pytest.raises(Exception, match="com.microsoft.NoSuchOperator"):
        tenon.load(model.SerializeToString(), device=device)

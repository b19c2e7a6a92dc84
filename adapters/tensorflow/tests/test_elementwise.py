# SPDX-License-Identifier: Apache-2.0
"""Elementwise ops, their gradients, comparisons: against TensorFlow's CPU kernels."""

import numpy as np
import pytest
import tensorflow as tf

from compare import compare, random

pytestmark = pytest.mark.usefixtures("strict_placement")

FLOATS = [tf.float32, tf.float64, tf.float16, tf.bfloat16]
SHAPES = [(), (7,), (3, 5), (2, 1, 4), (0, 3), (33, 65)]

ANY = ["Neg", "Exp", "Sin", "Cos", "Tan", "Atan", "Sinh", "Cosh", "Asinh", "Tanh", "Sigmoid", "Elu", "Softplus", "Erf", "Erfc", "Floor",
       "Ceil", "Rint", "Round", "Relu6", "Selu", "Softsign", "Square", "Abs", "Sign", "Relu"]
POSITIVE = ["Sqrt", "Rsqrt", "Reciprocal", "Inv", "Log", "Log1p"]


OF_UNIT = ["Asin", "Acos", "Atanh"]


def has_cpu_kernel(op, dtype):
    try:
        with tf.device("CPU:0"):
            return getattr(tf.raw_ops, op)(**{"features" if op in FEATURES else "x": tf.ones([1], dtype)}) is not None
    except tf.errors.OpError:
        return False


FEATURES = ("Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign", "LeakyRelu")


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda d: d.name)
@pytest.mark.parametrize("op", ANY + POSITIVE + OF_UNIT + ["Acosh"])
def test_unary(op, dtype):
    if not has_cpu_kernel(op, dtype):
        return  # Nothing to compare with.
    argument = "features" if op in FEATURES else "x"
    for shape in SHAPES:
        low, high = (0.1, 3.0) if op in POSITIVE else (-0.9, 0.9) if op in OF_UNIT else (-3.0, 3.0)
        if op == "Acosh":
            low = 1.0
        compare(op, **{argument: random(shape, dtype, low, high)})


@pytest.mark.parametrize("op", ["Neg", "Abs", "Sign", "Square"])
def test_unary_int64(op):
    compare(op, x=random((3, 5), tf.int64, -9, 9))


def test_special_values():
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-30, 3e38], np.float32)
    for op in ["Exp", "Tanh", "Sigmoid", "Abs", "Neg", "Square", "Floor", "Sign"]:
        compare(op, x=x)
    for op in ["Relu", "Softplus", "Elu"]:
        compare(op, features=x)
    for op in ["IsNan", "IsInf", "IsFinite"]:
        compare(op, x=x)
    tiny = np.array([0.0, 1e-9, -1e-9, 1e-5, -1e-5, 0.5, 10.0, np.inf, np.nan, -1.0], np.float32)
    with tf.device("TENON:0"):
        got = tf.raw_ops.Log1p(x=tiny).numpy()
    np.testing.assert_allclose(got, np.log1p(tiny), rtol=1e-6)


PAIRS = [((3, 5), (3, 5)), ((3, 5), ()), ((), (4,)), ((3, 1), (1, 5)), ((2, 3, 4), (3, 1)),
         ((4,), (2, 3, 4)), ((0, 3), (1, 3))]
BINARY = ["Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "RealDiv", "Div", "DivNoNan",
          "SquaredDifference", "FloorDiv", "FloorMod"]


@pytest.mark.parametrize("dtype", FLOATS + [tf.int64], ids=lambda d: d.name)
@pytest.mark.parametrize("op", BINARY)
def test_binary(op, dtype):
    if dtype == tf.int64 and op in ("RealDiv", "Div", "DivNoNan", "SquaredDifference"):
        return
    if op in ("FloorDiv", "FloorMod") and dtype in (tf.float16, tf.bfloat16):
        return  # One rounding step decides about a whole unit.
    for a, b in PAIRS:
        y = random(b, dtype, 1, 5, seed=3)
        compare(op, x=random(a, dtype, -9, 9), y=y)


@pytest.mark.parametrize("dtype", [tf.int8, tf.int32, tf.int64, tf.uint8, tf.uint16], ids=lambda d: d.name)
@pytest.mark.parametrize("op", ["BitwiseAnd", "BitwiseOr", "BitwiseXor", "LeftShift", "RightShift"])
def test_bits(op, dtype):
    shifts = op.endswith("Shift")
    for a, b in PAIRS:
        y = random(b, dtype, 0, 7 if shifts else 90, seed=3)
        compare(op, x=random(a, dtype, 0 if dtype.is_unsigned else -90, 90), y=y)
    compare("Invert", x=random((3, 5), dtype, 0, 90))


def test_pow_and_atan2():
    for a, b in PAIRS:
        compare("Pow", x=random(a, low=0.1, high=3), y=random(b, seed=1))
        compare("Atan2", y=random(a), x=random(b, seed=1))


def test_division_by_zero():
    x = np.array([1.0, -1.0, 0.0], np.float32)
    zero = np.zeros(3, np.float32)
    compare("DivNoNan", x=x, y=zero)
    compare("RealDiv", x=x, y=zero)


@pytest.mark.parametrize("op", ["Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"])
def test_comparisons(op):
    for dtype in (tf.float32, tf.float64, tf.int64, tf.uint8):
        for a, b in PAIRS:
            compare(op, x=random(a, dtype, 0, 3), y=random(b, dtype, 0, 3, seed=2))


def test_logic():
    for a, b in PAIRS:
        for op in ("LogicalAnd", "LogicalOr"):
            compare(op, x=random(a, tf.bool), y=random(b, tf.bool, seed=5))
        compare("LogicalNot", x=random(a, tf.bool))


GRADIENTS = [("TanhGrad", "y", "dy"), ("SigmoidGrad", "y", "dy"), ("SqrtGrad", "y", "dy"),
             ("RsqrtGrad", "y", "dy"), ("ReciprocalGrad", "y", "dy"), ("InvGrad", "y", "dy"),
             ("ReluGrad", "features", "gradients"), ("Relu6Grad", "features", "gradients"),
             ("LeakyReluGrad", "features", "gradients"), ("EluGrad", "outputs", "gradients"),
             ("SeluGrad", "outputs", "gradients"), ("SoftplusGrad", "features", "gradients"),
             ("SoftsignGrad", "features", "gradients")]


@pytest.mark.parametrize("op,x,dy", GRADIENTS, ids=lambda v: v)
def test_gradients(op, x, dy):
    for dtype in (tf.float32, tf.float64):
        low = 0.2 if op in ("SqrtGrad", "RsqrtGrad") else -1.5
        compare(op, **{x: random((5, 7), dtype, low, 8), dy: random((5, 7), dtype, seed=9)})


def test_choosing():
    for dtype in (tf.float32, tf.int64, tf.bool):
        a, b = random((3, 4), dtype), random((3, 4), dtype, seed=1)
        compare("SelectV2", condition=random((3, 1), tf.bool), t=a, e=b)
        compare("Select", condition=random((3,), tf.bool), x=a, y=b)
        compare("Select", condition=random((3, 4), tf.bool), x=a, y=b)
    x = random((3, 4))
    compare("ClipByValue", t=x, clip_value_min=np.float32(-1), clip_value_max=np.float32(0.5))
    compare("LeakyRelu", features=x, alpha=0.3)


def test_add_n():
    parts = [random((3, 5), seed=i) for i in range(7)]
    for n in (1, 2, 7):
        compare("AddN", inputs=parts[:n])


CASTS = [tf.float32, tf.float64, tf.float16, tf.bfloat16, tf.int64, tf.int32, tf.uint8, tf.bool]


@pytest.mark.parametrize("source", CASTS, ids=lambda d: d.name)
def test_cast(source):
    for target in CASTS:
        compare("Cast", x=random((3, 5), source, 0, 100), DstT=target)


def test_inplace_leaves_shared_inputs():
    with tf.device("TENON:0"):
        a = tf.constant(random((4, 4)))
        before = a.numpy()
        tf.nn.relu(a)
        a + 1.0
        tf.nn.softmax(a)
        np.testing.assert_array_equal(a.numpy(), before)

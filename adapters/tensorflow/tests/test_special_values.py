# SPDX-License-Identifier: Apache-2.0
"""Values at the edge: poles, infinities, NaN, indices out of range, 16-bit sums, empty axes."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from compare import compare, random, run

pytestmark = pytest.mark.usefixtures("strict_placement")

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, np.inf, -np.inf, np.nan, 6.0, 1e-3]
GRID = np.array(list(itertools.product(SPECIAL, SPECIAL)))
PAIRS = [("y", "dy", ["SqrtGrad", "RsqrtGrad", "ReciprocalGrad", "InvGrad", "TanhGrad",
                      "SigmoidGrad"]),
         ("features", "gradients", ["ReluGrad", "Relu6Grad", "LeakyReluGrad", "SoftplusGrad",
                                    "SoftsignGrad"]),
         ("outputs", "gradients", ["EluGrad", "SeluGrad"]),
         ("x", "y", ["DivNoNan", "FloorDiv", "FloorMod", "Maximum", "Minimum", "Pow",
                     "SquaredDifference", "Atan2"])]


@pytest.mark.parametrize("a,b,op", [(a, b, op) for a, b, ops in PAIRS for op in ops])
def test_special_values(a, b, op):
    for dtype in (np.float32, np.float64):
        left, right = GRID[:, 0].astype(dtype), GRID[:, 1].astype(dtype)
        compare(op, tolerance=1e-4, **{a: left, b: right})


# TensorFlow's CPU takes subnormal numbers for 0: see docs/decisions/subnormal-numbers.md.
SUBNORMAL = np.array([1e-38, -1e-38, 1e-45, 2e-38, 0.0, -0.0, 1.0, 3e38, np.inf], np.float32)
SUBNORMAL_GRID = np.array(list(itertools.product(SUBNORMAL, SUBNORMAL)), np.float32)


def same_numbers(op, **arguments):
    want, got = (run(device, op, arguments)[0].numpy() for device in ("CPU:0", "TENON:0"))
    if want.dtype.kind == "f":
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-37, err_msg=op)
    else:
        np.testing.assert_array_equal(got, want, err_msg=op)


@pytest.mark.parametrize("a,b,op", [(a, b, op) for a, b, ops in PAIRS for op in ops
                                    # Its own is 0 for 4 pairs of 0 and 1e-38, and pi / 4 for 8.
                                    if op != "Atan2"] + [
    ("x", "y", op) for op in ("AddV2", "Sub", "Mul", "RealDiv", "Equal", "Less", "GreaterEqual")])
def test_subnormal_numbers_count_as_0(a, b, op):
    left, right = SUBNORMAL_GRID[:, 0], SUBNORMAL_GRID[:, 1]
    same_numbers(op, **{a: left, b: right})


@pytest.mark.parametrize("op", ["Sqrt", "Rsqrt", "Reciprocal", "Log", "Log1p", "Exp", "Sin", "Cos",
                                "Sign", "Square", "Tanh", "Sigmoid", "Softplus"])
def test_functions_of_subnormal_numbers(op):
    argument = "features" if op == "Softplus" else "x"
    # Long enough for several threads, which TensorFlow has not set as its own.
    same_numbers(op, **{argument: np.tile(SUBNORMAL, 40000)})


def test_sums_and_products_of_subnormal_numbers():
    tiny = np.full((256, 256), 1e-38, np.float32)
    same_numbers("Sum", input=tiny, axis=np.int32(1), keep_dims=False)
    same_numbers("MatMul", a=tiny, b=np.ones((256, 256), np.float32))


def test_shapes_of_gradients_must_agree():
    with tf.device("TENON:0"):
        for op, a, b in (("SqrtGrad", "y", "dy"), ("ReluGrad", "features", "gradients")):
            with pytest.raises(tf.errors.InvalidArgumentError):
                getattr(tf.raw_ops, op)(**{a: tf.ones([2, 3]), b: tf.ones([3])})


def test_float_ranges():
    grid = [(start / 10, limit / 10, step) for start in range(3) for limit in (5, 11, 17, 32)
            for step in (0.1, 0.2, 0.3, 0.7)]
    for start, limit, step in grid + [(1.0, 0.0, -0.3), (0.0, 1.0, np.inf), (3.0, 3.0, 1.0)]:
        for dtype in (np.float32, np.float64):
            compare("Range", start=dtype(start), limit=dtype(limit), delta=dtype(step))


def test_ranges_that_run_the_wrong_way():
    for dtype in (tf.float32, tf.int64):
        with tf.device("TENON:0"), pytest.raises(tf.errors.InvalidArgumentError, match="Requires"):
            tf.raw_ops.Range(start=tf.constant(5, dtype), limit=tf.constant(0, dtype),
                             delta=tf.constant(1, dtype))


@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_negative_segments_are_dropped(index):
    ids = np.array([0, -1, 2, -7, 0, np.iinfo(index).min], index)
    for dtype in (tf.float32, tf.int32, tf.float16):
        compare("UnsortedSegmentSum", data=random((6, 2), dtype, 0, 5), segment_ids=ids,
                num_segments=np.int32(3))
    compare("UnsortedSegmentSum", data=random((2, 3)), segment_ids=np.array([-1, -1], index),
            num_segments=np.int32(0))


def refused(call):
    with tf.device("TENON:0"), pytest.raises(tf.errors.InvalidArgumentError):
        for tensor in tf.nest.flatten(call()):
            if isinstance(tensor, tf.Tensor):  # None of an op that updates a variable.
                tensor.numpy()
        tf.test.experimental.sync_devices()


@pytest.mark.parametrize("wrong", [-1, -3, 3, np.iinfo(np.int32).min])
@pytest.mark.parametrize("index", [tf.int32, tf.int64])
def test_indices_out_of_range(index, wrong):
    ids = tf.constant([1, wrong], index)
    nd = ids[:, None]
    x, rows, raw = tf.ones([3, 2]), tf.ones([2, 2]), tf.raw_ops
    refused(lambda: raw.GatherV2(params=x, indices=ids, axis=0))
    refused(lambda: raw.GatherV2(params=x[None], indices=ids[None], axis=1, batch_dims=1))
    refused(lambda: raw.GatherNd(params=x, indices=nd))
    refused(lambda: raw.ScatterNd(indices=nd, updates=rows, shape=tf.constant([3, 2], index)))
    for op in ("Update", "Add", "Sub", "Max", "Min"):
        refused(lambda op=op: getattr(raw, "TensorScatter" + op)(tensor=x, indices=nd,
                                                                 updates=rows))
    with tf.device("TENON:0"):
        variable = tf.Variable(x)
    refused(lambda: raw.ResourceGather(resource=variable.handle, indices=ids, dtype=tf.float32))
    for op in ("Update", "Add", "Sub", "Max", "Min"):
        refused(lambda op=op: getattr(raw, "ResourceScatter" + op)(resource=variable.handle,
                                                                   indices=ids, updates=rows))
    if wrong >= 3:
        refused(lambda: raw.UnsortedSegmentSum(data=rows, segment_ids=ids, num_segments=3))


def test_sums_of_16_bit_floats():
    for dtype in (tf.float16, tf.bfloat16):
        compare("L2Loss", t=np.ones((300, 300), dtype.as_numpy_dtype))


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float32], ids=lambda d: d.name)
def test_uniform_numbers_leave_out_their_end(dtype):
    with tf.device("TENON:0"):
        for low in (0, 1):
            numbers = tf.random.uniform([100000], low, low + 1, dtype)
            assert low <= tf.reduce_min(numbers) and tf.reduce_max(numbers) < low + 1
            assert abs(tf.reduce_mean(tf.cast(numbers, tf.float32)) - low - 0.5) < 0.01


def test_arguments_of_extremes_leave_nan_out():
    x = np.array([[1, np.nan, 3], [np.nan, 2, -1], [np.nan] * 3, [-np.inf, np.nan, -np.inf]],
                 np.float32)
    for op in ("ArgMax", "ArgMin"):
        compare(op, input=x[[0, 3]], dimension=np.int32(1))


def test_norm_over_no_axes():
    compare("EuclideanNorm", input=np.array([-1, 2, -0.0], np.float32),
            axis=np.array([], np.int32))


EQUATIONS = {"ij->iij": [(2, 3)], "ij->ijj": [(2, 3)], "i->iii": [(3,)],
             "ij,jk->iik": [(2, 3), (3, 4)], "ij,ij->iij": [(2, 3), (2, 3)],
             "ii,ij->j": [(3, 3), (3, 2)], "ij,kl->ijkl": [(0, 3), (1, 2)], "ij,->ij": [(0, 0), ()]}


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum_repeats_labels(equation):
    compare("Einsum", inputs=[random(shape, seed=i) for i, shape in enumerate(EQUATIONS[equation])],
            equation=equation)


def test_einsum_refuses():
    for equation, shapes in (("ij->ijk", [(2, 3)]), ("ij,jk->ik", [(2, 3), (4, 5)]),
                             ("ij,jk->ik", [(2, 1), (4, 5)]), ("ii->i", [(2, 3)]),
                             ("...i->i", [(2, 3)]), ("ab,bc,cd->ad", [(2, 2)] * 3)):
        refused(lambda e=equation, s=shapes: tf.raw_ops.Einsum(inputs=[tf.ones(x) for x in s],
                                                               equation=e))


def test_equality_of_shapes_that_do_not_broadcast():
    for op in ("Equal", "NotEqual"):
        compare(op, x=random((2, 3)), y=random((4,)), incompatible_shape_error=False)
        refused(lambda op=op: getattr(tf.raw_ops, op)(x=tf.ones([2, 3]), y=tf.ones([4])))


def test_windows_of_nothing():
    for padding in ("SAME", "VALID"):
        for shape in ((2, 0, 4, 3), (2, 4, 4, 3)):
            arguments = dict(ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding=padding)
            if shape[1] or padding == "SAME":
                compare("AvgPool", value=random(shape), **arguments)
    with tf.device("TENON:0"):
        x = tf.raw_ops.Conv2D(input=tf.ones([1, 2, 4, 1]), filter=tf.ones([3, 1, 1, 2]),
                              strides=[1, 1, 1, 1], padding="VALID")
    assert x.shape == (1, 0, 4, 2)


def test_long_lists():
    compare("SplitV", value=random((40, 2)), size_splits=np.full(20, 2, np.int32),
            axis=np.int32(0), num_split=20)
    with tf.device("TENON:0"):  # The CPU's Pad ends at 8 dimensions.
        padded = tf.raw_ops.Pad(input=tf.ones([1] * 10), paddings=[[1, 0]] * 10)
    assert padded.shape == [2] * 10 and tf.reduce_sum(padded) == 1
    compare("Transpose", x=random((2, 3)), perm=np.array([-1, 0], np.int32))
    assert len(run("TENON:0", "Unpack", dict(value=random((20, 2)), num=20))) == 20

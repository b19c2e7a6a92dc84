# SPDX-License-Identifier: Apache-2.0
"""Ops that move, slice, gather, create."""

import numpy as np
import pytest
import tensorflow as tf

from compare import compare, random

pytestmark = pytest.mark.usefixtures("strict_placement")

TYPES = [tf.float32, tf.float64, tf.float16, tf.bfloat16, tf.int64, tf.int32, tf.uint8, tf.bool]


def ints(*values):
    return np.array(values, np.int32)


@pytest.mark.parametrize("dtype", TYPES, ids=lambda d: d.name)
def test_movement_of_all_types(dtype):
    x = random((2, 3, 4), dtype, 0, 9)
    compare("Transpose", x=x, perm=ints(2, 0, 1))
    compare("Transpose", x=x, perm=ints(0, 1, 2))
    compare("BroadcastTo", input=x[:, :1], shape=ints(5, 2, 3, 4))
    compare("Tile", input=x, multiples=ints(2, 1, 3))
    compare("Pad", input=x, paddings=np.array([[1, 0], [0, 2], [3, 1]], np.int32))
    compare("ReverseV2", tensor=x, axis=ints(0, 2))
    compare("Split", axis=np.int32(2), value=x, num_split=2)
    compare("SplitV", value=x, size_splits=ints(1, -1), axis=np.int32(1), num_split=2)
    if dtype == tf.int32:
        return
    compare("ConcatV2", values=[x, x[:1], x], axis=np.int32(0))
    compare("ConcatV2", values=[x, x[:, :, :1]], axis=np.int32(-1))
    compare("Pack", values=[x, x, x], axis=1)
    compare("Slice", input=x, begin=ints(0, 1, 2), size=ints(2, -1, 1))
    if dtype not in (tf.int64, tf.uint8):
        compare("Unpack", value=x, num=3, axis=1)


def test_bitcast():
    x = random((3, 4))
    for dtype in (tf.int32, tf.uint8, tf.float16, tf.bfloat16):
        compare("Bitcast", input=x, type=dtype)
    compare("Bitcast", input=random((3, 2), tf.float32), type=tf.float64)


def test_roll():
    x = random((3, 4, 5))
    compare("Roll", input=x, shift=ints(2, -1), axis=ints(0, 2))
    compare("Roll", input=x, shift=ints(1, 2), axis=ints(1, 1))
    compare("Roll", input=x, shift=ints(4), axis=ints(1))


def test_pad_v2():
    compare("PadV2", input=random((2, 3)), paddings=np.array([[1, 1], [0, 2]], np.int32),
            constant_values=np.float32(7))


SLICES = [
    np.s_[1], np.s_[1:], np.s_[::2], np.s_[::-1], np.s_[..., 1], np.s_[:, 1:3, -1], np.s_[-2:, None],
    np.s_[4:1:-2], np.s_[:, ::-2, 1:], np.s_[None, ..., ::3], np.s_[3:1], np.s_[1:100, -100:2],
    np.s_[:],
]


@pytest.mark.parametrize("s", SLICES, ids=str)
def test_strided_slice_and_gradient(s):
    x = random((5, 6, 7))
    with tf.device("TENON:0"):
        value = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(value)
            y = value[s]
            loss = tf.reduce_sum(y * y)
        gradient = tape.gradient(loss, value)
    np.testing.assert_array_equal(y.numpy(), x[s])
    want = np.zeros_like(x)
    want[s] = 2 * x[s]
    np.testing.assert_allclose(gradient.numpy(), want, rtol=1e-6)


def test_strided_slice_out_of_bounds():
    with tf.device("TENON:0"), pytest.raises(tf.errors.InvalidArgumentError, match="out of bounds"):
        tf.constant([1.0, 2.0])[5]


def test_tensor_strided_slice_update():
    compare("TensorStridedSliceUpdate", input=random((4, 5)), begin=ints(1, 0), end=ints(3, 5),
            strides=ints(1, 2), value=random((2, 3), seed=3))


@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_gather(index):
    x = random((4, 5, 6))
    ids = np.array([[3, 0, 1], [2, 2, 3]], index)
    for dtype in (np.float32, np.float64, np.int64, np.int32):
        compare("GatherV2", params=x.astype(dtype), indices=ids, axis=np.int32(0))
    compare("GatherV2", params=x, indices=ids, axis=np.int32(1))
    compare("GatherV2", params=x, indices=ids, axis=np.int32(-1))
    compare("GatherV2", params=x, indices=np.array(2, index), axis=np.int32(1))
    pairs = np.array([[0, 1], [4, 4], [2, 3], [1, 0]], index)
    compare("GatherV2", params=x, indices=pairs, axis=np.int32(1), batch_dims=1)
    compare("GatherV2", params=x, indices=pairs, axis=np.int32(2), batch_dims=1)
    compare("GatherNd", params=x, indices=np.array([[0, 1], [3, 4]], index))
    compare("GatherNd", params=x, indices=np.array([[0, 1, 5], [3, 4, 0]], index))


def test_segments_and_scatter():
    for index in (np.int32, np.int64):
        compare("UnsortedSegmentSum", data=random((5, 3)), segment_ids=np.array([0, 2, 2, 0, 3], index),
                num_segments=np.int32(5))
        compare("UnsortedSegmentSum", data=random((2, 2, 3)),
                segment_ids=np.array([[0, 1], [1, 4]], index), num_segments=np.int32(5))
        where = np.array([[1], [3], [1]], index)
        updates = random((3, 4), seed=1)
        compare("ScatterNd", indices=where, updates=updates, shape=np.array([5, 4], index))
        for op in ("TensorScatterAdd", "TensorScatterSub", "TensorScatterMax", "TensorScatterMin"):
            compare(op, tensor=random((5, 4)), indices=where, updates=updates)
        compare("TensorScatterUpdate", tensor=random((5, 4)), indices=where[:2],
                updates=updates[:2])


def test_creation():
    for dtype in (tf.float32, tf.float64, tf.int64, tf.bool, tf.float16):
        value = random((), dtype)
        compare("Fill", dims=ints(2, 3), value=np.asarray(value))
        compare("ZerosLike", x=random((2, 3), dtype))
        compare("OnesLike", x=random((2, 3), dtype))
    for dtype in (np.float32, np.float64, np.int64):
        for start, limit, delta in ((0, 10, 3), (5, -5, -2), (3, 3, 1)):
            compare("Range", start=np.asarray(start, dtype), limit=np.asarray(limit, dtype),
                    delta=np.asarray(delta, dtype))
    ids = np.array([[0, 4, 2], [-1, 9, 1]])
    for index in (np.int32, np.int64):
        for axis in (-1, 0, 1):
            compare("OneHot", indices=ids.astype(index), depth=np.int32(5), on_value=np.float32(2),
                    off_value=np.float32(-1), axis=axis)
    for low, high in ((0, 0), (-1, 0), (1, -1), (2, 1), (-1, -1)):
        compare("MatrixBandPart", input=random((2, 4, 5)), num_lower=np.int64(low),
                num_upper=np.int64(high))

# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import tensorflow as tf

from compare import compare, random

pytestmark = pytest.mark.usefixtures("strict_placement")

AXES = [[], [0], [1], [-1], [0, 2], [0, 1, 2], [2, 0]]


@pytest.mark.parametrize("op", ["Sum", "Mean", "Max", "Min", "Prod", "EuclideanNorm"])
def test_reduce(op):
    for dtype in (tf.float32, tf.float64, tf.float16, tf.bfloat16):
        for axes in AXES:
            for keep in (False, True):
                compare(op, input=random((3, 5, 4), dtype, 0.5, 1.5), axis=np.array(axes, np.int32),
                        keep_dims=keep)


def test_reduce_integers_and_types_of_axes():
    x = random((3, 5), tf.int64, -9, 9)
    for op in ("Sum", "Max", "Min", "Prod"):
        compare(op, input=x, axis=np.array([1], np.int64))
    compare("Sum", input=random((3, 5), tf.int32, -9, 9), axis=np.int32(0))


def test_reduce_nothing():
    x = np.zeros((0, 3), np.float32)
    for op in ("Sum", "Prod", "Max", "Min"):
        compare(op, input=x, axis=np.array([0], np.int32))


def test_reduce_bool():
    x = random((4, 3, 2), tf.bool)
    for op in ("All", "Any"):
        for axes in ([0], [1, 2], []):
            compare(op, input=x, axis=np.array(axes, np.int32))


def test_sum_of_strided_and_large():
    compare("Sum", input=random((257, 129)), axis=np.array([0], np.int32))
    compare("Mean", input=random((64, 7, 9, 5)), axis=np.array([0, 1, 2], np.int32))


@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
def test_arg(op):
    for out in (tf.int64, tf.int32):
        for axis in (0, 1, -1):
            compare(op, input=random((5, 7, 3)), dimension=np.int32(axis), output_type=out)


@pytest.mark.parametrize("op", ["Cumsum", "Cumprod"])
def test_cumulative(op):
    for exclusive in (False, True):
        for reverse in (False, True):
            compare(op, x=random((4, 6)), axis=np.int32(1), exclusive=exclusive, reverse=reverse)
    compare(op, x=random((4, 6), tf.int64, 0, 9), axis=np.int32(0))


def test_top_k():
    compare("TopKV2", input=random((4, 9)), k=np.int32(3))
    compare("TopKV2", input=random((9,), tf.int64, 0, 5), k=np.int32(9))


def test_l2_loss():
    compare("L2Loss", t=random((7, 5)))


def test_errors():
    with tf.device("TENON:0"), pytest.raises(tf.errors.InvalidArgumentError):
        tf.raw_ops.Sum(input=tf.ones([2, 2]), axis=[5])

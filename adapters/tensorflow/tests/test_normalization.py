# SPDX-License-Identifier: Apache-2.0
"""Softmax, batch normalization, losses, random numbers."""

import numpy as np
import pytest
import tensorflow as tf

from compare import assert_close, compare, random, run

pytestmark = pytest.mark.usefixtures("strict_placement")


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
def test_softmax(op):
    for dtype in (tf.float32, tf.float64, tf.float16):
        for shape in ((3, 5), (2, 3, 7), (0, 4)):
            compare(op, logits=random(shape, dtype, -9, 9))


def test_cross_entropy():
    logits = random((5, 7), low=-4, high=4)
    labels = np.array([0, 6, 3, 3, 1])
    for dtype in (np.int32, np.int64):
        compare("SparseSoftmaxCrossEntropyWithLogits", features=logits, labels=labels.astype(dtype))
    soft = random((5, 7), low=0, high=1, seed=3)
    compare("SoftmaxCrossEntropyWithLogits", features=logits, labels=soft)
    compare("SoftmaxCrossEntropyWithLogits", features=logits, labels=soft[:1])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("factor", [1.0, 0.25])
def test_fused_batch_norm(training, factor):
    for dtype in (tf.float32, tf.float16):
        x = random((3, 4, 5, 6), dtype)
        scale, offset = random((6,), low=0.5, high=2), random((6,), seed=1)
        mean, variance = random((6,), seed=2), random((6,), low=0.5, high=2, seed=3)
        arguments = dict(x=x, scale=scale, offset=offset, mean=mean, variance=variance,
                         epsilon=1e-3, exponential_avg_factor=factor, is_training=training)
        compare("FusedBatchNormV3", tolerance=4e-3 if dtype == tf.float16 else None,
                only=[0, 1, 2, 3, 4] if training else [0, 1, 2], **arguments)
        y = run("CPU:0", "FusedBatchNormV3", arguments)
        if not training:  # The CPU leaves these as they come.
            y[3], y[4] = tf.constant(mean), tf.constant(variance)
        compare("FusedBatchNormGradV3", tolerance=1e-2 if dtype == tf.float16 else 1e-4,
                only=[0, 1, 2], y_backprop=random(x.shape, dtype, seed=4), x=x, scale=scale,
                reserve_space_1=y[3].numpy(), reserve_space_2=y[4].numpy(),
                reserve_space_3=y[5].numpy(), epsilon=1e-3, is_training=training)


def test_fused_batch_norm_channels_first():
    x = random((3, 6, 4, 5))
    scale, offset, none = random((6,), low=0.5), random((6,), seed=1), np.zeros(0, np.float32)
    with tf.device("TENON:0"):
        got = tf.raw_ops.FusedBatchNormV3(x=x, scale=scale, offset=offset, mean=none,
                                          variance=none, data_format="NCHW")
    with tf.device("CPU:0"):
        want = tf.raw_ops.FusedBatchNormV3(x=x.transpose(0, 2, 3, 1), scale=scale, offset=offset,
                                           mean=none, variance=none)
    assert_close(tf.transpose(want[0], [0, 3, 1, 2]), got[0])
    assert_close(want[2], got[2])


def test_random_numbers():
    with tf.device("TENON:0"):
        uniform = tf.random.uniform([20000]).numpy()
        normal = tf.random.normal([20000]).numpy()
        again = tf.random.uniform([20000]).numpy()
    assert 0 <= uniform.min() and uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.01 and abs(uniform.var() - 1 / 12) < 0.005
    assert abs(normal.mean()) < 0.03 and abs(normal.std() - 1) < 0.03
    assert not np.array_equal(uniform, again)

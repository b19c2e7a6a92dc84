# SPDX-License-Identifier: Apache-2.0
"""Ops without a kernel where TensorFlow cannot place them on the CPU: in the bodies of functional ops,
which run on the op's device without a placer, and under an explicit device."""

import numpy as np
import pytest
import tensorflow as tf

SPECS = (tf.TensorSpec([], tf.int32), tf.TensorSpec([4], tf.float32))
BODIES = {
    "int32 Pack": lambda i, x: (i + 1, tf.tensor_scatter_nd_update(x, tf.stack([[i]]), [0.5])),
    "no row": lambda i, x: (i + 1, tf.math.lgamma(x) / 2),
    "no row for the type": lambda i, x: (i + 1, tf.math.real(tf.complex(x, x) * 1j)),
    "several outputs": lambda i, x: (i + 1, tf.nn.top_k(tf.math.cumulative_logsumexp(x), 4)[0]),
    "int32 sums": lambda i, x: (i + tf.reduce_sum(tf.stack([i, 1])) - i, x * tf.cast(i, tf.float32)),
}


def run(device, body):
    with tf.device(device):
        condition = tf.function(lambda i, x: i < 3).get_concrete_function(*SPECS)
        step = tf.function(body).get_concrete_function(*SPECS)
        loop = tf.function(lambda x: tf.raw_ops.While(input=[tf.constant(0), x], cond=condition,
                                                      body=step)[1])
        return loop(tf.constant([0.5, 0.25, 1.0, 0.75])).numpy()


@pytest.mark.parametrize("name", BODIES)
def test_while_body(name):
    np.testing.assert_allclose(run("TENON:0", BODIES[name]), run("CPU:0", BODIES[name]), rtol=1e-5)


def test_ctc_loss_in_a_function():
    def loss(device):
        with tf.device(device):
            return tf.function(lambda l: tf.nn.ctc_loss(
                tf.constant([[1, 2]]), l, tf.constant([2]), tf.constant([5]), blank_index=0))(
                    tf.zeros([5, 1, 4])).numpy()

    np.testing.assert_allclose(loss("TENON:0"), loss("CPU:0"), rtol=1e-5)


def test_explicit_device_is_counted_and_obeys_the_policy(tenon):
    x = tf.constant([1.0, 2.0])
    with tf.device("TENON:0"):
        tenon.reset_counts()
        np.testing.assert_allclose(tf.math.lgamma(x).numpy(), [0.0, 0.0], atol=1e-6)
        assert tenon.fallback_counts() == {"tf.Lgamma": 1}
        tf.stack([1, 2])  # Indices belong on the host: not counted.
        assert tenon.fallback_counts() == {"tf.Lgamma": 1}
        tenon.set_fallback_policy("error")
        try:
            with pytest.raises(tf.errors.UnimplementedError, match="Lgamma.*fallback"):
                tf.math.lgamma(x)
            tf.stack([1, 2])
        finally:
            tenon.set_fallback_policy("allow")


def test_without_a_device_tensorflow_places_it():
    assert "CPU" in tf.math.lgamma(tf.constant([1.0])).device


def test_errors_are_tensorflows():
    with tf.device("TENON:0"), pytest.raises(tf.errors.InvalidArgumentError, match="[Aa]xis"):
        tf.raw_ops.CumulativeLogsumexp(x=tf.ones([3]), axis=4)

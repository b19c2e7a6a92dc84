# SPDX-License-Identifier: Apache-2.0
"""Failures: at once where the arguments are wrong, at the next read where the data is."""

import numpy as np
import pytest
import tensorflow as tf


def test_bad_arguments_name_the_op():
    with tf.device("TENON:0"), pytest.raises(tf.errors.InvalidArgumentError, match="AddV2 on TENON"):
        tf.raw_ops.AddV2(x=tf.ones([2, 3]), y=tf.ones([4]))


def late_failure():
    with tf.device("TENON:0"):
        return tf.raw_ops.GatherV2(params=tf.ones([3, 2]), indices=[0, 7], axis=0)


def test_late_failure_reaches_the_read():
    with pytest.raises(tf.errors.InvalidArgumentError):
        late_failure().numpy()
    with tf.device("TENON:0"):
        np.testing.assert_array_equal((tf.ones([2]) + 1.0).numpy(), [2, 2])


def test_late_failure_reaches_synchronize(tenon):
    result = late_failure()
    with pytest.raises(tf.errors.InvalidArgumentError):
        tenon.synchronize()
    del result
    tenon.synchronize()
    late_failure()
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.test.experimental.sync_devices()


def test_late_failure_reaches_a_function():
    @tf.function
    def function(ids):
        return tf.reduce_sum(tf.gather(tf.ones([3, 2]), ids))

    with tf.device("TENON:0"):
        with pytest.raises(tf.errors.InvalidArgumentError):
            function(tf.constant([9])).numpy()
        assert function(tf.constant([1])).numpy() == 2


def test_out_of_memory():
    with tf.device("TENON:0"), pytest.raises(tf.errors.ResourceExhaustedError):
        tf.zeros([1 << 20, 1 << 24])


def test_missing_kernel_is_named(tenon):
    x = tf.constant([3.0, 1.0])
    with pytest.raises(AssertionError, match="Digamma"):
        tenon.assert_placed(lambda: tf.math.digamma(x) + 1.0)
    tenon.assert_placed(lambda: tf.math.digamma(x) + 1.0, allowed_cpu_ops={"Digamma"})


def test_statistics(tenon):
    tenon.reset_counts()
    with tf.device("TENON:0"):
        a = tf.ones([4, 4])
        tf.linalg.matmul(a, a).numpy()
    counts = tenon.operator_counts()
    assert counts["MatMul"]["device"] == 1
    assert tenon.fallback_counts() == {}
    assert tenon.kernel_statistics()["creates"] > 0
    assert tenon.memory_stats()["reserved_bytes"] > 0
    tenon.set_fallback_policy("error")
    assert tenon.fallback_policy() == "error"
    tenon.set_fallback_policy("allow")
    with pytest.raises(ValueError):
        tenon.set_fallback_policy("never")

# SPDX-License-Identifier: Apache-2.0
"""Failures that the arguments show, and what they and the counts say. See also test_late_failures."""

import pytest
import tensorflow as tf


def test_bad_arguments_name_the_op():
    with tf.device("TENON:0"), pytest.raises(tf.errors.InvalidArgumentError, match="AddV2 on TENON"):
        tf.raw_ops.AddV2(x=tf.ones([2, 3]), y=tf.ones([4]))


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

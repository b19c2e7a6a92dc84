# SPDX-License-Identifier: Apache-2.0
"""Placement: whatever ran on the CPU is named, in functions and between them."""

import numpy as np
import pytest
import tensorflow as tf

# Ops that TENON has no kernel for, with attributes or arguments of host types that must not hide it.
MISSING = {
    "ReverseSequence": lambda x: tf.reverse_sequence(x, [1, 2, 3, 4], seq_axis=1),
    "TruncatedNormal": lambda x: tf.random.truncated_normal([3]) + x[0, 0],
    "CumulativeLogsumexp": lambda x: tf.math.cumulative_logsumexp(x),
    "HistogramFixedWidth": lambda x: tf.histogram_fixed_width(x, [0.0, 1.0]),
    "RandomPoissonV2": lambda x: tf.random.poisson([2], x),
    "InTopKV2": lambda x: tf.math.in_top_k([0, 1], x[:2], 1),
    "RandomShuffle": lambda x: tf.random.shuffle(x),
    "Bincount": lambda x: tf.raw_ops.Bincount(arr=[1, 2], size=4, weights=x[0, :2]),
}


@pytest.mark.parametrize("op", MISSING)
def test_function(tenon, op):
    x = tf.random.uniform([4, 4])
    record = tenon.placement_report(lambda v: (MISSING[op](v), v + 1.0), x)
    assert op in record.misplaced(), record.report()
    with pytest.raises(AssertionError, match=op):
        record.assert_placed()
    record.assert_placed(allowed_cpu_ops=record.misplaced())


@pytest.mark.parametrize("op", MISSING)
def test_eager(tenon, op):
    x = tf.random.uniform([4, 4])
    with tenon.record_placement() as record:
        MISSING[op](x)
        x + 1.0
    assert op in record.misplaced(), record.report()
    assert record.ops("TENON")["AddV2"] >= 1


def test_host_work_is_not_blamed(tenon):
    """Shapes, indices, strings and data sets belong on the host."""
    def function(x):
        n = tf.shape(x)[0] * 2 - 1
        x = tf.reshape(tf.tile(x, [n, 1]), [-1])
        tf.debugging.assert_greater(n, 0)
        tf.strings.as_string(n)
        return tf.reduce_sum(x)

    tenon.assert_placed(function, tf.ones([3, 2]))
    dataset = tf.data.Dataset.from_tensor_slices(np.ones((4, 2), np.float32)).batch(2)
    with tenon.record_placement() as record:
        for batch in dataset:
            batch + 1.0
    record.assert_placed()


def test_op_on_a_copy_of_its_variable(tenon):
    with tf.device("TENON:0"):
        v = tf.Variable([4.0, 6.0])
        with tenon.record_placement() as record:
            tf.function(lambda: v.scatter_div(tf.IndexedSlices([2.0], [1])))()
    assert "ResourceScatterDiv" in record.misplaced(), record.report()
    np.testing.assert_array_equal(v.numpy(), [4, 3])

# SPDX-License-Identifier: Apache-2.0
"""Resource variables: updates never reach a value that was read before."""

import numpy as np
import pytest
import tensorflow as tf

from compare import random

UPDATES = [("assign", lambda a, b: b), ("assign_add", np.add), ("assign_sub", np.subtract)]


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64, tf.float16, tf.bfloat16, tf.int64],
                         ids=lambda d: d.name)
@pytest.mark.parametrize("name,expected", UPDATES, ids=lambda v: v if isinstance(v, str) else "")
def test_update_leaves_earlier_reads(name, expected, dtype):
    start, value = random((3, 5), dtype, 0, 9), random((3, 5), dtype, 0, 9, seed=4)
    with tf.device("TENON:0"):
        w = tf.Variable(start)
        before = w.read_value()
        getattr(w, name)(value)
        assert "TENON" in before.device
        np.testing.assert_array_equal(before.numpy(), start)
        np.testing.assert_array_equal(w.numpy(), expected(start, value).astype(start.dtype))
        getattr(w, name)(value)  # No reader is left: in place.
        np.testing.assert_array_equal(before.numpy(), start)


def test_assigned_tensor_is_not_updated():
    with tf.device("TENON:0"):
        source = tf.constant([1.0, 2.0])
        w = tf.Variable([0.0, 0.0])
        w.assign(source)
        w.assign_add([5.0, 5.0])
        np.testing.assert_array_equal(source.numpy(), [1, 2])
        np.testing.assert_array_equal(w.numpy(), [6, 7])


def test_reads_and_updates_in_a_function():
    with tf.device("TENON:0"):
        w = tf.Variable(np.zeros(1000, np.float32))

        @tf.function
        def step():
            before = w.read_value()
            w.assign_add(tf.ones([1000]))
            return before, w.read_value()

        for i in range(50):
            before, after = step()
            assert (before.numpy() == i).all() and (after.numpy() == i + 1).all()


def test_rows():
    with tf.device("TENON:0"):
        start = random((6, 3))
        w = tf.Variable(start)
        before = w.read_value()
        rows = random((3, 3), seed=1)
        ids = [4, 0, 4]
        want = start.copy()

        w.scatter_add(tf.IndexedSlices(rows, ids))
        np.add.at(want, ids, rows)
        np.testing.assert_allclose(w.numpy(), want, rtol=1e-6)
        w.scatter_sub(tf.IndexedSlices(rows, ids))
        np.add.at(want, ids, -rows)
        np.testing.assert_allclose(w.numpy(), want, rtol=1e-5, atol=1e-6)
        w.scatter_update(tf.IndexedSlices(rows[:2], [1, 2]))
        want[[1, 2]] = rows[:2]
        np.testing.assert_allclose(w.numpy(), want, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(before.numpy(), start)
        np.testing.assert_allclose(tf.gather(w, [5, 1]).numpy(), want[[5, 1]], rtol=1e-5)
        w.assign_add(tf.ones([6, 3]))  # TensorFlow's copy-on-read mode must not have been set.
        w.assign(start)
        np.testing.assert_array_equal(w.numpy(), start)


def test_shape_mismatch():
    with tf.device("TENON:0"):
        w = tf.Variable([1.0, 2.0])
        with pytest.raises((tf.errors.InvalidArgumentError, ValueError)):
            tf.raw_ops.AssignAddVariableOp(resource=w.handle, value=tf.ones([3]))
        np.testing.assert_array_equal(w.numpy(), [1, 2])

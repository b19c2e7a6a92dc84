# SPDX-License-Identifier: Apache-2.0
"""What only the data shows to be wrong fails at its own line, by whatever way the value leaves the
device, and nothing is left for the next call. TensorFlow cannot carry an error later than that."""

import keras
import numpy as np
import pytest
import tensorflow as tf

TABLE = [[1.0, 2.0], [3.0, 4.0]]


def gather():
    return tf.gather(tf.constant(TABLE), tf.constant([5]))


def variable_gather():
    return tf.gather(tf.Variable(TABLE), tf.constant([5]))


def scatter_update():
    v = tf.Variable(TABLE)
    return v.scatter_update(tf.IndexedSlices([[1.0, 1.0]], [7])).read_value()


# op -> TensorFlow's CPU raises as well.
OPS = {
    "gather": gather,
    "gather of int64 ids": lambda: tf.gather(tf.constant(TABLE), tf.constant([5], tf.int64)),
    "gather along the last axis": lambda: tf.gather(tf.constant(TABLE), [2], axis=1),
    "gather with batch dims": lambda: tf.gather(tf.constant(TABLE), [[0], [9]], batch_dims=1),
    "gather_nd": lambda: tf.gather_nd(tf.constant(TABLE), [[0, 4]]),
    "gather of a variable": variable_gather,
    "gather_nd of a variable": lambda: tf.gather_nd(tf.Variable(TABLE), [[4]]),
    "scatter_nd": lambda: tf.scatter_nd([[4]], [1.0], [3]),
    "tensor_scatter_nd_add": lambda: tf.tensor_scatter_nd_add(tf.ones([2]), [[3]], [1.0]),
    "scatter_update": scatter_update,
    "scatter_nd_update": lambda: tf.Variable(TABLE).scatter_nd_update([[0, 9]], [1.0]),
    "labels": lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[7], logits=[[1.0, 2]]),
    "division": lambda: tf.constant([4], tf.int64) // tf.constant([0], tf.int64),
    "remainder": lambda: tf.constant([4], tf.int64) % tf.constant([0], tf.int64),
}

WAYS = {
    "numpy": lambda t: t.numpy(),
    "asarray": np.asarray,
    "array": np.array,
    "memoryview": lambda t: memoryview(t).tolist(),
    "float": lambda t: float(tf.reduce_sum(t)),
    "bool": lambda t: bool(tf.reduce_sum(t) > 0),
    "str": str,
    "iteration": list,
    "keras": keras.ops.convert_to_numpy,
    "copy": lambda t: tf.identity(t).cpu() if hasattr(t, "cpu") else None,
    "numpy_function": lambda t: np.asarray(tf.numpy_function(lambda z: z, [t], tf.float32)),
    "checkpoint": lambda t: tf.train.Checkpoint(v=tf.Variable(t)).write("/nonexistent/x"),
}


@pytest.fixture(autouse=True)
def nothing_left(tenon):
    yield
    tenon.synchronize()
    with tf.device("TENON:0"):
        np.testing.assert_array_equal(np.asarray(tf.ones([2]) + 1.0), [2, 2])


@pytest.mark.parametrize("name", OPS)
def test_op(name, tenon):
    with tf.device("TENON:0"), pytest.raises(tf.errors.InvalidArgumentError):
        OPS[name]()
    with tf.device("TENON:0"), pytest.raises(tf.errors.InvalidArgumentError):
        tf.function(OPS[name] if "scatter_" not in name and "variable" not in name
                    else lambda: gather())()
    tenon.synchronize()


@pytest.mark.parametrize("way", WAYS)
def test_way_out(way):
    with tf.device("TENON:0"), pytest.raises(tf.errors.InvalidArgumentError):
        WAYS[way](gather())


@pytest.mark.parametrize("way", WAYS)
def test_way_out_of_a_function(way):
    with tf.device("TENON:0"), pytest.raises(tf.errors.InvalidArgumentError):
        WAYS[way](tf.function(gather)())


def test_op_on_the_cpu():
    with tf.device("TENON:0"), pytest.raises(tf.errors.InvalidArgumentError):
        x = gather()
        with tf.device("CPU:0"):
            np.asarray(x * 2)


def test_model():
    model = keras.Sequential([keras.Input((2,), dtype="int32"), keras.layers.Embedding(4, 3),
                              keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    bad, y = np.array([[1, 9]]), np.ones((1, 1))
    before = [w.copy() for w in model.get_weights()]
    for use in (lambda: model.predict(bad, verbose=0), lambda: np.asarray(model(bad)),
                lambda: model.evaluate(bad, y, verbose=0), lambda: model.fit(bad, y, verbose=0)):
        with pytest.raises(tf.errors.InvalidArgumentError):
            use()
    for was, now in zip(before, model.get_weights()):
        np.testing.assert_array_equal(was, now)
    assert np.isfinite(model.predict(np.array([[1, 3]]), verbose=0)).all()


def test_variable_survives():
    """An update that fails leaves the variable usable and other readers' values alone."""
    with tf.device("TENON:0"):
        v = tf.Variable(TABLE)
        before = v.read_value()
        with pytest.raises(tf.errors.InvalidArgumentError):
            v.scatter_add(tf.IndexedSlices([[1.0, 1.0]], [7]))
        np.testing.assert_array_equal(before.numpy(), TABLE)
        np.testing.assert_array_equal(v.numpy(), TABLE)
        v.assign_add(tf.ones([2, 2]))
        np.testing.assert_array_equal(v.numpy(), np.array(TABLE) + 1)

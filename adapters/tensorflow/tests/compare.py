# SPDX-License-Identifier: Apache-2.0
"""Runs a raw op on the CPU and on TENON and compares."""

import numpy as np
import tensorflow as tf

TOLERANCE = {tf.float64: 1e-12, tf.float32: 2e-5, tf.float16: 4e-3, tf.bfloat16: 3e-2}


def random(shape, dtype=tf.float32, low=-2.0, high=2.0, seed=0):
    values = np.random.default_rng(seed + len(shape)).uniform(low, high, shape)
    if dtype == tf.bool:
        return values > (low + high) / 2
    return values.astype(tf.as_dtype(dtype).as_numpy_dtype)


def run(device, op, arguments):
    with tf.device(device):
        def place(value):
            if isinstance(value, np.ndarray) or np.isscalar(value) and hasattr(value, "dtype"):
                return tf.constant(value)
            if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
                return [tf.constant(v) for v in value]
            return value

        result = getattr(tf.raw_ops, op)(**{k: place(v) for k, v in arguments.items()})
    return [t for t in tf.nest.flatten(result) if isinstance(t, tf.Tensor)]


def assert_close(expected, actual, tolerance=None, message=""):
    assert expected.dtype == actual.dtype, message
    assert expected.shape == actual.shape, f"{message}: {expected.shape} != {actual.shape}"
    want, got = expected.numpy(), actual.numpy()
    if not expected.dtype.is_floating:
        np.testing.assert_array_equal(got, want, err_msg=message)
        return
    limit = TOLERANCE[expected.dtype] if tolerance is None else tolerance
    want, got = want.astype(np.float64), got.astype(np.float64)
    finite = want[np.isfinite(want)]
    scale = max(1.0, np.abs(finite).max(initial=0.0))
    np.testing.assert_allclose(got, want, rtol=limit, atol=limit * scale, err_msg=message)


def compare(op, tolerance=None, only=None, **arguments):
    """`only`: which of several outputs to compare; all by default."""
    want = run("CPU:0", op, arguments)
    got = run("TENON:0", op, arguments)
    assert len(want) == len(got)
    for i, (expected, actual) in enumerate(zip(want, got)):
        if only is None or i in only:
            assert_close(expected, actual, tolerance, f"{op} output {i}")

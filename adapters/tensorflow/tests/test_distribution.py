# SPDX-License-Identifier: Apache-2.0
"""tf.distribute.MirroredStrategy and jit_compile: what a script written for GPUs asks for first."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

MIRRORED = """
import json, warnings
import numpy as np, tensorflow as tf
import tensorflow_tenon, keras
strategy = tf.distribute.MirroredStrategy()
with strategy.scope():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    v = tf.Variable(1.0, aggregation=tf.VariableAggregation.MEAN)
x = np.arange(24, dtype="float32").reshape(8, 3) / 24
y = np.ones((8, 2), "float32")
loss = model.fit(x, y, batch_size=4, epochs=3, verbose=0, shuffle=False).history["loss"]

@tf.function
def step():
    def replica():
        context = tf.distribute.get_replica_context()
        number = tf.cast(context.replica_id_in_sync_group, tf.float32) + 1.0
        v.assign_add(number)
        return context.all_reduce(tf.distribute.ReduceOp.SUM, number)
    return strategy.experimental_local_results(strategy.run(replica))

sums = [float(s) for s in step()]
print("RESULT", json.dumps(dict(
    devices=sorted(strategy.extended.worker_devices), loss=loss, sums=sums, v=float(v.read_value()),
    weights=[w.tolist() for w in model.get_weights()])))
"""


def mirrored(devices):
    path = os.environ.get("TENON_TENSORFLOW_BUILD", "")
    prefix = f"import sys; sys.path.insert(0, {path!r}) if {path!r} else None\n"
    result = subprocess.run([sys.executable, "-c", prefix + MIRRORED], capture_output=True, text=True,
                            env=dict(os.environ, TENON_DEVICES=devices), check=False, timeout=300)
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.split("RESULT ")[1])


def test_mirrored_strategy():
    one = mirrored("cpu?memory=discrete")
    assert [d.split("device:")[1] for d in one["devices"]] == ["TENON:0"]
    two = mirrored("cpu?memory=discrete,cpu?memory=discrete")
    assert [d.split("device:")[1] for d in two["devices"]] == ["TENON:0", "TENON:1"]
    np.testing.assert_allclose(two["loss"], one["loss"], rtol=1e-5)
    for a, b in zip(two["weights"], one["weights"]):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    assert two["sums"] == [3, 3] and two["v"] == 2.5
    assert one["sums"] == [1] and one["v"] == 2


def test_jit_compile_runs_without_xla(monkeypatch):
    monkeypatch.setattr("tensorflow_tenon._jit._warned", False)
    function = tf.function(lambda x: x * 2.0 + 1.0, jit_compile=True)
    with tf.device("TENON:0"):
        with pytest.warns(RuntimeWarning, match="XLA"):
            y = function(tf.ones([3]))
        assert "TENON" in y.device
        np.testing.assert_array_equal(y.numpy(), [3, 3, 3])
        outer = tf.function(lambda x: tf.function(lambda z: z + 1.0, jit_compile=True)(x) * 2.0)
        np.testing.assert_array_equal(outer(tf.ones([2])).numpy(), [4, 4])


def test_jit_compile_on_the_cpu_is_left_alone():
    function = tf.function(lambda x: x * 2.0, jit_compile=True)
    with tf.device("CPU:0"):
        np.testing.assert_array_equal(function(tf.ones([3])).numpy(), [2, 2, 2])
        assert "HloModule" in function.experimental_get_compiler_ir(tf.ones([3]))(stage="hlo")


def test_keras_jit_compile():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.warns(UserWarning, match="jit_compile"):
        model.compile("sgd", "mse", jit_compile=True)
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    assert np.isfinite(model.predict(np.ones((1, 2)), verbose=0)).all()

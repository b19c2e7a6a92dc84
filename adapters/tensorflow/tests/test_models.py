# SPDX-License-Identifier: Apache-2.0
"""Keras models: the same result as on the CPU, with every op on the device."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras import layers

# Stateless random numbers are the same on every device, hence TensorFlow's own; see random.cc.
RANDOM = {"StatelessRandomUniformV2", "StatelessRandomGetKeyCounter", "StatelessRandomGetAlg",
          "StatelessTruncatedNormalV2", "StatelessRandomNormalV2", "StatelessRandomUniform"}
# Keras hides subnormal numbers from its argmax bit by bit; Tenon has no bitwise operators.
BITWISE = {"BitwiseAnd"}


def mlp():
    return keras.Sequential([layers.Input((12,)), layers.Dense(16, activation="relu"),
                             layers.Dense(8, activation="gelu"), layers.LayerNormalization(),
                             layers.Dense(4)])


def cnn():
    return keras.Sequential([
        layers.Input((12, 12, 3)), layers.Conv2D(8, 3, padding="same"), layers.BatchNormalization(),
        layers.Activation("relu"), layers.MaxPooling2D(), layers.DepthwiseConv2D(3),
        layers.Conv2D(8, 3, strides=2, groups=2, padding="same", activation="leaky_relu"),
        layers.AveragePooling2D(2, padding="same"), layers.Flatten(), layers.Dense(4)])


def transformer():
    tokens = layers.Input((9,), dtype="int32")
    x = layers.Embedding(20, 16)(tokens)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 8)(x, x))
    x = x[:, ::2]
    x = layers.Dense(16, activation="gelu")(x)
    return keras.Model(tokens, layers.Dense(4)(layers.GlobalAveragePooling1D()(x)))


def data(model):
    rng = np.random.default_rng(0)
    shape = (32, *model.input_shape[1:])
    if model.inputs[0].dtype == "int32":
        x = rng.integers(0, 20, shape).astype(np.int32)
    else:
        x = rng.normal(size=shape).astype(np.float32)
    return x, rng.integers(0, 4, 32)


def fit(device, make, weights, optimizer, epochs=2):
    with keras.device(device):
        model = make()
        if weights is not None:
            model.set_weights(weights)
        x, y = data(model)
        model.compile(optimizer(), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                      metrics=["accuracy"])
        history = model.fit(x, y, batch_size=8, epochs=epochs, verbose=0, shuffle=False)
        return model, history.history["loss"], model.predict(x, verbose=0)


@pytest.mark.parametrize("make", [mlp, cnn, transformer], ids=lambda f: f.__name__)
def test_fit_as_on_the_cpu(make, tenon):
    with keras.device("CPU:0"):
        weights = make().get_weights()
    optimizer = lambda: keras.optimizers.Adam(1e-2)
    _, want_loss, want = fit("CPU:0", make, weights, optimizer)
    with tenon.record_placement() as record:
        _, loss, got = fit("TENON:0", make, weights, optimizer)
    np.testing.assert_allclose(loss, want_loss, rtol=2e-3)
    np.testing.assert_allclose(got, want, rtol=2e-2, atol=2e-2)
    record.assert_placed(allowed_cpu_ops=RANDOM | BITWISE)


@pytest.mark.parametrize("optimizer", ["SGD", "RMSprop", "AdamW", "Adagrad", "Nadam"])
def test_optimizers(optimizer):
    make = lambda: getattr(keras.optimizers, optimizer)(1e-2)
    with keras.device("CPU:0"):
        weights = mlp().get_weights()
    _, want, _ = fit("CPU:0", mlp, weights, make)
    _, got, _ = fit("TENON:0", mlp, weights, make)
    np.testing.assert_allclose(got, want, rtol=2e-3)


def test_mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        _, loss, _ = fit("TENON:0", cnn, None, lambda: keras.optimizers.Adam(1e-2), epochs=3)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert np.isfinite(loss).all() and loss[-1] < loss[0]


def test_saved_model(tmp_path):
    with keras.device("TENON:0"):
        model = cnn()
        x, _ = data(model)
        want = model(x).numpy()
    path = str(tmp_path / "model")
    model.export(path, verbose=False)
    with tf.device("TENON:0"):
        loaded = tf.saved_model.load(path)
        served = loaded.serve(x)
        assert "TENON" in served.device
    np.testing.assert_allclose(served.numpy(), want, rtol=1e-5, atol=1e-6)
    weights = str(tmp_path / "m.weights.h5")
    model.save_weights(weights)
    with keras.device("CPU:0"):
        other = cnn()
        other.load_weights(weights)
        np.testing.assert_allclose(other(x).numpy(), want, rtol=1e-4, atol=1e-5)


def test_numeric_gradients():
    def function(x, w):
        y = tf.nn.conv2d(x, w, 1, "SAME")
        return tf.reduce_sum(tf.nn.softmax(tf.nn.max_pool2d(tf.nn.gelu(y), 2, 2, "VALID")) ** 2)

    with tf.device("TENON:0"):
        x = tf.constant(np.random.default_rng(0).normal(size=(1, 4, 4, 2)))
        w = tf.constant(np.random.default_rng(1).normal(size=(3, 3, 2, 2)))
        theory, numeric = tf.test.compute_gradient(function, [x, w], delta=1e-5)
    for a, b in zip(theory, numeric):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)

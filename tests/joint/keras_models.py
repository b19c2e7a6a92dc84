# SPDX-License-Identifier: Apache-2.0
"""Small Keras models that between them use what `fit` is made of. See torch_models.py about biases."""

import keras
import numpy as np
from keras import layers


def conv() -> keras.Model:
    """Convolution, BatchNormalization, MaxPooling, global pooling."""
    x = inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def conv_batch(rng: np.random.Generator):
    return rng.standard_normal((32, 16, 16, 3)), rng.integers(0, 10, 32)


class EverySecond(layers.Layer):
    """A strided view: every second token."""

    def call(self, x):
        return x[:, ::2, :]


def attention() -> keras.Model:
    """Embedding, MultiHeadAttention, LayerNormalization, GELU, a strided view."""
    inputs = keras.Input((12,), dtype="int32")
    x = layers.Embedding(50, 32)(inputs)
    x = x + layers.MultiHeadAttention(4, 8, use_bias=False)(layers.LayerNormalization()(x), x)
    hidden = layers.Dense(64, activation="gelu")(layers.LayerNormalization()(x))
    x = EverySecond()(x + layers.Dense(32)(hidden))
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def attention_batch(rng: np.random.Generator):
    return rng.integers(0, 50, (32, 12)).astype(np.int32), rng.integers(0, 10, 32)


MODELS = {"conv": (conv, conv_batch), "attention": (attention, attention_batch)}

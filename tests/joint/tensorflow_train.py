# SPDX-License-Identifier: Apache-2.0
"""Row `tensorflow` of the joint: Keras `fit` with Adam on TENON:0 and on the CPU in float32, float64."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow_tenon  # isort: skip  (before anything runs on TensorFlow)
import keras
import numpy as np
import tensorflow as tf
from judge import LOSS_FALL, Report, judge_deviation
from keras_models import MODELS

EPOCHS = 30


def build(name: str, dtype: str) -> keras.Model:
    """The model with weights that depend on its name alone."""
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    model = MODELS[name][0]()
    rng = np.random.default_rng(1)
    for variable in model.trainable_variables:
        if len(variable.shape) > 1:
            fan_in = int(np.prod(variable.shape[:-1]))
            variable.assign(rng.standard_normal(variable.shape) / np.sqrt(fan_in))
    return model


def first_step(model: keras.Model, x, y):
    """Gradients of one training step, and the moving statistics after it."""
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        return [tf.convert_to_tensor(g) for g in tape.gradient(loss, model.trainable_variables)]

    gradients = [g.numpy() for g in step(tf.constant(x), tf.constant(y))]
    return gradients, [np.array(v) for v in model.non_trainable_variables if "seed" not in v.path]


def train(name: str, device: str, dtype: str):
    x, y = MODELS[name][1](np.random.default_rng(2))
    if x.dtype.kind == "f":
        x = x.astype(dtype)
    with keras.device(device), tf.device(f"/device:{device}"):
        gradients, buffers = first_step(build(name, dtype), x, y)
        model = build(name, dtype)
        model.compile(
            optimizer=keras.optimizers.Adam(3e-3),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        history = model.fit(x, y, batch_size=len(x), epochs=EPOCHS, shuffle=False, verbose=0)
        weights = [np.array(w) for w in model.trainable_variables]
    return np.array(history.history["loss"], np.float64), gradients, buffers, weights


def main() -> None:
    report = Report("tensorflow")
    for name in MODELS:
        print(f"  -- {name}")
        double = train(name, "CPU:0", "float64")
        single = train(name, "CPU:0", "float32")
        ours = train(name, "TENON:0", "float32")
        fall = 1 - ours[0][-1] / ours[0][0]
        report.check(
            "loss falls", fall >= LOSS_FALL, f"{ours[0][0]:.3f} to {ours[0][-1]:.3f}, {fall:.0%} in {EPOCHS} steps"
        )
        judge_deviation(report, "losses", [ours[0]], [single[0]], [double[0]])
        judge_deviation(report, "gradients of step 1", ours[1], single[1], double[1])
        if ours[2]:
            judge_deviation(report, "moving statistics after step 1", ours[2], single[2], double[2])
        judge_deviation(report, "trained weights", ours[3], single[3], double[3])
    report.launches("TENON:0", tensorflow_tenon.operator_counts(0))
    report.finish()


if __name__ == "__main__":
    sys.exit(main())

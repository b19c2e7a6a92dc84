#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What whole models cost on one Tenon device, divided by another.

    devices.py [--row NAME ...] [--busy] [--seconds S] [A [B]]     (default: onednn cpu)

Networks of public architectures with seeded weights: inference of ONNX models, and training steps in PyTorch
and Keras. Each row is a process, in which calls on A and on B alternate; results are compared. Prints the
median of A over that of B, and the median of the ratios of neighbouring calls. --busy: beside a process for
each processor that computes all the time."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

ONNX_ROWS = ["EfficientNet-B0", "MobileNetV3", "Swin-T", "GPT-2"]
TRAINING_ROWS = ["Keras CNN step", "Keras transformer step", "PyTorch GPT-2 step"]
# Largest difference of the results, relative to the largest of them.
TOLERANCE = 2e-3


def onnx_calls(row: str, specs: list[str]):
    import numpy as np

    from models import exported

    import tenon

    path = exported(row)
    x = np.load(f"{path}.npz")["x"]
    for spec in specs:
        model = tenon.load(str(path), device=spec)
        yield lambda model=model: model.run([x])[0]


def pytorch_calls(specs: list[str]):
    import torch
    import torch_tenon
    from device_models import Gpt2

    for i, _ in enumerate(specs):
        device = f"tenon:{i}"
        torch.manual_seed(0)
        model = Gpt2(4, 256, 4, 5000).to(device)
        optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
        ids = torch.randint(0, 5000, (4, 65)).to(device)

        def step(model=model, optimizer=optimizer, ids=ids):
            optimizer.zero_grad()
            logits = model(ids[:, :-1])
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
            loss.backward()
            optimizer.step()
            return loss.detach().cpu().numpy()

        yield step


def keras_model(row: str):
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    if row == "Keras CNN step":
        x = inputs = keras.Input((32, 32, 3))
        for width in (32, 64, 64):
            x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
            x = layers.MaxPooling2D(2)(layers.ReLU()(layers.BatchNormalization()(x)))
        return keras.Model(inputs, layers.Dense(10)(layers.Dense(64, activation="relu")(layers.Flatten()(x))))
    inputs = keras.Input((64,), dtype="int32")
    x = layers.Embedding(2000, 128)(inputs)
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(4, 32)(y, y)
        x = x + layers.Dense(128)(layers.Dense(512, activation="gelu")(layers.LayerNormalization()(x)))
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def keras_calls(row: str, specs: list[str]):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow_tenon  # isort: skip
    import keras
    import numpy as np
    import tensorflow as tf

    rng = np.random.default_rng(0)
    image = row == "Keras CNN step"
    x = rng.standard_normal((32, 32, 32, 3)).astype("float32") if image else rng.integers(0, 2000, (16, 64))
    y = rng.integers(0, 10, len(x))
    for i, _ in enumerate(specs):
        device = f"/device:TENON:{i}"
        with tf.device(device):
            model = keras_model(row)
            optimizer = keras.optimizers.Adam(1e-3)
            optimizer.build(model.trainable_variables)
            loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

            @tf.function
            def step(x, y, model=model, optimizer=optimizer, loss_fn=loss_fn):
                with tf.GradientTape() as tape:
                    loss = loss_fn(y, model(x, training=True))
                optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
                return loss

        def call(step=step, device=device):
            with tf.device(device):
                return step(tf.constant(x), tf.constant(y)).numpy()

        yield call


def measure(row: str, specs: list[str], seconds: float) -> dict:
    """Runs in a process of its own."""
    import numpy as np

    if row in ONNX_ROWS:
        calls = list(onnx_calls(row, specs))
    elif row.startswith("Keras"):
        calls = list(keras_calls(row, specs))
    else:
        calls = list(pytorch_calls(specs))
    for _ in range(3):
        results = [np.asarray(call(), np.float64) for call in calls]
    times: list[list[float]] = [[], []]
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(times[0]) < 5:
        for i in (0, 1) if len(times[0]) % 2 else (1, 0):
            start = time.perf_counter()
            calls[i]()
            times[i].append(time.perf_counter() - start)
    difference = np.abs(results[0] - results[1]).max() / np.abs(results[1]).max()
    return {
        "ms": [statistics.median(t) * 1e3 for t in times],
        "pairs": statistics.median(a / b for a, b in zip(*times, strict=True)),
        "calls": len(times[0]),
        "difference": float(difference),
    }


def run_row(row: str, specs: list[str], seconds: float) -> dict:
    environment = dict(os.environ, TENON_DEVICES=",".join(specs), TENON_FALLBACK="error")
    command = [sys.executable, __file__, "--worker", row, "--seconds", str(seconds), *specs]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, timeout=900)
    if done.returncode != 0:
        raise RuntimeError(f"{row} ended with {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


class Load:
    """A process for each processor that computes all the time."""

    def __init__(self, count: int):
        self.processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("specs", nargs="*", metavar="SPEC")
    parser.add_argument("--row", action="append", choices=ONNX_ROWS + TRAINING_ROWS)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--seconds", type=float, default=10, help="of measuring, for each row (10)")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    specs = (arguments.specs + ["onednn", "cpu"][len(arguments.specs) :])[:2]
    if arguments.worker:
        print(json.dumps(measure(arguments.worker, specs, arguments.seconds)))
        return 0
    load = Load(os.cpu_count() if arguments.busy else 0)
    good = True
    try:
        print(f"{'busy' if arguments.busy else 'idle':24} {specs[0]:>12} {specs[1]:>12}    ratio  of pairs  calls")
        for row in arguments.row or ONNX_ROWS + TRAINING_ROWS:
            got = run_row(row, specs, arguments.seconds)
            a, b = got["ms"]
            right = got["difference"] <= TOLERANCE
            good &= right
            print(
                f"{row:24} {a:9.2f} ms {b:9.2f} ms {a / b:8.2f} {got['pairs']:9.2f} {got['calls']:6}",
                "" if right else f"  WRONG by {got['difference']:.0e}",
                flush=True,
            )
    finally:
        load.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

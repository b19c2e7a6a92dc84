#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains in Keras with the wheels tenon-ml and tenon-ml-tensorflow and nothing else of this tree.

Makes an environment of its own that borrows TensorFlow from the one that runs this, installs the
wheels of build/wheels there (scripts/wheel tenon tensorflow), and fails unless a small model trains on
the reference device, from the installed files alone, as it does on TensorFlow's CPU.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import sysconfig
import tempfile
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
WHEELS = ROOT / "build" / "wheels"

TRAIN = """
import sys
import tensorflow_tenon
import keras
import numpy as np
import tensorflow as tf

assert tensorflow_tenon.__file__.startswith(sys.prefix), tensorflow_tenon.__file__
rng = np.random.default_rng(1)
x = rng.standard_normal((128, 16)).astype("float32")
y = (x[:, :4].sum(1) > 0).astype("int64")
losses = {}
for device in ("TENON:0", "CPU:0"):
    with tf.device(device):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(32, activation="relu"),
                                  keras.layers.Dense(2)])
        model.compile(keras.optimizers.SGD(0.5), keras.losses.SparseCategoricalCrossentropy(True))
        losses[device] = model.fit(x, y, epochs=20, batch_size=128, shuffle=False, verbose=0).history["loss"]
ours, theirs = losses["TENON:0"], losses["CPU:0"]
launches = sum(row["device"] for row in tensorflow_tenon.operator_counts(0).values())
print(f"loss {ours[0]:.4f} to {ours[-1]:.4f}, at most {max(map(lambda a, b: abs(a - b), ours, theirs)):.1e} from "
      f"the CPU's; {launches} launches on {tensorflow_tenon.device_name(0)}")
assert ours[-1] < 0.5 * ours[0], "the loss does not fall"
assert np.allclose(ours, theirs, atol=1e-4), "the losses differ"
assert launches > 0, "nothing ran on the device"
"""


def main() -> None:
    ours = sorted(WHEELS.glob("tenon_ml-*.whl")) + sorted(WHEELS.glob("tenon_ml_tensorflow-*.whl"))
    if len(ours) != 2:
        sys.exit(f"one wheel each of tenon-ml and tenon-ml-tensorflow is needed in {WHEELS}: "
                 "scripts/wheel tenon tensorflow")  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="tensorflow-wheel-") as name:
        venv.create(name, with_pip=False)
        site = next(pathlib.Path(name).glob("lib/python3*/site-packages"))
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--no-index", "--target", site, *ours],
            check=True,
        )  # fmt: skip
        # A folder named in a .pth comes last on the path, and its own .pth files are not read: what
        # the build put into the environment that runs this is not found.
        (site / "frameworks.pth").write_text(sysconfig.get_path("purelib") + "\n")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TENON"))}
        environment |= {"TENON_DEVICES": "cpu", "TENON_FALLBACK": "error", "TF_CPP_MIN_LOG_LEVEL": "2"}
        subprocess.run([f"{name}/bin/python", "-c", TRAIN], check=True, env=environment, cwd=name)


if __name__ == "__main__":
    main()

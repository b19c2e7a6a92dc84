# SPDX-License-Identifier: Apache-2.0
"""Runs the other files again on the other memory modes of the reference device, a process each:
TensorFlow takes a device library once. Without TENON_TEST_FULL, the variables alone: what an update
may not overwrite depends on the mode more than what a kernel computes; scripts/test --full runs all."""

import os
import pathlib
import subprocess
import sys

import pytest

MODES = ["cpu", "cpu?memory=mapped", "cpu?memory=discrete"]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("spec", [m for m in MODES if m != os.environ["TENON_DEVICES"]])
@pytest.mark.skipif("TENON_TENSORFLOW_INNER" in os.environ, reason="runs the others")
def test_memory_mode(spec):
    folder = pathlib.Path(__file__).parent
    environment = dict(os.environ, TENON_DEVICES=spec, TENON_TENSORFLOW_INNER="1")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    if "TENON_TEST_FULL" in os.environ:
        command += [str(folder), "--ignore", str(folder / "test_memory_modes.py"),
                    "--ignore", str(folder / "test_loading.py")]
    else:
        command += [str(folder / "test_variables.py")]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    assert " passed" in result.stdout

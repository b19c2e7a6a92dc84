# SPDX-License-Identifier: Apache-2.0
"""All tests run on the device of TENON_DEVICES, by default the reference device with memory that the
host cannot touch. test_memory_modes.py runs the folder again on the other memory modes.

TENON_TENSORFLOW_BUILD names the folder of a build's Python packages other than build/python."""

import os
import sys

os.environ.setdefault("TENON_DEVICES", "cpu?memory=discrete")
os.environ.setdefault("TENON_FALLBACK", "allow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
if "TENON_TENSORFLOW_BUILD" in os.environ:
    sys.path.insert(0, os.environ["TENON_TENSORFLOW_BUILD"])

import pytest

tf = pytest.importorskip("tensorflow")
import tensorflow_tenon  # noqa: E402  pylint: disable=wrong-import-position


@pytest.fixture(scope="session")
def tenon():
    return tensorflow_tenon


@pytest.fixture
def strict_placement(tenon):
    """An op without a kernel of the device's own is an error."""
    tf.config.set_soft_device_placement(False)
    tenon.reset_counts()
    yield
    tf.config.set_soft_device_placement(True)
    on_copies = [op for op in tenon.operator_counts() if op.startswith("tf.")]
    assert not on_copies, f"TensorFlow's CPU kernels ran {on_copies}"


@pytest.fixture(autouse=True)
def seeded():
    tf.random.set_seed(1)

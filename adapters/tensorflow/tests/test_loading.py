# SPDX-License-Identifier: Apache-2.0
"""Importing the package in the wrong way is an exception, not the end of the process."""

import os
import subprocess
import sys

import pytest

PATH = os.environ.get("TENON_TENSORFLOW_BUILD", "")


def python(code, **environment):
    prefix = f"import sys; sys.path.insert(0, {PATH!r}) if {PATH!r} else None\n"
    return subprocess.run([sys.executable, "-c", prefix + code], capture_output=True, text=True,
                          env=dict(os.environ, **environment), check=False)


def test_import_after_the_first_operation():
    result = python("import tensorflow as tf; tf.ones([2]) + 1\nimport tensorflow_tenon")
    assert result.returncode == 1
    assert "must be imported before" in result.stderr


def test_import_twice_and_reload():
    result = python("import tensorflow_tenon, importlib; importlib.reload(tensorflow_tenon)\n"
                    "import tensorflow as tf; print(tf.config.list_physical_devices('TENON'))")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("TENON:0") == 1


@pytest.mark.parametrize("spec", ["no-such-plugin", "cpu?memory=nonsense", "cpu:99"])
def test_unusable_device(spec):
    result = python("import tensorflow_tenon", TENON_DEVICES=spec)
    assert result.returncode == 1, result.stderr
    assert "tensorflow.python.framework.errors_impl" in result.stderr


def test_two_devices():
    result = python("import tensorflow as tf, tensorflow_tenon as t\n"
                    "with tf.device('TENON:1'): a = tf.ones([2]) + 1\n"
                    "with tf.device('TENON:0'): b = a + 1\n"
                    "print(a.device, b.device, b.numpy(), t.device_spec(1))",
                    TENON_DEVICES="cpu,cpu?memory=discrete")
    assert result.returncode == 0, result.stderr
    assert "TENON:1" in result.stdout and "[3. 3.]" in result.stdout


def test_keras_imported_first():
    result = python("import keras, tensorflow as tf\nimport tensorflow_tenon\n"
                    "from keras.src.trainers import trainer\n"
                    "print(trainer.model_supports_jit(None))")
    assert result.returncode == 0, result.stderr
    assert "False" in result.stdout


def test_a_setting_that_is_not_understood():
    for name, value, allowed in (("TENON_FALLBACK", "sometimes", "allow, warn or error"),
                                 ("TENON_NUM_THREADS", "all", "a whole number from 1 to 1024")):
        result = python("import tensorflow_tenon", TENON_DEVICES="cpu", **{name: value})
        assert result.returncode == 1, result.stderr
        assert f'{name} is {allowed}, not "{value}"' in result.stderr


def test_a_full_device_still_computes():
    """TensorFlow's allocator takes regions as long as it gets any; workspaces still fit."""
    result = python(
        "import tensorflow as tf, tensorflow_tenon as t\n"
        "kept = []\n"
        "with tf.device('TENON:0'):\n"
        "    x, w = tf.ones([4, 24, 24, 16]), tf.ones([3, 3, 16, 16])\n"
        "    try:\n"
        "        while True: kept.append(tf.zeros([1 << 16]) + 1)\n"
        "    except tf.errors.ResourceExhaustedError: pass\n"
        "    assert len(kept) > 150, len(kept)\n"
        "    reserved = t.memory_stats()['reserved_bytes']\n"
        "    assert 40 << 20 < reserved <= 60 << 20, reserved\n"
        "    del kept[:8]\n"
        "    y = tf.nn.conv2d(x, w, 1, 'VALID')\n"
        "    assert float(tf.reduce_max(y)) == 144 and float(tf.reduce_min(y)) == 144\n",
        TENON_DEVICES="cpu?memory=discrete&memory_limit=67108864")
    assert result.returncode == 0, result.stderr


def test_another_tensorflow(tmp_path):
    """Without the library for this TensorFlow the import says so, and an update fails by name."""
    import tensorflow_tenon

    built = os.path.dirname(tensorflow_tenon.__file__)
    package = tmp_path / "python" / "tensorflow_tenon"
    package.mkdir(parents=True)
    for name in os.listdir(built):
        if not name.startswith("libtenon_tensorflow_"):
            os.symlink(os.path.join(built, name), package / name)
    os.symlink(os.path.join(built, "..", "..", "lib"), tmp_path / "lib")
    code = (f"import sys; sys.path.insert(0, {str(tmp_path / 'python')!r})\n"
            "import tensorflow as tf, tensorflow_tenon\n"
            "print(tensorflow_tenon.__file__)\n"
            "v = tf.Variable([1.0])\n"
            "try: v.assign_add([1.0])\n"
            "except tf.errors.FailedPreconditionError as e: print('REFUSED', e)")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                            env=dict(os.environ, PYTHONPATH=str(tmp_path / "python")))
    assert result.returncode == 0, result.stderr
    assert str(tmp_path) in result.stdout
    assert "RuntimeWarning: tensorflow_tenon was built for TensorFlow" in result.stderr
    assert "REFUSED" in result.stdout and "was built for" in result.stdout

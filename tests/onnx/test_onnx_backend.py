# SPDX-License-Identifier: Apache-2.0
"""tenon.onnx_backend in the form that ONNX's own tests and its scoreboard take."""

from __future__ import annotations

import unittest

import numpy as np
import onnx
import onnx.backend.test
import onnx.parser
import pytest
import tenon
from onnx import helper, numpy_helper
from tenon import onnx_backend


def model_of(text):
    return onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 21]>\n{text}')


def test_the_runner_of_the_scoreboard_takes_it():
    tests = onnx.backend.test.BackendTest(onnx_backend, __name__)
    tests.include("test_add_cpu").include("test_sequence_insert_at_back_cpu").include("test_relu_cuda")
    result = unittest.TestResult()
    tests.test_suite.run(result)
    assert not result.errors and not result.failures
    ran = 3 if onnx_backend.supports_device("CUDA") else 2
    assert result.testsRun - len(result.skipped) == ran
    assert sum("doesn't support device CUDA" in reason for _, reason in result.skipped) == 3 - ran


def test_devices_are_words_of_onnx_or_specs():
    assert onnx_backend.supports_device("CPU") and onnx_backend.supports_device("cpu?memory=discrete")
    assert not onnx_backend.supports_device("NOSUCH:3")


def test_models_are_prepared_and_run():
    proto = model_of("g (float[2] x, float[2] w) => (float[2] y, float[2] z) { y = Add (x, w)  z = Mul (x, w) }")
    proto.graph.initializer.append(numpy_helper.from_array(np.array([2, 3], np.float32), "w"))
    x = np.array([4, 5], np.float32)
    prepared = onnx_backend.prepare(proto, "CPU")
    y, z = prepared.run([x])
    np.testing.assert_array_equal(y, [6, 8])
    outputs = prepared.run([x, x])  # Initializers that are inputs may be given.
    np.testing.assert_array_equal(outputs.z, [16, 25])
    np.testing.assert_array_equal(onnx_backend.run_model(proto, {"x": x}).y, [6, 8])
    with pytest.raises(ValueError, match="the model has 1 inputs, given 3"):
        prepared.run([x, x, x])


def test_models_that_tenon_lacks_are_not_compatible():
    assert onnx_backend.is_compatible(model_of("g (float[2] x) => (float[2] y) { y = Abs (x) }"))
    assert not onnx_backend.is_compatible(model_of("g (uint8[n] x) => (uint8[a, b, 3] y) { y = ImageDecoder (x) }"))


def test_a_node_alone():
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    node = helper.make_node("TopK", ["x", "k"], ["v", "i"], axis=1)
    outputs = onnx_backend.run_node(node, [x, np.array([2])])
    np.testing.assert_array_equal(outputs.v, [[2, 1], [5, 4]])
    np.testing.assert_array_equal(outputs.i, [[2, 1], [2, 1]])
    clip = helper.make_node("Clip", ["x", "", "high"], ["y"])
    (y,) = onnx_backend.run_node(clip, [x, np.float32(3)], outputs_info=[(np.float32, (2, 3))])
    np.testing.assert_array_equal(y, np.minimum(x, 3))
    binary = helper.make_node("Binarizer", ["x"], ["y"], domain="ai.onnx.ml", threshold=2.0)
    np.testing.assert_array_equal(onnx_backend.run_node(binary, [x])[0], x > 2)
    with pytest.raises(tenon.Error):
        product = helper.make_node("MatMul", ["x", "x"], ["y"])
        onnx_backend.run_node(product, {"x": x}, outputs_info=[(np.float32, (2, 2))])

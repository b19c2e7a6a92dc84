# SPDX-License-Identifier: Apache-2.0
"""`tenon run`: the inputs that it makes up, of every element type that a model may want."""

import pathlib
import subprocess

import ml_dtypes
import numpy as np
import onnx
import onnx.parser
import pytest
import tenon
from onnx import TensorProto, helper

PACKAGE = pathlib.Path(tenon.__file__).parent  # Of a build, or of a wheel.
COMMAND = next((p for p in (PACKAGE / "bin/tenon", PACKAGE.parents[1] / "bin/tenon") if p.exists()), None)
REAL = ["FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ",
        "FLOAT4E2M1"]
WHOLE = ["INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "BOOL", "INT4", "UINT4", "INT2",
         "UINT2"]


def run(folder, nodes, given, made):
    """What the command prints and writes for a model of 999 elements."""
    value = lambda name, dtype: helper.make_tensor_value_info(name, dtype, [999])  # noqa: E731
    graph = helper.make_graph(nodes, "test", [value("x", given)], [value("y", made)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=13)
    onnx.save(model, folder / "model.onnx")
    done = subprocess.run([COMMAND, "run", folder / "model.onnx", "--device", "cpu", "--output", folder],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout, np.load(folder / "y.npy") if (folder / "y.npy").exists() else None


@pytest.mark.parametrize("name", REAL + WHOLE)
def test_inputs_are_made_up(tmp_path, name):
    cast = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)
    _, y = run(tmp_path, [cast], getattr(TensorProto, name), TensorProto.FLOAT)
    if name in WHOLE:
        assert set(y.tolist()) == {0.0, 1.0}
        assert 0.4 < y.mean() < 0.6
    else:
        assert np.isfinite(y).all() and abs(y.mean()) < 0.2 and 0.8 < y.std() < 1.2
        assert len(set(y.tolist())) > (5 if name == "FLOAT4E2M1" else 20)


def test_complex_inputs_have_two_parts(tmp_path):
    _, y = run(tmp_path, [helper.make_node("Identity", ["x"], ["y"])], TensorProto.COMPLEX64, TensorProto.COMPLEX64)
    assert y.dtype == np.complex64 and 0.8 < y.real.std() < 1.2 and 0.8 < y.imag.std() < 1.2


@pytest.mark.parametrize("name", ["FLOAT", "DOUBLE", "FLOAT16"])
def test_outputs_are_summed_up(tmp_path, name):
    dtype = getattr(TensorProto, name)
    printed, y = run(tmp_path, [helper.make_node("Identity", ["x"], ["y"])], dtype, dtype)
    wide = y.astype(np.float64)
    assert f"min {wide.min():g}, mean {wide.mean():g}, max {wide.max():g}" in printed


def command(tmp_path, *options):
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2])  # noqa: E731
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["a/y"])], "test", [value("x")], [value("a/y")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.save(model, tmp_path / "model.onnx")
    given = [COMMAND, "run", tmp_path / "model.onnx", "--device", "cpu", *options]
    return subprocess.run(given, capture_output=True, text=True, timeout=120)


def test_the_output_folder_is_made(tmp_path):
    done = command(tmp_path, "--dim", "n=3", "--output", tmp_path / "new" / "folder")
    assert done.returncode == 0, done.stderr
    assert np.load(tmp_path / "new" / "folder" / "a_y.npy").shape == (3, 2)


def test_an_unknown_dim_is_an_error(tmp_path):
    done = command(tmp_path, "--dim", "m=3")
    assert done.returncode != 0 and "--dim m: the model's inputs leave these dims open: n" in done.stderr


PACKED = {"BFLOAT16": "bfloat16", "FLOAT8E4M3FN": "float8_e4m3fn", "FLOAT4E2M1": "float4_e2m1fn", "INT4": "int4",
          "UINT4": "uint4", "INT2": "int2", "UINT2": "uint2"}


@pytest.mark.parametrize("name", PACKED)
def test_arrays_of_ml_dtypes_are_read_and_written(tmp_path, name):
    """As NumPy saves them: bytes without a type, which the model's input says."""
    dtype = getattr(ml_dtypes, PACKED[name])
    values = np.random.default_rng(1).integers(0, 2, 7).astype(dtype)
    np.save(tmp_path / "x.npy", values)
    value = lambda name_: helper.make_tensor_value_info(name_, getattr(TensorProto, name), [7])  # noqa: E731
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "test", [value("x")], [value("y")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=13),
              tmp_path / "model.onnx")
    subprocess.run([COMMAND, "run", tmp_path / "model.onnx", "--device", "cpu", "--input", f"x={tmp_path / 'x.npy'}",
                    "--output", tmp_path / "out"], check=True, capture_output=True, timeout=120)
    assert (tmp_path / "out/y.npy").read_bytes()[128:] == (tmp_path / "x.npy").read_bytes()[128:]
    np.testing.assert_array_equal(np.load(tmp_path / "out/y.npy").view(dtype).astype(float), values.astype(float))


def test_values_that_no_file_holds_are_said(tmp_path):
    text = """<ir_version: 10, opset_import: ["": 21]> g (float[3] x, optional(float[3]) o) =>
      (string[3] t, seq(float[1]) s, optional(float[3]) p) { t = Cast <to = 8> (x)  s = SplitToSequence (x)
        p = Identity (o) }"""
    onnx.save(onnx.parser.parse_model(text), tmp_path / "model.onnx")
    done = subprocess.run([COMMAND, "run", tmp_path / "model.onnx", "--device", "cpu", "--output", tmp_path / "out"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for words in ("strings [3]", "a sequence of 3", "no value"):
        assert f"{words}  (not written: no .npy file holds it)" in done.stdout
    onnx.save(onnx.parser.parse_model('<ir_version: 10, opset_import: ["": 21]> g (string[3] x) => (string[3] y) '
                                      "{ y = Identity (x) }"), tmp_path / "model.onnx")
    done = subprocess.run([COMMAND, "run", tmp_path / "model.onnx", "--device", "cpu"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and "input 'x' is of strings" in done.stderr

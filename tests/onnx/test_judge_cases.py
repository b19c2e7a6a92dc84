# SPDX-License-Identifier: Apache-2.0
"""The judge's oracles against ONNX's own: values against onnx.reference and ONNX Runtime, dims and types against
ONNX's inference, for every operator of ONNX's own domain. Where they differ, the standard's text decides, and KNOWN
says how."""
import collections
import json
import os
import pathlib
import subprocess

import numpy as np
import onnx
import onnx.reference
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("TENON_BIN", ROOT / "build/bin")) / "tenon_dump_cases"
# How many units of rounding a reference may be off: NumPy adds in the type itself, one by one.
UNITS = 64

# (operator, what is in the case's name): why onnx.reference is not what the standard says.
KNOWN = {}


def numpy_type(dtype):
    return onnx.helper.tensor_dtype_to_np_dtype(dtype)


def array(tensor):
    data = np.frombuffer(bytes.fromhex(tensor["data"]), dtype=numpy_type(tensor["dtype"]))
    return data.reshape(tensor["dims"])


def is_packed(case):
    packed = {onnx.TensorProto.UINT4, onnx.TensorProto.INT4, onnx.TensorProto.FLOAT4E2M1}
    return any(t and t["dtype"] in packed for t in case["inputs"] + case["outputs"])


def model_of(case):
    """One node; what hosts give is an initializer, so that inference sees its value."""
    names, inputs, initializers = [], [], []
    for i, tensor in enumerate(case["inputs"]):
        names.append(f"i{i}" if tensor else "")
        if not tensor:
            continue
        if tensor["host"]:
            initializers.append(onnx.numpy_helper.from_array(array(tensor), names[-1]))
        else:
            inputs.append(onnx.helper.make_tensor_value_info(names[-1], tensor["dtype"], tensor["dims"]))
    outputs = [f"o{i}" if t else "" for i, t in enumerate(case["outputs"])]
    node = onnx.helper.make_node(case["operator"], names, outputs)
    schema = onnx.defs.get_schema(case["operator"], case["version"], "")
    for name, value in case["attributes"].items():
        node.attribute.append(onnx.helper.make_attribute(
            name, value, attr_type=int(schema.attributes[name].type)))
    infos = [onnx.helper.make_tensor_value_info(f"o{i}", t["dtype"], None) for i, t in enumerate(case["outputs"]) if t]
    graph = onnx.helper.make_graph([node], "case", inputs, infos, initializers)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", case["version"])], ir_version=10)


def feeds_of(case):
    return {f"i{i}": array(t) for i, t in enumerate(case["inputs"]) if t and not t["host"]}


def allowed(case):
    """Whether ONNX itself allows the types; the contract allows more."""
    schema = onnx.defs.get_schema(case["operator"], case["version"], "")
    types = {c.type_param_str: set(c.allowed_type_strs) for c in schema.type_constraints}
    for formal, given in ((schema.inputs, case["inputs"]), (schema.outputs, case["outputs"])):
        for i, tensor in enumerate(given):
            parameter = formal[min(i, len(formal) - 1)]
            name = onnx.helper.tensor_dtype_to_string(tensor["dtype"]) if tensor else ""
            word = "tensor(" + name.removeprefix("TensorProto.").lower() + ")"
            word = {"tensor(double)": "tensor(double)"}.get(word, word)
            if tensor and word not in types.get(parameter.type_str, {parameter.type_str}):
                return False
    return True


def difference(expected, actual):
    """Empty where `actual` is what the judge expects, within what rounding explains."""
    want = array(expected)
    if list(actual.shape) != expected["dims"]:
        return f"dims {list(actual.shape)}, not {expected['dims']}"
    if actual.dtype != want.dtype:
        return f"type {actual.dtype}, not {want.dtype}"
    if "slack" not in expected:
        wrong = np.asarray(want != actual)
        return f"{want[wrong][:3]}, not {actual[wrong][:3]}" if wrong.any() else ""
    a, b = want.astype(np.float64), actual.astype(np.float64)
    eps = 2.0 ** (-onnx_digits(expected["dtype"]))
    slack = UNITS * eps * np.asarray(expected["slack"]).reshape(a.shape) + 1e-300
    with np.errstate(invalid="ignore"):
        good = (a == b) | (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= slack)
    return "" if good.all() else f"{a[~good][:3]}, not {b[~good][:3]}"


def onnx_digits(dtype):
    digits = {onnx.TensorProto.FLOAT: 23, onnx.TensorProto.DOUBLE: 52, onnx.TensorProto.FLOAT16: 10,
              onnx.TensorProto.BFLOAT16: 7}
    return digits.get(dtype, 2)


@pytest.fixture(scope="module")
def cases():
    if not PROGRAM.exists():
        pytest.fail(f"{PROGRAM} is not built: cmake --build build --target tenon_dump_cases")
    lines = subprocess.run([PROGRAM], check=True, capture_output=True, text=True).stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert len({c["operator"] for c in found}) > 60
    return [c for c in found if not is_packed(c)]


def known(case):
    return any(case["operator"] == name and part in case["label"] for name, part in KNOWN)


def report(problems, checked):
    text = "\n".join(problems[:40])
    assert not problems, f"{len(problems)} of {checked} cases differ:\n{text}"


def title(case):
    return f"{case['operator']}-{case['version']} {case['label']} of {numpy_type(case['dtype'])}"


def test_values_are_those_of_the_reference(cases):
    problems, checked, cannot = [], 0, collections.Counter()
    for case in cases:
        if not allowed(case) or known(case):
            continue
        try:
            results = onnx.reference.ReferenceEvaluator(model_of(case)).run(None, feeds_of(case))
        except Exception as error:  # The reference lacks types and attributes of some operators.
            cannot[f"{case['operator']}: {type(error).__name__}: {str(error)[:90]}"] += 1
            continue
        checked += 1
        expected = [t for t in case["outputs"] if t]
        for i, (want, got) in enumerate(zip(expected, results)):
            if text := difference(want, np.asarray(got)):
                problems.append(f"{title(case)}, output {i}: {text}")
    for text, count in cannot.most_common(20):
        print(count, text)
    assert checked > 2500, f"{checked} cases were compared"
    report(problems, checked)


def test_dims_and_types_are_those_of_inference(cases):
    problems, checked = [], 0
    for case in cases:
        if not allowed(case):
            continue
        inferred = onnx.shape_inference.infer_shapes(model_of(case), strict_mode=True, data_prop=True)
        got = {v.name: v.type.tensor_type for v in inferred.graph.output}
        for i, want in enumerate(case["outputs"]):
            if not want:
                continue
            kind = got[f"o{i}"]
            dims = [d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim]
            checked += 1
            if kind.elem_type != want["dtype"]:
                problems.append(f"{title(case)}: type {kind.elem_type}, not {want['dtype']}")
            if kind.HasField("shape") and not (len(dims) == len(want["dims"]) and all(
                    a in (None, b) for a, b in zip(dims, want["dims"]))):
                problems.append(f"{title(case)}: dims {dims}, not {want['dims']}")
    assert checked > 2500
    report(problems, checked)


def test_values_are_those_of_onnx_runtime(cases):
    """The first cases of each operator and type that it has."""
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    taken, problems, checked = collections.Counter(), [], 0
    for case in cases:
        pair = (case["operator"], case["dtype"])
        if case["dtype"] not in (onnx.TensorProto.FLOAT, onnx.TensorProto.INT64) or taken[pair] >= 8:
            continue
        if not allowed(case) or known(case):
            continue
        try:
            session = runtime.InferenceSession(model_of(case).SerializeToString(), options,
                                               providers=["CPUExecutionProvider"])
        except Exception:  # It lacks kernels of some versions and types.
            continue
        taken[pair] += 1
        results = session.run(None, feeds_of(case))
        checked += 1
        for i, (want, got) in enumerate(zip([t for t in case["outputs"] if t], results)):
            if text := difference(want, np.asarray(got)):
                problems.append(f"{title(case)}, output {i}: {text}")
    assert checked > 200
    report(problems, checked)

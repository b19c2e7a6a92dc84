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

FLOAT16, BFLOAT16, DOUBLE = onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16, onnx.TensorProto.DOUBLE
INT32 = onnx.TensorProto.INT32
# Where onnx.reference, or ONNX Runtime, is not what the standard's text says, or that is open: operator, whether it is
# about a case, and the judgement.
KNOWN = [
    ("LpNormalization", lambda c: c["attributes"].get("p") == 1,
     "the reference adds values, not magnitudes: an L1 norm is of magnitudes"),
    ("MaxPool", lambda c: "equal_column_major" in c["label"],
     "which of equal values is told is open in ONNX; spec/ops pins the first in row-major order"),
    ("GlobalMaxPool", lambda c: len(c["inputs"][0]["dims"]) == 5, "the reference keeps a spatial dim of three"),
    ("ReduceSumSquare", lambda c: True, "the reference's result has NumPy's type, not that of the data"),
    ("Softmax", lambda c: c["dtype"] in (FLOAT16, BFLOAT16), "the reference adds and divides in the type itself"),
    ("LogSoftmax", lambda c: c["dtype"] in (FLOAT16, BFLOAT16), "the reference takes the logarithm of what is 0 in the type"),
    ("LayerNormalization", lambda c: c["label"] == "kept_in_float32",
     "the reference gives Mean the type of X; U and stash_type say float32"),
    ("HardSwish", lambda c: c["dtype"] == DOUBLE, "1/6 as the text says; the reference has it in float32"),
    ("Erf", lambda c: c["dtype"] == DOUBLE, "the reference computes in float32"),
    ("Gelu", lambda c: c["dtype"] == DOUBLE, "the reference computes in float32, or has ten digits of its constants"),
    ("QuantizeLinear", lambda c: c["label"] in ("by_float16", "by_bfloat16"),
     "the reference divides in NumPy's common type; the text: the type of y_scale determines the precision"),
    ("QuantizeLinear", lambda c: c["label"] == "overflow_float8e5m2", "the program that prints cases has no infinity of 8 bits"),
    ("QLinearMatMul", lambda c: True, "the reference adds the zero point before it rounds: the text rounds x / y_scale"),
    ("QLinearConv", lambda c: True, "the reference adds the zero point before it rounds: the text rounds x / y_scale"),
    ("DequantizeLinear", lambda c: c["dtype"] == INT32, "the reference subtracts in float32, which has not all int32"),
    ("TopK", lambda c: "nan" in c["label"], "where NaN is sorted is open in ONNX; spec/ops pins it as the largest"),
    ("Resize", lambda c: c["label"] == "nearest_rounded_scale",
     "3 / 0.6 is 5, but the float32 number 0.6 is larger; positions are rounded to float32, as in ONNX Runtime"),
    ("Resize", lambda c: c["label"] == "cubic_pytorch",
     "a length of 1 has position 0, as the text says; the reference has -0.5"),
    ("Resize", lambda c: c["label"] == "linear_special",
     "whether a neighbour of weight 0 is multiplied is open; spec/ops says that it has no influence"),
    ("ConvTranspose", lambda c: c["label"] == "depthwise", "the reference gives every group the biases of the first"),
    ("LRN", lambda c: True, "the reference goes over as many channels as there are images"),
    ("LpPool", lambda c: c["label"] == "ceil", "the reference scales a window that X cuts off as if it were whole"),
    ("GridSample", lambda c: c["label"].endswith("_whole"), "the reference has weights of X's integer type"),
    ("GridSample", lambda c: c["dtype"] == DOUBLE and "cubic" in c["label"],
     "the reference has coefficients of float32 positions in float32"),
    ("GridSample", lambda c: c["dtype"] == BFLOAT16 and "nearest" in c["label"],
     "the reference finds positions in bfloat16; spec/ops in float32"),
    ("Resize", lambda c: c["dtype"] == DOUBLE and c["attributes"].get("mode") == "cubic",
     "the reference has coefficients of float32 positions in float32"),
    ("Resize", lambda c: c["dtype"] in (onnx.TensorProto.COMPLEX64, onnx.TensorProto.COMPLEX128),
     "the reference drops imaginary parts"),
    ("Det", lambda c: c["dtype"] == BFLOAT16, "the reference's result has NumPy's type, not that of the data"),
    ("Unique", lambda c: c["dtype"] == BFLOAT16 and c["label"] == "special", "NumPy takes NaN of bfloat16 for unordered"),
    ("Cast", lambda c: c["label"] == "unsaturated_to_float8e5m2", "the program that prints cases has no infinity of 8 bits"),
    ("MaxPool", lambda c: c["label"] in ("pairs_00000_indices", "pairs_00000_column_major"),
     "with strides of 1 and no padding the reference's indices are of places where X has other values"),
    ("AveragePool", lambda c: {"dilations", "ceil_mode"} <= c["attributes"].keys(),
     "with both the reference has other values even where a window is whole; ONNX Runtime has the mean of its cells"),
    *((name, lambda c: (len(c["inputs"]) > 4 and c["inputs"][4] is not None)
       or c["attributes"].keys() & {"clip", "activations", "input_forget"},
       "the reference leaves out sequence_lens, clip, activations and input_forget; ONNX Runtime has them")
      for name in ("RNN", "GRU", "LSTM")),
]
KNOWN_OF_INFERENCE = [
    ("LayerNormalization", lambda c: len(c["outputs"]) > 1 and c["outputs"][1]["dtype"] != onnx.TensorProto.FLOAT,
     "the contract extends U: PyTorch keeps the statistics in the type of X"),
    ("PRelu", lambda c: c["label"] in ("broadcast", "column", "in_place_b"),
     "ONNX broadcasts slope alone; the contract X, too, as for every elementwise operator"),
]
KNOWN_OF_RUNTIME = [
    ("DynamicQuantizeLinear", lambda c: c["label"] == "zeros",
     "the scale of zeros alone is open in the text; spec/ops pins the reference's 1 / 255, ONNX Runtime has 1"),
    ("Tanh", lambda c: c["label"] == "extremes", "subnormal numbers are approximated"),
    ("Sigmoid", lambda c: True, "an approximation that is off by thousands of units near 0"),
    ("Celu", lambda c: c["label"] == "extremes", "subnormal numbers are approximated"),
    ("Selu", lambda c: c["label"] == "extremes", "subnormal numbers are approximated"),
    ("Swish", lambda c: True, "made of its Sigmoid"),
    ("TopK", lambda c: c["label"].startswith("unsorted"), "the order without sorted is open in ONNX; spec/ops pins the sorted one"),
    ("Cast", lambda c: "float8" in c["label"], "Python gets float8 as uint8"),
    ("GlobalMaxPool", lambda c: c["label"] == "special", "NaN is passed over; open in ONNX, spec/ops says that it wins"),
    ("ArgMax", lambda c: c["label"] == "special", "NaN is passed over; open in ONNX, spec/ops says that it wins"),
    ("ArgMin", lambda c: c["label"] == "special", "NaN is passed over; open in ONNX, spec/ops says that it wins"),
    ("MaxUnpool", lambda c: c["label"] == "output_shape", "indices count in the given dims; in ONNX's own cases they do not"),
    ("NonMaxSuppression", lambda c: c["label"] == "filtered",
     "a score that is the threshold's goes; the text removes those that are less"),
]


def numpy_type(dtype):
    return onnx.helper.tensor_dtype_to_np_dtype(dtype)


def array(tensor):
    data = np.frombuffer(bytes.fromhex(tensor["data"]), dtype=numpy_type(tensor["dtype"]))
    return data.reshape(tensor["dims"])


def is_packed(case):
    packed = {getattr(onnx.TensorProto, name) for name in ("UINT4", "INT4", "FLOAT4E2M1", "UINT2", "INT2")}
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
            if tensor and word not in types.get(parameter.type_str, {parameter.type_str}):
                return False
    return True


def difference(expected, actual):
    """Empty where `actual` is what the judge expects, within what rounding explains."""
    want = array(expected)
    actual = np.asarray(actual)
    if list(actual.shape) != expected["dims"]:
        return f"dims {list(actual.shape)}, not {expected['dims']}"
    if actual.dtype != want.dtype:
        return f"type {actual.dtype}, not {want.dtype}"
    if "slack" not in expected:
        a, b = want.reshape(-1).tolist(), actual.reshape(-1).tolist()
        wrong = [(x, y) for x, y in zip(a, b) if x != y]
        return f"expected, and found: {wrong[:3]}" if wrong else ""
    a, b = want.astype(np.float64), actual.astype(np.float64)
    eps = 2.0 ** (-onnx_digits(expected["dtype"]))
    slack = UNITS * eps * np.asarray([x or 0 for x in expected["slack"]]).reshape(a.shape) + 1e-300
    with np.errstate(invalid="ignore"):
        good = (a == b) | (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= slack)
    return "" if good.all() else f"{a[~good].reshape(-1)[:3]}, not {b[~good].reshape(-1)[:3]}"


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


def known(case, judged=KNOWN):
    return any(case["operator"] == name and about(case) for name, about, _ in judged)


def report(problems, checked):
    text = "\n".join(problems[:60])
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
        if not allowed(case) or known(case, KNOWN_OF_INFERENCE):
            continue
        try:
            inferred = onnx.shape_inference.infer_shapes(model_of(case), strict_mode=True, data_prop=True)
        except onnx.shape_inference.InferenceError as error:
            if "ParseData type mismatch" in str(error):  # It reads int32 axes of Pad as int64.
                continue
            raise
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
        if not allowed(case) or known(case) or known(case, KNOWN_OF_RUNTIME):
            continue
        try:
            session = runtime.InferenceSession(model_of(case).SerializeToString(), options,
                                               providers=["CPUExecutionProvider"])
        except Exception:  # It lacks kernels of some versions and types.
            continue
        taken[pair] += 1
        try:
            results = session.run(None, feeds_of(case))
        except Exception:  # It allows less than ONNX does: Mod of floats needs fmod.
            continue
        checked += 1
        for i, (want, got) in enumerate(zip([t for t in case["outputs"] if t], results)):
            if text := difference(want, np.asarray(got)):
                problems.append(f"{title(case)}, output {i}: {text}")
    assert checked > 200
    report(problems, checked)

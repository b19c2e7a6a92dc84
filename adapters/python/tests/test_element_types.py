# SPDX-License-Identifier: Apache-2.0
"""spec/element_types.yaml against those who know the types: ONNX, NumPy and ml_dtypes."""

import pathlib
import sys

import ml_dtypes
import numpy as np
import onnx
import pytest
from tenon import _dtypes
from tenon._element_types import ELEMENT_TYPES

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "spec"))
from generator import element_files, element_types  # noqa: E402

TABLE = element_types.read()


def python_type(row):
    return np.dtype(row.numpy) if row.numpy else np.dtype(getattr(ml_dtypes, row.ml_dtypes))


def test_numbers_and_names_are_those_of_onnx():
    known = dict(onnx.TensorProto.DataType.items())
    for name in ("UNDEFINED", "STRING"):  # No elements of memory.
        del known[name]
    assert {t.onnx: t.number for t in TABLE.types} == known


@pytest.mark.parametrize("row", TABLE.types, ids=lambda row: row.name)
def test_sizes_and_limits(row):
    dtype = python_type(row)
    if row.bits >= 8:
        assert dtype.itemsize * 8 == row.bits
    if row.kind in ("signed", "unsigned"):
        assert (ml_dtypes.iinfo if row.ml_dtypes else np.iinfo)(dtype).bits == row.bits
    if row.kind == "float":
        info = ml_dtypes.finfo(dtype)
        assert (info.nmant, info.nexp, info.bits) == (row.form.mantissa, row.form.exponent, row.bits)
        assert element_files.value_of(row.form, row.form.largest) == float(info.max)
    if row.kind == "complex":
        assert np.dtype(TABLE.named(row.part).numpy) == dtype.type(0).real.dtype


@pytest.mark.parametrize("row", [t for t in TABLE.types if t.form and t.bits <= 16], ids=lambda row: row.name)
def test_every_code_of_a_float(row):
    codes = np.arange(2**row.bits, dtype=np.uint8 if row.bits <= 8 else np.uint16)
    values = codes.view(python_type(row)).astype(np.float64)
    form = row.form
    for code, value in enumerate(values):
        magnitude = code & ~form.sign
        if np.isnan(value):
            assert form.nan and (magnitude > form.largest or code == form.nan), code
        elif np.isinf(value):
            assert form.infinity == magnitude, code
        else:
            own = element_files.value_of(form, magnitude)
            assert value == (-own if code & form.sign else own), code


def test_numpy_types_come_back():
    for number, name, *_ in ELEMENT_TYPES:
        assert _dtypes.from_numpy(_dtypes.to_numpy(number)) == number, name
    with pytest.raises(TypeError, match="element type 99 has no NumPy type"):
        _dtypes.to_numpy(99)
    with pytest.raises(TypeError, match="cannot be a Tenon tensor"):
        _dtypes.from_numpy(np.dtype("datetime64[s]"))


@pytest.mark.parametrize("row", TABLE.types, ids=lambda row: row.name)
@pytest.mark.parametrize("dims", [(), (0, 3), (7,), (2, 5)])
def test_arrays_become_bytes_and_come_back(row, dims):
    count = int(np.prod(dims))
    codes = np.random.default_rng(row.number).integers(0, 256, count * max(row.bits // 8, 1), np.uint8)
    if row.bits < 8:
        codes &= 2**row.bits - 1
    if row.kind == "bool":
        codes &= 1
    array = codes.view(python_type(row)).reshape(dims)
    number, data = _dtypes.to_bytes(array)
    assert (number, len(data)) == (row.number, (count * row.bits + 7) // 8)
    back = _dtypes.from_bytes(number, dims, data)
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, dims, array.tobytes())


def test_small_elements_lie_from_the_lower_bits_up():
    _, data = _dtypes.to_bytes(np.array([1, -1, 7], ml_dtypes.int4))
    assert data.tolist() == [0xF1, 0x07]
    _, data = _dtypes.to_bytes(np.array([1, 2, 3, 0, 1], ml_dtypes.uint2))
    assert data.tolist() == [0b00111001, 0b01]

# SPDX-License-Identifier: Apache-2.0
"""Element types: Tenon's numbers (those of ONNX) and NumPy's types."""

import math
from typing import Sequence

import numpy as np

from ._element_types import ELEMENT_TYPES

# ONNX's number of strings, which are Python's in NumPy's arrays of objects.
STRINGS = 8
_NUMPY = {STRINGS: np.dtype(object)} | {code: np.dtype(numpy) for code, _, _, numpy, _ in ELEMENT_TYPES if numpy}
# NumPy has these only through the package ml_dtypes.
_ML_DTYPES = {code: name for code, _, _, _, name in ELEMENT_TYPES if name}
_BITS = {code: bits for code, _, bits, _, _ in ELEMENT_TYPES}


def to_numpy(code: int) -> np.dtype:
    """The NumPy type of an element type. Raises TypeError when NumPy has none."""
    if code in _NUMPY:
        return _NUMPY[code]
    if code in _ML_DTYPES:
        name = _ML_DTYPES[code]
        try:
            import ml_dtypes
        except ImportError as error:
            raise TypeError(f"{name} needs the package ml_dtypes") from error
        if not hasattr(ml_dtypes, name):
            raise TypeError(f"{name} needs a newer ml_dtypes than {ml_dtypes.__version__}")
        return np.dtype(getattr(ml_dtypes, name))
    names = {row[0]: row[1] for row in ELEMENT_TYPES}
    raise TypeError(f"element type {names.get(code, code)} has no NumPy type")


_CODES = {dtype: code for code, dtype in _NUMPY.items()}
_NAMES = {name: code for code, name in _ML_DTYPES.items()}


def from_numpy(dtype: np.dtype) -> int:
    """The element type of a NumPy type. Raises TypeError when Tenon has none."""
    if dtype.kind in "US":
        return STRINGS
    if dtype in _CODES:
        return _CODES[dtype]
    if dtype.name in _NAMES:
        return _NAMES[dtype.name]
    raise TypeError(f"NumPy type {dtype} cannot be a Tenon tensor")


def to_strings(array: np.ndarray) -> list[bytes]:
    """The strings of an array, in UTF-8. Raises TypeError where an element is none."""
    for text in array.flat:
        if not isinstance(text, (str, bytes)):
            raise TypeError(f"{text!r} is no string: an array of objects is one of strings")
    return [t if isinstance(t, bytes) else t.encode(errors="surrogateescape") for t in array.flat]


def from_strings(dims: Sequence[int], strings: Sequence[bytes]) -> np.ndarray:
    array = np.empty(len(strings), object)
    array[:] = [text.decode(errors="surrogateescape") for text in strings]
    return array.reshape(dims)


def to_bytes(array: np.ndarray) -> tuple[int, np.ndarray]:
    """The element type of an array, and its elements as Tenon has them in memory.

    Elements below a byte take one each in ml_dtypes; in Tenon they follow each other without gaps, from
    the lower bits up. Raises TypeError when Tenon has no such type.
    """
    code = from_numpy(array.dtype)
    data = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    bits = _BITS[code]
    if bits < 8:
        data = np.packbits(np.unpackbits(data[:, None], axis=1, count=bits, bitorder="little"), bitorder="little")
    return code, data


def from_bytes(code: int, dims: Sequence[int], data: np.ndarray) -> np.ndarray:
    """The array of an element type whose elements are those bytes; see :func:`to_bytes`."""
    bits = _BITS.get(code, 8)
    if bits < 8:
        flags = np.unpackbits(data, count=math.prod(dims) * bits, bitorder="little")
        data = np.packbits(flags.reshape(-1, bits), axis=1, bitorder="little")
    return data.view(to_numpy(code)).reshape(dims)

# SPDX-License-Identifier: Apache-2.0
"""Element types: Tenon's numbers (those of ONNX) and NumPy's types."""

import numpy as np

_NUMPY = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    4: np.uint16,
    5: np.int16,
    6: np.int32,
    7: np.int64,
    9: np.bool_,
    10: np.float16,
    11: np.float64,
    12: np.uint32,
    13: np.uint64,
    14: np.complex64,
    15: np.complex128,
}
# NumPy has these only through the package ml_dtypes.
_ML_DTYPES = {
    16: "bfloat16",
    17: "float8_e4m3fn",
    18: "float8_e4m3fnuz",
    19: "float8_e5m2",
    20: "float8_e5m2fnuz",
}


def to_numpy(code: int) -> np.dtype:
    """The NumPy type of an element type. Raises TypeError when NumPy has none."""
    if code in _NUMPY:
        return np.dtype(_NUMPY[code])
    if code in _ML_DTYPES:
        try:
            import ml_dtypes
        except ImportError as error:
            raise TypeError(f"{_ML_DTYPES[code]} needs the package ml_dtypes") from error
        return np.dtype(getattr(ml_dtypes, _ML_DTYPES[code]))
    raise TypeError(f"element type {code} has no NumPy type")


_CODES = {np.dtype(t): code for code, t in _NUMPY.items()}
_NAMES = {name: code for code, name in _ML_DTYPES.items()}


def from_numpy(dtype: np.dtype) -> int:
    """The element type of a NumPy type. Raises TypeError when Tenon has none."""
    if dtype in _CODES:
        return _CODES[dtype]
    if dtype.name in _NAMES:
        return _NAMES[dtype.name]
    raise TypeError(f"NumPy type {dtype} cannot be a Tenon tensor")

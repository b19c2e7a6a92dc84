# SPDX-License-Identifier: Apache-2.0
"""Element types: Tenon's numbers (those of ONNX) and NumPy's types."""

import numpy as np

from ._element_types import ELEMENT_TYPES

# Elements below a byte are packed in Tenon, but take a byte each in ml_dtypes: they have no NumPy type.
_NUMPY = {code: np.dtype(numpy) for code, _, _, numpy, _ in ELEMENT_TYPES if numpy}
# NumPy has these only through the package ml_dtypes.
_ML_DTYPES = {code: name for code, _, bits, _, name in ELEMENT_TYPES if name and bits >= 8}


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
    if dtype in _CODES:
        return _CODES[dtype]
    if dtype.name in _NAMES:
        return _NAMES[dtype.name]
    raise TypeError(f"NumPy type {dtype} cannot be a Tenon tensor")

# SPDX-License-Identifier: Apache-2.0
"""Tenon: devices, and ONNX models on them.

    >>> import tenon
    >>> tenon.devices()
    >>> model = tenon.load("model.onnx", device="cpu")
    >>> model.run({"x": array})

A device is named by a spec, ``PLUGIN[:INDEX][?KEY=VALUE&...]`` ("cpu", "cpu?memory=discrete",
"./libmine.so:1"), or by its number in ``tenon.devices()``. Threads: everything may be called from
any thread; runs of one model follow one another and release the GIL.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
from typing import Mapping, Sequence, Union

import numpy as np

from . import _native
from ._dtypes import STRINGS, from_bytes, from_numpy, from_strings, to_bytes, to_numpy, to_strings
from ._native import Device, Error

__all__ = ["Device", "DeviceListing", "Error", "Model", "Value", "device", "devices", "load", "spec_path"]


@dataclasses.dataclass(frozen=True)
class DeviceListing:
    """A device that was found. ``reason`` says why it cannot be used, and is empty when it can."""

    spec: str
    plugin: str
    name: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Value:
    """An input or output of a model; a dim is a number, a name, or None when left open.

    A ``sequence`` is a list of arrays of the type ``dtype``; an ``optional`` value may be None. Strings are
    arrays of objects.
    """

    name: str
    dtype: np.dtype
    dims: tuple
    sequence: bool = False
    optional: bool = False


# What run() takes and gives: an array, a list of arrays for a sequence, None for an optional without a value.
Data = Union[np.ndarray, Sequence[np.ndarray], None]


def _pack(value: Data, expected: Value | None):
    if value is None:
        return None
    if expected is not None and expected.sequence and not isinstance(value, np.ndarray):
        return from_numpy(expected.dtype), [_pack(item, None) for item in value]
    array = np.asarray(value)
    shape = list(array.shape)
    if from_numpy(array.dtype) == STRINGS:
        return STRINGS, shape, to_strings(array)
    code, data = to_bytes(array)
    return code, shape, data


def _unpack(packed) -> Data:
    if packed is None:
        return None
    if len(packed) == 2:
        return [_unpack(item) for item in packed[1]]
    code, dims, data = packed
    return from_strings(dims, data) if code == STRINGS else from_bytes(code, dims, data)


def devices() -> list[DeviceListing]:
    """All devices of all plugins found, and those that could not be used, with the reason."""
    return [DeviceListing(**row) for row in _native.devices()]


def device(which: str | int | Device = 0) -> Device:
    """Opens a device by spec or number; the same one again for the same spec.

    Raises Error when there is no such device, with every path tried.
    """
    if isinstance(which, Device):
        return which
    return _native.device(which) if isinstance(which, int) else _native.open(which)


class Model:
    """An ONNX model made ready for a device; see :func:`load`."""

    def __init__(self, native: _native.Model, on: Device):
        self._native = native
        self.device = on
        self.inputs = [self._value(v) for v in native.inputs]
        self.outputs = [self._value(v) for v in native.outputs]

    @staticmethod
    def _value(row: dict) -> Value:
        return Value(row["name"], to_numpy(row["dtype"]), row["dims"], row["sequence"], row["optional"])

    def run(self, inputs: Mapping[str, Data] | Sequence[Data]) -> list[Data]:
        """Runs the model on inputs by name (or in the model's order) and returns its outputs: an array, a
        list of arrays for a sequence, None for an optional without a value.

        Raises Error naming the input that does not fit, or the node that failed.
        """
        if not isinstance(inputs, Mapping):
            if len(inputs) != len(self.inputs):
                raise ValueError(f"the model has {len(self.inputs)} inputs, given {len(inputs)}")
            inputs = {value.name: array for value, array in zip(self.inputs, inputs)}
        expected = {value.name: value for value in self.inputs}
        packed = {name: _pack(value, expected.get(name)) for name, value in inputs.items()}
        return [_unpack(value) for value in self._native.run(packed)]

    def placement(self) -> dict[str, dict[str, int]]:
        """By operator: how often its nodes ran on the device, by fallback on the reference device, on
        the host (shape arithmetic), as a view, or were folded at load."""
        return self._native.placement()

    def statistics(self) -> dict[str, int]:
        """How runs were prepared: ``plans_made`` (one for each set of input dims; ``plans_kept`` are
        still there), ``interpreted_runs`` (node by node, where values decide about dims),
        ``packed_constants``; and of the latest plan ``launches`` of kernels, ``reorders`` between
        layouts, ``calls`` of operators that are decomposed or fall back, ``memory_bytes``."""
        return self._native.statistics()


def load(
    model: str | os.PathLike | bytes, device: str | int | Device = 0, base_folder: str = ""
) -> Model:
    """Makes an ONNX model (a path or its bytes) ready for a device.

    ``base_folder`` is where external data of a model given as bytes lie. Raises Error: no such file,
    not a valid model, or operators that Tenon lacks, all named.
    """
    on = globals()["device"](device)
    if isinstance(model, (bytes, bytearray)):
        return Model(_native.parse(on, bytes(model), base_folder), on)
    return Model(_native.load(on, os.fspath(model)), on)


def spec_path() -> pathlib.Path:
    """The folder of the standard as text: ``README.md`` and its chapters, with the references of the
    ABI and the operators in ``../reference``.

    Raises FileNotFoundError where they were not installed.
    """
    package = pathlib.Path(__file__).resolve().parent
    prefixes = (package, package.parents[1])  # Of a wheel, and of a build folder.
    for folder in (prefix / "share/tenon/docs/spec" for prefix in prefixes):
        if (folder / "README.md").is_file():
            return folder
    raise FileNotFoundError(f"share/tenon/docs/spec is not in {package}: install Tenon again")

# SPDX-License-Identifier: Apache-2.0
"""Tenon as a backend of ONNX, in the form of ``onnx.backend.base`` that ONNX's tests and its scoreboard take:

    >>> import onnx.backend.test, tenon.onnx_backend
    >>> tests = onnx.backend.test.BackendTest(tenon.onnx_backend, __name__)

A device is ONNX's word for it ("CPU", "CUDA", "CUDA:1") or a spec of Tenon's ("cpu?memory=discrete"). Needs the
package onnx.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
import onnx
import onnx.shape_inference
from onnx import ModelProto, NodeProto, TypeProto, helper
from onnx.backend.base import Backend, BackendRep, namedtupledict

import tenon

__all__ = ["TenonBackend", "TenonRep", "is_compatible", "prepare", "run_model", "run_node", "supports_device"]


def _spec(device: str) -> str:
    kind, _, index = device.partition(":")
    if kind.isalpha() and kind.isupper():  # ONNX's word.
        return kind.lower() + (f":{index}" if index else "")
    return device


class TenonRep(BackendRep):
    """A model made ready for a device."""

    def __init__(self, model: tenon.Model, proto: ModelProto):
        self.model = model
        initialized = {tensor.name for tensor in proto.graph.initializer}
        self._inputs = [value.name for value in proto.graph.input]
        self._needed = [name for name in self._inputs if name not in initialized]
        self._outputs = namedtupledict("Outputs", [value.name for value in proto.graph.output])

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Outputs for inputs: by name, or in the model's order with or without those that have an initializer,
        or the only one."""
        if isinstance(inputs, np.ndarray):
            inputs = [inputs]
        if not isinstance(inputs, dict):
            names = self._inputs if len(inputs) == len(self._inputs) else self._needed
            if len(inputs) != len(names):
                raise ValueError(f"the model has {len(names)} inputs, given {len(inputs)}")
            inputs = dict(zip(names, inputs))
        return self._outputs(*self.model.run(inputs))


class TenonBackend(Backend):
    @classmethod
    def is_compatible(cls, model: ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether Tenon can make the model ready for the device."""
        try:
            cls.prepare(model, device, **kwargs)
            return True
        except tenon.Error:
            return False

    @classmethod
    def prepare(cls, model: ModelProto, device: str = "CPU", *, base_folder: str = "", **kwargs: Any) -> TenonRep:
        """``base_folder`` is where external data lie. Raises tenon.Error, which says what is wrong or lacking."""
        return TenonRep(tenon.load(model.SerializeToString(), _spec(device), base_folder), model)

    @classmethod
    def run_model(cls, model: ModelProto, inputs: Any, device: str = "CPU", **kwargs: Any) -> tuple[Any, ...]:
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(
        cls,
        node: NodeProto,
        inputs: Any,
        device: str = "CPU",
        outputs_info: Sequence[tuple[np.dtype, tuple[int, ...]]] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Runs one node, of the opset ``opset_version`` or else the newest; inputs that it leaves out are not
        given."""
        names = [name for name in node.input if name]
        arrays = inputs if isinstance(inputs, dict) else dict(zip(names, inputs))
        version = kwargs.get("opset_version", onnx.defs.onnx_opset_version())
        imports = [helper.make_opsetid("", version)]
        if node.domain not in ("", "ai.onnx"):
            imports.append(helper.make_opsetid(node.domain, kwargs.get("domain_version", 1)))
        types = {name: _type_of(array) for name, array in arrays.items()}
        if outputs_info is not None:
            made = [helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), dims)
                    for dtype, dims in outputs_info]  # fmt: skip
            results = dict(zip(node.output, made))
        else:
            schema = onnx.defs.get_schema(node.op_type, imports[-1].version, node.domain)
            results = onnx.shape_inference.infer_node_outputs(schema, node, types, opset_imports=imports)
        graph = helper.make_graph(
            [node], "node",
            [helper.make_value_info(name, types[name]) for name in types],
            [helper.make_value_info(name, results[name]) for name in node.output if name],
        )  # fmt: skip
        return cls.run_model(helper.make_model(graph, opset_imports=imports), arrays, device)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Whether there is such a device on this machine."""
        try:
            tenon.device(_spec(device))
            return True
        except tenon.Error:
            return False


def _type_of(value: Any) -> TypeProto:
    if isinstance(value, (list, tuple)):
        return helper.make_sequence_type_proto(_type_of(value[0]))
    array = np.asarray(value)
    return helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


is_compatible = TenonBackend.is_compatible
prepare = TenonBackend.prepare
run_model = TenonBackend.run_model
run_node = TenonBackend.run_node
supports_device = TenonBackend.supports_device

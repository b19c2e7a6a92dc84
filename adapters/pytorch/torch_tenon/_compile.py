# SPDX-License-Identifier: Apache-2.0
"""torch.compile on tenon devices.

Dynamo learns of the device through torch._dynamo.device_interface, so that backend="eager",
"aot_eager" and those of others get graphs with tenon tensors. Inductor, the default, generates code
for the devices that it knows and has no way to say "none" but an error inside the first call: its
one entry, compile_fx, is wrapped, and gives graphs on tenon back as they are, with one warning.
"""

import functools
import warnings

import torch

from . import _C
from ._backend import NAME
from ._imports import when_imported

WARNING = (
    "torch.compile: Inductor, its default backend, generates no code for tenon devices. What was "
    "captured runs op by op on the device, as without torch.compile: the results, fullgraph=True and "
    "dynamic= are as asked for, nothing gets faster. Said once; backend='eager' does the same and "
    "says nothing."
)
_warned = False


def _warn_once():
    global _warned
    if not _warned:
        _warned = True
        warnings.warn(WARNING, UserWarning, stacklevel=2)


def _is_tenon(value):
    return isinstance(value, torch.Tensor) and value.device.type == NAME


def on_tenon(graph_module, inputs):
    """Whether a captured graph takes, holds or makes a tensor on a tenon device."""
    if any(map(_is_tenon, inputs)):
        return True
    if not isinstance(graph_module, torch.fx.GraphModule):
        return False
    if any(map(_is_tenon, graph_module.parameters())):
        return True
    if any(map(_is_tenon, graph_module.buffers())):
        return True
    made = (node.meta.get("example_value", node.meta.get("val")) for node in graph_module.graph.nodes)
    return any(map(_is_tenon, torch.utils._pytree.tree_leaves(list(made))))


def _guard_inductor(module):
    """module: torch._inductor.compile_fx."""
    compile_fx = module.compile_fx

    @functools.wraps(compile_fx)
    def compile_fx_or_eager(model_, example_inputs_, *args, **kwargs):
        if not on_tenon(model_, example_inputs_):
            return compile_fx(model_, example_inputs_, *args, **kwargs)
        if module.V.aot_compilation:
            raise NotImplementedError(
                "AOTInductor generates no code for tenon devices: compile the model on the CPU, or "
                "export it to ONNX and run it with tenon.load()"
            )
        _warn_once()
        return model_.forward

    module.compile_fx = compile_fx_or_eager


def _register_interface(module):
    """module: torch._dynamo.device_interface."""
    tenon = torch.tenon

    class TenonInterface(module.DeviceInterface):
        """What Dynamo and Inductor ask of a tenon device."""

        device = tenon.device
        Event = tenon.Event
        Stream = tenon.Stream

        class Worker:
            set_device = staticmethod(tenon.set_device)
            current_device = staticmethod(tenon.current_device)
            get_device_properties = staticmethod(tenon.get_device_properties)

        current_device = staticmethod(tenon.current_device)
        set_device = staticmethod(tenon.set_device)
        exchange_device = staticmethod(tenon._exchange_device)
        maybe_exchange_device = staticmethod(tenon._maybe_exchange_device)
        device_count = staticmethod(tenon.device_count)
        is_available = staticmethod(tenon.is_available)
        stream = staticmethod(tenon.stream)
        current_stream = staticmethod(tenon.current_stream)
        set_stream = staticmethod(tenon.set_stream)
        synchronize = staticmethod(tenon.synchronize)
        memory_allocated = staticmethod(tenon.memory_allocated)
        is_bf16_supported = staticmethod(tenon.is_bf16_supported)

        @staticmethod
        def _set_stream_by_id(stream_id, device_index, device_type):
            _C.set_stream(stream_id, device_index)

        @staticmethod
        def get_raw_stream(device_idx):
            return tenon.current_stream(device_idx).native_handle

        @staticmethod
        def get_compute_capability(device=None):
            return ""  # No code is generated that could depend on it.

    module.register_interface_for_device(NAME, TenonInterface)
    for index in range(_C.device_count()):
        module.register_interface_for_device(f"{NAME}:{index}", TenonInterface)


def register():
    """Called once, by _backend; imports no part of the compiler."""
    when_imported("torch._dynamo.device_interface", _register_interface)
    when_imported("torch._inductor.compile_fx", _guard_inductor)

# SPDX-License-Identifier: Apache-2.0
"""Libraries that name every device they know, and take the CPU when they know none.

safetensors, accelerate and transformers have no registry of devices. Each function below teaches one
module of theirs one thing, when it is imported, and only for the case in which it would not have
found an accelerator: what they do on other devices stays as it is. Code that asks for the CPU gets it.
"""

import functools
import sys

import torch

from ._backend import NAME
from ._imports import when_imported


def _is_accelerator():
    """Whether an index alone is a tenon device to torch."""
    accelerator = torch.accelerator.current_accelerator()
    return accelerator is not None and accelerator.type == NAME and torch.tenon.is_available()


def _default_device():
    """The current tenon device, when these libraries should take it on their own; else None. A GPU
    that they find by themselves comes first."""
    if torch.cuda.is_available() or not _is_accelerator():
        return None
    return torch.device(NAME, torch.tenon.current_device())


_LIBRARIES = ("safetensors", "accelerate", "transformers")


def _replace(module, name, replacement):
    """module.name = replacement, and the same where a module of these libraries has it by name."""
    original = getattr(module, name)
    for path, other in list(sys.modules.items()):
        if path.partition(".")[0] in _LIBRARIES and vars(other).get(name) is original:
            setattr(other, name, replacement)


# -- safetensors --


def _safetensors(module):
    """Its file reader rejects device names that it does not list; torch's accelerator is an int."""
    native = module.safe_open

    class safe_open:
        __doc__ = native.__doc__
        __module__ = native.__module__

        def __new__(cls, filename, framework, device="cpu", **options):
            if str(device).partition(":")[0] == NAME and _is_accelerator():
                index = torch.device(device).index
                device = torch.tenon.current_device() if index is None else index
            return native(filename, framework, device, **options)

    _replace(module, "safe_open", safe_open)


# -- accelerate --


def _accelerate_state(module):
    """PartialState, and with it Accelerator: the device of a single process."""
    original = module.PartialState.default_device.fget

    @functools.wraps(original)
    def default_device(self):
        found = original(self)
        return (_default_device() or found) if found.type == "cpu" else found

    module.PartialState.default_device = property(default_device)


def _accelerate_modeling(module):
    """device_map="auto": how much memory there is, by index of the device."""

    original = module.get_max_memory

    @functools.wraps(original)
    def get_max_memory(max_memory=None):
        if _default_device() is None:
            return original(max_memory)
        count = torch.tenon.device_count()
        if max_memory is None:
            free = {index: torch.tenon.mem_get_info(index)[0] for index in range(count)}
            return {**free, **original(None)}
        ours = {key: size for key, size in max_memory.items() if isinstance(key, int)}
        rest = {key: size for key, size in max_memory.items() if key not in ours}
        for index, size in ours.items():
            if not 0 <= index < count:
                raise ValueError(f"max_memory names device {index}, there are {count} tenon devices")
            if isinstance(size, str):
                ours[index] = module.convert_file_size_to_int(size)
        return {**dict(sorted(ours.items())), **original(rest)}

    _replace(module, "get_max_memory", get_max_memory)


def _accelerate_memory(module):
    original = module.clear_device_cache

    @functools.wraps(original)
    def clear_device_cache(garbage_collection=False):
        original(garbage_collection)
        torch.tenon.empty_cache()

    _replace(module, "clear_device_cache", clear_device_cache)


# -- transformers --


def _transformers_import_utils(module):
    """TrainingArguments(bf16=True)."""

    original = module.is_torch_bf16_gpu_available

    @functools.wraps(original)
    def is_torch_bf16_gpu_available():
        found = original()
        return found or (_default_device() is not None and torch.tenon.is_bf16_supported())

    _replace(module, "is_torch_bf16_gpu_available", is_torch_bf16_gpu_available)


def _transformers_training_args(module):
    """TrainingArguments.device, the device of Trainer."""
    cls = module.TrainingArguments
    cached = cls.__dict__["_setup_devices"]
    original = getattr(cached, "func", None) or cached.fget

    @functools.wraps(original)
    def setup_devices(self):
        device = original(self)
        state = getattr(self, "distributed_state", None)
        if device.type == "cpu" and state is not None and state.device.type == NAME:
            device = state.device
            torch.tenon.set_device(device)
            self._n_gpu = 1
        return device

    descriptor = type(cached)(setup_devices)
    if hasattr(descriptor, "__set_name__"):
        descriptor.__set_name__(cls, "_setup_devices")
    cls._setup_devices = descriptor


def _transformers_pipelines(module):
    """pipeline(...) with no device, an index, or a model that was spread with device_map."""
    original = module.Pipeline.__init__

    @functools.wraps(original)
    def __init__(self, model, *args, **kwargs):
        asked = kwargs.get("device")
        spread = getattr(model, "hf_device_map", None)
        if asked is None:
            asked = next(iter(spread.values())) if spread else 0
        ours = type(asked) is int and asked >= 0 and _default_device() is not None
        if ours and not spread:
            kwargs["device"] = torch.device(NAME, asked)
        original(self, model, *args, **kwargs)
        if ours and spread:
            self.device = torch.device(NAME, asked)

    module.Pipeline.__init__ = __init__


def register():
    """Called once, by _backend; imports none of the libraries."""
    when_imported("safetensors", _safetensors)
    when_imported("accelerate.state", _accelerate_state)
    when_imported("accelerate.utils.modeling", _accelerate_modeling)
    when_imported("accelerate.utils.memory", _accelerate_memory)
    when_imported("transformers.utils.import_utils", _transformers_import_utils)
    when_imported("transformers.training_args", _transformers_training_args)
    when_imported("transformers.pipelines.base", _transformers_pipelines)

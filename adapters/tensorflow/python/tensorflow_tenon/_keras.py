# SPDX-License-Identifier: Apache-2.0
"""Keeps Keras from compiling for devices that XLA does not know.

Keras compiles with XLA wherever it believes that to be faster (`compile(jit_compile="auto")`, grouped
convolutions), and TensorFlow then fails with "No JIT device registered". Asked by the user for
`jit_compile=True`, Keras warns that the model does not support it and goes on without.

The changes are made when Keras is imported, before or after this package.
"""

import importlib.abc
import sys


def _never_jit(module):
    module.model_supports_jit = lambda model: False


class _TensorFlowWithoutJit:
    """TensorFlow's module for one user, with `tf.function` that leaves XLA out."""

    def __init__(self, tensorflow):
        self._tensorflow = tensorflow

    def __getattr__(self, name):
        return getattr(self._tensorflow, name)

    def function(self, *arguments, jit_compile=None, **options):
        del jit_compile
        return self._tensorflow.function(*arguments, **options)


def _convolve_without_jit(module):
    module.tf = _TensorFlowWithoutJit(module.tf)


_CHANGES = {
    "keras.src.trainers.trainer": _never_jit,
    "keras.src.backend.tensorflow.nn": _convolve_without_jit,
}


class _Loader(importlib.abc.Loader):
    """Another loader, with a change made to its module afterwards."""

    def __init__(self, loader, change):
        self._loader = loader
        self._change = change

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        self._change(module)

    def __getattr__(self, name):
        return getattr(self._loader, name)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name not in _CHANGES:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Loader(spec.loader, _CHANGES[name])
                return spec
        return None


def install():
    for name, change in _CHANGES.items():
        if name in sys.modules:
            change(sys.modules[name])
    sys.meta_path.insert(0, _Finder())

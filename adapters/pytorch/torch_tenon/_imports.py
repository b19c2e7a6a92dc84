# SPDX-License-Identifier: Apache-2.0
"""Runs a function on a module once it is imported, without importing it.

torch's compiler and the libraries of _libraries.py are slow to import and often absent: what is
registered with them waits here until other code imports them.
"""

import importlib.abc
import importlib.machinery
import sys

_waiting = {}


class _Loader(importlib.abc.Loader):
    """Another loader, after which the functions that wait for the module run."""

    def __init__(self, loader):
        self._loader = loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        _run(module)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules that are waited for as the other finders do, with a loader that reports the import."""

    def find_spec(self, name, path, target=None):
        if name not in _waiting:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


def _run(module):
    for function in _waiting.pop(module.__name__, ()):
        function(module)


def when_imported(name, function):
    """Calls function(module) after `name` was imported: at once when that has been."""
    module = sys.modules.get(name)
    if module is not None and not getattr(module.__spec__, "_initializing", False):
        function(module)
        return
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    _waiting.setdefault(name, []).append(function)

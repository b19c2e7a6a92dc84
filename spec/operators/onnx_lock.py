# SPDX-License-Identifier: Apache-2.0
"""What ONNX's schemas say, from spec/onnx.lock (spec/extract_onnx.py writes it)."""
import functools
import pathlib

import yaml

from . import facts

LOCK = pathlib.Path(__file__).resolve().parent.parent / "onnx.lock"


class Schema:
    """One operator in one since-version."""

    def __init__(self, name, version, raw):
        self.name, self.version = name, version
        self.inputs = facts.parameters(raw.get("inputs"))
        self.outputs = facts.parameters(raw.get("outputs"))
        self.attributes = facts.attributes(raw.get("attributes"))
        self.types = {name: text.split(", ") for name, text in (raw.get("types") or {}).items()}
        self.notes = raw.get("notes", "")

    def element_types(self, kind):
        """Of a type constraint, or the element type of that name."""
        return self.types.get(kind, [kind])


@functools.cache
def raw_lock():
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(LOCK.read_text(), loader)


def versions(name):
    """{since-version: Schema} of an operator of ONNX's own domain."""
    if name not in raw_lock():
        raise ValueError(f"{name}: ONNX has no such operator; another one needs a `domain`")
    return {version: Schema(name, version, raw) for version, raw in raw_lock()[name].items()}

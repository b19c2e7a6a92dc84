# SPDX-License-Identifier: Apache-2.0
"""What an entry of spec/ops and a version in spec/onnx.lock say in the same words: the parameters and
attributes of an operator."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Parameter:
    """`X: T`, `B: T optional`, `inputs: T variadic 1`: an input or output."""
    name: str
    kind: str  # A type constraint, or an element type.
    optional: bool = False
    variadic: bool = False
    mixed: bool = False  # Variadic, of several types of its constraint in one call.

    @staticmethod
    def read(name, text):
        kind, *words = str(text).split()
        unknown = [w for w in words if w not in ("optional", "variadic", "mixed") and not w.isdigit()]
        if unknown:
            raise ValueError(f"{name}: {text}: unknown words {unknown}")
        return Parameter(name, kind, "optional" in words, "variadic" in words, "mixed" in words)


@dataclasses.dataclass(frozen=True)
class Attribute:
    """`axis: int = -1`, `to: int required`, `pads: ints`: lists that are not given are empty."""
    name: str
    kind: str
    default: str | None = None
    required: bool = False

    @staticmethod
    def read(name, text):
        declared, _, default = (part.strip() for part in str(text).partition("="))
        kind, *words = declared.split()
        if words not in ([], ["required"]) or (words and default):
            raise ValueError(f"attribute {name}: cannot read {text!r}")
        return Attribute(name, kind, default or None, bool(words))

    @property
    def is_list(self):
        return self.kind in ("ints", "floats", "strings")

    def __str__(self):
        return self.kind + (f" = {self.default}" if self.default else " required" if self.required else "")


def parameters(mapping):
    return [Parameter.read(name, text) for name, text in (mapping or {}).items()]


def attributes(mapping):
    return {name: Attribute.read(name, text) for name, text in sorted((mapping or {}).items())}

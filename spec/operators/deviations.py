# SPDX-License-Identifier: Apache-2.0
"""How an entry of ONNX's domain deviates from ONNX's schema: only as it says, with a reason.

    extends:                    narrows:
      T: [uint8, uint16]          T: [float8]             types of a constraint, more or fewer
      optional: [Scale]           attributes: [x]         inputs that may be absent; attributes that it lacks
      because: ...                outputs: [y]
                                  because: ...
"""
import dataclasses

from . import element_types

# What ONNX lists and no entry has.
NOWHERE = {
    "string": "hosts compute with strings; no device does",
    "seq": "a host keeps sequences", "optional": "a host keeps optionals", "map": "a host keeps maps",
    "sparse_tensor": "a tensor is dense or a view",
    "float8e8m0": "no kernel moves it yet",
    "float6e2m3": "no kernel moves it yet", "float6e3m2": "no kernel moves it yet",
}


class Deviations:
    def __init__(self, entry):
        self.extends, self.extends_because = self.read(entry.get("extends"))
        self.narrows, self.narrows_because = self.read(entry.get("narrows"))

    @staticmethod
    def read(section):
        section = dict(section or {})
        because = section.pop("because", "")
        if section and not because:
            raise ValueError("a deviation says `because`")
        return section, because

    def apply(self, schema):
        """Inputs, outputs, attributes and types of the schema, but for the deviations."""
        extends, narrows = dict(self.extends), dict(self.narrows)
        types = {kind: self.constraint(kind, allowed, extends.pop(kind, []), narrows.pop(kind, []))
                 for kind, allowed in schema.types.items()}
        optional = extends.pop("optional", [])
        self.known("optional", optional, [p.name for p in schema.inputs if not p.optional])
        inputs = [dataclasses.replace(p, optional=True) if p.name in optional else p for p in schema.inputs]
        lacking = narrows.pop("outputs", [])
        self.known("outputs", lacking, [p.name for p in schema.outputs if p.optional])
        outputs = [p for p in schema.outputs if p.name not in lacking]
        without = narrows.pop("attributes", [])
        self.known("attributes", without, schema.attributes)
        attributes = {k: a for k, a in schema.attributes.items() if k not in without}
        if extends or narrows:
            raise ValueError(f"a deviation of what ONNX does not have: {sorted(extends | narrows)}")
        used = {p.kind for p in inputs + outputs}
        return inputs, outputs, attributes, {k: v for k, v in types.items() if k in used}

    @staticmethod
    def known(what, names, allowed):
        wrong = [name for name in names if name not in allowed]
        if wrong:
            raise ValueError(f"{what}: {wrong} is no deviation from ONNX, which has {list(allowed)}")

    @staticmethod
    def constraint(kind, allowed, more, fewer):
        of_onnx = {t for t in allowed if t.split("(")[0] not in NOWHERE}
        more, fewer = element_types.expand(more), element_types.expand(fewer)
        if set(more) & of_onnx or set(fewer) - of_onnx:
            raise ValueError(f"{kind}: {sorted(set(more) & of_onnx | set(fewer) - of_onnx)} is no deviation from ONNX")
        return element_types.expand(sorted((of_onnx | set(more)) - set(fewer)))

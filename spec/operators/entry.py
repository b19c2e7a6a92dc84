# SPDX-License-Identifier: Apache-2.0
"""An operator of the contract: an entry of spec/ops, completed by what ONNX's schema says."""
from . import body, bounds, deviations, element_types, facts, onnx_lock, same_versions, shape, tolerance

COMMON = {"domain", "name", "version", "revision", "host", "column", "bounds", "shape", "view", "replaces",
          "determinism", "semantics", "open", "tolerance", "body"}
# An entry of ONNX's domain says how it deviates; one of another domain says all.
OF_ONNX = COMMON | {"same", "extends", "narrows", "newer"}
OF_OTHERS = COMMON | {"inputs", "outputs", "types", "attributes"}
ELEMENTWISE = "elementwise"


class Operator:
    def __init__(self, entry, family):
        self.family = family
        self.domain = entry.get("domain", "")
        self.name = entry["name"]
        self.full_name = f"{self.domain}.{self.name}" if self.domain else self.name
        self.identifier = self.domain.split(".")[-1].capitalize() + self.name  # com.microsoft: Microsoft.
        try:
            self.read(entry)
        except (ValueError, KeyError) as error:
            raise ValueError(f"{self.full_name}: {error}") from error

    def read(self, entry):
        unknown = set(entry) - (OF_OTHERS if self.domain else OF_ONNX)
        if unknown:
            raise ValueError(f"unknown keys {sorted(unknown)}")
        self.version = entry["version"]
        self.revision = entry.get("revision", 0)
        if (self.revision == 0) != (self.domain == ""):
            raise ValueError("`revision` is 0 in ONNX's own domain, and counts from 1 in others")
        self.deviations = deviations.Deviations(entry)
        if self.domain:
            self.of_entry(entry)
        else:
            self.of_onnx()
        self.host = entry.get("host", [])
        for name in self.host:
            if name not in self.input_names:
                raise ValueError(f"host input {name} is not an input, but {self.input_names}")
        self.column = entry.get("column") or self.first_kind()
        if self.column not in {**self.types, **dict.fromkeys(p.kind for p in self.inputs + self.outputs)}:
            raise ValueError(f"column {self.column}: neither a type constraint nor the element type of a parameter")
        self.bounds = bounds.read(entry.get("bounds"), self)
        self.shape = shape.Shape(entry.get("shape"), self)
        self.view = entry.get("view", False)
        self.replaces = self.read_replaces(entry.get("replaces", {}))
        self.determinism = entry.get("determinism", "always")
        if self.determinism not in ("always", "asked"):
            raise ValueError(f"determinism is `always` or `asked`, not {self.determinism}")
        self.semantics = " ".join(str(entry.get("semantics", "")).split())
        self.open = self.read_open(entry.get("open", {}))
        self.tolerance = tolerance.read(entry.get("tolerance"))
        self.body = body.lines(entry.get("body", ""))
        # Newest first: the order in which the runtime tries them.
        self.newer = entry.get("newer", {})
        self.same = same_versions.of(self, entry.get("same", []), self.newer)

    def of_entry(self, entry):
        self.inputs = facts.parameters(entry.get("inputs"))
        self.outputs = facts.parameters(entry["outputs"])
        self.attributes = facts.attributes(entry.get("attributes"))
        self.types = {k: element_types.expand(v) for k, v in entry["types"].items()}
        kinds = {p.kind for p in self.inputs + self.outputs}
        unknown = kinds - set(self.types) - set(element_types.KNOWN)
        if unknown or set(self.types) - kinds:
            raise ValueError(f"types: {sorted(unknown | (set(self.types) - kinds))} are of no parameter, "
                             "or no element types")

    def of_onnx(self):
        schema = onnx_lock.versions(self.name).get(self.version)
        if schema is None:
            raise ValueError(f"ONNX has no version {self.version}")
        self.schema = schema
        self.inputs, self.outputs, self.attributes, self.types = self.deviations.apply(schema)

    @property
    def input_names(self):
        return [p.name for p in self.inputs]

    def first_kind(self):
        """The constraint that a device's claims are about: of the first input that is no host value, or else
        of the first output."""
        kinds = [p.kind for p in self.inputs if p.name not in self.host] + [self.outputs[0].kind]
        return next(kind for kind in kinds if kind in self.types)

    def element_types(self, kind=None):
        """Of a type constraint (default: the column of a device's claims) or the element type of that name."""
        kind = kind or self.column
        return self.types.get(kind, [kind])

    def read_replaces(self, value):
        """{output: inputs that it may replace}."""
        if value == "any":
            return {o.name: [i.name for i in self.inputs if i.kind == o.kind] for o in self.outputs}
        names = [o.name for o in self.outputs]
        for output, given in value.items():
            if output not in names or given not in self.input_names:
                raise ValueError(f"replaces: {output}: {given} are no output and input")
        return {output: [given] for output, given in value.items()}

    def read_open(self, value):
        """{what no device is judged by: why}: "infinity" among operands, or an attribute."""
        unknown = set(value) - {"infinity"} - set(self.attributes)
        if unknown:
            raise ValueError(f"open: {sorted(unknown)} are neither infinity nor attributes")
        return value

    @property
    def elementwise(self):
        return self.family == ELEMENTWISE

    @property
    def boolean(self):
        """Elementwise with a bool result whatever the inputs are."""
        return self.elementwise and self.element_types(self.outputs[0].kind) == ["bool"]

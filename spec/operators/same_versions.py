# SPDX-License-Identifier: Apache-2.0
"""Other since-versions of ONNX that mean the same as the entry's.

An entry lists them; for which calls they do follows from both schemas: element types that both allow, inputs
and outputs that both have, attributes that both know (others at their default). So "the same" is never said
for a type that the other version lacks.
"""
import dataclasses

from . import element_types, onnx_lock


ANY_NUMBER = 255


@dataclasses.dataclass(frozen=True)
class SameVersion:
    version: int
    types: tuple     # Of the column: element types for which it means the same.
    limits: tuple    # (input, output, types) of other parameters that take less here; one of the two is None.
    required: int    # How many inputs a call has at least,
    inputs: int      # and at most, or ANY_NUMBER;
    outputs: int     # outputs at most, or ANY_NUMBER.
    lacks: tuple     # Attributes of the entry that it does not know.
    ties: str        # A letter an input, equal ones for equal types; empty: no tie that the entry lacks.


def of(operator, listed, newer):
    """Newest first. Every version of ONNX's behind the entry's is listed or explained under `newer`."""
    if operator.domain:
        return []
    known = onnx_lock.versions(operator.name)
    wrong = [v for v in [*listed, *newer] if v not in known or v == operator.version]
    if wrong:
        raise ValueError(f"same: {wrong} is no other version; ONNX has {sorted(known)}")
    silent = [v for v in known if v > operator.version and v not in listed and v not in newer]
    if silent:
        raise ValueError(f"ONNX has version {silent}: list it under `same`, or say under `newer` how it differs")
    return [compare(operator, known[v]) for v in sorted(listed, reverse=True)]


def compare(operator, schema):
    def main(own, other):
        return next((b for a, b in zip(own, other) if a.kind == operator.column), None)

    column = main(operator.inputs, schema.inputs) or main(operator.outputs, schema.outputs)
    if column is None:
        raise ValueError(f"same: version {schema.version} has no parameter of {operator.column}")
    allowed = schema.element_types(column.kind)
    check_attributes(operator, schema)
    return SameVersion(
        schema.version, tuple(t for t in operator.element_types() if t in allowed), tuple(limits(operator, schema)),
        required(schema.inputs), at_most(schema.inputs), at_most(schema.outputs),
        tuple(a for a in operator.attributes if a not in schema.attributes), ties(operator, schema))


def limits(operator, schema):
    """What parameters take less than in the entry's version, but for those of the column."""
    for of_outputs, own, other in ((False, operator.inputs, schema.inputs), (True, operator.outputs, schema.outputs)):
        for i, (a, b) in enumerate(zip(own, other)):
            types = tuple(t for t in operator.element_types(a.kind) if t in schema.element_types(b.kind))
            if a.kind != operator.column and list(types) != operator.element_types(a.kind):
                yield (None, i, types) if of_outputs else (i, None, types)


def at_most(parameters):
    return ANY_NUMBER if parameters and parameters[-1].variadic else len(parameters)


def required(inputs):
    needed = [i for i, p in enumerate(inputs) if not p.optional and not p.variadic]
    return needed[-1] + 1 if needed else 0


def check_attributes(operator, schema):
    for name, attribute in schema.attributes.items():
        lacking = operator.deviations.narrows.get("attributes", [])
        if name not in operator.attributes and name not in lacking:
            raise ValueError(f"same: version {schema.version} has the attribute {name}, which this one lacks")
        own = operator.attributes.get(name)
        if own and (own.kind, own.default) != (attribute.kind, attribute.default):
            raise ValueError(f"same: version {schema.version}: {name} is {attribute}, here {own}")


def letters(parameters):
    kinds = []
    for p in parameters:
        if p.kind not in kinds:
            kinds.append(p.kind)
    return "".join(chr(ord("a") + kinds.index(p.kind)) for p in parameters)


def ties(operator, schema):
    own, other = letters(operator.inputs), letters(schema.inputs)
    size = min(len(own), len(other))
    tighter = any(other[i] == other[j] and own[i] != own[j] for i in range(size) for j in range(i))
    return other[:size] if tighter else ""

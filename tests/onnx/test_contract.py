# SPDX-License-Identifier: Apache-2.0
"""The operator contract against ONNX's own schemas, read from the package: no difference that an entry does not
explain, and every kind of difference is noticed."""
import copy
import dataclasses
import functools
import pathlib
import sys

import onnx.defs
import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "spec"))
import extract_onnx  # noqa: E402
from operators import contract, deviations, element_types, entry, revision_lock  # noqa: E402

OPERATORS = {name: o for name, o in contract.load().items() if not o.domain}
CONTAINERS = ("seq", "optional", "map", "sparse_tensor")
OPTION = onnx.defs.OpSchema.FormalParameterOption


@functools.cache
def since_versions(name):
    return {s.since_version for s in onnx.defs.get_all_schemas_with_history() if s.domain == "" and s.name == name}


def types_of(schema, kind):
    """Element types of a constraint or a type's name, but for those that no entry has."""
    allowed = next((c.allowed_type_strs for c in schema.type_constraints if c.type_param_str == kind), [kind])
    names = {extract_onnx.type_name(t) for t in allowed}
    return {n for n in names if n.split("(")[0] not in deviations.NOWHERE}


def of_parameters(what, own, other, absent=(), optional=()):
    expected = [(p.name, p.option == OPTION.Optional or p.name in optional, p.option == OPTION.Variadic)
                for p in other if p.name not in absent]
    found = [(p.name, p.optional, p.variadic) for p in own]
    return [] if found == expected else [f"{what}: {found}, ONNX's are {expected}"]


def of_attributes(o, schema):
    out, lacking = [], o.deviations.narrows.get("attributes", [])
    expected = {n: extract_onnx.attribute(a) for n, a in schema.attributes.items() if n not in lacking}
    found = {n: str(a) for n, a in o.attributes.items()}
    for name in sorted(set(expected) | set(found)):
        if expected.get(name) != found.get(name):
            out.append(f"attribute {name}: {found.get(name)}, ONNX's is {expected.get(name)}")
    return out


def of_types(o, schema):
    out = []
    for kind in o.types:
        more = set(element_types.expand(o.deviations.extends.get(kind, [])))
        fewer = set(element_types.expand(o.deviations.narrows.get(kind, [])))
        expected = types_of(schema, kind) | more
        if set(o.types[kind]) != expected - fewer:
            out.append(f"types of {kind}: {sorted(set(o.types[kind]) ^ (expected - fewer))} differ")
    return out


def of_same_versions(o):
    """For which types an older or newer version means the same."""
    out = []
    for same in o.same:
        schema = onnx.defs.get_schema(o.name, same.version, "")
        if schema.since_version != same.version:
            out.append(f"same: {same.version} is no since-version")
            continue
        at = next((i for i, p in enumerate(o.inputs) if p.kind == o.column), None)
        parameter = schema.outputs[0] if at is None else schema.inputs[at]
        beyond = set(same.types) - types_of(schema, parameter.type_str)
        if beyond:
            out.append(f"same: {same.version} lacks {sorted(beyond)}")
    newer = {v for v in since_versions(o.name) if v > o.version}
    silent = newer - {s.version for s in o.same} - set(o.newer)
    return out + ([f"nothing is said of versions {sorted(silent)}"] if silent else [])


def unexplained(o):
    schema = onnx.defs.get_schema(o.name, o.version, "")
    if schema.since_version != o.version:
        return [f"{o.version} is no since-version, but {schema.since_version}"]
    inputs = of_parameters("inputs", o.inputs, schema.inputs, optional=o.deviations.extends.get("optional", []))
    outputs = of_parameters("outputs", o.outputs, schema.outputs, absent=o.deviations.narrows.get("outputs", []))
    return inputs + outputs + of_attributes(o, schema) + of_types(o, schema) + of_same_versions(o)


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_the_contract_differs_from_onnx_only_as_it_says(name):
    assert unexplained(OPERATORS[name]) == []


def changed(name, **fields):
    o = copy.deepcopy(OPERATORS[name])
    for field, value in fields.items():
        setattr(o, field, value)
    return o


def without(items, **wanted):
    return [dataclasses.replace(items[0], **wanted), *items[1:]]


ADD, CAST, POOL = OPERATORS["Add"], OPERATORS["Cast"], OPERATORS["MaxPool"]
DIFFERENCES = {
    "a type more": changed("Add", types={"T": [*ADD.types["T"], "bool"]}),
    "a type less": changed("Add", types={"T": ADD.types["T"][1:]}),
    "another input": changed("Add", inputs=without(ADD.inputs, name="X")),
    "an optional input": changed("Add", inputs=without(ADD.inputs, optional=True)),
    "a variadic input": changed("Add", inputs=without(ADD.inputs, variadic=True)),
    "an input less": changed("Add", inputs=ADD.inputs[:1]),
    "an output less": changed("MaxPool", outputs=POOL.outputs[:1]),
    "an attribute less": changed("Cast", attributes={"to": CAST.attributes["to"]}),
    "another default": changed("Cast", attributes={
        **CAST.attributes, "saturate": dataclasses.replace(CAST.attributes["saturate"], default="0")}),
    "an optional attribute": changed("Cast", attributes={
        **CAST.attributes, "to": dataclasses.replace(CAST.attributes["to"], required=False)}),
    "another kind of attribute": changed("Cast", attributes={
        **CAST.attributes, "to": dataclasses.replace(CAST.attributes["to"], kind="string")}),
    "no since-version": changed("Add", version=12),
    "the same as no since-version": changed("Add", same=[dataclasses.replace(ADD.same[0], version=12)]),
    "the same for a type it lacks": changed("Add", same=[dataclasses.replace(ADD.same[0], types=("int8",))]),
    "a newer version unsaid": changed("Cast", same=[s for s in CAST.same if s.version != 28]),
}


@pytest.mark.parametrize("kind", DIFFERENCES)
def test_every_kind_of_difference_is_noticed(kind):
    assert unexplained(DIFFERENCES[kind])


ENTRIES = {
    "a deviation without a reason": "{name: Sin, version: 22, extends: {T: [int8]}}",
    "a type beyond ONNX that ONNX has": "{name: Sin, version: 22, extends: {T: [float32], because: no}}",
    "a type less that ONNX lacks": "{name: Sin, version: 22, narrows: {T: [int8], because: no}}",
    "a lacking attribute that ONNX lacks": "{name: Sin, version: 22, narrows: {attributes: [x], because: no}}",
    "an optional input that ONNX has so": "{name: Gemm, version: 13, extends: {optional: [C], because: no}}",
    "what ONNX's schema says": "{name: Sin, version: 22, inputs: {X: T}}",
    "a version that ONNX lacks": "{name: Sin, version: 21}",
    "an operator that ONNX lacks": "{name: Sinn, version: 1}",
    "a newer version unsaid": "{name: Sin, version: 7}",
    "a revision in ONNX's domain": "{name: Sin, version: 22, revision: 1}",
    "no revision in another": "{name: X, domain: tenon, version: 1, outputs: {Y: T}, types: {T: float}}",
    "an unknown shape rule": "{name: Sin, version: 22, shape: alike}",
    "bounds of no attribute": "{name: Sin, version: 22, bounds: {axis: [0]}}",
    "a bound that is no number": "{name: Softmax, version: 13, bounds: {axis: {min: 2 * rank(input)}}}",
}


@pytest.mark.parametrize("what", ENTRIES)
def test_an_entry_does_not_say(what):
    raw = {"shape": "same", **yaml.safe_load(ENTRIES[what])}
    with pytest.raises(ValueError):
        entry.Operator(raw, "elementwise")


def silu(**fields):
    families = yaml.safe_load((ROOT / "spec/ops/elementwise.yaml").read_text())
    raw = next(e for e in families["operators"] if e["name"] == "Silu")
    return {"tenon.Silu": entry.Operator({**families["defaults"], **raw, **fields}, "elementwise")}


def test_a_changed_meaning_needs_a_raised_revision():
    locked = revision_lock.read(revision_lock.text(silu()))
    wider = {"types": {"T": "numeric"}}
    assert revision_lock.problems(silu(), locked) == []
    assert revision_lock.problems(silu(semantics="Other words.", tolerance="function"), locked) == []
    assert "raise" in revision_lock.problems(silu(**wider), locked)[0]
    assert revision_lock.problems(silu(**wider, revision=2), locked) == []
    assert "nothing did" in revision_lock.problems(silu(revision=2), locked)[0]
    raised = revision_lock.read(revision_lock.text(silu(revision=2)))
    assert "only rise" in revision_lock.problems(silu(), raised)[0]

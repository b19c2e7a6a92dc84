#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes spec/onnx.lock: what the schemas of the onnx package say of every operator, in every version.

    spec/extract_onnx.py           # write
    spec/extract_onnx.py --check   # exit 1 when the committed file is not what the package says

One line a fact, so that an upgrade of the package is a diff that can be read. Prose is left out. This is
the only program that reads the package; builds and the other generators read the lock.
"""
import argparse
import pathlib
import struct
import sys

import onnx.defs
import onnx.helper

LOCK = pathlib.Path(__file__).resolve().parent / "onnx.lock"
DOMAINS = ("", "ai.onnx.ml", "ai.onnx.preview", "ai.onnx.preview.training")
# Element types are called as in tenon.h; `tensor(double)` is float64.
RENAMED = {"float": "float32", "double": "float64"}
HEAD = """\
# Written by spec/extract_onnx.py from the onnx package; do not edit.
#
# name: {since-version: {inputs, outputs: {name: type constraint or element type}, attributes: {name: type = default},
# types: {constraint: element types}, notes: what else the schema says}}
"""


def type_name(text):
    """`tensor(double)` -> float64; of other values: `seq(float64)`, `map(int64, float32)`."""
    for outer in ("seq", "optional", "sparse_tensor"):
        if text.startswith(outer + "("):
            return f"{outer}({type_name(text[len(outer) + 1:-1])})"
    if text.startswith("map("):
        key, value = text[4:-1].split(",", 1)
        return f"map({type_name(key.strip())} to {type_name(value.strip())})"
    if text.startswith("tensor("):
        text = text[7:-1]
    return RENAMED.get(text, text)


def parameter(p, constraints):
    """`T`, `T optional`, `T variadic`; of a variadic one also how many at least, and whether types may differ."""
    words = [p.type_str if p.type_str in constraints else type_name(p.type_str)]
    if p.option == onnx.defs.OpSchema.FormalParameterOption.Optional:
        words.append("optional")
    if p.option == onnx.defs.OpSchema.FormalParameterOption.Variadic:
        words.append(f"variadic {p.min_arity}")
        if not p.is_homogeneous:
            words.append("mixed")
    return " ".join(words)


def real(value):
    """A float of 32 bits, as short as it can be told from its neighbours."""
    def stored(number):
        return struct.pack("f", number)
    short = (float(f"{value:.{digits}g}") for digits in range(1, 10))
    return repr(next(number for number in short if stored(number) == stored(value)))


def literal(value):
    if isinstance(value, bytes):
        return '"' + value.decode() + '"'
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(literal, value)) + "]"
    return real(value) if isinstance(value, float) else str(value)


def attribute(a):
    kind = a.type.name.lower()
    if a.required:
        return kind + " required"
    if a.default_value.type == 0:  # None is given.
        return kind
    return f"{kind} = {literal(onnx.helper.get_attribute_value(a.default_value))}"


def notes(schema):
    found = [word for word, on in (
        ("deprecated", schema.deprecated), ("function", schema.has_function),
        ("context-dependent function", schema.has_context_dependent_function),
        ("nondeterministic", schema.node_determinism.name == "NonDeterministic"),
        ("experimental", schema.support_level.name == "EXPERIMENTAL")) if on]
    return ", ".join(found)


def section(title, facts):
    return [f"    {title}:"] + [f"      {quoted(k)}: {quoted(v)}" for k, v in facts] if facts else []


def quoted(text):
    """A plain scalar of YAML where that means the same."""
    plain = text and text[0] not in "[{&*!|>'\"%@`#-?,:" and ": " not in text and " #" not in text
    return text if plain else "'" + text.replace("'", "''") + "'"


def record(schema):
    constraints = {c.type_param_str: c.allowed_type_strs for c in schema.type_constraints}
    lines = [f"  {schema.since_version}:"]
    lines += section("inputs", [(p.name, parameter(p, constraints)) for p in schema.inputs])
    lines += section("outputs", [(p.name, parameter(p, constraints)) for p in schema.outputs])
    lines += section("attributes", [(name, attribute(a)) for name, a in sorted(schema.attributes.items())])
    lines += section("types", [(name, ", ".join(sorted(map(type_name, allowed))))
                               for name, allowed in sorted(constraints.items())])
    if notes(schema):
        lines.append(f"    notes: {notes(schema)}")
    return lines


def lock_text():
    schemas = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain in DOMAINS:
            name = f"{schema.domain}.{schema.name}" if schema.domain else schema.name
            schemas.setdefault((DOMAINS.index(schema.domain), name), {})[schema.since_version] = schema
    lines = [HEAD.rstrip("\n")]
    for (_, name), versions in sorted(schemas.items()):
        lines.append(f"{name}:")
        for version in sorted(versions):
            lines += record(versions[version])
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    text = lock_text()
    if not parser.parse_args().check:
        LOCK.write_text(text)
    elif not LOCK.exists() or LOCK.read_text() != text:
        print(f"stale: spec/onnx.lock is not what onnx {onnx.__version__} says; run spec/extract_onnx.py, "
              "read the difference, and commit it")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

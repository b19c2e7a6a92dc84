# SPDX-License-Identifier: Apache-2.0
"""tenon/device/operators/attributes.h: a struct of an operator's attributes, and enumerations of their words."""
import itertools
import re

from . import contract
from .cpp import GENERATED, WIDTH

PATH = "reference_impl/device/include/tenon/device/operators/attributes.h"
HEAD = f"""\
// SPDX-License-Identifier: Apache-2.0
//
// {GENERATED.format("spec/ops and spec/onnx.lock")}
//
// The attributes of a description as a struct: a field an attribute, at its default where none is
// given. Operators of a family with the same attributes have the same struct.
#pragma once

#include "tenon/device/operators/attribute_reader.h"

// clang-format off: the tables
namespace tenon::device {{

"""
TYPES = {"int": "int64_t", "float": "float", "string": "std::string", "ints": "std::vector<int64_t>",
         "floats": "std::vector<float>", "strings": "std::vector<std::string>", "tensor": "const tn_tensor*"}
PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*")  # Of a name like ScatterND.


def camel(word):
    return "".join(part.capitalize() for part in word.split("_"))


def words(o, a):
    """The words that an attribute may be, if it is one of some."""
    values = o.bounds[a.name].values if a.name in o.bounds else ()
    return tuple(values) if a.kind == "string" else ()


def common_start(names):
    """ScatterElements, ScatterND: Scatter."""
    parts = zip(*(PARTS.findall(name) for name in names))
    return "".join(one[0] for one in itertools.takewhile(lambda p: len(set(p)) == 1, parts))


def enumerations(operators):
    """{(attribute, its words): name}: called as the attribute, behind what its operators' names start with."""
    users = {}
    for o in operators.values():
        for a in o.attributes.values():
            if words(o, a):
                users.setdefault((a.name, words(o, a)), []).append(o.name)
    names = {key: common_start(of) + camel(key[0]) for key, of in users.items()}
    if len(set(names.values())) != len(names):
        raise ValueError(f"enumerations of attributes have the same name: {names}")
    return names


def enumerators(of):
    return ", ".join("k" + camel(word) for word in of)


def field(o, a, enums):
    of = words(o, a)
    if of:
        name = enums[a.name, of]
        default = a.default.strip(chr(34)) if a.default else of[0]  # A required one is always given.
        return f"{name} {a.name} = {name}::k{camel(default)};"
    values = o.bounds[a.name].values if a.name in o.bounds else ()
    if a.kind == "int" and values and set(values) <= {0, 1}:
        return f"bool {a.name} = {'true' if int(a.default) else 'false'};"
    if a.is_list or a.kind == "string":
        return f"{TYPES[a.kind]} {a.name}{f' = {a.default}' if a.default else ''};"
    if a.kind == "tensor":
        return f"{TYPES[a.kind]} {a.name} = nullptr;  // Valid until the kernel is made."
    if a.default is None and not a.required:
        return f"std::optional<{TYPES[a.kind]}> {a.name};"
    value = f"{float(a.default)!r}f" if a.kind == "float" else str(int(a.default or 0))
    return f"{TYPES[a.kind]} {a.name} = {value};"


def struct(o, enums):
    start = f"  explicit {o.identifier}(const Description& d) {{"
    read = f"read_attributes(d, op::k{o.identifier}Attributes, {', '.join(o.attributes)});"
    line = f"{start} {read} }}"
    return [f"struct {o.identifier} {{", *([line] if len(line) <= WIDTH else [start, f"    {read}", "  }"]),
            *(f"  {field(o, a, enums)}" for a in o.attributes.values()), "};"]


def text(operators):
    enums = enumerations(operators)
    out = [f"enum class {name} {{ {enumerators(of)} }};" for (_, of), name in enums.items()]
    out += ["", "namespace attributes {"]
    for family, members in contract.families(operators):
        known = {}
        out += ["", f"// -- {family} --"]
        for o in (o for o in members if o.attributes):
            # Limits by a rank are checked by the table of each operator.
            same = tuple(field(o, a, enums) + str(a.required) for a in o.attributes.values())
            out += [f"using {o.identifier} = {known[same]};"] if same in known else struct(o, enums)
            known.setdefault(same, o.identifier)
    return HEAD + "\n".join(out) + "\n\n}  // namespace attributes\n}  // namespace tenon::device\n"

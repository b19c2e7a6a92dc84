# SPDX-License-Identifier: Apache-2.0
"""include/tenon/cpp/operator_attributes.hpp: attributes of operators with defaults and bounds, a line each."""
from . import contract
from .cpp import GENERATED, quoted

PATH = "include/tenon/cpp/operator_attributes.hpp"
HEAD = f"""\
// SPDX-License-Identifier: Apache-2.0
//
// {GENERATED.format("spec/ops and spec/onnx.lock")}
//
// The attributes of the operators of spec/ops: type, default, and what values they may have.
#pragma once

#include "tenon/cpp/attribute_fact.hpp"

// clang-format off: the tables
namespace tenon::op {{
"""
TAIL = """
}  // namespace tenon::op
"""


def declared(a):
    name, kind = quoted(a.name), f"TN_ATTRIBUTE_{a.kind.upper()}"
    if a.required:
        return f"AttributeFact::required({name}, {kind})"
    if a.is_list:
        return f"AttributeFact::list({name}, {kind})"
    if a.default is None:
        return f"AttributeFact::optional({name}, {kind})"
    value = {"float": lambda: f"{float(a.default)!r}f", "int": lambda: f"int64_t{{{int(a.default)}}}",
             "string": lambda: a.default}[a.kind]()
    return f"AttributeFact::with({name}, {value})"


def limit(o, bound):
    at = o.input_names.index(bound.input) if bound.sign else 0
    return f"{{{bound.sign}, {at}, {bound.offset:g}}}"


def bounded(o, a):
    """What follows the declaration."""
    bounds = o.bounds.get(a.name)
    if bounds is None:
        return ""
    if bounds.values:
        if all(isinstance(v, str) for v in bounds.values):
            return f".one_of_words({{{', '.join(map(quoted, bounds.values))}}})"
        return f".one_of({{{', '.join(map(str, bounds.values))}}})"
    return (f".at_least({limit(o, bounds.least)})" if bounds.least else "") + (
        f".at_most({limit(o, bounds.most)})" if bounds.most else "")


def text(operators):
    out = []
    for family, members in contract.families(operators):
        out += ["", f"// -- {family} --"]
        for o in (o for o in members if o.attributes):
            out.append(f"inline constexpr AttributeFact k{o.identifier}Attributes[] = {{")
            out += [f"    {declared(a)}{bounded(o, a)}," for a in o.attributes.values()]
            out.append("};")
    return HEAD + "\n".join(out) + "\n" + TAIL

# SPDX-License-Identifier: Apache-2.0
"""What the conformance suite and the device core's check of descriptions are to know of the contract, in one table;
never what comes out: that is the oracles' own."""
from . import onnx_lock
from .cpp import head, quoted, wrap
from .masks import Masks

PATH = "conformance/suite/generated/caller_dims.inc"
CONTRACT = "include/tenon/cpp/operator_contract.hpp"
SETS = ("float", "integer", "numeric", "all")  # They have a constant of each.
HEADER = """\
// SPDX-License-Identifier: Apache-2.0
//
{head}
#pragma once

#include "tenon/cpp/contract_fact.hpp"
#include "tenon/cpp/dtype.hpp"
#include "tenon/cpp/operator_attributes.hpp"

// clang-format off: the tables
namespace tenon::op {{
namespace contract {{

using enum ContractParameter::Flags;
using type_set::bit, type_set::kAll, type_set::kFloat, type_set::kInteger, type_set::kNumeric;

{table}

inline constexpr ContractOperator kOperators[] = {{
{rows}
}};

}}  // namespace contract

// NULL for an operator that spec/ops does not have, or that hosts do with dims and strides.
constexpr const ContractOperator* find_contract(std::string_view domain, std::string_view name) {{
  for (const ContractOperator& one : contract::kOperators) {{
    if (one.domain == domain && one.name == name) return &one;
  }}
  return nullptr;
}}

}}  // namespace tenon::op
"""


def caller_dims(operators):
    out = head("Operators whose outputs have the dims that the caller gives them: {domain, name}.")
    out += [f"{{{quoted(o.domain)}, {quoted(o.name)}}}," for o in operators.values() if o.shape.rule == "caller"]
    return "\n".join(out) + "\n"


def parameter(p, types, host, constraint, mask):
    flags = [flag for flag, on in (("kOptional", p.optional), ("kVariadic", p.variadic),
                                   ("kHostOnly", p.name in host), ("kMixed", p.mixed)) if on]
    return "{" + ", ".join([quoted(p.name), quoted(constraint), mask(types), *([" | ".join(flags)] if flags else [])]) + "}"


def own(o, side, mask):
    return [parameter(p, o.element_types(p.kind), o.host, p.kind if p.kind in {*o.types, o.column} else "", mask)
            for p in getattr(o, side)]


def other(o, schema, side, mask):
    """In another since-version that means the same: the types that both allow, by that version's names."""
    out = []
    for mine, its in zip(getattr(o, side), getattr(schema, side)):
        allowed = schema.element_types(its.kind)
        out.append(parameter(its, [t for t in o.element_types(mine.kind) if t in allowed],
                             [its.name] if mine.name in o.host else [],
                             its.kind if its.kind in schema.types or mine.kind == o.column else "", mask))
    return out


def versions(o, mask):
    yield o.version, own(o, "inputs", mask), own(o, "outputs", mask), list(o.attributes)
    for same in o.same:
        schema = onnx_lock.versions(o.name)[same.version]
        yield (same.version, other(o, schema, "inputs", mask), other(o, schema, "outputs", mask),
               [a for a in o.attributes if a in schema.attributes])


def of_operator(o, mask):
    k = "k" + o.identifier
    out, rows = [], []
    for number, inputs, outputs, attributes in versions(o, mask):
        names = []
        for word, kind, items in (("Inputs", "ContractParameter", inputs), ("Outputs", "ContractParameter", outputs),
                                  ("Attributes", "const char*", map(quoted, attributes))):
            items = list(items)
            names.append(f"{k}{number}{word}" if items else "{}")
            if items:
                out += wrap(f"inline constexpr {kind} {names[-1]}[] = {{", items, "};")
        rows.append(f"{{{number}, {', '.join(names)}}}")
    out += wrap(f"inline constexpr ContractVersion {k}Versions[] = {{", rows, "};")
    pairs = [(i, o.input_names.index(name)) for i, p in enumerate(o.outputs) for name in o.replaces.get(p.name, [])]
    if pairs:
        out += wrap(f"inline constexpr ContractReplaces {k}Replaces[] = {{", [f"{{{a}, {b}}}" for a, b in pairs], "};")
    facts = f"op::{k}Attributes" if o.attributes else "{}"
    end = f"{k}Versions, {k + 'Replaces' if pairs else '{}'}, {facts}}},"
    return out, [f"    {{{quoted(o.domain)}, {quoted(o.name)}, {quoted(o.column)},", f"     {end}"]


def text(operators):
    """What devices can claim: operators, versions that mean the same, types by parameter. Not what hosts do."""
    mask = Masks(SETS, declare="inline constexpr")
    out, rows = [], []
    for o in operators.values():
        if o.view:
            continue
        lines, row = of_operator(o, mask)
        out += lines
        rows += row
    return HEADER.format(head="\n".join(head("The operators of spec/ops: versions that mean the same, and the types of their parameters.")).rstrip(),
                         table="\n".join(mask.lines() + [""] + out),
                         rows="\n".join(rows))

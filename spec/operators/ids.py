# SPDX-License-Identifier: Apache-2.0
"""include/tenon/cpp/operator_ids.hpp: what a row of a device's table of operators starts with."""
from . import contract, onnx_lock
from .cpp import GENERATED, quoted
from .masks import Masks

PATH = "include/tenon/cpp/operator_ids.hpp"
HEAD = f"""\
// SPDX-License-Identifier: Apache-2.0
//
// {GENERATED.format("spec/ops and spec/onnx.lock")}
//
// The operators of spec/ops by name, so that no device, host or test types a version: op::kAdd is
// ONNX's Add, op::kTenonSilu the tenon domain's Silu; op::kAddVersions are other since-versions of
// Add that mean the same, newest first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/cpp/operator_attributes.hpp"
#include "tenon/tenon.h"

// clang-format off: the tables
namespace tenon {{

struct OperatorId {{
  const char* domain;
  const char* name;
  int32_t version;
  int32_t revision;  // Of its contract.
  // The type constraint that a device's element types are given for, and the first input that is of
  // it; -1: the first output is.
  const char* constraint;
  int32_t column;
  uint64_t allowed;  // Bit n: element type n of that constraint; no device may claim another.
  const AttributeFact* attributes = nullptr;
  size_t attribute_count = 0;
}};

namespace op {{

constexpr uint64_t bit(tn_dtype dtype) {{ return uint64_t{{1}} << dtype; }}
"""
TAIL = """
// All of them. Null: there is none.
inline const OperatorId* find(std::string_view domain, std::string_view name) {{
  static constexpr const OperatorId* kAll[] = {{
{all}
  }};
  for (const OperatorId* id : kAll) {{
    if (domain == id->domain && name == id->name) return id;
  }}
  return nullptr;
}}

}}  // namespace op
}}  // namespace tenon
"""


def column(o):
    return next((i for i, p in enumerate(o.inputs) if p.kind == o.column), -1)


def constraint_of(o, version):
    """The name that another version has for the column."""
    schema = onnx_lock.versions(o.name)[version]
    at = column(o)
    return schema.inputs[at].kind if at >= 0 else schema.outputs[0].kind


def attributes(o):
    """An older version may know fewer; its kernels are not asked for others (SameVersion.lacks)."""
    return [f"k{o.identifier}Attributes", str(len(o.attributes))] if o.attributes else []


def row(o, version, constraint, types):
    return "{" + ", ".join([quoted(o.domain), quoted(o.name), str(version), str(o.revision), quoted(constraint),
                            str(column(o)), types, *attributes(o)]) + "}"


def text(operators):
    mask = Masks(declare="inline constexpr")
    out = []
    for family, members in contract.families(operators):
        out += ["", f"// -- {family} --"]
        for o in members:
            out.append(f"inline constexpr OperatorId k{o.identifier}"
                       f"{row(o, o.version, o.column, mask(o.element_types()))};")
            if o.same:
                out.append(f"inline constexpr OperatorId k{o.identifier}Versions[] = {{")
                out += [f"    {row(o, v.version, constraint_of(o, v.version), mask(v.types))}," for v in o.same]
                out.append("};")
    return HEAD + "\n".join(mask.lines() + out) + "\n" + TAIL.format(all=",\n".join(f"      &k{o.identifier}" for o in operators.values()))

# SPDX-License-Identifier: Apache-2.0
"""What is written of spec/element_types.yaml: sizes for C, the table for C++, Python's, and a page."""

SIZES = """\
/* SPDX-License-Identifier: Apache-2.0
 * {source}
 *
 * dtype.h: sizes of element types. Beside the ABI, not a part of it: a binary knows the types of
 * the header that it was built with, and answers TN_UNSUPPORTED to others.
 */
#ifndef TENON_DTYPE_H_
#define TENON_DTYPE_H_

#include "tenon/tenon.h"

/* Bits of one element; 0 for an unknown type. */
static inline uint32_t tn_dtype_bits(tn_dtype dtype) {{
  /* clang-format off */
  switch (dtype) {{
{cases}
    default: return 0;
  }}
  /* clang-format on */
}}

#endif /* TENON_DTYPE_H_ */
"""

TABLE = """\
// SPDX-License-Identifier: Apache-2.0
// {source}
//
// The element types, by number, and the sets of them that operators are described with.
#pragma once

#include "tenon/cpp/element_type.hpp"

// ROW(dtype, C++ type) for each type that operators compute with. Where it is used, Float16 and
// BFloat16 are types: C++ has none.
// clang-format off
#define TENON_COMPUTED_TYPES(ROW) \\
{computed}

namespace tenon {{

// By number; where no type has it, the kind is kNone.
inline constexpr ElementType kElementTypes[] = {{
{rows}
}};

namespace type_set {{

constexpr uint64_t bit(tn_dtype dtype) {{ return uint64_t{{1}} << dtype; }}

{sets}

}}  // namespace type_set

// The element type that stores a C++ type.
template <class T>
inline constexpr tn_dtype kDtypeOf = TN_DTYPE_UNDEFINED;
{cpp_types}

}}  // namespace tenon
// clang-format on
"""

PYTHON = """\
# SPDX-License-Identifier: Apache-2.0
# {source}
\"\"\"The element types: (number, name, bits, NumPy's name or "", the name in ml_dtypes or "").\"\"\"

ELEMENT_TYPES = [
{rows}
]
"""

PAGE = """\
<!-- {source} -->
# Element types

Numbered as ONNX numbers them. *Use* says how far Tenon goes with a type: operators compute with it; or its
elements, of whole bytes, are moved and cast alone; or so are elements packed into bytes; or the ABI has its
number and nothing here serves it yet. A float is [exponent bits, mantissa bits], its bias, and its largest value.

| type | ONNX | bits | kind | use | float | NumPy | DLPack code |
|---|---|---|---|---|---|---|---|
{rows}

Sets, as the operators' `types` name them:

| set | types |
|---|---|
{sets}
"""
BUILT_IN = {"float", "double", "bool", "int8_t", "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t",
            "int64_t", "uint64_t"}


def sizes(table, source):
    by_bits = {}
    for t in table.types:
        by_bits.setdefault(t.bits, []).append(f"case {t.constant}:")
    lines = []
    for bits, cases in sorted(by_bits.items()):
        lines.append("   ")
        for word in [*cases, f"return {bits};"]:
            if len(lines[-1]) + 1 + len(word) > 100:
                lines.append("   ")
            lines[-1] += " " + word
    return SIZES.format(source=source, cases="\n".join(lines))


def cpp_row(t):
    form = "{}"
    if t.form:
        f = t.form
        codes = ", ".join(f"{value:#x}" for value in (f.sign, f.largest, f.infinity, f.nan))
        form = f"{{{f.exponent}, {f.mantissa}, {f.bias}, {codes}}}"
    part = "TN_" + t.part.upper() if t.part else "TN_DTYPE_UNDEFINED"
    numpy = f'"{t.numpy}"' if t.numpy else "nullptr"
    return (f'    {{{t.constant}, "{t.name}", "{t.short}", {numpy}, ElementKind::k{t.kind.capitalize()}, '
            f"{t.bits}, {form}, {part}, {{{t.dlpack}, {t.bits}, 1}}}},")


def union(constants):
    lines = ["    "]
    for n, constant in enumerate(constants):
        word = f"bit({constant})" + (" |" if n + 1 < len(constants) else ";")
        if len(lines[-1]) + len(word) > 98:
            lines.append("    ")
        lines[-1] += word + " "
    return "\n".join(line.rstrip() for line in lines)


def table(table, source):
    computed = [f"  ROW({t.constant}, {t.cpp})" for t in table.types if t.use == "computed"]
    by_number = {t.number: t for t in table.types}
    rows = [cpp_row(by_number[n]) if n in by_number else "    {},"
            for n in range(max(by_number) + 1)]
    sets = [f"inline constexpr uint64_t k{name.title().replace('_', '')} =\n"
            + union([table.named(n).constant for n in names]) for name, names in table.sets.items()]
    cpp_types = [f"template <> inline constexpr tn_dtype kDtypeOf<{t.cpp}> = {t.constant};"
                 for t in table.types if t.cpp in BUILT_IN]
    return TABLE.format(source=source, computed=" \\\n".join(computed), rows="\n".join(rows),
                        sets="\n".join(sets), cpp_types="\n".join(cpp_types))


def python(table, source):
    rows = [f'    ({t.number}, "{t.name}", {t.bits}, "{t.numpy}", "{t.ml_dtypes}"),' for t in table.types]
    return PYTHON.format(source=source, rows="\n".join(rows))


def value_of(form, code):
    exponent, mantissa = code >> form.mantissa, code & ((1 << form.mantissa) - 1)
    if not form.sign:  # A scale: an exponent alone.
        return 2.0 ** (exponent - form.bias)
    whole = mantissa | (1 << form.mantissa if exponent else 0)
    return whole * 2.0 ** (max(exponent, 1) - form.bias - form.mantissa)


def page(table, source):
    rows = []
    for t in table.types:
        f = t.form
        text = f"[{f.exponent}, {f.mantissa}], {f.bias}, {value_of(f, f.largest):.8g}" if f else ""
        python_name = t.numpy or (f"ml_dtypes.{t.ml_dtypes}" if t.ml_dtypes else "")
        rows.append(f"| {t.name} | {t.onnx} {t.number} | {t.bits} | {t.kind} | {t.use} | {text} | "
                    f"{python_name} | {t.dlpack} |")
    sets = [f"| {name} | {', '.join(names)} |" for name, names in table.sets.items()]
    return PAGE.format(source=source, rows="\n".join(rows), sets="\n".join(sets))

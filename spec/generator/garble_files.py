# SPDX-License-Identifier: Apache-2.0
"""A plugin that lies in every output of every function, one at a time: what the validation layer is tested on."""
from . import layer_code as code, validation_files

GARBLED = """\
// Every function of a plugin with an answer that can be garbled; what, garble.h says. And the
// places where there is something to garble, in the order of the functions.
#include "reference_impl/layers/tests/garble.h"

namespace tenon::layers::garble {{
namespace {{

// clang-format off
{body}

}}  // namespace

const std::vector<Place>& places() {{
  static const std::vector<Place> all = {{
{places}
  }};
  return all;
}}
// clang-format on

void garble_functions(tn_dispatch* table) {{
{inserts}
}}

void garble_functions(Extensions* tables) {{
{extensions}
}}

}}  // namespace tenon::layers::garble
"""

NUMBERS = {"size_t": "kNumber", "uint64_t": "kNumber", "int64_t": "kNumber", "uint32_t": "kNumber",
           "int32_t": "kNumber", "tn_layout": "kNumber"}


def of_field(item, f, registry):
    """What can be wrong with a field that the plugin has filled."""
    if not f.name or f.function:
        return None
    if f.name == "struct_size":
        return "kSize"
    if f.name == "reserved":
        return "kReserved"
    if f.array:
        return "kText" if f.type == "char" else None
    if f"{item.name}.{f.name}" in code.flags(registry):
        return "kBits"
    if f.type in code.enums(registry) and not code.is_set(code.enums(registry)[f.type]):
        return "kEnum"
    if f.type in NUMBERS:
        return NUMBERS[f.type]
    if code.base(f.type) == "tn_argument_needs":
        return "kNeeds"
    return "kPointer" if "*" in f.type else None


def of_parameter(p, registry):
    """The places of a parameter that the plugin writes to, as (path, value, kind)."""
    if p.words[0] == "created":
        return [(p.name, f"*{p.name}", "kHandle")]
    if p.words[0] == "lent":
        return [(p.name, f"*{p.name}", "kLent")]
    if p.words[0] != "filled" or p.name == "error":
        return []
    item = code.struct_of(p.type, registry)
    if item is not None:
        found = [(f, of_field(item, f, registry)) for f in item.fields]
        return [(f"{p.name}->{f.name}", f"{p.name}->{f.name}", kind) for f, kind in found if kind]
    if p.type == "int64_t* const*":
        return [(p.name, f"*{p.name}[0]", "kDims")]
    return [(p.name, f"*{p.name}", "kNumber")] if p.type.removesuffix("*") in NUMBERS else []


def slot(f, registry):
    head = code.definition(f"tn_status TN_CALL {f.name}", [p.declaration for p in f.params])
    table = code.table_of(f, "sound()", "sound_extensions()")
    lines = head + code.statement(f"tn_status status = {table}.{f.name}(", [p.name for p in f.params])
    lines.append(f'  Garble garble("{f.name}", &status, error);')
    rows = []
    for p in f.params:
        guard = f"if ({p.name} != nullptr) " if "optional" in p.words else ""
        for path, value, kind in of_parameter(p, registry):
            lines += code.statement(f"{guard}garble.put(",
                                    [f"Kind::{kind}", f'"{path}"', f"&{value}", f"sizeof({value})"])
            rows.append((path, kind))
    rows += [("error", "kError"), ("", "kQuery" if validation_files.is_query(f) else "kStatus")]
    return lines + ["  return garble.answer();", "}"], [
        f'      {{"{f.name}", "{path}", Kind::{kind}}},' for path, kind in rows]


def garbled(registry, source):
    blocks, places = [], []
    functions = [f for f in registry.calls if f.returns != "void" and f.name not in validation_files.PLAIN]
    for f in functions:
        lines, rows = slot(f, registry)
        blocks.append("\n".join(lines))
        places += rows
    inserts = "\n".join(f"  table->{f.name} = {f.name};" for f in functions if not f.extension)
    extensions = "\n".join(f"  tables->{f.extension}.{f.name} = {f.name};" for f in functions if f.extension)
    return code.BANNER.format(source=source) + GARBLED.format(
        body="\n\n".join(blocks), places="\n".join(places), inserts=inserts, extensions=extensions)

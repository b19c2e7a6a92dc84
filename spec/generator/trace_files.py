# SPDX-License-Identifier: Apache-2.0
"""The trace layer's printers: every slot's arguments, structs and enums by name."""
from . import layer_code as code

# Slots that the layer also learns from (hooks.h): before the call, where a handle ends with it ...
BEFORE = ["device_close", "buffer_destroy", "stream_destroy", "kernel_destroy"]
# ... and after it.
AFTER = ["device_open", "buffer_create", "buffer_import", "stream_create", "kernel_create",
         "kernel_launch", "stream_copy", "stream_write", "stream_read", "stream_fill",
         "stream_reorder", "peer_copy"]

HOOKS = """\
// The half of the trace layer that is written by hand: what it learns before or after a call.
// Status functions get the call's status as the first argument.
#pragma once

#include "reference_impl/layers/trace/span.h"

namespace tenon::layers::trace::hooks {{

{functions}

}}  // namespace tenon::layers::trace::hooks
"""

PRINTERS = """\
// The functions that the trace layer puts before the plugin's: each times the call and prints its
// arguments.
#include "reference_impl/layers/trace/hooks.h"
#include "reference_impl/layers/trace/span.h"
#include "reference_impl/layers/trace/trace.h"

namespace tenon::layers::trace {{
namespace {{

{body}

}}  // namespace

void insert_printers(tn_dispatch* table) {{
{inserts}
}}

void insert_printers(Extensions* tables) {{
{extensions}
}}

}}  // namespace tenon::layers::trace
"""


def name_of(name, values):
    cases = []
    for v in values:
        cases += [f"    case {v.name}:", f'      return "{v.name}";']
    return [f"const char* name_of_{name.removeprefix('tn_')}({name} value) {{",
            "  switch (value) {", *cases, "    default:", "      return nullptr;", "  }", "}"]


def bits_of(name, values):
    rows = [f'    {{{v.name}, "{v.name}"}},' for v in values]
    return [f"constexpr Bit {code.constant(name)}[] = {{", *rows, "};"]


def value(expression, kind, registry, item=None, f=None):
    """A call that prints a value to `json`."""
    if item and f"{item.name}.{f.name}" in code.flags(registry):
        return f"json.bits({expression}, {code.constant(f'{item.name}.{f.name}')})"
    if kind in code.enums(registry):
        if code.is_set(code.enums(registry)[kind]):
            return f"json.bits({expression}, {code.constant(kind)})"
        return f"json.named({expression}, name_of_{kind.removeprefix('tn_')}({expression}))"
    if kind == "const char*":
        return f"json.text({expression})"
    if "*" not in kind and not is_function(kind, registry):
        return f"json.number({expression})"
    return f"json.pointer({expression})"


def is_function(kind, registry):
    return kind in {i.name for i in registry.items("callback")}


def printed(registry):
    """Structs behind a slot's parameters, those they point to first."""
    out = []

    def visit(item):
        if item.name in out or item.name in ("tn_host", "tn_error", "tn_instance_desc"):
            return
        for f in item.fields:
            inner = code.struct_of(f.type, registry) if f.name and not f.function else None
            if inner and inner.name != item.name:
                visit(inner)
        out.append(item.name)

    for f in registry.calls:
        for p in f.params:
            item = code.struct_of(p.type, registry)
            if item and p.name != "error":
                visit(item)
    return out


def numbers(item, f):
    """How many values a pointer to numbers has: the struct's rank, or its count."""
    if f.type in ("const int64_t*", "const int32_t*", "const float*"):
        names = [g.name for g in item.fields]
        return next((n for n in ("rank", "count") if n in names), None)
    return None


def field(item, f, registry):
    head = f'json.key("{f.name}");'
    at = f"known.{f.name}"
    inner = code.struct_of(f.type, registry)
    count = code.count_field(item, f)
    if f.array:
        kind = {"char": "text", "uint8_t": "bytes"}.get(f.type)
        body = [f"json.{kind}({at}, sizeof({at}));"] if kind else \
            [f"json.by_rank({at}, known.rank);"] if any(o.name == "rank" for o in item.fields) else \
            [f"json.numbers({at}, std::min<size_t>(known.count, std::size({at})));"]
    elif inner and inner.name in printed(registry) and count:
        pointer = "" if f.type.endswith("* const*") else "&"
        body = [f"json.list({at}, known.{count}, [&](size_t i) {{ print(json, "
                f"{pointer}{at}[i]); }});"]
    elif inner and inner.name in printed(registry) and "**" not in f.type.replace(" ", ""):
        body = [f"print(json, {at});"]
    elif numbers(item, f):
        count = numbers(item, f)
        call = "by_rank" if count == "rank" else "numbers"
        body = [f"json.{call}({at}, known.{count});"]
    else:
        body = [value(at, f.type, registry, item, f) + ";"]
    return [f"  {head}"] + fold("  ", body[0])


def fold(indent, text):
    if len(indent + text) <= code.WIDTH:
        return [indent + text]
    # A call with a lambda at its end: the arguments below each other.
    head, _, rest = text.partition("[&]")
    return [indent + head.rstrip(),
            indent + " " * (head.index("(") + 1) + "[&]" + rest]


def print_struct(item, registry):
    if item.name == "tn_string":
        return [f"void print(Json& json, const {item.name}* given) {{",
                "  json.text(given->data, given->data != nullptr ? given->size : 0);", "}"]
    lines = [f"void print(Json& json, const {item.name}* given) {{",
             "  if (given == nullptr) return json.null();"]
    grows = item.raw["growth"] == "grows"
    fields = []
    for f in item.fields:
        if f.name and not f.function and f.name not in ("struct_size", "reserved"):
            fields += field(item, f, registry)
    if fields:
        lines.append(f"  const {item.name} known = known_part(*given);" if grows else
                     f"  const {item.name}& known = *given;")
    lines += ["  json.open();", *fields]
    return lines + ["  json.close();", "}"]


def argument(f, p, registry):
    item = code.struct_of(p.type, registry)
    if item is not None and item.name in printed(registry) and "**" not in p.type:
        return [f"  print(span.argument(\"{p.name}\"), {p.name});"]
    if p.words[0] in ("created", "filled", "lent"):
        return [f'  span.result("{p.name}", {p.name});']
    if p.type == "const int64_t*":
        return [f'  span.argument("{p.name}").by_rank({p.name}, rank);']
    call = value(p.name, p.type, registry).replace("json.", f'span.argument("{p.name}").', 1)
    return [f"  {call};"]


def slot(f, registry):
    names = [p.name for p in f.params]
    void = f.returns == "void"
    lines = [f"// {f.slot}" + (f" of {f.extension}" if f.extension else "")]
    lines += code.definition(f"{f.returns} TN_CALL {f.name}", [p.declaration for p in f.params])
    if void:
        lines.append(f"  if ({names[0]} == nullptr) return;")
    lines.append(f'  Span span("tn_{f.name}", {names[0]});')
    hook = [n for n in names if n != "error"]
    if f.name in BEFORE:
        lines += code.statement(f"hooks::{f.name}(", ["span", *hook])
    begin = "" if void else "const tn_status status = "
    below = code.table_of(f, "span.below()", "span.extensions_below()")
    call = code.statement(f"{begin}{below}.{f.name}(", names)
    if begin and len(call) > 1:
        call = [f"  {begin.rstrip()}"]
        call += code.statement(f"{below}.{f.name}(", names, indent=6)
    lines += call
    lines.append("  span.stop();" if void else "  span.stop(status, error);")
    for p in f.params:
        if p.name != "error":
            lines += argument(f, p, registry)
    if f.name in AFTER:
        lines += code.statement(f"hooks::{f.name}(", ["span", "status", *hook])
    return lines + (["}"] if void else ["  return status;", "}"])


def printers(registry, source):
    used = printed(registry)
    kinds = {p.type for f in registry.calls for p in f.params}
    kinds |= {f.type for name in used for f in code.structs(registry)[name].fields if f.name}
    blocks = []
    for name, values in code.enums(registry).items():
        if name in kinds:
            blocks.append(bits_of(name, values) if code.is_set(values) else name_of(name, values))
    for name, values in code.flags(registry).items():
        if name.partition(".")[0] in used:
            blocks.append(bits_of(name, values))
    blocks += [print_struct(code.structs(registry)[name], registry) for name in used]
    blocks += [slot(f, registry) for f in registry.calls]
    body = "\n\n".join("\n".join(block) for block in blocks)
    inserts, extensions = code.inserts(registry)
    return code.BANNER.format(source=source) + PRINTERS.format(body=body, inserts=inserts,
                                                               extensions=extensions)


def hooks(registry, source):
    lines = []
    for f in registry.calls:
        if f.name in BEFORE + AFTER:
            head = ["Span& span"] + (["tn_status status"] if f.name in AFTER else [])
            lines += code.definition(f"void {f.name}",
                                     head + [p.declaration for p in f.params if p.name != "error"],
                                     ";")
    return code.BANNER.format(source=source) + HOOKS.format(functions="\n".join(lines))

# SPDX-License-Identifier: Apache-2.0
"""The generic half of the validation layer, from what every parameter is annotated with."""
from . import layer_code as code

# Nothing beyond the generic half is to be checked or learned there.
PLAIN = ["instance_get_info"]
# Which tensors of a launch count is known to the kernel: see rules_launch.cc.
BY_HAND = {"tn_launch": ["inputs", "outputs"]}

RULES = """\
// The half of the validation layer that is written by hand, a function for each slot: it is called
// when the generic half has found nothing, checks what only that slot knows, and calls below.
#pragma once

#include "reference_impl/layers/validation/checked_call.h"

namespace tenon::layers::validation::rules {{

{functions}

}}  // namespace tenon::layers::validation::rules
"""

CHECKS = """\
// The generic half of the validation layer: NULLs, handles, sizes of structs, values of enums, bits
// of sets, output handles. What it finds nothing wrong with goes on to rules.h, or straight below;
// then come the status, texts and values that the plugin has answered.
#include "reference_impl/layers/validation/checked_call.h"
#include "reference_impl/layers/validation/rules.h"
#include "reference_impl/layers/validation/validation.h"

namespace tenon::layers::validation {{
namespace {{

{body}

}}  // namespace

void insert_checks(tn_dispatch* table) {{
{inserts}
}}

void insert_checks(Extensions* tables) {{
{extensions}
}}

}}  // namespace tenon::layers::validation
"""

SENTENCES = """\
// Every rule and its sentence: RULE(id, sentence).
// clang-format off
{rules}
// clang-format on
"""


def known_value(name, values):
    cases = [f"    case {v.name}:" for v in values]
    return [f"bool is_known_{name.removeprefix('tn_')}({name} value) {{", "  switch (value) {",
            *cases, "      return true;", "    default:", "      return false;", "  }", "}"]


def check_value(kind, expression, path, registry):
    values = code.enums(registry)[kind]
    if code.is_set(values):
        return code.statement("call.bits(", [expression, code.constant(kind), path])
    known = f"is_known_{kind.removeprefix('tn_')}({expression})"
    return code.statement("call.known(", [known, expression, path])


def check_field(item, f, registry):
    path = f'path.field("{f.name}")'
    value = f"known.{f.name}"
    if f.name == "reserved":
        return code.statement("call.zero(", [value, path])
    if f"{item.name}.{f.name}" in code.flags(registry):
        return code.statement("call.bits(", [value, code.constant(f"{item.name}.{f.name}"), path])
    if f.type in code.enums(registry):
        return check_value(f.type, value, path, registry)
    if code.is_handle(f.type, registry):
        lines = code.statement("call.optional_handle(", [value, path])
        if f.type == "tn_stream*":  # To name it is among what the caller serialises.
            lines += code.statement("call.serial(", [value])
        return lines
    inner = code.struct_of(f.type, registry)
    if inner is None or inner.raw["use"] == "output" or f.name in BY_HAND.get(item.name, []):
        return []
    count = code.count_field(item, f)
    if inner.name not in checked(registry):
        return []
    if count is None:
        return code.statement(f"if ({value} != nullptr) check(", ["call", value, path])
    element = f"{value}[i]"
    if count == "count":  # One of several lists; which one is set, others check.
        lines = [f"  for (size_t i = 0; {value} != nullptr && i < known.count; ++i) {{"]
    else:
        lines = [f"  if (!call.list({value}, known.{count}, {path})) return;",
                 f"  for (size_t i = 0; i < known.{count}; ++i) {{"]
    lines += code.statement("check(", ["call", element, f'path.element("{f.name}", i)'], indent=4)
    return lines + ["  }"]


def checked(registry):
    """Structs that hosts fill, behind a slot's parameters; those they point to come first."""
    out = []

    def visit(item):
        if item.name in out or item.raw["use"] == "output":
            return
        for f in item.fields:
            inner = code.struct_of(f.type, registry) if f.name else None
            if inner and inner.raw["use"] != "output" and inner.name != item.name:
                visit(inner)
        if item.name not in ("tn_host", "tn_error", "tn_option", "tn_string"):
            out.append(item.name)

    for f in registry.calls:
        for p in f.params:
            item = code.struct_of(p.type, registry)
            if item and p.name != "error":
                visit(item)
    return out


def check_struct(item, registry):
    lines = [f"void check(CheckedCall& call, const {item.name}* given, const Path& path) {{"]
    if item.raw["growth"] == "grows":
        lines += [f"  {item.name} known;",
                  f'  if (!call.read(given, &known, "{item.name}", path)) return;']
    else:
        lines += ["  if (!call.needed(given, path)) return;", f"  const {item.name}& known = *given;"]
    for f in item.fields:
        if f.name and not f.function:
            lines += check_field(item, f, registry)
    return lines + ["}"]


def check_parameter(f, p, registry):
    path = f'Path("{p.name}")'
    item = code.struct_of(p.type, registry)
    lines = []
    if p.name == "error":
        return []
    if code.is_handle(p.type, registry):
        if "optional" in p.words:
            lines += code.statement("call.optional_handle(", [p.name, path])
        elif "peer" in p.words:
            lines += code.statement("call.peer_handle(", [p.name, path])
        else:
            lines += code.statement("call.handle(", [p.name, path])
        ends = p.words[0] == "ended" and p.type == "tn_stream*"
        if ends or "serial" in p.words:
            lines += code.statement("call.serial(", [p.name])
        return lines
    if item is not None and item.name in checked(registry) and p.words[0] != "filled":
        guard = f"if ({p.name} != nullptr) " if "optional" in p.words else ""
        return code.statement(guard + "check(", ["call", p.name, path])
    if item is not None and p.words[0] == "filled":
        guard = f"if ({p.name} != nullptr) " if "optional" in p.words else ""
        how = "answer" if "unknown" in p.words else "output"
        return code.statement(f"{guard}call.{how}(", [p.name, f'"{item.name}"', path])
    if "sized" in p.words:
        size = next(q.name for q in f.params if q.name in ("size", "rank"))
        return [f"  if ({size} != 0) call.needed({p.name}, {path});"]
    if "needed" in p.words:
        return code.statement("call.needed(", [p.name, path])
    if p.type in code.enums(registry) and "unknown" in p.words:
        return check_value(p.type, p.name, path, registry)
    return []


def slot(f, registry):
    lines = [f"// {f.slot}" + (f" of {f.extension}" if f.extension else "")]
    lines += code.definition(f"{f.returns} TN_CALL {f.name}",
                             [p.declaration for p in f.params])
    first = f.params[0]
    void = f.returns == "void"
    if void:
        lines.append(f"  if ({first.name} == nullptr) return;")
    error = "nullptr" if void else "error"
    lines += code.statement("CheckedCall call(", [f'"tn_{f.name}"', first.name, error])
    lines += [f"  call.clear({p.name});" for p in f.params if "cleared" in p.words]
    for p in f.params:
        lines += check_parameter(f, p, registry)
    lines.append("  if (call.refused()) return" + (";" if void else " call.status();"))
    lines += [line for p in f.params for line in shield(p, registry)]
    names = [p.name for p in f.params]
    if f.name in PLAIN:
        callee = code.table_of(f, "call.below()", "call.extensions_below()") + f".{f.name}("
    else:
        names = ["call"] + [n for n in names if n != "error"] + ([] if void else ["error"])
        callee = f"rules::{f.name}("
    if void:
        return lines + code.statement(callee, names) + ["}"]
    after = [line for p in f.params for line in check_answered(p, registry)]
    lines += assignment(("tn_status" if after else "const tn_status") + " status =", callee, names)
    answered = "call.answered(status" + (", CheckedCall::May::kBeTooEarly)" if is_query(f) else ")")
    if not after:
        return lines + [f"  return {answered};", "}"]
    return lines + [f"  status = {answered};", *after, "  return status;", "}"]


def is_query(f):
    """Whether it may answer that something has not finished yet."""
    return "TN_NOT_READY" in f.doc + f.errors


def shield(p, registry):
    """What the plugin is to fill, it is given a copy of."""
    if p.name == "error":
        return ["  error = call.shielded(error);"]
    item = code.struct_of(p.type, registry)
    if item is None or p.words[0] != "filled" or item.raw["growth"] != "grows":
        return []
    return code.statement(f"{p.name} = call.shielded(", [p.name, f'Path("{p.name}")'])


def assignment(left, callee, names):
    """`left callee(names);`, broken behind the left side where that is enough."""
    whole = f"{callee}{', '.join(names)});"
    if len(f"  {left} {whole}") > code.WIDTH >= len("      " + whole):
        return [f"  {left}", "      " + whole]
    return code.statement(f"{left} {callee}", names)


def check_answered(p, registry):
    """What the plugin has put into this parameter."""
    path = f'Path("{p.name}")'
    if p.words[0] == "lent" and p.type.count("*") == 2:
        return code.statement("status = call.lent(", ["status", p.name, path])
    item = code.struct_of(p.type, registry)
    if p.name != "error" and p.words[0] == "filled" and item in filled(registry):
        guard = f" && {p.name} != nullptr" if "optional" in p.words else ""
        return [f"  if (status == TN_OK{guard}) check_answer(call, {p.name}, {path});"]
    return []


def answer_checks(item, registry):
    """What is known of the values in a struct that a plugin has filled."""
    lines = []
    for f in item.fields:
        path = f'path.field("{f.name}")'
        value = f"given->{f.name}"
        if f.name == "reserved":
            lines += code.statement("call.still_zero(", [value, path])
        elif item.raw["use"] == "both" and "*" in f.type:
            lines += code.statement("call.still(", [value, path])
        elif f.type == "char" and f.array:
            lines += code.statement("call.text(", [value, path])
        elif f"{item.name}.{f.name}" in code.flags(registry):
            bits = code.constant(f"{item.name}.{f.name}")
            lines += code.statement("call.set(", [value, bits, path])
        elif f.type in code.enums(registry) and not f.array:
            known = f"is_known_{f.type.removeprefix('tn_')}"
            lines += code.statement("call.value(", [known, value, path])
    return lines


def check_answer(item, registry):
    parameters = ["CheckedCall& call", f"{item.name}* given", "const Path& path"]
    return code.definition("void check_answer", parameters) + answer_checks(item, registry) + ["}"]


def filled(registry):
    """Structs that plugins fill, behind a slot's parameters, of which there is something to check."""
    out = []
    for f in registry.calls:
        for p in f.params:
            item = code.struct_of(p.type, registry)
            if not item or p.name == "error" or p.words[0] != "filled" or item in out:
                continue
            if answer_checks(item, registry):
                out.append(item)
    return out


def checks(registry, source):
    used = checked(registry)
    kinds = {p.type for f in registry.calls for p in f.params if "unknown" in p.words}
    answers = filled(registry)
    kinds |= {f.type for name in used for f in code.structs(registry)[name].fields if f.name}
    kinds |= {f.type for item in answers for f in item.fields if f.name}
    blocks = []
    for name, values in code.enums(registry).items():
        if name in kinds:
            blocks.append(code.set_of(code.constant(name), values) if code.is_set(values)
                          else known_value(name, values))
    inputs = [n for n in used if code.structs(registry)[n].raw["use"] == "input"]
    told = inputs + [item.name for item in answers]
    sets = [code.set_of(code.constant(name), values) for name, values in code.flags(registry).items()
            if name.partition(".")[0] in told]
    blocks += sets
    blocks += [check_struct(code.structs(registry)[name], registry) for name in inputs]
    blocks += [check_answer(item, registry) for item in answers]
    blocks += [slot(f, registry) for f in registry.calls]
    body = "\n\n".join("\n".join(block) for block in blocks)
    inserts, extensions = code.inserts(registry)
    return code.BANNER.format(source=source) + CHECKS.format(body=body, inserts=inserts,
                                                             extensions=extensions)


def rules(registry, source):
    lines = []
    for f in registry.calls:
        if f.name not in PLAIN:
            lines += code.definition(f"{f.returns} {f.name}",
                                     ["CheckedCall& call"] + [p.declaration for p in f.params], ";")
    return code.BANNER.format(source=source) + RULES.format(functions="\n".join(lines))


def sentences(rules_read, source):
    def quoted(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    rows = [f"RULE({quoted(r['id'])}, {quoted(r['rule'])})" for r in rules_read]
    return code.BANNER.format(source=source.replace("spec/abi.yaml", "spec/rules.yaml")) + \
        SENTENCES.format(rules="\n".join(rows))

# SPDX-License-Identifier: Apache-2.0
"""include/tenon/tenon.h, as clang-format would have it."""
from . import comments

WIDTH = comments.WIDTH
HASH = "TN_ABI_HASH"
NO_HASH = "UINT64_C(0x0000000000000000)"


def declaration(head, params, tail=";"):
    """`head(params)tail`, with parameters below each other where the line ends."""
    head += "("
    lines, current = [], head
    for number, param in enumerate(params):
        text = param + (")" + tail if number == len(params) - 1 else ",")
        fits = len(current) + len(text) + (current != head) <= WIDTH
        if current.strip() and not current.endswith("(") and not fits:
            lines.append(current)
            current = " " * len(head) + text
        else:
            current += (" " if current != head else "") + text
    return lines + [current]


def pointer(function, indent=2):
    """The member of a struct, or behind `typedef`, that points to such a function."""
    return declaration(" " * indent + f"{function.returns}(TN_CALL* {function.name})",
                       [p.declaration for p in function.params])


def exported(function, name):
    return declaration(f"TN_API {function.returns} TN_CALL {name}",
                       [p.declaration for p in function.params])


def text_of(function):
    parts = [function.doc]
    if function.errors:
        parts.append("Errors: " + function.errors)
    return "\n".join(part for part in parts if part)


def doc(text, indent=0):
    return comments.block(text, indent) if text else []


def rows(entries, code):
    """Fields or values: those with comments above them, and between those the ones behind."""
    out, run = [], []
    for e in entries:
        if e.above:
            out += comments.trailing(run) + comments.block(e.above, 2)
            run = []
        run.append((code(e), e.note))
    return out + comments.trailing(run)


def enum(item):
    values = [v for v in item.values if v.name]
    if not any(v.above for v in values) and (len(values) == 1 or not any(v.note for v in values)):
        inner = ", ".join(f"{v.name} = {v.value}" for v in values)
        if len(values) == 1 and values[0].note:
            inner += f" /* {values[0].note} */"
        line = f"enum {{ {inner} }};"
        if len(line) <= WIDTH:
            return [line]
    last = values[-1]
    return ["enum {"] + rows(item.values, lambda v: f"  {v.name} = {v.value}" +
                             ("" if v is last else ",") if v.name else "") + ["};"]


def member(f):
    return f"  {f.type} {f.name}{f.array};" if f.name else ""


def struct(item):
    out, data = [], []
    for f in item.fields:
        if f.function:
            out += rows(data, member) + doc(text_of(f.function), 2) + pointer(f.function)
            data = []
        else:
            data.append(f)
    out += rows(data, member)
    return doc(item.doc) + [f"typedef struct {item.name} {{"] + out + [f"}} {item.name};"]


def dispatch(item):
    out = doc(item.doc) + [f"struct {item.name} {{"] + rows(item.fields, member)
    for group in item.groups:
        out += ["", f"  /* -- {group.name} -- */"]
        for f in group.functions:
            out += [""] + doc(f"{f.slot}. {text_of(f)}", 2) + pointer(f)
    return out + ["};"]


def wrappers(item, registry):
    out = doc(item.doc)
    for f in registry.dispatch.slots:
        if f.wrapped:
            out += exported(f, "tn_" + f.name)
    return out


def extension(item):
    macro = "TN_EXTENSION_" + item.raw["extension"].upper()
    out = doc(item.doc) + [f'#define {macro} "tenon.{item.raw["extension"]}"',
                           f"#define {macro}_VERSION {item.raw['version']}",
                           f"typedef struct {item.name} {{"] + rows(item.fields, member)
    for f in item.slots:
        out += [""] + doc(f"{f.slot}. {text_of(f)}", 2) + pointer(f)
    out += [f"}} {item.name};"]
    for f in item.slots:
        out += exported(f, "tn_" + f.name)
    return out


def define(item):
    value = NO_HASH if item.raw["value"] == "computed" else item.raw["value"]
    return doc(item.doc) + [f"#define {item.name} {value}"]


def lines_of(item, registry):
    if item.kind == "text":
        return doc(item.raw["text"].strip())
    if item.kind == "code":
        return item.raw["code"].rstrip().split("\n")
    if item.kind == "handles":
        return doc(item.doc) + [f"typedef struct {h} {h};" for h in item.name]
    if item.kind == "define":
        return define(item)
    if item.kind == "type":
        return doc(item.doc) + [f"typedef {item.raw['as']} {item.name};"]
    if item.kind == "enum":
        return enum(item)
    if item.kind == "flags":
        return doc(item.name) + enum(item)
    if item.kind == "struct":
        return struct(item)
    if item.kind == "callback":
        lines = declaration(f"typedef {item.function.returns}(TN_CALL* {item.name})",
                            [p.declaration for p in item.function.params])
        return doc(text_of(item.function)) + lines
    if item.kind == "dispatch":
        return dispatch(item)
    if item.kind == "wrappers":
        return wrappers(item, registry)
    if item.kind == "extension":
        return extension(item)
    return doc(text_of(item.function)) + exported(item.function, item.name)


def rule(section):
    head = f"/* ---- {section.number}  {section.title} "
    return head + "-" * (WIDTH - 3 - len(head)) + " */"


def write(registry, source, abi_hash):
    contents = "\n".join(f"  {s.number:>2}  {s.title}" for s in registry.sections)
    head = registry.head.rstrip().replace("{contents}", contents)
    out = ["/* SPDX-License-Identifier: Apache-2.0", f" * {source}", " *"]
    out += [f" * {line}".rstrip() for line in head.split("\n")] + [" */"]
    out += ["#ifndef TENON_TENON_H_", "#define TENON_TENON_H_", "", "#include <stddef.h>",
            "#include <stdint.h>", "", "#ifdef __cplusplus", 'extern "C" {', "#endif"]
    for section in registry.sections:
        out += ["", rule(section)]
        for item in section.items:
            if not item.raw.get("joined"):
                out.append("")
            out += lines_of(item, registry)
    out += ["", "#ifdef __cplusplus", '} /* extern "C" */', "#endif", "",
            "#endif /* TENON_TENON_H_ */"]
    text = "\n".join(out) + "\n"
    return text.replace(NO_HASH, f"UINT64_C(0x{abi_hash(text):016x})")

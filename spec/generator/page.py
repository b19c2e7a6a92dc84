# SPDX-License-Identifier: Apache-2.0
"""docs/reference/abi.md: every function with its annotations, every struct, every constant."""
from . import field_words, header, layout

INTRO = """\
# The ABI

The reference of `tenon.h`. The rules that hold everywhere stand at its beginning; the rules that tests check,
with their IDs and reasons, in [the standard](../spec/README.md).

Every parameter, and every field of a struct, says who owns what it stands for, which is also how long
it is used, what other threads may do with it meanwhile, and what a bad one answers:
"""
GROWTH = {"grows": "Grows: new fields come at the end", "frozen": "Frozen: never changes"}
USE = {"input": "the caller fills it", "output": "the callee fills it",
       "both": "caller and callee fill it"}


def prose(text):
    """Texts fill lines of their own; indented lines are shown as they are."""
    out = []
    for line in text.split("\n"):
        code = line.startswith(" ")
        if out and line and (code != out[-1].startswith(" ") or not code) and out[-1]:
            out.append("")
        out.append("  " + line if code else line)
    return out + [""] if text else []


def cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def table(titles, entries):
    if not entries:
        return []
    out = ["| " + " | ".join(titles) + " |", "|" + " --- |" * len(titles)]
    return out + ["| " + " | ".join(e) + " |" for e in entries] + [""]


def parameters(function):
    def row(name, words):
        return [f"`{name}`", words[0], words[1], ", ".join(words[2:])]
    entries = [row(p.name, p.words) for p in function.params]
    if function.result:
        entries.append(row("(result)", function.result))
    return table(["Parameter", "Owner", "Thread", "Failure"], entries)


def function(f, title, code):
    head = [f"### {title}", "", "```c"] + code + ["```", ""]
    if f.slot is not None:
        head += [f"Slot {f.slot}." + ("" if f.wrapped else " Called by the loader alone."), ""]
    errors = ["Errors: " + " ".join(f.errors.split()), ""] if f.errors else []
    return head + prose(f.doc) + errors + parameters(f)


def member(item, f):
    return function(f, f"{item.name}.{f.name}", header.pointer(f, 0))


def struct(item, registry):
    size, offsets = layout.of(item, registry)
    at = dict(offsets)
    def words(f):
        if not f.type:
            return ["", "", ""]
        owner, thread, *failure = field_words.of(item, f, registry)
        return [owner, thread, ", ".join(failure)]

    entries = [[f"`{f.name}`", f"`{f.type}{f.array}`" if f.type else "function", str(at[f.name]),
                *words(f), cell(f.above or f.note)] for f in item.fields if f.name]
    out = [f"### {item.name}", ""] + prose(item.doc)
    out += [f"{GROWTH[item.raw['growth']]}; {USE[item.raw['use']]}. {size} bytes.", ""]
    out += table(["Field", "Type", "Offset", "Owner", "Thread", "Failure", ""], entries)
    for f in item.fields:
        if f.function:
            out += member(item, f.function)
    return out


def values(item):
    return table(["Constant", "Value", ""],
                 [[f"`{v.name}`", f"`{v.value}`", cell(v.above or v.note)] for v in item.values
                  if v.name])


def dispatch(item, registry):
    out = struct(item, registry)
    for f in item.slots:
        code = header.exported(f, "tn_" + f.name) if f.wrapped else header.pointer(f, 0)
        out += function(f, ("tn_" if f.wrapped else "") + f.name, code)
    return out


def extension(item, registry):
    name = item.raw["extension"]
    out = struct(item, registry)
    out += [f'By the name `TN_EXTENSION_{name.upper()}` ("tenon.{name}"), version '
            f"{item.raw['version']}.", ""]
    for f in item.slots:
        out += function(f, "tn_" + f.name, header.exported(f, "tn_" + f.name))
    return out


def lines_of(item, registry):
    if item.kind == "text":
        return prose(item.raw["text"].strip())
    if item.kind == "code":
        return ["```c"] + item.raw["code"].rstrip().split("\n") + ["```", ""]
    if item.kind == "handles":
        return [f"### {', '.join(item.name)}", ""] + prose(item.doc)
    if item.kind == "define":
        value = "" if item.raw["value"] == "computed" else f" {item.raw['value']}"
        return ["```c", f"#define {item.name}{value}", "```", ""] + prose(item.doc)
    if item.kind == "type":
        return [f"### {item.name}", "", f"`{item.raw['as']}`", ""] + prose(item.doc)
    if item.kind == "enum":
        return values(item)
    if item.kind == "flags":
        return [f"### {item.name}", ""] + values(item)
    if item.kind == "struct":
        return struct(item, registry)
    if item.kind == "dispatch":
        return dispatch(item, registry)
    if item.kind == "extension":
        return extension(item, registry)
    if item.kind == "wrappers":
        return []
    code = header.lines_of(item, registry)
    start = next(n for n, line in enumerate(code) if line.startswith(("typedef", "TN_API")))
    return function(item.function, item.name, code[start:])


def write(registry, source):
    out = [f"<!-- {source} -->"] + INTRO.split("\n")
    for kind, words in registry.words.items():
        out += table([kind.capitalize(), ""], [[w, cell(t)] for w, t in words.items()])
    for section in registry.sections:
        out += [f"## {section.number}  {section.title}", ""]
        for item in section.items:
            out += lines_of(item, registry)
    return "\n".join(out).rstrip() + "\n"

# SPDX-License-Identifier: Apache-2.0
"""Tables in the chapters that follow from the registry: <!-- table: NAME --> ... <!-- end -->."""
import pathlib
import re

import yaml

from generator import properties

SPEC = pathlib.Path(__file__).resolve().parent.parent
MARK = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.S)


def table(titles, rows):
    out = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    return "\n".join(out + ["| " + " | ".join(" ".join(str(c).split()) for c in row) + " |" for row in rows]) + "\n"


def coded(text):
    return re.sub(r"(?<!`)\b(?:tn_\w+|TN_[A-Z0-9_]+)", lambda m: f"`{m[0]}`", text)


def values(registry, name):
    return [v for item in registry.items("enum", "flags") if item.name == name for v in item.values if v.name]


def owners(registry):
    return table(["Owner", "What it means, and for how long"],
                 [[f"*{word}*", text] for word, text in registry.words["owner"].items()])


def threads(registry):
    return table(["Thread", "What others may do meanwhile"],
                 [[f"*{word}*", text] for word, text in registry.words["thread"].items()])


def failures(registry):
    return table(["Failure", "What a bad one answers"],
                 [[f"*{word}*", coded(text)] for word, text in registry.words["failure"].items()])


def handles(registry):
    """What makes each kind of handle, and what gives it up."""
    made, ended = {}, {}
    for where, function in registry.functions():
        name = "tn_" + function.name if function.slot is not None else where
        for p in function.params:
            kind = p.type.rstrip("*")
            if p.words[:1] == ["created"] or (p.words[:1] == ["lent"] and kind == "tn_instance"):
                made.setdefault(kind, []).append(name)
            elif p.words[:1] == ["ended"] and kind != "void":
                ended.setdefault(kind, []).append(name)
    loaders_alone = {"tn_instance_create", "tn_instance_destroy"}

    def names(found):
        return ", ".join(f"`{n}`" for n in found if n not in loaders_alone) or "the loader, when it is destroyed"
    return table(["Handle", "Made by", "Given up by"],
                 [[f"`{kind}`", names(made[kind]), names(ended.get(kind, []))] for kind in made])


def statuses(registry):
    rows = []
    for v in values(registry, "tn_status"):
        number = int(v.value, 0)
        name = f"`{v.name}`" if number & 0xff == 0 else f"&nbsp;&nbsp;`{v.name}`"
        rows.append([name, f"{number:#x}" if number else "0",
                     coded(v.above or v.note)])
    return table(["Status", "Value", "Says"], rows)


def optional(registry):
    return table(["Function that a plugin may leave out", "What it does"],
                 [[f"`{f.name}`", coded(re.split(r"[.:;] ", f.doc)[0].rstrip(".") + ".")]
                  for f in registry.dispatch.slots if f.optional])


def serial(registry):
    names = [f"`tn_{f.name}`" for f in registry.calls for p in f.params
             if p.type == "tn_stream*" and "serial" in p.words]
    names += [f"`tn_{f.name}` (a stream in its description)" for f in registry.calls for p in f.params
              if p.type in ("const tn_buffer_desc*", "const tn_constant_desc*")]
    names += [f"`tn_{f.name}`" for f in registry.calls for p in f.params
              if p.type == "tn_stream*" and p.words[0] == "ended"]
    return ", ".join(dict.fromkeys(names)) + ".\n"


def requirements(registry):
    return table(["Requirement", "What the host describes instead"],
                 [[f"`{v.name}`", coded(v.above or v.note)]
                  for v in values(registry, "tn_argument_needs.requirements")])


def extensions(registry):
    return table(["Extension", "Version", "Functions", "For"],
                 [[f"`tenon.{e.raw['extension']}`", e.raw["version"],
                   ", ".join(f"`tn_{f.name}`" for f in e.slots), e.doc.split(":")[0] + "."]
                  for e in registry.extensions])


def known_properties(_):
    rows = []
    for p in properties.read():
        least, most = p["count"]
        what = "text" if p["type"] == "text" else (
            "integer" if (least, most) == (1, 1) else f"{least} integers" if least == most
            else f"{least} to {most} integers")
        rows.append([f"`{p['name']}`", what, p["unit"] or "-", p["says"]])
    return table(["Property", "Type", "Unit", "Says"], rows)


def profiles(_):
    raw = yaml.safe_load((SPEC / "profiles.yaml").read_text())
    return table(["Profile", "Earned by a device where", "Needs first"],
                 [[f"*{p['name']}*", p["says"], ", ".join(p.get("needs", [])) or "-"] for p in raw["profiles"]])


def steps(_):
    raw = yaml.safe_load((SPEC / "steps.yaml").read_text())
    return table(["Word", "Means the operator", "Numbers that it takes", "Second input"],
                 [[f"`{s['word']}`", s.get("operator", s["word"]) + "".join(
                     f", {k} {v}" for k, v in s.get("attributes", {}).items()),
                   ", ".join(s.get("parameters", [])) or "-",
                   "the next of `operands`" if s.get("operand") else "-"] for s in raw])


def tolerances(_):
    raw = yaml.safe_load((SPEC / "tolerances.yaml").read_text())
    return table(["Kind", "Strict: u, c", "Relaxed: u, c", "For"],
                 [[f"*{t['name']}*", f"{t['strict']['u']}, {t['strict']['c']}",
                   f"{t['relaxed']['u']}, {t['relaxed']['c']}", t["because"]] for t in raw])


TABLES = {"owners": owners, "threads": threads, "failures": failures, "handles": handles, "statuses": statuses,
          "optional": optional, "serial": serial, "requirements": requirements, "extensions": extensions,
          "properties": known_properties,
          "profiles": profiles, "steps": steps, "tolerances": tolerances}


def expand(text, registry):
    return MARK.sub(lambda m: f"{m[1]}\n{TABLES[m[2]](registry)}\n{m[3]}", text)

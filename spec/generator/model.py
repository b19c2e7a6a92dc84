# SPDX-License-Identifier: Apache-2.0
"""Reads spec/abi.yaml. Nothing is judged here (see rules.py): what is missing stays empty."""
import re
from dataclasses import dataclass, field

import yaml

from . import element_types

# The same as yaml.SafeLoader, in C where PyYAML was built with it.
FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
KINDS = ["text", "code", "handles", "define", "type", "enum", "flags", "struct", "callback",
         "dispatch", "wrappers", "extension", "function"]
KEYS = {
    "define": {"value", "doc", "joined"},
    "type": {"as", "doc"},
    "enum": {"values"},
    "flags": {"values"},
    "handles": {"doc"},
    "struct": {"growth", "use", "doc", "fields"},
    "dispatch": {"growth", "use", "doc", "fields", "groups"},
    "wrappers": {"doc"},
    "extension": {"version", "doc", "functions"},
    "function": {"returns", "result", "doc", "errors", "params"},
}
KEYS["callback"] = KEYS["function"]
SLOT_KEYS = KEYS["function"] | {"slot", "name", "wrapper", "optional"}


@dataclass
class Parameter:
    type: str
    name: str
    words: list  # owner, thread, failure...

    @property
    def declaration(self):
        return f"{self.type} {self.name}"


@dataclass
class Function:
    name: str
    returns: str
    params: list
    doc: str = ""
    errors: str = ""
    result: list = field(default_factory=list)
    slot: int = None
    wrapped: bool = True  # A function of a slot: hosts call it as tn_<name>.
    optional: bool = False  # A plugin may leave it out.
    extension: str = ""   # Whose table it stands in; empty: the dispatch table.

    @property
    def signature(self):
        return f"{self.returns} {self.name}({', '.join(p.type for p in self.params)})"


@dataclass
class Field:
    """A member of a struct: data, a function, or (with neither) an empty line."""
    type: str = ""
    name: str = ""
    array: str = ""
    note: str = ""
    above: str = ""
    function: Function = None
    words: list = field(default_factory=list)  # owner, thread, failure..., where they are written


@dataclass
class Value:
    name: str = ""  # Empty: an empty line.
    value: str = ""
    note: str = ""
    above: str = ""


@dataclass
class Group:
    name: str
    functions: list


@dataclass
class Item:
    kind: str
    name: str
    doc: str = ""
    raw: dict = field(default_factory=dict)
    values: list = field(default_factory=list)     # enum, flags
    fields: list = field(default_factory=list)     # struct, dispatch
    groups: list = field(default_factory=list)     # dispatch, extension
    function: Function = None                      # callback, function

    @property
    def slots(self):
        return [f for group in self.groups for f in group.functions]


@dataclass
class Section:
    number: int
    title: str
    items: list


@dataclass
class Registry:
    head: str
    words: dict  # "owner", "thread", "failure": word -> explanation
    sections: list
    unknown_keys: list

    def items(self, *kinds):
        return [i for s in self.sections for i in s.items if not kinds or i.kind in kinds]

    @property
    def dispatch(self):
        return self.items("dispatch")[0]

    @property
    def extensions(self):
        return self.items("extension")

    @property
    def calls(self):
        """What hosts call and layers see: the slots of dispatch, then those of extensions."""
        return [f for item in [self.dispatch, *self.extensions] for f in item.slots if f.wrapped]

    def functions(self):
        """All of them, as (where, function)."""
        for item in self.items():
            if item.function:
                yield item.name, item.function
            for f in item.fields:
                if f.function:
                    yield f"{item.name}.{f.name}", f.function
            for f in item.slots:
                yield f"{item.name}.{f.name}", f

    @property
    def macros(self):
        return {i.name: str(i.raw["value"]) for i in self.items("define")}

    @property
    def constants(self):
        return {v.name: number(v.value) for i in self.items("enum", "flags") for v in i.values
                if v.name}


def number(text):
    shift = re.fullmatch(r"(\d+)u << (\d+)", text)
    return int(shift[1]) << int(shift[2]) if shift else int(text, 0)


def entry(item):
    """`text` or `{text: rest}` as (text, rest)."""
    return (item, None) if isinstance(item, str) else next(iter(item.items()))


def notes(rest):
    return {"above": rest["above"].strip()} if isinstance(rest, dict) else {"note": rest or ""}


def read_parameter(item):
    declaration, words = entry(item)
    kind, _, name = declaration.rpartition(" ")
    return Parameter(kind, name, [str(w) for w in words] if isinstance(words, list) else [])


def read_function(raw, name):
    return Function(name, raw.get("returns", "tn_status"),
                    [read_parameter(p) for p in raw.get("params", [])],
                    str(raw.get("doc", "")).strip(), str(raw.get("errors", "")).strip(),
                    raw.get("result", []), raw.get("slot"), raw.get("wrapper") != "none",
                    raw.get("optional", False))


def read_field(item):
    if item == "":
        return Field()
    if "function" in item and isinstance(item, dict):
        return Field(name=item["function"], function=read_function(item, item["function"]))
    declaration, rest = entry(item)
    kind, name, array = re.fullmatch(r"(.+) (\w+)((?:\[\w+\])?)", declaration).groups()
    words = item.get("is", []) if isinstance(item, dict) else []
    return Field(kind, name, array, words=[str(w) for w in words], **notes(rest))


def read_value(item):
    if item == "":
        return Value()
    text, rest = entry(item)
    name, value = text.split(" = ")
    return Value(name, value, **notes(rest))


def read_functions(raw, unknown):
    for f in raw:
        unknown += [f"{f.get('name')}: unknown key {k}" for k in f if k not in SLOT_KEYS]
    return [read_function(f, f["name"]) for f in raw]


def read_extension(item):
    """Its table is a struct like others: tn_<name>_functions."""
    item.raw |= {"growth": "grows", "use": "output"}
    item.name = f"tn_{item.raw['extension']}_functions"
    item.fields = [read_field("size_t struct_size")]
    for f in item.slots:
        f.extension = item.raw["extension"]


def read_item(raw, unknown):
    kind = next((k for k in KINDS if k in raw), None)
    if kind is None:
        raise ValueError(f"an item of no known kind: {raw}")
    name = raw[kind]
    unknown += [f"{name}: unknown key {k}" for k in raw if k not in {kind} | KEYS.get(kind, set())]
    item = Item(kind, name, str(raw.get("doc", "")).strip(), raw)
    values = raw.get("values", [])
    if values == element_types.TABLE.name:
        values = element_types.enum_values(element_types.read())
    item.values = [read_value(v) for v in values]
    item.fields = [read_field(f) for f in raw.get("fields", [])]
    for group in raw.get("groups", []):
        item.groups.append(Group(group["group"], read_functions(group["functions"], unknown)))
    if kind == "extension":
        item.groups.append(Group("", read_functions(raw["functions"], unknown)))
        read_extension(item)
    if kind in ("callback", "function"):
        item.function = read_function(raw, name)
    return item


def read(text):
    raw = yaml.load(text, FAST_LOADER)
    unknown = []
    sections = [Section(n, s["section"], [read_item(i, unknown) for i in s["items"]])
                for n, s in enumerate(raw["sections"], 1)]
    words = {kind: raw[kind] for kind in ("owner", "thread", "failure")}
    return Registry(raw["head"], words, sections, unknown)

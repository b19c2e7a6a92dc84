# SPDX-License-Identifier: Apache-2.0
"""What the generated files of reference_impl/layers share: which parameter stands for what."""
import re

from . import header

WIDTH = header.WIDTH
BANNER = """\
// SPDX-License-Identifier: Apache-2.0
// {source}
//
"""


def base(kind):
    """`tn_buffer` of `const tn_buffer* const*`."""
    return re.sub(r"\bconst\b|\*| ", "", kind)


def handles(registry):
    """The handles that hosts hold: those that slots take, not the loader's own."""
    used = {p.type for f in registry.calls for p in f.params}
    return [h for item in registry.items("handles") for h in item.name if h + "*" in used]


def is_handle(kind, registry):
    return kind.endswith("*") and kind.count("*") == 1 and base(kind) in handles(registry)


def structs(registry):
    return {i.name: i for i in registry.items("struct")}


def struct_of(kind, registry):
    """The struct behind a pointer or a pointer to pointers; None for everything else."""
    return structs(registry).get(base(kind)) if "*" in kind else None


def enums(registry):
    """Types whose values have names."""
    return {i.name: [v for v in i.values if v.name] for i in registry.items("enum")
            if base(i.name) in {t.name for t in registry.items("type")}}


def is_set(values):
    return all("<<" in v.value for v in values)


def flags(registry):
    """"tn_event_desc.flags": its bits."""
    return {i.name: [v for v in i.values if v.name] for i in registry.items("flags")}


def is_list(field):
    return field.type.endswith("* const*") or field.type in ("const tn_option*", "const tn_string*")


def count_field(item, field):
    """The field that counts the elements `field` points to: `inputs` by `input_count`; by `count`
    where that is of whichever list is set."""
    wanted = {re.sub("ies$", "y", field.name) + "_count", field.name[:-1] + "_count"}
    if is_list(field):
        wanted.add("count")
    return next((f.name for f in item.fields if f.name in wanted), None)


def table_of(f, dispatch, extensions):
    """The expression for the table below in which a function is found."""
    return f"{extensions}.{f.extension}" if f.extension else dispatch


def inserts(registry):
    """What puts the layer's functions into the tables: of dispatch, and of extensions."""
    own = "\n".join(f"  table->{f.name} = {f.name};" for f in registry.calls if not f.extension)
    more = "\n".join(f"  tables->{f.extension}.{f.name} = {f.name};" for f in registry.calls
                     if f.extension)
    return own, more


def camel(name):
    return "".join(word.capitalize() for word in name.removeprefix("tn_").split("_"))


def constant(name):
    """`kEventDescFlags` of `tn_event_desc.flags`."""
    return "k" + camel(name.replace(".", "_"))


def statement(head, arguments, tail=");", indent=2):
    """A call, its arguments below each other where the line ends."""
    return header.declaration(" " * indent + head.removesuffix("("), arguments, tail[1:])


def definition(head, parameters, tail=" {"):
    return header.declaration(head, parameters, tail)


def set_of(name, values):
    line = f"constexpr uint32_t {name} = " + " | ".join(v.name for v in values) + ";"
    if len(line) <= WIDTH:
        return [line]
    lines, current = [f"constexpr uint32_t {name} ="], "   "
    for n, v in enumerate(values):
        word = v.name + (";" if n == len(values) - 1 else " |")
        if len(current) + 1 + len(word) > WIDTH:
            lines.append(current)
            current = "   "
        current += " " + word
    return lines + [current]


def problems(registry):
    """What the layers could not be generated from."""
    out = []
    for item in registry.items("struct"):
        for f in item.fields:
            if is_list(f) and struct_of(f.type, registry) and not count_field(item, f):
                out.append(f"{item.name}.{f.name}: a list wants a field that counts it, "
                           f"{f.name[:-1]}_count")
            if f.name == "flags" and f"{item.name}.flags" not in flags(registry):
                if item.raw.get("use") != "output":
                    out.append(f"{item.name}.flags: wants an item of kind flags with its bits")
    for where, function in registry.functions():
        names = [p.name for p in function.params]
        for p in function.params:
            if "sized" in p.words and not {"size", "rank"} & set(names):
                out.append(f"{where}({p.name}): is sized, but there is neither size nor rank")
            if "cleared" in p.words and "needed" not in p.words:
                out.append(f"{where}({p.name}): an output handle is needed")
            if p.words and p.words[0] == "filled" and p.type.startswith("const "):
                out.append(f"{where}({p.name}): is filled, but const")
    return out

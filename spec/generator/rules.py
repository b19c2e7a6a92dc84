# SPDX-License-Identifier: Apache-2.0
"""What spec/abi.yaml must be: every parameter annotated, ordinals without a gap, names known."""
import re

from . import field_words

# Names of the header, and of what stands beside it, that texts may mention.
OUTSIDE = {"tn_error", "tn_dispatch", "tn_loader", "TN_API", "TN_CALL", "TN_EXPORT", "TN_IMPORT",
           "TN_BUILDING_LOADER", "tn_dtype_bits", "tn_function", "tn_plugin_entry",
           "tn_"}


def annotation(where, words, registry):
    if len(words) < 3:
        missing = ["owner", "thread", "failure"][len(words):]
        return [f"{where}: lacks {', '.join(missing)}; write [owner, thread, failure...]"]
    kinds = ["owner", "thread"] + ["failure"] * (len(words) - 2)
    return [f"{where}: {word} is no {kind} (see the top of the file)"
            for kind, word in zip(kinds, words) if word not in registry.words[kind]]


def of_function(where, function, registry):
    out = []
    for p in function.params:
        out += annotation(f"{where}({p.name})", p.words, registry)
        if re.fullmatch(r"tn_\w+\*\*", p.type) and "cleared" not in p.words:
            out.append(f"{where}({p.name}): an output handle is `cleared` when the call fails")
    ends = [p.declaration for p in function.params[-1:]] == ["tn_error* error"]
    if (function.returns == "tn_status") != ends:
        out.append(f"{where}: returns tn_status and ends with `tn_error* error`, or neither")
    if function.returns not in ("void", "tn_status"):
        out += annotation(f"{where}: its result", function.result, registry)
    if not function.doc:
        out.append(f"{where}: has no text")
    return out


def of_struct(item):
    out = []
    growth, use = item.raw.get("growth"), item.raw.get("use")
    if growth not in ("grows", "frozen") or use not in ("input", "output", "both"):
        out.append(f"{item.name}: wants growth (grows, frozen) and use (input, output, both)")
    if not item.doc:
        out.append(f"{item.name}: has no text")
    sized = [f"{f.type} {f.name}" for f in item.fields[:1]] == ["size_t struct_size"]
    if sized != (growth == "grows"):
        out.append(f"{item.name}: starts with size_t struct_size if it grows, and only then")
    return out


def of_fields(registry):
    out = []
    for item, field in field_words.data(registry):
        where, words = f"{item.name}.{field.name}", field_words.of(item, field, registry)
        out += annotation(where, words, registry)
        if words[:1] == ["lent"] and not field_words.lifetime_is_said(item, field):
            out.append(f"{where}: is lent, and no text says until when")
    return out


def of_lent(where, function):
    lent = [p.name for p in function.params if p.words[:1] == ["lent"]]
    lent += ["its result"] if function.result[:1] == ["lent"] else []
    return [] if field_words.LIFETIME.search(function.doc) else [
        f"{where}({name}): is lent, and no text says until when" for name in lent]


def of_slots(registry):
    tables = [registry.dispatch.slots] + [e.slots for e in registry.extensions]
    out = [f"{f.name}: slot {f.slot} stands where {n} belongs: ordinals are permanent"
           for slots in tables for n, f in enumerate(slots) if f.slot != n]
    names = [f.name for slots in tables for f in slots]
    return out + [f"{name}: two slots have this name" for name in {n for n in names
                                                                   if names.count(n) > 1}]


def of_extension(item):
    """Layers find everything by the handle that comes first; a name says whose function it is."""
    out, name = [], item.raw["extension"]
    if not isinstance(item.raw.get("version"), int):
        out.append(f"{name}: wants a version, a number")
    for f in item.slots:
        if not f.name.startswith(name + "_"):
            out.append(f"{name}: {f.name} begins with {name}_, as all of the extension do")
        if not f.params or not re.fullmatch(r"tn_\w+\*", f.params[0].type):
            out.append(f"{name}: the first parameter of {f.name} is a handle")
    return out


def of_optional(registry):
    """The table's text and the slots say the same of what a plugin may leave out."""
    text = registry.dispatch.doc.partition("all others are needed")[0]
    named = {f.name for f in registry.dispatch.slots if re.search(rf"\b{f.name}\b", text)}
    if "those of constants" in text:
        named |= {f.name for f in registry.dispatch.slots if f.name.startswith("constant_")}
    optional = {f.name for f in registry.dispatch.slots if f.optional}
    return [f"{name}: is optional in its slot or in the text of tn_dispatch, not in both"
            for name in sorted(named ^ optional)]


def known_names(registry):
    known = set(OUTSIDE) | set(registry.constants)
    for item in registry.items():
        if item.kind == "handles":
            known |= set(item.name)
        elif isinstance(item.name, str):
            known.add(item.name.partition("(")[0])
    for e in registry.extensions:
        macro = "TN_EXTENSION_" + e.raw["extension"].upper()
        known |= {macro, macro + "_VERSION"}
    return known | {"tn_" + f.name for f in registry.calls}


def of_names(registry, text):
    text = re.sub(r"^#.*$", "", text, flags=re.M)
    mentioned = set(re.findall(r"\b(?:TN|tn)_\w*", text))
    return [f"{name}: is mentioned, but there is no such thing"
            for name in sorted(mentioned - known_names(registry))]


def problems(registry, text):
    out = list(registry.unknown_keys)
    for where, function in registry.functions():
        out += of_function(where, function, registry) + of_lent(where, function)
    for item in registry.items("struct", "dispatch"):
        out += of_struct(item)
    out += of_fields(registry)
    out += of_slots(registry) + of_optional(registry)
    for item in registry.extensions:
        out += of_extension(item)
    out += of_names(registry, text)
    used = {w for _, f in registry.functions() for w in f.result + [w for p in f.params
                                                                    for w in p.words]}
    used |= {w for item, field in field_words.data(registry)
             for w in field_words.of(item, field, registry)}
    out += [f"{kind} {word}: no parameter and no field uses it" for kind, words in registry.words.items()
            for word in words if word not in used]
    return ["spec/abi.yaml: " + line for line in out]

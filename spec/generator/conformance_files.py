# SPDX-License-Identifier: Apache-2.0
"""What the conformance suite asks of every field and every slot, without a list of its own."""
from . import layer_code as code, validation_files

FIELDS = """\
// What a callee may not know. Include it after defining any of
//   TN_VALUE(type, field)        an enum in a struct that hosts fill
//   TN_BITS(type, field, known)  a set of bits there
//   TN_RESERVED(type, field)     a field that is 0 until it has a meaning
//   TN_VALUE_PARAMETER(function, name), TN_BITS_PARAMETER(function, name, known)
// of devices, and with TN_LOADER_ in front of VALUE, BITS and RESERVED of libtenon's own structs.
// clang-format off
{defaults}
{rows}
{ends}
// clang-format on
"""

SLOTS = """\
// The functions that no plugin may leave out of its table: TN_NEEDED_SLOT(name).
// clang-format off
{rows}
#undef TN_NEEDED_SLOT
// clang-format on
"""

FILLED = """\
// Every field that a plugin fills, with the function that does: TN_FILLED(slot, type, field).
// clang-format off
{rows}
#undef TN_FILLED
// clang-format on
"""

ANSWERS = """\
// Every field of what plugins write: TN_ANSWER(type, field). What libtenon fills by itself is not there.
// clang-format off
{rows}
#undef TN_ANSWER
// clang-format on
"""

MACROS = {"VALUE": "type, field", "BITS": "type, field, known", "RESERVED": "type, field"}


def bits(values):
    return " | ".join(v.name for v in values)


def of_struct(item, registry, prefix):
    rows = []
    for f in item.fields:
        if f.name == "reserved":
            rows.append(f"{prefix}RESERVED({item.name}, {f.name})")
        elif f"{item.name}.{f.name}" in code.flags(registry):
            known = bits(code.flags(registry)[f"{item.name}.{f.name}"])
            rows.append(f"{prefix}BITS({item.name}, {f.name}, {known})")
        elif f.type in code.enums(registry):
            rows.append(f"{prefix}VALUE({item.name}, {f.name})")
    return rows


def of_parameters(registry):
    rows = []
    for f in registry.calls:
        for p in f.params:
            if p.type not in code.enums(registry) or "unknown" not in p.words:
                continue
            values = code.enums(registry)[p.type]
            rows.append(f"TN_BITS_PARAMETER({f.name}, {p.name}, {bits(values)})"
                        if code.is_set(values) else f"TN_VALUE_PARAMETER({f.name}, {p.name})")
    return rows


def inputs_of_loader(registry):
    """Structs that hosts hand to libtenon itself."""
    return [i for f in registry.items("function") for p in f.function.params
            if (i := code.struct_of(p.type, registry)) and i.raw["use"] == "input"]


def fields(registry, source):
    structs = code.structs(registry)
    rows = [row for name in validation_files.checked(registry)
            if structs[name].raw["use"] == "input"
            for row in of_struct(structs[name], registry, "TN_")]
    rows += of_parameters(registry)
    for item in inputs_of_loader(registry):
        rows += of_struct(item, registry, "TN_LOADER_")
    macros = [(prefix + name, parameters) for prefix in ("TN_", "TN_LOADER_")
              for name, parameters in MACROS.items()]
    macros += [("TN_VALUE_PARAMETER", "function, name"),
               ("TN_BITS_PARAMETER", "function, name, known")]
    defaults = [f"#ifndef {name}\n#define {name}({parameters})\n#endif"
                for name, parameters in macros]
    ends = [f"#undef {name}" for name, _ in macros]
    return code.BANNER.format(source=source) + FIELDS.format(
        defaults="\n".join(defaults), rows="\n".join(rows), ends="\n".join(ends))


def slots(registry, source):
    rows = [f"TN_NEEDED_SLOT({f.name})" for f in registry.dispatch.slots if not f.optional]
    return code.BANNER.format(source=source) + SLOTS.format(rows="\n".join(rows))


def answers(registry, source):
    """Fields of structs that plugins fill or point to in functions of the core; hosts read each of them. Those of
    extensions are spoilt in the validation layer's tests (garble_files.py)."""
    def types(functions):
        return {p.type.rstrip("* ") for f in functions for p in f.params}

    # instance_get_info is libtenon's own in every table (dispatch_table.cc), and a handle is no struct of answers.
    own = types(f.function for f in registry.items("function")) - types(registry.dispatch.slots)
    own |= types(f for f in registry.calls if f.extension) - types(registry.dispatch.slots)
    own |= {"tn_instance_info", "tn_handle"}
    rows = [f"TN_ANSWER({item.name}, {f.name})" for item in registry.items("struct")
            if item.raw["use"] in ("output", "both") and item.name not in own for f in item.fields if f.name]
    return code.BANNER.format(source=source) + ANSWERS.format(rows="\n".join(rows))


def filled(registry, source):
    """Fields of the structs that calls fill, each with its call."""
    rows = [f"TN_FILLED({f.name}, {item.name}, {field.name})" for f in registry.dispatch.slots
            for p in f.params if "filled" in p.words
            if (item := code.struct_of(p.type, registry)) and item.name != "tn_error"
            and f.wrapped and f.name != "instance_get_info"
            for field in item.fields if field.name and field.name != "struct_size"]
    return code.BANNER.format(source=source) + FILLED.format(rows="\n".join(rows))

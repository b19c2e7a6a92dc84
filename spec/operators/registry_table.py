# SPDX-License-Identifier: Apache-2.0
"""reference_impl/runtime/generated/operators.inc: the table behind the runtime's registry."""
from . import body, contract, element_types
from .cpp import WIDTH, head, quoted, wrap

PATH = "reference_impl/runtime/generated/operators.inc"
MASKS = ("float", "integer", "numeric", "all")  # registry.cc has a constant of each.


def argument(parameter, host):
    flags = [flag for flag, on in (("kOptional", parameter.optional), ("kVariadic", parameter.variadic),
                                   ("kHostOnly", parameter.name in host)) if on]
    return "{" + quoted(parameter.name) + (", " + " | ".join(flags) if flags else "") + "}"


def attribute(a):
    name, kind = quoted(a.name), f"TN_ATTRIBUTE_{a.kind.upper()}"
    if a.is_list and not a.required:
        return f"list({name}, {kind})"
    if a.default is None:
        return f"attribute({name}, {kind})"
    if a.kind == "float":
        return f"real({name}, {float(a.default)!r}f)"
    if a.kind == "int":
        return f"integer({name}, {int(a.default)})"
    if a.kind == "string":
        return f"text({name}, {a.default})"
    raise ValueError(f"attribute {a.name}: a {a.kind} has no default")


def mask(names):
    """As few words as name them all."""
    words = [f"k{item.capitalize()}" if item in MASKS else f"bit(TN_{item.upper()})"
             for item in element_types.shortest(names, MASKS)]
    return " | ".join(words) or "0"


def arrays_of(o, operators):
    k = "k" + o.identifier
    out = []
    if o.same:
        out += wrap(f"constexpr int32_t {k}Older[] = {{", [str(v.version) for v in o.same], "};")
    out += wrap(f"constexpr ArgumentInfo {k}Inputs[] = {{", [argument(p, o.host) for p in o.inputs], "};")
    out += wrap(f"constexpr ArgumentInfo {k}Outputs[] = {{", [argument(p, []) for p in o.outputs], "};")
    if o.attributes:
        out += wrap(f"constexpr AttributeInfo {k}Attributes[] = {{", [attribute(a) for a in o.attributes.values()],
                    "};")
    if o.body:
        steps = [f"{{{quoted(name)}, {{{', '.join(map(str, ins))}}}, {len(ins)}, {result}}}"
                 for name, ins, result in body.steps(o, operators)]
        out += wrap(f"constexpr BodyStep {k}Body[] = {{", steps, "};")
    return out


def row_of(o):
    k = "k" + o.identifier
    flags = [flag for flag, on in (("kView", o.view), ("kElementwise", o.elementwise), ("kBoolean", o.boolean))
             if on]
    out = [f"    {{{quoted(o.full_name)}, {quoted(o.domain)}, {quoted(o.name)}, {o.version}, "
           f"{' | '.join(flags) or '0'}, {mask(o.element_types())},"]
    rest = [k + "Older" if o.same else "{}", k + "Inputs", k + "Outputs", k + "Attributes" if o.attributes else "{}",
            k + "Body" if o.body else "{}"]
    line = "     " + ", ".join(rest) + "},"
    if len(line) <= WIDTH:
        return out + [line]
    return out + ["     " + ", ".join(rest[:3]) + ",", "     " + ", ".join(rest[3:]) + "},"]


def text(operators):
    out = head("Included by registry.cc alone, which declares the types and helpers used here.")
    for family, members in contract.families(operators):
        out += [f"// -- {family} --", ""]
        for o in members:
            out += arrays_of(o, operators)
        out.append("")
    out.append("constexpr OperatorInfo kOperators[] = {")
    for o in operators.values():
        out += row_of(o)
    out.append("};")
    return "\n".join(out) + "\n"

# SPDX-License-Identifier: Apache-2.0
"""reference_impl/runtime/generated/operators.inc: the table behind the runtime's registry."""
from . import attribute_table, body, contract, ids
from .cpp import WIDTH, head, quoted, wrap
from .masks import Masks

PATH = "reference_impl/runtime/generated/operators.inc"
SETS = ("float", "integer", "numeric", "all")  # registry.cc has a constant of each.


def argument(parameter, host):
    flags = [flag for flag, on in (("kOptional", parameter.optional), ("kVariadic", parameter.variadic),
                                   ("kHostOnly", parameter.name in host)) if on]
    return "{" + quoted(parameter.name) + (", " + " | ".join(flags) if flags else "") + "}"


def fixed(o):
    """Attributes of ONNX's schema that the entry leaves out: only their defaults mean what it says."""
    without = o.deviations.narrows.get("attributes", [])
    return [attribute_table.declared(o.schema.attributes[name]) for name in without]


def limit(mask, of_input, of_output, types):
    position = str(of_input) if of_output is None else f"kOutput | {of_output}"
    return f"{{{position}, {mask(types)}}}"


def same_arrays(o, mask):
    """Other since-versions, and what some of them lack."""
    k, rows, out = "k" + o.identifier, [], []
    for v in o.same:
        own = f"{k}{v.version}"
        if v.limits:
            out += wrap(f"constexpr TypeLimit {own}Limits[] = {{", [limit(mask, *x) for x in v.limits], "};")
        if v.lacks:
            out += wrap(f"constexpr std::string_view {own}Lacks[] = {{", map(quoted, v.lacks), "};")
        rest = [own + "Limits" if v.limits else "{}", own + "Lacks" if v.lacks else "{}", quoted(v.ties)]
        while rest and rest[-1] in ("{}", '""'):
            rest.pop()
        rows.append("{" + ", ".join([str(v.version), mask(v.types), str(v.required), str(v.inputs), str(v.outputs),
                                     *rest]) + "}")
    if rows:
        out += [f"constexpr SameVersion {k}Same[] = {{", *(f"    {row}," for row in rows), "};"]
    return out


def arrays_of(o, operators, mask):
    k = "k" + o.identifier
    out = []
    out += same_arrays(o, mask)
    out += wrap(f"constexpr ArgumentInfo {k}Inputs[] = {{", [argument(p, o.host) for p in o.inputs], "};")
    out += wrap(f"constexpr ArgumentInfo {k}Outputs[] = {{", [argument(p, []) for p in o.outputs], "};")
    if fixed(o):
        out += wrap(f"constexpr AttributeFact {k}Fixed[] = {{", fixed(o), "};")
    if o.body:
        steps = [f"{{{quoted(name)}, {{{', '.join(map(str, ins))}}}, {len(ins)}, {result}}}"
                 for name, ins, result in body.steps(o, operators)]
        out += wrap(f"constexpr BodyStep {k}Body[] = {{", steps, "};")
    return out


def row_of(o, mask):
    k = "k" + o.identifier
    flags = [flag for flag, on in (("kView", o.view), ("kElementwise", o.elementwise), ("kBoolean", o.boolean))
             if on]
    out = [f"    {{{quoted(o.full_name)}, {quoted(o.domain)}, {quoted(o.name)}, {o.version}, {o.revision}, "
           f"{' | '.join(flags) or '0'}, {mask(o.element_types())},"]
    rest = [str(ids.column(o)), k + "Same" if o.same else "{}", k + "Inputs", k + "Outputs", f"op::{k}Attributes" if o.attributes else "{}",
            k + "Body" if o.body else "{}", *([k + "Fixed"] if fixed(o) else [])]
    line = "     " + ", ".join(rest) + "},"
    if len(line) <= WIDTH:
        return out + [line]
    return out + ["     " + ", ".join(rest[:3]) + ",", "     " + ", ".join(rest[3:]) + "},"]


def text(operators):
    mask = Masks(SETS)
    out = []
    for family, members in contract.families(operators):
        out += [f"// -- {family} --", ""]
        for o in members:
            out += arrays_of(o, operators, mask)
        out.append("")
    out.append("constexpr OperatorInfo kOperators[] = {")
    for o in operators.values():
        out += row_of(o, mask)
    out.append("};")
    start = head("Included by registry.cc alone, which declares the types and helpers used here.")
    return "\n".join(start + mask.lines() + [""] + out) + "\n"

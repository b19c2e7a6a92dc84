# SPDX-License-Identifier: Apache-2.0
"""docs/reference/operators.md."""
from . import contract, element_types, tolerance
from .cpp import GENERATED
from .shape import RULES

PATH = "docs/reference/operators.md"
HEAD = f"""\
<!-- {GENERATED.format("spec/ops and spec/onnx.lock")} -->
# Operators

What a host may ask a device for. The rules that hold for all of them stand in [the standard](../spec/10-operators.md#rules-for-all-operators).

`name?` is optional, `name...` takes any number, (host) arrives as a host value or a constant. A *view* is done by hosts with dims and strides. *The same as* an older or newer version holds for the element types beside it. What a *tolerance* grants stands [at the end](#tolerances).
"""


def names(parameters, host=()):
    return ", ".join(p.name + ("?" if p.optional else "") + ("..." if p.variadic else "") +
                     (" (host)" if p.name in host else "") for p in parameters)


def type_text(types):
    return ", ".join(element_types.shortest(types)) or "none"


def constraints(o):
    """`T float, bool; I int32`: what each parameter is, where it is not the first constraint alone."""
    return "; ".join(f"{kind}: {type_text(types)} ({', '.join(p.name for p in o.inputs + o.outputs if p.kind == kind)})"
                     for kind, types in o.types.items())


def same(o):
    groups = {}
    for v in o.same:
        groups.setdefault(v.types, []).append(v.version)
    return "; ".join(f"{', '.join(map(str, sorted(versions)))}: "
                     f"{'all of its types' if list(types) == o.element_types() else type_text(types)}"
                     for types, versions in groups.items())


def deviations(o):
    out = []
    d = o.deviations
    for word, said, because in (("Beyond ONNX", d.extends, d.extends_because),
                                ("Less than ONNX", d.narrows, d.narrows_because)):
        if said:
            items = "; ".join(f"{key}: {', '.join(map(str, value))}" for key, value in said.items())
            out += [f"{word}: {items}. {because}", ""]
    return out


def facts(o):
    out = [f"version {o.version}" + (f", revision {o.revision}" if o.revision else "")]
    if o.view:
        out.append("a view")
    out.append(f"dims: {o.shape} ({RULES[o.shape.rule]})")
    if o.replaces and not o.elementwise:
        out.append("may replace: " + ", ".join(f"{out_name} {' '.join(ins)}" for out_name, ins in o.replaces.items()))
    if o.determinism == "asked":
        out.append("the same bits each time only with TN_KERNEL_DETERMINISTIC")
    if tolerance.computes_floats(o) and not o.view:
        out.append(tolerance.on_page(o))
    return "; ".join(out) + "."


def attribute(o, a):
    bound = f", {o.bounds[a.name]}" if a.name in o.bounds else ""
    return f"`{a.name}: {a}`{bound}"


def section(o):
    out = [f"### {o.full_name}", "", f"`{o.name}({names(o.inputs, o.host)}) -> {names(o.outputs)}`", "",
           facts(o), "", "Types: " + constraints(o) + ".", ""]
    if o.same:
        out += ["The same as " + same(o) + ".", ""]
    out += deviations(o)
    if o.attributes:
        out += ["Attributes: " + "; ".join(attribute(o, a) for a in o.attributes.values()) + ".", ""]
    if o.semantics:
        out += [o.semantics, ""]
    if o.open:
        out += ["Open: " + "; ".join(f"`{what}` ({why})" for what, why in o.open.items()) + ".", ""]
    if o.body:
        out += ["Without a kernel of its own: `" + "; ".join(o.body) + "`.", ""]
    return out


def of_words(words):
    out = ["## Steps", "",
           "The words of `steps`, an attribute of tenon.FusedConv and tenon.FusedMatMul: each is an "
           "operator on the value so far.", "",
           "| word | operator | takes of `step_parameters` | an operand |", "|---|---|---|---|"]
    for w in words:
        fixed = f", {w.fixed[0]} = {w.fixed[1]}" if w.fixed else ""
        out.append(f"| {w.word} | {w.operator.full_name}{fixed} | {', '.join(w.parameters) or '-'} | "
                   f"{'yes' if w.operand else '-'} |")
    return out


def text(operators, words):
    out = [HEAD]
    for family, members in contract.families(operators):
        out += [f"## {family.capitalize()}", ""]
        for o in members:
            out += section(o)
    return "\n".join(out + tolerance.section() + of_words(words)).rstrip() + "\n"

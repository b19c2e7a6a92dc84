# SPDX-License-Identifier: Apache-2.0
"""Tolerances: the kinds of spec/tolerances.yaml, and what they come to in each float type."""
import dataclasses
import functools
import pathlib

import yaml

from . import element_types
from .cpp import head, quoted

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "tolerances.yaml"
PATH = "conformance/suite/generated/tolerances.inc"
COMPUTED_IN = "float32"  # Types with fewer digits, unless each step is rounded to them.
FLOATS = [element_types.TABLE.named(n) for n in element_types.SETS["float"] + element_types.SETS["float8"]]
# Digits of the significand.
DIGITS = {t.name: t.form.mantissa + 1 for t in FLOATS}


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    strict: dict
    relaxed: dict
    because: str
    products: bool = False

    def columns(self, dtype, each_step):
        """((u, c) strict, (u, c) relaxed), each in units of the type."""
        u, c = self.strict["u"], self.strict["c"]
        narrower = DIGITS[COMPUTED_IN] - DIGITS[dtype]
        if narrower > 0 and not each_step and self.name != "exact":
            u, c = 0.5 + u * 2.0**-narrower, c * 2.0**-narrower
        return (u, c), (self.relaxed["u"], self.relaxed["c"])


@functools.cache
def kinds():
    return {entry["name"]: Kind(**entry) for entry in yaml.safe_load(SOURCE.read_text())}


def read(name):
    if name not in kinds():
        raise ValueError(f"tolerance: {name} is none of {list(kinds())} (spec/tolerances.yaml)")
    return kinds()[name]


def computes_floats(operator):
    """Whether an output may be of a float type at all."""
    floats = set(element_types.SETS["float"] + element_types.SETS["float8"])
    return any(floats & set(operator.element_types(o.kind)) for o in operator.outputs)


def row(operator):
    """An operator with a body may round as the body's operators would."""
    if not computes_floats(operator):
        return "exact", False
    return operator.tolerance.name, bool(operator.body)


def text(operators):
    rows = sorted({row(o) for o in operators.values()}, key=lambda r: (list(kinds()).index(r[0]), r[1]))
    out = head("What the suite grants: kinds of tolerances, then the operators with the number of theirs.",
               "Included by compare.cc alone, which declares the types.",
               source="spec/ops and spec/tolerances.yaml")
    out += ["constexpr KindRow kKinds[] = {"]
    for name, each_step in rows:
        kind = kinds()[name]
        out.append(f"    // {name}" + (", each step rounded" if each_step else ""))
        out += [f"    {{{str(kind.products).lower()},", "     {{"]
        for t in FLOATS:
            pairs = ", ".join(f"{{{u!r}, {c!r}}}" for u, c in kind.columns(t.name, each_step))
            out.append(f"         {{{t.constant}, {pairs}}},")
        out.append("     }}},")
    out += ["};", "constexpr OperatorKind kOperators[] = {"]
    out += [f"    {{{quoted(o.domain)}, {quoted(o.name)}, {rows.index(row(o))}}}," for o in operators.values()]
    return "\n".join(out + ["};"]) + "\n"


def number(value):
    return f"{value:.6g}"


def on_page(operator):
    return f"tolerance: [{operator.tolerance.name}](#tolerances)" + (", each step rounded" if operator.body else "")


def section():
    """The chapter of the reference page; a column for all types with as many digits."""
    columns = {}
    for t in FLOATS:
        columns.setdefault(DIGITS[t.name], []).append(t.name)
    out = ["## Tolerances", "",
           "Per element `|actual - exact| <= u * ulp(T) + c * eps(T) * condition`; see "
           "[the standard](../spec/10-operators.md#tolerances). Each cell has u and c, strict / relaxed.", "",
           "| tolerance | " + " | ".join(", ".join(names) for names in columns.values()) + " | |",
           "|---" * (len(columns) + 2) + "|"]
    for kind in kinds().values():
        for each_step in (False, True):
            cells = [" / ".join(", ".join(map(number, pair)) for pair in kind.columns(names[0], each_step))
                     for names in columns.values()]
            if not each_step:
                out.append(f"| {kind.name} | {' | '.join(cells)} | {kind.because} |")
            elif kind.name in ("composed", "products"):
                out.append(f"| {kind.name}, each step rounded | {' | '.join(cells)} | |")
    return out + [""]

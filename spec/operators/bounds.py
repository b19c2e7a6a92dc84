# SPDX-License-Identifier: Apache-2.0
"""Bounds of attributes: the values it may have, or the least and the most of each number.

    reduction: [none, sum, mean]
    axis: {min: -rank(X), max: rank(X) - 1}     a number, or plus or minus the rank of an input plus a number
"""
import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Limit:
    """sign * rank(input) + offset; sign 0: the offset."""
    sign: int
    input: str
    offset: float

    @staticmethod
    def read(value, names):
        if isinstance(value, (int, float)):
            return Limit(0, "", value)
        match = re.fullmatch(r"(-?)rank\((\w+)\)(?: ([+-]) (\d+))?", str(value))
        if not match or match[2] not in names:
            raise ValueError(f"bounds: cannot read {value!r}; inputs are {names}")
        offset = int(match[4] or 0) * (-1 if match[3] == "-" else 1)
        return Limit(-1 if match[1] else 1, match[2], offset)

    def __str__(self):
        if not self.sign:
            return f"{self.offset:g}"
        tail = f" {'-' if self.offset < 0 else '+'} {abs(self.offset):g}" if self.offset else ""
        return f"{'-' if self.sign < 0 else ''}rank({self.input}){tail}"


@dataclasses.dataclass(frozen=True)
class Bounds:
    values: tuple = ()
    least: Limit | None = None
    most: Limit | None = None

    def __str__(self):
        if self.values:
            return "one of " + ", ".join(map(str, self.values))
        if self.most is None:
            return f"at least {self.least}"
        return f"{self.least} to {self.most}" if self.least else f"at most {self.most}"


def read(section, operator):
    out = {}
    for name, value in (section or {}).items():
        if name not in operator.attributes:
            raise ValueError(f"bounds: {name} is no attribute, but {list(operator.attributes)}")
        if isinstance(value, list):
            out[name] = Bounds(values=tuple(value))
            continue
        if not isinstance(value, dict) or not value or set(value) - {"min", "max"}:
            raise ValueError(f"bounds: {name}: a list of values, or min and max")
        limits = {k: Limit.read(v, operator.input_names) for k, v in value.items()}
        out[name] = Bounds(least=limits.get("min"), most=limits.get("max"))
    return out

# SPDX-License-Identifier: Apache-2.0
"""Reads spec/element_types.yaml: a row for each element type, and the sets of them."""
import functools
import pathlib
from dataclasses import dataclass

import yaml

TABLE = pathlib.Path(__file__).resolve().parent.parent / "element_types.yaml"
KINDS = ["float", "signed", "unsigned", "bool", "complex"]
USES = ["computed", "moved", "packed", "named"]
FORMS = ["ieee", "fn", "fnuz", "finite", "scale"]
# DLPack's type codes; the small floats' stand in their rows.
DLPACK = {"signed": 0, "unsigned": 1, "float": 2, "complex": 5, "bool": 6}
KEYS = {"name", "number", "onnx", "short", "bits", "kind", "part", "use", "cpp", "numpy", "ml_dtypes",
        "dlpack", "float", "nan"}


@dataclass
class Form:
    """How a float lies in its bits. Codes are without sign, but for `nan` of fnuz; 0: there is none."""
    exponent: int
    mantissa: int
    bias: int
    sign: int      # The sign's bit, as a code; 0: always positive.
    largest: int   # The largest finite value.
    infinity: int
    nan: int


@dataclass
class ElementType:
    name: str
    number: int
    short: str
    bits: int
    kind: str
    use: str
    onnx: str
    cpp: str
    part: str
    numpy: str
    ml_dtypes: str
    dlpack: int
    form: Form

    @property
    def constant(self):
        return "TN_" + self.name.upper()


@dataclass
class Table:
    types: list
    sets: dict  # Name -> names of types, in the order of their numbers.
    unknown_keys: list

    def named(self, name):
        return next((t for t in self.types if t.name == name), None)


def read_form(row):
    if "float" not in row:
        return None
    exponent, mantissa, form = row["float"]
    top = (1 << exponent + mantissa) - 1  # All ones.
    last = top >> mantissa << mantissa    # The largest exponent, mantissa 0.
    bias = (1 << exponent - 1) - (0 if form == "fnuz" else 1)
    quiet = last | 1 << mantissa - 1 if mantissa else top
    largest, infinity, nan = {
        "ieee": (last - 1, last, quiet),
        "fn": (top - 1, 0, top),
        "fnuz": (top, 0, top + 1),
        "finite": (top, 0, 0),
        "scale": (top - 1, 0, top),
    }[form]
    return Form(exponent, mantissa, bias, 0 if form == "scale" else top + 1, largest, infinity,
                row.get("nan", nan))


def read_row(row):
    return ElementType(row["name"], row["number"], row["short"], row["bits"], row["kind"], row["use"],
                       row.get("onnx", row["name"].upper()), row.get("cpp", ""), row.get("part", ""),
                       row.get("numpy", ""), row.get("ml_dtypes", ""),
                       row.get("dlpack", DLPACK.get(row["kind"], 0)), read_form(row))


@functools.lru_cache(maxsize=4)
def read(text=None):
    raw = yaml.safe_load(TABLE.read_text() if text is None else text)
    types = [read_row(row) for row in raw["types"]]
    sets = {name: [t.name for t in types if t.use in rule["use"] and t.kind in rule.get("kind", KINDS)
                   and t.bits in rule.get("bits", [t.bits])]
            for name, rule in raw["sets"].items()}
    unknown = [f"{row['name']}: unknown key {key}" for row in raw["types"] for key in row if key not in KEYS]
    return Table(types, sets, unknown)


def enum_values(table):
    """The values of tn_dtype, as spec/abi.yaml writes those of an enum."""
    return ["TN_DTYPE_UNDEFINED = 0"] + [f"{t.constant} = {t.number}" for t in table.types]


def problems(table):
    found = list(table.unknown_keys)
    numbers = [t.number for t in table.types]
    if numbers != sorted(set(numbers)) or numbers[-1] > 63:
        found.append("numbers ascend, are written once, and fit the 64 bits of a set")
    for key in ("name", "short"):
        values = [getattr(t, key) for t in table.types]
        found += [f"{v}: is the {key} of two types" for v in sorted(set(values)) if values.count(v) > 1]
    for t in table.types:
        if t.kind not in KINDS or t.use not in USES:
            found.append(f"{t.name}: its kind is one of {KINDS}, its use one of {USES}")
        if t.form and t.form.exponent + t.form.mantissa + bool(t.form.sign) != t.bits:
            found.append(f"{t.name}: exponent, mantissa and sign do not fill its {t.bits} bits")
        if (t.kind == "float") != (t.form is not None):
            found.append(f"{t.name}: a float has `float`, and nothing else has")
        if t.kind == "complex" and (not table.named(t.part) or table.named(t.part).bits * 2 != t.bits):
            found.append(f"{t.name}: its part is a type of half its bits")
        if t.use == "computed" and not t.cpp:
            found.append(f"{t.name}: what operators compute with has a C++ type")
        if t.use in ("computed", "moved") and t.bits % 8:
            found.append(f"{t.name}: elements below a byte are packed or named")
        if t.numpy and t.ml_dtypes:
            found.append(f"{t.name}: is of numpy or of ml_dtypes")
    return found

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nobody lists the element types by hand: spec/element_types.yaml is the one list of them.

A list is a paragraph of code (lines without an empty one between) that names MANY of them or more. Use the
sets of tenon/cpp/element_table.hpp (tenon::type_set), tenon::element_type(), or TENON_COMPUTED_TYPES. What
must be written all the same stands in EXCEPTIONS, with the reason. Tests may list what they try, and an
operator's entry in spec/ops what it takes besides a set.
"""
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "spec"))
from generator import element_types  # noqa: E402

MANY = 6
# Path: how many lists, and why they are there.
EXCEPTIONS = {
    "spec/profiles.yaml": (2, "which types a profile can be earned for is a choice of its own"),
    "scripts/check/element_types.py": (1, "what this check tries itself on"),
    "spec/element_types.yaml": (1, "the table"),
    "adapters/pytorch/csrc/types.cc": (1, "what PyTorch calls them: a row for each type it has"),
    "adapters/tensorflow/src/ops/types.cc": (1, "what TensorFlow calls them: a row for each type it has"),
    "conformance/cases/cast.cc": (1, "pairs of types, one for each kind of conversion"),
    "fuzz/descriptions.cc": (1, "what a description is garbled with"),
    "conformance/suite/host_tensor.cc": (2, "the judge's own conversions, which must not be the device's"),
    "plugins/template/operators.c": (2, "what that plugin claims and loads; a plugin serves what it likes"),
}
ENDINGS = {".c", ".cc", ".h", ".hpp", ".inc", ".cl", ".py", ".cmake", ".yaml"}
NAMES = {t.name for t in element_types.read().types}
HOSTS = (r"\bScalarType::([A-Z]\w*)", r"\bat::k([A-Z][A-Za-z0-9]*)\b",
         r"\bTF_((?:U?INT|Q?U?INT|HALF|FLOAT|DOUBLE|BFLOAT|BOOL|COMPLEX)\w*)\b",
         r"\b(?:np|numpy|torch|tf|jnp)\.(\w+)")


def types_in(paragraph):
    """How many element types a paragraph names, in the words that name the most of them."""
    own = {word.lower() for word in re.findall(r"\bTN_(\w+)", paragraph)}
    quoted = set(re.findall(r"[\"'](\w+)[\"']", paragraph)) | set(re.findall(r"[\[, :](\w+)(?=[],}])", paragraph))
    found = [own & NAMES, quoted & NAMES]
    for pattern in HOSTS[:3]:
        found.append(set(re.findall(pattern, paragraph)))
    found.append(set(re.findall(HOSTS[3], paragraph)) & NAMES)
    return max(len(words) for words in found)


def lists_in(text):
    """Lines at which a list begins."""
    lines, start = text.split("\n"), 0
    found = []
    for n in range(len(lines) + 1):
        if n < len(lines) and lines[n].strip():
            continue
        if types_in("\n".join(lines[start:n])) >= MANY:
            found.append(start + 1)
        start = n + 1
    return found


def sources():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in listed.splitlines():
        path = pathlib.PurePosixPath(name)
        if not (ROOT / path).exists() or "tests" in path.parts or path.parts[:2] == ("spec", "ops"):
            continue
        if path.suffix in ENDINGS:
            text = (ROOT / path).read_text()
            if "do not edit" not in "\n".join(text.split("\n")[:4]):
                yield name, text


class Lists(unittest.TestCase):
    def test_nobody_else_lists_them(self):
        wrong, seen = [], {}
        for name, text in sources():
            found = lists_in(text)
            seen[name] = len(found)
            if len(found) > EXCEPTIONS.get(name, (0, ""))[0]:
                wrong += [f"{name}:{line}" for line in found]
        self.assertEqual(wrong, [], "lists element types by hand; see the head of this check")
        stale = [name for name, (count, _) in EXCEPTIONS.items() if seen.get(name, 0) < count]
        self.assertEqual(stale, [], "no longer lists them: take it out of EXCEPTIONS")

    def test_a_list_is_seen(self):
        for words in ("TN_INT8 TN_INT16 TN_INT32 TN_INT64 TN_BOOL TN_FLOAT16",
                      "ScalarType::Half, ScalarType::Int, ScalarType::Long, ScalarType::Char, "
                      "ScalarType::Byte, ScalarType::Bool",
                      '"int8", "int16", "int32", "int64", "uint8", "bool"',
                      "np.int8 np.int16 np.int32 np.int64 np.uint8 np.float16",
                      "{TF_HALF, TF_FLOAT, TF_DOUBLE, TF_INT8, TF_INT16, TF_INT32}"):
            self.assertEqual(lists_in(f"a\n\n{words}\n"), [3], words)
        self.assertEqual(lists_in("TN_INT8 TN_INT16 TN_INT32\n\nTN_INT64 TN_BOOL TN_FLOAT16"), [])
        self.assertEqual(lists_in("TN_INT8 " * 9), [], "one type, often")


class Table(unittest.TestCase):
    TEXT = element_types.TABLE.read_text()

    def problems(self, old, new):
        self.assertIn(old, self.TEXT)
        return "\n".join(element_types.problems(element_types.read(self.TEXT.replace(old, new, 1))))

    def test_what_is_wrong_is_said(self):
        self.assertEqual(self.problems("types:", "types:"), "")
        self.assertIn("uint8: unknown key size", self.problems("{name: uint8, ", "{name: uint8, size: 1, "))
        self.assertIn("f32: is the short of two", self.problems("short: f64", "short: f32"))
        self.assertIn("numbers ascend", self.problems("number: 28", "number: 27"))
        self.assertIn("do not fill its 8 bits", self.problems("[4, 3, fn]", "[4, 4, fn]"))
        self.assertIn("a float has `float`", self.problems(", float: [5, 2, fnuz]", ""))
        self.assertIn("has a C++ type", self.problems(", cpp: int8_t", ""))
        self.assertIn("packed or named", self.problems("short: u4, bits: 4, kind: unsigned, use: packed",
                                                       "short: u4, bits: 4, kind: unsigned, use: moved"))
        self.assertIn("half its bits", self.problems("part: float32", "part: float64"))

    def test_one_row_is_all_that_the_tables_need(self):
        row = ("- {name: float8e3m4, number: 29, short: f8e3m4, bits: 8, kind: float, use: moved, "
               "ml_dtypes: float8_e3m4, dlpack: 7, float: [3, 4, ieee]}\n")
        table = element_types.read(self.TEXT.replace("\n# The sets", row + "\n# The sets", 1))
        self.assertEqual(element_types.problems(table), [])
        self.assertIn("TN_FLOAT8E3M4 = 29", element_types.enum_values(table))
        self.assertIn("float8e3m4", table.sets["moved"])
        self.assertEqual(table.named("float8e3m4").form.largest, 0x6F)


if __name__ == "__main__":
    unittest.main(verbosity=0)

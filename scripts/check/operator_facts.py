#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A fact of an operator stands in spec/ops alone, or in ONNX's schema.

Since-versions are typed nowhere else: tables of devices take op::kName, the judge's cases and hosts are told by
the contract. No kernel and no importer types an attribute's default, and no device lists the element types that the
contract allows. Left out, because they say something else:

* tests of the loader, of the suite and of the checks themselves: they make up operators and versions;
* plugins/template and conformance/npu: plugins in C, which have the ABI's header alone. The judge compares their
  tables;
* attributes that adapters/tensorflow reads of a NodeDef: TensorFlow's own, and so are their defaults;
* the judge's oracles: they compute with the numbers of the definition, to differ where an entry is wrong.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
IDS = ROOT / "include/tenon/cpp/operator_ids.hpp"
ATTRIBUTES = ROOT / "include/tenon/cpp/operator_attributes.hpp"
DEVICES = ["reference_impl/cpu", "reference_impl/device", "plugins/gpu_common", "plugins/onednn", "plugins/opencl",
           "plugins/cuda", "plugins/template_cpp"]
JUDGE = ["conformance"]
# C++ tests that ask devices for operators; a version that no one has is one more than the contract's.
TESTS = ["reference_impl/cpu/tests", "reference_impl/runtime/tests", "reference_impl/layers/tests",
         "reference_impl/shapes/tests", "plugins/onednn/tests", "plugins/cuda/tests", "plugins/opencl/tests",
         "plugins/gpu_common/tests", "tests/vendor", "adapters/python", "adapters/pytorch", "adapters/tensorflow"]
# The rows of a table are of no size, and are what is wrong there.
MADE_UP = {"reference_impl/layers/tests/fixtures/liar.cc"}
IN_C = {"conformance/npu/operators.c"}
HOSTS = ["reference_impl/runtime", "reference_impl/shapes", "reference_impl/layers", "reference_impl/tools",
         "adapters/python", "adapters/pytorch", "adapters/tensorflow", "benchmarks"]

TAKE_ID = "the version stands in spec/ops; take op::kName or op::find() of tenon/cpp/operator_ids.hpp"
NO_DEFAULT = "the default stands in spec/ops or ONNX's schema; "
VERSIONS = [(re.compile(pattern), TAKE_ID) for pattern in (
    r'"(?:tenon)?",\s*"[A-Z]\w+",\s*\d+',
    r'\bOperatorCase(?:\s+\w+)?[{(](?:[^,;{}()]+,\s*){2}\d+\s*,',
    r'\bversion_of\w*\([^()]*,\s*\d+\)',
    r'\b(?:kernel|kernel_of|make)\("[A-Z]\w+", \d+',
    r'\.version\s*=\s*[1-9]\d*\b')]
ACCESSORS = [(re.compile(r'\b(?:integer|real|text|integers|reals)\("\w+",'), NO_DEFAULT + "leave it out")]
# Names that loops and coefficients of polynomials have too.
COMMON = {"first", "p"}


# Of attributes with a default in the contract: a variable of that name that starts with a literal.
def typed_defaults():
    names = sorted(set(re.findall(r'AttributeFact::with\("(\w+)"', ATTRIBUTES.read_text())) - COMMON)
    typed = rf'\b(?:float|double|int64_t|int|bool|std::string)\s+(?:{"|".join(names)})\s*=\s*(?:-?\.?\d[\w.+-]*|"\w*")\s*;'
    fallback = r'\bstd::get<[\w:]+>\([^()]*\)\s*:\s*(?:-?\.?\d|")'
    return [(re.compile(pattern), NO_DEFAULT + "ask the registry (runtime/onnx/attribute_default.h)")
            for pattern in (typed, fallback)]


# Element types by the name of the operator's id, as the contract allows them.
def allowed_types():
    text = IDS.read_text()
    sets = {name: set(re.findall(r"TN_\w+", value)) for name, value in
            re.findall(r"constexpr uint64_t (kTypes\d+) = ([^;]*);", text)}
    return {name: sets[types] for name, types in
            re.findall(r'constexpr OperatorId (k\w+)\{[^{};]*\b(kTypes\d+)\b', text)}


# Rows of a device's table that list what the contract allows: {op::kRange, dtype_bit(..) | .., or a constant of such.
def listed_types(text, allowed):
    bits = r"(?:(?:device::|tenon::)?dtype_bit\(TN_\w+\)[\s|]*)+"
    constants = {name: set(re.findall(r"TN_\w+", value)) for name, value in
                 re.findall(rf"constexpr uint64_t (k\w+) =\s*({bits});", text)}
    for match in re.finditer(rf"\bop::(k\w+),\s*({bits}|k\w+)", text):
        types = constants.get(match[2], set(re.findall(r"TN_\w+", match[2])))
        if len(types) > 1 and types == allowed.get(match[1]):
            yield match.start(), f"{match[1]}: lists the contract's types; take op::{match[1]}.allowed"


def problems_of(name, text, patterns):
    found = [(match.start(), f"{' '.join(match[0].split())}: {what}")
             for pattern, what in patterns for match in pattern.finditer(text)]
    return [f"{name}:{text.count(chr(10), 0, start) + 1}: {what}" for start, what in sorted(found)]


def sources(folders, without=("tests", "generated")):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT)
            if path.suffix in (".cc", ".h", ".hpp", ".inc", ".c") and not set(without) & set(path.parts) and str(
                    name) not in MADE_UP | IN_C:
                yield name, path.read_text()


# What must be found and what must not: a check that finds nothing proves nothing.
BAD = [(VERSIONS, '{"", "Add", 14, add}'), (VERSIONS, 'OperatorCase{"tenon", name, 1, label, type}'),
       (VERSIONS, 'OperatorCase c{domain, name, 13, label}'), (VERSIONS, 'version_of("", "MatMul", 13)'),
       (VERSIONS, "desc.version = 14;"), (VERSIONS, 'KernelDesc desc{"", "MatMul", 13};'),
       (VERSIONS, 'kernel_of("Add", 14, 64)'), (ACCESSORS, 'd.real("alpha", 0.01)'),
       (typed_defaults(), "float epsilon = 1e-5f;"), (typed_defaults(), "int64_t axis = -1;"),
       (typed_defaults(), "value != nullptr ? std::get<int64_t>(*value) : 1")]
GOOD = [(VERSIONS, 'OperatorCase{"", "Add", label, type}'), (VERSIONS, "desc.version = id->version;"),
        (VERSIONS, 'version_of("", "MatMul")'), (ACCESSORS, 'd.real("alpha")'),
        (typed_defaults(), 'float epsilon = default_real("BatchNormalization", "epsilon");')]
LISTED = "constexpr uint64_t kMine = dtype_bit(TN_INT32) | dtype_bit(TN_BOOL);\n{op::kThis, kMine, f}"


def misjudged():
    wrong = [text for patterns, text in BAD if not problems_of("", text, patterns)]
    wrong += [text for patterns, text in GOOD if problems_of("", text, patterns)]
    if not list(listed_types(LISTED, {"kThis": {"TN_INT32", "TN_BOOL"}})):
        wrong.append(LISTED)
    if list(listed_types(LISTED, {"kThis": {"TN_INT32"}})) or len(allowed_types()) < 100:
        wrong.append("types of operator_ids.hpp")
    return [f"this check misjudges: {text}" for text in wrong]


def main():
    problems = misjudged()
    allowed = allowed_types()
    for name, text in sources(DEVICES):
        problems += problems_of(name, text, VERSIONS + ACCESSORS)
        problems += [f"{name}:{text.count(chr(10), 0, start) + 1}: {what}" for start, what in
                     listed_types(text, allowed)]
    for name, text in sources(TESTS, without=("generated",)):
        problems += problems_of(name, text, VERSIONS)
    for name, text in sources(JUDGE):
        problems += problems_of(name, text, VERSIONS)
    for name, text in sources(HOSTS):
        problems += problems_of(name, text, VERSIONS + typed_defaults())
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

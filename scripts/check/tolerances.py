#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nobody types a tolerance of an operator beside the contract.

The kinds stand in spec/tolerances.yaml, entries of spec/ops name one, and conformance/suite/compare.cc alone
grants it. So the suite's cases, its base tests and the C++ tests of devices and of the runtime hold no small number that could
be one, and know neither a Tolerance of their own nor the functions that compare floats loosely.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
JUDGED = ["conformance/cases/*.cc", "conformance/base/*.cc", "conformance/suite/*.cc", "conformance/suite/*.h",
          "reference_impl/cpu/tests/*", "reference_impl/runtime/tests/*", "reference_impl/layers/tests/*.cc",
          "plugins/*/tests/*.cc", "plugins/*/tests/*.h", "tests/vendor/*.cc", "adapters/*/csrc/**/*test*.cc"]
# Where the formula is, and what measures something else.
AT_HOME = {"conformance/suite/compare.cc", "conformance/suite/compare.h",
           # Mean and variance of random numbers: statistics, not results of an operator.
           "reference_impl/cpu/tests/kernels_random_test.cc"}
FORBIDDEN = [
    (re.compile(r"\b(?:EXPECT|ASSERT)_(?:NEAR|FLOAT_EQ|DOUBLE_EQ)\b"), "compares loosely; use difference()"),
    (re.compile(r"\bTolerance\s*\{|\bTolerance \w+\s*[{(]"), "makes a Tolerance; use tolerance_of()"),
    (re.compile(r"\bdifference\([^;]*,\s*(?:\{|[-+]?[.\d][-+.\w]*\))"), "types a tolerance; use tolerance_of()"),
    (re.compile(r"\bk?(?:tolerance|[ar]tol)\w*\s*=\s*[-+]?[\d.]", re.IGNORECASE), "types a tolerance; it belongs "
     "into spec/tolerances.yaml"),
]


def code(line: str) -> str:
    return line.split("//")[0]


def complaints(text: str) -> list[tuple[int, str]]:
    return [(number, what) for number, line in enumerate(text.splitlines(), 1)
            for pattern, what in FORBIDDEN if pattern.search(code(line))]


# What must be found and what must not: a check that finds nothing proves nothing.
BAD = ["EXPECT_NEAR(a, b, 1e-3);", "difference(actual, expected, 1e-6)", "difference(a, b, {4, 0, 0})",
       "constexpr double kTolerance = 1e-5;", "const Tolerance mine{1, 2, 0};", "double atol = 0.1;"]
GOOD = ["difference(actual, expected, tolerance_of(c.domain, c.name, type))", "difference(actual, expected)",
        "const Tolerance tolerance = tolerance_of(c.domain, c.name, expected.dtype, mode);",
        "constexpr double kEpsilon = 1e-5;"]


def main() -> int:
    wrong = [line for line in BAD if not complaints(line)] + [line for line in GOOD if complaints(line)]
    found = [f"this check misjudges: {line}" for line in wrong]
    for pattern in JUDGED:
        for path in sorted(ROOT.glob(pattern)):
            name = str(path.relative_to(ROOT))
            if name not in AT_HOME:
                found += [f"{name}:{number}: {what}" for number, what in complaints(path.read_text())]
    print("\n".join(found) or "tolerances: all of the contract")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule of spec/rules.yaml is named by a conformance test, and each test names a rule."""
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RULES = ROOT / "spec/rules.yaml"
# Cases become tests in case_test.cc; everything else is a TEST_F of base/.
SOURCES = sorted((ROOT / "conformance/base").glob("*.cc")) + [ROOT / "conformance/suite/case_test.cc"]


def main() -> int:
    rules = yaml.safe_load(RULES.read_text())
    problems = []
    ids = [rule["id"] for rule in rules]
    for rule in rules:
        if set(rule) != {"id", "section", "rule"} or not re.fullmatch(r"TN-[a-z]+-\d{3}", rule["id"]):
            problems.append(f"spec/rules.yaml: {rule}: wants id (TN-word-001), section, rule")
    problems += [f"spec/rules.yaml: {i} stands there twice" for i in set(ids) if ids.count(i) > 1]

    named = set()
    for source in SOURCES:
        text = source.read_text()
        for suite, test in re.findall(r"\bTEST_F?\((\w+),\s*(\w+)\)", text):
            match = re.match(r"TN_([a-z]+)_(\d{3})_", test)
            if not match:
                problems.append(f"{source.relative_to(ROOT)}: {suite}.{test} names no rule")
                continue
            named.add("TN-%s-%s" % match.groups())
        named |= {"TN-%s-%s" % m for m in re.findall(r'"TN_([a-z]+)_(\d{3})_', text)}
    problems += [f"spec/rules.yaml: {i} has no test" for i in ids if i not in named]
    problems += [f"a test names {i}, which spec/rules.yaml lacks" for i in sorted(named - set(ids))]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

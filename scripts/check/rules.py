#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule of spec/rules.yaml is named by a test of those who check it, and each test names a rule.

Devices are checked by the conformance suite; rules with `by: validation`, and whatever else the
validation layer reports, by that layer's tests; rules with `by: loader` by those of libtenon.
"""
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RULES = ROOT / "spec/rules.yaml"
# Cases become tests as variants.cc plans them, those of profiles are registered by type; everything else is a TEST_F of base/.
SOURCES = sorted((ROOT / "conformance/base").glob("*.cc"))
SOURCES += sorted((ROOT / "conformance/profiles").glob("*.cc"))
SOURCES.append(ROOT / "conformance/suite/variants.cc")

LAYER = ROOT / "reference_impl/layers/validation"
LAYER_TESTS = sorted((ROOT / "reference_impl/layers/tests").glob("validation*_test.cc"))
LOADER_TESTS = sorted((ROOT / "reference_impl/loader/tests").glob("*_test.cc"))


def named_tests(text):
    """A test may name several: TN_launch_012_015_..., TN_list_001_null_002_..."""
    found = set()
    for name in re.findall(r"\bTEST(?:_F)?\(\w+,\s*TN((?:_(?:[a-z]+_)?\d{3})+)_", text):
        subject = ""
        for word, number in re.findall(r"_(?:([a-z]+)_)?(\d{3})", name):
            subject = word or subject
            found.add(f"TN-{subject}-{number}")
    return found


def of_validation(rules, tested, reported):
    """What is wrong between the rules, the layer's tests and the rules that its source names."""
    known = {rule["id"] for rule in rules}
    own = {rule["id"] for rule in rules if rule.get("by") == "validation"}
    out = [f"spec/rules.yaml: {i} has no test of the validation layer" for i in sorted(own - tested)]
    out += [f"the validation layer reports {i}, but has no test of it"
            for i in sorted(reported - tested)]
    out += [f"the validation layer never reports {i}" for i in sorted((own | tested) - reported)]
    return out + [f"the validation layer names {i}, which spec/rules.yaml lacks"
                  for i in sorted((tested | reported) - known)]


def of_reason(rule):
    """A reason says more than its rule."""
    words = set(re.findall(r"[a-z]{4,}", rule["because"].lower()))
    shared = words & set(re.findall(r"[a-z]{4,}", rule["rule"].lower()))
    if len(words) < 4 or 2 * len(shared) > len(words):
        return [f"spec/rules.yaml: {rule['id']}: because repeats the rule, or says nothing: what would go wrong "
                "without it, and for whom?"]
    return [] if rule["because"].endswith(".") else [f"spec/rules.yaml: {rule['id']}: because is no sentence"]


def main() -> int:
    rules = yaml.safe_load(RULES.read_text())
    problems = []
    ids = [rule["id"] for rule in rules]
    for rule in rules:
        if set(rule) - {"by", "owes"} != {"id", "section", "rule", "because"} or (
                rule.get("by") not in (None, "validation", "loader")) or (
                rule.get("owes") not in (("host", "plugin", "libtenon") if "by" in rule else (None,))) or not re.fullmatch(r"TN-[a-z]+-\d{3}", rule["id"]):
            problems.append(f"spec/rules.yaml: {rule}: wants id (TN-word-001), section, "
                            "rule, because, and perhaps by: validation or by: loader, with owes: host, plugin or "
                            "libtenon")
            continue
        problems += of_reason(rule)
    problems += [f"spec/rules.yaml: {i} stands there twice" for i in set(ids) if ids.count(i) > 1]

    own = {rule["id"] for rule in rules if "by" in rule}
    tested = named_tests("".join(test.read_text() for test in LAYER_TESTS))
    of_loader = named_tests("".join(test.read_text() for test in LOADER_TESTS))
    problems += [f"spec/rules.yaml: {rule['id']} has no test of the loader" for rule in rules
                 if rule.get("by") == "loader" and rule["id"] not in of_loader]
    problems += [f"the loader's tests name {i}, which spec/rules.yaml lacks"
                 for i in sorted(of_loader - set(ids))]
    reported = set(re.findall(r'"(TN-[a-z]+-\d{3})"',
                              "".join(f.read_text() for f in sorted(LAYER.glob("*.[ch]*")))))
    problems += of_validation(rules, tested, reported)

    named = set()
    for source in SOURCES:
        text = source.read_text()
        for suite, test in re.findall(r"\bTEST_F?\((\w+),\s*(\w+)\)", text):
            match = re.match(r"TN_([a-z]+)_(\d{3})_", test)
            if not match:
                problems.append(f"{source.relative_to(ROOT)}: {suite}.{test} names no rule")
                continue
            named.add("TN-%s-%s" % match.groups())
        named |= {"TN-%s-%s" % m for m in re.findall(r'"TN_([a-z]+)_(\d{3})["_]', text)}
    problems += [f"spec/rules.yaml: {i} has no test" for i in ids
                 if i not in named and i not in own]
    problems += [f"a test names {i}, which spec/rules.yaml lacks" for i in sorted(named - set(ids))]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

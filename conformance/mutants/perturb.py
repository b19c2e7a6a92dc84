#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks of each claimed operator and type whether the suite notices a result that is a little wrong.

    perturb.py --suite PROGRAM --library LIBRARY [--wrapped PLUGIN] [--options memory=discrete]
               [--filter 'Operator/*'] [--sample N --seed S] [--out FILE]

The perturbation layer (perturb/perturb.cc) moves one element of each launch that meets a predicate by three of the
tolerances that the suite itself grants there, once in each test. It logs all facts of that launch; where the test
fails, each of these facts is one that is noticed of the operator and type. What an
operator may be asked follows from its contract (spec/ops), what a device may refuse from its own answers. What is
allowed and was not noticed is listed by name, and fails.
"""
import argparse
import collections
import datetime
import fnmatch
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "spec"))
from operators import contract, element_types  # noqa: E402

FLOATS = element_types.expand("float") + element_types.expand("float8")
# The first launch of each test; the first that its kernel has made before; the first, by so many units of the last
# place, whatever the suite grants.
RUNS = ["always", "second_launch", "units"]
UNITS = "32"
BAD = ("failed", "crashed", "hung")


class Pair:
    """An operator and element type that the device claims, with what was seen of it."""

    def __init__(self, suite, operators):
        self.suite = suite
        name, *_, self.dtype = suite.removeprefix("Operator/").split("/")
        self.operator = operators[name]
        self.noticed = set()
        self.unnoticed = collections.defaultdict(set)  # Fact: tests that passed though one was there.
        self.asked = collections.defaultdict(set)      # Fact of a description: statuses.
        self.given = set()                             # Inputs that were ever given.

    def note(self, run, facts, test, outcome):
        facts = {self.fact(fact) for fact in facts} - {None}
        self.given |= {fact for fact in facts if fact.startswith("given_")}
        if run == "units":
            facts = {"units"}
        if outcome in BAD:
            self.noticed |= facts
        else:
            for fact in facts:
                self.unnoticed[fact].add(test)

    def ask(self, status, facts):
        for fact in {self.fact(fact) for fact in facts} - {None}:
            self.asked[fact].add(status)

    def fact(self, fact):
        """An attribute's value is a fact where it is not the default."""
        match = re.match(r"attribute (\w+)=(.*)$", fact, re.DOTALL)
        if not match:
            return fact
        attribute = self.operator.attributes.get(match[1])
        default = "" if attribute is None or attribute.default is None else str(attribute.default)
        return None if same_value(match[2], default) else f"attribute {match[1]}"

    def refuses(self, fact):
        """Whether the device was asked for it and never agreed."""
        return bool(self.asked.get(fact)) and "0" not in self.asked[fact]

    def of_types(self, parameter):
        return [self.dtype] if parameter.kind == self.operator.column else self.operator.element_types(parameter.kind)


def suite_name(operator):
    """How operators appear in test names: "Add", "tenon_AdamW" (suite/declaration.h)."""
    return f"{operator.domain}_{operator.name}" if operator.domain else operator.name


def same_value(value, default):
    try:
        return [float(part) for part in value.split()] == [float(part) for part in
                                                           default.strip("[]").replace(",", " ").split()]
    except ValueError:
        return value == default.strip("'\"")


def allowed(pair, dynamic):
    """The predicates that the contract and the device allow of a pair."""
    operator, found = pair.operator, {"always", "second_launch", "second_thread", "units", "rank_3", "dim_4096",
                                      "tail_16", "tail_64"}
    inputs = [i for i in operator.inputs if i.name not in operator.host]
    on_device = [i for i in inputs if not i.variadic] + [i for i in inputs if i.variadic]
    if on_device:
        found |= {"offset", "strided_in", "negative_stride", "zero_stride"}
    found.add("strided_out")
    if dynamic:
        found.add("dynamic")
    for token in ("token_in", "token_out"):
        if f"offers_{token}" in pair.asked:
            found.add(token)
    for output, given in operator.replaces.items():
        if output == operator.outputs[0].name:
            found |= {f"alias_{position(operator, name)}" for name in given if name in [i.name for i in inputs]}
    found |= {f"constant_{i}" for i, parameter in enumerate(operator.inputs) if parameter in inputs}
    if operator.shape.rule == "broadcast" and len(inputs) > 1:
        found |= {f"broadcast_{position(operator, i.name)}" for i in inputs}
    if operator.elementwise or operator.shape.rule == "reduce":
        found.add("zero_d")
    outputs = pair.of_types(operator.outputs[0])
    if any(dtype in FLOATS for dtype in outputs):
        found |= {"relaxed", "deterministic"}
    if any(i.kind == operator.column for i in on_device):
        found |= special_numbers(pair.dtype)
    if operator.host:
        found.add("host_changed")
    found |= {f"attribute {name}" for name in operator.attributes
              if name not in operator.open and not has_one_value(operator, name)}
    found -= {"infinity"} & set(operator.open)
    if operator.shape.rule in ("gemm", "range"):
        found.discard("rank_3")  # Matrices and lists.
    return {predicate for predicate in found if not pair.refuses(predicate)}


def has_one_value(operator, attribute):
    bounds = operator.bounds.get(attribute)
    return bounds is not None and bounds.values is not None and len(bounds.values) == 1


def special_numbers(dtype):
    """What a type of floats has beside ordinary numbers."""
    if dtype not in FLOATS:
        return set()
    form = element_types.TABLE.named(dtype).form
    return {"nan", "subnormal", "large"} | ({"infinity"} if form.infinity else set()) | \
        ({"minus_zero"} if form.nan != form.sign else set())


def position(operator, name):
    return operator.input_names.index(name)


def run_suite(arguments, run, folder):
    """{test: outcome} and the lines of the log."""
    report, log = folder / f"{run}.json", folder / f"{run}.log"
    target = f"{arguments.library}?{arguments.options}" if arguments.options else arguments.library
    environment = {**os.environ, "TENON_PERTURB": "always" if run == "units" else run, "TENON_PERTURB_LOG": str(log)}
    if run == "units":
        environment["TENON_PERTURB_UNITS"] = UNITS
    if arguments.wrapped:
        environment["TENON_WRAPPED"] = arguments.wrapped
    command = [arguments.suite, target, "--report", report, "--filter", arguments.filter, "--jobs",
               str(arguments.jobs), *arguments.suite_options]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace")
    if not report.exists():
        sys.exit(f"{run}: the suite ended with {done.returncode} and wrote no report\n{done.stdout[-2000:]}")
    tests = {row["test"]: row["outcome"] for row in json.loads(report.read_text())["tests"]}
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return tests, lines


def sample_filter(arguments):
    """Of so many pairs, by chance."""
    target = f"{arguments.library}?{arguments.options}" if arguments.options else arguments.library
    environment = {**os.environ, "TENON_WRAPPED": arguments.wrapped} if arguments.wrapped else None
    listed = subprocess.run([arguments.suite, target, "--list", "--filter", arguments.filter, "--budget", "smoke"],
                            env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")
    suites = sorted({test.split(".TN_")[0] for test in listed if test.startswith("Operator/")})
    chosen = random.Random(arguments.seed).sample(suites, min(arguments.sample, len(suites)))
    return ":".join(f"{suite}.*" for suite in sorted(chosen))


def collect(arguments, operators):
    pairs, dynamic = {}, False
    with tempfile.TemporaryDirectory() as folder:
        for run in arguments.runs.split(","):
            tests, lines = run_suite(arguments, run, pathlib.Path(folder))
            for test in tests:
                suite = test.split(".TN_")[0]
                if suite.startswith("Operator/") and suite not in pairs:
                    pairs[suite] = Pair(suite, operators)
            for line in lines:
                kind, test, *words = line.split("\t")
                pair = pairs.get(test.split(".TN_")[0])
                if pair is None:
                    continue
                if kind == "asked":
                    pair.ask(words[0], words[1:])
                else:
                    pair.note(run, words, test, tests.get(test, "not run"))
            print(f"{run}: {len(tests)} tests, {sum(outcome in BAD for outcome in tests.values())} noticed",
                  file=sys.stderr)
    dynamic = any("0" in pair.asked.get("dynamic", ()) for pair in pairs.values())
    return pairs, dynamic


def summary(arguments, pairs, dynamic):
    rows = collections.defaultdict(lambda: [0, 0, []])
    runs = set(arguments.runs.split(","))
    for pair in pairs.values():
        for predicate in allowed(pair, dynamic):
            if predicate in RUNS and predicate not in runs:
                continue
            if not any(fnmatch.fnmatchcase(predicate, asked) for asked in arguments.predicates.split(",")):
                continue
            row = rows[predicate]
            row[0] += 1
            row[1] += predicate in pair.noticed
            if predicate not in pair.noticed:
                row[2].append(pair)
    return rows


def name_of(pair, predicate):
    missed = pair.unnoticed.get(predicate)
    return pair.suite.removeprefix("Operator/") + (f" (passed: {sorted(missed)[0].split('.')[-1]})" if missed else "")


def text_of(arguments, pairs, rows):
    allowed_count, noticed = sum(r[0] for r in rows.values()), sum(r[1] for r in rows.values())
    share = 100 * noticed / max(allowed_count, 1)
    of = f", a sample of seed {arguments.seed}" if arguments.sample else ""
    lines = [f"{datetime.date.today()}: {len(pairs)} pairs of operator and type{of}; perturbations noticed: {noticed} "
             f"of {allowed_count} ({share:.2f} %)", ""]
    for predicate, (most, seen, missing) in sorted(rows.items()):
        lines.append(f"{predicate:<28} {seen:5} of {most:5}")
    for predicate, (most, seen, missing) in sorted(rows.items()):
        if missing:
            lines += ["", f"{predicate}: survives in {len(missing)}"]
            lines += [f"  {name_of(pair, predicate)}" for pair in sorted(missing, key=lambda p: p.suite)]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--suite", required=True)
    parser.add_argument("--library", required=True, help="libtenon_perturb.so")
    parser.add_argument("--options", default="", help="of the device")
    parser.add_argument("--wrapped", help="library of the plugin that is perturbed; default: the reference device")
    parser.add_argument("--filter", default="Operator/*")
    parser.add_argument("--runs", default=",".join(RUNS), help="of " + ",".join(RUNS))
    parser.add_argument("--predicates", default="*", help="patterns, ',' between them: those that are counted")
    parser.add_argument("--sample", type=int, default=0, help="so many pairs by chance; default: all")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", help="write the result there, too")
    arguments, arguments.suite_options = parser.parse_known_args()
    operators = {suite_name(operator): operator for operator in contract.load().values()}
    if arguments.sample:
        arguments.filter = sample_filter(arguments)
    pairs, dynamic = collect(arguments, operators)
    rows = summary(arguments, pairs, dynamic)
    text = text_of(arguments, pairs, rows)
    print(text)
    if arguments.out:
        pathlib.Path(arguments.out).write_text(text)
    return 1 if any(row[2] for row in rows.values()) or not pairs else 0


if __name__ == "__main__":
    sys.exit(main())

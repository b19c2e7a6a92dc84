#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the conformance suite on each liar of liars.yaml, and fails unless the tests named there kill it.

    liars.py --suite PROGRAM --library LIBRARY [--device PLUGIN?OPTIONS] [--times N] [LIAR...]

Only the tests that are named are run. A liar is killed when each of them fails in every run, by its own name:
that the suite crashed or hung somewhere else proves nothing. First the same tests must pass with nobody lying.
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import yaml

KILLED = {"failed", "crashed", "hung"}  # Of the test itself: the suite goes on and says which it was.
TABLE = pathlib.Path(__file__).with_name("liars.yaml")
SOUND = "nobody"


def matches(pattern, name):
    """Whether a test is one of those that a row names: `TN_map_004` is the beginning of a name."""
    suite, _, own = name.partition(".")
    if pattern.startswith("TN_"):
        return own.startswith(pattern) and not suite.startswith("Operator/")
    return fnmatch.fnmatchcase(name, pattern)


class Runner:
    def __init__(self, arguments):
        self.suite = arguments.suite
        self.target = f"{arguments.library}?{arguments.options}" if arguments.options else arguments.library
        self.declaration = arguments.declaration
        self.environment = {"TENON_WRAPPED": arguments.wrapped} if arguments.wrapped else {}
        # Whole names, so that the suite need not make the operators' cases where none is asked for.
        self.names = self.run(SOUND, ["--list", "--filter", "*Test.*:Entry*:Plugin*"]).stdout.split("\n")

    def run(self, liar, options):
        environment = {**os.environ, **self.environment, "TENON_LIAR": "" if liar == SOUND else liar}
        return subprocess.run([self.suite, self.target, *options], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=300)

    def filter_of(self, patterns):
        named = [test for test in self.names if test and any(matches(p, test) for p in patterns)]
        # A device of other versions has tests of other names.
        return ":".join(named + [pattern for pattern in patterns if "/" in pattern and "*" in pattern])

    def tests(self, liar, patterns):
        """{test: outcome}, and what the suite printed."""
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.json"
            options = ["--report", report, "--timeout", "60", "--filter", self.filter_of(patterns)]
            if self.declaration:
                options += ["--declaration", self.declaration]
            try:
                done = self.run(liar, options)
            except subprocess.TimeoutExpired as late:
                return {}, f"the suite did not end: {late.stdout}"
            if not report.exists():
                return {}, done.stdout + f"\nthe suite ended with {done.returncode} and wrote no report"
            rows = json.loads(report.read_text())["tests"]
            return {row["test"]: row["outcome"] for row in rows}, done.stdout


def wrong(row, outcomes):
    """Which of a row's tests have not come out as they must."""
    wanted = row.get("outcome", "failed")
    found = []
    for pattern in row["tests"]:
        seen = [outcome for test, outcome in outcomes.items() if matches(pattern, test)]
        # Of a defect one test of a name is enough to tell; of what must pass every one counts.
        good = seen and (KILLED & set(seen) if wanted == "failed" else set(seen) == {wanted})
        if not good:
            counted = dict(collections.Counter(seen))
            found.append(f"{pattern} should be {wanted}: {counted or 'did not run'}")
    return found


def judge(runner, row, times):
    """What is wrong with a row in one of `times` runs, and the last output."""
    for _ in range(times):
        outcomes, text = runner.tests(row["name"], row["tests"])
        found = wrong(row, outcomes)
        if found:
            return found, text
    return [], ""


def read_table():
    rows = yaml.safe_load(TABLE.read_text())
    for row in rows:
        assert set(row) <= {"name", "lie", "truth", "tests", "outcome", "open"} and row["tests"], row
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names), "a liar stands in the table twice"
    return rows


def unlisted(library, rows):
    """Liars that the library has and the table lacks, or the other way round."""
    known = subprocess.run([sys.executable, "-c", "import ctypes, sys; l = ctypes.CDLL(sys.argv[1]); "
                            "l.tn_plugin_entry(None, None, None)", library],
                           env={**os.environ, "TENON_LIAR": "?"}, stdout=subprocess.PIPE, text=True)
    return sorted(set(known.stdout.split()) ^ {row["name"] for row in rows})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--suite", required=True)
    parser.add_argument("--library", required=True, help="libtenon_liars.so")
    parser.add_argument("--options", default="memory=discrete", help="of the device")
    parser.add_argument("--wrapped", help="library of the plugin that lies; default: the reference device")
    parser.add_argument("--declaration")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("names", nargs="*", metavar="LIAR")
    arguments = parser.parse_args()
    rows = read_table()
    strangers = unlisted(arguments.library, rows)
    if strangers:
        print("in liars.yaml or in the library alone:", *strangers, sep="\n  ")
        return 1
    if arguments.names:
        rows = [row for row in rows if row["name"] in arguments.names]
    runner = Runner(arguments)
    lies = [row for row in rows if row.get("outcome", "failed") == "failed"]
    sound = {"name": SOUND, "outcome": "passed",
             "tests": sorted({test for row in lies for test in row["tests"]})}
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        judged = pool.map(lambda row: judge(runner, row, 1 if row is sound else arguments.times), [sound] + rows)
        for row, (found, text) in zip([sound] + rows, judged):
            if found and "open" in row:
                print(f"{row['name']} survives, which is open: {row['open']}", *found, sep="\n  ")
            elif found:
                bad += 1
                print(f"{row['name']} survives:" if row in lies else f"{row['name']}:", *found, sep="\n  ")
                print("\n".join("    | " + line for line in text.splitlines()[-12:]))
    print(f"{len(rows)} devices, {arguments.times} run(s) each: {len(lies)} liars and "
          f"{len(rows) - len(lies)} that are entitled to what they do; {bad} come out otherwise than they must")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

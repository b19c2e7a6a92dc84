#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the conformance suite on a mutant and fails unless each named test does.

    kill.py --suite PROGRAM --mutant LIBRARY --declaration FILE TEST...

With `--outcome unsupported --all` the suite must pass, and every test of those names be unsupported.
With `--each-operator` one test at least must fail of every operator and element type that the device claims.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", required=True)
    parser.add_argument("--mutant", required=True)
    parser.add_argument("--declaration", required=True)
    parser.add_argument("killers", nargs="*", metavar="TEST", help="part of a test's name")
    parser.add_argument("--outcome", default="failed", choices=["failed", "unsupported"])
    parser.add_argument("--each-operator", action="store_true")
    parser.add_argument("--all", action="store_true", help="every test of a name, not just one")
    arguments = parser.parse_args()
    status = 1 if arguments.outcome == "failed" else 0

    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        done = subprocess.run(
            [arguments.suite, f"{arguments.mutant}?memory=discrete", "--declaration",
             arguments.declaration, "--report", report, "--timeout", "60"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        # 1 is "some tests failed": a crash or an unopened plugin would prove nothing.
        if done.returncode != status or not report.exists():
            print(done.stdout[-4000:])
            print(f"the suite ended with {done.returncode}, expected {status}")
            return 1
        tests = json.loads(report.read_text())["tests"]
    hit = [test["test"] for test in tests if test["outcome"] == arguments.outcome]
    print(f"{len(hit)} tests {arguments.outcome}:", *hit[:20], sep="\n  ")
    enough = all if arguments.all else any
    missing = [killer for killer in arguments.killers
               if not any(killer in test for test in hit) or
               not enough(test["outcome"] == arguments.outcome for test in tests
                          if killer in test["test"])]
    if arguments.each_operator:  # Operator/NAME/TYPE.TN_...
        claims = {test["test"].split(".TN_")[0] for test in tests if test["test"].startswith("Operator/")}
        missing += sorted(claims - {name.split(".TN_")[0] for name in hit})
    if missing:
        print(f"survived: {missing} should be {arguments.outcome}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

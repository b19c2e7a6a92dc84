#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the conformance suite on a mutant and fails unless each named test does.

    kill.py --suite PROGRAM --mutant LIBRARY --declaration FILE TEST...
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
    parser.add_argument("killers", nargs="+", metavar="TEST", help="part of a test's name")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        done = subprocess.run(
            [arguments.suite, f"{arguments.mutant}?memory=discrete", "--declaration",
             arguments.declaration, "--report", report, "--timeout", "60"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        # 1 is "some tests failed": a crash or an unopened plugin would prove nothing.
        if done.returncode != 1 or not report.exists():
            print(done.stdout[-4000:])
            print(f"the suite ended with {done.returncode}; a mutant must end with 1, failed tests")
            return 1
        failed = [test["test"] for test in json.loads(report.read_text())["tests"]
                  if test["outcome"] == "failed"]
    print(f"{len(failed)} tests failed:", *failed[:20], sep="\n  ")
    missing = [killer for killer in arguments.killers if not any(killer in test for test in failed)]
    if missing:
        print(f"survived: {missing} should have failed")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks the accelerator in each of the ways of faults.json and runs the tests that must notice.

    kill.py --suite PROGRAM --plugin LIBRARY [--runs 3] [--sample] [NAME...]

Each fault is noticed when one of its tests fails, in every run; the same tests pass on the sound device.
Prints the score; what survives is an error. `--sample`: every fourth fault.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
NO_DECLARATION = '{"unsupported": [], "waivers": []}'


def failed_tests(suite: str, spec: str, tests: list[str], folder: pathlib.Path) -> list[str]:
    """The names of those that failed. A suite that did not get to its report is an error."""
    declaration, report = folder / "declaration.json", folder / "report.json"
    declaration.write_text(NO_DECLARATION)
    report.unlink(missing_ok=True)
    done = subprocess.run([suite, spec, "--declaration", declaration, "--report", report, "--no-isolate", "--timeout", "60",
                           "--filter", ":".join(tests)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    if done.returncode not in (0, 1) or not report.exists():
        sys.exit(f"{spec}: the suite ended with {done.returncode}\n{done.stdout[-3000:]}")
    ran = json.loads(report.read_text())["tests"]
    if not any(test["outcome"] in ("passed", "failed") for test in ran):
        sys.exit(f"{spec}: no test of {tests} ran")
    return [test["test"] for test in ran if test["outcome"] == "failed"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--suite", required=True)
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("faults", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    faults = json.loads((FOLDER / "faults.json").read_text())
    names = arguments.faults or (list(faults)[::4] if arguments.sample else list(faults))
    survivors = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tests = sorted({test for fault in names for test in faults[fault]["killed by"]})
        wrong = failed_tests(arguments.suite, arguments.plugin, tests, folder)
        if wrong:
            sys.exit(f"the sound device fails {wrong}")
        for fault in names:
            killers = []
            for _ in range(arguments.runs):
                killers = failed_tests(arguments.suite, f"{arguments.plugin}?broken={fault}",
                                       faults[fault]["killed by"], folder)
                if not killers:
                    survivors.append(fault)
                    break
            print(f"{fault:42} {killers[0] if killers else 'SURVIVED'}", flush=True)
    print(f"{len(names) - len(survivors)} of {len(names)} faults noticed, {arguments.runs} of "
          f"{arguments.runs} times")
    if survivors:
        print("survived:", *[f"{fault}: {faults[fault]['what']}" for fault in survivors], sep="\n  ")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Runs the joint: every row on every device spec, each in a process of its own. See README.md.

    run.py [--declaration FILE] [--row ROW ...] [--no-broken] [SPEC ...]
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build"
REFERENCE = ROOT / "reference_impl" / "cpu" / "declaration.json"
SPECS = ["cpu", "cpu?memory=discrete", "cpu?memory=mapped", "onednn", "opencl"]
ROWS = ["conformance", "onnx", "pytorch", "tensorflow"]
SCRIPTS = {"onnx": "onnx_models.py", "pytorch": "pytorch_train.py", "tensorflow": "tensorflow_train.py"}
# Builds of the reference device in which these operators answer zeros. Every row must notice.
BROKEN = {
    "matmul answers zeros": BUILD / "lib" / "broken" / "libtenon_cpu_zero_matmul.so",
    "convolution answers zeros": BUILD / "lib" / "broken" / "libtenon_cpu_zero_conv.so",
}
TIMEOUT = 900


def declaration_of(spec: str, given: str | None) -> pathlib.Path | None:
    """The declaration that belongs to a spec: the one given, else the one committed for the plugin."""
    if given:
        return pathlib.Path(given)
    name = spec.split("?")[0].split(":")[0]
    if "/" in name and "cpu" not in pathlib.Path(name).name:
        return None
    if name == "cpu" or "/" in name:
        return REFERENCE
    committed = ROOT / "plugins" / name / "declaration.json"
    return committed if committed.exists() else None


def run_row(row: str, spec: str, declaration: pathlib.Path | None) -> tuple[int, float, str]:
    """Exit status, seconds and output of one row."""
    declared = json.loads(declaration.read_text()) if declaration else {}
    fallback = [entry["operator"] for entry in declared.get("fallback", [])]
    environment = dict(
        os.environ,
        TENON_DEVICES=spec,
        TENON_FALLBACK="allow" if fallback else "error",
        TENON_JOINT_FALLBACK=json.dumps(fallback),
    )
    if row == "conformance":
        # A sample: the whole suite is the unit tests' (the reference device) and the full run's.
        command = [str(BUILD / "bin" / "tenon"), "conform", spec, "--budget", "smoke",
                   "--filter", "*Test.*:Entry*:Struct*:Plugin*:Operator/*/float32.*"]
        if declaration:
            command += ["--declaration", str(declaration)]
    else:
        command = [sys.executable, str(HERE / SCRIPTS[row])]
    start = time.monotonic()
    try:
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=TIMEOUT, cwd=HERE,
        )  # fmt: skip
        status, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        status, output = -1, f"{error.stdout or ''}\n  no end after {TIMEOUT} s"
    return status, time.monotonic() - start, output


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("specs", nargs="*", metavar="SPEC", help=f"device specs (default: {SPECS})")
    parser.add_argument("--declaration", help="declaration of the plugin, for all specs")
    parser.add_argument("--row", action="append", choices=ROWS, help="only these rows")
    parser.add_argument("--no-broken", action="store_true", help="leave the broken builds out")
    parser.add_argument("--verbose", action="store_true", help="print the whole output of every row")
    arguments = parser.parse_args()
    rows = arguments.row or ROWS

    runs = [(spec, spec, row, False) for spec in arguments.specs or SPECS for row in rows]
    if not arguments.no_broken:
        missing = [str(path) for path in BROKEN.values() if not path.exists()]
        if missing:
            print(f"broken builds are missing; build the target tenon_broken: {missing}")
            return 1
        runs += [(name, str(path), row, True) for name, path in BROKEN.items() for row in rows]

    table = []
    for name, spec, row, must_fail in runs:
        print(f"\n== {row} on {name}", flush=True)
        status, seconds, output = run_row(row, spec, declaration_of(spec, arguments.declaration))
        # A broken build must fail by its wrong results, not because the row could not run at all.
        judged = status == 1 and any(line.startswith(("  WRONG", "failed ")) for line in output.splitlines())
        good = judged if must_fail else status == 0
        lines = output.splitlines()
        shown = lines if arguments.verbose or not good else [l for l in lines if l.startswith("  ")]
        if must_fail and good:
            shown = [l for l in lines if l.startswith(("  WRONG", "failed "))][:6]
        print("\n".join(shown[-200:]))
        verdict = ("red, as it must be" if good else f"NOT RED (exit {status})") if must_fail else (
            "pass" if good else f"FAIL (exit {status})"
        )  # fmt: skip
        table.append((name, row, verdict, good, seconds))

    print(f"\n{'device':28} {'row':12} {'seconds':>8}  result")
    for name, row, verdict, _, seconds in table:
        print(f"{name:28} {row:12} {seconds:8.1f}  {verdict}")
    good = sum(entry[3] for entry in table)
    print(f"{good} passed, {len(table) - good} failed")
    return 0 if good == len(table) else 1


if __name__ == "__main__":
    sys.exit(main())

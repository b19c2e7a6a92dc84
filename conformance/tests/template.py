#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds a copy of the template with nothing but tenon.h at hand, and runs the base profile on it.

With --mutants, builds one broken copy for each mutant instead, and fails unless the suite kills
each by the test that is named for it.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile


def build(source: pathlib.Path, folder: pathlib.Path, compiler: str, flags: str) -> pathlib.Path:
    """Copies the template into `folder`, builds it there and returns the manifest's path."""
    shutil.copytree(source / "plugins/template", folder / "plugin")
    (folder / "include/tenon").mkdir(parents=True)
    shutil.copy(source / "include/tenon/tenon.h", folder / "include/tenon")
    for command in (
        ["cmake", "-S", folder / "plugin", "-B", folder / "build", f"-DCMAKE_C_COMPILER={compiler}",
         f"-DCMAKE_C_FLAGS={flags}", f"-DTENON_INCLUDE_DIR={folder / 'include'}"],
        ["cmake", "--build", folder / "build"],
    ):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}")
    return folder / "build/plugin/template.tenon.json"


def conform(suite: str, manifest: pathlib.Path, declaration: pathlib.Path, report: pathlib.Path):
    done = subprocess.run([suite, manifest, "--declaration", declaration, "--report", report,
                           "--timeout", "60"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    return done.returncode, done.stdout


def run_mutant(arguments, name: str, killers: list) -> str:
    """Empty when the mutant is killed by one of its tests, else what happened."""
    with tempfile.TemporaryDirectory() as folder_name:
        folder = pathlib.Path(folder_name)
        manifest = build(arguments.source, folder, arguments.compiler, f"-DMUTANT_{name}")
        report = folder / "report.json"
        code, output = conform(arguments.suite, manifest,
                               arguments.source / "plugins/template/declaration.json", report)
        if code == 0:
            return "survived"
        if not report.exists():
            return f"ended with {code} and no report:\n{output[-2000:]}"
        failed = {test["test"] for test in json.loads(report.read_text())["tests"]
                  if test["outcome"] == "failed"}
        missing = [killer for killer in killers if not any(killer in test for test in failed)]
        print(f"{name}: {len(failed)} tests failed")
        return f"not killed by {missing}, but by {sorted(failed)}" if missing else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--suite", required=True)
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--mutants", type=pathlib.Path, help="JSON: mutant -> tests that kill it")
    arguments = parser.parse_args()

    if arguments.mutants:
        problems = 0
        for name, killers in json.loads(arguments.mutants.read_text()).items():
            problem = run_mutant(arguments, name, killers)
            if problem:
                problems += 1
                print(f"{name}: {problem}")
        return 1 if problems else 0

    with tempfile.TemporaryDirectory() as folder_name:
        folder = pathlib.Path(folder_name)
        manifest = build(arguments.source, folder, arguments.compiler, "-Werror")
        code, output = conform(arguments.suite, manifest,
                               arguments.source / "plugins/template/declaration.json",
                               folder / "report.json")
        print(output)
        return code


if __name__ == "__main__":
    sys.exit(main())

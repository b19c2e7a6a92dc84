#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`tenon new-plugin` as a vendor uses it: names that it refuses, what it makes, and that what it makes
builds without a warning and passes conformance, also with the validation layer between.

    new_plugin.py --tenon PROGRAM --compiler CC --cmake PROGRAM
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

# The C sources of the template, together.
MOST_LINES = 500
REFUSED = {
    "": "it is empty",
    "Acme": "does not begin with a lower-case letter",
    "9acme": "does not begin with a lower-case letter",
    "acme_npu": "it has a '_' in it",
    "acme/npu": "it has a '/' in it",
    "acme..npu": "no letter or digit follows its '.'",
    "acme-": "no letter or digit follows its '-'",
    "a" * 41: "it has 41 characters",
    "cpu": "Tenon's own",
}


def run(*command, cwd: pathlib.Path, expect: int = 0) -> str:
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != expect:
        sys.exit(f"{command} ended with {done.returncode}, not {expect}:\n{done.stdout}")
    return done.stdout


def check(good: bool, what: str) -> None:
    if not good:
        sys.exit(what)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenon", required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--cmake", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for wrong, reason in REFUSED.items():
            said = run(arguments.tenon, "new-plugin", "--", wrong, cwd=folder, expect=1)
            check(reason in said, f"'{wrong}' was refused with: {said}")
        check(not any(folder.iterdir()), "a refused name left files behind")

        run(arguments.tenon, "new-plugin", "acme.npu-2", cwd=folder)
        said = run(arguments.tenon, "new-plugin", "acme.npu-2", cwd=folder, expect=1)
        check("is there already" in said, f"an existing folder was refused with: {said}")
        plugin = folder / "acme.npu-2"
        files = [path for path in plugin.rglob("*") if path.is_file()]
        check((plugin / "acme.npu-2.tenon.json").exists(), f"no manifest among {files}")
        check(any(path.suffix == ".yml" for path in files), f"no CI file among {files}")
        for path in files:
            check("template" not in path.read_text().lower(), f"{path} still speaks of the template")
        lines = sum(len(path.read_text().splitlines()) for path in files if path.suffix in (".c", ".h"))
        check(lines < MOST_LINES, f"the C sources have {lines} lines, of fewer than {MOST_LINES}")

        build = plugin / "build"
        run(arguments.cmake, "-S", plugin, "-B", build, f"-DTENON_COMMAND={arguments.tenon}",
            f"-DCMAKE_C_COMPILER={arguments.compiler}", "-DCMAKE_C_FLAGS=-Werror", cwd=folder)
        run(arguments.cmake, "--build", build, cwd=folder)
        print(run("ctest", "--test-dir", build, "--output-on-failure", "--verbose", cwd=folder))
        check((build / "report.json").exists(), "ctest left no report")
        # The suite keeps the rules of hosts on a device whose streams do each thing at once, too.
        run(arguments.tenon, "conform", build / "plugin" / "acme.npu-2.tenon.json", "--declaration",
            plugin / "declaration.json", "--layer", "validation", cwd=folder)


if __name__ == "__main__":
    main()

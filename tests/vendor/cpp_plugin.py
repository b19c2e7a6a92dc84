#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two plugins in C++ on the installed device core, made, built, judged and loaded together.

    cpp_plugin.py BUILD FOLDER [--cmake CMAKE]

Installs the core of the build into FOLDER/prefix, makes two plugins with `tenon new-plugin --lang c++`, builds
them against that prefix alone, and checks that each exports its entry and nothing else, that it passes the
suite, that the template has less than 300 lines, and that both work in one process.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

MOST_LINES = 300


def run(*command, **options) -> str:
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options)  # fmt: skip
    if done.returncode != 0:
        sys.exit(f"{' '.join(str(part) for part in command)}:\n{done.stdout}")
    return done.stdout


def install(cmake: str, build: pathlib.Path, prefix: pathlib.Path) -> None:
    run(cmake, "--install", build, "--component", "tenon_device", "--prefix", prefix)
    # With the headers of the ABI, which go with the component `tenon`.
    shutil.copytree(build / "include" / "tenon", prefix / "include" / "tenon", dirs_exist_ok=True)


def make(cmake: str, build: pathlib.Path, prefix: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The plugin's manifest."""
    command = build / "bin" / "tenon"
    run(command, "new-plugin", folder.name, "--lang", "c++", "--folder", folder)
    lines = sum(len(file.read_text().splitlines()) for file in folder.rglob("*") if file.is_file())
    if lines >= MOST_LINES:
        sys.exit(f"the template has {lines} lines, of less than {MOST_LINES}")
    run(cmake, "-S", folder, "-B", folder / "build", f"-DTENON_COMMAND={command}",
        f"-Dtenon_DIR={prefix / 'lib' / 'cmake' / 'tenon'}")  # fmt: skip
    run(cmake, "--build", folder / "build")
    return folder / "build" / "plugin" / f"{folder.name}.tenon.json"


def check_symbols(library: pathlib.Path) -> None:
    shown = [line.split()[-1] for line in run("nm", "-D", "--defined-only", library).splitlines()]
    if shown != ["tn_plugin_entry"]:
        sys.exit(f"{library} shows {shown}, not tn_plugin_entry alone")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--cmake", default="cmake")
    arguments = parser.parse_args()
    build, folder = arguments.build.resolve(), arguments.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    install(arguments.cmake, build, folder / "prefix")
    manifests = [make(arguments.cmake, build, folder / "prefix", folder / name) for name in ("acme", "zeta.npu")]
    for manifest in manifests:
        check_symbols(next(manifest.parent.glob("lib*.so")))
        report = run(build / "bin" / "tenon_conformance", manifest, "--declaration",
                     manifest.parents[2] / "declaration.json", "--brief")
        print(report.splitlines()[-1])
    run(build / "bin" / "two_plugins", *manifests, env=os.environ | {"TENON_LAYERS": ""})
    run(build / "bin" / "two_plugins", *manifests, env=os.environ | {"TENON_LAYERS": "validation"})


if __name__ == "__main__":
    main()

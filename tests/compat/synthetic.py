#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hosts, loaders, layers and plugins of ABI 1.0 and 1.1 with each other, two of them in one process, and a
plugin of 2.0.

    tests/compat/synthetic.py FOLDER LIBTENON --cmake CMAKE --cc CC --cxx CXX [--jobs N]

What is promised from 1.0 on: every host runs with every libtenon and every plugin of its major
version, with and without the validation layer. What one side does not know is absent (NULL from
tn_get_function), answered TN_UNIMPLEMENTED (a function of a newer table), refused with
TN_UNSUPPORTED (a field that was set), or left as it was (a field that was not filled).
"""
import argparse
import itertools
import os
import pathlib
import re
import subprocess
import sys

import versions

HERE = pathlib.Path(__file__).resolve().parent
MINOR = ["1.0", "1.1"]
# Of Add, in version 1.0.
TYPES = {"plain": 1, "template": 2}
INVALID, UNSUPPORTED, UNIMPLEMENTED, MISMATCH = "0x200", "0x300", "0x301", "0x302"


def compile_c(cc, tree, version, source, output, *options):
    later = ["-DCOMPAT_LATER"] if versions.VERSIONS[version][2] else []
    subprocess.run([cc, "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", tree / "include", *later, *options,
                    HERE / source, "-o", output, "-ldl"], check=True)


def expected(host, library, plugin, layers, name):
    """The lines that the host prints."""
    lines = [f"libtenon {library}", "open 0x0", f"plugin {name} {plugin}"]
    plain = name == "plain"
    lines.append(f"type {4 if plain and plugin == '1.1' else 3}")
    newer = plain and plugin == "1.1"
    for operator in ["14", "99"] if newer else ["14"]:
        lines.append(f"row Add {operator}, {TYPES[name] + newer} types")
        if host == "1.1":
            lines.append(f"row.later {13 if operator == '99' else 0}")
    lines.append("Add 14 0x0")
    lines.append(f"Add 99 {'0x0' if newer else UNSUPPORTED}")
    # An older validation layer cannot vouch for what it does not know, so it refuses it.
    known = plugin == "1.1" and not (layers and library == "1.0")
    if host == "1.1":
        lines.append(f"Add 14 of a later type {'0x0' if plain and known else UNSUPPORTED}")
        lines.append(f"info.later {12 if plain and plugin == '1.1' else 0}")
        if library == "1.0":
            lines.append("device_later absent")
        else:
            lines.append(f"device_later {'0x0' if plain and plugin == '1.1' else UNIMPLEMENTED}")
        lines.append(f"desc.later {'0x0' if known else UNSUPPORTED}")
    return lines + ["done"]


def link_host(cc, include, libtenon, output):
    """A program that names libtenon when it is linked, as most hosts do."""
    host = sorted((HERE / "recorded").glob("*/host.c"))[-1]
    subprocess.run([cc, "-std=c11", "-I", include, host, "-o", output, libtenon, "-ldl"], check=True)
    return output


def run(*command, libraries=None):
    environment = os.environ | ({"LD_LIBRARY_PATH": str(libraries)} if libraries else {})
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    return done.returncode, done.stdout.splitlines(), done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("libtenon", type=pathlib.Path, help="this tree's")
    parser.add_argument("--cmake", default="cmake")
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--cxx", default="c++")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()

    trees = {version: arguments.folder / version for version in versions.VERSIONS}
    for version, tree in trees.items():
        versions.make(version, tree)
        compile_c(arguments.cc, tree, version, "plugin.c", tree / "libplain.so", "-shared", "-fPIC",
                  "-fvisibility=hidden")
    for version in MINOR:
        versions.build(trees[version], arguments.cmake, arguments.cc, arguments.cxx, arguments.jobs)
        for program in ("host", "two"):
            compile_c(arguments.cc, trees[version], version, f"{program}.c", trees[version] / program)

    def plugins(version):
        yield "plain", trees[version] / "libplain.so"
        yield "template", trees[version] / "build/plugins/template/plugin/libtenon_template.so"

    wrong = pairs = 0

    def judge(what, found, wanted):
        nonlocal wrong, pairs
        pairs += 1
        # What an older validation layer does not know is no fault of the plugin.
        if found[:2] != (0, wanted) or "report it to its vendor" in found[2]:
            wrong += 1
            print(f"{what}: exit {found[0]}\n  wanted {wanted}\n  found  {found[1]}\n{found[2]}")

    for host, library, plugin, layers in itertools.product(MINOR, MINOR, MINOR, ["", "validation"]):
        for name, path in plugins(plugin):
            found = run(trees[host] / "host", trees[library] / "build/lib/libtenon.so", path, layers)
            judge(f"host {host}, libtenon {library}, {name} {plugin}, layers '{layers}'", found,
                  expected(host, library, plugin, layers, name))
    # A table that is known to be laid out alike is looked into, another one is not.
    for first, second in itertools.product(MINOR, MINOR):
        tree = trees[first]
        found = run(tree / "two", tree / "build/lib/libtenon.so", trees[second] / "build/lib/libtenon.so",
                    trees[second] / "libplain.so")
        other = UNSUPPORTED if first == second else INVALID
        judge(f"libtenon {first} beside {second}", found,
              ["apart 1", "first info 0x0", f"first extension {other}",
               "second info 0x0", f"second extension {other}",
               "still first info 0x0", f"still first extension {UNSUPPORTED}"])
    for library in MINOR:
        found = run(trees[library] / "host", trees[library] / "build/lib/libtenon.so",
                    trees["2.0"] / "libplain.so", "")
        judge(f"libtenon {library} with a plugin of 2.0", found, [f"libtenon {library}", f"open {MISMATCH}"])
    # Programs that were linked with one start with another of its major version, and with no other.
    linked = {version: (trees[version] / "include", trees[version] / "build/lib/libtenon.so") for version in MINOR}
    linked["today"] = (versions.ROOT / "include", arguments.libtenon)
    programs = {version: link_host(arguments.cc, *what, arguments.folder / f"linked-{version}")
                for version, what in linked.items()}
    for host, library in itertools.product(linked, linked):
        pairs += 1
        plugin = trees["1.0"] / "libplain.so"
        code, _, log = run(programs[host], plugin, "", libraries=linked[library][1].parent)
        alike = (host == "today") == (library == "today")
        if (code == 0) != alike or (not alike and not re.search("version `TENON_[0-9.]+' not found", log)):
            wrong += 1
            print(f"host linked with libtenon {host}, started with {library}: exit {code}\n{log}")
    print(f"{pairs - wrong} of {pairs} combinations as promised")
    return 1 if wrong or not pairs else 0


if __name__ == "__main__":
    sys.exit(main())

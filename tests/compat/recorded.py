#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recorded plugins, templates and hosts of earlier versions with those of this tree, all pairs, both ways.

    tests/compat/recorded.py FOLDER LIBTENON [--cc CC]

What is promised before 1.0 (docs/spec, chapter 2): a libtenon opens what was built with its own header and refuses
all else with TN_VERSION_MISMATCH and words that say so; a host that shares nothing with it is refused as well; and
since 0.2 an entry takes every host of its major version.
"""
import argparse
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RECORDED = HERE / "recorded"
MISMATCH = "0x302"
# A plugin has no kernels, the template has an operator.
USED = {"plain": ["devices 1, of type 3", "kernel 0x301"],
        "template": ["devices 1, of type 3", "kernel 0x0", "sums 2 4 6 8"]}


class Version:
    """Its host and its two plugins, built of its own header."""

    def __init__(self, name, sources, include, template, folder, cc):
        self.name = name
        self.folder = folder / name
        self.folder.mkdir(parents=True)
        header = (include / "tenon/tenon.h").read_text()
        number = {what: re.search(rf"^#define TN_ABI_{what} (.*)$", header, re.M).group(1)
                  for what in ("MAJOR", "MINOR", "HASH")}
        self.abi, self.hash = f"{number['MAJOR']}.{number['MINOR']}", number["HASH"]
        self.plugins = {"plain": self.folder / "libplain.so", "template": self.folder / "libtemplate.so"}
        self.host = self.folder / "host"
        self.compile = [cc, "-std=c11", "-O0", "-Wall", "-Wextra", "-Werror", "-I", include]
        shared = ["-shared", "-fPIC", "-fvisibility=hidden"]
        self.run_compiler(*shared, sources / "plugin.c", "-o", self.plugins["plain"])
        self.run_compiler(*shared, template / "device.c", template / "operators.c", "-o", self.plugins["template"])
        self.sources = sources

    def run_compiler(self, *arguments):
        subprocess.run([*self.compile, *arguments], check=True)

    def link_host(self, libtenon):
        self.run_compiler(self.sources / "host.c", "-o", self.host, libtenon, "-ldl")

    def link_host_of_then(self):
        """With a libtenon whose symbols have no version, as they had none then."""
        stub = self.folder / "libtenon.so"
        names = ["tn_loader_create", "tn_loader_open", "tn_loader_destroy"]
        source = self.folder / "stub.c"
        source.write_text("".join(f"void {name}(void);\nvoid {name}(void) {{}}\n" for name in names))
        self.run_compiler("-shared", "-fPIC", "-Wl,-soname,libtenon.so", source, "-o", stub)
        self.link_host(stub)
        stub.unlink()


def run(folder, *command):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TENON_")}
    done = subprocess.run(command, env={**environment, "LD_LIBRARY_PATH": str(folder)}, capture_output=True, text=True,
                          timeout=60)
    lines = done.stdout.splitlines()
    because = " ".join(line for line in lines if line.startswith("because "))
    return done.returncode, [line for line in lines if not line.startswith("because ")], because, done.stderr


def with_libtenon(today, host, plugin, kind):
    """What the host prints, and what is said where something is refused; None where nothing is promised."""
    if host.abi != today.abi:
        return [f"loader {MISMATCH}", "done"], r"this host was built with another tenon\.h"
    if host.hash != today.hash:
        return None, None
    if plugin.hash != today.hash:
        return (["loader 0x0", f"open {MISMATCH}", "done"],
                rf"{re.escape(str(plugin.plugins[kind]))}: .*built with another tenon\.h")
    return ["loader 0x0", "open 0x0", *USED[kind], "done"], ""


def without_libtenon(host, plugin, kind):
    if host.hash == plugin.hash:
        return ["entry 0x0", f"plugin {kind} {plugin.abi}", *USED[kind], "done"]
    # The helper of 0.1 compared fingerprints, which only a loader should.
    if kind == "template" and plugin.name == "0.1.0":
        return [f"entry {MISMATCH}", "done"]
    return ["entry 0x0", f"plugin {kind} {plugin.abi}", "of another tenon.h", "done"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("libtenon", type=pathlib.Path)
    parser.add_argument("--cc", default="cc")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.folder, ignore_errors=True)

    names = sorted((f.name for f in RECORDED.iterdir() if f.is_dir()), key=lambda name: [int(n) for n in name.split(".")])
    versions = [Version(name, RECORDED / name, RECORDED / name / "include", RECORDED / name / "template",
                        arguments.folder, arguments.cc) for name in names]
    for version in versions:
        version.link_host_of_then()
    # The last host that was recorded, and today's everything else.
    today = Version("today", RECORDED / names[-1], ROOT / "include", ROOT / "plugins/template", arguments.folder,
                    arguments.cc)
    today.link_host(arguments.libtenon)
    versions.append(today)

    wrong = pairs = 0
    for host, plugin, kind in itertools.product(versions, versions, USED):
        runs = [([host.host, plugin.plugins[kind], layers], *with_libtenon(today, host, plugin, kind))
                for layers in ("", "validation")]
        runs.append(([host.host, "--without", plugin.plugins[kind]], without_libtenon(host, plugin, kind), ""))
        for command, lines, reason in runs:
            if lines is None:
                print(f"not judged: host {host.name}: ABI {host.abi} has changed since; record it again")
                continue
            pairs += 1
            code, found, because, log = run(arguments.libtenon.parent, *command)
            if code != 0 or found != lines or not re.search(reason, because + log):
                wrong += 1
                print(f"host {host.name}, {kind} {plugin.name}, {command[1:]}: exit {code}\n  wanted {lines}, {reason}\n"
                      f"  found  {found} {because}\n{log}")
    print(f"{pairs - wrong} of {pairs} pairs of {', '.join(version.name for version in versions)} as promised")
    return 1 if wrong or not pairs else 0


if __name__ == "__main__":
    sys.exit(main())

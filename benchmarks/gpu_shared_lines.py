# SPDX-License-Identifier: Apache-2.0
"""How much of the GPU plugins' device code is written once.

    build/venv/bin/python benchmarks/gpu_shared_lines.py [--least 0.9]

Counts lines with code (no blank ones, no comments) in plugins/gpu_common/kernels and in the dialects that the
plugins put in front of them (dialect.h, with the C++ around it), and prints shared / all. With --least, a smaller share is exit code 1.
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = ROOT / "plugins/gpu_common/kernels"
SUFFIXES = {".cl", ".h"}


def code_lines(path: pathlib.Path) -> int:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    lines = (re.sub(r"//.*", "", line).strip() for line in text.splitlines())
    return sum(1 for line in lines if line)


def dialect(plugin: str) -> list[pathlib.Path]:
    """Device code of a plugin alone: the text in dialect.h."""
    folder = ROOT / "plugins" / plugin
    if not folder.is_dir():
        return []
    path = folder / "dialect.h"
    if not path.is_file():
        sys.exit(f"{path.relative_to(ROOT)} is not there: put the plugin's own device code into it")
    return [path]


def report(name: str, files: list[pathlib.Path]) -> int:
    total = 0
    for path in sorted(files):
        count = code_lines(path)
        total += count
        print(f"  {count:6}  {path.relative_to(ROOT)}")
    print(f"  {total:6}  {name}")
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--least", type=float, default=0.0, help="exit code 1 below this share")
    least = parser.parse_args().least
    shared = report("shared", [path for path in SHARED.iterdir() if path.suffix in SUFFIXES])
    own = sum(report(f"of {plugin} alone", dialect(plugin)) for plugin in ("opencl", "cuda"))
    share = shared / (shared + own)
    print(f"shared / all = {shared} / {shared + own} = {share:.3f}")
    return 0 if share >= least else 1


if __name__ == "__main__":
    sys.exit(main())

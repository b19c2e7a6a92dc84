#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lint: the header's fingerprint is fresh, and each of its structs has layout assertions."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LAYOUT = ROOT / "reference_impl/loader/tests/layout.c"


def main() -> int:
    stale = subprocess.call([sys.executable, ROOT / "scripts/abi_hash.py", "--check"])
    header = (ROOT / "include/tenon/tenon.h").read_text()
    structs = re.findall(r"struct (tn_\w+) \{", header)
    layout = LAYOUT.read_text()
    missing = [name for name in structs if f"SIZE({name}," not in layout]
    for name in missing:
        print(f"{LAYOUT.relative_to(ROOT)}: no assertions for {name}", file=sys.stderr)
    return 1 if stale or missing else 0


if __name__ == "__main__":
    sys.exit(main())

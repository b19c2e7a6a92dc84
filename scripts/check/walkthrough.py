#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/walkthrough.md is true to the tree: each file that it names exists, and so does each name behind it.

`path` `name`, `name`: the names must occur in that file. A name `Class::function` occurs so, or as a class and a
function apart (a definition inside of the class).
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = "docs/walkthrough.md"
# A path, and the names that follow it with nothing but commas between.
STEP = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.\w+)`((?:,?\s+`[\w:]+`)*)")


def problems(page: str, root: pathlib.Path) -> list[str]:
    found, steps = [], STEP.findall(page)
    for path, names in steps:
        file = root / path
        if not file.is_file():
            found.append(f"there is no file {path}")
            continue
        text = file.read_text(encoding="utf-8")
        for name in re.findall(r"`([\w:]+)`", names):
            parts = [name] if name in text else name.split("::")
            if not all(re.search(rf"\b{re.escape(part)}\b", text) for part in parts):
                found.append(f"{path} has no {name}")
    if len(steps) < 30:
        found.append(f"only {len(steps)} files are named: the page or this check is wrong")
    return found


def main() -> int:
    found = problems((ROOT / PAGE).read_text(encoding="utf-8"), ROOT)
    for problem in found:
        print(f"{PAGE}: {problem}: follow the code as it is now, and rewrite the step")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

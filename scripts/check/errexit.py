#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No script loses a failure because bash ignores `set -e`.

Within a condition (if, while, !, ||, &&) bash ignores -e, also in the functions that it calls: such a
function goes on after a command of it has failed and answers for its last one. So a function of several
commands is no condition, unless its line says `# May be a condition.` because it looks after each of them;
call it by itself, or through tenon_strictly. And `local x=$(...)` succeeds whatever the command does:
declare first.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUNCTION = re.compile(r"^(\w+)\(\) ([{(])(.*)$")
MASKED = re.compile(r'\b(?:local|export|readonly|declare)\s+(?:-\w+\s+)*\w+="?\$\((?!\()')


def scripts() -> list[pathlib.Path]:
    found = [path for path in ROOT.glob("scripts/**/*") if path.is_file() and path.suffix in ("", ".sh")]
    return sorted(path for path in found if path.suffix == ".sh" or b"bash" in path.read_bytes()[:40])


def code(line: str) -> str:
    """A line without its comment."""
    return re.sub(r"(^|\s)#.*$", "", line)


def long_functions(texts: dict[pathlib.Path, list[str]]) -> set[str]:
    """Functions of more than one line, which may fail in the middle."""
    found = set()
    for lines in texts.values():
        for line in lines:
            match = FUNCTION.match(line)
            if match and not code(match[3]).rstrip().endswith(("}", ")")) and "# May be a condition." not in line:
                found.add(match[1])
    return found


def problems(name: str, lines: list[str], functions: set[str]) -> list[str]:
    wrong = []
    called = "|".join(sorted(functions))
    condition = re.compile(rf"(?:\b(?:if|elif|while|until)\s+(?:!\s+)?|!\s+|(?:&&|\|\|)\s+!\s+)({called})\b")
    joined = re.compile(rf"(?:^|[;{{(&|]\s*)\s*({called})\b[^;|&]*(?:\|\||&&)")
    for number, line in enumerate(lines, 1):
        text = code(line)
        # A command goes on in the next line behind a backslash or an operator.
        at = number
        while text.rstrip().endswith("\\") and at < len(lines):
            text = text.rstrip()[:-1] + code(lines[at])
            at += 1
        match = condition.search(text) or joined.search(text)
        if match:
            wrong.append(f"{name}:{number}: {match[1]} is called in a condition: {line.strip()}")
        if MASKED.search(text):
            wrong.append(f"{name}:{number}: the status of the command is lost: {line.strip()}")
    return wrong


def main() -> int:
    texts = {path: path.read_text().splitlines() for path in scripts()}
    functions = long_functions(texts)
    if not functions:
        print("no function was found: this check no longer sees them")
        return 1
    wrong = [text for path, lines in texts.items() for text in problems(str(path.relative_to(ROOT)), lines, functions)]
    for text in wrong:
        print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

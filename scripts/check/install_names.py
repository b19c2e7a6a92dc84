#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No page, script or CI file tells anybody to install our wheels from a package registry.

The registry's package `tenon` belongs to other people, and ours are not published: a command that names one
of them says --no-index and --find-links, and calls it tenon-ml, tenon-ml-torch or tenon-ml-tensorflow.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
OURS = {"tenon-ml", "tenon-ml-torch", "tenon-ml-tensorflow"}
# What looks like ours in any spelling: tenon, torch_tenon, tenon-anything.
LIKE_OURS = re.compile(r"(?:[a-z]+[-_.])?tenon(?:[-_.][a-z]+)*", re.IGNORECASE)
INSTALL = re.compile(r"(?:pip3?|pipx|uv|conda)(?:\s+(?:--?[\w-]+(?:[ =]\S+)?|pip))*\s+(?:install|download|add)\b")
END = re.compile(r"[\n`#;|)\]]|&&|\. |, ")


def commands(text: str) -> list[tuple[int, str]]:
    """Line and text of each command that installs something, also when it is a list in Python."""
    text = re.sub(r"\\\n", " ", text)
    # ["pip", "install", "x"] reads as pip install x.
    flat = re.sub(r"""["']\s*,\s*["']""", " ", text)
    found = []
    for match in INSTALL.finditer(flat):
        rest = flat[match.end() :]
        end = END.search(rest)
        found.append((flat.count("\n", 0, match.start()) + 1, match.group() + (rest[: end.start()] if end else rest)))
    return found


def problem(command: str) -> str | None:
    words = [re.split(r"[=<>!~\[]", word.strip("\"'"))[0] for word in command.split()]
    named = [word for word in words if LIKE_OURS.fullmatch(word)]
    # What follows these options is no name of a package.
    named = [word for word in named if words[words.index(word) - 1] not in ("--find-links", "-f", "-C", "-r")]
    for word in named:
        if word.replace("_", "-") not in OURS:
            return f"`{word}` is not ours: say {', '.join(sorted(OURS))}"
        if "--no-index" not in words or not ({"--find-links", "-f"} & set(words)):
            return f"`{word}` is not published: say --no-index --find-links FOLDER"
    return None


def main() -> int:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    bad = seen = 0
    for name in listed:
        path = ROOT / name
        if path == pathlib.Path(__file__).resolve() or not path.is_file():
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for line, command in commands(text):
            seen += 1
            wrong = problem(command)
            if wrong:
                bad += 1
                print(f"{name}:{line}: {command.strip()}\n    {wrong}")
    if seen == 0:
        print("no command that installs anything was found: this check no longer sees them")
        return 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

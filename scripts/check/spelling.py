#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Common misspellings in every text of the repository, by codespell. Words that are meant as they are written stand in
accepted_words.txt.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = pathlib.Path(__file__).with_name("accepted_words.txt")
CODESPELL = [sys.executable, "-m", "codespell_lib", "--ignore-words", str(WORDS)]


def texts():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split("\0")
    skipped = {"", str(WORDS.relative_to(ROOT)), "spec/onnx.lock"}  # The last has ONNX's words, not ours.
    return [name for name in listed if name not in skipped and (ROOT / name).is_file()
            and b"\0" not in (ROOT / name).read_bytes()[:1024]]


def codespell(*arguments, text=None):
    return subprocess.run([*CODESPELL, *arguments], cwd=ROOT, input=text, capture_output=True, text=True)


def main():
    wrong = "the"[::2] + "h"
    tried = codespell("-", text=f"{wrong} end\n")
    if f"{wrong} ==> the" not in tried.stdout:
        print(f"codespell does not find a misspelling: {tried.stderr.strip() or tried.stdout}; "
              "./scripts/stages/setup installs it", file=sys.stderr)
        return 1
    names = texts()
    found = codespell(*names)
    print(found.stdout, found.stderr, end="", sep="")
    if found.returncode:
        print(f"correct these, or add a word that is meant to {WORDS.relative_to(ROOT)}", file=sys.stderr)
    everything = "\n".join((ROOT / name).read_text(errors="replace") for name in names).lower()
    idle = [word for word in WORDS.read_text().split() if not re.search(rf"\b{re.escape(word)}\b", everything)]
    if idle:
        print(f"{WORDS.relative_to(ROOT)}: nobody writes {', '.join(idle)}; take it out", file=sys.stderr)
    return 1 if found.returncode or idle else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records a version of Tenon for the museum: header, helper and template, with the host and the plugin of the last
version recorded, which are edited by hand where it needs other calls.

    tests/compat/record.py VERSION [COMMIT]        (without a commit: of the working tree)
"""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORDED = ROOT / "tests/compat/recorded"


def files_of(commit):
    """Path in the tree -> content, of what a plugin in C includes and of the template."""
    listed = subprocess.run(["git", "ls-tree", "-r", "--name-only", commit] if commit else ["git", "ls-files"],
                            cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    for path in listed:
        if path.startswith(("include/tenon/", "plugins/template/")) and path.endswith((".c", ".h")):
            yield path, (subprocess.run(["git", "show", f"{commit}:{path}"], cwd=ROOT, check=True,
                                        capture_output=True).stdout if commit else (ROOT / path).read_bytes())


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    version, commit = sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else None
    folder = RECORDED / version
    others = [f for f in RECORDED.iterdir() if f.is_dir() and f != folder]
    last = max(others, key=lambda f: [int(n) for n in f.name.split(".")])
    # What was edited by hand for this version stays when it is recorded again.
    mine = {name: ((folder if (folder / name).exists() else last) / name).read_bytes() for name in ("host.c", "plugin.c")}
    shutil.rmtree(folder, ignore_errors=True)
    written = 0
    for path, content in files_of(commit):
        target = folder / path.replace("plugins/template", "template")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        written += 1
    for name, content in mine.items():
        (folder / name).write_bytes(content)
    print(f"{written} files in {folder}; say in {RECORDED / 'README.md'} where they are from")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every link of every Markdown page leads to a file of this repository, and to an anchor that is there.

Links to the web are not followed. The pages in docs/spec and docs/reference are installed by themselves, so they
lead nowhere else.
"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "spec"))
from chapters import markdown  # noqa: E402

WEB = ("http://", "https://", "mailto:")
INSTALLED = ("docs/spec", "docs/reference")


def files():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split("\0")
    return {name for name in listed if name and (ROOT / name).exists()}


def folders(names):
    return {str(parent) for name in names for parent in pathlib.PurePosixPath(name).parents}


def target_of(page, link):
    """The path within the repository; None: outside of it."""
    path = (ROOT / page).parent / link if link else ROOT / page
    path = pathlib.Path(*path.parts[:1], *_resolved(path.parts[1:]))
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else None


def _resolved(parts):
    out = []
    for part in parts:
        if part == "..":
            out.pop()
        elif part != ".":
            out.append(part)
    return out


def problem(page, link, known, places, anchors_of):
    path, _, anchor = link.partition("#")
    target = target_of(page, path)
    if target is None or (target not in known and target not in places):
        return "no such file in the repository"
    if page.startswith(INSTALLED) and not target.startswith(INSTALLED):
        return f"leads out of {' and '.join(INSTALLED)}, which are installed without the rest"
    if anchor and target.endswith(".md") and anchor not in anchors_of(target):
        return f"no heading or anchor {anchor} in {target}"
    return ""


def main():
    known = files()
    places = folders(known)
    read = {}

    def anchors_of(name):
        if name not in read:
            read[name] = markdown.anchors((ROOT / name).read_text())
        return read[name]

    found, count = [], 0
    for page in sorted(name for name in known if name.endswith(".md")):
        for line, link in markdown.links((ROOT / page).read_text()):
            if link.startswith(WEB):
                continue
            count += 1
            wrong = problem(page, link, known, places, anchors_of)
            if wrong:
                found.append(f"{page}:{line}: {link}: {wrong}")
    if count < 300:
        found.append(f"only {count} links were found: this check reads pages wrongly")
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

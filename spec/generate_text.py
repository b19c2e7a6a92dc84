#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the generated parts of the standard's text, docs/spec: lists of rules with their reasons (rules.yaml),
tables (abi.yaml, profiles.yaml, steps.yaml, tolerances.yaml), links to rules, contents, and the page of questions
(questions.yaml). The rest of the chapters is written by hand, around them.

    spec/generate_text.py           # write all
    spec/generate_text.py --check   # exit 1 when a committed file differs
"""
import argparse
import pathlib
import re
import sys

import yaml

from chapters import markdown, questions, rule_lists, tables
from generator import model

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs/spec"
QUESTIONS = "questions.md"
CONTENTS = re.compile(r"(<!-- contents -->\n).*?(<!-- end -->)", re.S)


def load_rules():
    return yaml.safe_load((ROOT / "spec/rules.yaml").read_text())


def committed():
    """{name: text} of the chapters, without the page of questions."""
    return {path.name: path.read_text() for path in sorted(FOLDER.glob("*.md")) if path.name != QUESTIONS}


def contents(pages, count):
    """`count`: rules by page."""
    out = []
    for name, text in pages.items():
        title = markdown.headings(text)[0][2] if name != "README.md" else ""
        if title:
            rules = f" ({count[name]} rules)" if count.get(name) else ""
            out.append(f"- [{title}]({name}){rules}\n")
    return "".join(out)


def generated():
    rules = load_rules()
    registry = model.read((ROOT / "spec/abi.yaml").read_text())
    pages = committed()
    places = rule_lists.places(pages, rules)
    count = {name: sum(names.count(name) for names in places.values()) for name in pages}
    for name, text in pages.items():
        text = tables.expand(rule_lists.expand(text, rules), registry)
        text = CONTENTS.sub(lambda m: m[1] + "\n" + contents(pages, count) + "\n" + m[2], text)
        pages[name] = rule_lists.link(text, name, places)
    pages[QUESTIONS] = questions.page(questions.load(), pages)
    return pages


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    changed = {FOLDER / name: text for name, text in generated().items()
               if not (FOLDER / name).exists() or (FOLDER / name).read_text() != text}
    if arguments.check and changed:
        print(f"stale: {', '.join(str(p.relative_to(ROOT)) for p in changed)}; "
              "run spec/generate_text.py and commit the result")
        return 1
    for path, text in changed.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

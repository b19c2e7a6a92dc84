# SPDX-License-Identifier: Apache-2.0
"""docs/spec/questions.md: what a reader asks, and the section that answers it (spec/questions.yaml)."""
import pathlib
import re

import yaml

from . import markdown

PATH = pathlib.Path(__file__).resolve().parent.parent / "questions.yaml"
INTRO = """\
# Questions, and where they are answered

What a host, a vendor or a framework author asks of a standard: who owns it, which thread, what fails, how long it
lives, and what a device of static shapes must do. Each link leads to the section that answers; CI fails where a
section is gone, or no longer speaks of what was asked.
"""


def load():
    return yaml.safe_load(PATH.read_text())


def page(raw, pages):
    out = [INTRO]
    number = 0
    for group in raw:
        out += [f"## {group['about']}", "", "| | Question | Answer |", "|---|---|---|"]
        for q in group["questions"]:
            number += 1
            target, _, anchor = q["answer"].partition("#")
            title = next((t for _, _, t, a in markdown.headings(pages.get(target, "")) if a == anchor), anchor)
            out.append(f"| {number} | {q['question']} | [{title}]({q['answer']}) |")
        out.append("")
    return "\n".join(out)


def problems(raw, pages):
    """Sections that are not there, and those that lack a word of the answer."""
    out = []
    for q in (q for group in raw for q in group["questions"]):
        target, _, anchor = q["answer"].partition("#")
        text = markdown.section(pages.get(target, ""), anchor)
        if text is None:
            out.append(f"spec/questions.yaml: {q['question']} {q['answer']}: there is no such section")
            continue
        plain = re.sub(r"\s+", " ", re.sub(r"[`*]|\]\([^)]*\)|\[", "", text)).lower()
        missing = [word for word in q["words"] if word.lower() not in plain]
        if missing:
            out.append(f"spec/questions.yaml: {q['question']} {q['answer']} says nothing of {', '.join(missing)}")
        if len(q["words"]) < 2:
            out.append(f"spec/questions.yaml: {q['question']} wants two words or more of its answer")
    return out

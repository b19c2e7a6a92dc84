#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The standard's text, docs/spec, has each rule once, with a test behind it, no MUST without a rule, and answers
spec/questions.yaml. (What of it is generated is compared by generated.py.)
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts/check"), str(ROOT / "spec")]
import generate_text  # noqa: E402
import traceability  # noqa: E402
from chapters import markdown, questions, rule_lists  # noqa: E402

NO_TEST = "(no test)"


def of_rules(pages, rules):
    """Rules that are not in the text, or are there twice; lists that list nothing; IDs of no rule."""
    out = []
    for name, found in rule_lists.places(pages, rules).items():
        if len(found) != 1:
            out.append(f"{name} stands in {len(found)} lists of docs/spec ({', '.join(found) or 'none'}): write "
                       "<!-- rules: ... --> where it belongs, once")
    known = {rule["id"] for rule in rules}
    for page, text in pages.items():
        for match in rule_lists.MARK.finditer(text):
            out += [f"docs/spec/{page}: {pattern} chooses no rule" for pattern in match[2].split()
                    if not rule_lists.chosen(pattern, rules)]
        out += [f"docs/spec/{page}: there is no rule {name}" for name in
                sorted(set(rule_lists.ID.findall(text)) - known)]
    return out


def sentences(text):
    """Of the prose alone, without what is generated."""
    text = re.sub(r"<!-- (rules|table|links)\b.*?<!-- end -->", "", markdown.without_code(text), flags=re.S)
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*[-*|] )", text):
        yield from re.split(r"(?<=[.?!])\s+(?=[A-Z`*\[])", " ".join(paragraph.split()))


def of_obligations(page, text):
    """(problems, how many sentences say that no test can tell)."""
    bound = [s for s in sentences(text) if re.search(r"\bMUST\b", s)]
    untested = [s for s in bound if NO_TEST in s]
    return [f'docs/spec/{page}: "{s}": a MUST names its rule (TN-...), or ends with {NO_TEST}' for s in bound
            if s not in untested and not rule_lists.ID.search(s)], len(untested)


def main():
    rules, pages = generate_text.load_rules(), generate_text.committed()
    found = of_rules(pages, rules)
    untold = len(found)
    untested = [problem for problem in traceability.trace()[1] if ": no test" in problem]
    found += untested
    admitted = 0
    for page, text in pages.items():
        if page != "README.md":  # It defines the words.
            problems, count = of_obligations(page, text)
            found, admitted = found + problems, admitted + count
    asked = questions.load()
    found += questions.problems(asked, pages)
    for problem in found:
        print(problem, file=sys.stderr)
    print(f"{len(rules)} rules, {untold + len(untested)} without a sentence in the text or a test; "
          f"{admitted} sentences with MUST that no test can tell; "
          f"{sum(len(group['questions']) for group in asked)} questions")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

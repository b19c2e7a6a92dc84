# SPDX-License-Identifier: Apache-2.0
"""The rules of spec/rules.yaml in the chapters of docs/spec: lists between two marks, and links to them.

    <!-- rules: TN-map-* TN-buffer-001 -->
    ...what is written here is generated...
    <!-- end -->
"""
import fnmatch
import re

ID = re.compile(r"TN-[a-z]+-\d{3}")
MARK = re.compile(r"(<!-- rules: ([^>]+?) -->\n).*?(<!-- end -->)", re.S)
LINKED = re.compile(r"\[(TN-[a-z]+-\d{3})\](?:\([^)]*\))?")
DEFINITIONS = re.compile(r"\n*<!-- links -->\n.*?<!-- end -->\n?", re.S)
NAME = re.compile(r"\b(?:tn_\w+(?:\.\w+)?|TN_[A-Z0-9_]+)")


def item(rule):
    name = rule["id"]
    owes = f" *({rule['owes']})*" if "owes" in rule else ""
    sentence = NAME.sub(lambda m: f"`{m[0]}`", rule["rule"]) + owes
    because = NAME.sub(lambda m: f"`{m[0]}`", rule["because"])
    return f'- <a id="{name.lower()}"></a>**{name}** {sentence}\n  *Why:* {because}\n'


def chosen(patterns, rules):
    """In the order of the patterns, then in that of the file."""
    return [rule for pattern in patterns.split() for rule in rules if fnmatch.fnmatchcase(rule["id"], pattern)]


def expand(text, rules):
    return MARK.sub(lambda m: m[1] + "\n" + "".join(map(item, chosen(m[2], rules))) + "\n" + m[3], text)


def places(pages, rules):
    """{ID: names of the pages with its list}, a name for each time."""
    out = {rule["id"]: [] for rule in rules}
    for name, text in pages.items():
        for match in MARK.finditer(text):
            for rule in chosen(match[2], rules):
                out[rule["id"]].append(name)
    return out


def link(text, page, places_of):
    """IDs in prose lead to their rules, by definitions at the page's end. Code and the lists stay as they are."""
    text = DEFINITIONS.sub("", text).rstrip() + "\n"
    parts = re.split(r"(<!-- rules: .*?<!-- end -->|```.*?```|`[^`]*`)", text, flags=re.S)
    prose = [ID.sub(lambda m: f"[{m[0]}]" if places_of.get(m[0]) else m[0], LINKED.sub(r"\1", part))
             for part in parts[::2]]
    named = sorted({name for part in prose for name in ID.findall(part) if places_of.get(name)})
    parts[::2] = prose
    lines = [f"[{n}]: {'' if places_of[n][0] == page else places_of[n][0]}#{n.lower()}\n" for n in named]
    return "".join(parts) + ("\n<!-- links -->\n" + "".join(lines) + "<!-- end -->\n" if lines else "")

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""links.py, text.py and the reasons of rules.py catch what they are there to catch: each test breaks something."""
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts/check"), str(ROOT / "spec")]
import links  # noqa: E402
import rules  # noqa: E402
import text  # noqa: E402
from chapters import markdown, questions, rule_lists  # noqa: E402

PAGE = """\
# A page, of `code`

See [one](#one) and [two](other.md#two "title").

## One

- <a id="an-item"></a>**An item**
  goes on
- another

```
[no link](nowhere.md)
## no heading
```

## One

`[neither](nowhere.md)`

[name]: third.md
"""


class Markdown(unittest.TestCase):
    def test_anchors(self):
        self.assertEqual(markdown.anchors(PAGE), {"a-page-of-code", "one", "one-1", "an-item"})

    def test_links(self):
        self.assertEqual(markdown.links(PAGE), [(3, "#one"), (3, "other.md#two"), (20, "third.md")])

    def test_sections(self):
        self.assertNotIn("neither", markdown.section(PAGE, "one"))
        self.assertIn("neither", markdown.section(PAGE, "a-page-of-code"))
        self.assertEqual(markdown.section(PAGE, "an-item").split("\n")[1:], ["  goes on"])
        self.assertIsNone(markdown.section(PAGE, "two"))


class Links(unittest.TestCase):
    def problem(self, page, link):
        return links.problem(page, link, {"README.md", "docs/spec/a.md", "src/x.cc"}, {".", "docs", "docs/spec", "src"},
                             lambda name: {"here"})

    def test_right_ones(self):
        for page, link in (("README.md", "docs/spec/a.md#here"), ("docs/spec/a.md", "#here"), ("README.md", "docs/"),
                           ("README.md", "src/x.cc")):
            self.assertEqual(self.problem(page, link), "")

    def test_wrong_ones(self):
        self.assertIn("no such file", self.problem("README.md", "docs/b.md"))
        self.assertIn("no such file", self.problem("docs/spec/a.md", "../../../README.md"))
        self.assertIn("no heading", self.problem("README.md", "docs/spec/a.md#there"))
        self.assertIn("installed without the rest", self.problem("docs/spec/a.md", "../../src/x.cc"))


class Text(unittest.TestCase):
    RULES = [{"id": "TN-map-001", "rule": "map maps.", "because": "Hosts print."},
             {"id": "TN-map-002", "rule": "unmap unmaps.", "because": "Hosts end."}]

    def of_rules(self, page):
        return "\n".join(text.of_rules({"a.md": page}, self.RULES))

    def test_lists(self):
        both = "<!-- rules: TN-map-* -->\n<!-- end -->\n"
        self.assertEqual(self.of_rules(both), "")
        self.assertIn("TN-map-002 stands in 0 lists", self.of_rules(both.replace("*", "001")))
        self.assertIn("TN-map-001 stands in 2 lists", self.of_rules(both + both))
        self.assertIn("TN-mop-* chooses no rule", self.of_rules(both + both.replace("map", "mop")))
        self.assertIn("there is no rule TN-map-003", self.of_rules(both + "TN-map-003"))

    def test_written(self):
        page = rule_lists.expand("<!-- rules: TN-map-001 -->\nold\n<!-- end -->\n", self.RULES)
        self.assertIn("**TN-map-001** map maps.\n  *Why:* Hosts print.", page)
        self.assertNotIn("old", page)
        linked = rule_lists.link("As TN-map-001 says, `TN-map-001`.", "b.md", {"TN-map-001": ["a.md"]})
        self.assertIn("As [TN-map-001] says, `TN-map-001`.", linked)
        self.assertIn("[TN-map-001]: a.md#tn-map-001", linked)
        self.assertEqual(rule_lists.link(linked, "b.md", {"TN-map-001": ["a.md"]}), linked)

    def test_obligations(self):
        found, admitted = text.of_obligations("a.md", "It MUST. It MUST ([TN-map-001]). It MUST (no test). It must.")
        self.assertEqual((len(found), admitted), (1, 1))

    def test_questions(self):
        ask = [{"about": "x", "questions": [{"question": "Q?", "answer": "a.md#one", "words": ["an item", "another"]}]}]
        self.assertEqual(questions.problems(ask, {"a.md": PAGE}), [])
        self.assertIn("says nothing of another", questions.problems(ask, {"a.md": PAGE.replace("another", "")})[0])
        self.assertIn("no such section", questions.problems(ask, {"a.md": PAGE.replace("## One", "## Two")})[0])

    def test_reasons(self):
        def of(because):
            return rules.of_reason({"id": "TN-x-001", "rule": "Unmapping twice is refused with an error.",
                                    "because": because})
        self.assertEqual(of("The address may belong to somebody else by then."), [])
        self.assertTrue(of("Unmapping twice must be refused with some error."))
        self.assertTrue(of("Safety."))


if __name__ == "__main__":
    unittest.main(verbosity=0)

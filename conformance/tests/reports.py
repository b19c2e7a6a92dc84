#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The reports of a whole run as their readers have them: JSON by its schema, JUnit's XML, the page in a browser,
differences, a submission and what is refused of one, and a program in C that does what a failing test did.

    reports.py --report FILE --tenon PROGRAM --plugin LIBRARY --mutant LIBRARY --compiler CC --include FOLDER
               --lib FOLDER

`--report` is a whole report of `--plugin`; `--mutant` the library of liars (mutants/liar.cc). Without a browser
(requirements/apt-browser.txt) the page is read, but not opened, and the test says so.
"""
import argparse
import html.parser
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = json.loads((HERE.parent / "report/schema.json").read_text())
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
WIDTHS = (1280, 380)
SAMPLE = 60
# The page's title becomes how wide it is, how wide the window is, and what reaches beyond it.
MEASURE = """
const beyond = [...document.querySelectorAll('body *')].filter(
    e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll'));
document.title = [document.documentElement.scrollWidth, innerWidth,
    beyond.slice(-3).map(e => e.tagName + '.' + e.className + ': ' + e.textContent.slice(0, 60)).join(' | ')].join('/');
"""
LIAR = {"TENON_LIAR": "wrong_tail"}  # Which of the mutant's lies is told.


def run(*command, expect=0):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, **LIAR})
    if done.returncode != expect:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}, not {expect}:\n{done.stdout}")
    return done.stdout


def check(good, what):
    if not good:
        sys.exit(what)


# ---- JSON and XML ----

def check_json(report, brief):
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.validate(brief)
    # The tests of a whole report are many, and alike: one of each group.
    validator.validate({**report, "tests": list({t["group"]: t for t in report["tests"]}.values())})
    check(brief["claims"] == report["claims"] and brief["counts"] == report["counts"], "the summary says other things")
    check(not [t for t in brief["tests"] if t["outcome"] == "passed"], "the summary has tests that passed")
    for wrong in ({"suite": "two"}, {"whole": 1}, {"unknown": 0}):
        try:
            validator.validate({**brief, **wrong})
        except jsonschema.ValidationError:
            continue
        sys.exit(f"the schema allows {wrong}")


def check_junit(text, report):
    root = xml.etree.ElementTree.fromstring(text)
    cases = root.findall("./testsuite/testcase")
    check(len(cases) == len(report["tests"]) == int(root.get("tests")), f"{len(cases)} cases in JUnit's XML")
    bad = [c for c in cases if c.find("failure") is not None or c.find("error") is not None]
    check(len(bad) == sum(report["counts"][k] for k in ("failed", "crashed", "hung", "not_run")),
          f"{len(bad)} failures in JUnit's XML")


# ---- The page ----

class Page(html.parser.HTMLParser):
    """Whether tags match, and what the page would fetch."""
    VOID = {"meta", "link", "input", "br", "rect"}

    def __init__(self, text):
        super().__init__()
        self.open, self.fetched, self.problems, self.cells = [], [], [], 0
        self.feed(text)
        self.problems += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        self.cells += tag == "td"
        self.fetched += [value for key, value in attributes if key in ("src", "href") and not value.startswith("data:")]

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")


def check_page(text, report):
    page = Page(text)
    check(not page.problems, f"the page: {page.problems[:5]}")
    check(not page.fetched and "url(" not in text and "<script" not in text, f"the page fetches {page.fetched}")
    check(page.cells >= len({c["operator"] for c in report["claims"]}), "the page lacks its table")
    for profile in report["profiles"]:
        check(f">{profile['name']} <" in text, f"the page lacks the profile {profile['name']}")


def browser():
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def open_page(program, page, width, dark, shot):
    """What the browser says on its console, and the title that MEASURE gives the page."""
    measure = f"<script>{MEASURE}</script>"
    copy = shot.with_suffix(".html")
    copy.write_text(page.read_text().replace("</body>", measure + "</body>"))
    common = [program, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},1600", "--hide-scrollbars",
              "--enable-logging=stderr", *(["--blink-settings=preferredColorScheme=0"] if dark else [])]
    done = subprocess.run([*common, "--dump-dom", copy.as_uri()], capture_output=True, text=True, timeout=120)
    subprocess.run([*common, f"--screenshot={shot}", page.as_uri()], capture_output=True, timeout=120)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    title = done.stdout.partition("<title>")[2].partition("</title>")[0]
    return console, title


def check_in_browser(page, folder):
    program = browser()
    if program is None:
        print(f"not run: no browser ({', '.join(BROWSERS)}), so the page was not opened")
        return
    for width in WIDTHS:
        for dark in (False, True):
            shot = folder / f"{page.stem}-{width}-{'dark' if dark else 'light'}.png"
            console, title = open_page(program, page, width, dark, shot)
            check(not console, f"the browser complains: {console}")
            wide, room, beyond = (title.split("/", 2) + ["", ""])[:3]
            check(wide.isdigit() and int(wide) <= int(room), f"the page is {wide} wide in a window of {room}: {beyond}")
            check(shot.stat().st_size > 10000, f"no picture in {shot}")


# ---- Differences and submissions ----

def check_differences(tenon, path, report, folder):
    check("nothing changed" in run(tenon, "report", "diff", path, path), "a report differs from itself")
    worse = json.loads(json.dumps(report))
    test = next(t for t in worse["tests"] if t["outcome"] == "passed" and t["test"].startswith("MapTest."))
    test["outcome"] = "failed"
    removed = worse["subject"]["operators"].pop()
    other = folder / "worse.json"
    other.write_text(json.dumps(worse))
    said = run(tenon, "report", "diff", path, other, expect=1)
    check(test["test"] in said and "new failures: 1" in said, f"a new failure is not told: {said}")
    check("the table shrank" in said and removed["name"] in said, f"a row that went is not told: {said}")
    check("profile base: not earned" in run(tenon, "report", "show", other), "a verdict was believed")


def check_submission(tenon, path, plugin, mutant, folder):
    package = folder / "acme.submission.json"
    run(tenon, "report", "pack", path, "-o", package)
    arguments = ("--plugin", plugin, "--sample", SAMPLE, "--seed", 7)
    said = run(tenon, "report", "verify", package, *arguments)
    check("verified" in said and f"running {SAMPLE} of" in said, f"not verified: {said}")

    said = run(tenon, "report", "verify", package, "--plugin", mutant, expect=1)
    check("another binary" in said, f"another binary was taken: {said}")

    content = json.loads(package.read_text())
    content["report"]["tests"][0]["outcome"] = "failed"
    edited = folder / "edited.json"
    edited.write_text(json.dumps(content))
    said = run(tenon, "report", "verify", edited, *arguments, expect=1)
    check("edited" in said, f"an edited package was taken: {said}")
    for words in (["report", "show", package], ["report", "pack", edited], ["report", "verify", path, *arguments]):
        said = run(tenon, *words, expect=1)
        check("is no" in said, f"{words}: {said}")


# ---- A failing test ----

def check_reproducer(arguments, folder):
    report = folder / "mutant.json"
    run(arguments.tenon, "conform", arguments.mutant, "--filter", "Operator/Add/float32.*", "--report", report,
        "--html", folder / "mutant.html", expect=1)
    content = json.loads(report.read_text())
    failed = [t for t in content["tests"] if "reproducer" in t.get("properties", {})]
    check(failed, "no failing test has a program in C")
    source, program = folder / "reproducer.c", folder / "reproducer"
    source.write_text(failed[0]["properties"]["reproducer"])
    run(arguments.compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", source, f"-I{arguments.include}",
        f"-L{arguments.lib}", f"-Wl,-rpath,{arguments.lib}", "-ltenon", "-o", program)
    said = run(program)
    check("output 0, float32" in said, f"the program in C says: {said}")
    check(run(program, arguments.plugin) != said, "a right device gives the same as a wrong one")
    check("Add 14" in failed[0]["properties"]["description"], "the kernel is not described")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("report", "tenon", "plugin", "mutant", "compiler", "include", "lib"):
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path if name == "report" else str)
    parser.add_argument("--keep", type=pathlib.Path, help="folder for what is made, pictures too")
    arguments = parser.parse_args()
    report = json.loads(arguments.report.read_text())
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.keep or pathlib.Path(name)
        folder.mkdir(exist_ok=True)
        brief, page = folder / "brief.json", folder / "report.html"
        run(arguments.tenon, "report", "summary", arguments.report, "-o", brief)
        check_json(report, json.loads(brief.read_text()))
        check_junit(run(arguments.tenon, "report", "junit", arguments.report), report)
        run(arguments.tenon, "report", "html", arguments.report, "-o", page)
        check_page(page.read_text(), report)
        check_differences(arguments.tenon, arguments.report, report, folder)
        check_submission(arguments.tenon, arguments.report, arguments.plugin, arguments.mutant, folder)
        check_reproducer(arguments, folder)
        check_page((folder / "mutant.html").read_text(), json.loads((folder / "mutant.json").read_text()))
        for made in (page, folder / "mutant.html"):
            check_in_browser(made, folder)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/spec/11-discovery.md and tenon.h say of manifests, folders and environment variables what the loader does."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "spec"))
from chapters import markdown  # noqa: E402

LOADER = ROOT / "reference_impl/loader"
CHAPTER = "docs/spec/11-discovery.md"
# What stands in search.cc for each step, and how the chapter and the header call it.
STEPS = [("TENON_PLUGIN_PATH", "TENON_PLUGIN_PATH"), ('"search path"', "search_paths"),
         ('"beside libtenon"', "beside libtenon's folder"), ('"virtual environment"', "virtual environment"),
         ('look_at("user"', "XDG_DATA_HOME"), ('"/usr/local/share/tenon/plugins"', "/usr/local/share/tenon/plugins")]


def variables():
    """Those that the loader and its layers read."""
    sources = [*LOADER.glob("*.cc"), LOADER / "probe.h", *(ROOT / "reference_impl/layers").glob("**/*.cc")]
    text = "".join(path.read_text() for path in sources if "tests" not in path.parts)
    return set(re.findall(r'"(TENON_[A-Z_]+)"', text))


def keys():
    known = re.search(r"kKnown\[\] = \{(.*?)\}", (LOADER / "manifest.cc").read_text(), re.S)[1]
    return set(re.findall(r'"(\w+)"', known))


def in_order(text, words):
    at = [text.find(word) for word in words]
    return -1 not in at and at == sorted(at)


def main():
    chapter = (ROOT / CHAPTER).read_text()
    header = (ROOT / "include/tenon/tenon.h").read_text()
    manifests = markdown.section(chapter, "manifests")
    named = set(re.findall(r"^\| `(\w+)` \|", manifests, re.M))
    found = [f"{CHAPTER}: the table of manifests lacks {key}, or has it though manifest.cc does not" for key in
             sorted(named ^ keys())]
    found += [f"tenon.h: says nothing of \"{key}\" in manifests" for key in sorted(keys()) if f'"{key}"' not in header]
    told = set(re.findall(r"`(TENON_[A-Z_]+)`", markdown.section(chapter, "environment-variables")))
    found += [f"{CHAPTER}: {name} is read by the loader and not in the table, or the other way round" for name in
              sorted(told ^ variables())]
    search = (LOADER / "search.cc").read_text()
    places = markdown.section(chapter, "where-the-loader-looks")
    if not in_order(search[search.index("SearchResult search("):], [code for code, _ in STEPS]):
        found.append("reference_impl/loader/search.cc: searches in another order than this check knows")
    for where, text in ((CHAPTER, places), ("tenon.h", header[header.index("Folders, in this order"):])):
        if not in_order(text, [words for _, words in STEPS]):
            found.append(f"{where}: the folders are not in the order of search.cc")
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

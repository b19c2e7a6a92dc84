#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what is made of the operator contract (spec/ops/*.yaml and what it names in spec): the runtime's
table, ids for the tables of devices, what the conformance suite knows of it, profiles, the list of steps, the
reference pages.

    spec/generate_operators.py           # write all
    spec/generate_operators.py --check   # exit 1 when a committed file differs, or a meaning changed silently
    spec/generate_operators.py --lock    # also write spec/ops.lock
"""
import argparse
import pathlib
import sys

from operators import (attribute_structs, attribute_table, claims, contract, ids, page, profiles, registry_table,
                       revision_lock, shape_table, step_words, tolerance)

ROOT = pathlib.Path(__file__).resolve().parent.parent


def files(operators):
    """{path: text}"""
    words = step_words.load(operators)
    return {registry_table.PATH: registry_table.text(operators),
            ids.PATH: ids.text(operators),
            attribute_table.PATH: attribute_table.text(operators),
            attribute_structs.PATH: attribute_structs.text(operators),
            shape_table.PATH: shape_table.text(operators),
            claims.PATH: claims.caller_dims(operators),
            claims.CONTRACT: claims.text(operators),
            tolerance.PATH: tolerance.text(operators),
            profiles.PATH: profiles.text(operators),
            profiles.PAGE: profiles.page(operators),
            step_words.PATH: step_words.text(words),
            page.PATH: page.text(operators, words)}


def write(operators):
    for name, text in files(operators).items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def stale(operators):
    return [name for name, text in files(operators).items()
            if not (ROOT / name).exists() or (ROOT / name).read_text() != text]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--lock", action="store_true", help="write spec/ops.lock, too")
    arguments = parser.parse_args()
    operators = contract.load()
    locked = revision_lock.LOCK.read_text() if revision_lock.LOCK.exists() else ""
    problems = revision_lock.problems(operators, revision_lock.read(locked))
    if not arguments.check:
        write(operators)
    elif stale(operators):
        problems.append(f"stale: {', '.join(stale(operators))}; run spec/generate_operators.py and commit the result")
    if arguments.lock and not problems:
        revision_lock.LOCK.write_text(revision_lock.text(operators))
    elif not problems and locked != revision_lock.text(operators):
        problems.append("spec/ops.lock lacks what is new: run spec/generate_operators.py --lock and read the difference")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

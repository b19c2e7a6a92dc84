#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the runtime's operator table, what the conformance suite knows of the contract, the list of steps and
the reference page from spec/ops/*.yaml, spec/tolerances.yaml, spec/onnx.lock and spec/steps.yaml.

    spec/generate_operators.py           # write all
    spec/generate_operators.py --check   # exit 1 when a committed file differs
"""
import argparse
import pathlib
import sys

from operators import claims, contract, page, registry_table, step_words, tolerance

ROOT = pathlib.Path(__file__).resolve().parent.parent


def files():
    """{path: text}"""
    operators = contract.load()
    words = step_words.load(operators)
    return {registry_table.PATH: registry_table.text(operators),
            claims.PATH: claims.caller_dims(operators),
            tolerance.PATH: tolerance.text(operators),
            step_words.PATH: step_words.text(words),
            page.PATH: page.text(operators, words)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    stale = []
    for name, text in files().items():
        path = ROOT / name
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(name)
    if stale:
        print(f"stale: {', '.join(stale)}; run spec/generate_operators.py and commit the result")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A fact of an operator stands in spec/ops alone: no device's table types a since-version, and no kernel an
attribute's default."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEVICES = ["reference_impl/cpu", "reference_impl/device", "plugins/gpu_common", "plugins/onednn", "plugins/opencl", "plugins/cuda"]
VERSION = re.compile(r'"(?:tenon)?",\s*"[A-Z]\w+",\s*\d+')
DEFAULT = re.compile(r'\b(?:integer|real|text|integers|reals)\("\w+",')


def problems_of(name, text, patterns):
    out = []
    for pattern, what in patterns:
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            out.append(f"{name}:{line}: {' '.join(match[0].split())}: {what}")
    return out


def main():
    patterns = ((VERSION, "take the id of tenon/cpp/operator_ids.hpp (op::kName)"),
                (DEFAULT, "the default stands in spec/ops or ONNX's schema; leave it out"))
    problems = []
    for folder in DEVICES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".cc", ".h", ".hpp", ".inc") and "tests" not in path.parts:
                problems += problems_of(path.relative_to(ROOT), path.read_text(), patterns)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

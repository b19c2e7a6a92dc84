#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fingerprint of include/tenon/tenon.h: TN_ABI_HASH.

The hash covers the header's tokens, without comments, white space and the hash itself, so that
prose and formatting may change while anything a binary depends on may not.

  scripts/abi_hash.py           prints the hash
  scripts/abi_hash.py --check   fails when the one in the header is stale
  scripts/abi_hash.py --write   puts it into the header
"""
import argparse
import hashlib
import pathlib
import re
import sys

HEADER = pathlib.Path(__file__).resolve().parent.parent / "include/tenon/tenon.h"
HASH_LINE = re.compile(r"(#define TN_ABI_HASH UINT64_C\()0x([0-9a-fA-F]{16})(\))")
# Strings and characters are tokens, so that a comment sign within one stays.
TOKEN = re.compile(
    r'(?P<skip>/\*.*?\*/|//[^\n]*|\\\n|\s+)|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\w+|.', re.S
)


def abi_hash(text: str) -> int:
    text, found = HASH_LINE.subn("", text)
    if found != 1:
        raise ValueError(f"{HEADER}: expected one '#define TN_ABI_HASH UINT64_C(0x...)' line")
    tokens = [match.group() for match in TOKEN.finditer(text) if not match.group("skip")]
    digest = hashlib.sha256("\n".join(tokens).encode()).digest()
    return int.from_bytes(digest[:8], "big")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail when the header's is stale")
    parser.add_argument("--write", action="store_true", help="put it into the header")
    arguments = parser.parse_args()
    text = HEADER.read_text()
    computed = abi_hash(text)
    written = int(HASH_LINE.search(text).group(2), 16)
    if arguments.write and written != computed:
        HEADER.write_text(HASH_LINE.sub(rf"\g<1>0x{computed:016x}\g<3>", text))
    if arguments.check and written != computed:
        print(
            f"{HEADER.name}: TN_ABI_HASH is 0x{written:016x}, but the header hashes to "
            f"0x{computed:016x}; if the ABI was meant to change, run scripts/abi_hash.py --write",
            file=sys.stderr,
        )
        return 1
    print(f"0x{computed:016x}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""The command `tenon` of the wheel: becomes the program that lies in the package `tenon`.

A package of its own, so that it starts without NumPy and the native module.
"""

import importlib.util
import os
import sys


def main() -> None:
    spec = importlib.util.find_spec("tenon")  # Finds it without importing it.
    if spec is None or spec.origin is None:
        sys.exit("tenon: the package `tenon` is missing: install the wheel tenon-ml again")
    program = os.path.join(os.path.dirname(spec.origin), "bin", "tenon")
    try:
        os.execv(program, [program, *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"tenon: {program} cannot be run ({error.strerror}): install the wheel tenon-ml again")

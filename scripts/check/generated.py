#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every committed generated file is what its generator writes now."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Programs that take --check and name the files that differ.
GENERATORS = ["spec/generate_abi.py", "spec/generate_operators.py", "spec/generate_text.py"]

failed = [g for g in GENERATORS if subprocess.run([sys.executable, ROOT / g, "--check"]).returncode]
sys.exit(1 if failed else 0)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""spec/onnx.lock says what the installed onnx package says."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.exit(subprocess.run([sys.executable, ROOT / "spec/extract_onnx.py", "--check"]).returncode)

# SPDX-License-Identifier: Apache-2.0
"""Sizes that no tensor can have are errors that name the op and the value; the process goes on."""

import os
import subprocess
import sys

import pytest

import bad_sizes


@pytest.fixture(scope="module")
def answers():
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bad_sizes.py")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=600)
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    return lines, f"exit {done.returncode}: {done.stderr[-500:]}"


@pytest.mark.parametrize("name", bad_sizes.CALLS)
def test_is_refused(name, answers):
    lines, end = answers
    answer = lines.get(name)
    assert answer, f"the process ended before or in this call, {end}"
    assert answer.startswith("InvalidArgumentError: "), answer
    assert name.split()[0] in answer and bad_sizes.CALLS[name][0] in answer, answer

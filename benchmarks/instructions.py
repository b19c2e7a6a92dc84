#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Instructions of single calls, counted by callgrind, in one build or in several side by side.

    benchmarks/instructions.py [BUILD...] [--python PYTHON]

Counts are those of a long loop less those of a short one, so that starting up does not matter, and they
are the same on a busy machine. Rows: a call through libtenon that does next to nothing; launches on the
reference device and on oneDNN; torch.add with `out` on four elements, from C++, with its parts and torch's own
CPU op once more each (so that a hundredth of this row is more of the op itself). With several builds the last column
is the last one's count over the first one's. A build without a part has no row of it, and says so.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
ADD_OUT = """
import gc, sys, torch, torch_tenon
torch.zeros(1, device="tenon")
gc.disable()
with torch.inference_mode():
    torch_tenon._C.benchmark_add(int(sys.argv[1]))
"""
ROWS = [("tn_stream_query", "cpu", "query"), ("launch Add, cpu", "cpu", "add"),
        ("launch Add with dims at launch", "cpu", "add-dynamic"),
        ("launch MatMul 16x16, cpu", "cpu", "matmul"), ("launch Relu, onednn", "onednn", "relu"),
        ("launch MatMul 16x16, onednn", "onednn", "matmul")]
SHORT, LONG = 500, 2500


def instructions(command, environment):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *command],
                              env=environment, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return int(found.group(1))


def per_call(command, environment):
    few, many = (instructions([*command, str(n)], environment) for n in (SHORT, LONG))
    return (many - few) / (LONG - SHORT)


def measure(build, python):
    environment = os.environ | {"TENON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TENON_LOG": "error"}
    counts = {}
    for name, plugin, what in ROWS:
        counts[name] = lambda plugin=plugin, what=what: per_call([build / "bin/launch_loop", plugin, what],
                                                                environment)
    script = [python, "-c", ADD_OUT]
    counts["add.out and parts, cpu"] = lambda: per_call(
        script, environment | {"PYTHONPATH": str(build / "python"), "TENON_DEVICES": "cpu"})
    for name, count in counts.items():
        try:
            counts[name] = count()
        except (RuntimeError, FileNotFoundError) as problem:
            counts[name] = None
            print(f"{build}: {name}: not counted: {problem}", file=sys.stderr)
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("builds", nargs="*", type=pathlib.Path, default=[ROOT / "build"])
    parser.add_argument("--python", default=str(ROOT / "build/venv/bin/python"))
    arguments = parser.parse_args()
    columns = [measure(build.resolve(), arguments.python) for build in arguments.builds]
    for name in columns[0]:
        values = [column[name] for column in columns]
        line = f"{name:32}" + "".join(f"{value:12.0f}" if value is not None else f"{'-':>12}" for value in values)
        if len(values) > 1 and values[0] and values[-1]:
            line += f"{values[-1] / values[0]:8.3f}"
        print(line)


if __name__ == "__main__":
    main()

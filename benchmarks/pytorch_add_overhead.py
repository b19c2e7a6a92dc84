# SPDX-License-Identifier: Apache-2.0
"""What torch.add on four elements costs through the PyTorch adapter.

    build/venv/bin/python benchmarks/pytorch_add_overhead.py [--json]

From C++ (a loop inside the extension, inference mode, out given), split into parts; and from Python
beside torch's own CPU op. Rounds are interleaved, and the medians are printed, so that a busy machine
disturbs both alike. Targets: 300 ns from C++; 1.1 times the CPU op from Python.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "build", "python"))
os.environ.setdefault("TENON_DEVICES", "cpu")

import torch  # noqa: E402

import torch_tenon  # noqa: E402

TARGET_CPP_NS = 300
TARGET_PYTHON_RATIO = 1.1


def python_round(a, b, out, calls):
    add = torch.add
    start = time.perf_counter_ns()
    for _ in range(calls):
        add(a, b, out=out)
    return (time.perf_counter_ns() - start) / calls


def measure(rounds, calls):
    host = [torch.ones(4) for _ in range(3)]
    device = [tensor.to("tenon") for tensor in host]
    parts, python = {}, {"cpu": [], "tenon": []}
    with torch.inference_mode():
        for _ in range(rounds):
            for name, value in torch_tenon._C.benchmark_add(calls).items():
                parts.setdefault(name, []).append(value)
            python["cpu"].append(python_round(*host, calls))
            python["tenon"].append(python_round(*device, calls))
            torch.tenon.synchronize()
    median = {name: statistics.median(values) for name, values in parts.items()}
    best = {name: min(values) for name, values in parts.items()}
    return {
        "cpp_ns": median["total"],
        "cpp_best_ns": best["total"],
        "cpp_cpu_op_best_ns": best["cpu"],
        "cpp_cpu_op_ns": median["cpu"],
        # Of the best rounds, so that they add up on a busy machine too.
        "cpp_parts_ns": {
            "dispatch and adapter": best["total"] - best["run"] - best["arguments"],
            "arguments": best["arguments"],
            "three addresses": best["address"],
            "rest of the runtime and the device": best["run"] - best["address"],
        },
        "python_ns": statistics.median(python["tenon"]),
        "python_cpu_op_ns": statistics.median(python["cpu"]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=20000)
    options = parser.parse_args()
    result = measure(options.rounds, options.calls)
    result["python_ratio"] = result["python_ns"] / result["python_cpu_op_ns"]
    if options.json:
        print(json.dumps(result, indent=2))
        return
    print(f"from C++     {result['cpp_ns']:7.0f} ns   (target {TARGET_CPP_NS}; "
          f"torch's CPU op {result['cpp_cpu_op_ns']:.0f}; best rounds {result['cpp_best_ns']:.0f} "
          f"and {result['cpp_cpu_op_best_ns']:.0f})")
    for name, value in result["cpp_parts_ns"].items():
        print(f"  {name:36s} {value:7.0f} ns")
    runtime = pathlib.Path(__file__).resolve().parents[1] / "build" / "bin" / "eager_overhead_benchmark"
    if runtime.exists():
        print("Device::run() of the same call, by itself:", flush=True)
        subprocess.run([str(runtime)], check=True)
    print(f"from Python  {result['python_ns']:7.0f} ns   ({result['python_ratio']:.2f} times torch's "
          f"CPU op, {result['python_cpu_op_ns']:.0f} ns; target {TARGET_PYTHON_RATIO})")


if __name__ == "__main__":
    main()

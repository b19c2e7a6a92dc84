#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What ResNet-50 (seeded weights) and MiniLM cost through `tenon`, divided by ONNX Runtime.

    onnx_models.py [--device SPEC ...] [--model NAME ...] [--rounds N]

Batch 1, float32, two threads, the same inputs, warm; outputs are compared. Each engine has a process
of its own, so that no thread pool of one spins while another computes; they take short turns in an
order that changes, and the medians of the turns are divided."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import pathlib
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "joint"), str(ROOT / "examples" / "minilm")]
THREADS = 2
# Largest error relative to the largest reference value.
TOLERANCE = 1e-3


def resnet50():
    import numpy as np
    from resnet50 import build_resnet50

    rng = np.random.default_rng(3)
    patches = rng.standard_normal((1, 3, 7, 7)).repeat(32, 2).repeat(32, 3)
    image = 2 * patches + 0.3 * rng.standard_normal(patches.shape)
    return build_resnet50(), {"image": image.astype(np.float32)}


def minilm():
    from minilm import build_model, tokenize

    return build_model(), tokenize(["A man is playing a guitar on stage for a small, quiet crowd."])


MODELS = {"resnet50": resnet50, "minilm": minilm}


def make_runner(engine: str, model: bytes):
    """A function from inputs to outputs."""
    if engine == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return lambda inputs: session.run(None, inputs)
    import tenon

    return tenon.load(model, device=engine).run


def serve(engine: str, model: bytes, inputs, turns, results) -> None:
    """Reads a number of calls, runs them and writes seconds a call, until the number is 0."""
    run = make_runner(engine, model)
    results.send(run(inputs))
    while calls := turns.recv():
        start = time.perf_counter()
        for _ in range(calls):
            run(inputs)
        results.send((time.perf_counter() - start) / calls)


class Engine:
    def __init__(self, context, name: str, model: bytes, inputs):
        self.name = name
        self.times: list[float] = []
        theirs, self.turns = context.Pipe(duplex=False)
        self.results, results = context.Pipe(duplex=False)
        arguments = (name, model, inputs, theirs, results)
        self.process = context.Process(target=serve, args=arguments, daemon=True)
        self.process.start()
        results.close()  # So that a process that dies is noticed.
        self.outputs = self.results.recv()

    def turn(self, calls: int) -> float:
        self.turns.send(calls)
        return self.results.recv()

    def close(self) -> None:
        self.turns.send(0)
        self.process.join()


def measure(name: str, devices: list[str], rounds: int) -> bool:
    import numpy as np

    model, inputs = MODELS[name]()
    data = model.SerializeToString()
    context = multiprocessing.get_context("spawn")
    engines = [Engine(context, engine, data, inputs) for engine in ["onnxruntime", *devices]]
    calls = max(1, round(0.1 / min(engine.turn(3) for engine in engines)))
    for i in range(rounds):
        for engine in engines if i % 2 == 0 else reversed(engines):
            engine.times.append(engine.turn(calls))
    baseline, good = engines[0], True
    reference_ms = statistics.median(baseline.times) * 1e3
    for engine in engines[1:]:
        error = max(
            float(np.abs(a - b).max() / np.abs(b).max())
            for a, b in zip(engine.outputs, baseline.outputs, strict=True)
        )
        good &= error <= TOLERANCE
        milliseconds = statistics.median(engine.times) * 1e3
        paired = statistics.median(t / r for t, r in zip(engine.times, baseline.times, strict=True))
        print(
            f"{name:9} {engine.name:7} {milliseconds:8.2f} ms, ONNX Runtime {reference_ms:8.2f} ms, "
            f"ratio {milliseconds / reference_ms:.2f} (median of pairs {paired:.2f}), "
            f"max error {error:.0e}{'' if error <= TOLERANCE else ' WRONG'}",
            flush=True,
        )
    for engine in engines:
        engine.close()
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--device", action="append", help="device spec (default: onednn and cpu)")
    parser.add_argument("--model", action="append", choices=list(MODELS))
    parser.add_argument("--rounds", type=int, default=21, help="turns of each engine (21)")
    arguments = parser.parse_args()
    os.environ["TENON_NUM_THREADS"] = str(THREADS)
    os.environ.setdefault("TENON_FALLBACK", "allow")
    print(f"{THREADS} threads, float32, batch 1")
    devices = arguments.device or ["onednn", "cpu"]
    results = [measure(name, devices, arguments.rounds) for name in arguments.model or MODELS]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

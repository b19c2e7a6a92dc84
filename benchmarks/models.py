#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What inference of whole models costs through `tenon`, divided by other engines.

    models.py [--engine NAME ...] [--model NAME ...] [--file PATH.onnx ...] [--rounds N] [--json PATH]

Public architectures with seeded weights (device_models.py), ResNet-50, MiniLM, and any ONNX file; float32, batch
1, two threads, the same inputs, warm. An engine is a device spec of Tenon ("cpu", "onednn"), or "onnxruntime" or
"openvino" where installed. The first (default: onnxruntime) is what the others' outputs are compared with and
their times are divided by. Each has a process of its own, so that no thread pool of one spins while another
computes; they take short turns in an order that changes, and the medians of the turns are divided."""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "joint"), str(ROOT / "examples" / "minilm")]
CACHE = pathlib.Path(os.environ.get("TENON_CACHE", pathlib.Path.home() / ".cache" / "tenon")) / "models"
THREADS = 2
# Largest error relative to the largest reference value.
TOLERANCE = 1e-3
EXPORTED = ["MobileNetV3-S", "MobileNetV3", "EfficientNet-B0", "ConvNeXt-T", "Swin-T", "ViT-B/16", "BERT-base",
            "GPT-2", "Llama-style", "Mamba-style"]  # fmt: skip


def resnet50():
    import numpy as np
    from resnet50 import build_resnet50

    rng = np.random.default_rng(3)
    patches = rng.standard_normal((1, 3, 7, 7)).repeat(32, 2).repeat(32, 3)
    image = 2 * patches + 0.3 * rng.standard_normal(patches.shape)
    return build_resnet50().SerializeToString(), {"image": image.astype(np.float32)}


def minilm():
    from minilm import build_model, tokenize

    inputs = tokenize(["A man is playing a guitar on stage for a small, quiet crowd."])
    return build_model().SerializeToString(), inputs


def exported(name: str) -> pathlib.Path:
    """The model's file, and its input beside it; made once, by a process that ends."""
    path = CACHE / f"{name.replace('/', '-')}.onnx"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        maker = pathlib.Path(__file__).with_name("device_models.py")
        subprocess.run([sys.executable, "-W", "ignore", maker, name, part], check=True)
        os.replace(f"{part}.npz", f"{path}.npz")
        os.replace(part, path)
    return path


def from_table(name: str):
    import numpy as np

    path = exported(name)
    return path.read_bytes(), {"x": np.load(f"{path}.npz")["x"]}


def from_file(path: pathlib.Path):
    """Any model of fixed or free dims (taken as 1); floats are normal, integers 0 or 1."""
    import numpy as np
    import onnx

    model = onnx.load(path)
    rng = np.random.default_rng(0)
    constants = {c.name for c in model.graph.initializer}
    inputs = {}
    for value in model.graph.input:
        if value.name in constants:
            continue
        kind = value.type.tensor_type
        shape = [max(d.dim_value, 1) for d in kind.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
        real = np.issubdtype(dtype, np.floating)
        inputs[value.name] = (rng.standard_normal(shape) if real else rng.integers(0, 2, shape)).astype(dtype)
    return model.SerializeToString(), inputs


MODELS = {"ResNet-50": resnet50, "MiniLM": minilm}


def make_runner(engine: str, model: bytes):
    """A function from inputs to outputs."""
    if engine == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return lambda inputs: session.run(None, inputs)
    if engine == "openvino":
        import openvino

        core = openvino.Core()
        options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": THREADS, "PERFORMANCE_HINT": "LATENCY"}
        compiled = core.compile_model(core.read_model(model), "CPU", options)
        return lambda inputs: list(compiled(inputs).values())
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


def measure(name: str, make, names: list[str], rounds: int) -> list[dict]:
    import numpy as np

    data, inputs = make()
    context = multiprocessing.get_context("spawn")
    engines = [Engine(context, engine, data, inputs) for engine in names]
    calls = max(1, round(0.1 / min(engine.turn(3) for engine in engines)))
    for i in range(rounds):
        for engine in engines if i % 2 == 0 else reversed(engines):
            engine.times.append(engine.turn(calls))
    first, rows = engines[0], []
    for engine in engines:
        error = max(
            float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-30))
            for a, b in zip(engine.outputs, first.outputs, strict=True)
        )
        ratio = statistics.median(engine.times) / statistics.median(first.times)
        paired = statistics.median(t / r for t, r in zip(engine.times, first.times, strict=True))
        rows.append({"model": name, "engine": engine.name, "ms": statistics.median(engine.times) * 1e3,
                     "ratio": ratio, "paired": paired, "error": error, "right": error <= TOLERANCE})  # fmt: skip
        print(
            f"{name:16} {engine.name:12} {rows[-1]['ms']:9.3f} ms  ratio {ratio:5.2f}  of pairs {paired:5.2f}  "
            f"error {error:.0e}{'' if rows[-1]['right'] else ' WRONG'}",
            flush=True,
        )
    for engine in engines:
        engine.close()
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--engine", action="append", help="(default: onnxruntime, cpu and onednn)")
    parser.add_argument("--model", action="append", choices=[*MODELS, *EXPORTED])
    parser.add_argument("--file", action="append", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=21, help="turns of each engine (21)")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    os.environ["TENON_NUM_THREADS"] = str(THREADS)
    os.environ.setdefault("TENON_FALLBACK", "allow")
    engines = arguments.engine or ["onnxruntime", "cpu", "onednn"]
    wanted = arguments.model or ([] if arguments.file else [*MODELS, *EXPORTED])
    models = {name: MODELS.get(name, lambda name=name: from_table(name)) for name in wanted}
    models |= {path.stem: lambda path=path: from_file(path) for path in arguments.file or []}
    rows = [row for name, make in models.items() for row in measure(name, make, engines, arguments.rounds)]
    for engine in engines[1:]:
        ratios = [math.log(row["ratio"]) for row in rows if row["engine"] == engine]
        print(f"{engine} / {engines[0]}, geometric mean: {math.exp(statistics.fmean(ratios)):.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if all(row["right"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

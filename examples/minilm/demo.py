# SPDX-License-Identifier: Apache-2.0
"""Embeds sentences with MiniLM on a Tenon device and checks the result against ONNX Runtime.

    demo.py [--device SPEC] [SENTENCE ...]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import numpy as np
import onnxruntime
import tenon
from minilm import build_model, tokenize

SENTENCES = [
    "A man is playing a guitar on stage.",
    "Someone performs music with a guitar.",
    "The stock market fell sharply today.",
    "Shares dropped steeply on Wall Street this afternoon.",
    "How do I bake sourdough bread?",
]
# Largest error relative to the largest reference value.
TOLERANCE = 1e-4


def timed(function, repeats: int = 5):
    """The function's result and the median of its times in milliseconds, after one warm-up."""
    result = function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        times.append((time.perf_counter() - start) * 1e3)
    return result, statistics.median(times)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--device", default="cpu", help="device spec (default: cpu)")
    parser.add_argument("sentences", nargs="*", metavar="SENTENCE", help="sentences to compare")
    arguments = parser.parse_args()
    sentences = arguments.sentences or SENTENCES

    model_bytes = build_model().SerializeToString()
    inputs = tokenize(sentences)
    start = time.perf_counter()
    model = tenon.load(model_bytes, device=arguments.device)
    load_ms = (time.perf_counter() - start) * 1e3
    (embeddings,), tenon_ms = timed(lambda: model.run(inputs))

    options = onnxruntime.SessionOptions()
    session = onnxruntime.InferenceSession(model_bytes, options, providers=["CPUExecutionProvider"])
    (reference,), ort_ms = timed(lambda: session.run(None, inputs))

    print(f"device       {model.device.spec} ({model.device.name})")
    print(f"model        MiniLM-L6 with trained weights, {len(model_bytes) / 2**20:.0f} MiB of ONNX")
    print(f"input        {len(sentences)} sentences, {inputs['input_ids'].shape[1]} tokens each\n")
    similarity = embeddings @ embeddings.T
    for i, sentence in enumerate(sentences):
        row = " ".join(f"{value:5.2f}" for value in similarity[i])
        print(f"  [{i}] {row}  {sentence}")

    error = float(np.abs(embeddings - reference).max() / np.abs(reference).max())
    ok = bool(error <= TOLERANCE and np.isfinite(embeddings).all())
    print(f"\nload         {load_ms:.0f} ms")
    print(f"run          {tenon_ms:.1f} ms (ONNX Runtime {ort_ms:.1f} ms, ratio {tenon_ms / ort_ms:.2f})")
    print(
        f"check        max error / max reference {error:.1e} against ONNX Runtime, "
        f"allowed {TOLERANCE:.0e}: {'ok' if ok else 'WRONG'}"
    )
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())

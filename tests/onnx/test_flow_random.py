# SPDX-License-Identifier: Apache-2.0
"""Random programs of If, Loop and Scan in each other, on vectors and counters, against ONNX Runtime."""

from __future__ import annotations

import random

import numpy as np
import onnx.parser
import pytest
import tenon

PROGRAMS = 40
RUNS = 4  # With other values each: node by node first, then by plans.
CONSTANTS = """bool yes = {1}, int64 two = {2}, int64 three = {3}, int64 four = {4}, int64 seven = {7},
int64[1] axis = {0}, float none = {0.0}, float one = {1.0}"""


class Program:
    """Text of a random program: `vectors` (float[4]) and `counts` (int64) are the names in reach."""

    def __init__(self, seed: int) -> None:
        self.random, self.names = random.Random(seed), 0
        vectors, counts = ["x", "z"], ["k", "two"]
        lines = self.block(vectors, counts, depth=3, length=9)
        outputs = [("float[4]", self.random.choice(vectors)), ("int64", self.random.choice(counts))]
        outputs += [("float[4]", vectors[-1])]
        lines += [f"out{i} = Identity ({name})" for i, (_, name) in enumerate(outputs)]
        declared = ", ".join(f"{kind} out{i}" for i, (kind, _) in enumerate(outputs))
        opset = self.random.choice([13, 16, 18, 21])
        self.text = (
            f'<ir_version: 10, opset_import: ["": {opset}]>\n'
            f"g (float[4] x, float[4] z, float[4, 4] w, int64 k) => ({declared}) <{CONSTANTS}> {{\n"
            + "\n".join(lines) + "\n}"
        )  # fmt: skip

    def new(self) -> str:
        self.names += 1
        return f"v{self.names}"

    def block(self, vectors, counts, depth, length) -> list[str]:
        lines: list[str] = []
        plain = [self.arithmetic, self.counting, self.mixing, self.row]
        nested = [self.branches, self.loop, self.scan] if depth > 0 else []
        for _ in range(self.random.randint(1, length)):
            self.random.choice(plain + nested)(lines, vectors, counts, depth)
        return lines

    def graph(self, vectors, counts, depth, inputs, results) -> str:
        """A body: `results` are pairs of a type and the names to choose from, or the line that makes it."""
        lines = self.block(vectors, counts, depth - 1, 4)
        outputs = []
        for kind, source in results:
            name = self.new()
            of = source if isinstance(source, str) else f"Identity ({self.random.choice(source)})"
            lines.append(f"{name} = {of}")
            outputs.append(f"{kind} {name}")
        return f"{self.new()} ({inputs}) => ({', '.join(outputs)}) {{ {'  '.join(lines)} }}"

    def arithmetic(self, lines, vectors, counts, depth):
        a, b, y = self.random.choice(vectors), self.random.choice(vectors), self.new()
        product = f"{y}p = MatMul ({a}, w)  {y} = Tanh ({y}p)"
        lines.append(self.random.choice([f"{y} = Add ({a}, {b})", f"{y} = Sub ({a}, {b})", product]))
        vectors.append(y)

    def counting(self, lines, vectors, counts, depth):
        y = self.new()
        a, b = self.random.choice(counts), self.random.choice(counts)
        lines.append(f"{y}s = Add ({a}, {b})  {y} = Mod ({y}s, seven)")
        counts.append(y)

    def mixing(self, lines, vectors, counts, depth):
        y, a, n = self.new(), self.random.choice(vectors), self.random.choice(counts)
        lines.append(f"{y}c = Cast <to = 1> ({n})  {y}s = Add ({a}, {y}c)  {y} = Tanh ({y}s)")
        vectors.append(y)

    def row(self, lines, vectors, counts, depth):
        y, n = self.new(), self.random.choice(counts)
        lines.append(f"{y}n = Mod ({n}, four)  {y} = Gather <axis = 0> (w, {y}n)")
        vectors.append(y)

    def condition(self, lines, vectors, counts, most) -> str:
        """From counters, or from what the device computed."""
        c = self.new()
        if self.random.random() < 0.5:
            lines.append(f"{c} = Less ({self.random.choice(counts)}, three)")
        else:
            lines.append(f"{c}s = ReduceSum <keepdims = 0> ({self.random.choice(vectors)})  {c} = Less ({c}s, {most})")
        return c

    def branches(self, lines, vectors, counts, depth):
        c, y, n = self.condition(lines, vectors, counts, "none"), self.new(), self.new()
        graphs = []
        for _ in range(2):
            v, i = list(vectors), list(counts)
            graphs.append(self.graph(v, i, depth, "", [("float[4]", v), ("int64", i)]))
        lines.append(f"{y}, {n} = If ({c}) <then_branch = {graphs[0]}, else_branch = {graphs[1]}>")
        vectors.append(y)
        counts.append(n)

    def loop(self, lines, vectors, counts, depth):
        trips, i, c, a, n = (self.new() for _ in range(5))
        lines.append(f"{trips} = Mod ({self.random.choice(counts)}, {self.random.choice(['four', 'seven'])})")
        v, k = [*vectors, a], [*counts, i, n]
        test: list[str] = []
        until = self.random.choice(["Identity (yes)", f"Less ({i}, three)", None])
        if until is None:
            until = f"Identity ({self.condition(test, [*vectors, a], [*counts, i], 'one')})"
        results = [("bool", until), ("float[4]", v), ("int64", k), ("float[4]", v), ("int64", k)]
        body = self.graph(v, k, depth, f"int64 {i}, bool {c}, float[4] {a}, int64 {n}", results)
        body = body.replace("{ ", "{ " + "  ".join(test) + "  ", 1)
        y, m, rows, numbers, flat, sum_ = (self.new() for _ in range(6))
        given = f"{trips}, yes, {self.random.choice(vectors)}, {self.random.choice(counts)}"
        lines.append(f"{y}, {m}, {rows}, {numbers} = Loop ({given}) <body = {body}>")
        lines.append(f"{flat}r = ReduceSum <keepdims = 0> ({rows}, axis)  {flat} = Tanh ({flat}r)")
        lines.append(f"{sum_}r = ReduceSum <keepdims = 0> ({numbers}, axis)  {sum_} = Mod ({sum_}r, seven)")
        vectors += [y, flat]
        counts += [m, sum_]

    def scan(self, lines, vectors, counts, depth):
        s, x, y, rows, flat = (self.new() for _ in range(5))
        v, k = [*vectors, s, x], list(counts)
        body = self.graph(v, k, depth, f"float[4] {s}, float[4] {x}", [("float[4]", v), ("float[4]", v)])
        words = ("scan_input_axes", "scan_input_directions", "scan_output_axes", "scan_output_directions")
        attributes = ", ".join(f"{word} = [{self.random.randint(0, 1)}]" for word in words)
        given = f"{self.random.choice(vectors)}, w"
        lines.append(f"{y}, {rows} = Scan <num_scan_inputs = 1, {attributes}, body = {body}> ({given})")
        lines.append(f"{flat}m = MatMul ({rows}, {y})  {flat} = Tanh ({flat}m)")
        vectors += [y, flat]


@pytest.fixture(scope="module", params=["cpu", "cpu?memory=discrete"])
def device(request):
    opened = tenon.device(request.param)
    opened.set_fallback("error")
    return opened


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_a_random_program(seed, device):
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    model = onnx.parser.parse_model(Program(seed).text).SerializeToString()
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    loaded = tenon.load(model, device)
    values = np.random.default_rng(seed)
    for _ in range(RUNS):
        inputs = {name: values.standard_normal(4).astype(np.float32) for name in "xz"}
        inputs["w"] = values.standard_normal((4, 4)).astype(np.float32)
        inputs["k"] = np.array(values.integers(0, 7))
        for actual, expected in zip(loaded.run(inputs), session.run(None, inputs)):
            assert actual.shape == expected.shape
            np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)

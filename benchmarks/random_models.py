#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What inference of random networks costs through `tenon`, divided by another engine: rules of kernels and of
fusion hold for models that nobody has looked at.

    random_models.py [--engine NAME ...] [--count N] [--first SEED] [--rounds N] [--json PATH]

Each seed is a network: of images (convolutions, depthwise ones, squeeze-and-excite, residuals; odd sizes, channels
that are no multiples of 16) or of sequences (attention, gated and plain perceptrons; lengths 1 to 512), batch 1 to
16. Engines, outputs and times are models.py's; the last lines are percentiles of the ratios."""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys

from models import THREADS, measure

ACTIVATIONS = ["Relu", "Silu", "HardSwish", "LeakyRelu", "Clip", "Gelu", "Sigmoid", "none"]


class Network:
    """A graph that grows; `value` and `dims` are those of its end."""

    def __init__(self, seed: int):
        import numpy as np

        self.rng = np.random.default_rng(seed)
        self.nodes, self.constants = [], []

    def pick(self, *choices):
        return choices[int(self.rng.integers(len(choices)))]

    def number(self, low: int, high: int) -> int:
        """Of [low, high], as many small ones as large ones."""
        import numpy as np

        return int(np.exp(self.rng.uniform(np.log(low), np.log(high + 1))))

    def constant(self, values) -> str:
        import numpy as np
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        values = np.asarray(values)
        values = values if values.dtype == np.int64 else values.astype(np.float32)
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def weight(self, *dims: int) -> str:
        import numpy as np

        return self.constant(self.rng.standard_normal(dims) / np.sqrt(np.prod(dims[1:]) or 1))

    def __call__(self, op: str, *inputs: str, outputs: int = 1, **attributes) -> str:
        from onnx import helper

        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def activate(self, x: str, kind: str) -> str:
        if kind == "none":
            return x
        if kind == "Silu":
            return self("Mul", x, self("Sigmoid", x))
        if kind == "Gelu":
            erf = self("Erf", self("Div", x, self.constant(2**0.5)))
            return self("Mul", self("Mul", x, self("Add", erf, self.constant(1.0))), self.constant(0.5))
        if kind == "Clip":
            return self("Clip", x, self.constant(0.0), self.constant(6.0))
        return self(kind, x)

    def conv(self, x: str, cin: int, cout: int, kernel: int = 1, stride: int = 1, group: int = 1) -> str:
        w = self.weight(cout, cin // group, kernel, kernel)
        return self("Conv", x, w, self.constant(0.1 * self.rng.standard_normal(cout)), group=group,
                    strides=[stride] * 2, pads=[kernel // 2] * 4)  # fmt: skip

    def excite(self, x: str, channels: int) -> str:
        inner = max(1, channels // self.pick(4, 6, 16))
        y = self.activate(self.conv(self("GlobalAveragePool", x), channels, inner), self.pick("Relu", "Silu"))
        return self("Mul", x, self(self.pick("Sigmoid", "HardSigmoid"), self.conv(y, inner, channels)))

    def image_model(self) -> tuple[list[int], list[int]]:
        size, batch = self.number(15, 160), self.number(1, 16 if self.rng.random() < 0.3 else 2)
        channels = self.number(8, 48)
        act = self.pick(*ACTIVATIONS[:5])
        x = self.activate(self.conv("x", 3, channels, self.pick(3, 5, 7), 2), act)
        for _ in range(self.number(2, 10)):
            kind, cout = self.pick("inverted", "inverted", "plain", "bottleneck"), self.number(8, 200)
            stride = self.pick(1, 1, 2)
            cout = channels if stride == 1 and self.rng.random() < 0.6 else cout
            act = self.pick(*ACTIVATIONS)
            if kind == "plain":
                y = self.activate(self.conv(x, channels, cout, 3, stride), act)
            elif kind == "bottleneck":
                inner = max(4, channels // 4)
                y = self.activate(self.conv(x, channels, inner), act)
                y = self.conv(self.activate(self.conv(y, inner, inner, 3, stride), act), inner, cout)
            else:
                wide = channels * self.pick(1, 3, 4, 6)
                y = self.activate(self.conv(x, channels, wide), act)
                y = self.activate(self.conv(y, wide, wide, self.pick(3, 5, 7), stride, wide), act)
                y = self.conv(self.excite(y, wide) if self.rng.random() < 0.5 else y, wide, cout)
            x = self("Add", x, y) if stride == 1 and cout == channels else y
            channels = cout
        x = self("Flatten", self("GlobalAveragePool", x))
        self("Gemm", x, self.weight(100, channels), self.weight(100), transB=1)
        return [batch, 3, size, size + self.number(1, 9)], [batch, 100]

    def linear(self, x: str, cin: int, cout: int) -> str:
        y = self("MatMul", x, self.constant(self.rng.standard_normal((cin, cout)) / cin**0.5))
        return self("Add", y, self.weight(cout)) if self.rng.random() < 0.8 else y

    def norm(self, x: str, width: int) -> str:
        return self("LayerNormalization", x, self.constant(1 + 0.1 * self.rng.standard_normal(width)),
                    self.weight(width), axis=-1)  # fmt: skip

    def attention(self, x: str, width: int, heads: int, length: int) -> str:
        def split(y: str, order: list[int]) -> str:
            y = self("Reshape", y, self.constant([0, length, heads, width // heads]))
            return self("Transpose", y, perm=order)

        q, k, v = (self.linear(x, width, width) for _ in range(3))
        scores = self("MatMul", split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1]))
        scores = self("Mul", scores, self.constant((width // heads) ** -0.5))
        y = self("MatMul", self("Softmax", scores, axis=-1), split(v, [0, 2, 1, 3]))
        y = self("Reshape", self("Transpose", y, perm=[0, 2, 1, 3]), self.constant([0, length, width]))
        return self.linear(y, width, width)

    def sequence_model(self) -> tuple[list[int], list[int]]:
        heads, length = self.number(1, 8), self.number(1, 512)
        width, batch = heads * self.number(7, 64), self.number(1, max(1, min(16, 512 // length)))
        x = self.norm("x", width)
        for _ in range(self.number(1, 5)):
            inner, act = self.number(width, 4 * width), self.pick(*ACTIVATIONS[:-1])
            x = self("Add", x, self.attention(self.norm(x, width), width, heads, length))
            y = self.norm(x, width)
            up = self.activate(self.linear(y, width, inner), act)
            if self.rng.random() < 0.3:
                up = self("Mul", up, self.linear(y, width, inner))
            x = self("Add", x, self.linear(up, inner, width))
        self.norm(x, width)
        return [batch, length, width], [batch, length, width]

    def build(self):
        import numpy as np
        from onnx import TensorProto, helper

        dims, out = self.image_model() if self.rng.random() < 0.6 else self.sequence_model()
        value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)  # noqa: E731
        last = self.nodes[-1].output[0]
        graph = helper.make_graph(self.nodes, "random", [value("x", dims)], [value(last, out)], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        return model.SerializeToString(), {"x": self.rng.standard_normal(dims).astype(np.float32)}


def main() -> int:
    import numpy as np

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--engine", action="append", help="(default: onnxruntime and cpu)")
    parser.add_argument("--count", type=int, default=50, help="networks (50)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each engine (5)")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    os.environ["TENON_NUM_THREADS"] = str(THREADS)
    os.environ.setdefault("TENON_FALLBACK", "allow")
    engines, rows = arguments.engine or ["onnxruntime", "cpu"], []
    for seed in range(arguments.first, arguments.first + arguments.count):
        rows += measure(f"seed {seed}", Network(seed).build, engines, arguments.rounds)
    for engine in engines[1:]:
        ratios = [row["ratio"] for row in rows if row["engine"] == engine]
        points = ", ".join(f"p{p} {np.percentile(ratios, p):.2f}" for p in (5, 50, 95, 100))
        print(f"{engine} / {engines[0]}, {len(ratios)} networks: {points}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if all(row["right"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

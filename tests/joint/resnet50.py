# SPDX-License-Identifier: Apache-2.0
"""ResNet-50 (v1.5) as an ONNX model with seeded random weights and BatchNorm statistics, from
onnx.helper alone."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class _Builder:
    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def weight(self, value: np.ndarray) -> str:
        name = f"w{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(value.astype(np.float32), name))
        return name

    def __call__(self, op: str, *inputs: str, **attributes) -> str:
        output = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=output, **attributes))
        return output

    def conv_norm(self, x: str, cin: int, cout: int, kernel: int, stride: int = 1) -> str:
        w = self.rng.standard_normal((cout, cin, kernel, kernel)) * np.sqrt(2 / (cin * kernel**2))
        y = self("Conv", x, self.weight(w), kernel_shape=[kernel] * 2, strides=[stride] * 2,
                 pads=[kernel // 2] * 4)  # fmt: skip
        statistics = [
            self.rng.uniform(0.5, 1.5, cout),
            self.rng.uniform(-0.3, 0.3, cout),
            self.rng.uniform(-0.3, 0.3, cout),
            self.rng.uniform(0.5, 1.5, cout),
        ]
        return self("BatchNormalization", y, *(self.weight(s) for s in statistics), epsilon=1e-5)

    def bottleneck(self, x: str, cin: int, width: int, stride: int) -> str:
        y = self("Relu", self.conv_norm(x, cin, width, 1))
        y = self("Relu", self.conv_norm(y, width, width, 3, stride))
        y = self.conv_norm(y, width, 4 * width, 1)
        if stride != 1 or cin != 4 * width:
            x = self.conv_norm(x, cin, 4 * width, 1, stride)
        # Halved, so that sums of random blocks do not grow from layer to layer.
        half = self.weight(np.array(0.5))
        return self("Relu", self("Mul", self("Add", x, y), half))


def build_resnet50(seed: int = 0, size: int = 224) -> onnx.ModelProto:
    """float32 [batch, 3, size, size] -> float32 [batch, 1000]."""
    b = _Builder(seed)
    x = b("Relu", b.conv_norm("image", 3, 64, 7, 2))
    x = b("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = 64
    for width, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for i in range(blocks):
            x = b.bottleneck(x, channels, width, stride if i == 0 else 1)
            channels = 4 * width
    x = b("Flatten", b("GlobalAveragePool", x), axis=1)
    w = b.weight(b.rng.standard_normal((1000, channels)) / np.sqrt(channels))
    bias = b.weight(b.rng.standard_normal(1000) * 0.1)
    b.nodes.append(helper.make_node("Gemm", [x, w, bias], ["logits"], "logits", transB=1))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, size, size])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1000])
    graph = helper.make_graph(b.nodes, "resnet50", [image], [logits], b.initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    return model

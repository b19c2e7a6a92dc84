# SPDX-License-Identifier: Apache-2.0
"""Networks of public architectures with seeded random weights, as torch modules: for models.py and devices.py."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from transformer_models import Bert, Llama, Mamba, Vit


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int, squeezed: int, inner, gate):
        super().__init__()
        self.reduce, self.expand = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)
        self.inner, self.gate = inner, gate

    def forward(self, x):
        return x * self.gate(self.expand(self.inner(self.reduce(F.adaptive_avg_pool2d(x, 1)))))


def conv_norm(cin: int, cout: int, kernel: int = 1, stride: int = 1, groups: int = 1, act=None):
    layers = [nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(cout)]
    return nn.Sequential(*layers, *([act] if act else []))


class InvertedResidual(nn.Module):
    """Expand, depthwise, squeeze and excite, project."""

    def __init__(self, cin: int, wide: int, cout: int, kernel: int, stride: int, act, excite):
        super().__init__()
        layers = [conv_norm(cin, wide, act=act)] if wide != cin else []
        layers.append(conv_norm(wide, wide, kernel, stride, wide, act))
        layers += [excite] if excite else []
        self.layers = nn.Sequential(*layers, conv_norm(wide, cout))
        self.residual = stride == 1 and cin == cout

    def forward(self, x):
        return x + self.layers(x) if self.residual else self.layers(x)


class Classifier(nn.Module):
    def __init__(self, features: nn.Module, head: nn.Module):
        super().__init__()
        self.features, self.head = features, head

    def forward(self, x):
        return self.head(F.adaptive_avg_pool2d(self.features(x), 1).flatten(1))


def efficientnet_b0() -> nn.Module:
    layers, cin = [conv_norm(3, 32, 3, 2, act=nn.SiLU())], 32
    rows = [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3),
            (6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)]  # fmt: skip
    for expand, cout, count, stride, kernel in rows:
        for i in range(count):
            wide = cin * expand
            excite = SqueezeExcite(wide, max(1, cin // 4), nn.SiLU(), nn.Sigmoid())
            layers.append(
                InvertedResidual(cin, wide, cout, kernel, stride if i == 0 else 1, nn.SiLU(), excite)
            )
            cin = cout
    layers.append(conv_norm(cin, 1280, act=nn.SiLU()))
    return Classifier(nn.Sequential(*layers), nn.Linear(1280, 1000))


def mobilenet_v3(rows, last: int, hidden: int) -> nn.Module:
    layers, cin = [conv_norm(3, 16, 3, 2, act=nn.Hardswish())], 16
    for kernel, wide, cout, squeeze, act, stride in rows:
        excite = None
        if squeeze:
            excite = SqueezeExcite(wide, max(8, (wide // 4 + 4) // 8 * 8), nn.ReLU(), nn.Hardsigmoid())
        act = nn.ReLU() if act == "R" else nn.Hardswish()
        layers.append(InvertedResidual(cin, wide, cout, kernel, stride, act, excite))
        cin = cout
    layers.append(conv_norm(cin, last, act=nn.Hardswish()))
    head = nn.Sequential(nn.Linear(last, hidden), nn.Hardswish(), nn.Linear(hidden, 1000))
    return Classifier(nn.Sequential(*layers), head)


def mobilenet_v3_large() -> nn.Module:
    rows = [(3, 16, 16, 0, "R", 1), (3, 64, 24, 0, "R", 2), (3, 72, 24, 0, "R", 1), (5, 72, 40, 1, "R", 2),
            (5, 120, 40, 1, "R", 1), (5, 120, 40, 1, "R", 1), (3, 240, 80, 0, "H", 2), (3, 200, 80, 0, "H", 1),
            (3, 184, 80, 0, "H", 1), (3, 184, 80, 0, "H", 1), (3, 480, 112, 1, "H", 1), (3, 672, 112, 1, "H", 1),
            (5, 672, 160, 1, "H", 2), (5, 960, 160, 1, "H", 1), (5, 960, 160, 1, "H", 1)]  # fmt: skip
    return mobilenet_v3(rows, 960, 1280)


def mobilenet_v3_small() -> nn.Module:
    rows = [(3, 16, 16, 1, "R", 2), (3, 72, 24, 0, "R", 2), (3, 88, 24, 0, "R", 1), (5, 96, 40, 1, "H", 2),
            (5, 240, 40, 1, "H", 1), (5, 240, 40, 1, "H", 1), (5, 120, 48, 1, "H", 1), (5, 144, 48, 1, "H", 1),
            (5, 288, 96, 1, "H", 2), (5, 576, 96, 1, "H", 1), (5, 576, 96, 1, "H", 1)]  # fmt: skip
    return mobilenet_v3(rows, 576, 1024)


class ConvNeXtBlock(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(width, width, 7, padding=3, groups=width), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.scale = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x):
        y = self.mlp(self.norm(self.conv(x).permute(0, 2, 3, 1)))
        return x + (self.scale * y).permute(0, 3, 1, 2)


class ChannelNorm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def convnext_tiny() -> nn.Module:
    layers, cin = [nn.Conv2d(3, 96, 4, 4), ChannelNorm(96)], 96
    for width, depth in [(96, 3), (192, 3), (384, 9), (768, 3)]:
        layers += [ChannelNorm(cin), nn.Conv2d(cin, width, 2, 2)] if width != cin else []
        layers += [ConvNeXtBlock(width) for _ in range(depth)]
        cin = width
    return Classifier(nn.Sequential(*layers), nn.Sequential(nn.LayerNorm(768), nn.Linear(768, 1000)))


class WindowAttention(nn.Module):
    WINDOW = 7

    def __init__(self, width: int, heads: int, size: int, shift: bool):
        super().__init__()
        w = self.WINDOW
        self.heads, self.size, self.shift = heads, size, w // 2 if shift and size > w else 0
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.bias = nn.Parameter(torch.randn(1, heads, w * w, w * w) * 0.02)
        region = torch.zeros(size, size)
        if self.shift:
            edges = [slice(0, -w), slice(-w, -self.shift), slice(-self.shift, None)]
            for i in range(9):
                region[edges[i // 3], edges[i % 3]] = i
        ids = self.windows(region[None, :, :, None])[:, :, 0]
        self.register_buffer("mask", -100.0 * (ids[:, None, :] != ids[:, :, None]).float()[:, None])

    def windows(self, x):
        n, w = self.size // self.WINDOW, self.WINDOW
        return x.view(-1, n, w, n, w, x.shape[3]).transpose(2, 3).reshape(-1, w * w, x.shape[3])

    def forward(self, x):
        n, w, c = self.size // self.WINDOW, self.WINDOW, x.shape[3]
        if self.shift:
            x = torch.roll(x, (-self.shift, -self.shift), (1, 2))
        q, k, v = self.qkv(self.windows(x)).view(-1, w * w, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        scores = q * (c // self.heads) ** -0.5 @ k.transpose(2, 3) + self.bias
        if self.shift:
            scores = scores + self.mask
        y = self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, w * w, c))
        y = y.view(-1, n, n, w, w, c).transpose(2, 3).reshape(-1, self.size, self.size, c)
        return torch.roll(y, (self.shift, self.shift), (1, 2)) if self.shift else y


class SwinBlock(nn.Module):
    def __init__(self, width: int, heads: int, size: int, shift: bool):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = WindowAttention(width, heads, size, shift)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchMerging(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.norm, self.reduce = nn.LayerNorm(4 * width), nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x):
        parts = [x[:, i::2, j::2, :] for j in (0, 1) for i in (0, 1)]
        return self.reduce(self.norm(torch.cat(parts, -1)))


class SwinTiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches, self.norm = nn.Conv2d(3, 96, 4, 4), nn.LayerNorm(96)
        layers, width, size = [], 96, 56
        for i, (depth, heads) in enumerate([(2, 3), (2, 6), (6, 12), (2, 24)]):
            if i:
                layers.append(PatchMerging(width))
                width, size = 2 * width, size // 2
            layers += [SwinBlock(width, heads, size, bool(b % 2)) for b in range(depth)]
        self.layers, self.last, self.head = nn.Sequential(*layers), nn.LayerNorm(width), nn.Linear(width, 1000)

    def forward(self, x):
        x = self.norm(self.patches(x).permute(0, 2, 3, 1))
        return self.head(self.last(self.layers(x)).mean((1, 2)))


class GptBlock(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        n, length, width = x.shape
        q, k, v = (
            t.view(n, length, self.heads, width // self.heads).transpose(1, 2)
            for t in self.qkv(self.norm1(x)).split(width, 2)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(n, length, width))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Gpt2(nn.Module):
    def __init__(self, layers: int = 12, width: int = 768, heads: int = 12, vocabulary: int = 50257):
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(1024, width)
        self.blocks = nn.Sequential(*(GptBlock(width, heads) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)
        self.tokens.weight = self.head.weight

    def forward(self, ids):
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1], device=ids.device))
        return self.head(self.norm(self.blocks(x)))


def image():
    return torch.randn(1, 3, 224, 224)


def tokens(vocabulary: int, length: int):
    return lambda: torch.randint(0, vocabulary, (1, length))


ONNX_MODELS = {
    "MobileNetV3-S": (mobilenet_v3_small, image),
    "MobileNetV3": (mobilenet_v3_large, image),
    "EfficientNet-B0": (efficientnet_b0, image),
    "ConvNeXt-T": (convnext_tiny, image),
    "Swin-T": (SwinTiny, image),
    "ViT-B/16": (Vit, image),
    "BERT-base": (Bert, tokens(30522, 128)),
    "GPT-2": (Gpt2, tokens(50257, 64)),
    "Llama-style": (Llama, tokens(32000, 64)),
    "Mamba-style": (Mamba, tokens(8000, 32)),
}


def settle(model: nn.Module) -> nn.Module:
    """BatchNorm statistics that are not the initial ones, small last layers."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.8, 1.2)
    return model.eval()


def export(name: str, path: str) -> None:
    """The model as ONNX, and an input beside it."""
    import numpy as np

    torch.manual_seed(0)
    make, batch = ONNX_MODELS[name]
    model, x = settle(make()), batch()
    torch.onnx.export(model, (x,), path, dynamo=False, opset_version=18, input_names=["x"], output_names=["y"])
    np.savez(path + ".npz", x=x.numpy())


if __name__ == "__main__":
    import sys

    export(*sys.argv[1:])

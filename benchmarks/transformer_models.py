# SPDX-License-Identifier: Apache-2.0
"""Transformers and a state-space model of public architectures, as torch modules: for device_models.py."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Of `groups` heads of keys and values for `heads` of queries; `rotate` turns them by their places."""

    def __init__(self, width: int, heads: int, groups: int = 0, bias: bool = True, causal: bool = False, rotate=None):
        super().__init__()
        self.heads, self.groups, self.causal, self.rotate = heads, groups or heads, causal, rotate
        self.size = width // heads
        self.q = nn.Linear(width, width, bias=bias)
        self.k, self.v = (nn.Linear(width, self.groups * self.size, bias=bias) for _ in range(2))
        self.out = nn.Linear(width, width, bias=bias)

    def forward(self, x):
        n, length, width = x.shape
        split = lambda t, heads: t.view(n, length, heads, self.size).transpose(1, 2)  # noqa: E731
        q, k, v = split(self.q(x), self.heads), split(self.k(x), self.groups), split(self.v(x), self.groups)
        if self.rotate:
            q, k = self.rotate(q), self.rotate(k)
        if self.groups != self.heads:
            k, v = (t.repeat_interleave(self.heads // self.groups, 1) for t in (k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out(y.transpose(1, 2).reshape(n, length, width))


class EncoderBlock(nn.Module):
    def __init__(self, width: int, heads: int, norm_first: bool):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.norm_first = Attention(width, heads), norm_first
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        if self.norm_first:
            x = x + self.attention(self.norm1(x))
            return x + self.mlp(self.norm2(x))
        x = self.norm1(x + self.attention(x))
        return self.norm2(x + self.mlp(x))


class Bert(nn.Module):
    def __init__(self, layers: int = 12, width: int = 768, heads: int = 12, vocabulary: int = 30522):
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(512, width)
        self.norm = nn.LayerNorm(width)
        self.blocks = nn.Sequential(*(EncoderBlock(width, heads, False) for _ in range(layers)))

    def forward(self, ids):
        return self.blocks(self.norm(self.tokens(ids) + self.places(torch.arange(ids.shape[1]))))


class Vit(nn.Module):
    def __init__(self, layers: int = 12, width: int = 768, heads: int = 12):
        super().__init__()
        self.patches, self.norm = nn.Conv2d(3, width, 16, 16), nn.LayerNorm(width)
        self.first = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.places = nn.Parameter(torch.randn(1, 197, width) * 0.02)
        self.blocks = nn.Sequential(*(EncoderBlock(width, heads, True) for _ in range(layers)))
        self.head = nn.Linear(width, 1000)

    def forward(self, image):
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = self.blocks(torch.cat([self.first.expand(x.shape[0], 1, x.shape[2]), x], 1) + self.places)
        return self.head(self.norm(x)[:, 0])


class RmsNorm(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.scale


class LlamaBlock(nn.Module):
    def __init__(self, width: int, heads: int, groups: int, inner: int):
        super().__init__()
        self.norm1, self.norm2 = RmsNorm(width), RmsNorm(width)
        self.attention = Attention(width, heads, groups, bias=False, causal=True, rotate=self.rotate)
        self.gate, self.up = (nn.Linear(width, inner, bias=False) for _ in range(2))
        self.down = nn.Linear(inner, width, bias=False)

    @staticmethod
    def rotate(x):
        length, half = x.shape[2], x.shape[3] // 2
        angles = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(half) / half)
        cos, sin = angles.cos(), angles.sin()
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Llama(nn.Module):
    def __init__(self, layers: int = 8, width: int = 512, heads: int = 8, groups: int = 4, vocabulary: int = 32000):
        super().__init__()
        self.tokens, self.norm = nn.Embedding(vocabulary, width), RmsNorm(width)
        self.blocks = nn.Sequential(*(LlamaBlock(width, heads, groups, 1376) for _ in range(layers)))
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids):
        return self.head(self.norm(self.blocks(self.tokens(ids))))


class MambaBlock(nn.Module):
    """A selective state space: the scan is written out, token by token."""

    STATE, TAPS = 16, 4

    def __init__(self, width: int):
        super().__init__()
        inner = 2 * width
        self.norm, self.enter, self.out = RmsNorm(width), nn.Linear(width, 2 * inner), nn.Linear(inner, width)
        self.conv = nn.Conv1d(inner, inner, self.TAPS, padding=self.TAPS - 1, groups=inner)
        self.select, self.step = nn.Linear(inner, 2 * self.STATE + 8), nn.Linear(8, inner)
        self.decay = nn.Parameter(torch.log(torch.arange(1.0, self.STATE + 1)).repeat(inner, 1))

    def forward(self, x):
        length = x.shape[1]
        y, gate = self.enter(self.norm(x)).chunk(2, -1)
        y = F.silu(self.conv(y.transpose(1, 2))[..., :length]).transpose(1, 2)
        b, c, step = self.select(y).split([self.STATE, self.STATE, 8], -1)
        step = F.softplus(self.step(step))
        keep = torch.exp(-step[..., None] * self.decay.exp())
        add = (step * y)[..., None] * b[:, :, None]
        state, rows = torch.zeros_like(add[:, 0]), []
        for t in range(length):
            state = keep[:, t] * state + add[:, t]
            rows.append((state * c[:, t, None]).sum(-1))
        return x + self.out(torch.stack(rows, 1) * F.silu(gate))


class Mamba(nn.Module):
    def __init__(self, layers: int = 4, width: int = 256, vocabulary: int = 8000):
        super().__init__()
        self.tokens, self.norm = nn.Embedding(vocabulary, width), RmsNorm(width)
        self.blocks = nn.Sequential(*(MambaBlock(width) for _ in range(layers)))
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids):
        return self.head(self.norm(self.blocks(self.tokens(ids))))

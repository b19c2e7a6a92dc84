# SPDX-License-Identifier: Apache-2.0
"""Small models that between them use what training in PyTorch is made of.

No parameter has a gradient that is zero by construction (a bias in front of BatchNorm, a bias of
attention's keys): Adam turns the rounding noise of such a gradient into full steps, and then two correct
float32 runs end up anywhere.
"""

import torch
from torch import nn
from torch.nn import functional as F


class ConvNet(nn.Module):
    """Convolutions (plain, strided, grouped), BatchNorm, MaxPool, a residual, average pooling."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.depthwise = nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False)
        self.norm2 = nn.BatchNorm2d(16)
        self.down = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.norm(self.stem(x))))
        x = x + F.relu(self.norm2(self.depthwise(x)))
        return self.head(F.adaptive_avg_pool2d(F.relu(self.down(x)), 1).flatten(1))

    @staticmethod
    def batch(generator):
        return torch.randn(16, 3, 16, 16, generator=generator), torch.randint(0, 10, (16,), generator=generator)


class Transformer(nn.Module):
    """Embedding, attention, LayerNorm, GELU, and a strided view (every second token) at the end."""

    def __init__(self, width=32, heads=4):
        super().__init__()
        self.heads = heads
        self.tokens = nn.Embedding(50, width)
        self.positions = nn.Parameter(torch.zeros(12, width))
        nn.init.normal_(self.positions, std=0.1)
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        n, length = x.shape
        h = self.tokens(x) + self.positions
        q, k, v = self.qkv(self.norm1(h)).view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        h = h + self.out(attended.transpose(1, 2).reshape(n, length, -1))
        h = h + self.down(F.gelu(self.up(self.norm2(h))))
        return self.head(h[:, ::2].mean(1))

    @staticmethod
    def batch(generator):
        return (torch.randint(0, 50, (16, 12), generator=generator),
                torch.randint(0, 10, (16,), generator=generator))  # fmt: skip


class Perceptron(nn.Module):
    """Linear layers over a transposed, strided view of the input, with tanh and dropout off."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(24, 48)
        self.second = nn.Linear(48, 10)

    def forward(self, x):
        x = x.transpose(1, 2)[:, 1::2, :].flatten(1)
        return self.second(torch.tanh(self.first(x)))

    @staticmethod
    def batch(generator):
        return torch.randn(32, 6, 8, generator=generator), torch.randint(0, 10, (32,), generator=generator)


MODELS = {"conv": ConvNet, "attention": Transformer, "perceptron": Perceptron}

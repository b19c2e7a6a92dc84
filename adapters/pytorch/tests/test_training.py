# SPDX-License-Identifier: Apache-2.0
"""Gradients against the CPU in float64, optimizers, small models, with fallback forbidden."""

import copy
import subprocess
import sys

import pytest
import torch
import torch_tenon
from common import DEVICE, check_gradients, to_device

F = torch.nn.functional


def leaf(*shape):
    return torch.randn(*shape).requires_grad_()


@pytest.mark.parametrize(
    "function",
    [torch.tanh, torch.sigmoid, torch.relu, F.gelu, lambda t: F.gelu(t, approximate="tanh"), F.silu,
     F.elu, F.softplus, F.hardtanh, F.hardswish, F.hardsigmoid, F.leaky_relu, F.logsigmoid,
     torch.exp, torch.sin, torch.erf, F.mish, F.relu6],
)  # fmt: skip
def test_activations(function):
    check_gradients(function, leaf(4, 7))
    check_gradients(function, torch.randn(7, 4).t().requires_grad_())


def test_products_and_reductions():
    check_gradients(lambda a, b: a @ b, leaf(3, 4), leaf(4, 5))
    check_gradients(lambda a, b: torch.matmul(a, b), leaf(2, 3, 4), leaf(4, 5))
    check_gradients(F.linear, leaf(3, 4), leaf(5, 4), leaf(5))
    check_gradients(lambda a: a.mean(1), leaf(3, 4))
    check_gradients(lambda a: a.var(1), leaf(3, 4))
    check_gradients(lambda a: a.amax(1), leaf(3, 4))
    check_gradients(lambda a: a.norm(), leaf(3, 4))
    check_gradients(lambda a: a.max(dim=1), leaf(3, 4))
    check_gradients(lambda a: a.cumsum(1), leaf(3, 4))
    check_gradients(lambda a, b: torch.cat([a, b], 1), leaf(3, 4), leaf(3, 2))
    check_gradients(lambda a: a[torch.tensor([0, 2, 2], device=a.device)], leaf(4, 3))
    check_gradients(lambda a, b: a * b / (b * b + 1) - a**2, leaf(3, 4), leaf(4))
    check_gradients(lambda a: a.clamp(-0.5, 0.5), leaf(3, 4))
    check_gradients(lambda a: a.gather(1, torch.zeros(3, 2, dtype=torch.long, device=a.device)),
                    leaf(3, 4))  # fmt: skip


@pytest.mark.parametrize("kwargs", [{}, {"stride": 2, "padding": 1}, {"dilation": 2}, {"groups": 2}])
def test_convolutions(kwargs):
    groups = kwargs.get("groups", 1)
    check_gradients(lambda x, w, b: F.conv2d(x, w, b, **kwargs),
                    leaf(2, 4, 9, 8), leaf(6, 4 // groups, 3, 3), leaf(6))  # fmt: skip
    check_gradients(lambda x, w: F.conv1d(x, w, **kwargs), leaf(2, 4, 9), leaf(6, 4 // groups, 3))
    check_gradients(lambda x, w, b: F.conv_transpose2d(x, w, b, **kwargs),
                    leaf(2, 4, 5, 5), leaf(4, 6 // groups, 3, 3), leaf(6))  # fmt: skip


def test_channels_last():
    x = torch.randn(2, 4, 8, 8).to(memory_format=torch.channels_last).requires_grad_()
    check_gradients(lambda x, w: F.conv2d(x, w), x, leaf(4, 4, 3, 3))
    y = F.conv2d(to_device(x), torch.randn(4, 4, 3, 3, device=DEVICE))
    assert y.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm(affine, training):
    host = torch.nn.BatchNorm2d(4, affine=affine).double()
    device = copy.deepcopy(host).float().to(DEVICE)
    host.train(training)
    device.train(training)
    x = torch.randn(3, 4, 5, 5, dtype=torch.float64).requires_grad_()
    d = x.detach().float().to(DEVICE).requires_grad_()
    weights = torch.randn(3, 4, 5, 5, dtype=torch.float64)
    host(x).backward(weights)
    device(d).backward(weights.float().to(DEVICE))
    torch.testing.assert_close(d.grad.cpu().double(), x.grad, rtol=1e-4, atol=1e-4)
    for a, b in zip(device.parameters(), host.parameters()):
        torch.testing.assert_close(a.grad.cpu().double(), b.grad, rtol=1e-4, atol=1e-4)
    for a, b in zip(device.buffers(), host.buffers()):
        torch.testing.assert_close(a.cpu().double(), b.double(), rtol=1e-4, atol=1e-4)


def test_other_normalizations():
    check_gradients(lambda x, w, b: F.layer_norm(x, (5,), w, b), leaf(3, 4, 5), leaf(5), leaf(5))
    check_gradients(lambda x: F.layer_norm(x, (4, 5)), leaf(3, 4, 5))
    check_gradients(lambda x: F.softmax(x, 1), leaf(3, 4, 5))
    check_gradients(lambda x: F.log_softmax(x, -1), leaf(3, 4, 5))


def test_pooling():
    x = lambda: leaf(2, 3, 8, 8)  # noqa: E731
    check_gradients(lambda x: F.max_pool2d(x, 2), x())
    check_gradients(lambda x: F.max_pool2d(x, 3, 2, 1), x())
    check_gradients(lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), x())
    check_gradients(lambda x: F.avg_pool2d(x, 2), x())
    check_gradients(lambda x: F.avg_pool2d(x, 3, 2, 1), x())
    check_gradients(lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), x())
    check_gradients(lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True), x())
    check_gradients(lambda x: F.adaptive_avg_pool2d(x, 1), x())
    check_gradients(lambda x: F.adaptive_avg_pool2d(x, 4), x())
    check_gradients(lambda x: F.max_pool1d(x, 2), leaf(2, 3, 8))


def test_losses():
    target = torch.tensor([1, 0, 3, -100])
    for reduction in ("mean", "sum", "none"):
        check_gradients(lambda x, t: F.cross_entropy(x, t, reduction=reduction), leaf(4, 5), target)
        check_gradients(lambda x, y: F.mse_loss(x, y, reduction=reduction), leaf(3, 4), leaf(3, 4))
        check_gradients(lambda x, y: F.smooth_l1_loss(x, y, reduction=reduction),
                        leaf(3, 4), torch.randn(3, 4))  # fmt: skip
        check_gradients(lambda x, y: F.huber_loss(x, y, reduction=reduction),
                        leaf(3, 4), torch.randn(3, 4))  # fmt: skip
    check_gradients(lambda x, t, w: F.cross_entropy(x, t, w), leaf(4, 5), target, torch.rand(5))
    check_gradients(lambda x, t: F.cross_entropy(x, t), leaf(2, 5, 3), torch.randint(0, 5, (2, 3)))
    check_gradients(lambda x, t: F.cross_entropy(x, t), leaf(2, 5, 3, 3),
                    torch.randint(0, 5, (2, 3, 3)))  # fmt: skip
    check_gradients(lambda x, y: F.binary_cross_entropy(torch.sigmoid(x), y), leaf(4), torch.rand(4))
    check_gradients(F.binary_cross_entropy_with_logits, leaf(4), torch.rand(4))
    check_gradients(F.l1_loss, leaf(4), torch.rand(4))


def test_embedding():
    index = torch.tensor([[0, 2, 2], [5, 1, 0]])
    check_gradients(lambda w, i: F.embedding(i, w), leaf(6, 4), index)
    check_gradients(lambda w, i: F.embedding(i, w, padding_idx=2), leaf(6, 4), index)


@pytest.mark.parametrize("causal", [False, True])
def test_attention(causal):
    q, k, v = leaf(2, 3, 5, 8), leaf(2, 3, 5, 8), leaf(2, 3, 5, 8)
    check_gradients(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal), q, k, v
    )
    mask = torch.rand(5, 5) > 0.3
    mask[:, 0] = True
    check_gradients(
        lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, attn_mask=m), q, k, v, mask
    )


def test_dropout_gradient():
    x = torch.ones(1000, device=DEVICE, requires_grad=True)
    y = F.dropout(x, 0.4)
    y.sum().backward()
    assert torch.equal(x.grad.cpu() != 0, y.detach().cpu() != 0)
    torch.testing.assert_close(x.grad.cpu(), y.detach().cpu())


OPTIMIZERS = [
    (torch.optim.SGD, {"lr": 0.1}),
    (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "fused": True}),
    (torch.optim.Adam, {"lr": 0.01, "fused": True}),
    (torch.optim.Adam, {"lr": 0.01, "amsgrad": True}),
    (torch.optim.AdamW, {"lr": 0.01}),
    (torch.optim.AdamW, {"lr": 0.01, "foreach": True}),
    (torch.optim.AdamW, {"lr": 0.01, "fused": True, "amsgrad": True}),
]


@pytest.mark.parametrize("optimizer, kwargs", OPTIMIZERS)
def test_optimizers(optimizer, kwargs):
    host = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    device = copy.deepcopy(host).to(DEVICE)
    plain = {k: v for k, v in kwargs.items() if k not in ("fused", "foreach")}
    a, b = optimizer(host.parameters(), **plain), optimizer(device.parameters(), **kwargs)
    x, y = torch.randn(10, 6), torch.randint(0, 3, (10,))
    for _ in range(5):
        for model, step, where in ((host, a, "cpu"), (device, b, DEVICE)):
            step.zero_grad()
            F.cross_entropy(model(x.to(where)), y.to(where)).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            step.step()
    for p, q in zip(device.parameters(), host.parameters()):
        torch.testing.assert_close(p.detach().cpu(), q.detach(), rtol=1e-4, atol=1e-5)
    assert not torch_tenon.fallback_counts()


class Residual(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.BatchNorm2d(8))
        self.second = torch.nn.Sequential(torch.nn.Conv2d(8, 8, 3, padding=1),
                                          torch.nn.BatchNorm2d(8))  # fmt: skip
        self.head = torch.nn.Linear(8, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.first(x)), 2)
        x = F.relu(self.second(x) + x)
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Transformer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(20, 16)
        layer = torch.nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True)
        self.layers = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = torch.nn.Linear(16, 4)

    def forward(self, x):
        return self.head(self.layers(self.embed(x)).mean(1))


@pytest.mark.parametrize("make, inputs", [
    (Residual, lambda: torch.randn(4, 3, 8, 8)),
    (Transformer, lambda: torch.randint(0, 20, (4, 7))),
])  # fmt: skip
def test_models_train_as_on_the_cpu(make, inputs):
    host = make()
    device = copy.deepcopy(host).to(DEVICE)
    a = torch.optim.AdamW(host.parameters(), lr=1e-3)
    b = torch.optim.AdamW(device.parameters(), lr=1e-3)
    x, y = inputs(), torch.randint(0, 4, (4,))
    for _ in range(4):
        losses = []
        for model, step, where in ((host, a, "cpu"), (device, b, DEVICE)):
            step.zero_grad()
            loss = F.cross_entropy(model(x.to(where)), y.to(where))
            loss.backward()
            step.step()
            losses.append(loss.item())
        assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    host.eval()
    device.eval()
    with torch.no_grad():
        torch.testing.assert_close(device(x.to(DEVICE)).cpu(), host(x), rtol=1e-2, atol=1e-3)
    assert not torch_tenon.fallback_counts()


def test_autocast():
    model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.LayerNorm(8)).to(DEVICE)
    x = torch.randn(4, 8, device=DEVICE)
    with torch.autocast("tenon", dtype=torch.bfloat16):
        y = model[0](x)
        assert y.dtype == torch.bfloat16
        assert torch.softmax(y, -1).dtype == torch.float32
        loss = F.cross_entropy(model(x), torch.zeros(4, dtype=torch.long, device=DEVICE))
    loss.backward()
    assert model[0].weight.grad.dtype == torch.float32


def test_process_ends_after_a_backward():
    program = (
        "import torch, torch_tenon\n"
        "x = torch.randn(8, 8, device='tenon', requires_grad=True)\n"
        "(x @ x).sum().backward()\n"
    )
    for _ in range(3):
        assert subprocess.run([sys.executable, "-c", program], timeout=120).returncode == 0


@pytest.mark.parametrize("make", [torch.nn.LSTM, torch.nn.GRU, torch.nn.RNN])
def test_recurrent(make):
    host = make(3, 4, num_layers=2, batch_first=True)
    device = copy.deepcopy(host).to(DEVICE)
    x = torch.randn(2, 5, 3)
    expected, actual = host(x)[0], device(x.to(DEVICE))[0]
    torch.testing.assert_close(actual.detach().cpu(), expected.detach(), rtol=1e-4, atol=1e-5)
    expected.square().sum().backward()
    actual.square().sum().backward()
    for p, q in zip(device.parameters(), host.parameters()):
        torch.testing.assert_close(p.grad.cpu(), q.grad, rtol=1e-3, atol=1e-4)


def test_group_norm():
    check_gradients(lambda x, w, b: F.group_norm(x, 2, w, b), leaf(3, 4, 5, 5), leaf(4), leaf(4))
    check_gradients(lambda x: F.group_norm(x, 4), leaf(3, 4, 5))

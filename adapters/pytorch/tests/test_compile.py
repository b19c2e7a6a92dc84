# SPDX-License-Identifier: Apache-2.0
"""torch.compile: with its defaults and each backend it computes what eager does, and says so once."""

import os
import subprocess
import sys
import warnings

import pytest
import torch
from common import DEVICE
from torch import nn
from torch_tenon import _compile

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()
    _compile._warned = False
    yield
    torch._dynamo.reset()


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.LayerNorm(8), nn.Linear(8, 2)).to(DEVICE)


def compiled_quietly(function, *args):
    """function(*args) and how often the warning was heard."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        result = function(*args)
    return result, sum("Inductor" in str(w.message) for w in seen)


OPTIONS = [
    {},
    {"backend": "inductor"},
    {"fullgraph": True},
    {"dynamic": True},
    {"mode": "reduce-overhead"},
    {"mode": "max-autotune"},
    {"options": {"max_autotune": True}},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_default_backend_runs_eagerly_and_says_so_once(options):
    eager = model()
    with torch.device(DEVICE):
        compiled = torch.compile(eager, **options)
    heard = 0
    for batch in (4, 4, 7):
        x = torch.randn(batch, 6, device=DEVICE)
        y, warned = compiled_quietly(compiled, x)
        heard += warned
        assert torch.equal(y.cpu(), eager(x).cpu())
        y.sum().backward()
        gradients = [p.grad.cpu() for p in eager.parameters()]
        eager.zero_grad()
        eager(x).sum().backward()
        for got, parameter in zip(gradients, eager.parameters()):
            assert torch.equal(got, parameter.grad.cpu())
        eager.zero_grad()
    assert heard == 1
    with torch.no_grad(), torch.inference_mode():
        assert torch.equal(compiled(x).cpu(), eager(x).cpu())


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_other_backends_are_not_warned_of(backend):
    eager = model()
    compiled = torch.compile(eager, backend=backend, fullgraph=True)
    x = torch.randn(4, 6, device=DEVICE)
    y, warned = compiled_quietly(compiled, x)
    assert warned == 0
    torch.testing.assert_close(y, eager(x))
    y.square().sum().backward()
    got = [p.grad.clone() for p in eager.parameters()]
    eager.zero_grad()
    eager(x).square().sum().backward()
    for gradient, parameter in zip(got, eager.parameters()):
        torch.testing.assert_close(gradient, parameter.grad)


def test_a_training_loop_learns():
    net = torch.compile(model())
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2)
    x, y = torch.randn(32, 6, device=DEVICE), torch.randint(2, (32,), device=DEVICE)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_fullgraph_still_forbids_breaks():
    @torch.compile(fullgraph=True)
    def breaks(x):
        return x + 1 if x.sum().item() > 0 else x - 1

    with pytest.raises(torch._dynamo.exc.TorchDynamoException):
        breaks(torch.ones(3, device=DEVICE))

    @torch.compile
    def broken(x):
        return x + 1 if x.sum() > 0 else x - 1

    assert torch.equal(broken(torch.ones(3, device=DEVICE)).cpu(), torch.full((3,), 2.0))


def test_graphs_that_make_or_move_tensors():
    @torch.compile
    def makes(n):
        return torch.arange(n, device=DEVICE) * 2

    @torch.compile
    def moves(x):
        return x.to(DEVICE) + 1

    assert torch.equal(makes(5).cpu(), torch.arange(5) * 2)
    assert torch.equal(moves(torch.ones(3)).cpu(), torch.full((3,), 2.0))


def test_streams_inside_a_graph():
    side = torch.tenon.Stream()

    @torch.compile(backend="eager")
    def streams(x):
        with torch.tenon.stream(side):
            y = x * 2
        torch.tenon.current_stream().wait_stream(side)
        return y + 1

    assert torch.equal(streams(torch.ones(3, device=DEVICE)).cpu(), torch.full((3,), 3.0))


def test_graphs_without_tenon_are_left_to_inductor():
    import torch._inductor.compile_fx as inductor

    called = []

    def inner(graph, inputs, **kwargs):
        called.append(graph)
        return graph.forward

    def traced(device):
        graph = torch.fx.symbolic_trace(lambda x: (x + 1,))
        return inductor.compile_fx(graph, [torch.ones(3, device=device)], inner_compile=inner)

    traced("cpu")
    assert called
    called.clear()
    traced(DEVICE)
    assert not called


def test_aot_inductor_is_refused_clearly():
    exported = torch.export.export(model(), (torch.randn(4, 6, device=DEVICE),))
    with pytest.raises(Exception, match="AOTInductor generates no code for tenon"):
        torch._inductor.aoti_compile_and_package(exported)


def test_the_compiler_is_not_imported_before_it_is_used():
    program = "import sys, torch, torch_tenon; assert 'torch._inductor.compile_fx' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], env=os.environ, check=True, timeout=120)

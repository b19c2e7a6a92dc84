# SPDX-License-Identifier: Apache-2.0
"""Memory, views, copies, streams, random state."""

import gc
import io
import threading

import pytest
import torch
from common import DEVICE, assert_same, check, to_device


def test_device_names_and_defaults():
    assert torch.tenon.is_available() and torch.tenon.device_count() >= 1
    tensor = torch.empty(3, device="tenon")
    assert tensor.device == torch.device(DEVICE) and tensor.is_tenon
    assert torch.accelerator.current_accelerator().type == "tenon"
    assert torch.tenon.get_device_name()
    with pytest.raises(RuntimeError, match="does not exist"):
        torch.empty(1, device="tenon:15")


@pytest.mark.parametrize(
    "dtype",
    [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.uint8,
     torch.int16, torch.int32, torch.int64, torch.bool, torch.complex64, torch.complex128],
)  # fmt: skip
def test_round_trip(dtype):
    source = torch.randint(0, 2, (4, 5, 6)).to(dtype)
    assert torch.equal(source.to(DEVICE).cpu(), source)
    assert torch.equal(source.permute(2, 0, 1).to(DEVICE).cpu(), source.permute(2, 0, 1))
    strided = source.to(DEVICE)[::2, :, 1::3]
    assert torch.equal(strided.cpu(), source[::2, :, 1::3])
    assert torch.equal(strided.contiguous().cpu(), source[::2, :, 1::3])


def test_copies_cast_and_broadcast():
    source = torch.randn(3, 4)
    target = torch.zeros(2, 3, 4, dtype=torch.float64, device=DEVICE)
    target.copy_(source.to(DEVICE))
    assert_same(target, source.double().expand(2, 3, 4).contiguous())
    target.transpose(0, 2).copy_(torch.arange(2.0))
    host = torch.zeros(4, 3, dtype=torch.float16)
    host.copy_(source.to(DEVICE).t())
    assert torch.equal(host, source.t().half())


def test_pinned_memory_and_non_blocking():
    source = torch.randn(1000).pin_memory()
    assert source.is_pinned()
    there = source.to(DEVICE, non_blocking=True)
    back = torch.empty(1000).pin_memory()
    back.copy_(there, non_blocking=True)
    torch.tenon.synchronize()
    assert torch.equal(back, source)


def test_views():
    x = torch.arange(24.0)
    for view in (
        lambda t: t.view(4, 6).t()[1:, ::2],
        lambda t: t.as_strided((3, 3), (1, 2), 4),
        lambda t: t.view(2, 3, 4).permute(2, 0, 1).reshape(4, 6),
        lambda t: t.unfold(0, 4, 2),
        lambda t: t.view(2, 12).expand(3, 2, 12).select(2, 3),
        lambda t: t.view(torch.int32),
    ):
        check(view, x)


def test_resize_and_set():
    x = torch.arange(6.0, device=DEVICE)
    x.resize_(12)
    assert torch.equal(x[:6].cpu(), torch.arange(6.0))
    y = torch.empty(0, device=DEVICE)
    y.set_(x.untyped_storage(), 2, (2, 2), (2, 1))
    assert torch.equal(y.cpu(), torch.arange(2.0, 6.0).view(2, 2))


def test_in_place_on_transposed_and_overlapping_views():
    x = torch.randn(5, 5)
    d = to_device(x)
    x.t().add_(1).mul_(x.t())
    d.t().add_(1).mul_(d.t())
    assert_same(d, x)
    x.t().copy_(x.clone())
    d.t().copy_(d.clone())
    assert_same(d, x)
    x[1:].copy_(x[:-1].clone())
    d[1:].copy_(d[:-1].clone())
    assert_same(d, x)
    with pytest.raises(RuntimeError):
        torch.ones(1, device=DEVICE).expand(3).add_(1)


def test_free_while_queued():
    x = torch.randn(200, 200, device=DEVICE)
    expected = x.cpu()
    for _ in range(20):
        temporary = x @ x
        del temporary
        y = x + 1
        y = y - 1
    torch.testing.assert_close(y.cpu(), expected, rtol=1e-5, atol=1e-5)


def test_reuse_across_streams():
    side = torch.tenon.Stream()
    assert side != torch.tenon.current_stream()
    x = torch.randn(300, 300, device=DEVICE)
    want = x.cpu() @ x.cpu()
    side.wait_stream(torch.tenon.current_stream())
    with torch.tenon.stream(side):
        assert torch.tenon.current_stream() == side
        y = x @ x
    x.record_stream(side)
    del x
    noise = [torch.randn(300, 300, device=DEVICE) for _ in range(4)]
    torch.tenon.current_stream().wait_stream(side)
    torch.testing.assert_close(y.cpu(), want, rtol=1e-4, atol=1e-4)
    assert noise and torch.tenon.current_stream() != side


def test_events():
    start, end = torch.tenon.Event(enable_timing=True), torch.tenon.Event(enable_timing=True)
    start.record()
    torch.randn(100, 100, device=DEVICE).mm(torch.randn(100, 100, device=DEVICE))
    end.record()
    end.synchronize()
    assert end.query() and start.elapsed_time(end) >= 0


def test_random_state():
    torch.manual_seed(7)
    first = torch.randn(100, device=DEVICE)
    state = torch.tenon.get_rng_state()
    second = torch.rand(100, device=DEVICE)
    torch.tenon.set_rng_state(state)
    assert torch.equal(torch.rand(100, device=DEVICE).cpu(), second.cpu())
    torch.manual_seed(7)
    assert torch.equal(torch.randn(100, device=DEVICE).cpu(), first.cpu())
    generator = torch.Generator(device=DEVICE).manual_seed(3)
    a = torch.rand(50, device=DEVICE, generator=generator)
    generator.manual_seed(3)
    assert torch.equal(a.cpu(), torch.rand(50, device=DEVICE, generator=generator).cpu())


def test_random_distributions():
    n = 20000
    normal = torch.empty(n, device=DEVICE).normal_(2, 3).cpu()
    assert abs(normal.mean() - 2) < 0.1 and abs(normal.std() - 3) < 0.1
    uniform = torch.empty(n, device=DEVICE).uniform_(-1, 1).cpu()
    assert uniform.min() >= -1 and uniform.max() < 1 and abs(uniform.mean()) < 0.03
    coins = torch.empty(n, device=DEVICE).bernoulli_(0.25).cpu()
    assert abs(coins.mean() - 0.25) < 0.02
    numbers = torch.randint(3, 9, (n,), device=DEVICE).cpu()
    assert numbers.min() == 3 and numbers.max() == 8
    order = torch.randperm(100, device=DEVICE).cpu()
    assert torch.equal(order.sort().values, torch.arange(100))
    drawn = torch.multinomial(torch.tensor([0.0, 1.0, 3.0], device=DEVICE), 4000, True).cpu()
    assert (drawn == 0).sum() == 0 and abs((drawn == 2).float().mean() - 0.75) < 0.05
    y = torch.nn.functional.dropout(torch.ones(n, device=DEVICE), 0.2).cpu()
    assert abs((y == 0).float().mean() - 0.2) < 0.02 and torch.allclose(y.max(), torch.tensor(1.25))


def test_save_and_load():
    state = {"a": torch.randn(3, 4, device=DEVICE), "b": torch.arange(5, device=DEVICE)}
    state["view"] = state["a"].t()
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    loaded = torch.load(buffer)
    for name, tensor in state.items():
        assert loaded[name].device == tensor.device
        assert torch.equal(loaded[name].cpu(), tensor.cpu())
    buffer.seek(0)
    assert torch.load(buffer, map_location="cpu")["a"].device.type == "cpu"


def test_modules_keep_tied_weights():
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 4))
    model[1].weight = model[0].weight
    model.to(DEVICE)
    assert model[1].weight is model[0].weight
    restored = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)).to(DEVICE)
    restored.load_state_dict(model.state_dict())
    assert torch.equal(restored[0].weight.cpu(), model[0].weight.cpu())


def test_memory_returns_to_the_pool():
    gc.collect()
    before = torch.tenon.memory_allocated()
    x = torch.empty(1 << 20, device=DEVICE)
    assert torch.tenon.memory_allocated() >= before + (4 << 20)
    del x
    assert torch.tenon.memory_allocated() == before
    torch.tenon.empty_cache()


def test_threads_share_a_device():
    errors = []

    def work(seed):
        try:
            x = torch.full((64, 64), float(seed), device=DEVICE)
            with torch.tenon.stream(torch.tenon.Stream()):
                x.record_stream(torch.tenon.current_stream())
            for _ in range(20):
                x = (x + 1) * 1
            assert torch.equal(x.cpu(), torch.full((64, 64), seed + 20.0))
        except Exception as error:  # noqa: BLE001  reported below
            errors.append(error)

    # Calls on one stream are the caller's to serialise, so each thread has its own.
    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
        thread.join()
    assert not errors


def test_item_and_printing():
    x = torch.tensor([[1.5, 2.0], [3.0, -1.0]], device=DEVICE)
    assert x[0, 0].item() == 1.5 and x.max().item() == 3 and bool((x > -2).all())
    assert "1.5" in repr(x) and "tenon:0" in repr(x)
    assert x.tolist() == [[1.5, 2.0], [3.0, -1.0]]

# SPDX-License-Identifier: Apache-2.0
"""accelerate takes a tenon device where it would have taken the CPU, and the CPU where asked to."""

import pytest
import torch
from accelerate import Accelerator, infer_auto_device_map, load_checkpoint_and_dispatch
from accelerate.utils import get_balanced_memory, get_max_memory
from accelerate.utils.memory import clear_device_cache
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

TENON = torch.device("tenon:0")


def net():
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.Linear(16, 1))


@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_training(precision):
    accelerator = Accelerator(mixed_precision=precision, gradient_accumulation_steps=2)
    assert accelerator.device == TENON
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    x = torch.randn(64, 8)
    loader = DataLoader(TensorDataset(x, x[:, :1] * 2), batch_size=16)
    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    assert next(model.parameters()).device == TENON
    losses = []
    for _ in range(10):
        for batch, target in loader:
            assert batch.device == TENON
            with accelerator.accumulate(model):
                loss = nn.functional.mse_loss(model(batch), target)
                accelerator.backward(loss)
                accelerator.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()
        losses.append(accelerator.gather(loss.detach()).mean().item())
    assert losses[-1] < losses[0] / 2


def test_state_is_saved_and_loaded(tmp_path):
    accelerator = Accelerator()
    model, optimizer = accelerator.prepare(net(), torch.optim.AdamW(net().parameters()))
    before = [p.detach().cpu() for p in model.parameters()]
    accelerator.save_state(tmp_path)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    accelerator.load_state(tmp_path)
    for want, got in zip(before, model.parameters()):
        assert got.device == TENON and torch.equal(got.detach().cpu(), want)


def test_the_cpu_where_it_is_asked_for():
    assert Accelerator(cpu=True).device == torch.device("cpu")


def test_float16_is_refused_by_name():
    with pytest.raises(ValueError, match="fp16.*'tenon'"):
        Accelerator(mixed_precision="fp16")


def test_memory_by_device():
    count = torch.tenon.device_count()
    found = get_max_memory()
    assert list(found) == [*range(count), "cpu"] and all(size > 0 for size in found.values())
    assert get_max_memory({"cpu": "1GB", 0: "1MB"}) == {0: 10**6, "cpu": 10**9}
    with pytest.raises(ValueError, match="names device 99"):
        get_max_memory({99: "1GB"})
    assert set(get_balanced_memory(net())) == set(found)


def test_device_map_auto(tmp_path):
    source = net()
    Accelerator(cpu=True).save_model(source, tmp_path)
    x = torch.randn(3, 8)
    want = source(x)
    model = load_checkpoint_and_dispatch(net(), tmp_path, device_map="auto")
    assert {p.device.type for p in model.parameters()} == {"tenon"}
    first = next(model.parameters()).device  # Of several devices, the one that it chose.
    torch.testing.assert_close(model(x.to(first)).cpu(), want)
    # Too little memory for all of it: the rest waits on the CPU and visits the device.
    limits = {0: 1700, "cpu": 10**9}
    assert set(infer_auto_device_map(net(), max_memory=limits).values()) == {0, "cpu"}
    model = load_checkpoint_and_dispatch(net(), tmp_path, device_map="auto", max_memory=limits)
    torch.testing.assert_close(model(x).cpu(), want)


def test_clearing_the_cache_empties_the_pool():
    held = torch.empty(32 << 20, dtype=torch.uint8, device=TENON)
    reserved = torch.tenon.memory_reserved()
    del held
    clear_device_cache()
    assert torch.tenon.memory_reserved() <= reserved - (32 << 20)

# SPDX-License-Identifier: Apache-2.0
"""torch.accelerator, torch.tenon and torch.Stream/Event, as code that knows no device uses them."""

import os
import subprocess
import sys

import pytest
import torch
from common import DEVICE

MEBIBYTE = 1 << 20


def test_accelerator_finds_the_devices():
    here = torch.accelerator.current_accelerator(check_available=True)
    assert here == torch.device("tenon") and torch.accelerator.is_available()
    assert torch.get_device_module() is torch.tenon
    assert torch.accelerator.device_count() == torch.tenon.device_count() >= 1
    assert torch.accelerator.current_device_index() == 0
    torch.accelerator.set_device_index(0)
    torch.accelerator.set_device_index("tenon:0")
    with torch.accelerator.device_index(0), torch.accelerator.device_index(None):
        assert torch.empty(1, device=here).device == torch.device(DEVICE)
    with pytest.raises(RuntimeError, match="does not exist"):
        torch.accelerator.set_device_index(9)
    with pytest.raises(RuntimeError, match="does not exist"):
        torch.tenon.set_device(256)  # Is 0 in torch's eight bits.
    assert torch.device(0) == torch.device(DEVICE)  # An index alone is the accelerator's.
    types = torch.accelerator.get_device_capability()["supported_dtypes"]
    assert {torch.float32, torch.bfloat16, torch.int64, torch.bool} <= types
    assert torch.complex64 not in types and torch.qint8 not in types


def test_capability_names_types_that_convert():
    types = torch.accelerator.get_device_capability()["supported_dtypes"]
    source = torch.tensor([0, 1, 2, 100])
    for dtype in types:
        assert torch.equal(source.to(dtype).to(DEVICE).cpu(), source.to(dtype)), dtype
        assert torch.equal(source.to(DEVICE).to(dtype).cpu(), source.to(dtype)), dtype


def test_peak_statistics_start_anew():
    torch.accelerator.empty_cache()
    torch.accelerator.reset_peak_memory_stats()
    torch.accelerator.reset_accumulated_memory_stats()
    before = torch.accelerator.memory_allocated()
    x = torch.empty(4 * MEBIBYTE, dtype=torch.uint8, device=DEVICE)
    del x
    stats = torch.accelerator.memory_stats()
    assert stats["allocated_bytes.all.current"] == before
    assert stats["allocated_bytes.all.peak"] == before + 4 * MEBIBYTE
    assert stats["allocated_bytes.all.allocated"] == 4 * MEBIBYTE
    assert stats["allocated_bytes.all.freed"] == 4 * MEBIBYTE
    assert stats["allocation.all.allocated"] == stats["allocation.all.freed"] == 1
    assert torch.accelerator.max_memory_allocated() == before + 4 * MEBIBYTE
    assert torch.accelerator.memory_reserved() >= before
    assert torch.accelerator.max_memory_reserved() >= before + 4 * MEBIBYTE
    torch.accelerator.empty_cache()
    torch.tenon.reset_peak_memory_stats(DEVICE)
    assert torch.tenon.max_memory_allocated() == before
    assert torch.tenon.max_memory_reserved() == torch.tenon.memory_reserved()
    torch.tenon.reset_accumulated_memory_stats()
    assert torch.tenon.memory_stats()["allocated_bytes.all.allocated"] == 0


def test_memory_functions_of_both_modules_agree():
    held = torch.empty(1000, device=DEVICE)
    assert torch.tenon.memory_stats() == torch.accelerator.memory_stats()
    assert torch.tenon.memory_allocated() == torch.accelerator.memory_allocated() >= held.nbytes
    nested = torch.tenon.memory_stats_as_nested_dict()
    assert nested["reserved_bytes"]["all"]["current"] == torch.tenon.memory_reserved()
    free, total = torch.tenon.mem_get_info()
    assert 0 < free <= total and torch.accelerator.get_memory_info()[1] == total
    assert total == torch.tenon.get_device_properties().total_memory
    assert "tenon:0" in torch.tenon.memory_summary()
    assert "Segments" not in torch.tenon.memory_summary(abbreviated=True)
    torch.accelerator.empty_host_cache()


def test_refused_memory_is_counted():
    before = torch.tenon.memory_stats()["num_ooms"]
    with pytest.raises(torch.OutOfMemoryError):
        torch.empty(1 << 50, dtype=torch.uint8, device=DEVICE)
    assert torch.tenon.memory_stats()["num_ooms"] == before + 1


def test_streams_of_torch():
    default = torch.accelerator.current_stream()
    assert default == torch.tenon.default_stream() == torch.tenon.current_stream()
    side = torch.Stream(device=DEVICE)
    assert side.device == torch.device(DEVICE) and side != default
    with side:
        assert torch.accelerator.current_stream() == side == torch.tenon.current_stream()
        x = torch.ones(1000, device=DEVICE) + 1
        event = side.record_event()
    assert torch.accelerator.current_stream() == default
    default.wait_event(event)
    x.record_stream(default)
    assert (x + 1).sum().item() == 3000
    torch.accelerator.set_stream(side)
    assert torch.tenon.current_stream() == side
    torch.tenon.set_stream(default)
    assert torch.accelerator.current_stream() == default
    torch.accelerator.synchronize()
    torch.accelerator.synchronize(DEVICE)
    assert side.query()
    with pytest.raises(ValueError, match="tenon"):
        torch.tenon.set_stream(torch.Stream(device="cpu"))
    assert isinstance(torch.tenon.current_stream(), torch.tenon.Stream)
    with torch.tenon.stream(None):
        assert torch.tenon.current_stream() == default


@pytest.mark.parametrize("make", [lambda: torch.Event(DEVICE, enable_timing=True),
                                  lambda: torch.tenon.Event(enable_timing=True)])  # fmt: skip
def test_events_of_torch(make):
    start, end = make(), make()
    assert isinstance(start, torch.Event)
    start.record()
    torch.ones(100, device=DEVICE).add_(1)
    end.record(torch.accelerator.current_stream())
    end.wait()
    end.synchronize()
    assert end.query() and start.elapsed_time(end) >= 0


def test_random_state_is_forked():
    torch.manual_seed(1)
    want = torch.rand(5, device=DEVICE).cpu()
    torch.manual_seed(1)
    for arguments in ({"device_type": "tenon"}, {}, {"devices": [0], "device_type": "tenon"}):
        with torch.random.fork_rng(**arguments):
            torch.rand(7, device=DEVICE)
            torch.tenon.manual_seed(3)
    assert torch.equal(torch.rand(5, device=DEVICE).cpu(), want)


def test_checkpointing_draws_the_same_dropout_again():
    from torch.utils.checkpoint import checkpoint

    x = torch.ones(10000, device=DEVICE, requires_grad=True)
    for reentrant in (False, True):
        x.grad = None
        y = checkpoint(lambda t: torch.nn.functional.dropout(t, 0.5), x, use_reentrant=reentrant)
        y.sum().backward()
        assert torch.equal(x.grad.cpu(), y.detach().cpu())


def test_mixed_precision_by_device_type():
    x = torch.randn(4, 4, device=DEVICE)
    for context in (torch.amp.autocast("tenon"), torch.amp.autocast("tenon", dtype=torch.bfloat16),
                    torch.tenon.amp.autocast(dtype=torch.bfloat16)):  # fmt: skip
        with context:
            assert (x @ x).dtype == torch.get_autocast_dtype("tenon")
            assert torch.softmax(x @ x, 0).dtype == torch.float32
    assert (x @ x).dtype == torch.float32
    for scaler in (torch.amp.GradScaler("tenon", init_scale=4.0), torch.tenon.amp.GradScaler()):
        assert scaler.is_enabled()
        weight = torch.nn.Parameter(torch.ones(3, device=DEVICE))
        optimizer = torch.optim.SGD([weight], lr=1.0)
        scaler.scale(weight.sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        assert torch.equal(weight.detach().cpu(), torch.zeros(3))
        optimizer.zero_grad()
        scaler.scale((weight * float("inf")).sum()).backward()  # This step is skipped.
        scale = scaler.get_scale()
        scaler.step(optimizer)
        scaler.update()
        assert torch.equal(weight.detach().cpu(), torch.zeros(3)) and scaler.get_scale() < scale


def test_what_torch_cuda_has_and_tenon_not_is_named():
    assert not hasattr(torch.tenon, "CUDAGraph")
    with pytest.raises(AttributeError, match="no tenon device can"):
        torch.tenon.MemPool  # noqa: B018
    with pytest.raises(AttributeError, match="torch.tenon has no 'nonsense'"):
        torch.tenon.nonsense  # noqa: B018


FORKED = """
import os, torch, torch_tenon
x = torch.ones(3, device="tenon")
assert not torch.tenon._is_in_bad_fork()
child = os.fork()
if child == 0:
    assert torch.tenon._is_in_bad_fork()
    torch.manual_seed(3)
    try:
        torch.ones(3, device="tenon").cpu()
    except RuntimeError as error:
        assert "fork" in str(error), error
        os._exit(0)
    os._exit(1)
assert os.waitpid(child, 0)[1] == 0
assert x.sum().item() == 3
"""


def test_a_forked_child_is_told():
    subprocess.run([sys.executable, "-c", FORKED], env=os.environ, check=True, timeout=120)

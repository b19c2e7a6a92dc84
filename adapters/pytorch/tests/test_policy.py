# SPDX-License-Identifier: Apache-2.0
"""Fallback, counters and errors."""

import os
import subprocess
import sys
import warnings

import pytest
import torch
import torch_tenon
from common import DEVICE


def test_fallback_is_forbidden_counted_or_warned_of():
    x = torch.randn(3, 3, device=DEVICE)
    torch_tenon.set_fallback_policy("error")
    with pytest.raises(RuntimeError, match=r"aten::lgamma.*TENON_FALLBACK"):
        torch.lgamma(x)
    torch_tenon.set_fallback_policy("allow")
    y = torch.lgamma(x)
    assert y.device == x.device
    torch.testing.assert_close(y.cpu(), torch.lgamma(x.cpu()))
    assert torch_tenon.fallback_counts()["aten::lgamma.out"]["calls"] == 1
    torch_tenon.reset_counts()
    assert torch_tenon.fallback_counts() == {}
    torch_tenon.set_fallback_policy("warn")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        torch.digamma(x)
        torch.digamma(x)
    assert len([w for w in seen if "digamma" in str(w.message)]) == 1
    with pytest.raises(RuntimeError, match="policy"):
        torch_tenon.set_fallback_policy("sometimes")


def test_fallback_in_place_out_lists_and_views():
    torch_tenon.set_fallback_policy("allow")
    x = torch.rand(4, 4, device=DEVICE) + 1
    host = x.cpu()
    x.t().lgamma_()
    host.t().lgamma_()
    torch.testing.assert_close(x.cpu(), host)
    out = torch.empty(0, device=DEVICE)
    torch.lgamma(x.abs() + 1, out=out)
    torch.testing.assert_close(out.cpu(), torch.lgamma(host.abs() + 1))
    complex_numbers = torch.randn(3, dtype=torch.complex64)
    torch.testing.assert_close(
        (complex_numbers.to(DEVICE) * 2).cpu(), complex_numbers * 2
    )
    u, s, v = torch.linalg.svd(x)
    torch.testing.assert_close((u * s @ v).cpu(), host, rtol=1e-4, atol=1e-4)


def test_a_tensor_times_itself_in_place_needs_no_temporary():
    if not os.environ["TENON_DEVICES"].startswith("cpu"):
        pytest.skip("says what the reference device does")
    host = torch.arange(6.0).view(2, 3)
    x = host.to(DEVICE)
    torch_tenon.reset_counts()
    x.mul_(x)
    x.t().add_(x.t())
    counts = torch_tenon.operator_counts()
    assert counts["Mul"]["copies"] == 0 and counts["Add"]["copies"] == 0
    torch.testing.assert_close(x.cpu(), 2 * host * host)


def test_operators_are_counted():
    x = torch.randn(3, 3, device=DEVICE)
    torch_tenon.reset_counts()
    for _ in range(3):
        x = x + x
    counts = torch_tenon.operator_counts()
    assert counts["Add"]["device"] == 3 and counts["Add"]["fallback"] == 0
    before = torch_tenon.kernel_statistics()
    for factor in range(10):
        x * float(factor)
    after = torch_tenon.kernel_statistics()
    assert after["creates"] - before["creates"] <= 1  # Values never make kernels.
    assert torch_tenon.memory_stats()["allocated_bytes"] > 0


def test_device_mismatch_and_shapes():
    x = torch.randn(3, device=DEVICE)
    with pytest.raises(RuntimeError, match="same device"):
        x + torch.randn(3)
    with pytest.raises(RuntimeError):
        x + torch.randn(4, device=DEVICE)
    with pytest.raises(IndexError):
        x[5]
    with pytest.raises(RuntimeError):
        torch.mm(torch.randn(2, 3, device=DEVICE), torch.randn(2, 3, device=DEVICE))


def test_late_failure_surfaces_at_synchronize_once():
    weight = torch.randn(4, 2, device=DEVICE)
    index = torch.tensor([0, 9], device=DEVICE)
    with pytest.raises(IndexError):
        torch.nn.functional.embedding(index, weight)
        torch.tenon.synchronize()
    # Reported once; the stream works again.
    assert torch.equal((weight * 0).cpu(), torch.zeros(4, 2))


def test_out_of_memory():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8, device=DEVICE)
    assert isinstance(caught.value, torch.OutOfMemoryError)


def test_dlpack_of_host_tensor():
    assert torch.randn(2, device=DEVICE).__dlpack_device__()[0] is not None


TWO_DEVICES = """
import torch, torch_tenon
assert torch.tenon.device_count() == 2
x = torch.arange(6.0, device="tenon:0").view(2, 3)
y = x.to("tenon:1")
assert y.device.index == 1 and (y * 2).sum().item() == 30
y.t().copy_(x.t() + 1)
assert torch.equal(y.cpu(), x.cpu() + 1)
try:
    x + y
    raise SystemExit("mixed devices were accepted")
except RuntimeError as error:
    assert "same device" in str(error), error
with torch.tenon.device(1):
    assert torch.empty(1, device="tenon").device.index == 1
assert torch.tenon.current_device() == 0
torch.manual_seed(5)
assert torch.equal(torch.rand(4, device="tenon:0").cpu(), torch.rand(4, device="tenon:1").cpu())
"""

# Autograd has a thread for each device. When the interpreter ends, one of them may abort the process
# (PythonEngine::thread_init in PyEval_RestoreThread, pytorch/pytorch#38228): so it does not get to its end.
BACKWARD_ACROSS_DEVICES = """
import os, torch, torch_tenon
x = torch.arange(6.0, device="tenon:0", requires_grad=True)
(x.to("tenon:1") ** 2).sum().backward()
assert torch.equal(x.grad.cpu(), 2 * x.detach().cpu())
os._exit(0)
"""


def test_two_devices_in_one_process():
    devices = os.environ["TENON_DEVICES"].split(",")[0]
    other = "cpu" if "discrete" in devices else "cpu?memory=discrete"
    environment = dict(os.environ, TENON_DEVICES=f"{devices},{other}")
    for program in (TWO_DEVICES, BACKWARD_ACROSS_DEVICES):
        subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=120)

# Tensors fill all that they may; what needs memory of its own still runs.
FULL_DEVICE = """
import torch, torch_tenon
kept = []
x = torch.arange(1001.0, device="tenon:0")
weight = torch.ones(3, 2, 3, 3, device="tenon:0")
for size in (1 << 20, 512):
    try:
        while True:
            kept.append(torch.empty(size, dtype=torch.uint8, device="tenon:0"))
    except torch.OutOfMemoryError as error:
        assert "kept for workspaces" in str(error), error
filled = sum(k.numel() for k in kept)
assert 56 << 20 < filled <= 60 << 20, filled
free, total = torch.tenon.mem_get_info()
assert free < 1024 and total == 64 << 20, (free, total)
del kept[-64:]  # Room for the results below, not for the convolution's workspace.
assert torch.nn.functional.conv2d(x[:800].view(1, 2, 20, 20), weight).shape == (1, 3, 18, 18)
assert (x * 2)[1000].item() == 2000
"""


def test_a_full_device_still_computes():
    environment = dict(os.environ, TENON_DEVICES="cpu?memory=discrete&memory_limit=67108864")
    subprocess.run([sys.executable, "-c", FULL_DEVICE], env=environment, check=True, timeout=120)


def test_a_fallback_policy_that_is_none():
    program = "import torch, torch_tenon; torch.empty(1, device='tenon:0')"
    environment = dict(os.environ, TENON_DEVICES="cpu", TENON_FALLBACK="sometimes")
    result = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True,
                            check=False, timeout=120)
    assert result.returncode == 1
    assert 'TENON_FALLBACK is allow, warn or error, not "sometimes"' in result.stderr

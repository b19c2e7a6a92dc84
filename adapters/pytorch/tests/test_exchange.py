# SPDX-License-Identifier: Apache-2.0
"""Tensors that leave and come back: files, pickles, copies, DLPack, workers of a DataLoader."""

import copy
import io
import pickle

import pytest
import torch
from common import DEVICE
from torch.utils.data import DataLoader, TensorDataset

HOST = torch.arange(6.0).view(2, 3)


def saved(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    buffer.seek(0)
    return buffer


@pytest.mark.parametrize(
    "location, device",
    [(None, DEVICE), ("cpu", "cpu"), ("tenon", DEVICE), (DEVICE, DEVICE),
     (torch.device("tenon"), DEVICE), ({DEVICE: "cpu"}, "cpu"),
     (lambda storage, where: storage.cpu(), "cpu")],
)  # fmt: skip
def test_load_puts_it_where_asked(location, device):
    for mode in (True, False):
        loaded = torch.load(saved(HOST.to(DEVICE)), map_location=location, weights_only=mode)
        assert loaded.device == torch.device(device) and torch.equal(loaded.cpu(), HOST)
    there = torch.load(saved(HOST), map_location=DEVICE)
    assert there.device == torch.device(DEVICE) and torch.equal(there.cpu(), HOST)


def test_load_names_a_device_that_is_not_there():
    with pytest.raises(RuntimeError, match="device_count|does not exist"):
        torch.load(saved(HOST), map_location="tenon:15")


@pytest.mark.parametrize("make", [copy.deepcopy, copy.copy, torch.clone,
                                  lambda t: pickle.loads(pickle.dumps(t))])  # fmt: skip
def test_copies_stay_on_the_device(make):
    source = HOST.to(DEVICE).t()
    twin = make(source)
    assert twin.device == source.device and twin.stride() == source.stride()
    assert torch.equal(twin.cpu(), HOST.t())
    parameter = make(torch.nn.Parameter(HOST.to(DEVICE)))
    assert parameter.requires_grad and parameter.device.type == "tenon"


def test_models_and_optimizers_are_copied():
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)).to(DEVICE)
    optimizer = torch.optim.AdamW(model.parameters())
    model(HOST.to(DEVICE)).sum().backward()
    optimizer.step()
    twin, other = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
    for name, value in model.state_dict().items():
        assert torch.equal(twin.state_dict()[name].cpu(), value.cpu())
        assert torch.equal(other.state_dict()[name].cpu(), value.cpu())
    again = torch.optim.AdamW(twin.parameters())
    again.load_state_dict(torch.load(saved(optimizer.state_dict())))
    state = next(iter(again.state.values()))
    assert state["exp_avg"].device == torch.device(DEVICE)


def test_dlpack_goes_round():
    source = HOST.to(DEVICE)
    twin = torch.from_dlpack(source)
    assert twin.device == source.device and torch.equal(twin.cpu(), HOST)
    twin.add_(1)
    assert torch.equal(source.cpu(), HOST + 1)  # The same memory.
    capsule = torch.utils.dlpack.to_dlpack(source)
    assert torch.equal(torch.utils.dlpack.from_dlpack(capsule).cpu(), HOST + 1)


@pytest.mark.parametrize("workers", [0, 2])
def test_data_loader_pins_for_the_device(workers):
    data = TensorDataset(torch.arange(12.0).view(6, 2), torch.arange(6))
    torch.zeros(1, device=DEVICE)  # The device is open before the workers are forked.
    seen = []
    for x, y in DataLoader(data, batch_size=2, pin_memory=True, num_workers=workers):
        assert x.is_pinned() and y.is_pinned()
        seen += (x.to(DEVICE, non_blocking=True).sum(1)).tolist()
    assert seen == [1.0, 5.0, 9.0, 13.0, 17.0, 21.0]


def test_pinned_memory_of_the_device():
    assert torch.empty(3, pin_memory=True).is_pinned()
    assert HOST.pin_memory().is_pinned() and not HOST.is_pinned()
    assert torch.equal(HOST.pin_memory().to(DEVICE, non_blocking=True).cpu(), HOST)


def test_safetensors_reads_onto_the_device(tmp_path):
    import safetensors
    import safetensors.torch

    file = tmp_path / "model.safetensors"
    state = {"weight": HOST.to(DEVICE), "bias": torch.arange(3, device=DEVICE).half()}
    safetensors.torch.save_file(state, file)
    for device in ("tenon", DEVICE, torch.device(DEVICE), 0):
        loaded = safetensors.torch.load_file(file, device=device)
        for name, tensor in state.items():
            assert loaded[name].device == torch.device(DEVICE)
            assert torch.equal(loaded[name].cpu(), tensor.cpu())
        with safetensors.safe_open(file, "pt", device=device) as reader:
            assert reader.get_tensor("weight").device == torch.device(DEVICE)
            assert reader.get_slice("weight")[:, 1:].device == torch.device(DEVICE)
    assert safetensors.torch.load_file(file)["weight"].device.type == "cpu"
    model = torch.nn.Linear(3, 2).to(DEVICE)
    safetensors.torch.save_model(model, file)
    safetensors.torch.load_model(torch.nn.Linear(3, 2).to(DEVICE), file, device=DEVICE)
    with pytest.raises(safetensors.SafetensorError, match="invalid"):
        safetensors.torch.load_file(file, device="nonsense:0")

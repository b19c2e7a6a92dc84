# SPDX-License-Identifier: Apache-2.0
"""What crosses to the CPU and back: values, views, lazy bits, types that devices refuse."""

import pytest
import torch
import torch_tenon
from common import DEVICE, assert_same, check

F = torch.nn.functional


@pytest.fixture(autouse=True)
def allowed():
    torch_tenon.set_fallback_policy("allow")


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("adjoint", [True, False])
@pytest.mark.parametrize("lazy", [torch.clone, torch.conj, torch._neg_view])
def test_conjugates_cross(left, adjoint, lazy):
    a, b = torch.randn(2, 3, 3, dtype=torch.complex64)
    lu, pivots = torch.linalg.lu_factor(a)
    options = {"left": left, "adjoint": adjoint}
    expected = torch.linalg.lu_solve(lazy(lu), pivots, lazy(b), **options)
    here = [lazy(lu.to(DEVICE)), pivots.to(DEVICE), lazy(b.to(DEVICE))]
    assert_same(torch.linalg.lu_solve(*here, **options), expected)
    out = torch.empty(3, 3, dtype=torch.complex64, device=DEVICE)
    torch.linalg.lu_solve(*here, **options, out=out)
    assert_same(out, expected)
    check(lambda x, y: torch.linalg.solve(x, y, left=left), a, b)


def test_copies_into_lazy_tensors():
    values = torch.randn(3, dtype=torch.complex64)

    def into_conjugate(source):
        target = torch.zeros_like(source)
        target.conj().copy_(source)
        return target

    def into_negative(source):
        target = torch.zeros_like(source)
        target.conj().imag.copy_(source.real)
        return target

    check(into_conjugate, values)
    check(into_negative, values)


def overlapping(x):
    return [x[:1].expand(4, 3), x.as_strided((3, 2), (1, 1)), x[0, 0].expand(4, 3)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.complex64])
def test_elements_that_share_memory(dtype):
    x = torch.randn(2, 3).to(dtype)
    for here, there in zip(overlapping(x.to(DEVICE)), overlapping(x)):
        assert_same(torch.linalg.svdvals(here), torch.linalg.svdvals(there))
        assert_same(torch.fft.fft(here), torch.fft.fft(there))
        assert_same(here.cumprod(1), there.cumprod(1))


def test_results_grow_and_keep_their_layout():
    x = torch.rand(3, 4) + 1
    for count in (0, 1, 2, 12, 20):
        out, host = torch.empty(count, device=DEVICE), torch.empty(count)
        torch.lgamma(x.to(DEVICE), out=out)
        torch.lgamma(x, out=host)
        assert_same(out, host)
        assert out.stride() == host.stride()
    out = torch.empty(0, device=DEVICE)
    torch.linalg.cholesky(torch.eye(3, device=DEVICE), out=out)
    assert_same(out, torch.eye(3))


def test_compositions_that_know_no_other_devices():
    x = torch.tensor([[1.0, 1, 2], [3, 2, 3]])
    out = [torch.empty(0, device=DEVICE), torch.empty(0, dtype=torch.long, device=DEVICE)]
    torch.mode(x.to(DEVICE), -1, out=out)
    assert_same(out, list(torch.mode(x, -1)))
    check(lambda t: t.clone().conj_physical_(), torch.randn(3, dtype=torch.complex64))


LIBRARY = torch.library.Library("tenon_test", "DEF")
LIBRARY.define("middle(Tensor(a) x) -> Tensor(a)")
LIBRARY.define("bits(Tensor(a) x) -> Tensor(a)")
LIBRARY.define("same(Tensor(a!) x) -> Tensor(a!)")
LIBRARY.impl("middle", lambda x: x[1:-1].t(), "CPU")
LIBRARY.impl("bits", lambda x: x.view(torch.int32), "CPU")
LIBRARY.impl("same", lambda x: x.add_(1), "CPU")


def test_views_come_back_as_views():
    ops = torch.ops.tenon_test
    x = torch.arange(12.0).view(4, 3)
    here = x.to(DEVICE)
    base = torch.zeros(5, 3, device=DEVICE)
    for source in (here, base[1:].copy_(here)):
        view = ops.middle(source)
        assert view.stride() == ops.middle(x).stride()
        view.fill_(7)
        assert source[1:-1].eq(7).all() and source[0, 0] == 0 and source[-1, -1] == 11
        source[1] = 2.0
        assert ops.bits(source)[1].eq(0x40000000).all()
        assert ops.same(source) is source
        assert source[0, 0] == 1


def refused_types():
    complex_numbers = torch.randn(3, 3, dtype=torch.complex64)
    integers = torch.arange(16).view(1, 1, 4, 4)
    return {
        "flip": lambda d: complex_numbers.to(d).flip(0),
        "rot90": lambda d: torch.rot90(complex_numbers.to(d)),
        "index_fill": lambda d: complex_numbers.to(d).index_fill(0, torch.tensor([0], device=d), 1j),
        "masked_fill": lambda d: complex_numbers.to(d).masked_fill(complex_numbers.to(d) != 0, 1j),
        "full": lambda d: torch.full((2,), 1j, device=d),
        "conv2d": lambda d: F.conv2d(integers.to(d), integers.to(d)[..., :2, :2]),
        "complex conv": lambda d: F.conv1d(complex_numbers.to(d), complex_numbers.to(d)[:, :, None]),
        "max_pool2d": lambda d: F.max_pool2d(integers.to(d), 2),
        "float8": lambda d: torch.cat([torch.ones(3, device=d).to(torch.float8_e4m3fn)] * 2).float(),
        "uint16": lambda d: torch.cat([torch.arange(3, device=d).to(torch.uint16)] * 2).int(),
        "in place": lambda d: complex_numbers.to(d).clone().tril_(),
        "out": lambda d: torch.triu(complex_numbers.to(d), out=torch.empty(0, dtype=torch.complex64, device=d)),
    }  # fmt: skip


@pytest.mark.parametrize("name", refused_types())
def test_types_that_devices_refuse(name):
    function = refused_types()[name]
    assert_same(function(DEVICE), function("cpu"))


def test_forbidden_fallback_says_what_the_device_lacks():
    torch_tenon.set_fallback_policy("error")
    with pytest.raises(RuntimeError, match=r"aten::flip .*Complex.*TENON_FALLBACK"):
        torch.zeros(3, dtype=torch.complex64, device=DEVICE).flip(0)


def test_generators_cross():
    def draw(seed):
        generator = torch.Generator(DEVICE).manual_seed(seed)
        return torch.poisson(torch.full((50,), 9.0, device=DEVICE), generator=generator)

    assert torch.equal(draw(1), draw(1)) and not torch.equal(draw(1), draw(2))
    assert torch.randn(3, dtype=torch.complex64, device=DEVICE).is_complex()


def test_sparse_results_are_refused_by_name():
    with pytest.raises(NotImplementedError, match="_to_sparse.*strided"):
        torch.eye(3, device=DEVICE).to_sparse()


MIXED = {
    "add": lambda x: x + torch.ones(1),
    "add reversed": lambda x: torch.ones(1) + x,
    "embedding": lambda x: F.embedding(torch.tensor([1]), x),
    "embedding of one": lambda x: F.embedding(torch.tensor(1), x),
    "mm": lambda x: x @ torch.ones(3, 1),
    "addmm": lambda x: F.linear(x, x, torch.ones(1)),
    "gather": lambda x: x.gather(0, torch.zeros(1, 1, dtype=torch.long)),
    "cat": lambda x: torch.cat([x, torch.ones(1, 3)]),
    "where": lambda x: torch.where(x > 0, x, torch.ones(1)),
    "layer_norm": lambda x: F.layer_norm(x, (3,), torch.ones(3)),
    "conv1d": lambda x: F.conv1d(x[None], torch.ones(1, 3, 1)),
    "index_put": lambda x: x.index_put((torch.tensor([0]),), torch.ones(3)),
    "cross_entropy": lambda x: F.cross_entropy(x, torch.zeros(3, dtype=torch.long)),
    "fallback": lambda x: torch.hypot(x, torch.ones(1)),
}


@pytest.mark.parametrize("name", MIXED)
def test_tensors_of_the_host_are_no_numbers(name):
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device.*cpu"):
        MIXED[name](torch.eye(3, device=DEVICE))


def test_host_tensors_without_dims_and_host_indices_are_welcome():
    x = torch.eye(3)
    number, index = torch.tensor(2.0), torch.tensor([2, 0])
    assert_same(x.to(DEVICE) * number, x * number)
    assert_same(torch.where(x.to(DEVICE) > 0, number, x.to(DEVICE)), torch.where(x > 0, number, x))
    assert_same(torch.hypot(x.to(DEVICE), number), torch.hypot(x, number))
    assert_same(x.to(DEVICE)[index], x[index])
    assert_same(x.to(DEVICE).index_put((index,), number), x.index_put((index,), number))
    lengths = torch.tensor([3, 2])
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        torch.ones(2, 3, 4, device=DEVICE), lengths, batch_first=True
    )
    assert packed.data.shape == (5, 4)


def test_zero_tensors():
    def function(x):
        return (x**3).sum() * x.prod() + torch.round(x).sum() + torch.sin(x).sum()

    x = torch.randn(4)
    check(torch.func.hessian(function), x)
    check(torch.func.jacfwd(lambda t: torch.stack([t.round()[0], t.sum() * t[1]])), x)
    check(lambda t: torch.func.jvp(lambda u: torch.round(u) * 2 + u.sign(), (t,), (t,)), x)

    def zeros(t):
        z = torch._efficientzerotensor((3, 2), device=t.device)
        return z + t, z.clone(), z @ t.t(), torch.cat([z, t]), torch.lgamma(z), t.clone().copy_(z)

    check(zeros, torch.randn(3, 2))


@pytest.mark.parametrize("norm_first", [False, True])
def test_encoder_packs_padded_batches(norm_first):
    torch_tenon.set_fallback_policy("error")
    layer = torch.nn.TransformerEncoderLayer(
        32, 4, 64, batch_first=True, norm_first=norm_first
    )
    encoder = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=not norm_first).eval()
    x, padded = torch.randn(2, 9, 32), torch.arange(9) >= torch.tensor([[9], [6]])
    with torch.no_grad():
        expected = encoder(x, src_key_padding_mask=padded)
        encoder.to(DEVICE)
        actual = encoder(x.to(DEVICE), src_key_padding_mask=padded.to(DEVICE))
    assert_same(actual, expected, rtol=1e-4, atol=1e-5)


def test_nested_tensors():
    nested = torch.nested.nested_tensor([torch.randn(2, 3), torch.randn(4, 3)])
    here = nested.to(DEVICE)
    assert_same(here.to_padded_tensor(0.5), nested.to_padded_tensor(0.5))
    assert_same(list(here.unbind()), list(nested.unbind()))
    assert_same(torch.relu(here).to_padded_tensor(0), torch.relu(nested).to_padded_tensor(0))
    weight = torch.randn(5, 3)
    assert_same(
        F.linear(here, weight.to(DEVICE)).to_padded_tensor(0),
        F.linear(nested, weight).to_padded_tensor(0),
    )
    here.mul_(2)
    assert_same(here.to_padded_tensor(0), (nested * 2).to_padded_tensor(0))
    assert torch.equal(here.cpu().to_padded_tensor(0), (nested * 2).to_padded_tensor(0))

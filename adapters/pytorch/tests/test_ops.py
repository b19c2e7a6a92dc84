# SPDX-License-Identifier: Apache-2.0
"""Ops against torch's CPU: shapes, strides, promotion, in-place and out variants."""

import operator

import pytest
import torch
from common import DEVICE, assert_same, check, to_device

F = torch.nn.functional
FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]

UNARY = [
    "neg", "abs", "sign", "sqrt", "reciprocal", "exp", "log", "sin", "cos", "tanh", "sigmoid",
    "relu", "erf", "erfc", "rsqrt", "floor", "ceil", "round", "trunc", "isnan", "log2", "log10",
    "exp2", "square", "logical_not", "isinf", "isfinite", "tan", "atan", "sinh", "cosh", "asinh",
]  # fmt: skip
BINARY = [
    "add", "sub", "mul", "div", "maximum", "minimum", "atan2", "eq", "ne", "lt", "le", "gt", "ge",
    "remainder", "fmod", "floor_divide", "logical_and", "logical_or", "logical_xor", "rsub",
]  # fmt: skip


@pytest.mark.parametrize("name", UNARY)
def test_unary(name):
    function = getattr(torch, name)
    x = torch.rand(4, 6) + 0.5
    check(function, x)
    check(function, x.t()[1:, ::2])
    check(function, x.double())
    check(function, torch.empty(0, 3))


@pytest.mark.parametrize("name", ["asin", "acos", "atanh", "acosh"])
def test_inverses(name):
    function = getattr(torch, name)
    x = torch.rand(4, 6) * 0.9 + (1 if name == "acosh" else 0)
    check(function, x)
    check(function, x.t()[1:, ::2])
    check(function, x.double())


@pytest.mark.parametrize("dtype", [torch.int8, torch.int32, torch.int64, torch.uint8, torch.bool])
def test_bits(dtype):
    a = torch.randint(0, 2 if dtype == torch.bool else 99, (3, 4)).to(dtype)
    b = torch.randint(0, 2 if dtype == torch.bool else 99, (4,)).to(dtype)
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
        check(getattr(torch, name), a, b)
        check(getattr(torch, name), a.t(), b[:3])
    check(torch.bitwise_not, a)
    if dtype == torch.bool:
        return
    by = torch.tensor([0, 1, 7, 8 * a.element_size() - 1]).to(dtype)
    for shift in (torch.bitwise_left_shift, torch.bitwise_right_shift, operator.lshift, operator.rshift):
        check(shift, a, by)
    check(lambda t: t << 3, a)
    check(lambda t: t >> 1, a)
    check(lambda t: t & 6, a)
    check(lambda t: t.clone().__ilshift__(2), a)
    check(lambda t, other: t.clone().__irshift__(other), a, by)
    check(torch.bitwise_and, a, torch.tensor([1, 2, 3, 4]))  # As int64.


@pytest.mark.parametrize("dtype", FLOATS)
def test_bent_activations(dtype):
    x = (torch.rand(4, 6) * 6 - 3).to(dtype)
    check(F.selu, x)
    check(F.celu, x)
    check(lambda t: F.celu(t, 1.7), x)
    check(lambda t: F.elu(t, 0.3), x)
    check(F.prelu, x, torch.tensor([0.2], dtype=dtype))
    check(F.prelu, x, (torch.rand(6) - 0.5).to(dtype))
    check(lambda t: torch.ops.aten.elu(t, 0.7, 1.3, 0.9), x)


def test_gradients_of_prelu():
    x, slope = torch.randn(4, 6), torch.rand(6)
    results = []
    for device in ("cpu", DEVICE):
        a = x.clone().to(device).requires_grad_()
        b = slope.clone().to(device).requires_grad_()
        F.prelu(a, b).square().sum().backward()
        results.append((a.grad.cpu(), b.grad.cpu()))
    for expected, actual in zip(*results):
        torch.testing.assert_close(actual, expected)


def test_cumulative_products():
    x = torch.rand(3, 5, 7) + 0.5
    for dim in (0, 1, -1):
        check(lambda t, dim=dim: t.cumprod(dim), x)
    check(lambda t: t.cumprod(0), torch.arange(1, 9))
    check(lambda t: t.cumprod(1), x.expand(3, 5, 7).transpose(0, 2))


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("types", [("float32", "float32"), ("int32", "int64"), ("int64", "float32"),
                                   ("float32", "float64"), ("float16", "float32")])  # fmt: skip
def test_binary_promotion_and_broadcast(name, types):
    function = getattr(torch, name)
    a = torch.randint(1, 9, (3, 4)).to(getattr(torch, types[0]))
    b = torch.randint(1, 9, (4,)).to(getattr(torch, types[1]))
    if name == "atan2" and not (a.is_floating_point() and b.is_floating_point()):
        a, b = a.float(), b.float()
    check(function, a, b)
    check(function, a.t(), b[:3])
    if name != "rsub":
        check(function, a, torch.tensor(3))


@pytest.mark.parametrize("scalar", [2, 2.5, True, -3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.float16, torch.uint8])
def test_scalars(scalar, dtype):
    x = torch.arange(1, 7).to(dtype).view(2, 3)
    if scalar == -3 and dtype == torch.uint8:
        scalar = 3
    for function in (
        lambda t: t + scalar,
        lambda t: scalar * t,
        lambda t: t / scalar,
        lambda t: t > scalar,
        lambda t: torch.where(t > 2, t, scalar),
    ):
        check(function, x)


def test_bool_arithmetic():
    a, b = torch.tensor([True, False, True]), torch.tensor([True, True, False])
    for function in (torch.add, torch.mul, torch.bitwise_and, torch.bitwise_or, torch.bitwise_xor,
                     torch.maximum, torch.minimum, torch.eq, torch.lt):  # fmt: skip
        check(function, a, b)
    check(lambda t: ~t, a)
    check(lambda t: t.sum(), a)
    check(lambda t: (t.any(), t.all()), a)


def test_alpha_and_fused_forms():
    a, b, c = torch.randn(3, 4), torch.randn(4), torch.randn(3, 1)
    check(torch.add, a, b, alpha=2.5)
    check(torch.sub, a, b, alpha=-0.5)
    check(torch.addcmul, a, b, c, value=0.3)
    check(torch.addcdiv, a, b, c.abs() + 1, value=0.3)
    check(torch.lerp, a, b.expand(3, 4), 0.3)
    check(torch.lerp, a, b.expand(3, 4), torch.rand(3, 4))
    check(torch.where, a > 0, a, c)
    check(lambda t, m: t.masked_fill(m, -1.0), a, a > 0)
    check(lambda t, m, v: t.masked_fill(m, v), a, a > 0, torch.tensor(5.0))


def test_in_place_and_out():
    a, b = torch.randn(3, 4), torch.randn(4)
    for method, args in (("add_", (b,)), ("mul_", (b,)), ("sub_", (2,)), ("div_", (3.0,)),
                         ("clamp_", (-0.5, 0.5)), ("pow_", (2,)), ("relu_", ()), ("exp_", ()),
                         ("zero_", ()), ("fill_", (1.5,)), ("addcmul_", (b, b)), ("lerp_", (a, 0.5)),
                         ("tril_", ())):  # fmt: skip
        host, device = a.clone(), to_device(a)
        getattr(host, method)(*args)
        getattr(device, method)(*to_device(args))
        assert_same(device, host)
        host, device = a.clone(), to_device(a)
        getattr(host.t(), method)(*[x.t() if isinstance(x, torch.Tensor) and x.dim() == 2 else
                                    x[:3] if isinstance(x, torch.Tensor) else x for x in args])
        moved = to_device(args)
        getattr(device.t(), method)(*[x.t() if isinstance(x, torch.Tensor) and x.dim() == 2 else
                                      x[:3] if isinstance(x, torch.Tensor) else x for x in moved])
        assert_same(device, host)
    out = torch.empty(0, device=DEVICE)
    torch.add(to_device(a), to_device(b), out=out)
    assert_same(out, a + b)
    wide = torch.empty(3, 4, dtype=torch.float64, device=DEVICE)
    torch.add(to_device(a), to_device(b), out=wide)
    assert_same(wide, (a + b).double())
    with pytest.raises(RuntimeError):
        torch.ones(3, dtype=torch.int64, device=DEVICE).add_(0.5)


def test_pow_and_clamp():
    x = torch.rand(3, 4) + 0.1
    for p in (0, 1, 2, 3, -1, 0.5, -0.5, 1.7):
        check(torch.pow, x, p)
    check(torch.pow, 2.0, x)
    check(torch.pow, x, torch.rand(4))
    check(lambda t: t**2, torch.arange(6))
    check(torch.clamp, x, 0.3, 0.7)
    check(torch.clamp, x, min=0.3)
    check(torch.clamp, x, torch.full((4,), 0.3), torch.full((4,), 0.7))
    check(torch.clamp, torch.arange(6), 1.5, 4)
    check(torch.clamp, torch.tensor([float("nan"), 1.0]), 0, 2)


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "amin", "prod", "var", "std", "norm"])
def test_reductions(name):
    function = getattr(torch, name)
    x = torch.randn(3, 4, 5)
    check(function, x.transpose(0, 2))
    check(function, x, dim=1)
    check(function, x, dim=-1, keepdim=True)
    if name != "prod":
        check(function, x, dim=(0, 2))
    check(function, torch.tensor(3.0)) if name not in ("var", "std") else None


def test_reductions_of_other_types():
    x = torch.randint(-5, 5, (3, 4))
    check(torch.sum, x)
    check(torch.sum, x.int(), dim=0)
    check(torch.sum, x, dtype=torch.float32)
    check(torch.sum, torch.randn(1000).half())
    check(torch.argmax, x)
    check(torch.argmax, x.float(), dim=1, keepdim=True)
    check(torch.argmin, x.float(), dim=0)
    check(lambda t: t.max(dim=1), x.float())
    check(lambda t: t.min(dim=0, keepdim=True), x.float())
    check(lambda t: (t.max(), t.min()), x)
    check(torch.any, x > 2, dim=1)
    check(torch.all, x > -9, dim=(0, 1))
    check(torch.cumsum, x, 1)
    check(torch.logsumexp, torch.randn(3, 4), 1)
    check(torch.sum, torch.empty(0, 3), 0)
    check(torch.var_mean, torch.randn(3, 4), 1)
    check(torch.linalg.vector_norm, torch.randn(3, 4), 3, 1)
    check(torch.linalg.vector_norm, torch.randn(3, 4), float("inf"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_products(dtype):
    a = torch.randint(-3, 3, (4, 5)).to(dtype)
    b = torch.randint(-3, 3, (5, 6)).to(dtype)
    c = torch.randint(-3, 3, (6,)).to(dtype)
    check(torch.mm, a, b)
    check(torch.mm, b.t(), a.t())
    check(torch.addmm, c, a, b, beta=2, alpha=3)
    check(torch.matmul, a.expand(3, 4, 5), b)
    check(torch.bmm, a.expand(2, 4, 5), b.expand(2, 5, 6))
    check(torch.mv, a, a[0])
    check(torch.dot, a[0], a[1])
    check(torch.baddbmm, c, a.expand(2, 4, 5), b.expand(2, 5, 6))
    check(torch.mm, torch.empty(3, 0, dtype=dtype), torch.empty(0, 2, dtype=dtype))
    if dtype.is_floating_point:
        check(F.linear, a, b.t().contiguous(), c)


def test_indexing():
    x = torch.randn(5, 6, 7)
    i, j = torch.tensor([0, -1, 3]), torch.tensor([[1], [2]])
    for function in (
        lambda t, i, j: t[i],
        lambda t, i, j: t[:, i],
        lambda t, i, j: t[i, j],
        lambda t, i, j: t[i, :, j],
        lambda t, i, j: t[:, i, j],
        lambda t, i, j: t[t > 0],
        lambda t, i, j: t[t.sum(-1).sum(-1) > 0],
        lambda t, i, j: t[..., None, 2],
        lambda t, i, j: t.index_select(1, i.abs()),
        lambda t, i, j: t.gather(1, (t > 0).long()),
        lambda t, i, j: t.take_along_dim((t > 0).long(), 2),
        lambda t, i, j: t.flip(0, 2),
    ):
        check(function, x, i, j)
    check(torch.nonzero, x > 0.5)
    check(lambda t: t.masked_select(t > 0), x)


def test_writing_by_index():
    def put(t, i):
        t = t.clone()
        t[i] = 5
        t[:, 1] = torch.arange(t.shape[2], dtype=t.dtype).to(t.device)
        t[i, i] += 1
        t[t > 1] = 0
        t.index_put_((i,), t[:3] * 2, accumulate=True)
        t.index_add_(0, i, t[:3].clone())
        t.index_fill_(1, i, 9)
        t.scatter_(1, i.view(1, 3, 1).expand(2, 3, 4), 7.0)
        t.scatter_add_(1, i.view(1, 3, 1).expand(2, 3, 4), t[:2, :3, :4].clone())
        return t

    check(put, torch.randn(5, 6, 7), torch.tensor([0, 2, 4]))


def test_joining_sorting_and_triangles():
    a, b = torch.randn(3, 4), torch.randn(2, 4)
    check(lambda a, b: torch.cat([a, b]), a, b)
    check(lambda a, b: torch.cat([a, b.double(), torch.empty(0).to(a.device)]), a, b)
    check(lambda a: torch.stack([a, a], 1), a)
    check(lambda a: a.repeat(2, 3), a)
    check(torch.tril, a)
    check(torch.triu, torch.randn(2, 4, 4), 1)
    check(lambda a: a.topk(2, dim=1), a)
    check(lambda a: a.sort(dim=0, descending=True), a)
    check(torch.argsort, a)
    for args in ((5,), (2, 9, 3), (0.0, 1.0, 0.1), (5, 0, -2)):
        assert_same(torch.arange(*args, device=DEVICE), torch.arange(*args))
    assert_same(torch.zeros(2, 3, device=DEVICE), torch.zeros(2, 3))
    assert_same(torch.full((2,), 7, device=DEVICE), torch.full((2,), 7))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_narrow_floats(dtype):
    a, b = torch.randn(4, 8).to(dtype), torch.randn(8, 4).to(dtype)
    assert_same(to_device(a) + 1.5, a + 1.5)
    assert_same(to_device(a) @ to_device(b), a @ b, rtol=2e-2, atol=2e-2)
    assert_same(torch.softmax(to_device(a), -1), torch.softmax(a, -1), rtol=1e-2, atol=1e-2)
    assert_same(torch.sum(to_device(a)), torch.sum(a), rtol=2e-2, atol=2e-2)


# -- Values that are torch's own choice --


@pytest.mark.parametrize("dtype", FLOATS)
def test_sign_of_nan(dtype):
    x = torch.tensor([float("nan"), -2, 0, 3, float("-inf")], dtype=dtype)
    check(torch.sign, x)
    check(torch.sgn, x)
    check(lambda t: t.clone().sign_(), x)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.int8, torch.uint8])
def test_hardtanh_of_integers(dtype):
    x = torch.tensor([3, 0, 9, 1]).to(dtype)
    check(F.hardtanh, x, 0.5, 2.5)
    check(F.relu6, x)
    check(lambda t: F.hardtanh(t.clone(), 0, 2, inplace=True), x)
    if dtype != torch.uint8:
        check(F.hardtanh, x - 2, -0.5, 0.5)
        return
    with pytest.raises(RuntimeError, match="negative limits"):
        F.hardtanh(x.to(DEVICE))
    with pytest.raises(RuntimeError, match="Bool inputs"):
        F.hardtanh(x.bool().to(DEVICE))


@pytest.mark.parametrize("factors", [(0.6, 0.2), (1.9, -2.7), (2, 3), (0, 1)])
def test_factors_of_integer_products(factors):
    beta, alpha = factors
    m, v = torch.arange(6).reshape(2, 3), torch.arange(3)
    check(torch.addmm, torch.ones(2, 2).long(), m, m.mT, beta=beta, alpha=alpha)
    check(torch.addmv, torch.ones(2).long(), m, v, beta=beta, alpha=alpha)
    check(torch.baddbmm, torch.ones(1, 2, 2).long(), m[None], m.mT[None], beta=beta, alpha=alpha)
    if isinstance(beta, int):
        check(torch.addr, torch.ones(3, 3).long(), v, v, beta=beta, alpha=alpha)


@pytest.mark.parametrize("p", [0, 0.5, 1, 2, 3, 4, 6, float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", FLOATS)
def test_norms_do_not_overflow_on_the_way(p, dtype):
    x = torch.full((2, 8), 20.0).to(dtype)
    check(torch.linalg.vector_norm, x, p)
    check(torch.linalg.vector_norm, x, p, dim=1, keepdim=True)
    check(torch.norm, x, p, dim=0)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8])
def test_histograms_of_integers(dtype):
    x = torch.tensor([0, 1, 1, 3, 7, 2, 3])
    for options in ({"bins": 4, "min": 0, "max": 3}, {"bins": 5}, {"bins": 3, "min": 1, "max": 1}):
        counts = torch.histc(x.to(dtype).to(DEVICE), **options)
        assert_same(counts, torch.histc(x.float(), **options).to(dtype))
    with pytest.raises(RuntimeError, match="bins"):
        torch.histc(x.to(DEVICE), bins=0)


def test_probabilities_are_checked():
    def uniform(values):
        return torch.tensor(values, device=DEVICE)

    for bad in ([0.5, 2.0], [-0.1, 0.0], [float("nan"), 0.5]):
        with pytest.raises(RuntimeError, match="probabilities"):
            torch.bernoulli(uniform(bad))
        with pytest.raises(RuntimeError, match="probabilities"):
            torch.empty(2, device=DEVICE).bernoulli_(torch.tensor(bad))
    for bad in ([-1.0, 2.0], [float("nan"), 0.5], [float("inf"), 0.5]):
        with pytest.raises(RuntimeError, match="probability tensor"):
            torch.multinomial(uniform(bad), 1)
    with pytest.raises(RuntimeError, match="sum of probabilities"):
        torch.multinomial(uniform([0.0, 0.0]), 1)
    assert torch.multinomial(uniform([0.0, 1.0]).half(), 3, replacement=True).tolist() == [1, 1, 1]


OUT_OF_RANGE = {
    "embedding": (IndexError, lambda x, i: F.embedding(i, x)),
    "index": (IndexError, lambda x, i: x[i]),
    "index of two": (IndexError, lambda x, i: x[i, i]),
    "index_select": (IndexError, lambda x, i: x.index_select(0, i)),
    "index_fill": (IndexError, lambda x, i: x.index_fill(0, i, 1.0)),
    "index_put": (IndexError, lambda x, i: x.index_put((i,), x[0])),
    "index_add": (RuntimeError, lambda x, i: x.index_add(0, i, x[:2])),
    "cross_entropy": (IndexError, lambda x, i: F.cross_entropy(x[:2], i)),
    "gather": (RuntimeError, lambda x, i: x.gather(0, i[None])),
    "scatter": (RuntimeError, lambda x, i: x.scatter(0, i[None], 1.0)),
}


# Only indexing by brackets and its kin count negative indices from the end.
COUNTED_FROM_THE_START = ["embedding", "index_select", "index_add", "gather", "scatter"]


@pytest.mark.parametrize(
    "name, wrong", [(name, 9) for name in OUT_OF_RANGE] + [(name, -1) for name in COUNTED_FROM_THE_START]
)
def test_indices_out_of_range(name, wrong):
    kind, function = OUT_OF_RANGE[name]
    x, index = torch.randn(4, 3), torch.tensor([0, wrong])
    with pytest.raises(kind):
        function(x, index)
    with pytest.raises(kind):
        function(x.to(DEVICE), index.to(DEVICE))
        torch.tenon.synchronize()

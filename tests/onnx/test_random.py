# SPDX-License-Identifier: Apache-2.0
"""Random numbers: their distribution, seeds that repeat them, and new ones in each run without a seed."""

from __future__ import annotations

import numpy as np
import pytest
import tenon
from texts import device, load  # noqa: F401

N = 20_000


def test_numbers_are_spread_as_they_should_be(device):  # noqa: F811
    model = load(
        f"""g (float[n] x) => (float[a, b] u, double[n] v, float[c] m, float16[n] h) {{
             u = RandomUniform <shape = [100, {N // 100}], low = -1.0, high = 3.0> ()
             v = RandomUniformLike <dtype = 11> (x)
             m = RandomNormal <shape = [{N}], mean = 2.0, scale = 0.5> ()
             h = RandomNormalLike <dtype = 10> (x) }}""",
        device,
    )
    u, v, m, h = model.run([np.zeros(N, np.float32)])
    for values, low, high in ((u, -1, 3), (v, 0, 1)):
        assert low <= values.min() and values.max() < high
        assert abs(values.mean() - (low + high) / 2) < (high - low) / 50
        np.testing.assert_allclose(np.histogram(values, 10, (low, high))[0], N / 10, rtol=0.15)
    for values, mean, deviation in ((m, 2, 0.5), (h.astype(np.float32), 0, 1)):
        assert abs(values.mean() - mean) < deviation / 30 and abs(values.std() - deviation) < deviation / 30
    assert u.shape == (100, N // 100) and h.dtype == np.float16


@pytest.mark.parametrize("op", ["RandomUniform", "RandomNormal"])
def test_only_a_seed_repeats_them(op, device):  # noqa: F811
    model = load(
        f"""g (float[n] x) => (float[n] seeded, float[n] other, float[n] free, float[n] free_too) {{
              seeded = {op}Like <seed = 1.5> (x)  other = {op}Like <seed = 2.5> (x)
              free = {op}Like (x)  free_too = {op}Like (x) }}""",
        device,
    )
    x = np.zeros(500, np.float32)
    first, second = model.run([x]), model.run([x])
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    kinds = [first[0], first[1], first[2], first[3], second[2], second[3]]
    for i, one in enumerate(kinds):
        for other in kinds[:i]:
            assert (one == other).mean() < 0.1
            assert abs(np.corrcoef(one, other)[0, 1]) < 0.2


def test_each_iteration_draws_anew(device):  # noqa: F811
    model = load(
        """g (int64 times, float[4] x) => (float[m, 4] y) <bool yes = {1}> {
             y = Loop (times, yes) <body = l (int64 i, bool go) => (bool on, float[4] r)
               { on = Identity (go)  r = RandomUniformLike (x) }> }""",
        device,
    )
    (y,) = model.run({"times": np.array(5), "x": np.zeros(4, np.float32)})
    assert len(np.unique(y)) == 20


def test_bernoulli_draws_as_often_as_it_says(device):  # noqa: F811
    model = load("g (double[3, n] p) => (double[3, n] y, bool[3, n] b) { y = Bernoulli (p) b = Bernoulli <dtype = 9> (p) }",
                 device)
    p = np.repeat([[0.0], [0.3], [1.0]], N, 1)
    y, b = model.run([p])
    assert y.dtype == np.float64 and b.dtype == bool and set(np.unique(y)) <= {0, 1}
    for values in (y, b):
        np.testing.assert_allclose(values.mean(axis=1), [0, 0.3, 1], atol=0.02)


@pytest.mark.parametrize("dtype", [6, 7])
def test_multinomial_draws_classes_by_their_logarithms(dtype, device):  # noqa: F811
    model = load(
        f"g (float[n, 4] x) => ({'int32' if dtype == 6 else 'int64'}[n, {N}] y) "
        f"{{ y = Multinomial <sample_size = {N}, dtype = {dtype}, seed = 3.0> (x) }}",
        device,
    )
    shares = np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0, 0.3, 0]], np.float32)
    with np.errstate(divide="ignore"):
        (y,) = model.run([np.log(shares) + 5])  # They need not be normalized.
    assert y.dtype == (np.int32 if dtype == 6 else np.int64) and y.shape == (2, N)
    for row, share in zip(y, shares):
        np.testing.assert_allclose(np.bincount(row, minlength=4) / N, share, atol=0.02)


def test_an_integer_type_is_refused(device):  # noqa: F811
    with pytest.raises(tenon.Error):
        load("g (int32[n] x) => (int32[n] y) { y = RandomUniformLike (x) }", device).run([np.zeros(3, np.int32)])

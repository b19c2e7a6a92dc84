# SPDX-License-Identifier: Apache-2.0
"""If, Loop and Scan: values of outside, dims that change, bodies in bodies, and where conditions are read.
Expected values are computed with NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import tenon
from texts import device, floats, load  # noqa: F401


def close(actual, expected):
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


BRANCHES = """
g (bool c, float[n, 4] x, float[4, 4] w) => (float[n, 4] y) {
   y = If (c) <then_branch = t () => (float[n, 4] a) { b = MatMul (x, w)  a = Relu (b) },
               else_branch = e () => (float[n, 4] a) { a = Sub (x, x) }>
}"""


def test_a_branch_reads_values_of_outside(device):
    model = load(BRANCHES, device)
    w = floats(4, 4, seed=1)
    for run in range(4):  # Node by node, then by a plan.
        x = floats(2, 4, seed=run)
        close(model.run({"c": np.array(True), "x": x, "w": w})[0], np.maximum(x @ w, 0))
        close(model.run({"c": np.array(False), "x": x, "w": w})[0], np.zeros_like(x))
    assert model.statistics()["plans_kept"] >= 2


def test_a_condition_of_dims_alone_leaves_one_plan(device):
    model = load(
        """
        g (float[n, 4] x) => (float[m, k] y) <int64 one = {1}> {
           s = Shape (x)  first = Gather (s, zero)  c = Equal (first, one)  u = Relu (x)
           y = If (c) <then_branch = t () => (float[k] a) { b = Add (u, u)  a = Exp (b) },
                       else_branch = e () => (float[m, k] a) { a = Transpose (u) }>
        }""".replace("<int64 one = {1}>", "<int64 one = {1}, int64 zero = {0}>"),
        device,
    )
    for n in (1, 3, 1):
        x = floats(n, 4, seed=n)
        u = np.maximum(x, 0)
        close(model.run({"x": x})[0], np.exp(2 * u) if n == 1 else u.T)
    statistics = model.statistics()
    assert statistics["plans_made"] == 2
    assert statistics["interpreted_runs"] == 0


def test_a_constant_condition_is_folded(device):
    model = load(
        """
        g (float[2] x) => (float[2] y) <bool c = {1}, bool d = {0}> {
           y = If (c) <then_branch = t () => (float[2] z) {
                 a = Mul (x, x)
                 z = If (d) <then_branch = u () => (float[2] b) { b = Unknown (a) },
                             else_branch = v () => (float[2] b) { b = Neg (a) }>
               },
               else_branch = e () => (float[2] z) { z = Identity (x) }>
        }""".replace("b = Unknown (a)", "b = Sqrt (a)"),
        device,
    )
    x = floats(2)
    close(model.run({"x": x})[0], -x * x)
    assert "If" not in model.placement()
    assert model.statistics()["launches"] == 2


LOOP = """
g (int64 n, float[4] x, float[4, 4] w) => (float[4] y, float[k, 4] all) <bool yes = {1}> {
   y, all = Loop (n, yes, x) <body = b (int64 i, bool c, float[4] a) => (bool d, float[4] o, float[4] s) {
      d = Identity (c)
      m = MatMul (a, w)
      o = Tanh (m)
      f = Cast <to = 1> (i)
      s = Add (o, f)
   }>
}"""


def run_loop(n, x, w):
    rows, a = [], x.astype(np.float64)
    for i in range(n):
        a = np.tanh(a @ w)
        rows.append(a + i)
    return a, np.array(rows).reshape(n, 4)


def test_a_loop_carries_and_stacks(device):
    model = load(LOOP, device)
    w = floats(4, 4, seed=1)
    for n in (3, 0, 1, 40, 300):
        x = floats(4, seed=n)
        y, rows = model.run({"n": np.array(n), "x": x, "w": w})
        close(y, run_loop(n, x, w)[0].astype(np.float32))
        close(rows, run_loop(n, x, w)[1].astype(np.float32))
    # The body has been planned, and not again for each number of the iteration.
    assert 1 <= model.statistics()["plans_made"] <= 8


def test_a_short_loop_of_known_length_is_part_of_the_plan(device):
    model = load(LOOP.replace("int64 n, ", "").replace("<bool yes = {1}>", "<bool yes = {1}, int64 n = {3}>"), device)
    w = floats(4, 4, seed=1)
    for seed in range(2):
        x = floats(4, seed=seed)
        y, rows = model.run({"x": x, "w": w})
        close(y, run_loop(3, x, w)[0].astype(np.float32))
        close(rows, run_loop(3, x, w)[1].astype(np.float32))
    statistics = model.statistics()
    assert (statistics["plans_made"], statistics["interpreted_runs"]) == (1, 0)


def test_values_change_places_between_iterations(device):
    """What a plan puts out lies in its memory, which the next iteration writes anew."""
    model = load(
        """
        g (int64 n, float[3] x, float[3] z) => (float[3] y, float[3] v, float[k, 3] all) <bool yes = {1}> {
           y, v, all = Loop (n, yes, x, z) <
             body = b (int64 i, bool c, float[3] p, float[3] q) => (bool d, float[3] r, float[3] s, float[3] t) {
               d = Identity (c)  r = Identity (q)  s = Add (p, q)  t = Identity (p)
           }>
        }""",
        device,
    )
    for n in (2, 9, 9, 25):
        p, q, rows = floats(3, seed=n), floats(3, seed=n + 1), []
        y = model.run({"n": np.array(n), "x": p, "z": q})
        for _ in range(n):
            rows.append(p)
            p, q = q, p + q
        for actual, expected in zip(y, (p, q, np.array(rows))):
            close(actual, expected)


def test_dims_that_grow(device):
    model = load(
        """
        g (int64 n, float[1, 2] x) => (float[m, 2] y) <bool yes = {1}> {
           y = Loop (n, yes, x) <body = b (int64 i, bool c, float[k, 2] a) => (bool d, float[l, 2] o) {
              d = Identity (c)  last = Add (a, a)  first = Slice (a, zero, one)  o = Concat <axis = 0> (first, last)
           }>
        }""".replace("<bool yes = {1}>", "<bool yes = {1}, int64[1] zero = {0}, int64[1] one = {1}>"),
        device,
    )
    for n in (0, 1, 7, 7):
        x = floats(1, 2, seed=n)
        expected = x
        for _ in range(n):
            expected = np.concatenate([expected[:1], expected + expected])
        close(model.run({"n": np.array(n), "x": x})[0], expected)


@pytest.mark.parametrize("where", ["host", "device"])
def test_while(device, where):
    """The condition follows from a counter, which the host keeps; or from what the device computed."""
    count = "e = Less (j, most)" if where == "host" else "t = ReduceSum <keepdims = 0> (o)  e = Less (t, big)"
    model = load(
        f"""
        g (int64 most, float big, float[2, 2] x) => (float[2, 2] y, int64 m) <bool yes = {{1}}, int64 zero = {{0}}, int64 one = {{1}}> {{
           y, m = Loop (, yes, x, zero) <
             body = b (int64 i, bool c, float[2, 2] a, int64 k) => (bool e, float[2, 2] o, int64 j) {{
               j = Add (k, one)  o = Add (a, a)  {count}
           }}>
        }}""",
        device,
    )
    for most in (1, 5, 12):
        x = np.abs(floats(2, 2, seed=most)) + 0.1
        y, m = model.run({"most": np.array(most), "big": np.float32(1e3), "x": x})
        expected, n = x, 0
        while n == 0 or (n < most if where == "host" else expected.sum() < 1e3):
            expected, n = expected + expected, n + 1
        assert int(m) == n
        close(y, expected)


def test_positions_from_the_iteration(device):
    """A slice by the number of the iteration: that is known on the host."""
    model = load(
        """
        g (float[n, 3] x, int64 n) => (float[3] y) <bool yes = {1}, int64[1] one = {1}, int64[1] z = {0}, float[3] s = {0.0, 0.0, 0.0}> {
           y = Loop (n, yes, s) <body = b (int64 i, bool c, float[3] a) => (bool d, float[3] o) {
              d = Identity (c)  from = Unsqueeze (i, z)  to = Add (from, one)
              row = Slice (x, from, to, z)  flat = Squeeze (row, z)  w = Mul (flat, flat)  o = Add (a, w)
           }>
        }""",
        device,
    )
    for n in (1, 6, 50):
        x = floats(n, 3, seed=n)
        close(model.run({"x": x, "n": np.array(n)})[0], (x.astype(np.float64) ** 2).sum(0).astype(np.float32))


def test_bodies_in_bodies(device):
    model = load(
        """
        g (int64 n, float[3] x) => (float[3] y) <bool yes = {1}, int64 two = {2}, int64 zero = {0}> {
           y = Loop (n, yes, x) <body = b (int64 i, bool c, float[3] a) => (bool d, float[3] o) {
              d = Identity (c)  m = Mod (i, two)  even = Equal (m, zero)
              o = If (even) <then_branch = t () => (float[3] p) {
                    p = Loop (i, yes, a) <body = v (int64 j, bool e, float[3] q) => (bool f, float[3] r) {
                       f = Identity (e)  k = Cast <to = 1> (j)  s = Add (q, k)  r = Add (s, x) }>
                  },
                  else_branch = u () => (float[3] p) { p = Neg (a) }>
           }>
        }""",
        device,
    )
    for n in (3, 8, 8):
        x = floats(3, seed=n)
        a = x
        for i in range(n):
            if i % 2:
                a = -a
            else:
                for j in range(i):
                    a = a + np.float32(j) + x
        close(model.run({"n": np.array(n), "x": x})[0], a)


def test_scan_axes_and_directions(device):
    model = load(
        """
        g (float[2, t] x, float[t, 3] z, float[3] s) => (float[3] y, float[3, t] up, float[t, 2] down) {
           y, up, down = Scan <num_scan_inputs = 2, scan_input_axes = [1, 0], scan_input_directions = [0, 1],
                               scan_output_axes = [1, 0], scan_output_directions = [1, 0],
             body = b (float[3] a, float[2] p, float[3] q) => (float[3] o, float[3] u, float[2] d) {
               o = Add (a, q)  u = Identity (o)  d = Mul (p, p) }> (s, x, z)
        }""",
        device,
    )
    for t in (1, 5, 5, 90):
        x, z, s = floats(2, t, seed=t), floats(t, 3, seed=t + 1), floats(3, seed=t + 2)
        y, up, down = model.run({"x": x, "z": z, "s": s})
        sums = s + np.cumsum(z[::-1], axis=0)
        close(y, sums[-1])
        close(up, sums[::-1].T)
        close(down, (x * x).T)


def test_scan_of_opset_8_has_batches(device):
    model = load(
        """
        g (int64[2] l, float[2, 3] s, float[2, t, 3] x) => (float[2, 3] y, float[2, t, 3] all) {
           y, all = Scan <num_scan_inputs = 1, body = b (float[3] a, float[3] p) => (float[3] o, float[3] u) {
               o = Add (a, p)  u = Identity (o) }> (l, s, x)
        }""",
        device,
        opset=8,
    )
    x, s = floats(2, 4, 3), floats(2, 3, seed=1)
    y, rows = model.run({"l": np.array([4, 2]), "s": s, "x": x})
    sums = s[:, None] + np.cumsum(x, axis=1)
    close(y, np.stack([sums[0, 3], sums[1, 1]]))
    close(rows, np.stack([sums[0], np.where(np.arange(4)[:, None] < 2, sums[1], 0)]))


WRONG = {
    "a condition of two": (BRANCHES.replace("bool c", "bool[2] c"), {"c": np.array([True, False])}, "condition"),
    "a node inside": (BRANCHES.replace("MatMul (x, w)", "Concat <axis = 7> (x, w)"), {"c": np.array(True)}, "'y' .*If.*Concat"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_values_are_refused_by_name(name, device):
    text, inputs, words = WRONG[name]
    with pytest.raises(tenon.Error, match=words):
        load(text, device).run({"x": floats(4, 4), "w": floats(4, 4), **inputs})


def test_a_scan_output_must_keep_its_dims(device):
    text = LOOP.replace("s = Add (o, f)", "e = Unsqueeze (i, zero)  s = Expand (f, e)")
    text = text.replace("<bool yes = {1}>", "<bool yes = {1}, int64[1] zero = {0}>")
    with pytest.raises(tenon.Error, match="iteration 1"):
        load(text, device).run({"n": np.array(3), "x": floats(4), "w": floats(4, 4)})

# SPDX-License-Identifier: Apache-2.0
"""Sequences and optionals inside a model. Expected values are computed with NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import tenon
from texts import device, floats, load  # noqa: F401


def test_a_list_is_made_changed_and_read(device):
    model = load(
        """
        g (float[2] x, float[2] z, int64 at) => (float[2] y, int64 n, float[2, 2] both)
          <int64 zero = {0}, int64 last = {-1}> {
           a = Exp (x)  s = SequenceConstruct (a, x)  t = SequenceInsert (s, z, zero)
           y = SequenceAt (t, at)  e = SequenceErase (t, last)  n = SequenceLength (e)
           both = ConcatFromSequence <axis = 0, new_axis = 1> (e)
        }""",
        device,
    )
    x, z = floats(2), floats(2, seed=1)
    expected = [z, np.exp(x), x]
    for at in (0, 1, 2, -1):
        y, n, both = model.run({"x": x, "z": z, "at": np.array(at)})
        np.testing.assert_allclose(y, expected[at], rtol=1e-6)
        assert int(n) == 2
        np.testing.assert_allclose(both, np.stack(expected[:2]), rtol=1e-6)
    with pytest.raises(tenon.Error, match="position 3 is beyond a sequence of 3"):
        model.run({"x": x, "z": z, "at": np.array(3)})


@pytest.mark.parametrize("split", [None, 2, [1, 3, 1]])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_a_split_and_what_joins_it(split, keepdims, device):
    given = ", sizes" if split is not None else ""
    declared = "" if split is None else ", int64 sizes" if split == 2 else ", int64[3] sizes"
    model = load(
        f"""
        g (float[2, 5] x{declared}, int64 i) => (float[a, b] part, float[c, d] whole) {{
           s = SplitToSequence <axis = 1, keepdims = {keepdims}> (x{given})
           p = SequenceAt (s, i)  part = Neg (p)
           whole = ConcatFromSequence <axis = {1 if keepdims or split else -1}, new_axis = {0 if keepdims or split else 1}> (s)
        }}""",
        device,
    )
    x = floats(2, 5)
    inputs = {"x": x, "i": np.array(1)} | ({} if split is None else {"sizes": np.array(split)})
    part, whole = model.run(inputs)
    start = [1] if split is None else [split, split] if split == 2 else [1]
    size = 1 if split is None else 2 if split == 2 else 3
    expected = -x[:, start[0] : start[0] + size]
    np.testing.assert_array_equal(part, expected if keepdims or split else expected[:, 0])
    np.testing.assert_array_equal(whole, x)


def test_a_loop_fills_a_list(device):
    """What a plan of the body puts out must not be written anew by the next iteration."""
    model = load(
        """
        g (int64 n, float[3] x) => (float[m, 3] y) <bool yes = {1}> {
           e = SequenceEmpty ()
           s, last = Loop (n, yes, e, x) <
             body = b (int64 i, bool c, seq(float[3]) t, float[3] a) => (bool d, seq(float[3]) u, float[3] o) {
               d = Identity (c)  o = Tanh (a)  u = SequenceInsert (t, o)
           }>
           y = ConcatFromSequence <axis = 0, new_axis = 1> (s)
        }""",
        device,
    )
    for n in (1, 4, 20):
        x, rows = floats(3, seed=n), []
        a = x
        for _ in range(n):
            a = np.tanh(a)
            rows.append(a)
        np.testing.assert_allclose(model.run({"n": np.array(n), "x": x})[0], np.stack(rows), rtol=1e-5)


def test_an_optional_that_is_there(device):
    model = load(
        """
        g (float[2] x) => (float[2] y, bool has, bool none) {
           o = Optional (x)  has = OptionalHasElement (o)  e = OptionalGetElement (o)  y = Neg (e)
           none = OptionalHasElement ()
        }""",
        device,
    )
    y, has, none = model.run({"x": np.ones(2, np.float32)})
    assert list(y) == [-1, -1] and bool(has) and not bool(none)


def test_sequences_in_and_out(device):
    model = load(
        """
        g (seq(float[n]) s, float[m] z) => (seq(float[n]) t, int64 n_, seq(float[m]) parts, seq(float[n]) same) {
           t = SequenceInsert (s, z)  n_ = SequenceLength (s)  parts = SplitToSequence (z)  same = Identity (s)
        }""",
        device,
    )
    assert [(v.sequence, v.optional) for v in model.inputs] == [(True, False), (False, False)]
    z = floats(3)
    for items in ([floats(2), floats(4, seed=1)], []):
        t, n, parts, same = model.run({"s": items, "z": z})
        assert int(n) == len(items)
        for made, expected in ((t, [*items, z]), (parts, z[:, None]), (same, items)):
            assert isinstance(made, list) and len(made) == len(expected)
            for one, other in zip(made, expected):
                np.testing.assert_array_equal(one, other)


def test_optionals_in_and_out(device):
    model = load(
        """
        g (optional(float[n]) o, float[n] x) => (bool has, float[n] y, optional(float[n]) same) {
           has = OptionalHasElement (o)  same = Identity (o)
           y = If (has) <then_branch = t () => (float[n] a) { a = OptionalGetElement (o) },
                         else_branch = e () => (float[n] b) { b = Neg (x) }>
        }""",
        device,
    )
    x, o = floats(3), floats(3, seed=1)
    for given in ({"o": o, "x": x}, {"o": None, "x": x}, {"x": x}):
        has, y, same = model.run(given)
        present = given.get("o") is not None
        assert bool(has) == present
        np.testing.assert_array_equal(y, o if present else -x)
        assert (same is None) != present


def test_values_of_another_kind_are_refused(device):
    model = load("g (seq(float[n]) s) => (int64 n_) { n_ = SequenceLength (s) }", device)
    with pytest.raises(tenon.Error, match="is no sequence"):
        model.run([floats(2)])
    with pytest.raises(tenon.Error, match="wrong element type"):
        model.run([[np.zeros(2)]])
    with pytest.raises(tenon.Error, match="wrong element type"):
        model.run([None])

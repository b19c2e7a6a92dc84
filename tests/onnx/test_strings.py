# SPDX-License-Identifier: Apache-2.0
"""Strings, which the host keeps: in and out of models, through operators that move or compare them, and ONNX's own
operators of strings. Expected values are Python's."""

from __future__ import annotations

import re

import numpy as np
import pytest
import tenon
from texts import device, load  # noqa: F401

WORDS = np.array([["pear", "", "fig"], ["ärger", "fig", "Zoë"]], object)


def texts(*words):
    return np.array(words, object)


def same(value, expected):
    assert value.dtype == object and value.shape == np.shape(expected)
    assert value.tolist() == np.asarray(expected, object).tolist()


def test_strings_are_moved_and_compared(device):  # noqa: F811
    model = load(
        """
        g (string[2, 3] x, int64[2] i, bool[2, 3] c) =>
          (string[3, 2] t, string[2, 2] g_, string[2, 3] w, bool[2, 3] e, string[4, 3] both, int64[2] dims,
           string[6] flat)
          <string one = {"fig"}, int64[1] all = {-1}> {
           t = Transpose (x)  g_ = Gather <axis = 1> (x, i)  w = Where (c, x, one)  e = Equal (x, one)
           both = Concat <axis = 0> (x, w)  dims = Shape (x)  flat = Reshape (x, all)
        }""",
        device,
    )
    mask = np.array([[True, False, True], [False, True, True]])
    for x in (WORDS, WORDS[::-1].copy()):  # Nothing is kept of a run.
        t, gathered, chosen, equal, both, dims, flat = model.run({"x": x, "i": np.array([2, 0]), "c": mask})
        same(t, x.T)
        same(gathered, x[:, [2, 0]])
        same(chosen, np.where(mask, x, "fig"))
        np.testing.assert_array_equal(equal, x == "fig")
        same(both, np.concatenate([x, np.where(mask, x, "fig")]))
        assert dims.tolist() == [2, 3]
        same(flat, x.reshape(-1))


def test_unique_strings_are_in_order(device):  # noqa: F811
    model = load("g (string[n] x) => (string[m] y, int64[k] at) { y, at = Unique (x) }", device)
    y, at = model.run([texts("b", "a", "ä", "b", "")])
    same(y, ["", "a", "b", "ä"])
    assert at.tolist() == [4, 1, 0, 2]


def test_strings_that_are_no_strings_are_refused(device):  # noqa: F811
    model = load("g (string[2] x) => (string[2] y) { y = Identity (x) }", device)
    same(model.run([np.array(["a", "b"])])[0], ["a", "b"])
    with pytest.raises(TypeError, match="1 is no string"):
        model.run([np.array([1, "b"], object)])
    with pytest.raises(tenon.Error, match="wants string"):
        model.run([np.zeros(2, np.float32)])


def test_joining_and_splitting(device):  # noqa: F811
    model = load(
        """
        g (string[2, 3] x, string[3] z) => (string[2, 3] y, string[2, 3, a] parts, int64[2, 3] n, string[2, 3, b] words)
          { y = StringConcat (x, z)  parts, n = StringSplit <delimiter = "-", maxsplit = 2> (y)  words, unused = StringSplit (y) }
        """,
        device,
    )
    x = np.array([["a-b", "", " c  d "], ["-", "e", "f-g-h-i"]], object)
    z = texts("", "-", " z")
    y, parts, counts, words = model.run([x, z])
    joined = x + z
    same(y, joined)
    expected = [[t.split("-", 2) for t in row] for row in joined]
    assert counts.tolist() == [[len(p) for p in row] for row in expected]
    same(parts, [[p + [""] * (3 - len(p)) for p in row] for row in expected])
    most = max(len(t.split()) for t in joined.flat)
    same(words, [[t.split() + [""] * (most - len(t.split())) for t in row] for row in joined])


@pytest.mark.parametrize("pattern", [r"\w+@(a|b)\.com", r"[^x]*", r"(ab){2,3}", "", r"a.*b\b"])
def test_patterns(pattern, device):  # noqa: F811
    escaped = pattern.replace("\\", "\\\\")
    model = load(f'g (string[n] x) => (bool[n] y) {{ y = RegexFullMatch <pattern = "{escaped}"> (x) }}', device)
    x = texts("me@a.com", "me@c.com", "", "abab", "abababab", "a!b", "x")
    (y,) = model.run([x])
    assert y.tolist() == [re.fullmatch(pattern, t, re.ASCII) is not None for t in x]


def test_a_pattern_that_is_none_is_refused(device):  # noqa: F811
    model = load('g (string[n] x) => (bool[n] y) { y = RegexFullMatch <pattern = "(a"> (x) }', device)
    with pytest.raises(tenon.Error, match="no regular expression"):
        model.run([texts("a")])


def test_long_texts_do_not_exhaust_the_stack(device):  # noqa: F811
    model = load('g (string[n] x) => (bool[n] y) { y = RegexFullMatch <pattern = "(a|aa)*b"> (x) }', device)
    (y,) = model.run([texts("a" * 20_000, "a" * 20_000 + "b")])
    assert y.tolist() == [False, True]


@pytest.mark.parametrize(("change", "sensitive"), [("NONE", 1), ("LOWER", 0), ("UPPER", 1)])
def test_normalizing(change, sensitive, device):  # noqa: F811
    model = load(
        f"""g (string[n] x) => (string[m] y) {{ y = StringNormalizer <case_change_action = "{change}",
              is_case_sensitive = {sensitive}, stopwords = ["the", "Über"]> (x) }}""",
        device,
    )
    x = texts("The", "über", "ŻÓŁĆ", "the", "mañana", "日本")
    stop = {"the", "Über"} if sensitive else {"the", "über"}
    kept = [t for t in x if (t if sensitive else t.lower()) not in stop]
    change_of = {"NONE": str, "LOWER": str.lower, "UPPER": str.upper}[change]
    same(model.run([x])[0], [change_of(t) for t in kept])
    same(model.run([texts("the")])[0], [""])


def test_casts(device):  # noqa: F811
    model = load(
        """g (float[n] x, string[m] s) => (string[n] t, float[m] f, int64[n] back)
             { t = Cast <to = 8> (x)  f = Cast <to = 1> (s)  c = Ceil (x)  w = Cast <to = 8> (c)  back = Cast <to = 7> (w) }""",
        device,
    )
    x = np.array([1.5, -0.1, 3e20], np.float32)
    t, f, back = model.run([x, texts("2.5", " -1e3", "inf", "NaN")])
    np.testing.assert_array_equal(t.astype(np.float32), x)
    np.testing.assert_array_equal(f, np.array([2.5, -1000, np.inf, np.nan], np.float32))
    assert back.tolist()[:2] == [2, 0]
    with pytest.raises(tenon.Error, match="'two' is no number"):
        model.run([x, texts("1", "two", "3", "4")])


def test_strings_in_branches_and_loops(device):  # noqa: F811
    model = load(
        """
        g (string[n] x, bool b, int64 times) => (string[n] y, string[n] z) <bool yes = {1}> {
           y = If (b) <then_branch = t () => (string[n] r) { r = StringConcat (x, x) },
                       else_branch = e () => (string[n] q) { q = Identity (x) }>
           z = Loop (times, yes, x) <body = l (int64 i, bool go, string[n] s) => (bool on, string[n] u)
                 { on = Identity (go)  u = StringConcat (s, x) }>
        }""",
        device,
    )
    x = texts("a", "bc")
    for b in (True, False):
        y, z = model.run({"x": x, "b": np.array(b), "times": np.array(2)})
        same(y, x + x if b else x)
        same(z, x + x + x)


@pytest.mark.parametrize("mode", ["TF", "IDF", "TFIDF"])
def test_ngrams(mode, device):  # noqa: F811
    model = load(
        f"""g (string[2, n] x) => (float[2, m] y) {{ y = TfIdfVectorizer <mode = "{mode}", min_gram_length = 1,
              max_gram_length = 2, max_skip_count = 1, ngram_counts = [0, 2], ngram_indexes = [3, 0, 1],
              pool_strings = ["a", "b", "a", "c"], weights = [2.0, 3.0, 0.5]> (x) }}""",
        device,
    )
    x = np.array([["a", "b", "a", "c"], ["a", "x", "c", "b"]], object)
    counts = np.array([[1, 1, 0, 2], [1, 1, 0, 1]], np.float32)  # Of "b", "a c", nothing, "a".
    weights = np.array([3, 0.5, 1, 2], np.float32)
    expected = {"TF": counts, "IDF": (counts > 0) * weights, "TFIDF": counts * weights}[mode]
    np.testing.assert_array_equal(model.run([x])[0], expected)

# SPDX-License-Identifier: Apache-2.0
"""Operators that the importer writes as others, and those that decide their dims themselves: against NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tenon
from onnx import TensorProto, helper
from test_models import device, floats, make_model, run  # noqa: F401: a fixture

NEAR = {"rtol": 2e-5, "atol": 2e-5}

EQUATIONS = [
    ("ij->ji", (3, 4)),
    ("ii->i", (4, 4)),
    ("ii", (4, 4)),
    ("iij->j", (3, 3, 4)),
    ("ij->", (3, 4)),
    ("i,j->ij", (3,), (4,)),
    ("ij,jk", (3, 4), (4, 5)),
    ("ij,jk->ki", (3, 4), (4, 5)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
    ("bhwc,hkc->bhwk", (2, 3, 4, 5), (3, 6, 5)),
    ("...ij,...jk->...ik", (2, 1, 3, 4), (1, 6, 4, 5)),
    ("b...d->b...", (2, 3, 4, 5)),
    ("...i,...i", (2, 3), (1, 3)),
    ("ij,ij->i", (3, 4), (3, 4)),
    ("ij,kj->", (3, 4), (5, 4)),
    ("i,ij,j->", (3,), (3, 4), (4,)),
    ("ab,bc,cd->da", (2, 3), (3, 4), (4, 5)),
    ("ij,j->i", (3, 4), (1,)),
    ("bqhd,bkhd->bhqk", (2, 3, 4, 5), (2, 6, 4, 5)),
    ("ik,jk->ij", (3, 0), (4, 0)),
    (" i j , j k -> i k ", (2, 3), (3, 2)),
]


@pytest.mark.parametrize("case", EQUATIONS, ids=lambda c: c[0])
def test_einsum(device, case):  # noqa: F811
    equation, *shapes = case
    inputs = [floats(*shape, seed=i) for i, shape in enumerate(shapes)]
    expected = np.einsum(equation.replace(" ", ""), *[np.broadcast_to(a, a.shape) for a in inputs])
    (y,) = run(device, "Einsum", inputs, opset=12, equation=equation)
    assert y.shape == expected.shape
    assert np.allclose(y, expected, **NEAR)


@pytest.mark.parametrize("equation", ["ij,jk->ik->", "ij,k", "i1->i", "ij,jk->iik", "ij,jk->iz", "ijk,jk->i"])
def test_einsum_that_does_not_fit(device, equation):  # noqa: F811
    with pytest.raises(tenon.Error, match="[Ee]insum|equation"):
        run(device, "Einsum", [floats(2, 3), floats(3, 4)], opset=12, equation=equation)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_unique(device, axis):  # noqa: F811
    x = np.random.default_rng(3).integers(0, 3, (4, 5)).astype(np.float32)
    outputs = ["y", *((name, TensorProto.INT64) for name in ("first", "inverse", "counts"))]
    attributes = {} if axis is None else {"axis": axis}
    expected = np.unique(x, return_index=True, return_inverse=True, return_counts=True, axis=axis)
    for actual, one in zip(run(device, "Unique", [x], outputs, **attributes), expected):
        assert np.array_equal(actual, one.reshape(actual.shape))
    # What comes behind it has dims of its own.
    nodes = [
        helper.make_node("Unique", ["x"], ["u"], sorted=0),
        helper.make_node("Neg", ["u"], ["y"]),
    ]
    (y,) = tenon.load(make_model(nodes, {"x": x}, ["y"]).SerializeToString(), device).run({"x": x})
    order = np.sort(np.unique(x, return_index=True)[1])
    assert np.array_equal(y, -x.reshape(-1)[order])


def test_bit_cast(device):  # noqa: F811
    x = floats(3, 4)
    node = helper.make_node("BitCast", ["x"], ["y"], to=TensorProto.INT32)
    model = make_model([node], {"x": x}, [("y", TensorProto.INT32)], opset=26, ir_version=13)
    (y,) = tenon.load(model.SerializeToString(), device).run({"x": x})
    assert np.array_equal(y, x.view(np.int32))


@pytest.mark.parametrize("shape", [(3, 4), (5, 2)])
def test_eye_like(device, shape):  # noqa: F811
    for k in (-1, 0, 2):
        (y,) = run(device, "EyeLike", [floats(*shape)], opset=9, k=k)
        assert np.array_equal(y, np.eye(*shape, k=k, dtype=np.float32))
    (y,) = run(device, "EyeLike", [floats(*shape)], [("y", TensorProto.INT64)], dtype=TensorProto.INT64)
    assert y.dtype == np.int64 and np.array_equal(y, np.eye(*shape))


def test_compress(device):  # noqa: F811
    x = floats(3, 4)
    for axis in (0, 1, -1):
        condition = np.array([False, True, True])
        (y,) = run(device, "Compress", [x, condition], opset=11, axis=axis)
        assert np.array_equal(y, np.compress(condition, x, axis))
    (y,) = run(device, "Compress", [x, np.arange(5) % 2 == 0])
    assert np.array_equal(y, np.compress(np.arange(5) % 2 == 0, x))


@pytest.mark.parametrize("time", [0, 1])
def test_reverse_sequence(device, time):  # noqa: F811
    x, lengths = floats(4, 4, 3), np.array([1, 4, 2, 3])
    (y,) = run(device, "ReverseSequence", [x, lengths], opset=10, time_axis=time, batch_axis=1 - time)
    expected = x.copy() if time == 0 else x.transpose(1, 0, 2).copy()
    for b, n in enumerate(lengths):
        expected[:n, b] = expected[:n, b][::-1].copy()
    assert np.array_equal(y, expected if time == 0 else expected.transpose(1, 0, 2))


def test_hardmax_and_mean(device):  # noqa: F811
    x = floats(3, 4, 5)
    for axis in (0, 1, -1):
        (y,) = run(device, "Hardmax", [x], opset=13, axis=axis)
        expected = np.zeros_like(x)
        np.put_along_axis(expected, np.expand_dims(x.argmax(axis), axis), 1, axis)
        assert np.array_equal(y, expected)
    (y,) = run(device, "Mean", [x, 2 * x[0], x[0, 0]], opset=13)
    assert np.allclose(y, (x + 2 * x[0] + x[0, 0]) / 3, **NEAR)


@pytest.mark.parametrize("mode", ["linear", "circular"])
def test_tensor_scatter(device, mode):  # noqa: F811
    past, update = floats(2, 3, 6, 4), floats(2, 3, 2, 4, seed=1)
    start = np.array([1, 5 if mode == "circular" else 4])
    (y,) = run(device, "TensorScatter", [past, update, start], opset=24, mode=mode)
    expected = past.copy()
    for b in range(2):
        for i in range(2):
            expected[b, :, (start[b] + i) % 6] = update[b, :, i]
    assert np.array_equal(y, expected)


def test_spectra(device):  # noqa: F811
    signal = floats(2, 50, 1)
    window = np.hanning(12).astype(np.float32)
    for onesided in (0, 1):
        inputs = [signal, np.int64(5), window, np.int64(12)]
        (y,) = run(device, "STFT", inputs, opset=17, host=(1, 3), onesided=onesided)
        frames = np.stack([signal[:, i : i + 12, 0] * window for i in range(0, 39, 5)], 1)
        expected = np.fft.rfft(frames) if onesided else np.fft.fft(frames)
        assert np.allclose(y[..., 0] + 1j * y[..., 1], expected, **NEAR)
    for opset, axis in ((17, {"axis": 1}), (20, {})):
        (y,) = run(device, "DFT", [signal], opset=opset, onesided=1, **axis)
        assert np.allclose(y[..., 0] + 1j * y[..., 1], np.fft.rfft(signal[..., 0]), **NEAR)


# ---- com.microsoft ----


def contrib(device, op, inputs, outputs=("y",), opset=21, host=(), **attributes):  # noqa: F811
    names = [f"i{k}" if a is not None else "" for k, a in enumerate(inputs)]
    arrays = {name: np.asarray(a) for name, a in zip(names, inputs) if name}
    feed = {n: a for n, a in arrays.items() if int(n[1:]) not in host}
    node = helper.make_node(op, names, list(outputs), domain="com.microsoft", name="n", **attributes)
    model = make_model(
        [node], feed, [o for o in outputs if o], opset, **{n: a for n, a in arrays.items() if n not in feed}
    )
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return tenon.load(model.SerializeToString(), device).run(feed)


def gelu(x):
    return np.array([0.5 * v * math.erfc(-v / math.sqrt(2)) for v in x.ravel()], np.float32).reshape(x.shape)


def test_contrib_activations(device):  # noqa: F811
    x, bias = floats(3, 8), floats(8, seed=1)
    for opset in (14, 21):
        assert np.allclose(contrib(device, "Gelu", [x], opset=opset)[0], gelu(x), **NEAR)
        assert np.allclose(contrib(device, "BiasGelu", [x, bias], opset=opset)[0], gelu(x + bias), **NEAR)
        z = x + bias
        fast = 0.5 * z * (1 + np.tanh(0.7978845608 * (z + 0.044715 * z**3)))
        assert np.allclose(contrib(device, "FastGelu", [x, bias], opset=opset)[0], fast, **NEAR)
        quick = x / (1 + np.exp(-1.5 * x))
        assert np.allclose(contrib(device, "QuickGelu", [x], opset=opset, alpha=1.5)[0], quick, **NEAR)


def test_fused_matmul(device):  # noqa: F811
    a, b = floats(2, 3, 4), floats(2, 4, 5, seed=1)
    expected = 0.5 * (a @ b)
    (y,) = contrib(device, "FusedMatMul", [a, b], alpha=0.5)
    assert np.allclose(y, expected, **NEAR)
    turned = [a.swapaxes(1, 2).copy(), b.swapaxes(1, 2).copy()]
    (y,) = contrib(device, "FusedMatMul", turned, alpha=0.5, transA=1, transB=1)
    assert np.allclose(y, expected, **NEAR)
    (y,) = contrib(device, "FusedMatMul", [a.swapaxes(0, 1).copy(), b], alpha=0.5, transBatchA=1)
    assert np.allclose(y, expected, **NEAR)


def root_mean_square(x, scale, epsilon):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + epsilon) * scale


def test_contrib_norms(device):  # noqa: F811
    x, skip = floats(2, 3, 8), floats(2, 3, 8, seed=1)
    scale, shift, bias = (floats(8, seed=s) for s in (2, 3, 4))
    z = x + skip + bias
    normal = (z - z.mean(-1, keepdims=True)) / np.sqrt(z.var(-1, keepdims=True) + 1e-5)
    inputs = [x, skip, scale, shift, bias]
    y, total = contrib(device, "SkipLayerNormalization", inputs, ("y", "", "", "s"), epsilon=1e-5)
    assert np.allclose(y, normal * scale + shift, **NEAR) and np.allclose(total, z, **NEAR)
    inputs = [x, skip, scale, bias]
    y, total = contrib(device, "SkipSimplifiedLayerNormalization", inputs, ("y", "", "", "s"), epsilon=1e-5)
    assert np.allclose(y, root_mean_square(z, scale, 1e-5), **NEAR) and np.allclose(total, z, **NEAR)
    (y,) = contrib(device, "SimplifiedLayerNormalization", [x, scale], epsilon=1e-5, opset=17)
    assert np.allclose(y, root_mean_square(x, scale, 1e-5), **NEAR)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def heads(x, n):
    return x.reshape(*x.shape[:2], n, -1).swapaxes(1, 2)


def rows(x):
    return x.swapaxes(1, 2).reshape(x.shape[0], x.shape[2], -1)


def test_multi_head_attention(device):  # noqa: F811
    q, k, v = floats(2, 3, 8), floats(2, 5, 8, seed=1), floats(2, 5, 8, seed=2)
    bias = floats(24, seed=3)
    padding = np.array([[1, 1, 1, 1, 0], [1, 1, 0, 0, 0]], np.int32)
    y, pk = contrib(device, "MultiHeadAttention", [q, k, v, bias, padding], ("y", "k"), opset=21, num_heads=2)
    q, k, v = (heads(a + b, 2) for a, b in zip((q, k, v), np.split(bias, 3)))
    scores = q @ k.swapaxes(2, 3) / 2 + np.where(padding[:, None, None] != 0, 0, -10000)
    assert np.allclose(y, rows(softmax(scores) @ v), **NEAR)
    assert np.allclose(pk, k, **NEAR)


def rotated(x, places, cos, sin):
    half = x.shape[-1] // 2
    c, s = cos[places][:, None], sin[places][:, None]
    left, right = x[..., :half], x[..., half:]
    return np.concatenate([left * c - right * s, right * c + left * s], -1)


@pytest.mark.parametrize("length", [1, 3])
def test_group_query_attention(device, length):  # noqa: F811
    """Two samples of different pasts; the keys are kept in a buffer of 8."""
    rng = np.random.default_rng(5)
    q, k, v = (rng.standard_normal((2, length, n * 4)).astype(np.float32) for n in (4, 2, 2))
    past_k, past_v = (rng.standard_normal((2, 2, 8, 4)).astype(np.float32) for _ in range(2))
    before = np.array([2, 5])
    angle = rng.standard_normal((8, 2))
    cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    last = (before + length - 1).astype(np.int32)
    inputs = [q, k, v, past_k, past_v, last, np.int32(8), cos, sin]
    attributes = {"num_heads": 4, "kv_num_heads": 2, "do_rotary": 1}
    y, keys, values = contrib(
        device, "GroupQueryAttention", inputs, ("y", "k", "v"), host=(6,), opset=21, **attributes
    )
    places = before[:, None] + np.arange(length)
    q, k, v = heads(q, 4), heads(k, 2), heads(v, 2)
    q, k = rotated(q, places, cos, sin), rotated(k, places, cos, sin)
    for b in range(2):
        past_k[b][:, places[b]], past_v[b][:, places[b]] = k[b], v[b]
    assert np.allclose(keys, past_k, **NEAR) and np.allclose(values, past_v, **NEAR)
    scores = q @ past_k.repeat(2, 1).swapaxes(2, 3) / 2
    seen = np.arange(8) <= places[:, None, :, None]
    expected = softmax(np.where(seen, scores, -np.inf)) @ past_v.repeat(2, 1)
    assert np.allclose(y, rows(expected), **NEAR)


def test_contrib_rotary_embedding(device):  # noqa: F811
    x, angle = floats(2, 3, 8), floats(9, 2)
    cos, sin = np.cos(angle), np.sin(angle)
    (y,) = contrib(device, "RotaryEmbedding", [x, np.array([4]), cos, sin], num_heads=2)
    expected = rotated(heads(x, 2), 4 + np.arange(3)[None].repeat(2, 0), cos, sin)
    assert np.allclose(y, rows(expected), **NEAR)


def test_embed_layer_normalization(device):  # noqa: F811
    ids = np.array([[1, 2, 0], [3, 3, 1]], np.int32)
    segments = np.array([[0, 0, 1], [0, 1, 1]], np.int32)
    words, places, kinds = floats(5, 8), floats(6, 8, seed=1), floats(2, 8, seed=2)
    scale, shift = floats(8, seed=3), floats(8, seed=4)
    inputs = [ids, segments, words, places, kinds, scale, shift]
    (y,) = contrib(device, "EmbedLayerNormalization", inputs, epsilon=1e-5)
    z = words[ids] + places[:3] + kinds[segments]
    normal = (z - z.mean(-1, keepdims=True)) / np.sqrt(z.var(-1, keepdims=True) + 1e-5)
    assert np.allclose(y, normal * scale + shift, **NEAR)


# ---- Training ----


@pytest.mark.parametrize("ratio, training", [(0.3, True), (0.0, True), (0.3, False)])
def test_seeded_dropout(device, ratio, training):  # noqa: F811
    """The numbers are NumPy's, as in ONNX's reference."""
    x = floats(3, 40)
    node = helper.make_node("Dropout", ["x", "r", "t"], ["y", "mask"], seed=7)
    graph = helper.make_graph(
        [node],
        "test",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape),
            helper.make_tensor_value_info("r", TensorProto.FLOAT, []),
            helper.make_tensor_value_info("t", TensorProto.BOOL, []),
        ],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, x.shape),
            helper.make_tensor_value_info("mask", TensorProto.BOOL, x.shape),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    feed = {"x": x, "r": np.float32(ratio), "t": np.bool_(training)}
    y, mask = tenon.load(model.SerializeToString(), device).run(feed)
    kept = np.random.RandomState(7).uniform(0, 1, x.shape) >= np.float32(ratio)
    if not training:
        kept[:] = True
    assert np.array_equal(mask, kept)
    assert np.allclose(y, np.where(kept, x / (1 - ratio) if training else x, 0), **NEAR)


def test_dropout_without_a_seed_is_refused(device):  # noqa: F811
    with pytest.raises(tenon.Error, match="Dropout.*seed"):
        run(device, "Dropout", [floats(3), np.float32(0.5), np.bool_(True)])


# ---- ai.onnx.ml ----


def learned(device, op, inputs, outputs=("y",), **attributes):  # noqa: F811
    names = [f"i{k}" for k in range(len(inputs))]
    feed = {n: np.asarray(a) for n, a in zip(names, inputs)}
    node = helper.make_node(
        op, names, [o[0] if isinstance(o, tuple) else o for o in outputs], domain="ai.onnx.ml", name="n", **attributes
    )
    model = make_model([node], feed, outputs, 21)
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 5 if op == "TreeEnsemble" else 3))
    return tenon.load(model.SerializeToString(), device).run(feed)


def test_feature_operators(device):  # noqa: F811
    x = floats(4, 3)
    (y,) = learned(device, "Scaler", [x], offset=[0.5, 1.0, -1.0], scale=[2.0])
    assert np.allclose(y, (x - np.array([0.5, 1, -1], np.float32)) * 2, **NEAR)
    for norm, size in (
        ("MAX", np.abs(x).max(1, keepdims=True)),
        ("L1", np.abs(x).sum(1, keepdims=True)),
        ("L2", np.sqrt((x**2).sum(1, keepdims=True))),
    ):
        assert np.allclose(learned(device, "Normalizer", [x], norm=norm)[0], x / size, **NEAR)
    assert np.array_equal(learned(device, "Binarizer", [x], threshold=0.25)[0], (x > 0.25).astype(np.float32))
    gaps = x.copy()
    gaps[1, 2] = gaps[3, 0] = np.nan
    (y,) = learned(
        device, "Imputer", [gaps], imputed_value_floats=[7.0, 8.0, 9.0], replaced_value_float=float("nan")
    )
    assert np.array_equal(y, np.where(np.isnan(gaps), np.array([7, 8, 9], np.float32), gaps))
    (y,) = learned(device, "ArrayFeatureExtractor", [x, np.array([[2, 0]])])
    assert np.array_equal(y, x[:, [2, 0]])
    (y,) = learned(device, "FeatureVectorizer", [x, x[:, :1]], inputdimensions=[3, 1])
    assert np.array_equal(y, np.concatenate([x, x[:, :1]], 1))
    ids = np.array([3, 9, 1])
    (y,) = learned(device, "OneHotEncoder", [ids], cats_int64s=[1, 3])
    assert np.array_equal(y, [[0, 1], [0, 0], [1, 0]])
    (y,) = learned(
        device, "LabelEncoder", [ids], keys_int64s=[1, 3], values_floats=[0.5, 0.25], default_float=-1.0
    )
    assert np.array_equal(y, np.array([0.25, -1, 0.5], np.float32))


def test_linear_models(device):  # noqa: F811
    x, weights, shift = floats(4, 3), floats(2, 3, seed=1), floats(2, seed=2)
    scores = x @ weights.T + shift
    numbers = {"coefficients": weights.ravel().tolist(), "intercepts": shift.tolist()}
    (y,) = learned(device, "LinearRegressor", [x], targets=2, **numbers)
    assert np.allclose(y, scores, **NEAR)
    outputs = [("l", TensorProto.INT64), "y"]
    labels, y = learned(
        device, "LinearClassifier", [x], outputs, classlabels_ints=[4, 9], post_transform="SOFTMAX", **numbers
    )
    assert np.allclose(y, softmax(scores), **NEAR)
    assert np.array_equal(labels, np.array([4, 9])[scores.argmax(1)])


def words(*list_):
    return np.array(list_, object)


def test_words_as_labels_and_keys(device):  # noqa: F811
    x = words("fig", "pear", "", "fig")
    (y,) = learned(device, "LabelEncoder", [x], [("y", TensorProto.INT64)], keys_strings=["fig", ""],
                   values_int64s=[7, 8], default_int64=-3)  # fmt: skip
    assert y.tolist() == [7, -3, 8, 7]
    numbers = np.array([[1, 2], [5, 1]])
    (y,) = learned(device, "LabelEncoder", [numbers], [("y", TensorProto.STRING)], keys_int64s=[1, 2],
                   values_strings=["one", "two"])  # fmt: skip
    assert y.tolist() == [["one", "two"], ["_Unused", "one"]]
    categories = {"cats_int64s": [1, 2], "cats_strings": ["one", "two"]}
    (y,) = learned(device, "CategoryMapper", [numbers], [("y", TensorProto.STRING)], default_string="?", **categories)
    assert y.tolist() == [["one", "two"], ["?", "one"]]
    (y,) = learned(device, "CategoryMapper", [words("two", "x")], [("y", TensorProto.INT64)], **categories)
    assert y.tolist() == [2, -1]
    (y,) = learned(device, "OneHotEncoder", [x], cats_strings=["", "fig"])
    assert np.array_equal(y, [[0, 1], [0, 0], [1, 0], [0, 1]])
    outputs = [("l", TensorProto.STRING), "y"]
    labels, y = learned(device, "LinearClassifier", [np.float32([[1], [-1]])], outputs, coefficients=[1.0, -1.0],
                        intercepts=[0.0, 0.0], classlabels_strings=["up", "down"])  # fmt: skip
    assert labels.tolist() == ["up", "down"]


KERNELS = {
    "LINEAR": lambda a, b: a @ b.T,
    "POLY": lambda a, b: (0.5 * (a @ b.T) + 0.25) ** 3,
    "SIGMOID": lambda a, b: np.tanh(0.5 * (a @ b.T) + 0.25),
    "RBF": lambda a, b: np.exp(-0.5 * ((a[:, None] - b[None]) ** 2).sum(-1)),
}


@pytest.mark.parametrize("kernel", KERNELS)
def test_support_vectors(device, kernel):  # noqa: F811
    x, vectors = floats(6, 3), floats(5, 3, seed=1)
    dots = KERNELS[kernel](x, vectors)
    common = {"kernel_type": kernel, "kernel_params": [0.5, 0.25, 3.0], "support_vectors": vectors.ravel().tolist()}
    weights = floats(5, seed=2)
    regressor = common | {"coefficients": weights.tolist(), "n_supports": 5, "rho": [0.5]}
    sums = dots @ weights + 0.5
    (y,) = learned(device, "SVMRegressor", [x], **regressor)
    assert np.allclose(y, sums[:, None], **NEAR)
    (y,) = learned(device, "SVMRegressor", [x], one_class=1, **regressor)
    assert np.array_equal(y, np.where(sums > 0, 1, -1)[:, None])

    # Three classes of 2, 1 and 2 vectors: each against each, and who wins most often.
    weights, rho, bounds = floats(2, 5, seed=3), floats(3, seed=4), [(0, 2), (2, 3), (3, 5)]
    scores, votes = [], np.zeros((6, 3))
    for pair, (i, j) in enumerate([(0, 1), (0, 2), (1, 2)]):
        (a, b), (c, d) = bounds[i], bounds[j]
        scores.append(dots[:, a:b] @ weights[j - 1, a:b] + dots[:, c:d] @ weights[i, c:d] + rho[pair])
        votes[np.arange(6), np.where(scores[-1] > 0, i, j)] += 1
    scores = np.stack(scores, 1)
    outputs = [("l", TensorProto.INT64), "y"]
    classifier = common | {"coefficients": weights.ravel().tolist(), "rho": rho.tolist(), "vectors_per_class": [2, 1, 2]}
    labels, y = learned(device, "SVMClassifier", [x], outputs, classlabels_ints=[4, 9, 2], **classifier)
    assert np.allclose(y, scores, **NEAR)
    assert np.array_equal(labels, np.array([4, 9, 2])[votes.argmax(1)])


def test_support_vectors_of_two_classes(device):  # noqa: F811
    x, vectors, weights = floats(6, 3), floats(4, 3, seed=1), floats(4, seed=2)
    score = x @ vectors.T @ weights + 0.25
    outputs = [("l", TensorProto.STRING), "y"]
    for transform in ("NONE", "LOGISTIC", "SOFTMAX"):
        labels, y = learned(device, "SVMClassifier", [x], outputs, support_vectors=vectors.ravel().tolist(),
                            coefficients=weights.tolist(), rho=[0.25], vectors_per_class=[2, 2],
                            classlabels_strings=["a", "b"], post_transform=transform)  # fmt: skip
        both = np.stack([-score, score], 1)
        expected = {"NONE": both, "LOGISTIC": 1 / (1 + np.exp(-both)), "SOFTMAX": softmax(both)}[transform]
        assert np.allclose(y, expected, **NEAR)
        assert labels.tolist() == np.where(score > 0, "a", "b").tolist()


def test_support_vectors_without_vectors(device):  # noqa: F811
    x, weights = floats(6, 3), floats(3, 3, seed=1)
    (y,) = learned(device, "SVMRegressor", [x], coefficients=weights[0].tolist(), rho=[0.5])
    assert np.allclose(y, x @ weights[:1].T + 0.5, **NEAR)
    outputs = [("l", TensorProto.INT64), "y"]
    labels, y = learned(device, "SVMClassifier", [x], outputs, coefficients=weights.ravel().tolist(), rho=[0.5],
                        classlabels_ints=[1, 2, 3], post_transform="SOFTMAX")  # fmt: skip
    scores = x @ weights.T + 0.5
    assert np.allclose(y, softmax(scores), **NEAR)
    with pytest.raises(tenon.Error, match="prob_a"):
        learned(device, "SVMClassifier", [x], outputs, coefficients=[1.0], rho=[0.5], classlabels_ints=[1, 2],
                prob_a=[1.0], prob_b=[1.0])  # fmt: skip


# Tree 0: x0 <= 0 ? (x1 > 0.5 ? 1 : 2) : 4; tree 1: x1 == 0 ? 10 : 20.
NODES = {
    "nodes_treeids": [0, 0, 0, 0, 0, 1, 1, 1],
    "nodes_nodeids": [0, 1, 2, 3, 4, 0, 1, 2],
    "nodes_featureids": [0, 1, 0, 0, 0, 1, 0, 0],
    "nodes_values": [0.0, 0.5, 0, 0, 0, 0.0, 0, 0],
    "nodes_modes": ["BRANCH_LEQ", "BRANCH_GT", "LEAF", "LEAF", "LEAF", "BRANCH_EQ", "LEAF", "LEAF"],
    "nodes_truenodeids": [1, 3, 0, 0, 0, 1, 0, 0],
    "nodes_falsenodeids": [2, 4, 0, 0, 0, 2, 0, 0],
}
LEAVES = {"treeids": [0, 0, 0, 1, 1], "nodeids": [3, 4, 2, 1, 2], "weights": [1.0, 2.0, 4.0, 10.0, 20.0]}


def test_trees(device):  # noqa: F811
    x = np.array([[-1, 1], [-1, 0], [0, 0.5], [3, 0], [np.nan, 2]], np.float32)
    sums = np.array([[21], [12], [22], [14], [24]], np.float32)
    leaves = {f"target_{k}": v for k, v in LEAVES.items()}
    (y,) = learned(device, "TreeEnsembleRegressor", [x], n_targets=1, target_ids=[0] * 5, **NODES, **leaves)
    assert np.array_equal(y, sums)
    (y,) = learned(
        device,
        "TreeEnsembleRegressor",
        [x],
        n_targets=1,
        target_ids=[0] * 5,
        aggregate_function="AVERAGE",
        base_values=[0.5],
        **NODES,
        **leaves,
    )
    assert np.array_equal(y, sums / 2 + 0.5)
    leaves = {f"class_{k}": v for k, v in LEAVES.items()}
    labels, y = learned(
        device,
        "TreeEnsembleClassifier",
        [x],
        [("l", TensorProto.INT64), "y"],
        classlabels_int64s=[5, 7],
        class_ids=[0, 1, 0, 1, 0],
        **NODES,
        **leaves,
    )
    expected = np.array([[21, 0], [0, 12], [20, 2], [4, 10], [24, 0]], np.float32)
    assert np.array_equal(y, expected)
    assert np.array_equal(labels, np.array([5, 7])[expected.argmax(1)])
    with pytest.raises(tenon.Error, match="node 9"):
        wrong = {**NODES, "nodes_truenodeids": [9, *NODES["nodes_truenodeids"][1:]]}
        learned(device, "TreeEnsembleRegressor", [x], n_targets=1, target_ids=[0] * 5, **wrong, **{
            f"target_{k}": v for k, v in LEAVES.items()
        })

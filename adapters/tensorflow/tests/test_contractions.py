# SPDX-License-Identifier: Apache-2.0
"""Matrix products, einsum, convolutions, pooling."""

import numpy as np
import pytest
import tensorflow as tf

from compare import assert_close, compare, random

pytestmark = pytest.mark.usefixtures("strict_placement")


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64, tf.float16, tf.bfloat16],
                         ids=lambda d: d.name)
def test_matmul(dtype):
    for ta in (False, True):
        for tb in (False, True):
            a = random((7, 5) if ta else (5, 7), dtype)
            b = random((3, 7) if tb else (7, 3), dtype, seed=1)
            compare("MatMul", a=a, b=b, transpose_a=ta, transpose_b=tb)
            x = random((2, 1, 7, 5) if ta else (2, 1, 5, 7), dtype)
            y = random((4, 3, 7) if tb else (4, 7, 3), dtype, seed=1)
            compare("BatchMatMulV2", x=x, y=y, adj_x=ta, adj_y=tb)
            if dtype == tf.float16:
                continue  # Nothing on the CPU to compare with.
            compare("BatchMatMulV3", x=x, y=y, adj_x=ta, adj_y=tb, Tout=dtype)


def test_matmul_empty():
    compare("MatMul", a=np.zeros((3, 0), np.float32), b=np.zeros((0, 2), np.float32))
    compare("MatMul", a=np.zeros((0, 3), np.float32), b=np.zeros((3, 2), np.float32))


def test_matmul_error():
    with tf.device("TENON:0"), pytest.raises(tf.errors.InvalidArgumentError, match="incompatible"):
        tf.raw_ops.MatMul(a=tf.ones([2, 3]), b=tf.ones([2, 3]))


EQUATIONS = [
    ("ij,jk->ik", (3, 4), (4, 5)), ("abc,cde->abde", (2, 3, 4), (4, 5, 6)),
    ("aecd,abcd->acbe", (2, 3, 4, 5), (2, 6, 4, 5)), ("acbe,aecd->abcd", (2, 4, 6, 3), (2, 3, 4, 5)),
    ("abcd,cde->abe", (2, 3, 4, 5), (4, 5, 6)), ("a,b->ab", (3,), (4,)), ("a,a->", (4,), (4,)),
    ("...ij,jk->...ik", (2, 3, 4, 5), (5, 6)), ("ab,ab->a", (3, 4), (3, 4)),
    ("abc,ad->bd", (3, 4, 2), (3, 5)), ("ab,cd->ac", (3, 4), (5, 6)), ("bij,bjk->kbi", (2, 3, 4), (2, 4, 5)),
]


@pytest.mark.parametrize("equation,a,b", EQUATIONS, ids=lambda v: v if isinstance(v, str) else "")
def test_einsum(equation, a, b):
    compare("Einsum", inputs=[random(a), random(b, seed=1)], equation=equation)


def test_einsum_of_one():
    for equation, shape in [("abc->cab", (2, 3, 4)), ("abc->b", (2, 3, 4)), ("ii->i", (4, 4)),
                            ("ii->", (4, 4)), ("ab->", (3, 4))]:
        compare("Einsum", inputs=[random(shape)], equation=equation)


def test_bias():
    compare("BiasAdd", value=random((2, 4, 5, 3)), bias=random((3,)))
    compare("BiasAddGrad", out_backprop=random((2, 4, 5, 3)))
    x, b = random((2, 3, 4, 5)), random((3,))
    with tf.device("TENON:0"):
        y = tf.raw_ops.BiasAdd(value=x, bias=b, data_format="NCHW")
        g = tf.raw_ops.BiasAddGrad(out_backprop=x, data_format="NCHW")
    np.testing.assert_allclose(y, x + b[:, None, None], rtol=1e-6)
    np.testing.assert_allclose(g, x.sum((0, 2, 3)), rtol=1e-4, atol=1e-5)


CONVOLUTIONS = [
    dict(x=(2, 9, 8, 3), w=(3, 3, 3, 4), strides=(1, 1), padding="SAME"),
    dict(x=(2, 9, 8, 3), w=(3, 2, 3, 4), strides=(2, 1), padding="VALID"),
    dict(x=(1, 11, 10, 2), w=(3, 3, 2, 5), strides=(1, 1), padding="SAME", dilations=(2, 3)),
    dict(x=(2, 8, 7, 3), w=(4, 4, 3, 2), strides=(3, 2), padding="SAME"),
    dict(x=(2, 6, 6, 3), w=(1, 1, 3, 8), strides=(1, 1), padding="VALID"),
]


@pytest.mark.parametrize("c", CONVOLUTIONS, ids=lambda c: f"{c['w']}{c['padding']}")
def test_conv2d(c):
    for dtype in (tf.float32, tf.float64):
        x, w = random(c["x"], dtype), random(c["w"], dtype, seed=1)
        attributes = dict(strides=[1, *c["strides"], 1], padding=c["padding"],
                          dilations=[1, *c.get("dilations", (1, 1)), 1])
        compare("Conv2D", input=x, filter=w, **attributes)
        if "dilations" in c:
            continue  # The CPU has no gradients with dilations.
        dy = random(tf.raw_ops.Conv2D(input=x, filter=w, **attributes).shape, dtype, seed=2)
        compare("Conv2DBackpropInput", input_sizes=np.array(c["x"], np.int32), filter=w,
                out_backprop=dy, **attributes)
        compare("Conv2DBackpropFilter", input=x, filter_sizes=np.array(c["w"], np.int32),
                out_backprop=dy, **attributes)


def test_conv2d_explicit_padding():
    x, w = random((2, 6, 7, 3)), random((3, 3, 3, 4), seed=1)
    attributes = dict(strides=[1, 1, 1, 1], padding="EXPLICIT",
                      explicit_paddings=[0, 0, 1, 2, 0, 3, 0, 0])
    compare("Conv2D", input=x, filter=w, **attributes)


def test_conv2d_channels_first():
    x, w = random((2, 3, 8, 7)), random((3, 3, 3, 4), seed=1)
    with tf.device("TENON:0"):
        got = tf.raw_ops.Conv2D(input=x, filter=w, strides=[1, 1, 2, 1], padding="SAME",
                                data_format="NCHW")
    with tf.device("CPU:0"):
        want = tf.raw_ops.Conv2D(input=x.transpose(0, 2, 3, 1), filter=w, strides=[1, 2, 1, 1],
                                 padding="SAME")
        want = tf.transpose(want, [0, 3, 1, 2])
    assert_close(want, got)


def test_depthwise():
    x, w = random((2, 9, 8, 3)), random((3, 2, 3, 2), seed=1)
    for strides, padding in (((1, 1), "SAME"), ((2, 2), "VALID")):
        attributes = dict(strides=[1, *strides, 1], padding=padding)
        compare("DepthwiseConv2dNative", input=x, filter=w, **attributes)
        y = tf.raw_ops.DepthwiseConv2dNative(input=x, filter=w, **attributes)
        dy = random(y.shape, seed=2)
        compare("DepthwiseConv2dNativeBackpropInput", input_sizes=np.array(x.shape, np.int32),
                filter=w, out_backprop=dy, **attributes)
        compare("DepthwiseConv2dNativeBackpropFilter", input=x,
                filter_sizes=np.array(w.shape, np.int32), out_backprop=dy, **attributes)


def test_conv3d():
    x, w = random((2, 5, 6, 4, 2)), random((2, 3, 2, 2, 3), seed=1)
    attributes = dict(strides=[1, 1, 2, 1, 1], padding="SAME")
    compare("Conv3D", input=x, filter=w, **attributes)
    dy = random(tf.raw_ops.Conv3D(input=x, filter=w, **attributes).shape, seed=2)
    compare("Conv3DBackpropInputV2", input_sizes=np.array(x.shape, np.int32), filter=w,
            out_backprop=dy, **attributes)
    compare("Conv3DBackpropFilterV2", input=x, filter_sizes=np.array(w.shape, np.int32),
            out_backprop=dy, **attributes)


POOLS = [((2, 2), (2, 2), "VALID"), ((3, 2), (2, 1), "SAME"), ((3, 3), (1, 1), "SAME"),
         ((2, 3), (3, 3), "VALID")]


@pytest.mark.parametrize("size,strides,padding", POOLS, ids=str)
def test_pooling(size, strides, padding):
    x = random((2, 9, 8, 3))
    attributes = dict(ksize=[1, *size, 1], strides=[1, *strides, 1], padding=padding)
    compare("MaxPool", input=x, **attributes)
    compare("AvgPool", value=x, **attributes)
    y = tf.raw_ops.MaxPool(input=x, **attributes)
    dy = random(y.shape, seed=2)
    compare("MaxPoolGrad", orig_input=x, orig_output=y.numpy(), grad=dy, **attributes)
    compare("AvgPoolGrad", orig_input_shape=np.array(x.shape, np.int32), grad=dy, **attributes)


def test_pooling_3d():
    x = random((2, 6, 5, 4, 3))
    attributes = dict(ksize=[1, 2, 2, 2, 1], strides=[1, 2, 1, 2, 1], padding="SAME")
    compare("MaxPool3D", input=x, **attributes)
    compare("AvgPool3D", input=x, **attributes)
    y = tf.raw_ops.MaxPool3D(input=x, **attributes)
    dy = random(y.shape, seed=2)
    compare("MaxPool3DGrad", orig_input=x, orig_output=y.numpy(), grad=dy, **attributes)
    compare("AvgPool3DGrad", orig_input_shape=np.array(x.shape, np.int32), grad=dy, **attributes)


def test_determinant():
    for dtype in (tf.float32, tf.float64):
        for shape in [(3, 3), (2, 4, 5, 5), (7, 1, 1), (0, 2, 2)]:
            compare("MatrixDeterminant", input=random(shape, dtype))

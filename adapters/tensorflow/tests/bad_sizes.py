# SPDX-License-Identifier: Apache-2.0
"""Calls with sizes that no tensor can have. test_sizes.py runs this in a process of its own, because
a shape that reaches TensorFlow unchecked ends the process.

Prints a line "name: class: message" a call."""

import conftest  # noqa: F401  pylint: disable=unused-import  # Loads the device.

import numpy as np
import tensorflow as tf

INT_MIN, INT_MAX, HUGE = -(1 << 31), (1 << 31) - 1, 1 << 62


def ints(*values):
    return tf.constant(np.array(values, np.int32))


def longs(*values):
    return tf.constant(np.array(values, np.int64))


def ones(*shape):
    return tf.ones(shape)


raw = tf.raw_ops
NONE = dict(padding="SAME", strides=[1, 1, 1, 1])


def conv(**arguments):
    return raw.Conv2D(input=ones(1, 4, 4, 2), filter=ones(2, 2, 2, 3), **{**NONE, **arguments})


def conv_input(sizes, **arguments):
    return raw.Conv2DBackpropInput(input_sizes=sizes, filter=ones(2, 2, 2, 3),
                                   out_backprop=ones(1, 4, 4, 3), **{**NONE, **arguments})


def conv_filter(sizes):
    return raw.Conv2DBackpropFilter(input=ones(1, 4, 4, 2), filter_sizes=sizes,
                                    out_backprop=ones(1, 4, 4, 3), **NONE)


def pool_grad(sizes):
    return raw.AvgPoolGrad(orig_input_shape=sizes, grad=ones(1, 2, 2, 3), ksize=[1, 2, 2, 1],
                           strides=[1, 2, 2, 1], padding="VALID")


def slice_grad(shape):
    return raw.StridedSliceGrad(shape=shape, begin=shape * 0, end=shape * 0 + 1,
                                strides=shape * 0 + 1, dy=ones(1, 1))


def scatter(shape):
    return raw.ScatterNd(indices=shape[:1, None] * 0, updates=ones(1, 4), shape=shape)


def count(start, limit, delta):
    return raw.Range(start=tf.constant(start, tf.float32), limit=tf.constant(limit, tf.float32),
                     delta=tf.constant(delta, tf.float32))


def max_pool(**arguments):
    return raw.MaxPool(input=ones(1, 4, 4, 2),
                       **{**dict(ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"),
                          **arguments})


# What the message must hold, and the call.
CALLS = {
    "Tile negative": ("-1", lambda: raw.Tile(input=ones(2, 3), multiples=ints(-1, 2))),
    "Tile overflow": ("overflow", lambda: raw.Tile(input=ones(2, 3), multiples=longs(HUGE, HUGE))),
    "SplitV negative": ("-5", lambda: raw.SplitV(value=ones(6), size_splits=ints(-5, 11),
                                                 axis=0, num_split=2)),
    "SplitV open and too many": ("7", lambda: raw.SplitV(value=ones(6), size_splits=ints(7, -1),
                                                         axis=0, num_split=2)),
    "SplitV overflow": ("overflow", lambda: raw.SplitV(
        value=ones(6), size_splits=longs(2 * (HUGE - 1) + 1, 2 * (HUGE - 1) + 1, 8), axis=0,
        num_split=3)),
    "Fill negative": ("-1", lambda: raw.Fill(dims=ints(2, -1), value=1.0)),
    "Fill overflow": ("overflow", lambda: raw.Fill(dims=longs(HUGE, HUGE), value=1.0)),
    "Fill least": (str(INT_MIN), lambda: raw.Fill(dims=ints(INT_MIN), value=1.0)),
    "Empty negative": ("-3", lambda: raw.Empty(shape=ints(-3), dtype=tf.float32)),
    "Empty overflow": ("overflow", lambda: raw.Empty(shape=ints(*[INT_MAX] * 3),
                                                     dtype=tf.float32)),
    "RandomUniform negative": ("-2", lambda: raw.RandomUniform(shape=ints(-2, 3),
                                                               dtype=tf.float32)),
    "RandomStandardNormal overflow": ("overflow", lambda: raw.RandomStandardNormal(
        shape=longs(HUGE, 4), dtype=tf.float32)),
    "ScatterNd negative": ("-7", lambda: scatter(ints(-7, 4))),
    "ScatterNd overflow": ("overflow", lambda: scatter(longs(HUGE, 4))),
    "UnsortedSegmentSum negative": ("-4", lambda: raw.UnsortedSegmentSum(
        data=ones(2, 2), segment_ids=[0, 1], num_segments=-4)),
    "UnsortedSegmentSum overflow": ("overflow", lambda: raw.UnsortedSegmentSum(
        data=ones(2, 2), segment_ids=[0, 1], num_segments=longs(HUGE)[0])),
    "BroadcastTo negative": ("-1", lambda: raw.BroadcastTo(input=ones(1, 3), shape=ints(-1, 3))),
    "BroadcastTo overflow": ("overflow", lambda: raw.BroadcastTo(input=ones(1, 1),
                                                                 shape=longs(HUGE, HUGE))),
    "StridedSliceGrad negative": ("-6", lambda: slice_grad(ints(-6, 5))),
    "StridedSliceGrad overflow": ("overflow", lambda: slice_grad(longs(HUGE, HUGE))),
    "Conv2DBackpropInput negative": ("-8", lambda: conv_input(ints(1, -8, 4, 2))),
    "Conv2DBackpropInput overflow": ("overflow", lambda: conv_input(ints(*[INT_MAX] * 4))),
    "Conv2DBackpropInput rank": ("input_sizes", lambda: conv_input(ints(1, 4, 2))),
    "Conv2DBackpropFilter negative": ("-2", lambda: conv_filter(ints(-2, 2, 2, 3))),
    "AvgPoolGrad negative": ("-4", lambda: pool_grad(ints(1, -4, 4, 3))),
    "AvgPoolGrad overflow": ("overflow", lambda: pool_grad(ints(*[INT_MAX] * 4))),
    "AvgPoolGrad rank": ("orig_input_shape", lambda: pool_grad(ints(4, 4))),
    "OneHot negative": ("-1", lambda: raw.OneHot(indices=[0], depth=-1, on_value=1.0,
                                                 off_value=0.0)),
    "Pad overflow": ("overflow", lambda: raw.Pad(
        input=ones(2), paddings=tf.constant([[2 * (HUGE - 1) + 1, 2]], tf.int64))),
    "Slice overflow": ("9223372036854775807", lambda: raw.Slice(
        input=ones(4), begin=longs(1), size=longs(2 * (HUGE - 1) + 1))),
    "Unpack too many": ("3", lambda: raw.Unpack(value=ones(2, 3), num=3)),
    "Range without end": ("elements", lambda: count(0, np.inf, 1)),
    "Range of no number": ("nan", lambda: count(np.nan, 1, 1)),
    "Conv2D stride 0": ("strides", lambda: conv(strides=[1, 0, 0, 1])),
    "Conv2D stride negative": ("-1", lambda: conv(strides=[1, -1, 1, 1])),
    "Conv2D strides short": ("strides", lambda: conv(strides=[1, 1, 1])),
    "Conv2D dilation 0": ("dilations", lambda: conv(dilations=[1, 0, 1, 1])),
    "Conv2D padding negative": ("-1", lambda: conv(padding="EXPLICIT", strides=[1, 2, 1, 1],
                                                   explicit_paddings=[0, 0, -1, 0, 0, 0, 0, 0])),
    "MaxPool ksize 0": ("ksize", lambda: max_pool(ksize=[1, 0, 2, 1])),
    "MaxPool stride 0": ("strides", lambda: max_pool(strides=[1, 0, 1, 1])),
    "MaxPool window too large": ("-", lambda: max_pool(ksize=[1, 9, 9, 1], strides=[1, 1, 1, 1])),
    "GatherNd indices of no rank": ("vector", lambda: raw.GatherNd(params=ones(2), indices=0)),
    "GatherV2 batch_dims": ("batch_dims", lambda: raw.GatherV2(
        params=ones(3, 4), indices=[0, 1, 2], axis=1, batch_dims=2)),
    "Einsum label": ("Einsum", lambda: raw.Einsum(inputs=[ones(2, 3)], equation="ij->ijk")),
}


def main():
    tf.config.set_soft_device_placement(False)
    for name, (_, call) in CALLS.items():
        print(name, end=": ", flush=True)
        try:
            with tf.device("TENON:0"):
                result = tf.nest.flatten(call())[0]
            print("gave", result.shape, flush=True)
        except Exception as error:  # pylint: disable=broad-except
            print(type(error).__name__, str(error).replace("\n", " "), sep=": ", flush=True)


if __name__ == "__main__":
    main()

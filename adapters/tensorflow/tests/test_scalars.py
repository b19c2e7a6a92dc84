# SPDX-License-Identifier: Apache-2.0
"""Numbers on the host as elements: integers that no float64 holds, and every type of constant."""

import numpy as np
import pytest
import tensorflow as tf
from compare import run

pytestmark = pytest.mark.usefixtures("strict_placement")

ODD = 2**53 + 1
TYPES = [tf.float16, tf.bfloat16, tf.float32, tf.float64, tf.int8, tf.int16, tf.int64, tf.uint8, tf.uint16,
         tf.uint32, tf.uint64]


def same(op, **arguments):
    want, got = (run(device, op, arguments)[0].numpy() for device in ("CPU:0", "TENON:0"))
    assert want.dtype == got.dtype
    assert want.tobytes() == got.tobytes(), f"{op}: {got} for {want}"


@pytest.mark.parametrize("start", [ODD, -ODD, 2**62 + 1])
def test_ranges_of_int64(start):
    same("Range", start=np.int64(start), limit=np.int64(start + 9), delta=np.int64(2))


@pytest.mark.parametrize("dtype", TYPES, ids=lambda t: t.name)
def test_ones_and_zeros(dtype):
    x = np.zeros((2, 3), dtype.as_numpy_dtype)
    same("OnesLike", x=x)
    same("ZerosLike", x=x)


@pytest.mark.parametrize("dtype,value", [(np.int64, ODD), (np.uint64, 2**64 - 1), (np.uint64, 2**53 + 1),
                                         (np.int64, -2**63), (np.uint32, 2**32 - 1)])
def test_filled_with_wide_integers(dtype, value):
    same("Fill", dims=np.int32([3]), value=dtype(value))


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.int8])
def test_positions_of_one_hot(dtype):
    same("OneHot", indices=np.array([0, 2, 1], dtype), depth=np.int32(3), on_value=np.int64(ODD),
         off_value=np.int64(-ODD), axis=-1)


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16], ids=lambda t: t.name)
def test_constants_of_16_bit_floats(dtype):
    x = np.array([-2, -1, 0, 1, 2], np.float32).astype(dtype.as_numpy_dtype)
    for op in ("Relu6", "Selu", "Elu"):
        want, got = (run(device, op, {"features": x})[0].numpy().astype(np.float32)
                     for device in ("CPU:0", "TENON:0"))
        np.testing.assert_allclose(got, want, rtol=2**-7 if dtype == tf.bfloat16 else 2**-10)

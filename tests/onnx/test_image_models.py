# SPDX-License-Identifier: Apache-2.0
"""Operators of images in the versions that exporters wrote over the years, and outputs whose dims boxes decide."""

from __future__ import annotations

import numpy as np
import pytest
import tenon
from onnx import TensorProto
from test_models import device, ints, run  # noqa: F401  (a fixture)


def image(*dims, low=0):
    return (np.arange(np.prod(dims), dtype=np.float32) + low).reshape(dims)


def numbers(*values):
    return np.array(values, dtype=np.float32)


def test_upsample_with_scales_as_an_attribute(device):  # noqa: F811
    x = image(1, 1, 2, 2)
    (y,) = run(device, "Upsample", [x], opset=7, scales=[1.0, 1.0, 2.0, 3.0], mode="nearest")
    np.testing.assert_array_equal(y, x.repeat(2, 2).repeat(3, 3))


@pytest.mark.parametrize(("op", "opset"), [("Upsample", 9), ("Resize", 10)])
def test_old_interpolation_begins_at_the_corner(device, op, opset):  # noqa: F811
    def resized(x, scale, mode):
        return run(device, op, [x, numbers(1, 1, 1, scale)], opset=opset, host=(1,), mode=mode)[0].ravel()

    np.testing.assert_allclose(resized(image(1, 1, 1, 2), 2, "linear"), [0, 0.5, 1, 1])
    np.testing.assert_array_equal(resized(image(1, 1, 1, 3), 1.5, "nearest"), [0, 0, 1, 2])


def test_old_resize_to_less_rounds_up(device):  # noqa: F811
    """As in ONNX's own case of opset 10."""
    x = image(1, 1, 2, 4, low=1)
    (y,) = run(device, "Resize", [x, numbers(1, 1, 0.6, 0.6)], opset=10, host=(1,), mode="nearest")
    np.testing.assert_array_equal(y.ravel(), [1, 3])


def test_old_resize_both_ways_is_refused(device):  # noqa: F811
    with pytest.raises(tenon.Error, match="below and above 1.*opset 11"):
        run(device, "Resize", [image(1, 1, 2, 4), numbers(1, 1, 2, 0.5)], opset=10, host=(1,), mode="nearest")


def test_resize_by_a_scale_given_at_run_time(device):  # noqa: F811
    x = image(1, 1, 2, 2)
    (y,) = run(device, "Resize", [x, numbers(), numbers(1, 1, 2, 2)], opset=13, mode="nearest")
    np.testing.assert_array_equal(y, x.repeat(2, 2).repeat(2, 3))


def test_grid_sample_with_the_old_names_of_modes(device):  # noqa: F811
    middle = np.zeros((1, 1, 1, 2), dtype=np.float32)
    for mode in ("bilinear", "bicubic"):
        inputs = [image(1, 1, 2, 3), middle]
        (y,) = run(device, "GridSample", inputs, opset=16, mode=mode, padding_mode="border")
        np.testing.assert_allclose(y.ravel(), [2.5], rtol=1e-6)


def test_old_roi_align_shifts_nothing(device):  # noqa: F811
    inputs = [image(1, 1, 4, 4), numbers(1, 1, 2, 2).reshape(1, 4), ints(0)]
    np.testing.assert_allclose(run(device, "RoiAlign", inputs, opset=10)[0].ravel(), [7.5])
    np.testing.assert_allclose(run(device, "RoiAlign", inputs, opset=16)[0].ravel(), [5])


def test_old_pools_with_a_power_as_a_float(device):  # noqa: F811
    x = numbers(3, -4).reshape(1, 1, 2)
    np.testing.assert_allclose(run(device, "LpPool", [x], opset=1, kernel_shape=[2], p=2.0)[0].ravel(), [5])
    np.testing.assert_allclose(run(device, "GlobalLpPool", [x], opset=1, p=1.0)[0].ravel(), [7])
    with pytest.raises(tenon.Error, match="no whole number"):
        run(device, "GlobalLpPool", [x], opset=1, p=1.5)


def test_old_instance_normalization(device):  # noqa: F811
    inputs = [numbers(1, 3).reshape(1, 1, 2), numbers(2), numbers(5)]
    (y,) = run(device, "InstanceNormalization", inputs, opset=1, epsilon=0.0, consumed_inputs=[0, 0, 0])
    np.testing.assert_allclose(y.ravel(), [3, 7])


def test_transposed_convolution_larger_than_its_windows(device):  # noqa: F811
    ones = np.ones((1, 1, 2), dtype=np.float32)
    (y,) = run(device, "ConvTranspose", [ones, ones], opset=11, strides=[2], output_shape=[7])
    np.testing.assert_array_equal(y.ravel(), [1, 1, 1, 1, 0, 0, 0])
    (y,) = run(device, "ConvTranspose", [ones, ones], opset=11, strides=[2], auto_pad="SAME_UPPER")
    np.testing.assert_array_equal(y.ravel(), [1, 1, 1, 1])


def test_boxes_decide_how_many_rows_there_are(device):  # noqa: F811
    boxes = numbers(0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 5, 1, 6).reshape(1, 3, 4)
    for scores, rows in (((0.5, 0.9, 0.7), [[0, 0, 1], [0, 0, 2]]), ((0.1, 0.2, 0.3), [])):
        inputs = [boxes, numbers(*scores).reshape(1, 1, 3), ints(3), numbers(0.5), numbers(0.5)]
        (y,) = run(device, "NonMaxSuppression", inputs, [("y", TensorProto.INT64)], opset=11)
        np.testing.assert_array_equal(y, np.array(rows, dtype=np.int64).reshape(-1, 3))

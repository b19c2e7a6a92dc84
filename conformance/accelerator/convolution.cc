// SPDX-License-Identifier: Apache-2.0
//
// Conv of floats with two spatial axes.
#include <algorithm>

#include "conformance/accelerator/layouts.h"
#include "conformance/accelerator/work.h"
#include "tenon/device/operators/conv_window.h"
#include "tenon/device/operators/number.h"

namespace tenon::accelerator {
namespace {

using device::ConvWindow;

// A packed tensor with its padding as channels: as the processor reads it.
View with_padding(View view, int64_t* dims) {
  std::copy_n(view.dims, view.rank, dims);
  dims[1] = packed_channels(dims[1]);
  view.dims = dims;
  return view;
}

bool is_packed(const View& view) {
  int64_t strides[TN_MAX_RANK];
  packed_strides(view.dims, view.rank, strides);
  return std::equal(strides, strides + view.rank, view.strides);
}

class Conv final : public Work {
 public:
  Conv(const Description& d, Fault fault)
      : fault_(fault), attributes_(d.name(), device::attributes::Conv(d), d.input(0).rank) {}

  void run(const Arguments& arguments) const override {
    View x_view = arguments.inputs[0], w_view = arguments.inputs[1];
    int64_t x_dims[TN_MAX_RANK], w_dims[TN_MAX_RANK];
    // One group of packed tensors is summed up over whole blocks of channels.
    if (attributes_.groups == 1 && is_packed(x_view) && is_packed(w_view)) {
      x_view = with_padding(x_view, x_dims);
      w_view = with_padding(w_view, w_dims);
    }
    const Numbers x = load(x_view), w = load(w_view), bias = load(arguments.input(2));
    Numbers y = like(arguments.outputs[0]);
    const int64_t outputs = y.dim(1), height = y.dim(2), width = y.dim(3);
    for (int64_t i = 0; i < y.count(); ++i) {
      const int64_t m = i / (height * width) % outputs;
      // A broken device takes every image for the first.
      const int64_t n = fault_ == Fault::first_of_the_batch ? 0 : i / (height * width * outputs);
      y.at(i) = sum(x, w, n, m, outputs, i / width % height, i % width) +
                (bias.dtype != TN_DTYPE_UNDEFINED ? bias.at(m) : 0);
    }
    store(y, arguments.outputs[0], fault_);
  }

 private:
  double sum(const Numbers& x, const Numbers& w, int64_t n, int64_t m, int64_t outputs, int64_t row,
             int64_t column) const {
    const int64_t channels = w.dim(1);
    const int64_t group = fault_ == Fault::groups_ignored ? 0 : m / (outputs / attributes_.groups);
    double total = 0;
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t x_plane = (n * x.dim(1) + group * channels + c) * x.dim(2);
      const int64_t w_plane = (m * channels + c) * w.dim(2);
      for (int64_t i = 0; i < w.dim(2); ++i) {
        const int64_t h = source(1, row, i);
        if (h < 0 || h >= x.dim(2)) continue;
        for (int64_t j = 0; j < w.dim(3); ++j) {
          const int64_t v = source(2, column, j);
          if (v < 0 || v >= x.dim(3)) continue;
          total += x.at((x_plane + h) * x.dim(3) + v) * w.at((w_plane + i) * w.dim(3) + j);
        }
      }
    }
    return total;
  }

  // Along one of the three axes of ConvWindow.
  int64_t source(size_t axis, int64_t position, int64_t tap) const {
    const int64_t dilation = fault_ == Fault::dilations_ignored ? 1 : attributes_.dilations[axis];
    const int64_t pad = fault_ == Fault::pads_taken_for_symmetric ? attributes_.pads_end[axis]
                                                                  : attributes_.pads_begin[axis];
    return position * attributes_.strides[axis] + tap * dilation - pad;
  }

  const Fault fault_;
  const ConvWindow attributes_;
};

}  // namespace

std::unique_ptr<Work> make_convolution(const Description& d, Fault fault) {
  const bool mine = d.name() == "Conv" && d.input(0).rank == 4 &&
                    (device::dtype_bit(d.input_dtype(0)) & device::kFloatTypes) != 0;
  // Padding by a rule is worked out at each launch: the reference device does that.
  if (!mine || (d.has_attribute("auto_pad") && d.text("auto_pad") != "NOTSET")) return nullptr;
  return std::make_unique<Conv>(d, fault);
}

}  // namespace tenon::accelerator

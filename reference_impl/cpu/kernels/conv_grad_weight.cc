// SPDX-License-Identifier: Apache-2.0
//
// tenon.ConvGradWeight: dW = dY x (windowed X transposed), summed over positions and then images,
// in that order whatever the number of threads. A task owns a block of dW.
#include <algorithm>

#include "reference_impl/cpu/kernels/contraction.h"
#include "reference_impl/cpu/kernels/gemm.h"
#include "reference_impl/cpu/kernels/im2col.h"
#include "reference_impl/cpu/kernels/scratch.h"
#include "tenon/device/operators/convolutions.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

constexpr int64_t kRows = 240;     // Of a block of dW: filters.
constexpr int64_t kColumns = 128;  // Taps and channels.

template <class T>
class Run {
 public:
  // dY as an image under a window of one value: its rows are the filters.
  Run(const ConvWindow& attributes, const View& dy, const View& x, const View& dw)
      : groups_(attributes.groups), dw_(dw), attributes_(attributes) {
    batch_ = x.dims[0];
    dy_.data = dy.data;
    dy_.dtype = dy.dtype;
    dy_.channels = dw.dims[0] / groups_;
    dy_.channel_stride = dy.strides[1];
    x_.data = x.data;
    x_.dtype = x.dtype;
    x_.channels = dw.dims[1];
    x_.channel_stride = x.strides[1];
    for (int32_t d = 0; d < 3; ++d) {
      const int64_t positions = attributes.dim(dy, d);
      dy_.axes[d] = {positions, 1, 1, 0, 1, positions, attributes.stride(dy, d)};
      x_.axes[d] = {positions,
                    attributes.dim(dw, d),
                    attributes.strides[d],
                    -attributes.pads_begin[d],
                    attributes.dilations[d],
                    attributes.dim(x, d),
                    attributes.stride(x, d)};
    }
    dy_batch_stride_ = dy.strides[0];
    x_batch_stride_ = x.strides[0];
    row_blocks_ = ceil_div(dy_.channels, kRows);
    column_blocks_ = ceil_div(x_.rows(), kColumns);
    tasks_ = groups_ * row_blocks_ * column_blocks_;
  }

  uint64_t workspace_size() const {
    return static_cast<uint64_t>(scratch_slots(tasks_)) * slot_size();
  }

  void operator()(std::byte* workspace, const Execution& execution) const {
    const auto slot_bytes = static_cast<int64_t>(slot_size());
    for_each_task(execution, tasks_, [&](int64_t task, int64_t slot) {
      run_task(task, workspace + slot * slot_bytes);
    });
  }

 private:
  struct Slot {
    T* a;
    T* b;
    T* tile;
  };
  static Slot slot(WorkspaceParts& parts) {
    Slot slot;
    slot.a = parts.take_array<T>(kRows * kMostColumns);
    slot.b = parts.take_array<T>(kColumns * kMostColumns);
    slot.tile = parts.take_array<T>(kRows * kColumns);
    return slot;
  }
  static uint64_t slot_size() {
    WorkspaceParts parts;
    slot(parts);
    return parts.used();
  }

  void run_task(int64_t task, std::byte* scratch) const {
    WorkspaceParts parts(scratch);
    const Slot own = slot(parts);
    const int64_t column = task % column_blocks_ * kColumns;
    const int64_t columns = std::min(kColumns, x_.rows() - column);
    task /= column_blocks_;
    const int64_t row = task % row_blocks_ * kRows;
    const int64_t rows = std::min(kRows, dy_.channels - row);
    const int64_t group = task / row_blocks_;

    std::fill(own.tile, own.tile + rows * columns, T{0});
    const int64_t positions = x_.columns();
    constexpr int64_t kWidth = gemm::kPanelWidth<T>;
    gemm::Block<T> block{rows, columns, 0, 1, own.a, own.b, 0, own.tile, columns, 1, true};
    const bool reads = positions * x_.axes[0].extent * x_.axes[1].extent * x_.axes[2].extent > 0;
    for (int64_t n = 0; reads && n < batch_; ++n) {
      WindowedImage dy = dy_, x = x_;
      const auto size = static_cast<int64_t>(tn_dtype_bits(x.dtype) / 8);
      dy.data += (n * dy_batch_stride_ + group * dy.channels * dy.channel_stride) * size;
      x.data += (n * x_batch_stride_ + group * x.channels * x.channel_stride) * size;
      join_axes(dy);
      join_axes(x);
      for (int64_t at = 0; at < positions; at += kMostColumns) {
        block.k = std::min(kMostColumns, positions - at);
        block.b_panel_stride = block.k * kWidth;
        for (int64_t i = 0; i < rows; i += isa_.rows) {
          const int64_t lanes = std::min(isa_.rows, rows - i);
          pack_rows(dy, row + i, lanes, lanes, at, block.k, own.a + i * block.k);
        }
        for (int64_t j = 0; j < columns; j += kWidth) {
          pack_rows(x, column + j, std::min(kWidth, columns - j), kWidth, at, block.k,
                    own.b + j * block.k);
        }
        isa_.multiply(block);
      }
    }
    write(own.tile, group, row, rows, column, columns);
  }

  void write(const T* tile, int64_t group, int64_t row, int64_t rows, int64_t column,
             int64_t columns) const {
    const int64_t last = x_.axes[2].taps, middle = x_.axes[1].taps;
    visit_dtype<kFloatTypes>("ConvGradWeight", dw_.dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      for (int64_t j = 0; j < columns; ++j) {
        const int64_t tap = (column + j) / x_.channels, channel = (column + j) % x_.channels;
        S* to = dw_.as<S>() + (group * dy_.channels + row) * dw_.strides[0] +
                channel * dw_.strides[1] + tap / (last * middle) * attributes_.stride(dw_, 0) +
                tap / last % middle * attributes_.stride(dw_, 1) +
                tap % last * attributes_.stride(dw_, 2);
        for (int64_t i = 0; i < rows; ++i) to[i * dw_.strides[0]] = store<S>(tile[i * columns + j]);
      }
    });
  }

  const gemm::Isa& isa_ = gemm::best_isa();
  int64_t batch_, groups_, row_blocks_, column_blocks_, tasks_;
  WindowedImage dy_, x_;
  int64_t dy_batch_stride_, x_batch_stride_;
  const View& dw_;
  const ConvWindow& attributes_;
};

class ConvGradWeight final : public KernelOf<ConvGradWeightOperator>, public NeedsWorkspace {
 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    if (a.output(0).count() == 0) return 0;
    return visit(a, [](const auto& run) { return run.workspace_size(); });
  }
  void run(const Arguments& a, const Execution& execution) const override {
    if (a.output(0).count() == 0) return;
    visit(a, [&](const auto& run) {
      run(a.workspace, execution);
      return uint64_t{0};
    });
  }

 private:
  template <class Visit>
  uint64_t visit(const Arguments& a, Visit&& visit) const {
    const View dw = a.output(0);
    if (dw.dtype == TN_FLOAT64)
      return visit(Run<double>(operator_.window, a.input(0), a.input(1), dw));
    return visit(Run<float>(operator_.window, a.input(0), a.input(1), dw));
  }
};

}  // namespace

std::unique_ptr<Kernel> create_conv_grad_weight(const Description& d) {
  return std::make_unique<ConvGradWeight>(d);
}

}  // namespace tenon::cpu

// SPDX-License-Identifier: Apache-2.0
//
// BatchNormalization (inference), BatchNormTraining and BatchNormGrad. All bring what belongs to a
// channel into a table of doubles in the workspace, and apply it as an elementwise loop in which
// the table broadcasts; so NCHW and channels-last data are equally at home.
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/kernels/norm_views.h"
#include "reference_impl/cpu/kernels/reduce.h"
#include "reference_impl/cpu/kernels/reducers.h"
#include "reference_impl/cpu/kernels/reduction_parts.h"
#include "tenon/device/operators/normalizations.h"

namespace tenon::cpu {
namespace {

// (x - mean) * factor + shift, of a channel's mean, factor and shift. Double throughout: the mean
// may be far larger than the distance from it.
struct Normalize {
  template <class C>
  TENON_INLINE double operator()(C x, double mean, double factor, double shift) const {
    return (static_cast<double>(x) - mean) * factor + shift;
  }
};

// dx = a * dy + b * (x - mean) + c. Where b is 0, x may be anything.
struct Gradient {
  template <class C>
  TENON_INLINE double operator()(C dy, C x, double mean, double a, double b, double c) const {
    const double of_x = b != 0 ? b * (static_cast<double>(x) - mean) : 0;
    return a * static_cast<double>(dy) + of_x + c;
  }
};

// A table of `rows` doubles for each channel, and views of its rows that broadcast to x.
class ChannelTable {
 public:
  ChannelTable(std::byte* memory, const View& x)
      : data_(reinterpret_cast<double*>(memory)), channels_(x.dims[1]) {
    for (int32_t d = 0; d < x.rank; ++d) dims_[d] = d == 1 ? channels_ : 1;
    for (int32_t d = 0; d < x.rank; ++d) strides_[d] = d == 1 ? 1 : 0;
    rank_ = x.rank;
  }
  static uint64_t size(int64_t channels, int rows) {
    return (static_cast<uint64_t>(channels * rows) * sizeof(double) + 63) / 64 * 64;
  }
  double* row(int index) const { return data_ + index * channels_; }
  View view(int index) const {
    View view;
    view.data = reinterpret_cast<std::byte*>(row(index));
    view.dims = dims_;
    view.strides = strides_;
    view.rank = rank_;
    view.dtype = TN_FLOAT64;
    return view;
  }

 private:
  double* data_;
  int64_t channels_;
  int64_t dims_[TN_MAX_RANK], strides_[TN_MAX_RANK];
  int32_t rank_;
};

double channel_of(const View& view, int64_t channel, double otherwise) {
  if (!view.present()) return otherwise;
  const int64_t size = tn_dtype_bits(view.dtype) / 8;
  return load_real(view.dtype, view.data + channel * view.strides[0] * size);
}

void set_channel(const View& view, int64_t channel, double value) {
  if (!view.present()) return;
  const int64_t size = tn_dtype_bits(view.dtype) / 8;
  store_real(view.dtype, view.data + channel * view.strides[0] * size, value);
}

template <size_t N>
void apply(ElementwiseLoop function, const std::array<View, N>& views, const Execution& execution) {
  const View* operands[N];
  for (size_t k = 0; k < N; ++k) operands[k] = &views[k];
  const StridedLoop<N> loop(operands, views[0].dims, views[0].rank);
  execution.parallel_for(loop.count(), 8192, [&](int64_t begin, int64_t end) {
    loop.rows(begin, end, [&](std::byte* const* p, const int64_t* s, int64_t n) {
      function(nullptr, p, s, n);
    });
  });
}

// Sums over all axes but 1 of one or two tensors, into two rows of the table.
template <class Reducer>
void reduce_channels(const Reducer& reducer, const View& x, const View* y, double* first,
                     double* second, std::byte* workspace, const Execution& execution) {
  int64_t in[2][TN_MAX_RANK] = {}, out[TN_MAX_RANK] = {};
  const int64_t size = tn_dtype_bits(x.dtype) / 8;
  for (int32_t d = 0; d < x.rank; ++d) {
    in[0][d] = x.strides[d] * size;
    if (y) in[1][d] = y->strides[d] * size;
  }
  out[1] = sizeof(double);
  const uint32_t axes = ((uint32_t{1} << x.rank) - 1) & ~uint32_t{2};
  const ReducePlan plan(x, axes, in[0], y ? in[1] : nullptr, out, out);
  Reduction<Reducer>(reducer, plan, x.data, y ? y->data : nullptr,
                     reinterpret_cast<std::byte*>(first), reinterpret_cast<std::byte*>(second))
      .run(workspace, execution);
}

int64_t per_channel(const View& x) { return x.dims[1] == 0 ? 0 : x.count() / x.dims[1]; }

template <class T>
class BatchNormKernel final : public KernelOf<BatchNormOperator>, public NeedsWorkspace {
 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& arguments) const override {
    return ChannelTable::size(arguments.inputs[0].dims[1], 3);
  }

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View& x = arguments.inputs[0];
    const ChannelTable table(arguments.workspace, x);
    for (int64_t c = 0; c < x.dims[1]; ++c) {
      table.row(0)[c] = channel_of(arguments.inputs[3], c, 0);
      table.row(1)[c] =
          channel_of(arguments.inputs[1], c, 1) /
          std::sqrt(channel_of(arguments.inputs[4], c, 1) + double{operator_.epsilon});
      table.row(2)[c] = channel_of(arguments.inputs[2], c, 0);
    }
    apply<5>(loop_, {arguments.outputs[0], x, table.view(0), table.view(1), table.view(2)},
             execution);
  }

 private:
  ElementwiseLoop loop_ = elementwise_loop<Normalize, T, T, double, double, double>();
};

template <class T>
class BatchNormTrainingKernel final : public KernelOf<BatchNormTrainingOperator>,
                                      public NeedsWorkspace {
  using Variance = VarianceReducer<T, double>;

 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& arguments) const override {
    const View& x = arguments.inputs[0];
    return ChannelTable::size(x.dims[1], 4) + reduce_workspace<Variance>(x.dims[1], per_channel(x));
  }

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View& x = arguments.inputs[0];
    const int64_t channels = x.dims[1], n = per_channel(x);
    const double momentum = real_at(arguments.inputs[5]), epsilon = real_at(arguments.inputs[6]);
    const ChannelTable table(arguments.workspace, x);
    double *mean = table.row(0), *factor = table.row(1), *variance = table.row(3);
    reduce_channels(Variance{}, x, nullptr, variance, mean,
                    arguments.workspace + ChannelTable::size(channels, 4), execution);
    for (int64_t c = 0; c < channels; ++c) {
      const double inv = 1 / std::sqrt(variance[c] + epsilon);
      factor[c] = channel_of(arguments.inputs[1], c, 1) * inv;
      table.row(2)[c] = channel_of(arguments.inputs[2], c, 0);
      set_channel(arguments.output(1), c, mean[c]);
      set_channel(arguments.output(2), c, inv);
      const double unbiased =
          n > 1 ? variance[c] * static_cast<double>(n) / static_cast<double>(n - 1) : variance[c];
      const auto blend = [&](size_t running, size_t updated, double statistic) {
        const double old = channel_of(arguments.input(running), c, 0);
        set_channel(arguments.output(updated), c, (1 - momentum) * old + momentum * statistic);
      };
      blend(3, 3, mean[c]);
      blend(4, 4, unbiased);
    }
    apply<5>(loop_, {arguments.outputs[0], x, table.view(0), table.view(1), table.view(2)},
             execution);
  }

 private:
  ElementwiseLoop loop_ = elementwise_loop<Normalize, T, T, double, double, double>();
};

template <class T>
class BatchNormGradKernel final : public KernelOf<BatchNormGradOperator>, public NeedsWorkspace {
  using Dot = DotReducer<T>;

 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& arguments) const override {
    const View& x = arguments.inputs[1];
    return ChannelTable::size(x.dims[1], 6) + reduce_workspace<Dot>(x.dims[1], per_channel(x));
  }

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &dy = arguments.inputs[0], &x = arguments.inputs[1];
    const int64_t channels = x.dims[1];
    const double n = static_cast<double>(per_channel(x));
    const ChannelTable table(arguments.workspace, x);
    double *mean = table.row(0), *sum = table.row(4), *centered = table.row(5);
    for (int64_t c = 0; c < channels; ++c) mean[c] = channel_of(arguments.inputs[3], c, 0);
    reduce_channels(Dot{mean - sum}, x, &dy, sum, centered,
                    arguments.workspace + ChannelTable::size(channels, 6), execution);
    for (int64_t c = 0; c < channels; ++c) {
      const double inv = channel_of(arguments.inputs[4], c, 1);
      const double factor = channel_of(arguments.inputs[2], c, 1) * inv;
      set_channel(arguments.output(1), c, centered[c] * inv);
      set_channel(arguments.output(2), c, sum[c]);
      table.row(1)[c] = factor;
      table.row(2)[c] = operator_.training ? -factor * inv * inv * centered[c] / n : 0;
      table.row(3)[c] = operator_.training ? -factor * sum[c] / n : 0;
    }
    if (arguments.output(0).present())
      apply<7>(
          loop_,
          {arguments.output(0), dy, x, table.view(0), table.view(1), table.view(2), table.view(3)},
          execution);
  }

 private:
  ElementwiseLoop loop_ = elementwise_loop<Gradient, T, T, T, double, double, double, double>();
};

template <template <class> class K>
std::unique_ptr<Kernel> make_kernel(const Description& desc) {
  return visit_dtype<kFloatTypes>(desc.name(), desc.input_dtype(0),
                                  [&](auto type) -> std::unique_ptr<Kernel> {
                                    using T = typename decltype(type)::type;
                                    return std::make_unique<K<T>>(desc);
                                  });
}

}  // namespace

std::span<const OperatorEntry> batch_norm_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kBatchNormalization, kFloatTypes, make_kernel<BatchNormKernel>},
      {op::kTenonBatchNormTraining, kFloatTypes, make_kernel<BatchNormTrainingKernel>},
      {op::kTenonBatchNormGrad, kFloatTypes, make_kernel<BatchNormGradKernel>},
  };
  return kEntries;
}

std::span<const OperatorEntry> normalization_operators() {
  static const std::vector<OperatorEntry> all = [] {
    std::vector<OperatorEntry> entries;
    for (std::span<const OperatorEntry> part :
         {softmax_operators(), layer_norm_operators(), batch_norm_operators()})
      entries.insert(entries.end(), part.begin(), part.end());
    return entries;
  }();
  return all;
}

}  // namespace tenon::cpu

// SPDX-License-Identifier: Apache-2.0
//
// Softmax, LogSoftmax, LayerNormalization and the inference of BatchNormalization.
#include <algorithm>
#include <limits>

#include "operators.h"
#include "primitive_kernel.h"
#include "reference_impl/cpu/kernels/simd.h"
#include "tenon/device/operators/normalizations.h"
#include "tenon/device/operators/reductions.h"
#include "tenon/device/operators/shape.h"

namespace tenon::onednn {
namespace {

using dnnl::algorithm;
using dnnl::normalization_flags;
using dnnl::prop_kind;

// oneDNN's own operator | of these, in a place where the analyzer can be told that they are bits.
normalization_flags both(normalization_flags a, normalization_flags b) {
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
  return static_cast<normalization_flags>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

// Makes rows of [rows, size] that hold a NaN all NaN.
struct SpreadNan {
  static TENON_INLINE void body(float* rows, int64_t count, int64_t size) {
    for (float* row = rows; row != rows + count * size; row += size) {
      int nans = 0;
      for (int64_t i = 0; i < size; ++i) nans |= row[i] != row[i];
      if (nans != 0) std::fill_n(row, size, std::numeric_limits<float>::quiet_NaN());
    }
  }
};

// Over the last axis; all dims before it are one. oneDNN makes NaN of what is NaN or infinite
// itself and leaves the rest of such a row 0; its sum is NaN, so all of it has to be.
class Softmax final : public device::KernelOf<device::SoftmaxOperator, PrimitiveKernel> {
 public:
  Softmax(const Description& d, algorithm kind) : KernelOf(d), algorithm_(kind) {
    require_float32(d, 1);
    // Its logarithms are off by more than 80 units of the result.
    if (kind == algorithm::softmax_log && d.math_mode() == TN_MATH_STRICT) {
      throw KernelError(TN_UNSUPPORTED,
                        operator_.name + ": oneDNN's is not exact enough for TN_MATH_STRICT");
    }
    device::normalize_axis(operator_.name, operator_.axis, d.input(0).rank);
  }

  void run(const Arguments& a, const Execution& execution) const override {
    PrimitiveKernel::run(a, execution);
    const View& y = a.outputs[0];
    const int64_t size = size_of(y);
    const int64_t grain = std::max<int64_t>(1, 65536 / size);
    execution.parallel_for(y.count() / size, grain, [&](int64_t begin, int64_t end) {
      spread_nan_(y.as<float>() + begin * size, end - begin, size);
    });
  }

 protected:
  bool worth(const Arguments& a) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    return x.rank != 0 &&
           device::normalize_axis(operator_.name, operator_.axis, x.rank) == x.rank - 1 &&
           y.dense();
  }

  void build(const Arguments& a, Program& p) const override {
    const View& x = a.inputs[0];
    const Dims dims = {x.count() / size_of(x), size_of(x)};
    const auto src = p.dense_input(0, x, dims);
    const auto dst = p.dense_output(0, a.outputs[0], dims);
    const dnnl::softmax_forward::primitive_desc pd(engine(), prop_kind::forward_inference,
                                                   algorithm_, p.md(src), p.md(dst), 1,
                                                   attributes_of());
    p.execute<dnnl::softmax_forward>(pd, {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}});
  }

 private:
  static int64_t size_of(const View& x) { return x.dims[x.rank - 1]; }

  const algorithm algorithm_;
  using Spread = cpu::SimdLoop<SpreadNan, true, float*, int64_t, int64_t>;
  const Spread::Function spread_nan_ = Spread::select();
};

// Over the last axes, as rows of one.
class LayerNorm final : public device::KernelOf<device::LayerNormOperator, PrimitiveKernel> {
 public:
  explicit LayerNorm(const Description& d) : KernelOf(d) {
    require_float32(d, 3);
    device::normalize_axis(operator_.name, operator_.axis, d.input(0).rank);
  }

  void check(const Arguments& a) const override {
    KernelOf::check(a);
    const View& x = a.inputs[0];
    const int32_t axis = device::normalize_axis(operator_.name, operator_.axis, x.rank);
    const auto row = x.shape().subspan(static_cast<size_t>(axis));
    for (const size_t i : {size_t{1}, size_t{2}}) {
      const View view = a.input(i);
      if (view.present() && !std::ranges::equal(view.shape(), row)) {
        throw KernelError(TN_UNSUPPORTED, operator_.name + ": oneDNN broadcasts no Scale and B");
      }
    }
  }

 protected:
  bool worth(const Arguments& a) const override { return a.inputs[0].count() >= 256; }

  void build(const Arguments& a, Program& p) const override {
    const View& x = a.inputs[0];
    const int64_t size =
        device::extent(x, device::normalize_axis(operator_.name, operator_.axis, x.rank), x.rank);
    const Dims dims = {x.count() / size, size};
    const auto src = p.dense_input(0, x, dims);
    const auto dst = p.dense_output(0, a.outputs[0], dims);
    normalization_flags flags = normalization_flags::none;
    std::vector<Program::Argument> arguments = {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}};
    if (a.input(1).present()) {
      flags = both(flags, normalization_flags::use_scale);
      arguments.push_back({DNNL_ARG_SCALE, p.dense_input(1, a.input(1), {size})});
    }
    if (a.input(2).present()) {
      flags = both(flags, normalization_flags::use_shift);
      arguments.push_back({DNNL_ARG_SHIFT, p.dense_input(2, a.input(2), {size})});
    }
    const dnnl::layer_normalization_forward::primitive_desc pd(
        engine(), prop_kind::forward_inference, p.md(src), p.md(dst), operator_.epsilon, flags,
        attributes_of());
    p.execute<dnnl::layer_normalization_forward>(pd, arguments);
  }

 private:
};

class BatchNorm final : public device::KernelOf<device::BatchNormOperator, PrimitiveKernel> {
 public:
  explicit BatchNorm(const Description& d) : KernelOf(d) {
    require_float32(d, 5);
    if (form_of(d.input(0).layout)) layout_ = d.input(0).layout;
  }

  void check(const Arguments& a) const override {
    KernelOf::check(a);
    if (a.outputs[0].layout != a.inputs[0].layout) {
      throw KernelError(TN_UNSUPPORTED,
                        operator_.name + ": the output must be in the input's layout");
    }
  }
  tn_layout input_layout(size_t i, tn_layout) const override {
    return i == 0 ? layout_ : TN_LAYOUT_STRIDED;
  }
  tn_layout output_layout(size_t, tn_layout) const override { return layout_; }

 protected:
  void build(const Arguments& a, Program& p) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    Program::Operand src, dst;
    if (x.dense() && y.dense()) {
      const Dims dims = {x.dims[0], x.dims[1], device::extent(x, 2, x.rank)};
      src = p.dense_input(0, x, dims);
      dst = p.dense_output(0, y, dims);
    } else {
      src = p.input(0, x);
      dst = p.output(0, y);
    }
    const auto channels = [&](size_t i) { return p.dense_input(i, a.inputs[i], {x.dims[1]}); };
    const normalization_flags flags =
        both(both(normalization_flags::use_scale, normalization_flags::use_shift),
             normalization_flags::use_global_stats);
    const dnnl::batch_normalization_forward::primitive_desc pd(
        engine(), prop_kind::forward_inference, p.md(src), p.md(dst), operator_.epsilon, flags,
        attributes_of());
    p.execute<dnnl::batch_normalization_forward>(pd, {{DNNL_ARG_SRC, src},
                                                      {DNNL_ARG_DST, dst},
                                                      {DNNL_ARG_SCALE, channels(1)},
                                                      {DNNL_ARG_SHIFT, channels(2)},
                                                      {DNNL_ARG_MEAN, channels(3)},
                                                      {DNNL_ARG_VARIANCE, channels(4)}});
  }

 private:
  tn_layout layout_ = TN_LAYOUT_STRIDED;
};

template <algorithm kAlgorithm>
std::unique_ptr<Kernel> create_softmax(const Description& d) {
  auto kernel = std::make_unique<Softmax>(d, kAlgorithm);
  kernel->prepare(d);
  return kernel;
}

}  // namespace

std::span<const device::OperatorEntry> norm_operators() {
  static const device::OperatorEntry kEntries[] = {
      {op::kSoftmax, kFloat32, create_softmax<algorithm::softmax_accurate>},
      {op::kLogSoftmax, kFloat32, create_softmax<algorithm::softmax_log>},
      {op::kLayerNormalization, kFloat32, create<LayerNorm>},
      {op::kBatchNormalization, kFloat32, create<BatchNorm>},
  };
  return kEntries;
}

}  // namespace tenon::onednn

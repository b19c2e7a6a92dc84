// SPDX-License-Identifier: Apache-2.0
//
// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear.
#include <atomic>

#include "reference_impl/cpu/kernels/quantize.h"
#include "reference_impl/cpu/kernels/quantized.h"
#include "reference_impl/cpu/kernels/strided_copy.h"

namespace tenon::cpu {
namespace {

class QuantizeLinear final : public KernelOf<QuantizeLinearOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View x = a.input(0), y = a.output(0), scale = a.input(1), zero = a.input(2);
    if (x.count() == 0) return;
    const QuantizeRule rule{operator_.quotient, operator_.saturate};
    over_scales(x, y, scale, zero, operator_.blocks(a), execution, shares_bytes(y),
                [&](const ScaleRun& run) { quantize(rule, x, y, scale, zero, run); });
  }
};

class DequantizeLinear final : public KernelOf<DequantizeLinearOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View x = a.input(0), y = a.output(0), scale = a.input(1), zero = a.input(2);
    if (x.count() == 0) return;
    over_scales(x, y, scale, zero, operator_.blocks(a), execution, shares_bytes(y),
                [&](const ScaleRun& run) { dequantize(x, y, scale, zero, run); });
  }
};

class DynamicQuantizeLinear final : public KernelOf<DynamicQuantizeLinearOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View x = a.input(0), y = a.output(0);
    DynamicScale found = dynamic_scale(x, execution);
    auto zero_point = static_cast<uint8_t>(found.zero);
    // Any output may be left out.
    if (a.output(1).present()) *a.output(1).as<float>() = found.scale;
    if (a.output(2).present()) *a.output(2).as<uint8_t>() = zero_point;
    if (!y.present() || x.count() == 0) return;
    const View scale{reinterpret_cast<std::byte*>(&found.scale), kAbsentDims, kAbsentDims, 0,
                     TN_FLOAT32};
    const View zero{reinterpret_cast<std::byte*>(&zero_point), kAbsentDims, kAbsentDims, 0,
                    TN_UINT8};
    over_scales(x, y, scale, zero, {}, execution, false,
                [&](const ScaleRun& run) { quantize({TN_FLOAT32, true}, x, y, scale, zero, run); });
  }
};

}  // namespace

DynamicScale dynamic_scale(const View& x, const Execution& execution) {
  std::atomic<float> low{0}, high{0};
  if (x.count() != 0) {
    const PairLoop loop(x.shape(), x.strides, nullptr);
    for_each_run(loop, execution, [&](int64_t at, int64_t, int64_t size, int64_t step, int64_t) {
      const float* from = x.as<const float>() + at;
      float least = 0, most = 0;
      for (int64_t i = 0; i < size; ++i) {
        least = from[i * step] < least ? from[i * step] : least;
        most = from[i * step] > most ? from[i * step] : most;
      }
      for (float old = low; least < old && !low.compare_exchange_weak(old, least);) continue;
      for (float old = high; most > old && !high.compare_exchange_weak(old, most);) continue;
    });
  }
  const float least = low, most = high;
  DynamicScale found;
  found.scale = (most == least ? 1.0f : most - least) / 255.0f;
  found.zero = saturated(0.0f - least / found.scale, 0, range_of(TN_UINT8));
  return found;
}

std::unique_ptr<Kernel> create_quantize_linear(const Description& d) {
  return std::make_unique<QuantizeLinear>(d);
}
std::unique_ptr<Kernel> create_dequantize_linear(const Description& d) {
  return std::make_unique<DequantizeLinear>(d);
}
std::unique_ptr<Kernel> create_dynamic_quantize_linear(const Description& d) {
  return std::make_unique<DynamicQuantizeLinear>(d);
}

}  // namespace tenon::cpu

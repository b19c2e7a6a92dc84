// SPDX-License-Identifier: Apache-2.0
//
// LRN: each element divided by a power of what its neighbours among the channels sum to.
#include <cmath>

#include "reference_impl/cpu/kernels/axis_lines.h"
#include "reference_impl/cpu/kernels/vision.h"
#include "tenon/device/operators/normalizations.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {
namespace {

class LocalResponseKernel final : public KernelOf<LocalResponseOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    if (x.count() == 0) return;
    visit_dtype<kFloatTypes>(operator_.name, x.dtype, [&](auto type) {
      using T = typename decltype(type)::type;
      const AxisLines<2> lines({y, x}, 1, 2);
      const int64_t grain = std::max<int64_t>(1, 1024 / x.dims[1]);
      execution.parallel_for(lines.count(), grain, [&](int64_t begin, int64_t end) {
        lines.each(begin, end, [&](std::byte* const* p) {
          run_line(reinterpret_cast<T*>(p[0]), y.strides[1], reinterpret_cast<const T*>(p[1]),
                   x.strides[1], x.dims[1]);
        });
      });
    });
  }

 private:
  template <class T>
  void run_line(T* y, int64_t to, const T* x, int64_t from, int64_t channels) const {
    const int64_t before = (operator_.size - 1) / 2, behind = operator_.size / 2;
    const double factor = double{operator_.alpha} / static_cast<double>(operator_.size);
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t last = behind < channels - c ? c + behind : channels - 1;
      double sum = 0;
      for (int64_t i = std::max<int64_t>(0, c - before); i <= last; ++i) {
        const auto value = static_cast<double>(load(x[i * from]));
        sum += value * value;
      }
      const double base = double{operator_.bias} + factor * sum;
      const auto value = static_cast<double>(load(x[c * from]));
      y[c * to] = store<T>(static_cast<Compute<T>>(value / std::pow(base, double{operator_.beta})));
    }
  }
};

}  // namespace

std::unique_ptr<Kernel> create_local_response(const Description& d) {
  return std::make_unique<LocalResponseKernel>(d);
}

}  // namespace tenon::cpu

// SPDX-License-Identifier: Apache-2.0
//
// InstanceNormalization: each channel of each image is a row with a mean and a variance of its own.
#include <cmath>

#include "reference_impl/cpu/kernels/norm_rows.h"
#include "reference_impl/cpu/kernels/norm_views.h"
#include "reference_impl/cpu/kernels/vision.h"
#include "tenon/device/operators/normalizations.h"
#include "tenon/device/operators/strided_loop.h"

namespace tenon::cpu {
namespace {

template <class T>
class InstanceNormKernel final : public KernelOf<InstanceNormOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    const View &scale = a.inputs[1], &shift = a.inputs[2];
    if (x.count() == 0) return;
    const View y_row = row_of(y, 2), x_row = row_of(x, 2);
    const View* operands[] = {&y_row, &x_row};
    const StridedLoop<2> loop(operands, x_row.dims, x_row.rank);
    const int64_t n = loop.count(), channels = x.dims[1];
    constexpr int64_t kSize = sizeof(T);
    execution.parallel_for(
        x.dims[0] * channels, std::max<int64_t>(1, 8192 / n), [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const int64_t image = i / channels, channel = i % channels;
            const auto start = [&](const View& view) {
              return (image * view.strides[0] + channel * view.strides[1]) * kSize;
            };
            const int64_t to = start(y), from = start(x);
            const auto mean_of = [&](auto function, double mean) {
              double sum = 0;
              loop.rows(0, n, [&](std::byte* const* p, const int64_t* s, int64_t count) {
                function(p[1] + from, s[1], count, mean, &sum);
              });
              return sum / static_cast<double>(n);
            };
            const double mean = mean_of(sum_, 0);
            const double inv = 1 / std::sqrt(mean_of(squares_, mean) + double{operator_.epsilon});
            loop.rows(0, n, [&](std::byte* const* p, const int64_t* s, int64_t count) {
              std::byte* const row[] = {p[0] + to, p[1] + from,
                                        scale.data + channel * scale.strides[0] * kSize,
                                        shift.data + channel * shift.strides[0] * kSize};
              const int64_t strides[] = {s[0], s[1], 0, 0};
              normalize_(row, strides, count, mean, inv);
            });
          }
        });
  }

 private:
  template <bool kSquares>
  using Sum =
      SimdLoop<RowSum<T, kSquares>, false, const std::byte*, int64_t, int64_t, double, double*>;
  using Normalize =
      SimdLoop<RowNormalize<T>, false, std::byte* const*, const int64_t*, int64_t, double, double>;
  typename Sum<false>::Function sum_ = Sum<false>::select();
  typename Sum<true>::Function squares_ = Sum<true>::select();
  typename Normalize::Function normalize_ = Normalize::select();
};

}  // namespace

std::unique_ptr<Kernel> create_instance_norm(const Description& d) {
  return visit_dtype<kFloatTypes>(
      d.name(), d.input_dtype(0), [&](auto type) -> std::unique_ptr<Kernel> {
        return std::make_unique<InstanceNormKernel<typename decltype(type)::type>>(d);
      });
}

}  // namespace tenon::cpu

// SPDX-License-Identifier: Apache-2.0
#include <complex>
#include <numbers>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/tests/kernel_harness.h"

namespace tenon::cpu {
namespace {

using namespace tenon::cpu::testing;

Operation op(const char* name) { return Operation(name, signal_operators()); }

std::vector<std::complex<double>> defined(const std::vector<std::complex<double>>& x) {
  const auto n = static_cast<double>(x.size());
  std::vector<std::complex<double>> y(x.size());
  for (size_t k = 0; k < x.size(); ++k)
    for (size_t i = 0; i < x.size(); ++i)
      y[k] += x[i] * std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k * i) / n);
  return y;
}

// Powers of two, short lengths, and those that are neither.
TEST(Dft, IsItsDefinition) {
  for (const int64_t n : {1, 2, 7, 16, 31, 33, 100, 127, 256})
    for (tn_dtype dtype : {TN_FLOAT32, TN_FLOAT64}) {
      SCOPED_TRACE(n);
      const Array x = Array::random(dtype, {3, n, 2}, -1, 1);
      Array y(dtype, {3, n, 2});
      for (int64_t row = 0; row < 3; ++row) {
        std::vector<std::complex<double>> line;
        for (int64_t i = 0; i < n; ++i)
          line.emplace_back(x.get((row * n + i) * 2), x.get((row * n + i) * 2 + 1));
        const auto spectrum = defined(line);
        for (int64_t i = 0; i < n; ++i) {
          y.set((row * n + i) * 2, spectrum[static_cast<size_t>(i)].real());
          y.set((row * n + i) * 2 + 1, spectrum[static_cast<size_t>(i)].imag());
        }
      }
      // Of each element's terms the magnitudes, and what the sums here are off by.
      op("DFT").expect_near({x}, {y}, 8 * double(n));
    }
}

TEST(Dft, ComesBack) {
  for (const int64_t n : {8, 30, 200}) {
    const Array x = Array::random(TN_FLOAT64, {2, n, 1}, -1, 1);
    std::vector<Array> half{Array(TN_FLOAT64, {2, n / 2 + 1, 2})};
    op("DFT").set("onesided", 1).run({x}, half);
    op("DFT").set("onesided", 1).set("inverse", 1).expect_near({half[0]}, {x}, 8 * double(n));
  }
}

TEST(Dft, SaysWhatDoesNotFit) {
  const Array x(TN_FLOAT32, {4, 3}), y(TN_FLOAT32, {4, 2});
  op("DFT").expect_error({x}, {y}, TN_INVALID_ARGUMENT, "[..., 1] or [..., 2]");
  op("DFT").set("onesided", 1).expect_error({y}, {y}, TN_INVALID_ARGUMENT, "onesided");
}

TEST(Det, IsOfEachMatrix) {
  const Array x(TN_FLOAT32, {3, 2, 2}, {1, 2, 3, 4, 0, 1, 1, 0, 2, 4, 1, 2});
  op("Det").expect({x}, {Array(TN_FLOAT32, {3}, {-2, -1, 0})});
  op("Det").expect({Array(TN_FLOAT64, {0, 0})}, {Array::scalar(TN_FLOAT64, 1)});
  op("Det").expect_error({Array(TN_FLOAT32, {2, 3})}, {Array::scalar(TN_FLOAT32, 0)},
                         TN_INVALID_ARGUMENT, "square");
}

}  // namespace
}  // namespace tenon::cpu

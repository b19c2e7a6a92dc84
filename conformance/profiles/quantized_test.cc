// SPDX-License-Identifier: Apache-2.0
//
// The profile `quantized`: ONNX's QuantizeLinear, DequantizeLinear and MatMulInteger, made of
// operators that the contract has. Scales are powers of two and values have few bits, so that every
// step is exact in every float type, ties included.
#include <algorithm>
#include <cmath>

#include "profiles/profile_test.h"

namespace tenon::conformance {
namespace {

const std::vector<tn_dtype> kQuantizedFloats = {TN_FLOAT32, TN_FLOAT16, TN_BFLOAT16};
constexpr Real kStep = 1.0L / 64;

struct Quantization {
  tn_dtype dtype;
  Real least, most, zero;
};
constexpr Quantization kQuantizations[] = {{TN_UINT8, 0, 255, 16}, {TN_INT8, -128, 127, -8}};

// Saturates (x / scale, rounded half to even, + zero), as ONNX says.
Real quantized(const Quantization& q, Real x, Real scale) {
  const Real ratio = x / scale, floor = std::floor(ratio), rest = ratio - floor;
  Real rounded = rest > 0.5L || (rest == 0.5L && std::fmod(floor, 2) != 0) ? floor + 1 : floor;
  return std::clamp(rounded + q.zero, q.least, q.most);
}

// k / 64 for -255 <= k <= 255: eight bits.
HostTensor values(tn_dtype type) {
  HostTensor x(type, {511});
  for (size_t i = 0; i < 511; ++i) x.values[i] = (static_cast<Real>(i) - 255) * kStep;
  return x;
}

void quantizes(ProfileTest& test) {
  const HostTensor x = values(test.type);
  const auto scalar = [&](Real value) { return Given(HostTensor::scalar(test.type, value)); };
  for (const Quantization& q : kQuantizations) {
    for (const Real scale : {kStep, 2 * kStep, 4 * kStep}) {
      HostTensor y = test.run_one("Div", {x, scalar(scale)}, test.type, x.dims);
      y = test.run_one("Round", {y}, test.type, x.dims);
      // Clipped before the zero is added, where all is exact.
      y = test.run_one("Clip", {y, scalar(q.least - q.zero), scalar(q.most - q.zero)}, test.type,
                       x.dims);
      y = test.run_one("Add", {y, scalar(q.zero)}, test.type, x.dims);
      const HostTensor bytes =
          test.run_one("Cast", {y}, q.dtype, x.dims, {{"to", int64_t{q.dtype}}});
      HostTensor expected(q.dtype, x.dims);
      for (size_t i = 0; i < x.values.size(); ++i) {
        expected.values[i] = quantized(q, x.values[i], scale);
      }
      EXPECT_EQ(bytes.values, expected.values) << dtype_name(q.dtype) << " from float";

      HostTensor back =
          test.run_one("Cast", {bytes}, test.type, x.dims, {{"to", int64_t{test.type}}});
      back = test.run_one("Sub", {back, scalar(q.zero)}, test.type, x.dims);
      back = test.run_one("Mul", {back, scalar(scale)}, test.type, x.dims);
      for (Real& value : expected.values) value = (value - q.zero) * scale;
      EXPECT_EQ(back.values, HostTensor(test.type, x.dims, expected.values).values)
          << dtype_name(q.dtype) << " to float";
    }
  }
}

// Sums of 300 products of 8 bits are far beyond the 24 bits of a float32.
void multiplies(ProfileTest& test) {
  constexpr int64_t kM = 5, kK = 1031, kN = 7;
  const HostTensor a = HostTensor::random(TN_UINT8, {kM, kK}, 128, 255, 1);
  const HostTensor b = HostTensor::random(TN_INT8, {kK, kN}, 64, 127, 2);
  const auto widened = [&](const HostTensor& x, Real zero) {
    const HostTensor wide =
        test.run_one("Cast", {x}, TN_INT32, x.dims, {{"to", int64_t{TN_INT32}}});
    return test.run_one("Sub", {wide, HostTensor::scalar(TN_INT32, zero)}, TN_INT32, x.dims);
  };
  const HostTensor y =
      test.run_one("MatMul", {widened(a, -300), widened(b, -300)}, TN_INT32, {kM, kN});
  HostTensor expected(TN_INT32, {kM, kN});
  for_each_index(expected.dims, [&](const Shape& i) {
    Real sum = 0;
    for (int64_t k = 0; k < kK; ++k) sum += (a.at({i[0], k}) + 300) * (b.at({k, i[1]}) + 300);
    expected.at(i) = sum;
  });
  EXPECT_GT(expected.values[0], std::ldexp(1.0L, 24)) << "the test itself: no sum is large";
  EXPECT_EQ(y.values, expected.values);
}

}  // namespace

void register_quantized_tests() {
  register_profile_test("Quantized", kQuantizedFloats, "TN_quantized_001_as_onnx_says",
                        {{"Div"},
                         {"Round"},
                         {"Add"},
                         {"Clip"},
                         {"Cast"},
                         {"Sub"},
                         {"Mul"},
                         {"Cast", TN_UINT8},
                         {"Cast", TN_INT8}},
                        quantizes);
  register_profile_test("Quantized", kQuantizedFloats, "TN_quantized_002_sums_in_int32",
                        {{"Cast", TN_UINT8},
                         {"Cast", TN_INT8},
                         {"Cast", TN_INT32},
                         {"Sub", TN_INT32},
                         {"MatMul", TN_INT32}},
                        multiplies);
}

}  // namespace tenon::conformance

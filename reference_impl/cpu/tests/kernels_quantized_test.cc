// SPDX-License-Identifier: Apache-2.0
//
// Quantized operators against numbers worked out by hand, and products against plain loops.
#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/tests/kernel_harness.h"

namespace tenon::cpu::testing {
namespace {

constexpr const char* kMicrosoft = "com.microsoft";

Operation op(const char* name, const char* domain = "") {
  return Operation(name, quantized_operators(), domain);
}
Array f32(Dims dims, const std::vector<double>& values) { return Array(TN_FLOAT32, dims, values); }
Array scale(double value) { return Array::scalar(TN_FLOAT32, value); }

TEST(QuantizeLinearTest, RoundsTiesToEvenBeforeTheZeroPointAndSaturates) {
  // 0.5 and 1.5 round to 0 and 2: an odd zero point must not decide.
  op("QuantizeLinear")
      .expect({f32({7}, {1, 3, 5, -1, -3, 10000, -10000}), scale(2), Array::scalar(TN_UINT8, 3)},
              {Array(TN_UINT8, {7}, {3, 5, 5, 3, 1, 255, 0})});
  op("QuantizeLinear")
      .expect({f32({4}, {-400, 300, 33, INFINITY}), scale(1), Array::scalar(TN_INT8, -7)},
              {Array(TN_INT8, {4}, {-128, 127, 26, 127})});
  op("QuantizeLinear")
      .expect({f32({3}, {-40000, 40000, 7}), scale(1), Array::scalar(TN_INT16, 1)},
              {Array(TN_INT16, {3}, {-32768, 32767, 8})});
}

TEST(QuantizeLinearTest, TakesTheScaleOfTheAxisOrOfTheBlock) {
  const Array x = f32({2, 3}, {1, 2, 4, 8, 16, 32});
  op("QuantizeLinear")
      .expect({x, f32({3}, {1, 2, 4}), Array(TN_UINT8, {3}, {0, 1, 2})},
              {Array(TN_UINT8, {2, 3}, {1, 2, 3, 8, 9, 10})});
  op("QuantizeLinear")
      .set("axis", -2)
      .expect({x, f32({2}, {1, 2}), Array(TN_UINT8, {2}, {0, 10})},
              {Array(TN_UINT8, {2, 3}, {1, 2, 4, 14, 18, 26})});
  // The last block of each row has one element.
  op("QuantizeLinear")
      .set("block_size", 2)
      .expect({x, f32({2, 2}, {1, 4, 8, 16}), Array(TN_UINT8, {2, 2}, {0, 1, 2, 3})},
              {Array(TN_UINT8, {2, 3}, {1, 2, 2, 3, 4, 5})});
}

TEST(QuantizeLinearTest, RefusesScalesThatFitNoAxis) {
  const auto refuse = [](const Array& y_scale, int block) {
    std::vector<Array> y{Array(TN_UINT8, {2, 3})};
    EXPECT_THROW(op("QuantizeLinear")
                     .set("block_size", block)
                     .run({Array(TN_FLOAT32, {2, 3}), y_scale, Array(TN_UINT8, y_scale.dims())}, y),
                 KernelError);
  };
  refuse(Array(TN_FLOAT32, {2}), 0);
  refuse(Array(TN_FLOAT32, {2, 3}), 0);
  refuse(Array(TN_FLOAT32, {2, 1}), 2);
}

TEST(DequantizeLinearTest, IsTheReverse) {
  op("DequantizeLinear")
      .expect({Array(TN_INT8, {2, 2}, {-128, 127, 0, 5}), f32({2}, {0.5, 2}),
               Array(TN_INT8, {2}, {-128, 7})},
              {f32({2, 2}, {0, 240, 64, -4})});
  op("DequantizeLinear")
      .expect({Array(TN_INT32, {2}, {1 << 30, -3}), scale(0.25)},
              {f32({2}, {static_cast<double>(1 << 28), -0.75})});
}

TEST(DynamicQuantizeLinearTest, CoversTheRangeAndZero) {
  std::vector<Array> y{Array(TN_UINT8, {4}), Array(TN_FLOAT32, {}), Array(TN_UINT8, {})};
  op("DynamicQuantizeLinear").run({f32({4}, {0, 255, 3, 128})}, y);
  EXPECT_EQ(y[0].values(), (std::vector<double>{0, 255, 3, 128}));
  EXPECT_EQ(y[1].get(0), 1);
  EXPECT_EQ(y[2].get(0), 0);
}

TEST(MatMulIntegerTest, IsExactForEverySizeOfPanels) {
  for (const auto& [m, k, n] :
       {std::array<int64_t, 3>{1, 1, 1}, {9, 7, 16}, {35, 64, 17}, {270, 3, 33}, {3, 513, 5}}) {
    Array a(TN_UINT8, {m, k}), b(TN_INT8, {k, n}), y(TN_INT32, {m, n});
    for (int64_t i = 0; i < a.count(); ++i) a.set(i, static_cast<double>(i * 37 % 256));
    for (int64_t i = 0; i < b.count(); ++i) b.set(i, static_cast<double>(i * 53 % 256 - 128));
    Array a_zero(TN_UINT8, {m}), b_zero(TN_INT8, {n});
    for (int64_t i = 0; i < m; ++i) a_zero.set(i, static_cast<double>(i % 256));
    for (int64_t j = 0; j < n; ++j) b_zero.set(j, static_cast<double>(j - 100));
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int64_t p = 0; p < k; ++p)
          sum += (a.get(i * k + p) - a_zero.get(i)) * (b.get(p * n + j) - b_zero.get(j));
        y.set(i * n + j, sum);
      }
    }
    op("MatMulInteger").expect({a, b, a_zero, b_zero}, {y});
  }
}

TEST(ConvIntegerTest, PadsWithTheZeroPoint) {
  op("ConvInteger")
      .set("pads", Dims{1, 1, 1, 1})
      .expect(
          {Array(TN_UINT8, {1, 1, 2, 2}, {5, 6, 7, 8}), Array(TN_UINT8, {1, 1, 2, 2}, {1, 2, 3, 4}),
           Array::scalar(TN_UINT8, 5), Array(TN_UINT8, {1}, {1})},
          {Array(TN_INT32, {1, 1, 3, 3}, {0, 3, 2, 6, 14, 6, 2, 3, 0})});
}

TEST(QLinearConvTest, ScalesEachFilter) {
  op("QLinearConv")
      .expect(
          {Array(TN_UINT8, {1, 1, 1, 2}, {12, 14}), scale(0.5), Array::scalar(TN_UINT8, 10),
           Array(TN_INT8, {2, 1, 1, 1}, {3, -5}), f32({2}, {1, 0.25}), Array(TN_INT8, {2}, {0, 1}),
           scale(2), Array::scalar(TN_INT8, 1), Array(TN_INT32, {2}, {0, 8})},
          {Array(TN_INT8, {1, 2, 1, 2}, {3, 4, 1, 0})});
}

TEST(MatMulNBitsTest, UnpacksBlocks) {
  // Two columns of 20 weights, in blocks of 16: all 1 and 9 (zero point 8: -7 and 1).
  Array b(TN_UINT8, {2, 2, 8});
  for (int64_t i = 0; i < b.count(); ++i) b.set(i, i < 16 ? 0x11 : 0x99);
  Array a(TN_FLOAT32, {1, 20});
  for (int64_t i = 0; i < 20; ++i) a.set(i, 1);
  op("MatMulNBits", kMicrosoft)
      .set("K", 20)
      .set("N", 2)
      .set("block_size", 16)
      .expect({a, b, f32({2, 2}, {1, 2, 0.5, 4})}, {f32({1, 2}, {-7 * 16 - 14 * 4, 8 + 16})});
}

TEST(QLinearTest, ComputesElementsAndTables) {
  const Array a(TN_UINT8, {3}, {0, 100, 255}), zero = Array::scalar(TN_UINT8, 100);
  op("QLinearAdd", kMicrosoft)
      .expect({a, scale(1), zero, a, scale(0.5), zero, scale(1), zero},
              {Array(TN_UINT8, {3}, {0, 100, 255})});
  op("QLinearMul", kMicrosoft)
      .expect({a, scale(1), zero, Array::scalar(TN_UINT8, 101), scale(1), zero, scale(2), zero},
              {Array(TN_UINT8, {3}, {50, 100, 178})});
  op("QLinearLeakyRelu", kMicrosoft)
      .set("alpha", 0.5f)
      .expect({a, scale(1), zero, scale(1), zero}, {Array(TN_UINT8, {3}, {50, 100, 255})});
  op("QLinearGlobalAveragePool", kMicrosoft)
      .expect({Array(TN_UINT8, {1, 1, 4}, {0, 1, 2, 8}), scale(1), Array::scalar(TN_UINT8, 0),
               scale(0.5), Array::scalar(TN_UINT8, 1)},
              {Array(TN_UINT8, {1, 1, 1}, {7})});
}

}  // namespace
}  // namespace tenon::cpu::testing

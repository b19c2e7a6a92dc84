// SPDX-License-Identifier: Apache-2.0
//
// Identity, Cast and Fill by themselves.
#include <numeric>

#include "reference_impl/cpu/kernels/convert.h"
#include "reference_impl/cpu/kernels/convert_value.h"
#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/kernels/small_float.h"
#include "reference_impl/cpu/kernels/strided_copy.h"
#include "reference_impl/cpu/tests/device_harness.h"
#include "reference_impl/cpu/tests/kernel_harness.h"

namespace tenon::cpu::testing {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

Array counted(tn_dtype dtype, Dims dims) {
  std::vector<double> values(static_cast<size_t>(product(dims)));
  std::iota(values.begin(), values.end(), 1.0);
  return Array(dtype, std::move(dims), values);
}

TEST(IdentityTest, CopiesAnyStrides) {
  for (const tn_dtype dtype : {TN_UINT8, TN_FLOAT16, TN_INT32, TN_FLOAT64}) {
    for (const Dims& dims : {Dims{}, Dims{7}, Dims{3, 5, 2}, Dims{0, 4}, Dims{1, 9, 1}}) {
      const Array x = counted(dtype, dims);
      Operation("Identity", cast_copy_operators()).expect({x}, {x});
    }
  }
}

TEST(IdentityTest, TransposesEveryElement) {
  // Larger than a tile and no multiple of one; both dims of each order.
  const int64_t rows = 131;
  const int64_t columns = 77;
  const Execution execution(host());
  const auto transpose = [&](auto type) {
    using T = decltype(type);
    std::vector<T> src(static_cast<size_t>(rows * columns));
    for (size_t i = 0; i < src.size(); ++i) src[i] = static_cast<T>(i);
    std::vector<T> dst(src.size());
    const int64_t dims[] = {2, rows / 2, columns};
    const int64_t dense[] = {rows / 2 * columns, columns, 1};
    const int64_t turned[] = {rows / 2, 1, rows};
    const View from{reinterpret_cast<std::byte*>(src.data()), dims, turned, 3, TN_UINT8};
    const View to{reinterpret_cast<std::byte*>(dst.data()), dims, dense, 3, TN_UINT8};
    View sized_from = from;
    View sized_to = to;
    sized_from.dtype = sized_to.dtype = sizeof(T) == 1   ? TN_UINT8
                                        : sizeof(T) == 4 ? TN_UINT32
                                                         : TN_UINT64;
    strided_copy(sized_to, sized_from, execution);
    for (int64_t b = 0; b < 2; ++b) {
      for (int64_t r = 0; r < rows / 2; ++r) {
        for (int64_t c = 0; c < columns; ++c) {
          ASSERT_EQ(src[static_cast<size_t>(b * turned[0] + r + c * rows)],
                    dst[static_cast<size_t>(b * dense[0] + r * columns + c)])
              << b << " " << r << " " << c;
        }
      }
    }
  };
  transpose(uint8_t{});
  transpose(uint32_t{});
  transpose(uint64_t{});
}

TEST(IdentityTest, HalfBytesKeepTheirNeighbours) {
  // [2, 3] out of rows of 5, to a dense [2, 3]; the last half byte of dst is not the copy's.
  const uint8_t src[] = {0x21, 0x43, 0x65, 0x87, 0x09};  // 1 2 3 4 5 | 6 7 8 9 0
  uint8_t dst[] = {0xFF, 0xFF, 0xFF, 0xEE};
  const int64_t dims[] = {2, 3};
  const int64_t wide[] = {5, 1};
  const int64_t dense[] = {3, 1};
  const Execution execution(host());
  strided_copy({reinterpret_cast<std::byte*>(dst), dims, dense, 2, TN_UINT4},
               {reinterpret_cast<std::byte*>(const_cast<uint8_t*>(src)), dims, wide, 2, TN_UINT4},
               execution);
  EXPECT_EQ(0x21, dst[0]);
  EXPECT_EQ(0x63, dst[1]);
  EXPECT_EQ(0x87, dst[2]);
  EXPECT_EQ(0xEE, dst[3]);
}

TEST(IdentityTest, QuarterBytesKeepTheirNeighbours) {
  // [2, 3] out of rows of 5; the last quarters of dst are not the copy's.
  const uint8_t src[] = {0xE4, 0x1B, 0x03};  // 0 1 2 3 3 | 2 1 0 3 0
  uint8_t dst[] = {0xFF, 0xF0};
  const int64_t dims[] = {2, 3};
  const int64_t wide[] = {5, 1};
  const int64_t dense[] = {3, 1};
  strided_copy({reinterpret_cast<std::byte*>(dst), dims, dense, 2, TN_INT2},
               {reinterpret_cast<std::byte*>(const_cast<uint8_t*>(src)), dims, wide, 2, TN_INT2},
               Execution(host()));
  EXPECT_EQ(0xA4, dst[0]);  // 0 1 2 | 2
  EXPECT_EQ(0xF1, dst[1]);  // 1 0
}

TEST(IdentityTest, RefusesOtherDimsAndTypes) {
  const Operation identity("Identity", cast_copy_operators());
  identity.expect_error({Array(TN_INT32, {2})}, {Array(TN_INT32, {3})}, TN_INVALID_ARGUMENT, "[3]");
  identity.expect_error({Array(TN_INT32, {2})}, {Array(TN_INT8, {2})}, TN_INVALID_ARGUMENT,
                        "types must be equal");
}

TEST(FillTest, WritesOneValueEverywhere) {
  Operation("Fill", cast_copy_operators(), "tenon")
      .expect({Array::scalar(TN_FLOAT32, 2.5)},
              {Array(TN_FLOAT32, {2, 3}, {2.5, 2.5, 2.5, 2.5, 2.5, 2.5})});
}

TEST(CastTest, ConvertsBetweenNumbers) {
  const Operation cast("Cast", cast_copy_operators());
  const auto expect = [&](tn_dtype from, const std::vector<double>& x, tn_dtype to,
                          const std::vector<double>& y) {
    const Dims dims{static_cast<int64_t>(x.size())};
    Operation(cast).set("to", to).expect({Array(from, dims, x)}, {Array(to, dims, y)});
  };
  expect(TN_FLOAT32, {1.9, -1.9, 0.0}, TN_INT32, {1, -1, 0});
  expect(TN_FLOAT32, {0.0, -0.5, 3}, TN_BOOL, {0, 1, 1});
  expect(TN_INT32, {-1, 300, 127}, TN_INT8, {-1, 44, 127});
  expect(TN_INT64, {-1, 70000}, TN_UINT16, {65535, 4464});
  expect(TN_UINT16, {65535}, TN_FLOAT64, {65535});
  expect(TN_BOOL, {1, 0}, TN_BFLOAT16, {1, 0});
  expect(TN_FLOAT64, {65519, 65520, 1e300}, TN_FLOAT16, {65504, kInfinity, kInfinity});
  // In one step: by way of float32 this would round up twice.
  expect(TN_FLOAT64, {1.0 + 0x1p-11 + 0x1p-40}, TN_FLOAT16, {1.0 + 0x1p-10});
  expect(TN_FLOAT64, {1.0 + 0x1p-11 - 0x1p-40}, TN_FLOAT16, {1.0});
  expect(TN_UINT32, {4294967295.0}, TN_FLOAT32, {4294967296.0});
  expect(TN_UINT64, {18446744073709549568.0}, TN_FLOAT64, {18446744073709549568.0});
}

TEST(CastTest, NanBecomesTrue) {
  const Array x = Array::of<float>(TN_FLOAT32, {1}, {kNan});
  Operation("Cast", cast_copy_operators())
      .set("to", TN_BOOL)
      .expect({x}, {Array(TN_BOOL, {1}, {1})});
}

TEST(CastTest, ToMustBeTheOutputsType) {
  Operation("Cast", cast_copy_operators())
      .set("to", TN_INT8)
      .expect_error({Array(TN_INT32, {2})}, {Array(TN_INT16, {2})}, TN_INVALID_ARGUMENT, "int16");
}

// Every pair of types has a conversion that keeps small integers, dense and strided.
TEST(CastTest, EveryPairKeepsSmallIntegers) {
  const Execution execution(host());
  std::vector<tn_dtype> types;
  for (const ElementType& row : kElementTypes)
    if (in_set(row.dtype, type_set::kAll)) types.push_back(row.dtype);
  const auto is_small = [](tn_dtype t) { return t == TN_BOOL || tn_dtype_bits(t) == 2; };
  for (const tn_dtype from : types) {
    for (const tn_dtype to : types) {
      SCOPED_TRACE("from " + std::to_string(from) + " to " + std::to_string(to));
      constexpr int64_t kCount = 600;  // More than two chunks.
      std::vector<int64_t> values(kCount);
      for (size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<int64_t>(i * 7 % 5);
        if (is_small(from) || is_small(to)) values[i] = values[i] > 2 ? 1 : 0;
      }
      std::vector<std::byte> x(kCount * 16);
      std::vector<std::byte> y(kCount * 32);
      std::vector<int64_t> back(kCount);
      const auto convert = [](std::vector<std::byte>& dst, tn_dtype t, int64_t stride, void* src,
                              tn_dtype f, int64_t src_stride) {
        find_convert(t, f)(
            {dst.data(), static_cast<std::byte*>(src), 0, 0, kCount, stride, src_stride, true}, t,
            f);
      };
      const int64_t stride = tn_dtype_bits(to) < 8 ? 1 : 2;
      convert(x, from, 1, values.data(), TN_INT64, 1);
      convert(y, to, stride, x.data(), from, 1);
      std::vector<std::byte> z(kCount * 8);
      convert(z, TN_INT64, 1, y.data(), to, stride);
      std::memcpy(back.data(), z.data(), z.size());
      ASSERT_EQ(values, back);
    }
  }
}

TEST(SmallFloatTest, DecodeAndEncodeAreInverse) {
  for (const tn_dtype dtype :
       {TN_FLOAT8E4M3FN, TN_FLOAT8E4M3FNUZ, TN_FLOAT8E5M2, TN_FLOAT8E5M2FNUZ, TN_FLOAT4E2M1}) {
    const int codes = dtype == TN_FLOAT4E2M1 ? 16 : 256;
    int nans = 0;
    for (int code = 0; code < codes; ++code) {
      const float value = decode_small(dtype, static_cast<uint8_t>(code));
      if (std::isnan(value)) {
        ++nans;
      } else {
        EXPECT_EQ(code, encode_small(dtype, value, false)) << dtype << " " << value;
      }
    }
    const int expected = dtype == TN_FLOAT8E4M3FN ? 2
                         : dtype == TN_FLOAT8E5M2 ? 6
                         : dtype == TN_FLOAT4E2M1 ? 0
                                                  : 1;
    EXPECT_EQ(expected, nans) << dtype;
  }
}

// ONNX's table for Cast: the largest value, half a step above it, far above, infinity, NaN.
TEST(SmallFloatTest, OverflowFollowsOnnx) {
  const auto both = [](tn_dtype dtype, float x) {
    return std::pair{decode_small(dtype, encode_small(dtype, x, true)),
                     decode_small(dtype, encode_small(dtype, x, false))};
  };
  EXPECT_EQ(std::pair(448.0f, 448.0f), both(TN_FLOAT8E4M3FN, 463.0f));
  EXPECT_EQ(448.0f, both(TN_FLOAT8E4M3FN, kInfinity).first);
  EXPECT_TRUE(std::isnan(both(TN_FLOAT8E4M3FN, 1000.0f).second));
  EXPECT_EQ(-448.0f, both(TN_FLOAT8E4M3FN, -kInfinity).first);
  EXPECT_EQ(std::pair(57344.0f, kInfinity), both(TN_FLOAT8E5M2, 1e6f));
  EXPECT_EQ(std::pair(57344.0f, kInfinity), both(TN_FLOAT8E5M2, kInfinity));
  EXPECT_EQ(240.0f, both(TN_FLOAT8E4M3FNUZ, 1e6f).first);
  EXPECT_EQ(0x80, encode_small(TN_FLOAT8E4M3FNUZ, 1e6f, false));
  EXPECT_EQ(0x80, encode_small(TN_FLOAT8E5M2FNUZ, kNan, true));
  EXPECT_EQ(0x00, encode_small(TN_FLOAT8E5M2FNUZ, -0.0f, true));
  EXPECT_EQ(0x80, encode_small(TN_FLOAT8E4M3FN, -0.0f, true));
  EXPECT_EQ(std::pair(6.0f, 6.0f), both(TN_FLOAT4E2M1, 100.0f));
  EXPECT_EQ(std::pair(2.0f, 2.0f), both(TN_FLOAT4E2M1, 2.5f));  // Ties to even.
  EXPECT_EQ(std::pair(4.0f, 4.0f), both(TN_FLOAT4E2M1, 3.5f));
  EXPECT_EQ(0x1p-9f, both(TN_FLOAT8E4M3FN, 0x1.8p-10f).first);  // Subnormal.
}

}  // namespace
}  // namespace tenon::cpu::testing

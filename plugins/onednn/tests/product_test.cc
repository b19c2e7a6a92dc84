// SPDX-License-Identifier: Apache-2.0
//
// Products that are made in pieces, of rows and of columns, whose number does not divide evenly.
#include <cmath>

#include "primitive_kernel.h"
#include "reference_impl/device/served.h"
#include "static_argument.h"

namespace tenon::cpu::testing {
namespace {

struct Size {
  int64_t rows, inner, columns;
  bool packed;
};

void expect_product(const Size& s) {
  Device device("unified");
  const auto count = [](int64_t a, int64_t b) { return static_cast<size_t>(a * b); };
  const auto a = pattern(count(s.rows, s.inner)), b = pattern(count(s.inner, s.columns), 2);
  const auto c = pattern(static_cast<size_t>(s.columns), 3);
  Arguments arguments;
  const tn_argument weights = s.packed ? arguments.constant({s.inner, s.columns}, b, TN_LAYOUT_ANY)
                                       : describe(TN_FLOAT32, 2);
  const KernelDesc desc(op::kGemm,
                        {arguments.of({s.rows, s.inner}), weights, describe(TN_FLOAT32, 1)},
                        {describe(TN_FLOAT32, 2)});
  const uint64_t before = served_count("Gemm")->own;
  tn_kernel* kernel = nullptr;
  TN_CHECK(kernel_create, device, desc.get(), &kernel);
  tn_buffer* buffers[] = {device.buffer_of(a), device.buffer_of(b), device.buffer_of(c),
                          device.buffer(count(s.rows, s.columns) * sizeof(float))};
  Tensor x(buffers[0], TN_FLOAT32, {s.rows, s.inner}),
      w(buffers[1], TN_FLOAT32, {s.inner, s.columns});
  Tensor row(buffers[2], TN_FLOAT32, {s.columns}), y(buffers[3], TN_FLOAT32, {s.rows, s.columns});
  tn_stream* stream = device.stream();
  Launch launch({&x, s.packed ? nullptr : &w, &row}, {&y});
  TN_CHECK(kernel_launch, kernel, stream, launch.get());
  TN_CHECK(stream_synchronize, stream);
  EXPECT_EQ(before + 1, served_count("Gemm")->own);
  const auto got = device.read<float>(buffers[3], count(s.rows, s.columns));
  for (int64_t i = 0; i < s.rows; i += 7) {
    for (int64_t j = 0; j < s.columns; ++j) {
      double sum = static_cast<double>(c[static_cast<size_t>(j)]);
      for (int64_t k = 0; k < s.inner; ++k) {
        sum += static_cast<double>(a[count(i, s.inner) + static_cast<size_t>(k)]) *
               static_cast<double>(b[count(k, s.columns) + static_cast<size_t>(j)]);
      }
      ASSERT_EQ(sum, static_cast<double>(got[count(i, s.columns) + static_cast<size_t>(j)]))
          << i << ", " << j << (s.packed ? ", packed" : "");
    }
  }
  table().kernel_destroy(kernel);
  table().stream_destroy(stream);
  for (tn_buffer* buffer : buffers) table().buffer_destroy(buffer, nullptr);
}

TEST(ProductTest, PiecesOfRows) {
  for (const bool packed : {false, true}) expect_product({331, 301, 130, packed});
}
TEST(ProductTest, PiecesOfColumns) {
  for (const bool packed : {false, true}) expect_product({21, 513, 1003, packed});
}

}  // namespace
}  // namespace tenon::cpu::testing

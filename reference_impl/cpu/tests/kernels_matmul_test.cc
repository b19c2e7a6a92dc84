// SPDX-License-Identifier: Apache-2.0
//
// MatMul, Gemm and ScaledGemm against loops in double precision; every instruction set of the
// machine.
#include <gtest/gtest.h>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/kernels/gemm.h"
#include "reference_impl/cpu/layouts.h"
#include "reference_impl/cpu/tests/kernel_harness.h"

namespace tenon::cpu::testing {
namespace {

Array naive_matmul(const Array& a, const Array& b, const Dims& y_dims, double alpha = 1,
                   double beta = 0, const Array& c = {});

Array conditions_of(const Array& a, const Array& b, const Dims& y_dims, double alpha = 1) {
  return conditions_of_products(a.dims().back(),
                                naive_matmul(a.magnitudes(), b.magnitudes(), y_dims, alpha));
}

// alpha * A @ B + beta * C for operands of rank 2 or more, C given by its broadcast values.
Array naive_matmul(const Array& a, const Array& b, const Dims& y_dims, double alpha, double beta,
                   const Array& c) {
  const size_t rank = y_dims.size();
  const int64_t m = y_dims[rank - 2], n = y_dims[rank - 1], k = a.dims().back();
  Dims a_dims = y_dims, b_dims = y_dims;
  a_dims[rank - 1] = k;
  b_dims[rank - 2] = k;
  const Array x = a.broadcast(a_dims), z = b.broadcast(b_dims);
  const Array w = c.present() ? c.broadcast(y_dims) : Array();
  Array y(a.dtype(), y_dims);
  for (int64_t i = 0; i < y.count(); ++i) {
    const int64_t batch = i / (m * n), row = i / n % m, column = i % n;
    double sum = 0;
    for (int64_t p = 0; p < k; ++p) {
      sum += x.get((batch * m + row) * k + p) * z.get((batch * k + p) * n + column);
    }
    y.set(i, alpha * sum + (beta != 0 && c.present() ? beta * w.get(i) : 0));
  }
  return y;
}

Array random(tn_dtype dtype, Dims dims, uint32_t seed) {
  return Array::random(dtype, std::move(dims), -1, 1, seed);
}

void expect_matmul(tn_dtype dtype, const Dims& a, const Dims& b, const Dims& y) {
  SCOPED_TRACE(::testing::PrintToString(a) + " @ " + ::testing::PrintToString(b));
  const Array x = random(dtype, a, 1), z = random(dtype, b, 2);
  Operation("MatMul", contraction_operators())
      .expect_near({x, z}, naive_matmul(x, z, y), conditions_of(x, z, y));
}

TEST(MatMul, MatricesOfManySizes) {
  for (const tn_dtype dtype : {TN_FLOAT32, TN_FLOAT64, TN_FLOAT16, TN_BFLOAT16}) {
    for (const int64_t m : {1, 2, 7, 13, 100}) {
      for (const int64_t n : {1, 15, 16, 33, 70}) {
        for (const int64_t k : {1, 5, 40}) expect_matmul(dtype, {m, k}, {k, n}, {m, n});
      }
    }
  }
}

TEST(MatMul, LongSumsAndSeveralTiles) {
  expect_matmul(TN_FLOAT32, {130, 900}, {900, 300}, {130, 300});
  expect_matmul(TN_FLOAT64, {20, 500}, {500, 90}, {20, 90});
  expect_matmul(TN_FLOAT16, {30, 800}, {800, 50}, {30, 50});
}

TEST(MatMul, BatchesBroadcast) {
  for (const tn_dtype dtype : {TN_FLOAT32, TN_BFLOAT16}) {
    expect_matmul(dtype, {3, 5, 7}, {7, 9}, {3, 5, 9});
    expect_matmul(dtype, {3, 1, 7}, {7, 9}, {3, 1, 9});
    expect_matmul(dtype, {2, 3, 5, 7}, {2, 3, 7, 4}, {2, 3, 5, 4});
    expect_matmul(dtype, {2, 1, 5, 7}, {3, 7, 4}, {2, 3, 5, 4});
    expect_matmul(dtype, {2, 3, 5, 7}, {1, 1, 7, 4}, {2, 3, 5, 4});
    expect_matmul(dtype, {5, 7}, {4, 3, 7, 2}, {4, 3, 5, 2});
  }
}

TEST(MatMul, OperandsOfRankOne) {
  const Array a(TN_FLOAT32, {3}, {1, 2, 3}), b(TN_FLOAT32, {3}, {4, 5, 6});
  const Operation matmul("MatMul", contraction_operators());
  matmul.expect({a, b}, {Array::scalar(TN_FLOAT32, 32)});
  matmul.expect({a, Array::sequence(TN_FLOAT32, {3, 2})}, {Array(TN_FLOAT32, {2}, {16, 22})});
  matmul.expect({Array::sequence(TN_FLOAT32, {2, 2, 3}), b},
                {Array(TN_FLOAT32, {2, 2}, {17, 62, 107, 152})});
}

TEST(MatMul, Integers) {
  for (const tn_dtype dtype : {TN_INT8, TN_UINT8, TN_INT32, TN_INT64, TN_UINT16}) {
    const Array a = Array::sequence(dtype, {2, 3, 4}, 0, 1, 5);
    const Array b = Array::sequence(dtype, {4, 70}, 1, 1, 3);
    Operation("MatMul", contraction_operators()).expect({a, b}, {naive_matmul(a, b, {2, 3, 70})});
  }
  Operation("MatMul", contraction_operators())
      .expect({Array(TN_INT8, {1, 1}, {100}), Array(TN_INT8, {1, 1}, {3})},
              {Array(TN_INT8, {1, 1}, {44})});
}

TEST(MatMul, EmptyOperands) {
  const Operation matmul("MatMul", contraction_operators());
  matmul.expect({Array(TN_FLOAT32, {2, 0}), Array(TN_FLOAT32, {0, 3})},
                {Array(TN_FLOAT32, {2, 3}, {0, 0, 0, 0, 0, 0})});
  matmul.expect({Array(TN_FLOAT16, {2, 0}), Array(TN_FLOAT16, {0, 1})},
                {Array(TN_FLOAT16, {2, 1}, {0, 0})});
  matmul.expect({Array(TN_FLOAT32, {0, 2}), Array(TN_FLOAT32, {2, 3})},
                {Array(TN_FLOAT32, {0, 3})});
  matmul.expect({Array(TN_INT32, {2, 0}), Array(TN_INT32, {0, 1})},
                {Array(TN_INT32, {2, 1}, {0, 0})});
}

TEST(MatMul, SaysWhatDoesNotFit) {
  const Operation matmul("MatMul", contraction_operators());
  const auto array = [](Dims dims) { return Array(TN_FLOAT32, std::move(dims)); };
  matmul.expect_error({array({2, 3}), array({4, 5})}, {array({2, 5})}, TN_INVALID_ARGUMENT,
                      "A [2, 3], B [4, 5]");
  matmul.expect_error({array({2, 2, 3}), array({3, 3, 5})}, {array({2, 2, 5})}, TN_INVALID_ARGUMENT,
                      "batch dims do not broadcast");
  matmul.expect_error({array({2, 3}), array({3, 5})}, {array({2, 4})}, TN_INVALID_ARGUMENT,
                      "Y has dims [2, 4]");
}

TEST(Gemm, TransposesScalesAndAdds) {
  for (const tn_dtype dtype : {TN_FLOAT32, TN_FLOAT64, TN_FLOAT16}) {
    for (const bool ta : {false, true}) {
      for (const bool tb : {false, true}) {
        for (const Dims& c_dims : {Dims{}, Dims{17}, Dims{9, 1}, Dims{1, 17}, Dims{9, 17}}) {
          const Array a = random(dtype, {9, 20}, 1), b = random(dtype, {20, 17}, 2);
          const Array c = random(dtype, c_dims, 3);
          const auto flip = [](const Array& x) {
            Array t(x.dtype(), {x.dims()[1], x.dims()[0]});
            for (int64_t i = 0; i < x.count(); ++i) {
              t.set(i % x.dims()[1] * x.dims()[0] + i / x.dims()[1], x.get(i));
            }
            return t;
          };
          Operation("Gemm", contraction_operators())
              .set("alpha", 0.5f)
              .set("beta", 2.0f)
              .set("transA", ta ? 1 : 0)
              .set("transB", tb ? 1 : 0)
              .expect_near({ta ? flip(a) : a, tb ? flip(b) : b, c},
                           {naive_matmul(a, b, {9, 17}, 0.5, 2, c)});
        }
      }
    }
  }
}

TEST(ScaledGemm, BetaZeroIgnoresTheAddend) {
  const Array a = random(TN_FLOAT32, {2, 3, 4}, 1), b = random(TN_FLOAT32, {2, 4, 5}, 2);
  const Array nan = Array(TN_FLOAT32, {5}, std::vector<double>(5, NAN));
  Operation("ScaledGemm", contraction_operators(), "tenon")
      .expect_near({a, b, nan, Array::scalar(TN_FLOAT32, 3), Array::scalar(TN_FLOAT32, 0)},
                   {naive_matmul(a, b, {2, 3, 5}, 3)});
}

TEST(ScaledGemm, AddsABroadcastAddend) {
  for (const tn_dtype dtype : {TN_FLOAT32, TN_FLOAT64, TN_BFLOAT16}) {
    const Array a = random(dtype, {3, 40, 11}, 1), b = random(dtype, {3, 11, 5}, 2);
    const Operation op("ScaledGemm", contraction_operators(), "tenon");
    for (const Dims& dims : {Dims{5}, Dims{40, 1}, Dims{3, 1, 5}, Dims{3, 40, 5}, Dims{}}) {
      const Array c = random(dtype, dims, 3);
      op.expect_near({a, b, c, {}, Array::scalar(TN_FLOAT32, -2)},
                     {naive_matmul(a, b, {3, 40, 5}, 1, -2, c)});
      op.expect_near({a, b, c}, {naive_matmul(a, b, {3, 40, 5}, 1, 1, c)});
    }
  }
}

TEST(MatMul, TakesPackedConstants) {
  for (const int64_t rows : {1, 3, 30}) {
    const int64_t k = 500, n = 37;
    const Array a = random(TN_FLOAT32, {2, rows, k}, 1), b = random(TN_FLOAT32, {k, n}, 2);
    const Array y = naive_matmul(a, b, {2, rows, n});
    Array packed(TN_FLOAT32, {packed_panels(n), k, kPanelColumns});
    for (int64_t i = 0; i < packed.count(); ++i) {
      const int64_t column = i / (k * kPanelColumns) * kPanelColumns + i % kPanelColumns;
      packed.set(i, column < n ? b.get(i / kPanelColumns % k * n + column) : 0);
    }
    std::vector<Array> arrays{Array(TN_FLOAT32, y.dims())};
    const auto kernel = Operation("MatMul", contraction_operators()).create({a, b}, arrays);
    ASSERT_EQ(kernel->input_layout(1, TN_LAYOUT_ANY), kLayoutPackedB);
    EXPECT_EQ(kernel->input_layout(0, TN_LAYOUT_ANY), TN_LAYOUT_STRIDED);
    View of_b = b.view();
    of_b.data = packed.view().data;
    of_b.strides = nullptr;
    of_b.layout = kLayoutPackedB;
    const std::vector<View> in{a.view(), of_b}, out{arrays[0].view()};
    Arguments arguments{in, out};
    kernel->check(arguments);
    std::vector<std::byte> workspace(workspace_size(*kernel, arguments) + 64);
    arguments.workspace =
        workspace.data() + (64 - reinterpret_cast<uintptr_t>(workspace.data()) % 64);
    const TestHost host(2);
    kernel->run(arguments, Execution(host.host()));
    Operation("MatMul", contraction_operators())
        .compare_near(arrays[0], y, conditions_of(a, b, y.dims()));
  }
}

template <class T>
void expect_isa(const gemm::Isa& isa, tn_dtype dtype, int64_t m, int64_t n, int64_t k) {
  SCOPED_TRACE(std::string(isa.name) + " " + std::to_string(m) + " " + std::to_string(n) + " " +
               std::to_string(k));
  const Array a = random(dtype, {m, k}, 1), b = random(dtype, {k, n}, 2);
  const Array expected = naive_matmul(a, b, {m, n}, 2);
  for (const bool columns_first : {false, true}) {
    for (const int64_t gap : {0, 3}) {
      Array y(dtype, {columns_first ? n : m, (columns_first ? m : n) + gap});
      gemm::Product<T> p;
      p.m = m;
      p.n = n;
      p.k = k;
      p.alpha = 2;
      p.a = {a.data(), dtype, k, 1};
      p.b = {b.data(), dtype, n, 1};
      p.c = reinterpret_cast<T*>(y.view().data);
      p.c_row_stride = columns_first ? 1 : n + gap;
      p.c_column_stride = columns_first ? m + gap : 1;
      std::vector<std::byte> scratch(gemm::scratch_size<T>(isa, m, n, k, false) + 64);
      gemm::multiply(isa, p, scratch.data(), nullptr);
      Array dense(dtype, {m, n});
      for (int64_t i = 0; i < m * n; ++i) {
        dense.set(i, static_cast<double>(p.c[i / n * p.c_row_stride + i % n * p.c_column_stride]));
      }
      Operation("MatMul", contraction_operators())
          .compare_near(dense, expected, conditions_of(a, b, {m, n}, 2));
    }
  }
}

TEST(MatrixProduct, EveryInstructionSet) {
  for (int32_t i = 0; i < gemm::isa_count(); ++i) {
    for (int64_t m = 1; m <= 26; ++m) {
      for (const int64_t n : {1, 8, 16, 31, 40}) {
        expect_isa<float>(gemm::isa(i), TN_FLOAT32, m, n, 9);
        expect_isa<double>(gemm::isa(i), TN_FLOAT64, m, n, 9);
      }
    }
    expect_isa<float>(gemm::isa(i), TN_FLOAT32, 100, 520, 400);
    expect_isa<double>(gemm::isa(i), TN_FLOAT64, 100, 270, 200);
  }
}

// A step: the product of the value and an operand, plus the attribute.
void times_plus(const double* attributes, std::byte* const* p, const int64_t* strides,
                int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const auto at = [&](int k) { return reinterpret_cast<float*>(p[k] + i * strides[k]); };
    *at(0) = *at(1) * *at(2) + static_cast<float>(attributes[0]);
  }
}

// The epilogue, in memory, for a product that is stored in whatever way.
void expect_epilogue(const gemm::Isa& isa, int64_t m, int64_t n, int64_t k, bool steps,
                     bool columns_first) {
  SCOPED_TRACE(std::string(isa.name) + " " + std::to_string(m) + " " + std::to_string(n) + " " +
               std::to_string(k) + (steps ? " steps" : "") +
               (columns_first ? " columns first" : ""));
  const Array a = random(TN_FLOAT32, {m, k}, 1), b = random(TN_FLOAT32, {k, n}, 2);
  const Array row = random(TN_FLOAT32, {m}, 3), column = random(TN_FLOAT32, {n}, 4);
  const Array element = random(TN_FLOAT32, {m, n}, 5), factor = random(TN_FLOAT32, {m, n}, 6);
  const auto floats = [](const Array& x) { return reinterpret_cast<const float*>(x.data()); };
  const double attribute = 0.25;
  const float two = 2;
  gemm::Epilogue<float> e;
  e.of_row = {floats(row), 0, 1, 0};
  e.of_column = {floats(column), 0, 0, 1};
  e.of_element = {floats(element), 0, n, 1};
  e.clamps = true;
  e.low = -0.75f;
  e.high = 1.5f;
  if (steps) {
    e.steps = 2;
    e.step[0] = {times_plus, &attribute, {floats(factor), 0, n, 1}, {}};
    e.step[1] = {times_plus, &attribute, {}, {reinterpret_cast<const std::byte*>(&two), nullptr}};
  }
  Array y(TN_FLOAT32, {m, n});
  gemm::Product<float> p;
  p.m = m;
  p.n = n;
  p.k = k;
  p.a = {a.data(), TN_FLOAT32, k, 1};
  p.b = {b.data(), TN_FLOAT32, n, 1};
  std::vector<float> out(static_cast<size_t>(m * n));
  p.c = out.data();
  p.c_row_stride = columns_first ? 1 : n;
  p.c_column_stride = columns_first ? m : 1;
  p.epilogue = &e;
  std::vector<std::byte> scratch(gemm::scratch_size<float>(isa, m, n, k, false) + 64);
  gemm::multiply(isa, p, scratch.data(), nullptr);
  const Granted granted("tenon", "FusedMatMul", TN_FLOAT32);
  for (int64_t i = 0; i < m * n; ++i) {
    double sum = 0, condition = 0;
    const auto add = [&](double term) {
      sum += term;
      condition += std::fabs(term);
    };
    for (const double term : {row.get(i / n), column.get(i % n), element.get(i)}) add(term);
    for (int64_t x = 0; x < k; ++x) add(a.get(i / n * k + x) * b.get(x * n + i % n));
    sum = std::clamp<double>(sum, e.low, e.high);
    if (steps) {
      sum = 2 * (sum * factor.get(i) + attribute) + attribute;
      condition = 2 * condition * std::fabs(factor.get(i)) + 3 * std::fabs(attribute);
    }
    const float got = out[static_cast<size_t>(i / n * p.c_row_stride + i % n * p.c_column_stride)];
    ASSERT_LE(std::fabs(sum - got), granted.at(sum, condition)) << i;
  }
}

TEST(MatrixProduct, EpilogueOfEveryInstructionSet) {
  for (int32_t i = 0; i < gemm::isa_count(); ++i) {
    for (const bool steps : {false, true}) {
      for (const bool columns_first : {false, true}) {
        for (const int64_t m : {1, 5, 12, 13, 30}) {
          for (const int64_t n : {1, 16, 17, 32, 49}) {
            expect_epilogue(gemm::isa(i), m, n, 9, steps, columns_first);
          }
        }
        expect_epilogue(gemm::isa(i), 100, 300, 500, steps, columns_first);
      }
    }
  }
}

// Columns of B that are lines in memory, as of a transposed matrix.
TEST(MatrixProduct, FewRowsOfLines) {
  for (int32_t i = 0; i < gemm::isa_count(); ++i) {
    for (int64_t m = 1; m <= 5; ++m) {
      for (const int64_t n : {1, 3, 4, 67}) {
        for (const int64_t k : {1, 15, 16, 200}) {
          const Array a = random(TN_FLOAT32, {m, k}, 1), b = random(TN_FLOAT32, {n, k}, 2);
          Array turned(TN_FLOAT32, {k, n});
          for (int64_t x = 0; x < n * k; ++x) turned.set(x, b.get(x % n * k + x / n));
          const Array expected = naive_matmul(a, turned, {m, n}, 3);
          Array y(TN_FLOAT32, {m, n});
          gemm::Product<float> p;
          p.m = m;
          p.n = n;
          p.k = k;
          p.alpha = 3;
          p.a = {a.data(), TN_FLOAT32, k, 1};
          p.b = {b.data(), TN_FLOAT32, 1, k};
          p.c = reinterpret_cast<float*>(y.view().data);
          p.c_row_stride = n;
          std::vector<std::byte> scratch(gemm::scratch_size<float>(gemm::isa(i), m, n, k, false));
          gemm::multiply(gemm::isa(i), p, scratch.data(), nullptr);
          Operation("MatMul", contraction_operators())
              .compare_near(y, expected, conditions_of(a, turned, {m, n}, 3));
        }
      }
    }
  }
}

}  // namespace
}  // namespace tenon::cpu::testing

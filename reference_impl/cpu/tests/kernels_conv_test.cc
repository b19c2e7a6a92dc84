// SPDX-License-Identifier: Apache-2.0
//
// Conv and its gradients against loops in double precision. The gradients' expectation is the
// adjoint of the forward loop: each product of the forward sum, handed back to the factor.
#include <gtest/gtest.h>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/layouts.h"
#include "reference_impl/cpu/tests/kernel_harness.h"

namespace tenon::cpu::testing {
namespace {

struct Case {
  Dims x, w;
  int64_t group = 1;
  Dims strides, dilations, pads;

  size_t spatial() const { return x.size() - 2; }
  int64_t stride(size_t d) const { return strides.empty() ? 1 : strides[d]; }
  int64_t dilation(size_t d) const { return dilations.empty() ? 1 : dilations[d]; }
  int64_t pad(size_t d) const { return pads.empty() ? 0 : pads[d]; }

  Dims y() const {
    Dims dims{x[0], w[0]};
    for (size_t d = 0; d < spatial(); ++d) {
      const int64_t padded = x[d + 2] + pad(d) + pad(d + spatial());
      dims.push_back((padded - dilation(d) * (w[d + 2] - 1) - 1) / stride(d) + 1);
    }
    return dims;
  }

  void set(Operation& op) const {
    op.set("group", group);
    if (!strides.empty()) op.set("strides", strides);
    if (!dilations.empty()) op.set("dilations", dilations);
    if (!pads.empty()) op.set("pads", pads);
  }

  // Calls visit(y, x, w) with the row-major indices of all factors of each output.
  template <class Visit>
  void products(Visit&& visit) const {
    const Dims out = y();
    const int64_t ys = product(out), taps = product(w) / w[0] / w[1];
    for (int64_t i = 0; i < ys; ++i) {
      const int64_t positions = ys / out[0] / out[1];
      const int64_t n = i / positions / out[1], m = i / positions % out[1];
      const int64_t g = m / (w[0] / group);
      for (int64_t c = 0; c < w[1]; ++c) {
        for (int64_t t = 0; t < taps; ++t) {
          int64_t o = i % positions, tap = t, at = 0, scale = 1;
          bool inside = true;
          for (size_t d = spatial(); d-- > 0;) {
            const int64_t index =
                o % out[d + 2] * stride(d) + tap % w[d + 2] * dilation(d) - pad(d);
            inside = inside && index >= 0 && index < x[d + 2];
            at += index * scale;
            scale *= x[d + 2];
            o /= out[d + 2];
            tap /= w[d + 2];
          }
          if (inside) visit(i, ((n * x[1]) + g * w[1] + c) * scale + at, (m * w[1] + c) * taps + t);
        }
      }
    }
  }
};

const std::vector<Case> kCases = {
    {{2, 3, 9}, {4, 3, 3}, 1, {}, {}, {}},
    {{1, 2, 11}, {3, 2, 4}, 1, {2}, {2}, {3, 1}},
    {{2, 5, 7, 6}, {6, 5, 3, 3}, 1, {}, {}, {1, 1, 1, 1}},
    {{1, 3, 9, 10}, {5, 3, 3, 2}, 1, {2, 3}, {}, {0, 1, 2, 1}},
    {{2, 4, 8, 9}, {6, 2, 3, 3}, 2, {2, 2}, {2, 1}, {2, 1, 1, 0}},
    {{1, 40, 5, 5}, {33, 40, 1, 1}, 1, {}, {}, {}},
    {{2, 3, 6, 6}, {20, 3, 1, 1}, 1, {2, 2}, {}, {}},
    {{1, 8, 7, 7}, {8, 1, 3, 3}, 8, {}, {}, {1, 1, 1, 1}},  // Depthwise.
    {{2, 3, 9, 8}, {6, 1, 3, 2}, 3, {2, 1}, {1, 2}, {1, 0, 0, 2}},
    {{1, 1, 8, 8}, {12, 1, 5, 5}, 1, {}, {}, {2, 2, 2, 2}},
    {{1, 2, 4, 5, 6}, {3, 2, 2, 3, 2}, 1, {2, 1, 2}, {1, 2, 1}, {1, 1, 0, 0, 1, 1}},
    {{3, 4, 3, 4, 3}, {4, 2, 3, 1, 2}, 2, {}, {}, {1, 0, 1, 1, 0, 0}},
    {{1, 2, 3, 3}, {2, 2, 2, 2}, 1, {3, 3}, {}, {0, 0, 2, 2}},  // Strides beyond the window.
    {{1, 3, 5, 5}, {2, 3, 3, 3}, 1, {2, 2}, {4, 2}, {4, 2, 4, 2}},
    {{1, 3, 9, 300}, {3, 1, 3, 3}, 3, {}, {}, {1, 1, 1, 1}},  // Lines in several pieces.
    {{2, 4, 13, 15}, {4, 1, 5, 5}, 4, {2, 2}, {}, {2, 2, 2, 2}},
    {{1, 2, 16, 17}, {4, 1, 7, 7}, 2, {3, 1}, {}, {3, 3, 3, 3}},
    {{1, 2, 90, 33}, {2, 1, 5, 3}, 2, {1, 2}, {2, 3}, {4, 3, 4, 3}},
    {{1, 5, 1, 1}, {71, 5, 1, 1}, 1, {}, {}, {}},  // One position.
    {{6, 19, 1, 1}, {3, 19, 1, 1}, 1, {}, {}, {}},
    {{1, 6, 20, 40}, {5, 6, 3, 3}, 1, {}, {}, {1, 1, 1, 1}},    // Several blocks of columns.
    {{1, 60, 6, 6}, {110, 60, 3, 3}, 1, {}, {}, {1, 1, 1, 1}},  // Several blocks of depth and rows.
};

constexpr tn_dtype kTypes[] = {TN_FLOAT32, TN_FLOAT64, TN_FLOAT16, TN_BFLOAT16};

template <class Body>
void for_each_case(Body&& body) {
  for (const tn_dtype dtype : kTypes) {
    for (const Case& c : kCases) {
      SCOPED_TRACE("type " + std::to_string(dtype) + ", X " + ::testing::PrintToString(c.x) +
                   ", W " + ::testing::PrintToString(c.w));
      body(dtype, c);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

Array random(tn_dtype dtype, const Dims& dims, uint32_t seed) {
  return Array::random(dtype, dims, -1, 1, seed);
}

Array naive_conv(const Case& c, const Array& x, const Array& w, const Array& bias) {
  const Dims dims = c.y();
  std::vector<double> sums(static_cast<size_t>(product(dims)), 0);
  c.products([&](int64_t i, int64_t in, int64_t weight) {
    sums[static_cast<size_t>(i)] += x.get(in) * w.get(weight);
  });
  const int64_t positions = product(dims) / std::max<int64_t>(dims[0] * dims[1], 1);
  for (size_t i = 0; i < sums.size() && bias.present(); ++i) {
    sums[i] += bias.get(static_cast<int64_t>(i) / positions % dims[1]);
  }
  return Array(x.dtype(), dims, sums);
}

Array conditions_of(const Case& c, const Array& x, const Array& w, const Array& bias = {}) {
  const Array magnitudes = bias.present() ? bias.magnitudes() : Array();
  return conditions_of_products(w.count() / w.dims()[0],
                                naive_conv(c, x.magnitudes(), w.magnitudes(), magnitudes));
}

TEST(Conv, AgreesWithTheDefinition) {
  for_each_case([](tn_dtype dtype, const Case& c) {
    const Array x = random(dtype, c.x, 1), w = random(dtype, c.w, 2);
    const Array bias = random(dtype, {c.w[0]}, 3);
    Operation op("Conv", contraction_operators());
    c.set(op);
    op.expect_near({x, w}, naive_conv(c, x, w, {}), conditions_of(c, x, w));
    op.expect_near({x, w, bias}, naive_conv(c, x, w, bias), conditions_of(c, x, w, bias));
  });
}

// Values kept in the order of memory NHWC, seen as NCHW.
Array channels_last(const Array& x) {
  Dims order{0};
  for (size_t d = 2; d < x.dims().size(); ++d) order.push_back(static_cast<int64_t>(d));
  order.push_back(1);
  return x.permuted(order);
}

TEST(Conv, ChannelsLast) {
  for_each_case([](tn_dtype dtype, const Case& c) {
    const Array x = random(dtype, c.x, 1), w = random(dtype, c.w, 2);
    Operation op("Conv", contraction_operators());
    c.set(op);
    const Array expected = naive_conv(c, x, w, {});
    const Array conditions = conditions_of(c, x, w);
    std::vector<Array> out{channels_last(Array(dtype, expected.dims()))};
    op.run({channels_last(x), channels_last(w)}, out, 2);
    op.compare_near(out[0], expected, conditions);
    op.run({channels_last(x), w}, out, 2);
    op.compare_near(out[0], expected, conditions);
  });
}

TEST(Conv, TakesPackedFilters) {
  const TestHost host(2);
  const Execution execution(host.host());
  const Operation op("Conv", contraction_operators());
  for (const Dims& dims : {Dims{37, 5, 3, 3}, Dims{13, 300, 1, 1}, Dims{5, 40, 3, 3}}) {
    const Case c{{2, dims[1], 9, 7}, dims, 1, {}, {}, {}};
    const Array x = random(TN_FLOAT32, c.x, 1), w = random(TN_FLOAT32, c.w, 2);
    const Array bias = random(TN_FLOAT32, {c.w[0]}, 3);
    Array packed(TN_FLOAT32, {w.count()}), back(TN_FLOAT32, c.w);
    View of_w = w.view();
    of_w.data = packed.view().data;
    of_w.strides = nullptr;
    of_w.layout = kLayoutPackedFilters;
    layouts().reorder(of_w, w.view(), execution);
    layouts().reorder(back.view(), of_w, execution);
    EXPECT_EQ(w.values(), back.values());
    std::vector<Array> arrays{Array(TN_FLOAT32, c.y())};
    const auto kernel = op.create({x, w, bias}, arrays);
    ASSERT_EQ(kernel->input_layout(1, TN_LAYOUT_ANY), kLayoutPackedFilters);
    const std::vector<View> in{x.view(), of_w, bias.view()}, out{arrays[0].view()};
    Arguments arguments{in, out};
    kernel->check(arguments);
    std::vector<std::byte> workspace(workspace_size(*kernel, arguments) + 64);
    arguments.workspace =
        workspace.data() + (64 - reinterpret_cast<uintptr_t>(workspace.data()) % 64);
    kernel->run(arguments, execution);
    op.compare_near(arrays[0], naive_conv(c, x, w, bias), conditions_of(c, x, w, bias));
  }
}

TEST(ConvGradInput, IsTheAdjoint) {
  for_each_case([](tn_dtype dtype, const Case& c) {
    const Array dy = random(dtype, c.y(), 1), w = random(dtype, c.w, 2);
    std::vector<double> sums(static_cast<size_t>(product(c.x)), 0), magnitudes = sums;
    c.products([&](int64_t i, int64_t in, int64_t weight) {
      sums[static_cast<size_t>(in)] += dy.get(i) * w.get(weight);
      magnitudes[static_cast<size_t>(in)] += std::fabs(dy.get(i) * w.get(weight));
    });
    Operation op("ConvGradInput", contraction_operators(), "tenon");
    c.set(op);
    op.expect_near(
        {dy, w}, Array(dtype, c.x, sums),
        conditions_of_products(w.count() / w.dims()[1], Array(TN_FLOAT64, c.x, magnitudes)));
  });
}

TEST(ConvGradWeight, IsTheAdjoint) {
  for_each_case([](tn_dtype dtype, const Case& c) {
    const Array dy = random(dtype, c.y(), 1), x = random(dtype, c.x, 2);
    std::vector<double> sums(static_cast<size_t>(product(c.w)), 0), magnitudes = sums;
    c.products([&](int64_t i, int64_t in, int64_t weight) {
      sums[static_cast<size_t>(weight)] += dy.get(i) * x.get(in);
      magnitudes[static_cast<size_t>(weight)] += std::fabs(dy.get(i) * x.get(in));
    });
    const Array expected(dtype, c.w, sums);
    Operation op("ConvGradWeight", contraction_operators(), "tenon");
    c.set(op);
    const Array conditions =
        conditions_of_products(dy.count() / dy.dims()[1], Array(TN_FLOAT64, c.w, magnitudes));
    op.expect_near({dy, x}, expected, conditions);
    std::vector<Array> out{channels_last(Array(dtype, c.w))};
    op.run({channels_last(dy), channels_last(x)}, out, 2);
    op.compare_near(out[0], expected, conditions);
  });
}

TEST(Conv, SameBitsOnAnyNumberOfThreads) {
  const Array x = random(TN_FLOAT32, {2, 20, 30, 30}, 1), w = random(TN_FLOAT32, {70, 20, 3, 3}, 2);
  const Array dy = random(TN_FLOAT32, {2, 70, 28, 28}, 3);
  const auto twice = [](const Operation& op, const std::vector<Array>& inputs, const Dims& dims) {
    std::vector<Array> once{Array(TN_FLOAT32, dims)}, again{Array(TN_FLOAT32, dims)};
    op.run(inputs, once, 1);
    op.run(inputs, again, 4);
    for (int64_t i = 0; i < once[0].count(); ++i) ASSERT_TRUE(once[0].same_bytes(again[0], i));
  };
  twice(Operation("Conv", contraction_operators()), {x, w}, dy.dims());
  twice(Operation("ConvGradInput", contraction_operators(), "tenon"), {dy, w}, x.dims());
  twice(Operation("ConvGradWeight", contraction_operators(), "tenon"), {dy, x}, w.dims());
}

TEST(Conv, EmptyBatchAndNoChannels) {
  Operation("Conv", contraction_operators())
      .expect({Array(TN_FLOAT32, {0, 3, 4, 4}), Array(TN_FLOAT32, {2, 3, 3, 3})},
              {Array(TN_FLOAT32, {0, 2, 2, 2})});
  Operation("Conv", contraction_operators())
      .expect({Array(TN_FLOAT32, {1, 0, 2, 2}), Array(TN_FLOAT32, {2, 0, 2, 2}),
               Array(TN_FLOAT32, {2}, {5, 6})},
              {Array(TN_FLOAT32, {1, 2, 1, 1}, {5, 6})});
  Operation("ConvGradWeight", contraction_operators(), "tenon")
      .expect({Array(TN_FLOAT32, {0, 1, 1, 1}), Array(TN_FLOAT32, {0, 1, 2, 2})},
              {Array(TN_FLOAT32, {1, 1, 2, 2}, {0, 0, 0, 0})});
}

TEST(Conv, SaysWhatDoesNotFit) {
  const auto array = [](Dims dims) { return Array(TN_FLOAT32, std::move(dims)); };
  Operation op("Conv", contraction_operators());
  op.expect_error({array({1, 3, 5, 5}), array({2, 4, 3, 3})}, {array({1, 2, 3, 3})},
                  TN_INVALID_ARGUMENT, "X [1, 3, 5, 5], W [2, 4, 3, 3]");
  op.expect_error({array({1, 3, 5, 5}), array({2, 3, 3, 3})}, {array({1, 2, 3, 4})},
                  TN_INVALID_ARGUMENT, "Y has dims [1, 2, 3, 4]");
  op.expect_error({array({1, 3, 5, 5}), array({2, 3, 3, 3}), array({3})}, {array({1, 2, 3, 3})},
                  TN_INVALID_ARGUMENT, "B has dims [3]");
  op.expect_error({array({1, 3, 2, 2, 2, 2}), array({2, 3, 1, 1, 1, 1})},
                  {array({1, 2, 2, 2, 2, 2})}, TN_UNSUPPORTED, "spatial");
}

}  // namespace
}  // namespace tenon::cpu::testing

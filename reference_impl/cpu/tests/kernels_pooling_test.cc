// SPDX-License-Identifier: Apache-2.0
//
// Pooling and its gradients against loops over every window.
#include <gtest/gtest.h>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/tests/kernel_harness.h"

namespace tenon::cpu::testing {
namespace {

struct Case {
  Dims x, kernel, strides, dilations, pads;
  bool ceil_mode = false;

  size_t spatial() const { return kernel.size(); }
  int64_t stride(size_t d) const { return strides.empty() ? 1 : strides[d]; }
  int64_t dilation(size_t d) const { return dilations.empty() ? 1 : dilations[d]; }
  int64_t pad(size_t d) const { return pads.empty() ? 0 : pads[d]; }

  Dims y() const {
    Dims dims{x[0], x[1]};
    for (size_t d = 0; d < spatial(); ++d) {
      const int64_t room =
          x[d + 2] + pad(d) + pad(d + spatial()) - dilation(d) * (kernel[d] - 1) - 1;
      int64_t n = (room + (ceil_mode ? stride(d) - 1 : 0)) / stride(d) + 1;
      if (ceil_mode && (n - 1) * stride(d) >= x[d + 2] + pad(d)) --n;
      dims.push_back(n);
    }
    return dims;
  }

  Operation operation(const char* name, const char* domain = "") const {
    Operation op(name, pooling_operators(), domain);
    op.set("kernel_shape", kernel);
    if (!strides.empty()) op.set("strides", strides);
    if (!dilations.empty()) op.set("dilations", dilations);
    if (!pads.empty()) op.set("pads", pads);
    if (ceil_mode) op.set("ceil_mode", 1);
    return op;
  }

  // Calls visit(y, place in the plane or -1 for padding, index along axes) for each tap of each
  // window that is not beyond the padding.
  template <class Visit>
  void taps(Visit&& visit) const {
    const Dims out = y();
    const int64_t count = product(out), window = product(kernel);
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t t = 0; t < window; ++t) {
        int64_t o = i, tap = t, place = 0, scale = 1;
        bool inside = true, beyond = false;
        for (size_t d = spatial(); d-- > 0;) {
          const int64_t at = o % out[d + 2] * stride(d) + tap % kernel[d] * dilation(d) - pad(d);
          inside = inside && at >= 0 && at < x[d + 2];
          beyond = beyond || at >= x[d + 2] + pad(d + spatial());
          place += at * scale;
          scale *= x[d + 2];
          o /= out[d + 2];
          tap /= kernel[d];
        }
        if (!beyond) visit(i, inside ? place : -1);
      }
    }
  }

  int64_t plane() const { return product(x) / x[0] / x[1]; }
  int64_t positions() const { return product(y()) / x[0] / x[1]; }
};

const std::vector<Case> kCases = {
    {{2, 3, 10}, {3}, {}, {}, {}},
    {{1, 2, 11}, {4}, {2}, {}, {1, 3}},
    {{2, 3, 7, 8}, {2, 3}, {2, 1}, {}, {1, 0, 0, 2}},
    {{1, 5, 9, 9}, {3, 3}, {2, 2}, {}, {1, 1, 1, 1}},
    {{1, 2, 6, 7}, {3, 2}, {2, 2}, {}, {0, 1, 1, 0}, true},
    {{1, 3, 5, 6}, {2, 2}, {3, 3}, {}, {1, 1, 1, 1}, true},
    {{1, 2, 9, 8}, {2, 3}, {1, 2}, {3, 2}, {1, 1, 2, 0}},
    {{2, 2, 4, 5, 6}, {2, 3, 2}, {2, 1, 2}, {}, {1, 1, 0, 0, 1, 1}},
    {{1, 1, 3, 300}, {2, 3}, {1, 2}, {}, {0, 1, 1, 1}},
    {{1, 150, 4, 4}, {2, 2}, {2, 2}, {}, {}},
};

constexpr tn_dtype kFloats[] = {TN_FLOAT32, TN_FLOAT64, TN_FLOAT16, TN_BFLOAT16};

template <class Types, class Body>
void for_each_case(const Types& types, Body&& body) {
  for (const tn_dtype dtype : types) {
    for (const Case& c : kCases) {
      SCOPED_TRACE("type " + std::to_string(dtype) + ", X " + ::testing::PrintToString(c.x) +
                   ", kernel " + ::testing::PrintToString(c.kernel));
      body(dtype, c);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

Array channels_last(const Array& x) {
  Dims order{0};
  for (size_t d = 2; d < x.dims().size(); ++d) order.push_back(static_cast<int64_t>(d));
  order.push_back(1);
  return x.permuted(order);
}

// Dense and scattered, and with channels side by side.
void expect_all(const Operation& op, const std::vector<Array>& in, const std::vector<Array>& out) {
  op.expect_near(in, out);
  std::vector<Array> in_last, out_last;
  for (const Array& a : in) in_last.push_back(channels_last(a));
  for (const Array& a : out) {
    out_last.push_back(a.present() ? channels_last(Array(a.dtype(), a.dims())) : a);
  }
  op.run(in_last, out_last, 2);
  for (size_t i = 0; i < out.size(); ++i) op.compare_near(out_last[i], out[i]);
}

struct Maxima {
  Array y, place;  // Place in the channel's plane.
};

Maxima naive_max(const Case& c, const Array& x) {
  Maxima m{Array(x.dtype(), c.y()), Array(TN_INT64, c.y())};
  for (int64_t i = 0; i < m.y.count(); ++i) m.place.set(i, -1);
  c.taps([&](int64_t i, int64_t place) {
    if (place < 0) return;
    const double value = x.get(i / c.positions() * c.plane() + place), best = m.y.get(i);
    if (m.place.get(i) < 0 || value > best || (std::isnan(value) && !std::isnan(best))) {
      m.y.set(i, value);
      m.place.set(i, static_cast<double>(place));
    }
  });
  return m;
}

TEST(MaxPool, AgreesWithTheDefinition) {
  const tn_dtype types[] = {TN_FLOAT32, TN_FLOAT64, TN_FLOAT16, TN_BFLOAT16, TN_INT8, TN_UINT8};
  for_each_case(types, [](tn_dtype dtype, const Case& c) {
    // Few different values: equal ones are common.
    Array x = Array::sequence(dtype, c.x, 3, 1, 7);
    for (int64_t i = 0; i < x.count(); ++i) x.set(i, static_cast<double>((i * 7919) % 11));
    const Maxima expected = naive_max(c, x);
    expect_all(c.operation("MaxPool"), {x}, {expected.y});
    Array indices = expected.place, transposed = expected.place;
    for (int64_t i = 0; i < indices.count(); ++i) {
      const int64_t first = i / c.positions() * c.plane();
      int64_t place = static_cast<int64_t>(expected.place.get(i)), column_major = 0, scale = 1;
      indices.set(i, static_cast<double>(first + place));
      Dims at;
      for (size_t d = c.spatial(); d-- > 0; place /= c.x[d + 2])
        at.insert(at.begin(), place % c.x[d + 2]);
      for (size_t d = 0; d < c.spatial(); scale *= c.x[d + 2], ++d) column_major += at[d] * scale;
      transposed.set(i, static_cast<double>(first + column_major));
    }
    expect_all(c.operation("MaxPool"), {x}, {expected.y, indices});
    expect_all(c.operation("MaxPool").set("storage_order", 1), {x}, {expected.y, transposed});
    if (dtype_bit(dtype) & kFloatTypes) {
      expect_all(c.operation("MaxPool", "tenon"), {x}, {expected.y, expected.place});
    }
  });
}

TEST(MaxPool, NanWinsAndInfinityIsFound) {
  const Case c{{1, 1, 1, 5}, {1, 2}, {}, {}, {}};
  const Array x(TN_FLOAT32, c.x, {1, NAN, 2, -INFINITY, -INFINITY});
  const Array y(TN_FLOAT32, {1, 1, 1, 4}, {NAN, NAN, 2, -INFINITY});
  c.operation("MaxPool").expect({x}, {y});
  c.operation("MaxPool", "tenon").expect({x}, {y, Array(TN_INT64, y.dims(), {1, 1, 2, 3})});
}

TEST(MaxPoolGrad, IsTheAdjoint) {
  for_each_case(kFloats, [](tn_dtype dtype, const Case& c) {
    const Array x = Array::random(dtype, c.x, -1, 1, 1), dy = Array::random(dtype, c.y(), -1, 1, 2);
    const Maxima maxima = naive_max(c, x);
    std::vector<double> dx(static_cast<size_t>(x.count()), 0);
    for (int64_t i = 0; i < dy.count(); ++i) {
      dx[static_cast<size_t>(i / c.positions() * c.plane() +
                             static_cast<int64_t>(maxima.place.get(i)))] += dy.get(i);
    }
    expect_all(Operation("MaxPoolGrad", pooling_operators(), "tenon"), {dy, maxima.place},
               {Array(dtype, c.x, dx)});
  });
}

TEST(MaxPoolGrad, RefusesIndicesOutsideThePlane) {
  const Operation op("MaxPoolGrad", pooling_operators(), "tenon");
  for (const double index : {-1.0, 4.0}) {
    op.expect_error({Array(TN_FLOAT32, {1, 1, 1}, {1}), Array(TN_INT64, {1, 1, 1}, {index})},
                    {Array(TN_FLOAT32, {1, 1, 4})}, TN_INVALID_ARGUMENT, "outside");
  }
}

std::vector<double> divisors(const Case& c, bool with_pads) {
  std::vector<double> count(static_cast<size_t>(product(c.y())), 0);
  c.taps([&](int64_t i, int64_t place) {
    count[static_cast<size_t>(i)] += with_pads || place >= 0 ? 1 : 0;
  });
  return count;
}

TEST(AveragePool, AgreesWithTheDefinition) {
  for_each_case(kFloats, [](tn_dtype dtype, const Case& c) {
    const Array x = Array::random(dtype, c.x, -1, 1, 1);
    for (const bool with_pads : {false, true}) {
      std::vector<double> y = divisors(c, with_pads);
      std::vector<double> sums(y.size(), 0);
      c.taps([&](int64_t i, int64_t place) {
        if (place >= 0)
          sums[static_cast<size_t>(i)] += x.get(i / c.positions() * c.plane() + place);
      });
      for (size_t i = 0; i < y.size(); ++i) y[i] = sums[i] / y[i];
      expect_all(c.operation("AveragePool").set("count_include_pad", with_pads ? 1 : 0), {x},
                 {Array(dtype, c.y(), y)});
    }
  });
}

TEST(AveragePoolGrad, IsTheAdjoint) {
  for_each_case(kFloats, [](tn_dtype dtype, const Case& c) {
    if (!c.dilations.empty()) return;
    const Array dy = Array::random(dtype, c.y(), -1, 1, 1);
    for (const bool with_pads : {false, true}) {
      const std::vector<double> count = divisors(c, with_pads);
      std::vector<double> dx(static_cast<size_t>(product(c.x)), 0);
      c.taps([&](int64_t i, int64_t place) {
        if (place < 0) return;
        dx[static_cast<size_t>(i / c.positions() * c.plane() + place)] +=
            dy.get(i) / count[static_cast<size_t>(i)];
      });
      expect_all(
          c.operation("AveragePoolGrad", "tenon").set("count_include_pad", with_pads ? 1 : 0), {dy},
          {Array(dtype, c.x, dx)});
    }
  });
}

TEST(GlobalPool, AverageAndMaximum) {
  for (const tn_dtype dtype : kFloats) {
    for (const Dims& dims : {Dims{2, 3}, Dims{2, 37, 9}, Dims{3, 5, 7, 6}, Dims{1, 18, 3, 4, 5}}) {
      const Array x = Array::random(dtype, dims, -1, 1, 1);
      Dims reduced = dims;
      std::fill(reduced.begin() + 2, reduced.end(), 1);
      Array average(dtype, reduced), maximum(dtype, reduced);
      const int64_t plane = x.count() / average.count();
      for (int64_t i = 0; i < average.count(); ++i) {
        double sum = 0, best = -INFINITY;
        for (int64_t j = 0; j < plane; ++j) {
          sum += x.get(i * plane + j);
          best = std::max(best, x.get(i * plane + j));
        }
        average.set(i, sum / static_cast<double>(plane));
        maximum.set(i, best);
      }
      expect_all(Operation("GlobalAveragePool", pooling_operators()), {x}, {average});
      expect_all(Operation("GlobalMaxPool", pooling_operators()), {x}, {maximum});
    }
  }
  Operation("GlobalMaxPool", pooling_operators())
      .expect({Array(TN_FLOAT32, {1, 1, 3}, {NAN, 1, 2})}, {Array(TN_FLOAT32, {1, 1, 1}, {NAN})});
}

// A walk over all taps would not end.
TEST(Pool, ReadsOnlyTheTapsInside) {
  const int64_t side = int64_t{1} << 40;
  const Array x = Array::of<float>(TN_FLOAT32, {1, 1, 3}, {1, 5, 3});
  for (const char* name : {"MaxPool", "AveragePool"}) {
    Operation op(name, pooling_operators());
    op.set("kernel_shape", Dims{side}).set("pads", Dims{side - 3, 0}).set("strides", Dims{side});
    const float all = name[0] == 'M' ? 5.0f : 3.0f;
    op.expect({x}, {Array::of<float>(TN_FLOAT32, {1, 1, 1}, {all})});
  }
}

TEST(Pool, SaysWhatDoesNotFit) {
  const Case c{{1, 2, 5, 5}, {2, 2}, {}, {}, {}};
  c.operation("MaxPool").expect_error({Array(TN_FLOAT32, c.x)}, {Array(TN_FLOAT32, {1, 2, 5, 4})},
                                      TN_INVALID_ARGUMENT, "Y has dims [1, 2, 5, 4]");
  Operation("AveragePool", pooling_operators())
      .expect_error({Array(TN_FLOAT32, c.x)}, {Array(TN_FLOAT32, {1, 2, 4, 4})},
                    TN_INVALID_ARGUMENT, "kernel_shape");
}

}  // namespace
}  // namespace tenon::cpu::testing

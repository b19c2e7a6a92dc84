// SPDX-License-Identifier: Apache-2.0
//
// Moving, repeating, selecting.
#include <algorithm>
#include <numeric>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

HostTensor random(tn_dtype type, Shape dims, uint32_t seed) {
  return HostTensor::random(type, std::move(dims), -3, 3, seed);
}
HostTensor list(Values values) {
  const int64_t count = static_cast<int64_t>(values.size());
  return HostTensor(TN_INT64, {count}, std::move(values));
}

void add_concat(Cases& cases, tn_dtype type) {
  const HostTensor a = random(type, {2, 3, 4}, 1), b = random(type, {2, 1, 4}, 2),
                   c = random(type, {2, 2, 4}, 3);
  HostTensor y(type, {2, 6, 4});
  for_each_index(y.dims, [&](const Shape& i) {
    y.at(i) = i[1] < 3   ? a.at(i)
              : i[1] < 4 ? b.at({i[0], i[1] - 3, i[2]})
                         : c.at({i[0], i[1] - 4, i[2]});
  });
  cases.push_back(OperatorCase{"", "Concat", "three", type}
                      .in(a)
                      .in(b)
                      .in(c)
                      .attribute("axis", int64_t{1})
                      .out(y));
}

void add_pad(Cases& cases, tn_dtype type, const char* mode) {
  const HostTensor x = random(type, {3, 4}, 1);
  HostTensor y(type, {3 + 1, 4 + 2 + 1});  // Begins 1, 2; ends 0, 1.
  const auto inside = [&](int64_t i, int64_t size) -> int64_t {
    if (i >= 0 && i < size) return i;
    if (mode[0] == 'c') return -1;
    if (mode[0] == 'e') return std::clamp<int64_t>(i, 0, size - 1);
    return i < 0 ? -i : 2 * (size - 1) - i;
  };
  for_each_index(y.dims, [&](const Shape& i) {
    const int64_t r = inside(i[0] - 1, 3), c = inside(i[1] - 2, 4);
    y.at(i) = r < 0 || c < 0 ? 1.5 : x.at({r, c});
  });
  OperatorCase c{"", "Pad", mode, type};
  c.in(x).host(list({1, 2, 0, 1}));
  if (mode[0] == 'c') c.host(HostTensor::scalar(type, 1.5));
  cases.push_back(c.attribute("mode", mode).out(y));
}

void add_trilu(Cases& cases, tn_dtype type, bool upper, int64_t k) {
  const HostTensor x = random(type, {2, 4, 5}, 1);
  HostTensor y = x;
  for_each_index(x.dims, [&](const Shape& i) {
    if (upper ? i[2] < i[1] + k : i[2] > i[1] + k) y.at(i) = 0;
  });
  cases.push_back(OperatorCase{"", "Trilu", upper ? "upper" : "lower", type}
                      .in(x)
                      .host(HostTensor::scalar(TN_INT64, static_cast<double>(k)))
                      .attribute("upper", int64_t{upper})
                      .out(y));
}

void add_topk(Cases& cases, tn_dtype type, bool largest) {
  const HostTensor x = random(type, {3, 9}, 1);
  HostTensor values(type, {3, 4}), places(TN_INT64, {3, 4});
  for (int64_t row = 0; row < 3; ++row) {
    std::vector<int64_t> order(9);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return largest ? x.at({row, a}) > x.at({row, b}) : x.at({row, a}) < x.at({row, b});
    });
    for (int64_t i = 0; i < 4; ++i) {
      places.at({row, i}) = static_cast<double>(order[static_cast<size_t>(i)]);
      values.at({row, i}) = x.at({row, order[static_cast<size_t>(i)]});
    }
  }
  cases.push_back(OperatorCase{"", "TopK", largest ? "largest" : "smallest", type}
                      .in(x)
                      .host(list({4}))
                      .attribute("largest", int64_t{largest})
                      .out(values)
                      .out(places));
}

}  // namespace

void add_movement_cases(Cases& cases, tn_dtype type) {
  add_concat(cases, type);
  add_pad(cases, type, "constant");
  add_pad(cases, type, "edge");
  add_pad(cases, type, "reflect");
  add_trilu(cases, type, true, 1);
  add_trilu(cases, type, false, -1);
  add_topk(cases, type, true);
  add_topk(cases, type, false);

  const HostTensor x = random(type, {2, 3}, 1);
  HostTensor tiled(type, {4, 9});
  for_each_index(tiled.dims, [&](const Shape& i) { tiled.at(i) = x.at({i[0] % 2, i[1] % 3}); });
  cases.push_back(OperatorCase{"", "Tile", "values", type}.in(x).host(list({2, 3})).out(tiled));

  const HostTensor classes(TN_INT64, {4}, {1, 0, -1, 2});
  HostTensor hot(type, {4, 3}, Values(12, -1));
  for (int64_t i = 0; i < 4; ++i) {
    hot.at({i, (static_cast<int64_t>(classes.at({i})) + 3) % 3}) = 7;
  }
  cases.push_back(OperatorCase{"", "OneHot", "values", type}
                      .in(classes)
                      .host(HostTensor::scalar(TN_INT64, 3))
                      .in(HostTensor(type, {2}, {-1, 7}))
                      .out(hot));

  OperatorCase non_zero{"", "NonZero", "values", type};
  non_zero.in(HostTensor(type, {2, 3}, {0, 5, 0, -1, 0, 2}));
  non_zero.out(HostTensor(TN_INT64, {2, 3}, {0, 1, 1, 1, 0, 2}));
  non_zero.bounds = {Shape{2, 6}};
  cases.push_back(non_zero);

  HostTensor range(type, {7});
  for (int64_t i = 0; i < 7; ++i) range.at({i}) = 1 + 0.5 * static_cast<double>(i);
  cases.push_back(OperatorCase{"", "Range", "values", type}
                      .host(HostTensor::scalar(type, 1))
                      .host(HostTensor::scalar(type, 4.5))
                      .host(HostTensor::scalar(type, 0.5))
                      .out(range));
}

}  // namespace tenon::conformance

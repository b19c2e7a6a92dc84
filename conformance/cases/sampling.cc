// SPDX-License-Identifier: Apache-2.0
//
// GridSample: each output from its neighbours, found by formulas of their own.
#include <cmath>
#include <string>

#include "cases/vision.h"

namespace tenon::conformance {
namespace {

struct Sampling {
  std::string mode = "linear", padding = "zeros";
  bool aligned = false;
};

// Back and forth between the borders, a triangle's wave.
Number reflected(const Number& x, Real least, Real most) {
  const Real range = most - least;
  if (range <= 0) return least;
  const Real turns = std::floor((x.value - least) / range);
  const Number rest = x - Number(least + turns * range);
  return std::fmod(std::fabs(turns), 2) == 0 ? Number(least) + rest : Number(most) - rest;
}

// An index of an axis, or -1 for a zero.
int64_t padded(const Sampling& s, int64_t i, int64_t size) {
  if (i >= 0 && i < size) return i;
  if (s.padding == "zeros") return -1;
  if (s.padding == "border") return i < 0 ? 0 : size - 1;
  if (s.aligned) {
    const int64_t period = std::max<int64_t>(2 * (size - 1), 1),
                  at = ((i % period) + period) % period;
    return at < size ? at : period - at;
  }
  const int64_t period = 2 * size, at = ((i % period) + period) % period;
  return at < size ? at : period - 1 - at;
}

struct Tap {
  int64_t index;
  Number weight;
};

std::vector<Tap> taps_of(const Sampling& s, Real normalized, int64_t size) {
  const Number g = normalized;
  const Real n = Real(size);
  Number x = s.aligned ? (g + Number(1)) / 2 * (n - 1) : ((g + Number(1)) * n - Number(1)) / 2;
  const Real least = s.aligned ? 0 : -0.5L, most = s.aligned ? n - 1 : n - 0.5L;
  if (s.mode == "nearest") x = std::nearbyint(x.value);
  if (x.value < least || x.value > most) {
    if (s.padding == "border") x = x.value < 0 ? Number(0) : Number(n - 1);
    if (s.padding == "reflection") x = reflected(x, least, most);
  }
  const auto floor = static_cast<int64_t>(std::floor(x.value));
  if (s.mode == "nearest") return {{padded(s, floor, size), Number(1)}};
  std::vector<Tap> taps;
  for (int64_t i = floor - 1; i <= floor + 2; ++i) {
    const Number distance = Number(Real(i)) - x;
    const Number magnitude = distance.value < 0 ? -distance : distance;
    if (s.mode == "cubic") {
      taps.push_back({padded(s, i, size), cubic_weight(distance, -0.75L)});
    } else if (magnitude.value <= 1) {
      taps.push_back({padded(s, i, size), Number(1) - magnitude});
    }
  }
  return taps;
}

void add(Cases& cases, const std::string& label, const HostTensor& x, const HostTensor& grid,
         const Sampling& s) {
  const size_t rank = x.dims.size() - 2;
  Shape dims{x.dims[0], x.dims[1]};
  for (size_t d = 0; d < rank; ++d) dims.push_back(grid.dims[1 + d]);
  Expected y(x.dtype, dims);
  for_each_index(dims, [&](const Shape& out) {
    std::vector<std::vector<Tap>> along;
    Shape counts;
    for (size_t d = 0; d < rank; ++d) {
      Shape at{out[0]};
      at.insert(at.end(), out.begin() + 2, out.end());
      at.push_back(static_cast<int64_t>(rank - 1 - d));
      along.push_back(taps_of(s, grid.at(at), x.dims[2 + d]));
      counts.push_back(static_cast<int64_t>(along.back().size()));
    }
    Sum sum;
    Number only = 0;
    for_each_index(counts, [&](const Shape& which) {
      Shape at{out[0], out[1]};
      Number weight = 1;
      for (size_t d = 0; d < rank; ++d) {
        const Tap& tap = along[d][static_cast<size_t>(which[d])];
        if (tap.index < 0) return;
        at.push_back(tap.index);
        weight = weight * tap.weight;
      }
      only = x.at(at);
      if (weight.value != 0) sum.add(weight * x.at(at));
    });
    y.at(out) = clamped_whole(x.dtype, s.mode == "nearest" ? only : sum.total());
  });
  OperatorCase c{"", "GridSample", label, x.dtype};
  c.in(x).in(grid).attribute("mode", s.mode).attribute("padding_mode", s.padding);
  if (s.aligned) c.attribute("align_corners", int64_t{1});
  cases.push_back(c.out(y));
}

// Positions inside and far outside, in steps that fall on no border of a decision.
HostTensor grid_of(tn_dtype type, Shape dims, uint32_t seed) {
  HostTensor steps = HostTensor::random(TN_INT16, dims, -40, 40, seed);
  for (Real& value : steps.values) value = value / 16 + 1 / 64.0L;
  return HostTensor(type, dims, steps.values);
}

void add_modes(Cases& cases, tn_dtype type, tn_dtype grid_type) {
  const HostTensor x = HostTensor::random(type, {2, 3, 5, 4}, -3, 3, 1);
  for (const char* mode : {"linear", "nearest", "cubic"}) {
    for (const char* padding : {"zeros", "border", "reflection"}) {
      for (const bool aligned : {false, true}) {
        const std::string label = std::string(mode) + "_" + padding + (aligned ? "_aligned" : "");
        add(cases, label, x, grid_of(grid_type, {2, 3, 6, 2}, 2), {mode, padding, aligned});
      }
    }
  }
}

}  // namespace

void add_sampling_cases(Cases& cases, tn_dtype type) {
  if (!takes("", "GridSample", type)) return;
  if (is_integer(type)) {
    // Quarters of a pixel, whose weights are exact.
    const HostTensor x = HostTensor::random(type, {1, 2, 4, 8}, -90, 90, 1);
    HostTensor grid(TN_FLOAT32, {1, 3, 4, 2});
    const HostTensor steps = HostTensor::random(TN_INT16, grid.dims, -9, 9, 2);
    for (size_t i = 0; i < grid.values.size(); ++i) grid.values[i] = steps.values[i] / 8;
    for (const char* mode : {"linear", "nearest", "cubic"})
      add(cases, std::string(mode) + "_whole", x, grid, {mode, "border", false});
    return;
  }
  add_modes(cases, type, type);
  const HostTensor x = HostTensor::random(type, {1, 2, 3, 4, 2}, -3, 3, 1);
  const HostTensor grid = grid_of(TN_FLOAT32, {1, 2, 3, 2, 3}, 3);
  add(cases, "3d_linear", x, grid, {"linear", "zeros", true});
  add(cases, "3d_cubic", x, grid, {"cubic", "border", false});
  add(cases, "3d_nearest", x, grid, {"nearest", "reflection", false});
  add(cases, "1d", HostTensor::random(type, {2, 3, 7}, -3, 3, 1),
      grid_of(TN_FLOAT32, {2, 17, 1}, 4), {"linear", "reflection", true});
  add(cases, "long", HostTensor::random(type, {1, 1, 4, 4}, -3, 3, 1),
      grid_of(type, {1, 1, 4099, 2}, 2), {"linear", "zeros", false});
  add(cases, "grid_float64", HostTensor::random(type, {1, 2, 4, 4}, -3, 3, 1),
      grid_of(TN_FLOAT64, {1, 3, 3, 2}, 5), {"linear", "border", false});
  add(cases, "grid_float16", HostTensor::random(type, {1, 2, 4, 4}, -3, 3, 1),
      grid_of(TN_FLOAT16, {1, 3, 3, 2}, 5), {"cubic", "zeros", false});
}

}  // namespace tenon::conformance

// SPDX-License-Identifier: Apache-2.0
//
// RoiAlign, MaxRoiPool and NonMaxSuppression.
#include <algorithm>
#include <cmath>
#include <string>

#include "cases/vision.h"

namespace tenon::conformance {
namespace {

struct Align {
  std::string mode = "avg";
  bool half_pixel = true;
  int64_t height = 2, width = 3, ratio = 0;
  float scale = 1;
};

struct Corner {
  int64_t index;
  Number weight;
};

// The two neighbours of a position along an axis; none where it is too far outside.
std::vector<Corner> corners(Number at, int64_t size) {
  if (at.value < -1 || at.value > Real(size)) return {};
  if (at.value < 0) at = 0;
  if (at.value >= Real(size - 1)) return {{size - 1, Number(1)}, {size - 1, Number(0)}};
  const Real low = std::floor(at.value);
  const Number part = at - Number(low);
  return {{static_cast<int64_t>(low), Number(1) - part}, {static_cast<int64_t>(low) + 1, part}};
}

// One side of a region: where its samples lie, bin by bin.
struct Side {
  Number start, bin;
  int64_t samples;

  Side(Real from, Real to, int64_t bins, const Align& g) {
    const Real shift = g.half_pixel ? 0.5L : 0;
    start = Number(from) * g.scale - Number(shift);
    Number size = Number(to) * g.scale - Number(shift) - start;
    if (!g.half_pixel && size.value < 1) size = 1;
    bin = size / Real(bins);
    samples =
        g.ratio > 0 ? g.ratio : std::max<int64_t>(0, static_cast<int64_t>(std::ceil(bin.value)));
  }
  Number at(int64_t which, int64_t i) const {
    return start + bin * Real(which) + bin * (Real(i) + 0.5L) / Real(samples);
  }
};

// rois: [regions, 4], eighths and a bit, so that no sample lies on the border of a decision.
void add_align(Cases& cases, const std::string& label, tn_dtype type, const Shape& x_dims,
               const Values& rois, const Values& batch, const Align& g) {
  const HostTensor x = HostTensor::random(type, x_dims, -3, 3, 1);
  const auto count = static_cast<int64_t>(batch.size());
  const HostTensor regions(type, {count, 4}, rois), images(TN_INT64, {count}, batch);
  Expected y(type, {count, x_dims[1], g.height, g.width});
  for_each_index(y.dims, [&](const Shape& out) {
    const auto number = [&](int64_t i) { return regions.at({out[0], i}); };
    const Side columns(number(0), number(2), g.width, g), rows(number(1), number(3), g.height, g);
    Sum sum;
    Number most;
    bool first = true;
    for (int64_t i = 0; i < rows.samples; ++i) {
      for (int64_t j = 0; j < columns.samples; ++j) {
        std::vector<Number> parts;
        for (const Corner& row : corners(rows.at(out[2], i), x_dims[2]))
          for (const Corner& column : corners(columns.at(out[3], j), x_dims[3]))
            parts.push_back(row.weight * column.weight *
                            x.at({static_cast<int64_t>(batch[size_t(out[0])]), out[1], row.index,
                                  column.index}));
        if (parts.empty()) parts.push_back(0);
        for (const Number& part : parts) {
          sum.add(part);
          if (first || part.value > most.value) most = part;
          first = false;
        }
      }
    }
    y.at(out) = g.mode == "max"
                    ? most
                    : sum.total() / Real(std::max<int64_t>(rows.samples * columns.samples, 1));
  });
  OperatorCase c{"", "RoiAlign", label, type};
  c.attribute("mode", g.mode)
      .attribute("output_height", g.height)
      .attribute("output_width", g.width);
  c.attribute("sampling_ratio", g.ratio).attribute("spatial_scale", g.scale);
  c.attribute("coordinate_transformation_mode",
              std::string(g.half_pixel ? "half_pixel" : "output_half_pixel"));
  cases.push_back(c.in(x).in(regions).in(images).out(y));
}

void add_align_cases(Cases& cases, tn_dtype type) {
  const Values rois{1.125, 0.625, 6.375, 5.875, 0.25,  2.125,
                    3.375, 4.25,  -2.75, 1.375, 9.625, 12.125};
  for (const char* mode : {"avg", "max"}) {
    Align g;
    g.mode = mode;
    add_align(cases, std::string(mode), type, {2, 3, 7, 8}, rois, {0, 1, 1}, g);
    g.half_pixel = false;
    g.scale = 0.5f;
    add_align(cases, std::string(mode) + "_output_half_pixel", type, {2, 3, 7, 8}, rois, {1, 0, 1},
              g);
    g.ratio = 3;
    g.height = 4, g.width = 1;
    add_align(cases, std::string(mode) + "_ratio", type, {2, 2, 7, 8}, rois, {1, 1, 0}, g);
  }
  Align tiny;
  tiny.half_pixel = false;
  add_align(cases, "tiny", type, {1, 2, 5, 5}, {1.125, 1.125, 1.375, 1.25}, {0}, tiny);
  add_align(cases, "long", type, {1, 1, 5, 4103}, {1.125, 1.125, 4000.375, 3.25}, {0}, Align());
  add_align(cases, "backwards", type, {1, 2, 5, 5}, {3.125, 3.125, 1.375, 1.25}, {0}, Align());
}

// ---- MaxRoiPool ----

void add_pool(Cases& cases, const std::string& label, tn_dtype type, const Shape& x_dims,
              const Values& rois, int64_t height, int64_t width, float scale) {
  const HostTensor x = HostTensor::random(type, x_dims, -3, 3, 1);
  const auto count = static_cast<int64_t>(rois.size() / 5);
  const HostTensor regions(type, {count, 5}, rois);
  HostTensor y(type, {count, x_dims[1], height, width});
  for_each_index(y.dims, [&](const Shape& out) {
    const auto pixel = [&](int64_t i) {
      return static_cast<int64_t>(std::round(regions.at({out[0], i}) * scale));
    };
    const auto is_in = [](int64_t at, int64_t from, int64_t to, int64_t bin, int64_t bins) {
      const int64_t size = std::max<int64_t>(to - from + 1, 1), i = at - from;
      // Bins overlap where they do not divide the region.
      return i >= bin * size / bins && i * bins < (bin + 1) * size;
    };
    Real most = 0;
    bool first = true;
    for (int64_t h = 0; h < x_dims[2]; ++h)
      for (int64_t w = 0; w < x_dims[3]; ++w) {
        if (!is_in(h, pixel(2), pixel(4), out[2], height)) continue;
        if (!is_in(w, pixel(1), pixel(3), out[3], width)) continue;
        const Real value = x.at({static_cast<int64_t>(regions.at({out[0], 0})), out[1], h, w});
        // NaN wins.
        if (first || value > most || std::isnan(value)) most = value;
        first = false;
      }
    y.at(out) = most;
  });
  OperatorCase c{"", "MaxRoiPool", label, type};
  c.attribute("pooled_shape", Shape{height, width}).attribute("spatial_scale", scale);
  cases.push_back(c.in(x).in(regions).out(y));
}

// ---- NonMaxSuppression ----

struct Selection {
  int64_t most = 0;
  Real overlap = 0;
  bool centers = false;
  bool filters = false;
  Real least = 0;
};

// Of corners that are in eighths, so that areas are exact.
Real area_ratio(const Values& a, const Values& b) {
  Real common = 1, of_a = 1, of_b = 1;
  for (size_t d = 0; d < 2; ++d) {
    common *= std::fmax(0, std::fmin(a[d + 2], b[d + 2]) - std::fmax(a[d], b[d]));
    of_a *= a[d + 2] - a[d], of_b *= b[d + 2] - b[d];
  }
  return common > 0 ? common / (of_a + of_b - common) : 0;
}

void add_selection(Cases& cases, const std::string& label, const HostTensor& boxes,
                   const HostTensor& scores, const Selection& s) {
  const int64_t images = scores.dims[0], classes = scores.dims[1], count = scores.dims[2];
  const auto box = [&](int64_t n, int64_t b) {
    Values v;
    for (int64_t i = 0; i < 4; ++i) v.push_back(boxes.at({n, b, i}));
    if (s.centers)
      return Values{v[0] - v[2] / 2, v[1] - v[3] / 2, v[0] + v[2] / 2, v[1] + v[3] / 2};
    return Values{std::fmin(v[0], v[2]), std::fmin(v[1], v[3]), std::fmax(v[0], v[2]),
                  std::fmax(v[1], v[3])};
  };
  Values rows;
  for (int64_t n = 0; n < images; ++n) {
    for (int64_t c = 0; c < classes; ++c) {
      std::vector<bool> gone(static_cast<size_t>(count), false);
      for (int64_t round = 0; round < s.most; ++round) {
        int64_t best = -1;
        for (int64_t b = 0; b < count; ++b) {
          if (gone[size_t(b)] || (s.filters && scores.at({n, c, b}) < s.least)) continue;
          if (best < 0 || scores.at({n, c, b}) > scores.at({n, c, best})) best = b;
        }
        if (best < 0) break;
        for (const Real value : {Real(n), Real(c), Real(best)}) rows.push_back(value);
        for (int64_t b = 0; b < count; ++b)
          if (area_ratio(box(n, best), box(n, b)) > s.overlap) gone[size_t(b)] = true;
        gone[size_t(best)] = true;
      }
    }
  }
  OperatorCase c{"", "NonMaxSuppression", label, TN_FLOAT32};
  if (s.centers) c.attribute("center_point_box", int64_t{1});
  c.in(boxes).in(scores).host(HostTensor(TN_INT64, {1}, {Real(s.most)}));
  c.host(HostTensor(TN_FLOAT32, {1}, {s.overlap}));
  if (s.filters) c.host(HostTensor::scalar(TN_FLOAT32, s.least));
  c.out(HostTensor(TN_INT64, {static_cast<int64_t>(rows.size() / 3), 3}, rows));
  c.bounds = {Shape{scores.count(), 3}};
  cases.push_back(c);
}

HostTensor eighths(Shape dims, Real low, Real high, uint32_t seed) {
  HostTensor t = HostTensor::random(TN_INT16, dims, low * 8, high * 8, seed);
  for (Real& value : t.values) value /= 8;
  return HostTensor(TN_FLOAT32, dims, t.values);
}

void add_selections(Cases& cases) {
  const HostTensor boxes = eighths({2, 12, 4}, 0, 4, 1), scores = eighths({2, 3, 12}, -1, 3, 2);
  add_selection(cases, "corners", boxes, scores, {5, 0.3L});
  add_selection(cases, "filtered", boxes, scores, {12, 0.3L, false, true, 0.5L});
  HostTensor centers = eighths({2, 12, 4}, 0.25L, 4, 3);
  add_selection(cases, "centers", centers, scores, {4, 0.25L, true});
  add_selection(cases, "none", boxes, scores, {0, 0.5L});
  add_selection(cases, "all_filtered", boxes, scores, {3, 0.5L, false, true, 9});
  add_selection(cases, "one_of_each", boxes, scores, {1, 0.5L});
  // Half of each overlaps: a third of both, which is not greater than a limit of as much.
  HostTensor halves(TN_FLOAT32, {1, 3, 4}, {0, 0, 2, 1, 1, 0, 3, 1, 0, 0, 2, 1});
  add_selection(cases, "at_the_limit", halves, HostTensor(TN_FLOAT32, {1, 1, 3}, {3, 2, 1}),
                {3, 0.5L});
  add_selection(cases, "no_limit", halves, HostTensor(TN_FLOAT32, {1, 1, 3}, {1, 2, 3}), {3, 0});
  add_selection(cases, "long", eighths({1, 400, 4}, 0, 30, 4), eighths({1, 1, 400}, -9, 9, 5),
                {400, 0.2L});
  add_selection(cases, "empty", HostTensor(TN_FLOAT32, {1, 0, 4}),
                HostTensor(TN_FLOAT32, {1, 2, 0}), {3, 0.5L});
}

}  // namespace

void add_region_cases(Cases& cases, tn_dtype type) {
  if (takes("", "RoiAlign", type)) add_align_cases(cases, type);
  if (takes("", "MaxRoiPool", type)) {
    const Values rois{0, 1, 2, 6, 5, 1, 0, 0, 7, 6, 1, 3, 3, 2, 2, 0, -2, 4, 5, 12};
    add_pool(cases, "values", type, {2, 3, 7, 8}, rois, 2, 3, 1);
    add_pool(cases, "scaled", type, {2, 2, 7, 8}, rois, 3, 2, 0.5f);
    add_pool(cases, "long", type, {2, 1, 3, 4103}, rois, 2, 3, 1);
    add_pool(cases, "more_bins_than_pixels", type, {2, 1, 4, 4}, rois, 5, 6, 0.25f);
  }
  if (type == TN_FLOAT32) add_selections(cases);
}

}  // namespace tenon::conformance

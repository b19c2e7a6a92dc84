// SPDX-License-Identifier: Apache-2.0
//
// ConvTranspose, which scatters, and DeformConv, which samples where its offsets say.
#include <algorithm>
#include <cmath>
#include <string>

#include "cases/paired_windows.h"
#include "cases/vision.h"

namespace tenon::conformance {
namespace {

HostTensor random(tn_dtype type, Shape dims, uint32_t seed) {
  return HostTensor::random(type, std::move(dims), -1, 1, seed);
}

struct Sums {
  Sums(tn_dtype type, Shape dims) : at_index{type, std::move(dims), {}} {
    at_index.values.resize(static_cast<size_t>(element_count(at_index.dims)));
  }
  Sum& at(const Shape& index) { return at_index.at(index); }
  Expected totals() const {
    Expected result(at_index.dtype, at_index.dims);
    for (size_t i = 0; i < result.values.size(); ++i)
      result.values[i] = at_index.values[i].total_in_sequence();
    return result;
  }
  Grid<Sum> at_index;
};

struct Window {
  Shape strides, pads, dilations;
  int64_t group = 1;
  Shape more = {};  // output_padding

  OperatorCase& describe(OperatorCase& c) const {
    c.attribute("strides", strides).attribute("pads", pads).attribute("dilations", dilations);
    return c.attribute("group", group);
  }
};

Shape spatial(const Shape& dims, size_t first = 2) {
  return Shape(dims.begin() + static_cast<long>(first), dims.end());
}

// W: [C, M / group, ...]
void add_transpose(Cases& cases, const std::string& label, tn_dtype type, const Shape& x_dims,
                   const Shape& w_dims, const Window& g, bool biased = true) {
  const size_t rank = x_dims.size() - 2;
  const NoInfinities open;
  const HostTensor x = random(type, x_dims, 1), w = HostTensor::plain(type, w_dims, -1, 1, 2);
  Shape y_dims{x_dims[0], w_dims[1] * g.group};
  for (size_t d = 0; d < rank; ++d)
    y_dims.push_back((x_dims[2 + d] - 1) * g.strides[d] + (w_dims[2 + d] - 1) * g.dilations[d] + 1 +
                     (g.more.empty() ? 0 : g.more[d]) - g.pads[d] - g.pads[rank + d]);
  const HostTensor b = random(type, {y_dims[1]}, 3);
  Sums y(type, y_dims);
  if (biased) for_each_index(y_dims, [&](const Shape& i) { y.at(i).add(b.at({i[1]})); });
  const int64_t per_group = x_dims[1] / g.group;
  for_each_index(x_dims, [&](const Shape& from) {
    for_each_index(spatial(w_dims, 1), [&](const Shape& tap) {
      Shape to{from[0], from[1] / per_group * w_dims[1] + tap[0]}, weight{from[1]};
      weight.insert(weight.end(), tap.begin(), tap.end());
      for (size_t d = 0; d < rank; ++d) {
        to.push_back(from[2 + d] * g.strides[d] + tap[1 + d] * g.dilations[d] - g.pads[d]);
        if (to.back() < 0 || to.back() >= y_dims[2 + d]) return;
      }
      y.at(to).add(Number(x.at(from)) * w.at(weight));
    });
  });
  OperatorCase c{"", "ConvTranspose", label, type};
  g.describe(c).attribute("kernel_shape", spatial(w_dims));
  if (!g.more.empty()) c.attribute("output_padding", g.more);
  c.in(x).in(w);
  if (biased) c.in(b);
  cases.push_back(c.out(y.totals()));
}

void add_transpose_cases(Cases& cases, tn_dtype type) {
  add_transpose(cases, "strides_pads", type, {2, 3, 5, 6}, {3, 4, 3, 3},
                {{2, 2}, {1, 1, 1, 1}, {1, 1}, 1, {1, 1}});
  add_transpose(cases, "plain", type, {1, 2, 3, 3}, {2, 2, 3, 3}, {{1, 1}, {0, 0, 0, 0}, {1, 1}});
  add_transpose(cases, "groups_dilations", type, {1, 4, 5, 4}, {4, 3, 2, 3},
                {{1, 2}, {0, 1, 1, 0}, {2, 3}, 2}, false);
  // Strides wider than the window, and padding beyond what it reaches: the bias alone is there.
  add_transpose(cases, "gaps", type, {1, 2, 3, 4}, {2, 3, 2, 1},
                {{4, 3}, {0, 0, 0, 0}, {1, 1}, 1, {3, 5}});
  add_transpose(cases, "depthwise", type, {2, 5, 4, 4}, {5, 1, 4, 4},
                {{2, 2}, {1, 1, 1, 1}, {1, 1}, 5});
  add_transpose(cases, "1d", type, {2, 3, 17}, {3, 4, 5}, {{3}, {2, 1}, {1}, 1, {2}});
  add_transpose(cases, "3d", type, {1, 2, 3, 2, 4}, {2, 3, 2, 3, 2},
                {{2, 1, 2}, {0, 1, 0, 0, 1, 0}, {1, 1, 1}});
  add_transpose(cases, "long", type, {1, 64, 3, 33}, {64, 5, 3, 3}, {{1, 2}, {1, 1, 1, 1}, {1, 1}});
  add_transpose(cases, "many", type, {1, 1, 4103}, {1, 2, 3}, {{1}, {1, 1}, {1}});
  for (const PairedWindow& p : paired_windows(2)) {
    Shape w{4, 4 / p.group}, more;
    w.insert(w.end(), p.kernel.begin(), p.kernel.end());
    if (p.more[0] == 1) more = {p.strides[0] - 1, p.strides[1] - 1};
    add_transpose(cases, p.label, type, {2, 4, 5, 6}, w,
                  {p.strides, p.pads, p.dilations, p.group, more}, p.more[1] == 0);
  }
}

// ---- DeformConv ----

// The image between its elements: corner by corner, zeros outside.
Number between(const HostTensor& x, int64_t image, int64_t channel, const std::vector<Number>& at) {
  const size_t rank = at.size();
  Sum sum;
  for (size_t corner = 0; corner < size_t{1} << rank; ++corner) {
    Shape index{image, channel};
    Number weight = 1;
    for (size_t d = 0; d < rank; ++d) {
      const Real low = std::floor(at[d].value);
      const Number part = at[d] - Number(low);
      const bool high = (corner >> d & 1) != 0;
      index.push_back(static_cast<int64_t>(low) + (high ? 1 : 0));
      if (index.back() < 0 || index.back() >= x.dims[2 + d]) {
        weight = 0;
        break;
      }
      weight = weight * (high ? part : Number(1) - part);
    }
    if (weight.value != 0) sum.add(weight * x.at(index));
  }
  return sum.total();
}

struct Deformed {
  Window window;
  int64_t offset_group = 1;
  bool biased = true, masked = true;
  Real reach = 2;  // Of offsets.
};

void add_deform(Cases& cases, const char* label, tn_dtype type, const Shape& x_dims,
                const Shape& w_dims, const Deformed& f) {
  const Window& g = f.window;
  const size_t rank = x_dims.size() - 2;
  const HostTensor x = random(type, x_dims, 1), w = random(type, w_dims, 2),
                   b = random(type, {w_dims[0]}, 3);
  Shape y_dims{x_dims[0], w_dims[0]};
  for (size_t d = 0; d < rank; ++d)
    y_dims.push_back(
        (x_dims[2 + d] + g.pads[d] + g.pads[rank + d] - (w_dims[2 + d] - 1) * g.dilations[d] - 1) /
            g.strides[d] +
        1);
  const Shape kernel = spatial(w_dims);
  const int64_t taps = element_count(kernel), axes = static_cast<int64_t>(rank);
  Shape of_offset = y_dims, of_mask = y_dims;
  of_offset[1] = f.offset_group * taps * axes;
  of_mask[1] = f.offset_group * taps;
  // Whole eighths and a sixteenth: never a whole number, where the corners would jump.
  HostTensor offset = HostTensor::random(TN_INT8, of_offset, -8 * f.reach, 8 * f.reach, 4);
  for (Real& value : offset.values) value = value / 8 + 0.0625L;
  offset = HostTensor(type, of_offset, offset.values);
  const HostTensor mask = HostTensor::random(type, of_mask, 0, 1, 5);
  const int64_t filters = w_dims[0] / g.group, per_group = x_dims[1] / f.offset_group;
  Sums y(type, y_dims);
  for_each_index(y_dims, [&](const Shape& out) {
    if (f.biased) y.at(out).add(b.at({out[1]}));
    for (int64_t c = 0; c < w_dims[1]; ++c) {
      const int64_t channel = out[1] / filters * w_dims[1] + c, group = channel / per_group;
      int64_t tap = 0;
      for_each_index(kernel, [&](const Shape& t) {
        std::vector<Number> at;
        Shape where = out;
        for (size_t d = 0; d < rank; ++d) {
          where[1] = (group * taps + tap) * axes + static_cast<int64_t>(d);
          const Real base = Real(out[2 + d] * g.strides[d] - g.pads[d] + t[d] * g.dilations[d]);
          at.push_back(Number(base) + Number(offset.at(where)));
        }
        where[1] = group * taps + tap;
        Number sample = between(x, out[0], channel, at);
        if (f.masked) sample = sample * mask.at(where);
        Shape weight{out[1], c};
        weight.insert(weight.end(), t.begin(), t.end());
        y.at(out).add(sample * w.at(weight));
        ++tap;
      });
    }
  });
  OperatorCase c{"", "DeformConv", label, type};
  g.describe(c).attribute("offset_group", f.offset_group).attribute("kernel_shape", kernel);
  c.in(x).in(w).in(offset);
  f.biased ? c.in(b) : c.absent();
  if (f.masked) c.in(mask);
  cases.push_back(c.out(y.totals()));
}

void add_deform_cases(Cases& cases, tn_dtype type) {
  add_deform(cases, "mask_bias", type, {1, 2, 5, 6}, {3, 2, 2, 3},
             {{{1, 2}, {1, 0, 0, 1}, {1, 1}}});
  add_deform(cases, "plain", type, {2, 2, 4, 4}, {2, 2, 2, 2},
             {{{1, 1}, {0, 0, 0, 0}, {1, 1}}, 1, false, false});
  add_deform(cases, "groups", type, {1, 4, 6, 5}, {4, 2, 3, 2},
             {{{2, 1}, {1, 1, 1, 1}, {1, 2}, 2}, 2});
  add_deform(cases, "far", type, {1, 1, 4, 5}, {2, 1, 2, 2},
             {{{1, 1}, {1, 1, 1, 1}, {1, 1}}, 1, true, true, 9});
  add_deform(cases, "1d", type, {1, 2, 40}, {2, 2, 3}, {{{1}, {1, 1}, {1}}});
  add_deform(cases, "long", type, {1, 1, 4103}, {1, 1, 3}, {{{1}, {1, 1}, {1}}});
  add_deform(cases, "3d", type, {1, 2, 3, 3, 4}, {2, 2, 2, 2, 2},
             {{{1, 1, 1}, {0, 0, 0, 0, 1, 0}, {1, 1, 1}}});
}

}  // namespace

void add_transposed_cases(Cases& cases, tn_dtype type) {
  if (takes("", "ConvTranspose", type)) add_transpose_cases(cases, type);
  if (takes("", "DeformConv", type)) add_deform_cases(cases, type);
}

}  // namespace tenon::conformance

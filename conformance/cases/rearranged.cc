// SPDX-License-Identifier: Apache-2.0
//
// Images whose elements go elsewhere: DepthToSpace, SpaceToDepth, MaxUnpool, Col2Im.
#include <algorithm>
#include <numeric>
#include <set>
#include <string>

#include "cases/vision.h"

namespace tenon::conformance {
namespace {

// Both ways, between [N, C * b * b, H, W] and [N, C, H * b, W * b].
void add_blocks(Cases& cases, const std::string& label, tn_dtype type, const Shape& wide_dims,
                int64_t b, const char* mode) {
  const int64_t channels = wide_dims[1];
  const Shape deep_dims{wide_dims[0], channels * b * b, wide_dims[2] / b, wide_dims[3] / b};
  const HostTensor deep = HostTensor::random(type, deep_dims, -9, 9, 1);
  HostTensor wide(type, wide_dims);
  for_each_index(wide_dims, [&](const Shape& i) {
    const int64_t row = i[2] % b, column = i[3] % b;
    const int64_t channel = std::string(mode) == "DCR" ? (row * b + column) * channels + i[1]
                                                       : (i[1] * b + row) * b + column;
    wide.at(i) = deep.at({i[0], channel, i[2] / b, i[3] / b});
  });
  const auto add = [&](const char* name, const HostTensor& from, const HostTensor& to) {
    OperatorCase c{"", name, label, type};
    cases.push_back(
        c.in(from).attribute("blocksize", b).attribute("mode", std::string(mode)).out(to));
  };
  add("DepthToSpace", deep, wide);
  add("SpaceToDepth", wide, deep);
}

// Different indices: a permutation's beginning.
HostTensor places(const Shape& dims, int64_t count) {
  HostTensor indices(TN_INT64, dims);
  const int64_t used = indices.count();
  int64_t step = count / std::max<int64_t>(used, 1);
  for (int64_t i = 0; i < used; ++i)
    indices.values[static_cast<size_t>(i)] = Real((used - 1 - i) * step + i % step);
  return indices;
}

struct Unpool {
  Shape kernel, strides = {}, pads = {}, output = {};
};

void add_unpool(Cases& cases, const char* label, tn_dtype type, const Shape& x_dims,
                const Unpool& g, bool twice = false) {
  const size_t rank = g.kernel.size();
  Shape inner{x_dims[0], x_dims[1]};
  for (size_t d = 0; d < rank; ++d)
    inner.push_back((x_dims[2 + d] - 1) * (g.strides.empty() ? 1 : g.strides[d]) + g.kernel[d] -
                    (g.pads.empty() ? 0 : g.pads[d] + g.pads[rank + d]));
  const HostTensor x = HostTensor::random(type, x_dims, -3, 3, 1);
  HostTensor indices = places(x_dims, element_count(inner));
  if (twice) indices.values[1] = indices.values[0];
  HostTensor unpooled(type, inner), y(type, g.output.empty() ? inner : g.output);
  for (size_t i = 0; i < x.values.size(); ++i)
    unpooled.values[static_cast<size_t>(indices.values[i])] = x.values[i];
  for_each_index(inner, [&](const Shape& i) { y.at(i) = unpooled.at(i); });
  OperatorCase c{"", "MaxUnpool", label, type};
  c.attribute("kernel_shape", g.kernel);
  if (!g.strides.empty()) c.attribute("strides", g.strides);
  if (!g.pads.empty()) c.attribute("pads", g.pads);
  c.in(x).in(indices);
  if (!g.output.empty())
    c.host(HostTensor(TN_INT64, {static_cast<int64_t>(g.output.size())},
                      Values(g.output.begin(), g.output.end())));
  cases.push_back(c.out(y));
}

struct Columns {
  Shape image, block, strides, pads, dilations;
};

void add_col2im(Cases& cases, const char* label, tn_dtype type, int64_t batch, int64_t channels,
                const Columns& g) {
  const size_t rank = g.image.size();
  Shape blocks;
  for (size_t d = 0; d < rank; ++d)
    blocks.push_back(
        (g.image[d] + g.pads[d] + g.pads[rank + d] - g.dilations[d] * (g.block[d] - 1) - 1) /
            g.strides[d] +
        1);
  const int64_t taps = element_count(g.block);
  const HostTensor x =
      HostTensor::random(type, {batch, channels * taps, element_count(blocks)}, -9, 9, 1);
  Shape dims{batch, channels};
  dims.insert(dims.end(), g.image.begin(), g.image.end());
  Grid<Sum> sums{type, dims, {}};
  sums.values.resize(static_cast<size_t>(element_count(dims)));
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t c = 0; c < channels; ++c) {
      int64_t tap = 0;
      for_each_index(g.block, [&](const Shape& t) {
        int64_t block = 0;
        for_each_index(blocks, [&](const Shape& at) {
          Shape to{n, c};
          bool inside = true;
          for (size_t d = 0; d < rank; ++d) {
            to.push_back(at[d] * g.strides[d] + t[d] * g.dilations[d] - g.pads[d]);
            inside = inside && to.back() >= 0 && to.back() < g.image[d];
          }
          if (inside) sums.at(to).add(x.at({n, c * taps + tap, block}));
          ++block;
        });
        ++tap;
      });
    }
  Expected y(type, dims);
  for (size_t i = 0; i < y.values.size(); ++i) y.values[i] = sums.values[i].total();
  OperatorCase made{"", "Col2Im", label, type};
  const auto list = [](const Shape& values) {
    return HostTensor(TN_INT64, {static_cast<int64_t>(values.size())},
                      Values(values.begin(), values.end()));
  };
  made.in(x).host(list(g.image)).host(list(g.block));
  made.attribute("strides", g.strides).attribute("pads", g.pads);
  cases.push_back(made.attribute("dilations", g.dilations).out(y));
}

}  // namespace

void add_rearranged_cases(Cases& cases, tn_dtype type) {
  if (takes("", "DepthToSpace", type)) {
    add_blocks(cases, "dcr", type, {2, 3, 4, 6}, 2, "DCR");
    add_blocks(cases, "crd", type, {2, 3, 4, 6}, 2, "CRD");
    add_blocks(cases, "dcr_3", type, {1, 2, 3, 9}, 3, "DCR");
    add_blocks(cases, "crd_3", type, {1, 2, 9, 3}, 3, "CRD");
    add_blocks(cases, "one", type, {1, 2, 3, 4}, 1, "DCR");
    add_blocks(cases, "wide", type, {1, 1, 2, 8200}, 2, "CRD");
    add_blocks(cases, "empty", type, {0, 2, 4, 4}, 2, "DCR");
  }
  if (takes("", "MaxUnpool", type)) {
    add_unpool(cases, "strides", type, {1, 2, 3, 4}, {{2, 2}, {2, 2}});
    add_unpool(cases, "output_shape", type, {1, 2, 3, 4}, {{2, 2}, {2, 2}, {}, {1, 2, 7, 9}});
    add_unpool(cases, "pads", type, {2, 1, 4, 3}, {{3, 2}, {2, 2}, {1, 0, 1, 0}});
    add_unpool(cases, "1d", type, {2, 3, 17}, {{3}, {3}});
    add_unpool(cases, "long", type, {1, 1, 4103}, {{2}, {2}});
    add_unpool(cases, "3d", type, {1, 2, 2, 3, 2}, {{2, 2, 2}, {2, 2, 2}});
    add_unpool(cases, "twice", type, {1, 1, 2, 2}, {{2, 2}, {2, 2}}, true);
    add_unpool(cases, "ones", type, {1, 2, 3, 3}, {{2, 2}});
  }
  if (takes("", "Col2Im", type)) {
    add_col2im(cases, "overlapping", type, 1, 2, {{5, 5}, {2, 3}, {1, 1}, {0, 0, 0, 0}, {1, 1}});
    add_col2im(cases, "strides_pads", type, 2, 1, {{5, 6}, {3, 2}, {2, 2}, {1, 0, 0, 1}, {1, 1}});
    add_col2im(cases, "dilated", type, 1, 1, {{6, 6}, {2, 2}, {1, 1}, {0, 0, 0, 0}, {3, 2}});
    add_col2im(cases, "3d", type, 1, 2,
               {{3, 4, 4}, {1, 2, 3}, {1, 2, 1}, {0, 0, 1, 0, 0, 0}, {1, 1, 1}});
    add_col2im(cases, "gaps", type, 1, 2, {{7, 7}, {1, 2}, {3, 3}, {0, 0, 0, 0}, {1, 1}});
    add_col2im(cases, "long", type, 1, 1, {{3, 4103}, {2, 3}, {1, 1}, {0, 0, 0, 0}, {1, 1}});
  }
}

}  // namespace tenon::conformance

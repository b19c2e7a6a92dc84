// SPDX-License-Identifier: Apache-2.0
//
// Matrix products and convolutions.
#include <string>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

constexpr double kTolerance = 1e-5;

HostTensor random(Shape dims, uint32_t seed) {
  return HostTensor::random(TN_FLOAT32, std::move(dims), -1, 1, seed);
}

// ---- Products: [..., M, K] @ [..., K, N] with broadcast batch dims ----

HostTensor product(const HostTensor& a, const HostTensor& b) {
  const auto batch = [](const HostTensor& t) { return Shape(t.dims.begin(), t.dims.end() - 2); };
  Shape dims = broadcast_shape(batch(a), batch(b));
  dims.push_back(a.dims[a.dims.size() - 2]);
  dims.push_back(b.dims.back());
  HostTensor c(TN_FLOAT32, dims);
  for_each_index(dims, [&](const Shape& index) {
    Shape left = index, right = index;
    double sum = 0;
    for (int64_t k = 0; k < a.dims.back(); ++k) {
      left.back() = k;
      right[right.size() - 2] = k;
      sum += broadcast_at(a, left) * broadcast_at(b, right);
    }
    c.at(index) = sum;
  });
  return c;
}

// broadcast_at treats a dim of 1 as broadcast, so the inner dim must be larger than 1 here.
void add_matmul(Cases& cases, const char* label, const HostTensor& a, const HostTensor& b) {
  cases.push_back(
      OperatorCase{"", "MatMul", 13, label, TN_FLOAT32, kTolerance}.in(a).in(b).out(product(a, b)));
}

void add_matmul(Cases& cases, const char* label, Shape a_dims, Shape b_dims) {
  add_matmul(cases, label, random(std::move(a_dims), 1), random(std::move(b_dims), 2));
}

void add_gemm(Cases& cases, const char* label, bool trans_a, bool trans_b, float alpha, float beta,
              bool with_c) {
  const HostTensor a = random(trans_a ? Shape{7, 5} : Shape{5, 7}, 1);
  const HostTensor b = random(trans_b ? Shape{6, 7} : Shape{7, 6}, 2);
  const HostTensor c = random({6}, 3);
  HostTensor y(TN_FLOAT32, {5, 6});
  for_each_index(y.dims, [&](const Shape& i) {
    double sum = 0;
    for (int64_t k = 0; k < 7; ++k) {
      sum += a.at(trans_a ? Shape{k, i[0]} : Shape{i[0], k}) *
             b.at(trans_b ? Shape{i[1], k} : Shape{k, i[1]});
    }
    y.at(i) = alpha * sum + (with_c ? beta * c.at({i[1]}) : 0);
  });
  OperatorCase g{"", "Gemm", 13, label, TN_FLOAT32, kTolerance};
  g.in(a).in(b);
  if (with_c) g.in(c);
  g.attribute("alpha", alpha).attribute("beta", beta);
  g.attribute("transA", int64_t{trans_a}).attribute("transB", int64_t{trans_b});
  cases.push_back(g.out(y));
}

void add_scaled_gemm(Cases& cases) {
  const HostTensor a = random({2, 5, 7}, 1), b = random({2, 7, 6}, 2), c = random({6}, 3);
  HostTensor y = product(a, b);
  for_each_index(y.dims, [&](const Shape& i) { y.at(i) = 0.5 * y.at(i) + 2 * c.at({i[2]}); });
  cases.push_back(OperatorCase{"tenon", "ScaledGemm", 1, "values", TN_FLOAT32, kTolerance}
                      .in(a)
                      .in(b)
                      .in(c)
                      .host(HostTensor::scalar(TN_FLOAT32, 0.5))
                      .host(HostTensor::scalar(TN_FLOAT32, 2))
                      .out(y));
}

// ---- Convolutions of any number of spatial dims ----

struct Geometry {
  std::vector<int64_t> strides, pads, dilations;
  int64_t group = 1;
};

// Calls body(position in X, position in W, position in Y) for each product of a convolution.
template <class Body>
void for_each_product(const Shape& x, const Shape& w, const Shape& y, const Geometry& g,
                      Body&& body) {
  const size_t spatial = x.size() - 2;
  const int64_t outputs_per_group = w[0] / g.group;
  for_each_index(y, [&](const Shape& out) {
    Shape window(w.begin() + 1, w.end());  // Channel within the group, then kernel dims.
    for_each_index(window, [&](const Shape& tap) {
      Shape in{out[0], out[1] / outputs_per_group * w[1] + tap[0]};
      for (size_t d = 0; d < spatial; ++d) {
        const int64_t at = out[2 + d] * g.strides[d] - g.pads[d] + tap[1 + d] * g.dilations[d];
        if (at < 0 || at >= x[2 + d]) return;
        in.push_back(at);
      }
      Shape weight{out[1]};
      weight.insert(weight.end(), tap.begin(), tap.end());
      body(in, weight, out);
    });
  });
}

// `expanded`: the gradients are those of a sum over each channel.
void add_conv(Cases& cases, const char* label, const Shape& x_dims, const Shape& w_dims,
              const Geometry& g, bool expanded = false) {
  const size_t spatial = x_dims.size() - 2;
  const HostTensor x = random(x_dims, 1), w = random(w_dims, 2), b = random({w_dims[0]}, 3);
  Shape y_dims{x_dims[0], w_dims[0]};
  for (size_t d = 0; d < spatial; ++d) {
    const int64_t window = g.dilations[d] * (w_dims[2 + d] - 1) + 1;
    y_dims.push_back((x_dims[2 + d] + g.pads[d] + g.pads[spatial + d] - window) / g.strides[d] + 1);
  }
  HostTensor y(TN_FLOAT32, y_dims), dx(TN_FLOAT32, x_dims), dw(TN_FLOAT32, w_dims);
  HostTensor dy = random(y_dims, 4);
  if (expanded) dy = dy.expanded({2, 3});
  for_each_index(y_dims, [&](const Shape& i) { y.at(i) = b.at({i[1]}); });
  for_each_product(x_dims, w_dims, y_dims, g,
                   [&](const Shape& xi, const Shape& wi, const Shape& yi) {
                     y.at(yi) += x.at(xi) * w.at(wi);
                     dx.at(xi) += dy.at(yi) * w.at(wi);
                     dw.at(wi) += dy.at(yi) * x.at(xi);
                   });
  const auto attributes = [&](OperatorCase c, bool with_kernel) {
    if (with_kernel)
      c.attribute("kernel_shape", std::vector<int64_t>(w_dims.begin() + 2, w_dims.end()));
    c.attribute("strides", g.strides).attribute("pads", g.pads);
    c.attribute("dilations", g.dilations).attribute("group", g.group);
    return c;
  };
  const auto make = [&](const char* domain, const char* name, int32_t version) {
    return OperatorCase{domain, name, version, label, TN_FLOAT32, kTolerance};
  };
  cases.push_back(attributes(make("", "Conv", 22), true).in(x).in(w).in(b).out(y));
  cases.push_back(attributes(make("tenon", "ConvGradInput", 1), false).in(dy).in(w).out(dx));
  cases.push_back(attributes(make("tenon", "ConvGradWeight", 1), false).in(dy).in(x).out(dw));
}

}  // namespace

void add_contraction_cases(Cases& cases) {
  add_matmul(cases, "small", {3, 4}, {4, 5});
  add_matmul(cases, "odd", {17, 33}, {33, 9});
  add_matmul(cases, "large", {65, 130}, {130, 71});
  add_matmul(cases, "batch", {2, 3, 4, 5}, {2, 3, 5, 6});
  add_matmul(cases, "batch_broadcast", {2, 1, 4, 5}, {3, 5, 6});
  add_matmul(cases, "one_weight", {6, 4, 5}, {5, 7});
  add_matmul(cases, "expanded_batch", random({3, 4, 5}, 1), random({3, 5, 6}, 2).expanded({0}));
  add_matmul(cases, "expanded_rows", random({3, 4, 5}, 1).expanded({1}),
             random({3, 5, 6}, 2).expanded({1, 2}));
  add_matmul(cases, "empty_rows", {0, 5}, {5, 7});
  add_gemm(cases, "plain", false, false, 1, 1, true);
  add_gemm(cases, "transposed", true, true, 0.5f, 2, true);
  add_gemm(cases, "trans_b", false, true, 1, 1, true);
  add_gemm(cases, "no_c", true, false, 1, 1, false);
  add_scaled_gemm(cases);
  add_conv(cases, "3x3", {2, 3, 8, 9}, {4, 3, 3, 3}, {{1, 1}, {1, 1, 1, 1}, {1, 1}, 1});
  add_conv(cases, "strides_pads", {1, 3, 9, 10}, {4, 3, 3, 2}, {{2, 3}, {1, 0, 2, 1}, {1, 1}, 1});
  add_conv(cases, "dilations", {1, 2, 11, 11}, {3, 2, 3, 3}, {{1, 1}, {2, 2, 2, 2}, {2, 2}, 1});
  add_conv(cases, "groups", {2, 4, 7, 7}, {6, 2, 3, 3}, {{1, 1}, {0, 0, 0, 0}, {1, 1}, 2});
  add_conv(cases, "depthwise", {1, 5, 7, 7}, {5, 1, 3, 3}, {{2, 2}, {1, 1, 1, 1}, {1, 1}, 5});
  add_conv(cases, "1x1", {2, 8, 5, 5}, {6, 8, 1, 1}, {{1, 1}, {0, 0, 0, 0}, {1, 1}, 1});
  add_conv(cases, "expanded", {2, 3, 8, 9}, {4, 3, 3, 3}, {{2, 1}, {1, 1, 1, 1}, {1, 1}, 1}, true);
  add_conv(cases, "1d", {2, 3, 20}, {4, 3, 5}, {{2}, {2, 2}, {1}, 1});
  add_conv(cases, "3d", {1, 2, 5, 6, 4}, {3, 2, 2, 3, 2},
           {{1, 1, 1}, {0, 1, 0, 0, 1, 0}, {1, 1, 1}, 1});
}

}  // namespace tenon::conformance

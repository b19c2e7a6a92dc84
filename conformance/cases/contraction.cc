// SPDX-License-Identifier: Apache-2.0
//
// Matrix products and convolutions.
#include <algorithm>
#include <string>

#include "cases/paired_windows.h"
#include "suite/case.h"

namespace tenon::conformance {
namespace {

HostTensor random(tn_dtype type, Shape dims, uint32_t seed) {
  const Real most = is_integer(type) ? 5 : 1;
  return HostTensor::random(type, std::move(dims), -most, most, seed);
}

// Where one special number is large all are, so that no term is larger than the others together:
// then each addition is rounded as the sum is.
HostTensor all_large(tn_dtype type, const Shape& dims, uint32_t seed) {
  const Real size = special_now() == Special::kFinite ? 144 : 1;
  return HostTensor::plain(type, dims, -size, size, seed).with_specials(seed);
}

// Sums of products, in whatever order.
struct Sums {
  Sums(tn_dtype type_in, Shape dims) : type(type_in), at_index{type, dims, {}} {
    at_index.values.resize(static_cast<size_t>(element_count(dims)));
  }
  Sum& at(const Shape& index) { return at_index.at(index); }
  Expected totals() const {
    Expected result(type, at_index.dims);
    for (size_t i = 0; i < result.values.size(); ++i)
      result.values[i] = at_index.values[i].total_in_sequence();
    return result;
  }
  tn_dtype type;
  Grid<Sum> at_index;
};

Number times(Real a, Real b) { return Number(a * b); }

// ---- Products: [..., M, K] @ [..., K, N] with broadcast batch dims ----

Expected product(const HostTensor& a, const HostTensor& b) {
  const auto batch = [](const HostTensor& t) { return Shape(t.dims.begin(), t.dims.end() - 2); };
  Shape dims = broadcast_shape(batch(a), batch(b));
  dims.push_back(a.dims[a.dims.size() - 2]);
  dims.push_back(b.dims.back());
  Expected c(a.dtype, dims);
  for_each_index(dims, [&](const Shape& index) {
    Shape left = index, right = index;
    Sum sum;
    for (int64_t k = 0; k < a.dims.back(); ++k) {
      left.back() = k;
      right[right.size() - 2] = k;
      sum.add(times(broadcast_at(a, left), broadcast_at(b, right)));
    }
    c.at(index) = sum.total_in_sequence();
  });
  return c;
}

// The same product with Relu behind it, in one operator.
OperatorCase with_relu(OperatorCase c, const char* name) {
  c.domain = "tenon";
  c.name = name;
  c.label += "_Relu";
  for (Number& number : c.outputs[0].values) {
    if (number.value < 0) number = Number();
  }
  return c.attribute("steps", std::vector<std::string>{"Relu"});
}

// broadcast_at treats a dim of 1 as broadcast, so the inner dim must be larger than 1 here.
void add_matmul(Cases& cases, const char* label, const HostTensor& a, const HostTensor& b) {
  cases.push_back(OperatorCase{"", "MatMul", label, a.dtype}.in(a).in(b).out(product(a, b)));
}

void add_matmul(Cases& cases, const char* label, tn_dtype type, Shape a_dims, Shape b_dims) {
  add_matmul(cases, label, random(type, std::move(a_dims), 1), random(type, std::move(b_dims), 2));
}

// All of one sign, so that a sum in a narrow type loses more with each term.
void add_long_matmul(Cases& cases, tn_dtype type) {
  add_matmul(cases, "long_sums", HostTensor::random(type, {2, 1500}, 0, 1, 1),
             HostTensor::random(type, {1500, 3}, 0, 1, 2));
}

// Operands of rank 1, as NumPy takes them.
void add_vector_products(Cases& cases, tn_dtype type) {
  const HostTensor v = random(type, {5}, 1), m = random(type, {2, 5, 6}, 2),
                   w = random(type, {5}, 3);
  const HostTensor row(type, {1, 5}, v.values), column(type, {5, 1}, w.values);
  const auto add = [&](const char* label, const HostTensor& a, const HostTensor& b, Expected c,
                       Shape dims) {
    c.dims = std::move(dims);
    cases.push_back(OperatorCase{"", "MatMul", label, type}.in(a).in(b).out(c));
  };
  const HostTensor turned = random(type, {2, 6, 5}, 2);
  add("vector_first", v, m, product(row, m), {2, 6});
  add("vector_second", turned, w, product(turned, column), {2, 6});
  add("two_vectors", v, w, product(row, column), {});
}

struct GemmFlags {
  bool trans_a, trans_b, with_c, expanded = false;
};

void add_gemm(Cases& cases, const char* label, tn_dtype type, GemmFlags flags, float alpha,
              float beta, const Shape& c_dims = {6}, int64_t inner = 7, int64_t columns = 6) {
  HostTensor a = random(type, flags.trans_a ? Shape{inner, 5} : Shape{5, inner}, 1);
  HostTensor b = random(type, flags.trans_b ? Shape{columns, inner} : Shape{inner, columns}, 2);
  if (flags.expanded) a = a.expanded({1}), b = b.expanded({0});
  const HostTensor c = random(type, c_dims, 3);
  Expected y(type, {5, columns});
  for_each_index(y.dims, [&](const Shape& i) {
    Sum sum;
    for (int64_t k = 0; k < inner; ++k) {
      sum.add(times(a.at(flags.trans_a ? Shape{k, i[0]} : Shape{i[0], k}),
                    b.at(flags.trans_b ? Shape{i[1], k} : Shape{k, i[1]})));
    }
    y.at(i) = Number(alpha) * sum.total_in_sequence();
    if (flags.with_c) y.at(i) = y.at(i) + times(beta, broadcast_at(c, i));
  });
  OperatorCase g{"", "Gemm", label, type};
  g.in(a).in(b);
  if (flags.with_c) g.in(c);
  g.attribute("alpha", alpha).attribute("beta", beta);
  g.attribute("transA", int64_t{flags.trans_a}).attribute("transB", int64_t{flags.trans_b});
  cases.push_back(g.out(y));
}

void add_scaled_gemm(Cases& cases, tn_dtype type) {
  const Real alpha = varied(0.5, -2), beta = varied(2, 0.25);
  const auto add = [&](const char* label, const HostTensor& a, const HostTensor& b,
                       const HostTensor* c, bool scaled) {
    Expected y = product(a, b);
    for_each_index(y.dims, [&](const Shape& i) {
      if (scaled) y.at(i) = alpha * y.at(i);
      if (c != nullptr) y.at(i) = y.at(i) + times(scaled ? beta : 1, broadcast_at(*c, i));
    });
    OperatorCase made{"tenon", "ScaledGemm", label, type};
    made.in(a).in(b);
    c != nullptr ? made.in(*c) : made.absent();
    if (scaled) {
      made.host(HostTensor::scalar(TN_FLOAT32, alpha)).host(HostTensor::scalar(TN_FLOAT32, beta));
    }
    cases.push_back(made.out(y));
  };
  const HostTensor a = random(type, {2, 5, 7}, 1), b = random(type, {2, 7, 6}, 2);
  const HostTensor row = random(type, {6}, 3), whole = random(type, {2, 5, 6}, 3);
  add("values", a, b, &row, true);
  add("whole_c", a, b, &whole, true);
  add("no_c", a, b, nullptr, true);
  add("ones", a, b, &row, false);
  const HostTensor left = HostTensor::random(type, {2, 1500}, 0, 1, 1),
                   right = HostTensor::random(type, {1500, 3}, 0, 1, 2),
                   column = random(type, {2, 1}, 3);
  add("long", left, right, &column, true);
  const HostTensor wide = random(type, {3, 4099}, 2), short_a = random(type, {2, 3}, 1);
  add("wide", short_a, wide, nullptr, true);
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
void add_conv(Cases& cases, const std::string& label, tn_dtype type, const Shape& x_dims,
              const Shape& w_dims, const Geometry& g, bool expanded = false) {
  const size_t spatial = x_dims.size() - 2;
  const NoInfinities open;
  // Padding of X is multiplied with W, and with dY for the gradient of W.
  HostTensor x = all_large(type, x_dims, 1);
  const HostTensor w = HostTensor::plain(type, w_dims, -1, 1, 2);
  const HostTensor b = random(type, {w_dims[0]}, 3);
  Shape y_dims{x_dims[0], w_dims[0]};
  for (size_t d = 0; d < spatial; ++d) {
    const int64_t window = g.dilations[d] * (w_dims[2 + d] - 1) + 1;
    y_dims.push_back((x_dims[2 + d] + g.pads[d] + g.pads[spatial + d] - window) / g.strides[d] + 1);
  }
  Sums y(type, y_dims), dx(type, x_dims), dw(type, w_dims);
  HostTensor dy = all_large(type, y_dims, 4), plain_dy = HostTensor::plain(type, y_dims, -1, 1, 4);
  if (expanded) {
    x = x.expanded({2});
    dy = dy.expanded({2, 3});
    plain_dy = plain_dy.expanded({2, 3});
  }
  for_each_index(y_dims, [&](const Shape& i) { y.at(i).add(b.at({i[1]})); });
  for_each_product(x_dims, w_dims, y_dims, g,
                   [&](const Shape& xi, const Shape& wi, const Shape& yi) {
                     y.at(yi).add(times(x.at(xi), w.at(wi)));
                     dx.at(xi).add(times(dy.at(yi), w.at(wi)));
                     dw.at(wi).add(times(plain_dy.at(yi), x.at(xi)));
                   });
  const auto attributes = [&](OperatorCase c, bool with_kernel) {
    if (with_kernel)
      c.attribute("kernel_shape", std::vector<int64_t>(w_dims.begin() + 2, w_dims.end()));
    c.attribute("strides", g.strides).attribute("pads", g.pads);
    c.attribute("dilations", g.dilations).attribute("group", g.group);
    return c;
  };
  const auto make = [&](const char* domain, const char* name) {
    return OperatorCase{domain, name, label, type};
  };
  cases.push_back(attributes(make("", "Conv"), true).in(x).in(w).in(b).out(y.totals()));
  for (const char* one : {"strides_pads", "groups_strides_dilations", "long"}) {
    if (label == one) cases.push_back(with_relu(cases.back(), "FusedConv"));
  }
  cases.push_back(attributes(make("tenon", "ConvGradInput"), false).in(dy).in(w).out(dx.totals()));
  cases.push_back(
      attributes(make("tenon", "ConvGradWeight"), false).in(plain_dy).in(x).out(dw.totals()));
}

void add_matmul_cases(Cases& cases, tn_dtype type) {
  add_matmul(cases, "odd", type, {17, 33}, {33, 9});
  add_matmul(cases, "batch", type, {2, 3, 4, 5}, {2, 3, 5, 6});
  add_matmul(cases, "batch_broadcast", type, {2, 1, 4, 5}, {3, 5, 6});
  add_long_matmul(cases, type);
  add_matmul(cases, "small", type, {3, 4}, {4, 5});
  add_matmul(cases, "large", type, {65, 130}, {130, 71});
  add_matmul(cases, "one_weight", type, {6, 4, 5}, {5, 7});
  add_matmul(cases, "wide", type, {2, 3}, {3, 4099});
  add_matmul(cases, "tall", type, {4099, 3}, {3, 2});
  add_matmul(cases, "expanded_batch", random(type, {3, 4, 5}, 1),
             random(type, {3, 5, 6}, 2).expanded({0}));
  add_matmul(cases, "expanded_rows", random(type, {3, 4, 5}, 1).expanded({1}),
             random(type, {3, 5, 6}, 2).expanded({1, 2}));
  add_matmul(cases, "empty_rows", type, {0, 5}, {5, 7});
  add_matmul(cases, "empty_inner", type, {3, 0}, {0, 4});
  add_matmul(cases, "tiles", type, {16, 64}, {64, 257});
  add_matmul(cases, "tails", type, {15, 63}, {63, 65});
  add_vector_products(cases, type);
  if (!in_set(type, type_set::kFloat)) return;
  for (const char* label : {"batch_broadcast", "long_sums", "wide", "tails"}) {
    const auto found = std::ranges::find_if(cases, [&](const OperatorCase& c) {
      return c.name == "MatMul" && c.domain.empty() && c.label == label;
    });
    cases.push_back(with_relu(*found, "FusedMatMul"));
  }
}

// With whole factors, so that nothing is left open.
void add_integer_gemm_cases(Cases& cases, tn_dtype type) {
  add_gemm(cases, "plain", type, {false, false, true}, 1, 1);
  add_gemm(cases, "transposed", type, {true, true, true}, 3, 2);
  add_gemm(cases, "no_c", type, {true, false, false}, 1, 1);
  add_gemm(cases, "matrix_c", type, {false, true, true}, 1, 2, {5, 6});
  add_gemm(cases, "expanded", type, {false, false, true, true}, 1, 1);
  add_gemm(cases, "long", type, {false, true, true}, 1, 1, {4099}, 7, 4099);
}

void add_gemm_cases(Cases& cases, tn_dtype type) {
  add_gemm(cases, "plain", type, {false, false, true}, 1, 1);
  add_gemm(cases, "transposed", type, {true, true, true}, 0.5f, 2);
  add_gemm(cases, "trans_b", type, {false, true, true}, 1, 1);
  add_gemm(cases, "square", type, {true, true, true}, 1, 1, {6}, 6);
  add_gemm(cases, "no_c", type, {true, false, false}, 1.5f, 1);
  add_gemm(cases, "matrix_c", type, {false, false, true}, 1, -0.5f, {5, 6});
  add_gemm(cases, "column_c", type, {true, false, true}, 1, 1, {5, 1});
  add_gemm(cases, "scalar_c", type, {false, true, true}, 2, 1, {});
  add_gemm(cases, "long", type, {false, false, true}, 1, 1, {6}, 1500);
  add_gemm(cases, "wide", type, {false, true, true}, 1, 1, {4099}, 7, 4099);
  add_gemm(cases, "expanded", type, {false, false, true, true}, 1, 1);
  add_scaled_gemm(cases, type);
}

void add_conv_cases(Cases& cases, tn_dtype type) {
  add_conv(cases, "3x3", type, {2, 3, 8, 9}, {4, 3, 3, 3}, {{1, 1}, {1, 1, 1, 1}, {1, 1}, 1});
  add_conv(cases, "groups_strides_dilations", type, {1, 6, 9, 12}, {4, 3, 2, 3},
           {{2, 1}, {1, 2, 0, 1}, {1, 2}, 2});
  add_conv(cases, "strides_pads", type, {1, 3, 9, 10}, {4, 3, 3, 2},
           {{2, 3}, {1, 0, 2, 1}, {1, 1}, 1});
  add_conv(cases, "dilations", type, {1, 2, 11, 11}, {3, 2, 3, 3},
           {{1, 1}, {2, 2, 2, 2}, {2, 2}, 1});
  add_conv(cases, "groups", type, {2, 4, 7, 7}, {6, 2, 3, 3}, {{1, 1}, {0, 0, 0, 0}, {1, 1}, 2});
  add_conv(cases, "depthwise", type, {1, 5, 7, 7}, {5, 1, 3, 3}, {{2, 2}, {1, 1, 1, 1}, {1, 1}, 5});
  add_conv(cases, "1x1", type, {2, 8, 5, 5}, {6, 8, 1, 1}, {{1, 1}, {0, 0, 0, 0}, {1, 1}, 1});
  add_conv(cases, "1d", type, {2, 3, 20}, {4, 3, 5}, {{2}, {2, 2}, {1}, 1});
  add_conv(cases, "3d", type, {1, 2, 5, 6, 4}, {3, 2, 2, 3, 2},
           {{1, 1, 1}, {0, 1, 0, 0, 1, 0}, {1, 1, 1}, 1});
  add_conv(cases, "long", type, {1, 1, 4103}, {2, 1, 5}, {{1}, {0, 0}, {1}, 1});
  add_conv(cases, "deep", type, {1, 129, 4, 4}, {2, 129, 3, 3}, {{1, 1}, {1, 1, 1, 1}, {1, 1}, 1});
  add_conv(cases, "expanded", type, {2, 3, 8, 9}, {4, 3, 3, 3}, {{2, 1}, {1, 1, 1, 1}, {1, 1}, 1},
           true);
  for (const PairedWindow& p : paired_windows()) {
    Shape w{4, 4 / p.group};
    w.insert(w.end(), p.kernel.begin(), p.kernel.end());
    add_conv(cases, p.label, type, {2, 4, 11, 10}, w, {p.strides, p.pads, p.dilations, p.group});
  }
}

}  // namespace

void add_contraction_cases(Cases& cases, tn_dtype type) {
  if (takes("", "MatMul", type)) add_matmul_cases(cases, type);
  if (is_integer(type) && takes("", "Gemm", type)) add_integer_gemm_cases(cases, type);
  if (!in_set(type, type_set::kFloat)) return;
  add_gemm_cases(cases, type);
  add_conv_cases(cases, type);
}

}  // namespace tenon::conformance

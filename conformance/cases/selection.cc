// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators of three and more inputs, and Fill.
#include <functional>
#include <string>
#include <tuple>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

using Operands = std::vector<Number>;
using Function = std::function<Number(const Operands&)>;

struct Given {
  HostTensor tensor;
  bool on_host = false;
};

void add(Cases& cases, const char* domain, const char* name, const std::string& label,
         const std::vector<Given>& inputs, const Function& function) {
  const tn_dtype type = inputs[1].tensor.dtype;
  if (!takes(domain, name, type)) return;
  OperatorCase c{domain, name, label, type};
  Shape dims;
  for (const Given& one : inputs) {
    dims = broadcast_shape(dims, one.tensor.dims);
    one.on_host ? c.host(one.tensor) : c.in(one.tensor);
  }
  Expected out(type, dims);
  for_each_index(dims, [&](const Shape& index) {
    Operands values;
    values.reserve(inputs.size());
    for (const Given& one : inputs) values.emplace_back(broadcast_at(one.tensor, index));
    out.at(index) = function(values);
  });
  cases.push_back(c.out(out));
}

Number clip(const Operands& v) {
  if (v[0].value < v[1].value) return v[2].value < v[1].value ? v[2] : v[1];
  return v[0].value > v[2].value ? v[2] : v[0];
}
Number lerp(const Operands& v) {
  const Number distance = v[1] - v[0];
  return v[2].value < 0.5L ? v[0] + v[2] * distance : v[1] - distance * (1.0L - v[2]);
}

struct Dims {
  const char* label;
  Shape first, second, third;
};

// Each input of each shape: equal, broadcast on each side, long, none.
const Dims kDims[] = {
    {"values", {5, 6}, {5, 6}, {6}}, {"broadcast", {2, 1, 3}, {4, 1}, {3}},
    {"long", {4099}, {4099}, {1}},   {"ranks", {2, 3, 4}, {2, 3, 4}, {2, 3, 4}},
    {"scalars", {}, {}, {}},         {"empty", {3, 0}, {3, 0}, {1}},
};

void add_where(Cases& cases, tn_dtype type) {
  const Function choose = [](const Operands& v) { return v[0].value != 0 ? v[1] : v[2]; };
  for (const Dims& dims : kDims) {
    add(cases, "", "Where", dims.label,
        {{HostTensor::random(TN_BOOL, dims.first, 0, 1, 1)},
         {HostTensor::random(type, dims.second, 0, 9, 2)},
         {HostTensor::random(type, dims.third, 0, 9, 3)}},
        choose);
  }
  add(cases, "", "Where", "expanded",
      {{HostTensor::random(TN_BOOL, {4, 5}, 0, 1, 1).expanded({1})},
       {HostTensor::random(type, {4, 5}, 0, 9, 2).expanded({0})},
       {HostTensor::random(type, {4, 5}, 0, 9, 3).expanded({0, 1})}},
      choose);
}

void add_clip(Cases& cases, tn_dtype type) {
  const HostTensor low = HostTensor::scalar(type, varied(1, 2)),
                   high = HostTensor::scalar(type, varied(2, 3));
  for (const Shape& dims : {Shape{5, 6}, {2, 3, 4}, {4099}, {}, {2, 0}}) {
    const HostTensor x = HostTensor::random(type, dims, -1, 4, 2);
    const std::string label = "rank_" + std::to_string(dims.size()) +
                              (!dims.empty() && dims[0] > 99       ? "_long"
                               : !dims.empty() && dims.back() == 0 ? "_empty"
                                                                   : "");
    add(cases, "", "Clip", label, {{x}, {low, true}, {high, true}}, clip);
    if (dims.size() != 2) continue;
    add(cases, "", "Clip", label + "_device", {{x}, {low}, {high}}, clip);
    // The most wins.
    add(cases, "", "Clip", label + "_crossed", {{x}, {high, true}, {low, true}}, clip);
  }
  add(cases, "", "Clip", "scalars", {{HostTensor::random(type, {}, -1, 4, 2)}, {low}, {high}},
      clip);
  const HostTensor x = HostTensor(type, {3}, is_float(type) ? Values{NAN, -5, 5} : Values{0, 1, 5});
  HostTensor below = x, above = x;
  for (size_t i = 0; i < 3; ++i) {
    if (x.values[i] > high.values[0]) below.values[i] = high.values[0];
    if (x.values[i] < low.values[0]) above.values[i] = low.values[0];
  }
  cases.push_back(OperatorCase{"", "Clip", "only_max", type}.in(x).absent().host(high).out(below));
  cases.push_back(OperatorCase{"", "Clip", "only_min", type}.in(x).host(low).absent().out(above));
  cases.push_back(OperatorCase{"", "Clip", "no_bounds", type}.in(x).out(x));
}

// With a scalar that changes between launches.
void add_scaled(Cases& cases, tn_dtype type) {
  const bool whole = is_integer(type);
  const HostTensor alpha = HostTensor::scalar(type, whole ? varied(3, 2) : varied(0.7L, -1.25L));
  const HostTensor weight = HostTensor::scalar(type, varied(0.3L, 0.8L));
  for (const Dims& dims : kDims) {
    const HostTensor a = HostTensor::random(type, dims.first, 0.5, 4, 2);
    const HostTensor b = HostTensor::random(type, dims.second, 0.5, 4, 3);
    const HostTensor c = HostTensor::random(type, dims.third, 0.5, 4, 4);
    const char* label = dims.label;
    add(cases, "tenon", "AddScaled", label, {{a}, {b}, {alpha, true}},
        [](const Operands& v) { return v[0] + v[2] * v[1]; });
    add(cases, "tenon", "Lerp", label, {{a}, {b}, {weight, true}}, lerp);
    add(cases, "tenon", "AddCMul", label, {{a}, {b}, {c}, {alpha, true}},
        [](const Operands& v) { return v[0] + v[3] * v[1] * v[2]; });
    add(cases, "tenon", "AddCDiv", label, {{a}, {b}, {c}, {alpha, true}},
        [](const Operands& v) { return v[0] + v[3] * v[1] / v[2]; });
  }
  const HostTensor a = HostTensor::random(type, {5, 6}, 0.5, 4, 2),
                   b = HostTensor::random(type, {5, 6}, 0.5, 4, 3);
  // Scalars that the device has.
  for (const auto& [label, first, second] :
       {std::tuple{"device_scalar", a, b}, {"device_scalars", alpha, alpha}}) {
    add(cases, "tenon", "AddScaled", label, {{first}, {second}, {alpha}},
        [](const Operands& v) { return v[0] + v[2] * v[1]; });
    add(cases, "tenon", "AddCMul", label, {{first}, {second}, {second}, {alpha}},
        [](const Operands& v) { return v[0] + v[3] * v[1] * v[2]; });
    add(cases, "tenon", "AddCDiv", label, {{first}, {second}, {second}, {alpha}},
        [](const Operands& v) { return v[0] + v[3] * v[1] / v[2]; });
    add(cases, "tenon", "Lerp", label, {{first}, {second}, {weight}}, lerp);
  }
  add(cases, "tenon", "Lerp", "weights", {{a}, {b}, {HostTensor::random(type, {6}, 0, 1, 4)}},
      lerp);
}

}  // namespace

void add_selection_cases(Cases& cases, tn_dtype type) {
  if (takes("", "Where", type) && tn_dtype_bits(type) >= 8) add_where(cases, type);
  if (takes("", "Clip", type)) add_clip(cases, type);
  if (takes("tenon", "AddScaled", type)) add_scaled(cases, type);
  if (!takes("tenon", "Fill", type)) return;
  const HostTensor value = HostTensor::scalar(type, varied(1, 2));
  for (const auto& [label, dims] : {std::pair{"values", Shape{2, 3, 4}},
                                    {"long", Shape{4099}},
                                    {"scalar", Shape{}},
                                    {"empty", Shape{2, 0}}}) {
    const auto count = static_cast<size_t>(element_count(dims));
    cases.push_back(OperatorCase{"tenon", "Fill", label, type}.host(value).out(
        HostTensor(type, dims, Values(count, value.values[0]))));
  }
}

}  // namespace tenon::conformance

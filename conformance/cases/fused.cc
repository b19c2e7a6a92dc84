// SPDX-License-Identifier: Apache-2.0
//
// tenon.FusedConv and tenon.FusedMatMul: each word alone, in each element type and with values that
// are not finite; all pairs; chains; operands of each shape that broadcasts.
#include <cmath>
#include <limits>
#include <string>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

constexpr Real kInfinity = std::numeric_limits<Real>::infinity();

struct Word {
  const char* word;
  Number (*function)(const Number& value, const Number& operand);
  std::vector<float> parameters;
  bool operand;
  // At -infinity it is -infinity times 0, or the limit: the operator does not say.
  bool open;
};

Number clip(const Number& x, Real low, Real high) {
  return x.value < low ? Number(low) : x.value > high ? Number(high) : x;
}
Number gelu_tanh(const Number& x) {
  return x * tanh_share(std::sqrt(2 / kPi) * (x + 0.044715L * x * x * x));
}

using N = const Number&;
const Word kWords[] = {
    {"Relu", [](N x, N) { return x.value < 0 ? Number() : x; }, {}, false, false},
    {"LeakyRelu", [](N x, N) { return x.value < 0 ? 0.125L * x : x; }, {0.125f}, false, false},
    {"Clip", [](N x, N) { return clip(x, -0.25, 0.5); }, {-0.25f, 0.5f}, false, false},
    {"HardSwish", [](N x, N) { return x * clip(x / 6.0L + 0.5L, 0, 1); }, {}, false, true},
    {"HardSigmoid",
     [](N x, N) { return clip(0.25L * x + 0.5L, 0, 1); },
     {0.25f, 0.5f},
     false,
     false},
    {"Sigmoid", [](N x, N) { return sigmoid(x); }, {}, false, false},
    {"Tanh", [](N x, N) { return tanh(x); }, {}, false, false},
    {"Silu", [](N x, N) { return x * sigmoid(x); }, {}, false, true},
    {"Gelu", [](N x, N) { return x * normal_share(x); }, {}, false, true},
    {"GeluTanh", [](N x, N) { return gelu_tanh(x); }, {}, false, true},
    {"Add", [](N x, N b) { return x + b; }, {}, true, false},
    {"Sub", [](N x, N b) { return x - b; }, {}, true, false},
    {"Mul", [](N x, N b) { return x * b; }, {}, true, false},
    {"Div", [](N x, N b) { return x / b; }, {}, true, false},
};

const Word& word(const std::string& name) {
  for (const Word& one : kWords) {
    if (name == one.word) return one;
  }
  return kWords[0];
}

using Chain = std::vector<const Word*>;

// Adds the steps and their operands to the product's case, and what comes out.
OperatorCase fused(OperatorCase c, Expected value, const Chain& chain,
                   const std::vector<HostTensor>& operands) {
  std::vector<std::string> words;
  std::vector<float> parameters;
  size_t next = 0;
  for (const Word* one : chain) {
    const HostTensor* operand = one->operand ? &operands[next++] : nullptr;
    for_each_index(value.dims, [&](const Shape& i) {
      const Number other = operand != nullptr ? broadcast_at(*operand, i) : 0;
      value.at(i) = one->function(value.at(i), other);
    });
    words.emplace_back(one->word);
    parameters.insert(parameters.end(), one->parameters.begin(), one->parameters.end());
    if (operand != nullptr) c.in(*operand);
  }
  c.attribute("steps", words);
  if (!parameters.empty()) c.attribute("step_parameters", parameters);
  return c.out(value);
}

std::string label_of(const Chain& chain, const std::string& more = "") {
  std::string label;
  for (const Word* one : chain) label += (label.empty() ? "" : "_") + std::string(one->word);
  return more.empty() ? label : label + "_" + more;
}

HostTensor random(tn_dtype dtype, Shape dims, uint32_t seed, Real low = -2, Real high = 2) {
  return HostTensor::random(dtype, std::move(dims), low, high, seed);
}
// As many as the chain may take.
std::vector<HostTensor> operands_of(tn_dtype dtype, const Chain& chain, const Shape& dims) {
  std::vector<HostTensor> operands(chain.size());
  for (uint32_t i = 0; i < chain.size(); ++i) operands[i] = random(dtype, dims, 10 + i, 0.5, 2);
  return operands;
}

// Operands have the dims given, or those of Y. 18 channels: no multiple of a vector.
const Shape kImage = {2, 18, 3, 5};

OperatorCase conv_case(tn_dtype dtype, const Chain& chain, const std::string& label,
                       const Shape& operand_dims = kImage) {
  const HostTensor x = random(dtype, {2, 3, 3, 5}, 1), w = random(dtype, {18, 3, 1, 1}, 2, -1, 1);
  const HostTensor b = random(dtype, {18}, 3);
  Expected sums(dtype, kImage);
  for_each_index(kImage, [&](const Shape& i) {
    Sum sum;
    sum.add(b.at({i[1]}));
    for (int64_t c = 0; c < 3; ++c) sum.add(x.at({i[0], c, i[2], i[3]}) * w.at({i[1], c, 0, 0}));
    sums.at(i) = sum.total_in_sequence();
  });
  const std::vector<HostTensor> operands = operands_of(dtype, chain, operand_dims);
  OperatorCase c{"tenon", "FusedConv", label, dtype};
  c.in(x).in(w).in(b);
  return fused(c, sums, chain, operands);
}

OperatorCase matmul_case(tn_dtype dtype, const Chain& chain, const std::string& label,
                         const Shape& operand_dims) {
  const Shape dims = {2, 5, 6};
  const HostTensor a = random(dtype, {2, 5, 4}, 1), b = random(dtype, {4, 6}, 2, -1, 1);
  Expected sums(dtype, dims);
  for_each_index(dims, [&](const Shape& i) {
    Sum sum;
    for (int64_t k = 0; k < 4; ++k) sum.add(a.at({i[0], i[1], k}) * b.at({k, i[2]}));
    sums.at(i) = sum.total_in_sequence();
  });
  const std::vector<HostTensor> operands = operands_of(dtype, chain, operand_dims);
  OperatorCase c{"tenon", "FusedMatMul", label, dtype};
  c.in(a).in(b);
  return fused(c, sums, chain, operands);
}

// Products with 1, so that the steps are given exactly these values; each meets each as an operand.
void add_special(Cases& cases, tn_dtype dtype, const Word& one) {
  Values values = {0, -0.0, 1, -1, 0.25, -7, kInfinity, NAN};
  if (!one.open) values.push_back(-kInfinity);
  const auto n = static_cast<int64_t>(values.size());
  const Chain chain = {&one};
  const HostTensor column(dtype, {n, 1}, values), row(dtype, {1, n}, values);
  const HostTensor ones(dtype, {1, n}, Values(values.size(), 1));
  Values products;
  for_each_index({n, n},
                 [&](const Shape& i) { products.push_back(values[static_cast<size_t>(i[0])]); });
  OperatorCase matmul{"tenon", "FusedMatMul", label_of(chain, "special"), dtype};
  matmul.in(column).in(ones);
  cases.push_back(fused(matmul, HostTensor(dtype, {n, n}, products), chain, {row}));

  const HostTensor image(dtype, {1, 1, n, 1}, values);
  const HostTensor filters(dtype, {n, 1, 1, 1}, ones.values);
  const HostTensor channel(dtype, {n, 1, 1}, values);
  products.clear();
  for_each_index({1, n, n, 1},
                 [&](const Shape& i) { products.push_back(values[static_cast<size_t>(i[2])]); });
  OperatorCase conv{"tenon", "FusedConv", label_of(chain, "special"), dtype};
  conv.in(image).in(filters).absent();
  cases.push_back(fused(conv, HostTensor(dtype, {1, n, n, 1}, products), chain, {channel}));
}

}  // namespace

void add_fused_cases(Cases& cases, tn_dtype type) {
  if (!in_set(type, type_set::kFloat)) return;
  // Every word first, two at a time: a budget may end here.
  static const char* const kPairs[][2] = {
      {"Relu", "Add"},        {"LeakyRelu", "Sub"}, {"Clip", "Mul"},  {"HardSwish", "Div"},
      {"HardSigmoid", "Add"}, {"Sigmoid", "Tanh"},  {"Silu", "Gelu"}, {"GeluTanh", "Sub"}};
  for (const auto& pair : kPairs) {
    const Chain chain = {&word(pair[0]), &word(pair[1])};
    cases.push_back(conv_case(type, chain, label_of(chain, "first")));
    cases.push_back(matmul_case(type, chain, label_of(chain, "first"), {6}));
  }
  for (const Word& one : kWords) {
    const Chain chain = {&one};
    cases.push_back(conv_case(type, chain, label_of(chain)));
    cases.push_back(matmul_case(type, chain, label_of(chain), {6}));
    add_special(cases, type, one);
  }
  for (const Word& one : kWords) {
    for (const Word& two : kWords) {
      const Chain chain = {&one, &two};
      cases.push_back(conv_case(type, chain, label_of(chain)));
    }
    if (!one.operand) continue;
    const Chain chain = {&one};
    const auto add = [&](const char* label, const Shape& dims) {
      cases.push_back(conv_case(type, chain, label_of(chain, label), dims));
    };
    add("channel", {18, 1, 1});
    add("row", {5});
    add("column", {3, 1});
    add("image", {2, 1, 1, 1});
    add("scalar", {});
    const auto add_matrix = [&](const char* label, const Shape& dims) {
      cases.push_back(matmul_case(type, chain, label_of(chain, label), dims));
    };
    add_matrix("whole", {2, 5, 6});
    add_matrix("matrix", {5, 6});
    add_matrix("column", {2, 5, 1});
    add_matrix("scalar", {});
  }
  const auto chain_of = [](std::initializer_list<const char*> words) {
    Chain chain;
    for (const char* one : words) chain.push_back(&word(one));
    return chain;
  };
  for (const Chain& chain :
       {chain_of({"Add", "Clip", "Mul"}), chain_of({"Mul", "LeakyRelu", "Add", "Relu"}),
        chain_of({"HardSigmoid", "Mul", "HardSwish", "Sub", "Div", "Tanh"}),
        Chain(14, &word("Add"))}) {
    const std::string label = chain.size() < 10 ? label_of(chain) : "many_operands";
    cases.push_back(conv_case(type, chain, label));
    cases.push_back(matmul_case(type, chain, label, {2, 5, 6}));
  }
}

}  // namespace tenon::conformance

// SPDX-License-Identifier: Apache-2.0
//
// The named shape rules of spec/ops (spec/operators/shape.py lists them): the dims of an operator's
// outputs, given dims, attributes and host values alone. Functions on numbers; no device, no
// tensors. Which operator has which rule is generated from the contract.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::shapes {

using Dims = std::vector<int64_t>;

// What a rule forbids: says which, with the dims.
class ShapeError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

struct Input {
  bool present = false;
  Dims dims = {};
  // Of a host value; integers as they are in a double. Absent: not known.
  std::optional<std::vector<double>> values = {};
};

// One call of an operator. Attributes come with the defaults of the contract; one that has none and
// is not given, `end` of Shape, as INT64_MAX.
struct Call {
  std::vector<Input> inputs;
  size_t outputs = 1;
  std::function<int64_t(std::string_view)> integer;
  std::function<Dims(std::string_view)> integers;  // Empty where none are given.
  std::function<std::string(std::string_view)> text;

  bool has(size_t i) const { return i < inputs.size() && inputs[i].present; }
  const Dims& dims(size_t i) const;  // Throws when it is absent.
  Dims values(size_t i) const;       // Throws when they are not known.
  double value(size_t i) const;      // Of an input with one element.
  int64_t axis(size_t i,
               int64_t more = 0) const;  // Attribute `axis` within rank of input i + more.
};

// Dims of each output, of absent ones too.
using Rule = std::function<std::vector<Dims>(const Call&)>;

// How the dims of an operator's outputs come about.
enum class Source : uint8_t {
  kRule,    // The rule says them.
  kData,    // The rule says the most that each can be.
  kCaller,  // The caller alone decides.
};

struct OperatorShape {
  std::string_view domain, name;
  std::string_view rule_name;
  Source source;
  Rule rule;  // Empty for kCaller.
};

std::span<const OperatorShape> operator_shapes();
const OperatorShape* find_shape(std::string_view domain, std::string_view name);

// ---- The rules ----

std::vector<Dims> same(const Call& call);
std::vector<Dims> broadcast(const Call& call);
// Output i has the dims of input `of[i]`.
Rule like(std::vector<size_t> of);
std::vector<Dims> reduce(const Call& call);
std::vector<Dims> arg_reduce(const Call& call);
std::vector<Dims> matmul(const Call& call);
std::vector<Dims> gemm(const Call& call);
std::vector<Dims> conv(const Call& call);
std::vector<Dims> pool(const Call& call);
std::vector<Dims> global_pool(const Call& call);
std::vector<Dims> channels(const Call& call);
std::vector<Dims> layer_norm(const Call& call);
std::vector<Dims> concat(const Call& call);
std::vector<Dims> gather(const Call& call);
std::vector<Dims> gather_nd(const Call& call);
std::vector<Dims> pad(const Call& call);
std::vector<Dims> tile(const Call& call);
std::vector<Dims> one_hot(const Call& call);
std::vector<Dims> range(const Call& call);
std::vector<Dims> top_k(const Call& call);
std::vector<Dims> values(const Call& call);
std::vector<Dims> scalar(const Call& call);
std::vector<Dims> reshape(const Call& call);
std::vector<Dims> transpose(const Call& call);
std::vector<Dims> slice(const Call& call);
std::vector<Dims> split(const Call& call);
std::vector<Dims> squeeze(const Call& call);
std::vector<Dims> unsqueeze(const Call& call);
std::vector<Dims> flatten(const Call& call);
std::vector<Dims> expand(const Call& call);
std::vector<Dims> shape(const Call& call);

// A dim that data decides, at most: the rank or the count of input `input`.
struct Most {
  bool rank;
  size_t input;
};
Rule data(std::vector<Most> most);

// `custom`: rules of one operator.
std::vector<Dims> layer_norm_grad(const Call& call);
std::vector<Dims> nll_loss(const Call& call);
std::vector<Dims> cross_entropy(const Call& call);

// ---- What rules share ----

std::string text_of(const Dims& dims);
int64_t count_of(const Dims& dims);
// Positive; counts from the end below 0.
int64_t normal_axis(int64_t axis, size_t rank);
// ONNX's multidirectional broadcasting.
Dims broadcast_dims(const Dims& a, const Dims& b);

}  // namespace tenon::shapes

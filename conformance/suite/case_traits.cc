// SPDX-License-Identifier: Apache-2.0
#include "suite/case_traits.h"

#include <algorithm>
#include <sstream>

namespace tenon::conformance {
namespace {

// More than what counters of 12 bits hold.
constexpr int64_t kLong = 4096;

struct ValueText {
  std::ostream& out;
  template <class T>
  void operator()(const T& value) const {
    out << value;
  }
  // Of geometry: whether it is the same for each dim.
  void operator()(const std::vector<int64_t>& values) const {
    const bool same = std::ranges::all_of(values, [&](int64_t one) { return one == values[0]; });
    values.empty() ? out << "none" : same ? out << values[0] << " each" : out << "different ones";
  }
  template <class T>
  void operator()(const std::vector<T>& values) const {
    for (const T& value : values) (*this)(value), out << ' ';
  }
  void operator()(const AttributeTensor&) const { out << "a tensor"; }
};

std::string text_of(const Attribute& attribute) {
  std::ostringstream out;
  out << attribute.name << '=';
  std::visit(ValueText{out}, attribute.value);
  return out.str();
}

void add_attributes(Traits& traits, const OperatorCase& c) {
  std::vector<std::string> words;
  for (const Attribute& attribute : c.attributes) words.push_back(text_of(attribute));
  for (size_t i = 0; i < words.size(); ++i) {
    traits.insert(words[i]);
    for (size_t j = 0; j < i; ++j) traits.insert(words[j] + " with " + words[i]);
  }
}

void add_dims(Traits& traits, const Shape& dims) {
  const size_t rank = dims.size();
  traits.insert(rank == 0 ? "0-d" : rank >= 3 ? "rank 3" : "rank 1 or 2");
  if (std::ranges::any_of(dims, [](int64_t dim) { return dim > kLong; })) traits.insert("long");
  if (std::ranges::find(dims, 0) != dims.end()) traits.insert("empty");
}

}  // namespace

Traits traits_of(const OperatorCase& c) {
  Traits traits;
  add_attributes(traits, c);
  int64_t most = 0;
  for (const Expected& output : c.outputs) {
    if (output.dtype == TN_DTYPE_UNDEFINED) continue;
    add_dims(traits, output.dims);
    most = std::max(most, output.count());
  }
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const CaseInput& input = c.inputs[i];
    const std::string place = " " + std::to_string(i);
    traits.insert("kind " + std::to_string(input.kind) + place);
    if (input.kind != TN_ARGUMENT_DEVICE) continue;
    add_dims(traits, input.tensor.dims);
    if (!input.tensor.repeated.empty()) traits.insert("repeated" + place);
    if (input.tensor.count() != 0 && input.tensor.count() < most) traits.insert("small" + place);
  }
  traits.insert("inputs " + std::to_string(std::min<size_t>(c.inputs.size(), 3)));
  for (const int32_t alias : c.aliases) traits.insert("onto " + std::to_string(alias));
  return traits;
}

}  // namespace tenon::conformance

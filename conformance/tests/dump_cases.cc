// SPDX-License-Identifier: Apache-2.0
//
// Prints the judge's cases of ONNX's own operators, a line of JSON each, for those who hold its
// oracles against others (tests/onnx/test_judge_cases.py). Tensors are hexadecimal bytes, dense and
// row-major; `slack` is what one unit of rounding in each step of the definition may come to.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "suite/case.h"
#include "suite/contract.h"

namespace tenon::conformance {
namespace {

using Json = nlohmann::ordered_json;

std::string hex(const std::vector<unsigned char>& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Json of(const HostTensor& tensor) {
  return {{"dtype", tensor.dtype}, {"dims", tensor.dims}, {"data", hex(tensor.bytes())}};
}

Json of(const CaseInput& input) {
  if (input.kind == TN_ARGUMENT_ABSENT) return nullptr;
  Json json = of(input.tensor);
  json["host"] = input.kind == TN_ARGUMENT_HOST;
  return json;
}

Json of(const Expected& output) {
  if (output.dtype == TN_DTYPE_UNDEFINED) return nullptr;
  Json json = of(output.rounded());
  std::vector<double> slack;
  for (const Number& number : output.values) {
    const Real condition = std::fmax(number.condition, std::fabs(number.value));
    slack.push_back(std::isfinite(condition) ? static_cast<double>(condition) : 0);
  }
  if (is_float(output.dtype)) json["slack"] = slack;
  return json;
}

struct AttributeJson {
  template <class T>
  Json operator()(const T& value) const {
    return value;
  }
  Json operator()(const AttributeTensor&) const { return nullptr; }
  Json operator()(const std::vector<AttributeTensor>&) const { return nullptr; }
};

Json of(const OperatorCase& c) {
  Json json = {{"operator", c.name},
               {"version", find_contract(c.domain, c.name)->versions[0].version},
               {"label", c.label},
               {"dtype", c.dtype}};
  json["inputs"] = json["outputs"] = Json::array();
  for (const CaseInput& input : c.inputs) json["inputs"].push_back(of(input));
  for (const Expected& output : c.outputs) json["outputs"].push_back(of(output));
  json["attributes"] = Json::object();
  for (const Attribute& one : c.attributes) {
    json["attributes"][one.name] = std::visit(AttributeJson{}, one.value);
  }
  return json;
}

// Long ones are to find faults of devices; of oracles they tell no more.
bool is_small(const OperatorCase& c) {
  int64_t most = 0;
  for (const CaseInput& input : c.inputs) most = std::max(most, input.tensor.count());
  for (const Expected& output : c.outputs) most = std::max(most, output.count());
  return most <= 700;
}

}  // namespace
}  // namespace tenon::conformance

int main() {
  using namespace tenon::conformance;
  for (const OperatorCase& c : all_cases()) {
    if (c.domain.empty() && is_small(c)) std::printf("%s\n", of(c).dump().c_str());
  }
}

// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/scatter_reduction.h"

#include <string>

#include "tenon/device/operators/shape.h"

namespace tenon::device {

Update parse_update(const Description& desc) {
  const std::string name = desc.text("reduction");
  if (name == "none") return Update::kReplace;
  if (name == "add") return Update::kAdd;
  if (name == "mul") return Update::kMultiply;
  if (name == "max") return Update::kMax;
  if (name == "min") return Update::kMin;
  throw_invalid(desc.name(), "reduction is '" + name + "', expected none, add, mul, max or min");
}

}  // namespace tenon::device

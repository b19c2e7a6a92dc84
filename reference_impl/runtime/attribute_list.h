// SPDX-License-Identifier: Apache-2.0
//
// An operation's attributes in the ABI's form.
#pragma once

#include <span>
#include <vector>

#include "runtime/operation.h"

namespace tenon::runtime {

// Borrows from the operation.
class AttributeList {
 public:
  explicit AttributeList(std::span<const Attribute> attributes);
  AttributeList(const AttributeList&) = delete;
  AttributeList& operator=(const AttributeList&) = delete;

  const tn_attribute* const* data() const { return pointers_.data(); }
  size_t size() const { return pointers_.size(); }

 private:
  tn_attribute convert(const Attribute& from);

  std::vector<tn_string> strings_;  // Reserved up front: attributes point into it.
  std::vector<tn_attribute> attributes_;
  std::vector<const tn_attribute*> pointers_;
};

}  // namespace tenon::runtime

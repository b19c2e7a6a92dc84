// SPDX-License-Identifier: Apache-2.0
//
// A node of a TensorFlow graph: its op and attributes, read from the serialized NodeDef.
//
// The C API has a getter an attribute type but no way to ask for the op's name; the NodeDef has
// both, and one parse serves every op.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ops/types.h"

namespace tenon::tensorflow {

struct NodeAttribute {
  int64_t integer = 0;  // Also bool and type.
  float real = 0;
  std::string text;
  std::vector<int64_t> integers;  // Also lists of types.
  std::string bytes;              // The whole AttrValue as TensorFlow serialized it.
};

class Node {
 public:
  // Throws OpError on bytes that are no NodeDef.
  static Node parse(std::string_view node_def);

  const std::string& name() const { return name_; }
  const std::string& op() const { return op_; }
  const std::map<std::string, NodeAttribute, std::less<>>& attributes() const {
    return attributes_;
  }
  bool has(const char* attribute) const { return attributes_.count(attribute) != 0; }

  int64_t integer(const char* attribute, int64_t missing = 0) const;
  bool flag(const char* attribute, bool missing = false) const {
    return integer(attribute, missing) != 0;
  }
  double real(const char* attribute, double missing = 0) const;
  std::string text(const char* attribute, const char* missing = "") const;
  const std::vector<int64_t>& integers(const char* attribute) const;
  tn_dtype type(const char* attribute) const;  // TN_DTYPE_UNDEFINED when missing.

 private:
  const NodeAttribute* find(const char* attribute) const;

  std::string name_;
  std::string op_;
  std::map<std::string, NodeAttribute, std::less<>> attributes_;
};

}  // namespace tenon::tensorflow

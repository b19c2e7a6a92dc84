// SPDX-License-Identifier: Apache-2.0
#include "ops/node.h"

#include <cstring>

#include "ops/wire_reader.h"

namespace tenon::tensorflow {
namespace {

float as_float(std::string_view bytes) {
  float value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// AttrValue.ListValue: i = 3, b = 5, type = 6; packed or one by one.
std::vector<int64_t> read_list(std::string_view bytes) {
  std::vector<int64_t> values;
  WireReader list(bytes);
  while (list.next()) {
    if (list.field() != 3 && list.field() != 5 && list.field() != 6) continue;
    if (list.data().empty()) {
      values.push_back(list.number());
      continue;
    }
    WireReader packed(list.data());
    while (!packed.done()) values.push_back(static_cast<int64_t>(packed.varint()));
  }
  return values;
}

// AttrValue: list = 1, s = 2, i = 3, f = 4, b = 5, type = 6.
NodeAttribute read_attribute(std::string_view bytes) {
  NodeAttribute attribute;
  attribute.bytes = bytes;
  WireReader value(bytes);
  while (value.next()) {
    switch (value.field()) {
      case 1:
        attribute.integers = read_list(value.data());
        break;
      case 2:
        attribute.text = value.data();
        break;
      case 3:
      case 5:
      case 6:
        attribute.integer = value.number();
        break;
      case 4:
        attribute.real = as_float(value.data());
        break;
      default:
        break;
    }
  }
  return attribute;
}

}  // namespace

// NodeDef: name = 1, op = 2, attr = 5 (a map: entries of key = 1, value = 2).
Node Node::parse(std::string_view node_def) {
  Node node;
  WireReader reader(node_def);
  while (reader.next()) {
    if (reader.field() == 1) node.name_ = reader.data();
    if (reader.field() == 2) node.op_ = reader.data();
    if (reader.field() != 5) continue;
    WireReader entry(reader.data());
    std::string key;
    std::string_view value;
    while (entry.next()) {
      if (entry.field() == 1) key = entry.data();
      if (entry.field() == 2) value = entry.data();
    }
    node.attributes_[key] = read_attribute(value);
  }
  return node;
}

const NodeAttribute* Node::find(const char* attribute) const {
  const auto found = attributes_.find(std::string_view(attribute));
  return found == attributes_.end() ? nullptr : &found->second;
}

int64_t Node::integer(const char* attribute, int64_t missing) const {
  const NodeAttribute* found = find(attribute);
  return found == nullptr ? missing : found->integer;
}

double Node::real(const char* attribute, double missing) const {
  const NodeAttribute* found = find(attribute);
  return found == nullptr ? missing : found->real;
}

std::string Node::text(const char* attribute, const char* missing) const {
  const NodeAttribute* found = find(attribute);
  return found == nullptr ? missing : found->text;
}

const std::vector<int64_t>& Node::integers(const char* attribute) const {
  static const std::vector<int64_t> none;
  const NodeAttribute* found = find(attribute);
  return found == nullptr ? none : found->integers;
}

tn_dtype Node::type(const char* attribute) const {
  const NodeAttribute* found = find(attribute);
  return found == nullptr ? TN_DTYPE_UNDEFINED : to_tenon(static_cast<TF_DataType>(found->integer));
}

}  // namespace tenon::tensorflow

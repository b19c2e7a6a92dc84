// SPDX-License-Identifier: Apache-2.0
#include "kernels/node.h"

#include <cstring>

#include "status.h"

namespace tenon::tensorflow {
namespace {

// Reads protobuf's wire format: a sequence of (field number, value).
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  // Advances to the next field; false at the end.
  bool next() {
    if (bytes_.empty()) return false;
    const uint64_t key = varint();
    field_ = static_cast<uint32_t>(key >> 3);
    switch (key & 7) {
      case 0:
        number_ = varint();
        data_ = {};
        break;
      case 1:
        data_ = take(8);
        break;
      case 2:
        data_ = take(varint());
        break;
      case 5:
        data_ = take(4);
        break;
      default:
        throw OpError(TF_INTERNAL, "malformed NodeDef");
    }
    return true;
  }

  uint32_t field() const { return field_; }
  int64_t number() const { return static_cast<int64_t>(number_); }
  std::string_view data() const { return data_; }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) break;
      const auto byte = static_cast<uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    throw OpError(TF_INTERNAL, "malformed NodeDef");
  }

  bool done() const { return bytes_.empty(); }

 private:
  std::string_view take(uint64_t count) {
    if (count > bytes_.size()) throw OpError(TF_INTERNAL, "malformed NodeDef");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  std::string_view bytes_;
  uint32_t field_ = 0;
  uint64_t number_ = 0;
  std::string_view data_;
};

float as_float(std::string_view bytes) {
  float value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// AttrValue.ListValue: i = 3, b = 5, type = 6; packed or one by one.
std::vector<int64_t> read_list(std::string_view bytes) {
  std::vector<int64_t> values;
  Reader list(bytes);
  while (list.next()) {
    if (list.field() != 3 && list.field() != 5 && list.field() != 6) continue;
    if (list.data().empty()) {
      values.push_back(list.number());
      continue;
    }
    Reader packed(list.data());
    while (!packed.done()) values.push_back(static_cast<int64_t>(packed.varint()));
  }
  return values;
}

// AttrValue: list = 1, s = 2, i = 3, f = 4, b = 5, type = 6.
NodeAttribute read_attribute(std::string_view bytes) {
  NodeAttribute attribute;
  Reader value(bytes);
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
  Reader reader(node_def);
  while (reader.next()) {
    if (reader.field() == 1) node.name_ = reader.data();
    if (reader.field() == 2) node.op_ = reader.data();
    if (reader.field() != 5) continue;
    Reader entry(reader.data());
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

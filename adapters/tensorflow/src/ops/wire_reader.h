// SPDX-License-Identifier: Apache-2.0
//
// Reads protobuf's wire format. A protobuf library here would clash with TensorFlow's.
#pragma once

#include <cstdint>
#include <string_view>

#include "status.h"

namespace tenon::tensorflow {

// A message as a sequence of (field number, value). Throws OpError on bytes that are none.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : bytes_(bytes) {}

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
        malformed();
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
    malformed();
  }

  bool done() const { return bytes_.empty(); }

 private:
  [[noreturn]] static void malformed() { throw OpError(TF_INTERNAL, "malformed protobuf message"); }

  std::string_view take(uint64_t count) {
    if (count > bytes_.size()) malformed();
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  std::string_view bytes_;
  uint32_t field_ = 0;
  uint64_t number_ = 0;
  std::string_view data_;
};

}  // namespace tenon::tensorflow

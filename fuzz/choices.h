// SPDX-License-Identifier: Apache-2.0
//
// A fuzzer's input as a series of choices. When it is used up, every choice is the first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <span>

namespace tenon::fuzz {

class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : data_(data, size) {}

  // A number below `count`.
  size_t below(size_t count) { return count < 2 ? 0 : number(count > 256 ? 2 : 1) % count; }
  // True in `percent` of a hundred.
  bool chance(unsigned percent) { return byte() * 100u / 256 >= 100 - percent; }
  template <class T>
  T of(std::initializer_list<T> values) {
    return *std::next(values.begin(), static_cast<std::ptrdiff_t>(below(values.size())));
  }
  template <class List>
  const auto& in(const List& list) {
    return list[below(list.size())];
  }
  uint64_t number(size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; ++i) value = value << 8 | byte();
    return value;
  }
  bool used_up() const { return data_.empty(); }

 private:
  unsigned byte() {
    if (data_.empty()) return 0;
    const uint8_t first = data_.front();
    data_ = data_.subspan(1);
    return first;
  }

  std::span<const uint8_t> data_;
};

}  // namespace tenon::fuzz

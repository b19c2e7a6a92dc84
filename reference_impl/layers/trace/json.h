// SPDX-License-Identifier: Apache-2.0
//
// Appends values to a text of JSON. Whatever the pointers hold, the text stays valid: characters
// outside of ASCII are escaped byte by byte, long strings and lists end with "...".
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>

#include "tenon/tenon.h"

namespace tenon::layers::trace {

// The name of one bit of a set.
struct Bit {
  uint32_t value;
  const char* name;
};

class Json {
 public:
  explicit Json(std::string& out) : out_(out) {}

  void open() { begin('{'); }
  void close() { end('}'); }
  void key(const char* name);

  void null() { raw("null"); }
  template <std::integral T>
  void number(T value) {
    raw(std::to_string(value).c_str());
  }
  void number(double value);
  // NULL, or as much of it as fits.
  void text(const char* value, size_t most = 256);
  void bytes(const uint8_t* value, size_t count);
  // Its name, or the number where it has none.
  void named(int64_t value, const char* name);
  template <size_t count>
  void bits(uint32_t value, const Bit (&all)[count]) {
    set(value, all, count);
  }
  // Data or function.
  template <class T>
  void pointer(T* value) {
    address(reinterpret_cast<uintptr_t>(value));
  }
  template <class T>
  void numbers(const T* values, int64_t count) {
    if (values == nullptr) return null();
    begin('[');
    for (int64_t i = 0; i < count; ++i) {
      if (i == kMostElements) return more();
      number(values[i]);
    }
    end(']');
  }
  void numbers(const float* values, size_t count);
  // As many as a rank says; null where it is no rank: their number is then unknown.
  template <class T>
  void by_rank(const T* values, int32_t rank) {
    if (rank < 0 || rank > TN_MAX_RANK) return null();
    numbers(values, int64_t{rank});
  }
  template <class T, class Print>
  void list(const T* values, size_t count, Print print) {
    if (values == nullptr) return null();
    begin('[');
    for (size_t i = 0; i < count; ++i) {
      if (i == static_cast<size_t>(kMostElements)) return more();
      print(i);
    }
    end(']');
  }

 private:
  static constexpr int64_t kMostElements = 32;
  void begin(char bracket);
  void end(char bracket);
  void separate();
  void raw(const char* text);
  void more() {
    text("...");
    end(']');
  }
  void quote(const char* value, size_t length);
  void set(uint32_t value, const Bit* all, size_t count);
  void address(uintptr_t value);

  std::string& out_;
  bool first_ = true;  // Nothing stands before the next value within its brackets.
};

// A copy in which fields that its caller did not know are zero.
template <class T>
T known_part(const T& given) {
  T known{};
  std::memcpy(&known, &given, given.struct_size < sizeof(T) ? given.struct_size : sizeof(T));
  return known;
}

}  // namespace tenon::layers::trace

// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/trace/json.h"

#include <cstdio>

namespace tenon::layers::trace {

void Json::separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

void Json::raw(const char* text) {
  separate();
  out_ += text;
}

void Json::begin(char bracket) {
  separate();
  out_ += bracket;
  first_ = true;
}

void Json::end(char bracket) {
  out_ += bracket;
  first_ = false;
}

void Json::key(const char* name) {
  separate();
  quote(name, std::strlen(name));
  out_ += ':';
  first_ = true;
}

void Json::number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), std::isfinite(value) ? "%.9g" : "\"%g\"", value);
  raw(text);
}

void Json::numbers(const float* values, size_t count) {
  list(values, count, [&](size_t i) { number(static_cast<double>(values[i])); });
}

void Json::quote(const char* value, size_t length) {
  out_ += '"';
  for (size_t i = 0; i < length; ++i) {
    const auto c = static_cast<unsigned char>(value[i]);
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      out_ += static_cast<char>(c);
    } else {
      char text[8];
      std::snprintf(text, sizeof(text), "\\u%04x", c);
      out_ += text;
    }
  }
  out_ += '"';
}

void Json::text(const char* value, size_t most) {
  if (value == nullptr) return null();
  separate();
  quote(value, strnlen(value, most));
}

void Json::bytes(const uint8_t* value, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    char two[3];
    std::snprintf(two, sizeof(two), "%02x", value[i]);
    text += two;
  }
  this->text(text.c_str());
}

void Json::named(int64_t value, const char* name) {
  if (name != nullptr) {
    text(name);
  } else {
    number(value);
  }
}

void Json::set(uint32_t value, const Bit* all, size_t count) {
  std::string names;
  for (size_t i = 0; i < count; ++i) {
    if ((value & all[i].value) == 0) continue;
    names += (names.empty() ? "" : "|") + std::string(all[i].name);
    value &= ~all[i].value;
  }
  if (value != 0 || names.empty()) names += (names.empty() ? "" : "|") + std::to_string(value);
  text(names.c_str());
}

void Json::address(uintptr_t value) {
  char text[24];
  std::snprintf(text, sizeof(text), "\"0x%zx\"", static_cast<size_t>(value));
  if (value == 0) return null();
  raw(text);
}

}  // namespace tenon::layers::trace

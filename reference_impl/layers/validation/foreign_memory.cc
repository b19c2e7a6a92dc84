// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/validation/foreign_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "reference_impl/platform/platform.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::layers::validation {
namespace {

constexpr uintptr_t kPage = 4096;

// Bytes of the character that `text` begins with; 0 where it is none.
size_t character(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xe0 && at(1) < 0xa0) || (first == 0xf0 && at(1) < 0x90);
  const bool beyond = (first == 0xed && at(1) > 0x9f) || (first == 0xf4 && at(1) > 0x8f);
  return overlong || beyond ? 0 : size;
}

}  // namespace

bool copy_foreign(void* to, const void* from, size_t size) {
  if (size == 0) return true;
  if (reinterpret_cast<uintptr_t>(from) < kPage) return false;
  return platform::copy_foreign(to, from, size);
}

bool is_readable(const void* from, size_t size) {
  const auto first = reinterpret_cast<uintptr_t>(from);
  if (size == 0) return true;
  if (size - 1 > UINTPTR_MAX - first) return false;
  const uintptr_t last = first + size - 1;
  char byte = 0;
  for (uintptr_t at = first;; at = std::min((at | (kPage - 1)) + 1, last)) {
    if (!copy_foreign(&byte, reinterpret_cast<const void*>(at), 1)) return false;
    if (at == last) return true;
  }
}

bool is_text(const char* text, size_t most) {
  // In pieces that end with a page: what lies behind the end need not be there.
  char piece[256];
  for (size_t seen = 0; seen < most;) {
    const auto at = reinterpret_cast<uintptr_t>(text + seen);
    const size_t size =
        std::min({sizeof(piece), most - seen, static_cast<size_t>(kPage - at % kPage)});
    if (!copy_foreign(piece, text + seen, size)) return false;
    if (std::memchr(piece, 0, size) != nullptr) return true;
    seen += size;
  }
  return false;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t size = character(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

const char* mend_text(char* field, size_t size) {
  if (size == 0) return nullptr;
  const char* problem = nullptr;
  if (std::memchr(field, 0, size) == nullptr) {
    field[plugin::truncate_utf8(field, size - 1)] = '\0';
    problem = "a text without a terminating zero";
  }
  const size_t length = strnlen(field, size);
  for (size_t i = 0; i < length;) {
    const size_t bytes = character({field + i, length - i});
    if (bytes == 0) {
      field[i] = '?';
      if (problem == nullptr) problem = "a text that is not UTF-8";
    }
    i += std::max<size_t>(bytes, 1);
  }
  return problem;
}

}  // namespace tenon::layers::validation

// SPDX-License-Identifier: Apache-2.0
//
// Looking at what a plugin points to: the system is asked whether there is memory, since reading it
// here might end the process.
#pragma once

#include <cstddef>
#include <string_view>

namespace tenon::layers::validation {

// Copies `size` bytes; false where not all of them can be read.
bool copy_foreign(void* to, const void* from, size_t size);

// Whether the first and the last of `size` bytes, and those of each page between, can be read.
bool is_readable(const void* from, size_t size);

// Whether a text can be read up to its end, which comes within `most` bytes.
bool is_text(const char* text, size_t most = size_t{1} << 16);

// Whether bytes are UTF-8 as RFC 3629 has it: no overlong forms, no surrogates.
bool is_utf8(std::string_view text);

// Gives a text in a field of `size` bytes an end, and makes UTF-8 of it: '?' for each byte that is
// in the way. Says what was wrong; NULL if nothing.
const char* mend_text(char* field, size_t size);
template <size_t size>
const char* mend_text(char (&field)[size]) {
  return mend_text(field, size);
}

}  // namespace tenon::layers::validation

// SPDX-License-Identifier: Apache-2.0
//
// ONNX's operators of strings, on lists of strings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {

using Strings = std::vector<std::string>;

// With each letter of UTF-8 text in lower (upper) case; bytes that are no UTF-8 stay.
std::string in_case(const std::string& text, bool upper);

// The parts between the delimiters: of an empty delimiter, between white space, which is dropped at
// the ends. After `most` splits the rest stays whole; -1: as many as there are.
Strings split(const std::string& text, const std::string& delimiter, int64_t most);

// Whether the pattern is the whole of each text. Throws Error where it is no regular expression.
std::vector<uint8_t> full_matches(const Strings& texts, const std::string& pattern);

struct NormalizeRule {
  enum class Case { kAsItIs, kLower, kUpper };
  Case to = Case::kAsItIs;
  bool case_sensitive = false;
  Strings stopwords;
};
// Without the stopwords.
Strings normalized(const Strings& texts, const NormalizeRule& rule);

// As C++ and ONNX read and write numbers. Nothing where the text is no number.
std::string number_text(const Number& number, tn_dtype dtype);
std::optional<Number> read_number(std::string_view text, tn_dtype dtype);

}  // namespace tenon::runtime::onnx_import

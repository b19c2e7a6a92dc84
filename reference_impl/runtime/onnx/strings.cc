// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/strings.h"

#include <clocale>
#include <cwctype>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <regex>
#include <set>

namespace tenon::runtime::onnx_import {
namespace {

constexpr std::string_view kSpace = " \t\n\r\f\v";

locale_t letters() {
  static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

// The letter that begins at `at`, and its bytes: 1 for what is no UTF-8.
char32_t letter_at(const std::string& text, size_t at, size_t& bytes) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  bytes = 1;
  const size_t length = byte(0) < 0x80       ? 1
                        : byte(0) >> 5 == 6  ? 2
                        : byte(0) >> 4 == 14 ? 3
                        : byte(0) >> 3 == 30 ? 4
                                             : 0;
  if (length <= 1 || at + length > text.size()) return byte(0);
  char32_t letter = byte(0) & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if (byte(i) >> 6 != 2) return byte(0);
    letter = letter << 6 | (byte(i) & 0x3fu);
  }
  bytes = length;
  return letter;
}

void append(std::string& text, char32_t letter) {
  const auto put = [&](char32_t bits) { text += static_cast<char>(bits); };
  if (letter < 0x80) return put(letter);
  if (letter < 0x800) {
    put(0xc0 | letter >> 6);
  } else {
    if (letter < 0x10000) {
      put(0xe0 | letter >> 12);
    } else {
      put(0xf0 | letter >> 18);
      put(0x80 | (letter >> 12 & 0x3f));
    }
    put(0x80 | (letter >> 6 & 0x3f));
  }
  put(0x80 | (letter & 0x3f));
}

}  // namespace

std::string in_case(const std::string& text, bool upper) {
  std::string changed;
  size_t bytes = 1;
  for (size_t at = 0; at < text.size(); at += bytes) {
    const char32_t letter = letter_at(text, at, bytes);
    if (bytes == 1 && letter >= 0x80) {
      changed += text[at];
      continue;
    }
    const auto wide = static_cast<wint_t>(letter);
    append(changed, static_cast<char32_t>(letters() == nullptr ? wide
                                          : upper              ? ::towupper_l(wide, letters())
                                                               : ::towlower_l(wide, letters())));
  }
  return changed;
}

Strings split(const std::string& text, const std::string& delimiter, int64_t most) {
  Strings parts;
  const auto more = [&] { return most < 0 || static_cast<int64_t>(parts.size()) < most; };
  if (delimiter.empty()) {
    size_t at = text.find_first_not_of(kSpace);
    while (at != std::string::npos && more()) {
      const size_t end = text.find_first_of(kSpace, at);
      parts.push_back(text.substr(at, end == std::string::npos ? end : end - at));
      at = end == std::string::npos ? end : text.find_first_not_of(kSpace, end);
    }
    if (at != std::string::npos) parts.push_back(text.substr(at));
    return parts;
  }
  size_t at = 0;
  for (size_t end = text.find(delimiter); end != std::string::npos && more();
       end = text.find(delimiter, at)) {
    parts.push_back(text.substr(at, end - at));
    at = end + delimiter.size();
  }
  parts.push_back(text.substr(at));
  return parts;
}

std::vector<uint8_t> full_matches(const Strings& texts, const std::string& pattern) {
  constexpr size_t kMostPattern = 4096;
  if (pattern.size() > kMostPattern)
    throw Error(TN_UNSUPPORTED, "",
                "its pattern has " + std::to_string(pattern.size()) + " characters; the most is " +
                    std::to_string(kMostPattern));
  try {
    // By states at once: in time and memory that no text can make grow beyond what the pattern has.
    const std::regex regex(pattern,
                           std::regex_constants::ECMAScript | std::regex_constants::__polynomial);
    std::vector<uint8_t> matches;
    for (const std::string& text : texts) matches.push_back(std::regex_match(text, regex) ? 1 : 0);
    return matches;
  } catch (const std::regex_error& error) {
    throw Error(TN_INVALID_ARGUMENT, "",
                "its pattern '" + pattern + "' is no regular expression: " + error.what());
  }
}

Strings normalized(const Strings& texts, const NormalizeRule& rule) {
  const auto key = [&](const std::string& text) {
    return rule.case_sensitive ? text : in_case(text, false);
  };
  std::set<std::string> stopwords;
  for (const std::string& word : rule.stopwords) stopwords.insert(key(word));
  Strings kept;
  for (const std::string& text : texts) {
    if (stopwords.contains(key(text))) continue;
    kept.push_back(rule.to == NormalizeRule::Case::kAsItIs
                       ? text
                       : in_case(text, rule.to == NormalizeRule::Case::kUpper));
  }
  return kept;
}

std::string number_text(const Number& number, tn_dtype dtype) {
  const ElementType& type = element_type(dtype);
  char text[64];
  char* end = text;
  if (type.kind == ElementKind::kBool) return number.to_bool() ? "1" : "0";
  if (type.kind == ElementKind::kSigned)
    end = std::to_chars(text, std::end(text), number.to_int64()).ptr;
  else if (type.kind == ElementKind::kUnsigned)
    end = std::to_chars(text, std::end(text), static_cast<uint64_t>(number.to_int64())).ptr;
  else if (std::isnan(number.to_double()))
    return "NaN";
  else if (std::isinf(number.to_double()))
    return number.to_double() < 0 ? "-INF" : "INF";
  else if (type.bits <= 32)
    end = std::to_chars(text, std::end(text), number.to_float()).ptr;
  else
    end = std::to_chars(text, std::end(text), number.to_double()).ptr;
  return {text, end};
}

std::optional<Number> read_number(std::string_view text, tn_dtype dtype) {
  const size_t begin = text.find_first_not_of(kSpace), end = text.find_last_not_of(kSpace);
  if (begin == std::string_view::npos) return std::nullopt;
  text = text.substr(begin, end - begin + 1);
  if (text[0] == '+') text.remove_prefix(1);
  const auto whole = [&]<class T>(T value) -> std::optional<Number> {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return Number(value);
  };
  const ElementKind kind = element_type(dtype).kind;
  if (kind == ElementKind::kSigned)
    if (auto number = whole(int64_t{0})) return number;
  if (kind == ElementKind::kUnsigned)
    if (auto number = whole(uint64_t{0})) return number;
  return whole(double{0});  // Also "INF" and "NaN", in any case; an integer is truncated.
}

}  // namespace tenon::runtime::onnx_import

// SPDX-License-Identifier: Apache-2.0
//
// What ONNX's own code says when it throws.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace tenon::runtime::onnx_import {

// The message without what begins it, the place in ONNX's source and the condition that failed
// ("../onnx/inliner.cc:55: Bind: Assertion `ok` failed: "): the path is one of the machine that
// built the library, and neither tells a user anything.
inline std::string message_of(const std::exception& error) {
  std::string text = error.what();
  const size_t space = text.find(' ');
  if (space == std::string::npos || space == 0 || text[space - 1] != ':') return text;
  const std::string place = text.substr(0, space);
  if (place.find(".cc:") == std::string::npos && place.find(".h:") == std::string::npos) {
    return text;
  }
  text.erase(0, space + 1);
  const size_t function = text.find(": ");
  if (function < text.find(' ')) text.erase(0, function + 2);
  constexpr std::string_view kFailed = "` failed: ";
  const size_t failed = text.find(kFailed);
  if (text.starts_with("Assertion `") && failed != std::string::npos) {
    text.erase(0, failed + kFailed.size());
  }
  return text;
}

}  // namespace tenon::runtime::onnx_import

// SPDX-License-Identifier: Apache-2.0
#include "programs.h"

#include <stdexcept>

#include "plugins/gpu_common/sources.h"

namespace tenon::cuda::testing {
namespace {

constexpr std::string_view kMark = "// compile: ";

std::vector<std::string> definitions_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(kMark)) continue;
    for (std::string& one : expand(line.substr(kMark.size()))) out.push_back(std::move(one));
  }
  if (out.empty()) out.emplace_back();
  return out;
}

}  // namespace

std::vector<std::string> expand(std::string_view definitions) {
  const size_t open = definitions.find('{');
  if (open == std::string_view::npos) return {std::string(definitions)};
  const size_t close = definitions.find('}', open);
  if (close == std::string_view::npos) {
    throw std::runtime_error("no '}' in: " + std::string(definitions));
  }
  const std::string before(definitions.substr(0, open));
  const std::vector<std::string> after = expand(definitions.substr(close + 1));
  std::string_view words = definitions.substr(open + 1, close - open - 1);
  std::vector<std::string> out;
  for (;;) {
    const size_t end = words.find(',');
    for (const std::string& rest : after) {
      std::string& one = out.emplace_back(before);
      one += words.substr(0, end);
      one += rest;
    }
    if (end == std::string_view::npos) return out;
    words.remove_prefix(end + 1);
  }
}

std::vector<Program> all_programs() {
  std::vector<Program> out;
  for (const gpu::Source& source : gpu::embedded_sources()) {
    if (!source.name.ends_with(".cl")) continue;
    const std::string name(source.name.substr(0, source.name.size() - 3));
    for (std::string& definitions : definitions_of(source.text)) {
      out.push_back({name, std::move(definitions)});
    }
  }
  return out;
}

}  // namespace tenon::cuda::testing

// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpu_common/sources.h"

#include <algorithm>
#include <vector>

#include "tenon/device/kernel.h"

namespace tenon::gpu {
namespace {

std::string_view find(std::string_view name) {
  const auto all = embedded_sources();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Source& source) { return source.name == name; });
  if (found == all.end()) {
    throw device::KernelError(TN_INTERNAL, "there is no kernel source " + std::string(name));
  }
  return found->text;
}

// Appends a file once, its includes first where they stand.
void append(std::string_view name, std::vector<std::string_view>& done, std::string* out) {
  if (std::find(done.begin(), done.end(), name) != done.end()) return;
  done.push_back(name);
  constexpr std::string_view kInclude = "#include \"";
  std::string_view rest = find(name);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end);
    if (line.starts_with(kInclude)) {
      const std::string_view after = line.substr(kInclude.size());
      append(after.substr(0, after.find('"')), done, out);
    } else {
      *out += line;
    }
  }
  *out += '\n';
}

}  // namespace

std::string source_text(std::string_view name, std::string_view dialect) {
  std::string text(dialect);
  std::vector<std::string_view> done;
  append("portable.h", done, &text);
  append(std::string(name) + ".cl", done, &text);
  return text;
}

}  // namespace tenon::gpu

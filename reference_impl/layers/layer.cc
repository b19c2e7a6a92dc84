// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/layer.h"

#include <algorithm>

#include "reference_impl/layers/trace/trace.h"
#include "reference_impl/layers/validation/validation.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::layers {

std::vector<std::string> parse_layers(const std::string& text, const char* origin) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string name = text.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty()) continue;
    if (name != "validation" && name != "trace") {
      plugin::fail(TN_INVALID_ARGUMENT, nullptr,
                   "%s: there is no layer '%s'; there are: trace, validation", origin,
                   name.c_str());
    }
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

void insert_layers(const std::vector<std::string>& names, const Surroundings& surroundings,
                   tn_dispatch* table, Layered* layered) {
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    if (*name == "validation") {
      layered->validation = validation::make(surroundings, table);
    } else {
      layered->trace = trace::make(surroundings, table);
    }
  }
}

void insert_into_extensions(const std::vector<std::string>& names, Layered* layered) {
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    (*name == "validation" ? layered->validation : layered->trace)->insert(&layered->extensions);
  }
}

}  // namespace tenon::layers

// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/layer.h"

#include <algorithm>

#include "reference_impl/layers/fault/fault.h"
#include "reference_impl/layers/trace/trace.h"
#include "reference_impl/layers/validation/validation.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::layers {
namespace {

// Where a layer stands, and what makes it.
struct Maker {
  const char* name;
  std::unique_ptr<Layer> Layered::* place;
  std::unique_ptr<Layer> (*make)(const Surroundings&, tn_dispatch*);
};

constexpr Maker kMakers[] = {{"fault", &Layered::fault, fault::make},
                             {"trace", &Layered::trace, trace::make},
                             {"validation", &Layered::validation, validation::make}};

// NULL if there is no such layer.
const Maker* find(const std::string& name) {
  const auto* found = std::find_if(std::begin(kMakers), std::end(kMakers),
                                   [&](const Maker& maker) { return maker.name == name; });
  return found != std::end(kMakers) ? found : nullptr;
}

}  // namespace

std::vector<std::string> parse_layers(const std::string& text, const char* origin) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string name = text.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty()) continue;
    if (find(name) == nullptr) {
      plugin::fail(TN_INVALID_ARGUMENT, nullptr,
                   "%s: there is no layer '%s'; there are: fault, trace, validation", origin,
                   name.c_str());
    }
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

void insert_layers(const std::vector<std::string>& names, const Surroundings& surroundings,
                   tn_dispatch* table, Layered* layered) {
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    const Maker& maker = *find(*name);
    layered->*maker.place = maker.make(surroundings, table);
  }
}

void insert_into_extensions(const std::vector<std::string>& names, Layered* layered) {
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    (layered->*find(*name)->place)->insert(&layered->extensions);
  }
}

}  // namespace tenon::layers

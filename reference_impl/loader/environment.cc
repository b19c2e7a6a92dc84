// SPDX-License-Identifier: Apache-2.0
#include "environment.h"

#include <charconv>
#include <cstdlib>

#include "reference_impl/platform/platform.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {

std::string Environment::get(const char* name) const {
  if (elevated) return "";
  const char* value = lookup(name);
  return value != nullptr ? value : "";
}

namespace {

// All of the text as a number within the bounds; throws with what is allowed.
template <class Number>
Number parse(const char* name, const std::string& text, const char* kind, Number least,
             Number most) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || !(value >= least && value <= most)) {
    plugin::fail(TN_INVALID_ARGUMENT, nullptr, "%s is %s from %g to %g, not \"%.64s\"", name, kind,
                 static_cast<double>(least), static_cast<double>(most), text.c_str());
  }
  return value;
}

}  // namespace

int Environment::whole_number(const char* name, int least, int most, int otherwise) const {
  const std::string text = get(name);
  return text.empty() ? otherwise : parse(name, text, "a whole number", least, most);
}

double Environment::number(const char* name, double least, double most, double otherwise) const {
  const std::string text = get(name);
  return text.empty() ? otherwise : parse(name, text, "a number", least, most);
}

size_t Environment::choice(const char* name, std::span<const char* const> choices,
                           size_t otherwise) const {
  const std::string text = get(name);
  if (text.empty()) return otherwise;
  std::string allowed;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (text == choices[i]) return i;
    if (i > 0) allowed += i + 1 < choices.size() ? ", " : " or ";
    allowed += choices[i];
  }
  plugin::fail(TN_INVALID_ARGUMENT, nullptr, "%s is %s, not \"%.64s\"", name, allowed.c_str(),
               text.c_str());
}

Environment Environment::of_process() {
  Environment environment;
  environment.elevated = platform::is_elevated();
  environment.lookup = [](const char* name) -> const char* { return std::getenv(name); };
  return environment;
}

}  // namespace tenon::loader

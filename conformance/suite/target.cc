// SPDX-License-Identifier: Apache-2.0
#include "suite/target.h"

#include <cstring>
#include <stdexcept>

#include "suite/complaints.h"

namespace tenon::conformance {
namespace {

[[noreturn]] void fail_option(const std::string& option, const std::string& spec) {
  throw std::invalid_argument("'" + option + "' in '" + spec + "' is not KEY=VALUE");
}

}  // namespace

Spec Spec::parse(const std::string& text) {
  Spec spec;
  spec.text = text;
  std::string head = text;
  if (const size_t mark = text.find('?'); mark != std::string::npos) {
    head = text.substr(0, mark);
    std::string rest = text.substr(mark + 1);
    while (!rest.empty()) {
      const size_t end = rest.find('&');
      const std::string item = rest.substr(0, end);
      rest = end == std::string::npos ? "" : rest.substr(end + 1);
      const size_t equals = item.find('=');
      if (equals == std::string::npos || equals == 0) {
        fail_option(item, text);
      }
      spec.options.emplace_back(item.substr(0, equals), item.substr(equals + 1));
    }
  }
  const size_t colon = head.rfind(':');
  if (colon != std::string::npos && colon + 1 < head.size() &&
      head.find_first_not_of("0123456789", colon + 1) == std::string::npos) {
    spec.index = std::stoul(head.substr(colon + 1));
    head.resize(colon);
  }
  if (head.empty()) throw std::invalid_argument("'" + text + "' names no plugin");
  spec.plugin = head;
  return spec;
}

Target& Target::get() {
  static Target target;
  return target;
}

void Target::open(const Spec& spec) {
  spec_ = spec;
  loader_ = Loader({}, complaining_host());
  instance_ = loader_.open(spec.plugin);
  device_ = open_device();
  info_ = device_.info();
  for (const tn_operator_entry& row : device_.operators()) {
    OperatorRow& own = operators_.emplace_back(OperatorRow{row.domain, row.name, row.version});
    for (size_t t = 0; t < row.type_count; ++t) {
      uint64_t dtypes = 0;
      for (size_t i = 0; i < row.types[t].count; ++i) {
        dtypes |= uint64_t{1} << (row.types[t].dtypes[i] & 63);
      }
      own.types.emplace_back(row.types[t].constraint, dtypes);
    }
    if (!own.types.empty()) own.dtypes = own.types[0].second;
  }
}

void Target::close_device() { device_.reset(); }

void Target::close() {
  close_device();
  loader_.reset();
}

const OperatorRow* Target::find(const std::string& domain, const std::string& name) const {
  for (const OperatorRow& row : operators_) {
    if (row.domain == domain && row.name == name) return &row;
  }
  return nullptr;
}

Device Target::open_device() const {
  std::vector<tn_option> options;
  options.reserve(spec_.options.size());
  for (const auto& [key, value] : spec_.options) options.push_back({key.c_str(), value.c_str()});
  return instance_.open_device(spec_.index, options);
}

std::string Target::library() const {
  for (const tn_candidate_info& candidate : loader_.candidates()) {
    if (candidate.state == TN_CANDIDATE_OPEN &&
        std::strcmp(candidate.name, instance_.name()) == 0) {
      return candidate.library;
    }
  }
  const bool is_library =
      spec_.plugin.find('/') != std::string::npos && spec_.plugin.find(".so") != std::string::npos;
  return is_library ? spec_.plugin : "";
}

}  // namespace tenon::conformance

// SPDX-License-Identifier: Apache-2.0
#include "suite/target.h"

#include <bit>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "run/state.h"
#include "suite/complaints.h"
#include "suite/table.h"

namespace tenon::conformance {
namespace {

[[noreturn]] void fail_option(const std::string& option, const std::string& spec) {
  throw std::invalid_argument("'" + option + "' in '" + spec + "' is not KEY=VALUE");
}

// A text of a fixed field, whose end the plugin may have forgotten.
template <size_t size>
std::string text_of(const char (&field)[size]) {
  return std::string(field, strnlen(field, size));
}

// One that cannot be is said by TN-device-001 and TN-answer-001; no other test is to divide by it.
uint32_t usable_alignment(uint32_t said) {
  constexpr uint32_t kMost = 1u << 20;
  return std::has_single_bit(said) && said <= kMost ? said : 256;
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
  run_state().enter(Stage::kOpening, "opening the plugin");
  subject_ = {};
  subject_.spec = spec.text;
  loader_ = Loader({}, complaining_host());
  instance_ = loader_.open(spec.plugin);
  subject_.library = library();
  subject_.plugin = instance_.name();
  subject_.plugin_version = instance_.version();

  run_state().enter(Stage::kOpening, "counting the plugin's devices");
  if (const size_t count = instance_.device_count(); spec.index >= count) {
    throw std::runtime_error("the plugin has " + std::to_string(count) + " devices, and device " +
                             std::to_string(spec.index) +
                             " was asked for (TN-instance-007: it has at least one; where there is "
                             "no hardware instance_create answers TN_NO_DEVICE)");
  }
  run_state().enter(Stage::kOpening, "opening the device");
  device_ = open_device();
  if (!device_) throw std::runtime_error("device_open answered TN_OK and gave no device");
  run_state().enter(Stage::kOpening, "asking the device about itself");
  info_ = device_.info();
  info_.alignment = usable_alignment(info_.alignment);
  subject_.device = text_of(info_.name);
  subject_.vendor = text_of(info_.vendor);
  subject_.flags = info_.flags;

  run_state().enter(Stage::kOpening, "reading the device's table of operators");
  tn_operator_table table{};
  table.struct_size = sizeof(table);
  call(tn_device_get_operators, device_.get(), &table);
  Table read = read_table(table);
  subject_.operators = std::move(read.rows);
  table_problems_ = std::move(read.problems);
}

void Target::adopt(Subject subject) {
  spec_ = Spec::parse(subject.spec);
  subject_ = std::move(subject);
}

void Target::close_device() {
  run_state().enter(Stage::kClosing, "closing the device");
  device_.reset();
}

void Target::close() {
  close_device();
  run_state().enter(Stage::kClosing, "closing the plugin");
  loader_.reset();
}

const OperatorRow* Target::find(const std::string& domain, const std::string& name) const {
  for (const OperatorRow& row : operators()) {
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
  if (instance_) {
    for (const tn_candidate_info& candidate : loader_.candidates()) {
      if (candidate.state == TN_CANDIDATE_OPEN &&
          std::strcmp(candidate.name, instance_.name()) == 0) {
        return candidate.library;
      }
    }
  }
  if (!subject_.library.empty()) return subject_.library;  // As another process has found.
  // It did not open, so its manifest has to say.
  const std::filesystem::path path = spec_.plugin;
  if (!path.has_parent_path()) return "";
  if (path.extension() != ".json") return path;
  const std::string folder = path.parent_path();
  const Loader found(std::span(&folder, 1));
  for (const tn_candidate_info& candidate : found.candidates()) {
    std::error_code none;
    if (std::filesystem::equivalent(candidate.manifest, path, none)) return candidate.library;
  }
  return "";
}

}  // namespace tenon::conformance

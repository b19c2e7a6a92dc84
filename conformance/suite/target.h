// SPDX-License-Identifier: Apache-2.0
//
// The device under test: which one, and how it is opened.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "suite/subject.h"
#include "tenon/tenon.hpp"

namespace tenon::conformance {

// PLUGIN[:INDEX][?KEY=VALUE&...]; PLUGIN is a name, or the path of a manifest or library.
struct Spec {
  std::string text;
  std::string plugin;
  size_t index = 0;
  std::vector<std::pair<std::string, std::string>> options;

  // Throws std::invalid_argument.
  static Spec parse(const std::string& text);
};

// One for the process. The shared device stays open between tests, because opening a real one may
// take a second; tests that close or break a device open another.
class Target {
 public:
  static Target& get();

  // Throws std::runtime_error (tenon::Error is one) with what is wrong; what was opened until then
  // stays open.
  void open(const Spec& spec);
  // Which one it is, for tests that open nothing.
  void name(const Spec& spec) { spec_ = spec; }
  // Another process has opened it: of this one's, there is only what that one told.
  void adopt(Subject subject);
  // The device first, so that a test's leaks are reported before the report is written.
  void close_device();
  void close();

  const Spec& spec() const { return spec_; }
  const Loader& loader() const { return loader_; }
  const Instance& instance() const { return instance_; }
  const Device& device() const { return device_; }
  const tn_device_info& info() const { return info_; }
  const std::vector<OperatorRow>& operators() const { return subject_.operators; }
  const Subject& subject() const { return subject_; }
  const OperatorRow* find(const std::string& domain, const std::string& name) const;
  // What is wrong with the device's table of operators, of which operators() are the sound rows.
  const std::vector<std::string>& table_problems() const { return table_problems_; }
  Device open_device() const;
  // Path of the plugin's library; empty if the loader does not say.
  std::string library() const;

 private:
  Spec spec_;
  Loader loader_{static_cast<tn_loader*>(nullptr)};
  Instance instance_;
  Device device_;
  tn_device_info info_{};
  Subject subject_;
  std::vector<std::string> table_problems_;
};

}  // namespace tenon::conformance

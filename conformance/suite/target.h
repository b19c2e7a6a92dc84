// SPDX-License-Identifier: Apache-2.0
//
// The device under test: which one, and how it is opened.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

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

// A row of the device's static table, with strings of its own.
struct OperatorRow {
  std::string domain;
  std::string name;
  int32_t version = 0;
  uint64_t dtypes = 0;  // Of the first constraint that it lists.
  // Every constraint that it lists, with a bit for each type.
  std::vector<std::pair<std::string, uint64_t>> types = {};
  bool has(tn_dtype dtype) const { return dtype >= 0 && dtype < 64 && (dtypes >> dtype & 1) != 0; }
};

// One for the process. The shared device stays open between tests, because opening a real one may
// take a second; tests that close or break a device open another.
class Target {
 public:
  static Target& get();

  // Throws tenon::Error.
  void open(const Spec& spec);
  // The device first, so that a test's leaks are reported before the report is written.
  void close_device();
  void close();

  const Spec& spec() const { return spec_; }
  const Loader& loader() const { return loader_; }
  const Instance& instance() const { return instance_; }
  const Device& device() const { return device_; }
  const tn_device_info& info() const { return info_; }
  const std::vector<OperatorRow>& operators() const { return operators_; }
  const OperatorRow* find(const std::string& domain, const std::string& name) const;
  Device open_device() const;
  // Path of the plugin's library; empty if the loader does not say.
  std::string library() const;

 private:
  Spec spec_;
  Loader loader_{static_cast<tn_loader*>(nullptr)};
  Instance instance_;
  Device device_;
  tn_device_info info_{};
  std::vector<OperatorRow> operators_;
};

}  // namespace tenon::conformance

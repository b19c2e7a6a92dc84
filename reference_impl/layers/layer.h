// SPDX-License-Identifier: Apache-2.0
//
// Layers: functions that stand between hosts and a plugin, in the table that the loader makes. Off,
// they cost nothing, because then they are not there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::layers {

// One layer of one instance. Its functions find it by the table in their handle's first word.
class Layer {
 public:
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  // What stood in the table before: the next layer's functions or the plugin's.
  const tn_dispatch& below() const { return below_; }

 protected:
  explicit Layer(const tn_dispatch& below) : below_(below) {}

 private:
  const tn_dispatch below_;
};

// What tn_dispatch.loader points to begins with this.
struct Layered {
  std::unique_ptr<Layer> validation;
  std::unique_ptr<Layer> trace;
};

inline const Layered& layered(const tn_dispatch* table) {
  return *static_cast<const Layered*>(table->loader);
}
inline const Layered& layered(const void* handle) {
  return layered(static_cast<const tn_handle*>(handle)->dispatch);
}

// What a layer is told of the instance to come.
struct Surroundings {
  const tn_host* host;     // Outlives the instance.
  std::string plugin;      // Its name.
  std::string trace_file;  // TENON_TRACE_FILE, or empty.
};

// "trace,validation" as names. Throws plugin::Failure (TN_INVALID_ARGUMENT) for one that is no
// layer; `origin` says in the message who asked.
std::vector<std::string> parse_layers(const std::string& text, const char* origin);

// Puts the layers into the table, the first of `names` on the host's side. Throws plugin::Failure
// when one cannot start.
void insert_layers(const std::vector<std::string>& names, const Surroundings& surroundings,
                   tn_dispatch* table, Layered* layered);

}  // namespace tenon::layers

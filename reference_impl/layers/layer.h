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

// The tables of the extensions that tenon.h knows; struct_size is 0 where the plugin lacks one.
struct Extensions {
#define TN_EXTENSION(extension, table, name, version) table extension{};
#include "reference_impl/layers/extensions.inc"
};

// One layer of one instance. Its functions find it by the table in their handle's first word.
class Layer {
 public:
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  // What stood in the tables before: the next layer's functions or the plugin's.
  const tn_dispatch& below() const { return below_; }
  const Extensions& extensions_below() const { return extensions_below_; }

  // Puts the layer into the tables of extensions, which are not known before there is an instance.
  void insert(Extensions* tables) {
    extensions_below_ = *tables;
    replace(tables);
  }

 protected:
  explicit Layer(const tn_dispatch& below) : below_(below) {}

 private:
  virtual void replace(Extensions* tables) const = 0;

  const tn_dispatch below_;
  Extensions extensions_below_;
};

// What tn_dispatch.loader points to begins with this.
struct Layered {
  Extensions extensions;  // With the layers before the plugin's functions.
  std::unique_ptr<Layer> validation;
  std::unique_ptr<Layer> trace;
  std::unique_ptr<Layer> fault;
};

inline const Layered& layered(const tn_dispatch* table) {
  return *static_cast<const Layered*>(table->loader);
}
inline const Layered& layered(const void* handle) {
  return layered(static_cast<const tn_handle*>(handle)->dispatch);
}

// What a layer knows of the instance that is about to be made.
struct Surroundings {
  const tn_host* host;     // Outlives the instance.
  std::string plugin;      // Its name.
  std::string trace_file;  // TENON_TRACE_FILE, or empty.
  std::string faults;      // TENON_FAULT, or empty.
  uint32_t abi_minor;      // The plugin's.
};

// "trace,validation" as names. Throws plugin::Failure (TN_INVALID_ARGUMENT) for one that is no
// layer; `origin` says in the message who asked.
std::vector<std::string> parse_layers(const std::string& text, const char* origin);

// Puts the layers into the table, the first of `names` on the host's side. Throws plugin::Failure
// when one cannot start.
void insert_layers(const std::vector<std::string>& names, const Surroundings& surroundings,
                   tn_dispatch* table, Layered* layered);

// Puts them, in the same order, into `layered->extensions`.
void insert_into_extensions(const std::vector<std::string>& names, Layered* layered);

}  // namespace tenon::layers

// SPDX-License-Identifier: Apache-2.0
//
// Functions of the host that a plugin is to call exactly once: callbacks, and the releases of
// imported memory. The plugin is given functions of the layer with a token; a token is good for one
// call, so that a second one, one after the end, or one with something else is known for what it
// is.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "reference_impl/layers/validation/validation.h"

namespace tenon::layers::validation {

struct Promise {
  const char* function = "";  // Which made it: "tn_stream_callback", "tn_buffer_import".
  const char* rule = "";      // Which it breaks when it is not kept.
  std::shared_ptr<Record> device{};
  Validation* layer = nullptr;
  void* user = nullptr;
  tn_callback callback = nullptr;
  tn_release_fn release = nullptr;
  Clock before{};                    // A callback's: the work that comes before.
  std::shared_ptr<Record> buffer{};  // A release's, once it is known.
};

class Promises {
 public:
  // Those of this process. Never destroyed: plugins' threads may outlive everything else.
  static Promises& get();

  // The token for the plugin.
  void* make(Promise promise);
  // A release's buffer. False when the plugin has called it already.
  bool set_buffer(void* token, std::shared_ptr<Record> buffer);
  // The plugin keeps it. False if there is none: that has been reported.
  bool keep(void* token, const char* function, Promise* promise);
  // It was not made after all: the call that would have has failed.
  void withdraw(void* token);
  // Those of a device that were not kept, which now can be no more.
  std::vector<Promise> end(const Record* device);
  // An instance begins, and ends.
  uint64_t add_maker(Validation* layer);
  void forget(const Validation* layer);

 private:
  std::mutex mutex_;
  uint64_t last_ = 0;
  // By token: the number of the layer that made it, and its own.
  std::map<uint64_t, Promise> open_;
  std::map<uint64_t, Validation*> makers_;
  uint64_t last_maker_ = 0;
};

}  // namespace tenon::layers::validation

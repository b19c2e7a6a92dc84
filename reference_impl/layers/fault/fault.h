// SPDX-License-Identifier: Apache-2.0
//
// The fault layer of one instance: the plan, and what it knows of handles.
#pragma once

#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "reference_impl/layers/fault/plan.h"
#include "reference_impl/layers/layer.h"

namespace tenon::layers::fault {

// The layer, with its functions put into `table`. Throws plugin::Failure for a plan that is none.
std::unique_ptr<Layer> make(const Surroundings& surroundings, tn_dispatch* table);

// The generated functions (functions.cc).
void insert_faults(tn_dispatch* table);
void insert_faults(Extensions* tables);

class Fault : public Layer {
 public:
  Fault(const Surroundings& surroundings, tn_dispatch* table);

  static Fault& of(const void* handle) { return static_cast<Fault&>(*layered(handle).fault); }

  // Says what becomes of a call, in the host's log (component "fault").
  void tell(const char* function, uint64_t call, const std::string& what) const;
  // Makes the work on a stream fail, when it runs. False where the device has no means to.
  bool fail_stream(tn_device* device, tn_stream* stream) const;

  std::mutex mutex;  // Guards what follows.
  Plan plan;
  std::unordered_map<const void*, tn_device*> owners;  // Of all handles, the device's own as well.
  std::unordered_set<const tn_device*> lost;

 private:
  void replace(Extensions* tables) const override { insert_faults(tables); }

  const tn_host* const host_;
  const std::string plugin_;
};

}  // namespace tenon::layers::fault

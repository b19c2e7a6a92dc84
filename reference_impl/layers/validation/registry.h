// SPDX-License-Identifier: Apache-2.0
//
// Every handle that validated plugins of this process have made, also those that are gone: a handle
// that was destroyed is found again until its address is given to another one.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::layers::validation {

class Validation;

enum class Kind { kInstance, kDevice, kBuffer, kStream, kEvent, kConstant, kKernel };

const char* name_of(Kind kind);  // "tn_buffer"

template <class Handle>
struct KindOf;
#define TN_KIND(type, name)                   \
  template <>                                 \
  struct KindOf<type> {                       \
    static constexpr Kind value = Kind::name; \
  };
TN_KIND(tn_instance, kInstance)
TN_KIND(tn_device, kDevice)
TN_KIND(tn_buffer, kBuffer)
TN_KIND(tn_stream, kStream)
TN_KIND(tn_event, kEvent)
TN_KIND(tn_constant, kConstant)
TN_KIND(tn_kernel, kKernel)
#undef TN_KIND

// What is known of a handle. Fields behind `dead` are guarded by the layer's mutex.
struct Record {
  Kind kind;
  void* handle;
  Validation* layer;               // NULL when its instance has gone.
  std::shared_ptr<Record> device;  // NULL for instances and devices.
  std::string made;                // "tn_buffer_create(size 64, ...), the 3rd call on thread 1"
  std::string ended;               // By which call.
  std::atomic<bool> dead{false};

  Record(Kind kind, void* handle, Validation* layer, std::shared_ptr<Record> device,
         std::string made)
      : kind(kind),
        handle(handle),
        layer(layer),
        device(std::move(device)),
        made(std::move(made)) {}
  virtual ~Record() = default;
};

// "the tn_buffer made by ...".
std::string describe(const Record& record);

class Registry {
 public:
  // That of this process. Never destroyed: handles are used while the process ends.
  static Registry& get();

  // Replaces what is known of an earlier handle at this address.
  void add(std::shared_ptr<Record> record);
  // Live or dead; NULL when unknown.
  std::shared_ptr<Record> find(const void* handle) const;
  // From now on the handle is stale.
  void end(Record& record, const char* function);
  // The instance has gone: its records stay, but say so.
  void forget(const Validation* layer);
  // Live handles for which `wanted` holds, in the order they were made.
  template <class Wanted>
  std::vector<std::shared_ptr<Record>> live(Wanted wanted) const {
    std::vector<std::shared_ptr<Record>> found;
    const std::shared_lock lock(mutex_);
    for (const auto& record : order_) {
      if (!record->dead && wanted(*record)) found.push_back(record);
    }
    return found;
  }

 private:
  void prune();

  mutable std::shared_mutex mutex_;
  std::unordered_map<const void*, std::shared_ptr<Record>> records_;
  std::deque<std::shared_ptr<Record>> order_;
  size_t dead_ = 0;
};

}  // namespace tenon::layers::validation

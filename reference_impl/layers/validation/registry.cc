// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/validation/registry.h"

#include <algorithm>

namespace tenon::layers::validation {
namespace {

// How many dead handles are remembered, at least.
constexpr size_t kRemembered = 4096;

}  // namespace

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::kInstance:
      return "tn_instance";
    case Kind::kDevice:
      return "tn_device";
    case Kind::kBuffer:
      return "tn_buffer";
    case Kind::kStream:
      return "tn_stream";
    case Kind::kEvent:
      return "tn_event";
    case Kind::kConstant:
      return "tn_constant";
    case Kind::kKernel:
      return "tn_kernel";
  }
  return "handle";
}

std::string describe(const Record& record) {
  return std::string("the ") + name_of(record.kind) + " made by " + record.made;
}

Registry& Registry::get() {
  static Registry* const registry = new Registry;
  return *registry;
}

void Registry::add(std::shared_ptr<Record> record) {
  const std::unique_lock lock(mutex_);
  order_.push_back(record);
  const void* const handle = record->handle;
  records_[handle] = std::move(record);
  prune();
}

std::shared_ptr<Record> Registry::find(const void* handle) const {
  const std::shared_lock lock(mutex_);
  const auto found = records_.find(handle);
  return found != records_.end() ? found->second : nullptr;
}

void Registry::end(Record& record, const char* function) {
  const std::unique_lock lock(mutex_);
  record.ended = function;
  record.dead = true;
  ++dead_;
}

void Registry::forget(const Validation* layer) {
  const std::unique_lock lock(mutex_);
  for (const auto& record : order_) {
    if (record->layer == layer) record->layer = nullptr;
  }
}

// The dead of long ago are forgotten, many at a time, so that this is rare.
void Registry::prune() {
  if (dead_ < 2 * kRemembered) return;
  size_t surplus = dead_ - kRemembered;
  std::erase_if(order_, [&](const std::shared_ptr<Record>& record) {
    if (!record->dead || surplus == 0) return false;
    --surplus;
    const auto found = records_.find(record->handle);
    if (found != records_.end() && found->second == record) records_.erase(found);
    return true;
  });
  dead_ = kRemembered;
}

}  // namespace tenon::layers::validation

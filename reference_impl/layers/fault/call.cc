// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/fault/call.h"

#include <thread>

#include "tenon/cpp/error.hpp"
#include "tenon/tenon_plugin.hpp"

namespace tenon::layers::fault {
namespace {

tn_status status_of(Kind kind) {
  switch (kind) {
    case Kind::kMemory:
      return TN_OUT_OF_DEVICE_MEMORY;
    case Kind::kHostMemory:
      return TN_OUT_OF_MEMORY;
    case Kind::kInternal:
      return TN_INTERNAL;
    case Kind::kLost:
      return TN_DEVICE_LOST;
    default:
      return TN_OK;
  }
}

}  // namespace

Call::Call(const char* function, const void* first, tn_error* error)
    : function_(function), error_(error), layer_(Fault::of(first)) {
  std::chrono::milliseconds delay{};
  {
    const std::lock_guard lock(layer_.mutex);
    const auto owner = layer_.owners.find(first);
    if (owner != layer_.owners.end()) device_ = owner->second;
    const bool lost = device_ != nullptr && layer_.lost.contains(device_);
    const Rule* rule = layer_.plan.count(function);
    number_ = layer_.plan.calls_of(function);
    if (lost) {
      status_ = TN_DEVICE_LOST;
    } else if (rule != nullptr) {
      rule_ = rule->text;
      status_ = status_of(rule->kind);
      late_ = rule->kind == Kind::kLate;
      delay = rule->delay;
      if (rule->kind == Kind::kLost && device_ != nullptr) layer_.lost.insert(device_);
    }
  }
  if (delay.count() != 0) {
    layer_.tell(function_, number_, "is slow");
    std::this_thread::sleep_for(delay);
  } else if (!rule_.empty() && !late_ && error_ == nullptr && status_ != TN_OK) {
    layer_.tell(function_, number_, std::string("fails with ") + status_name(status_));
  }
}

void Call::may_be_late(tn_stream* stream) {
  if (!late_ || stream == nullptr) return;
  const bool done = layer_.fail_stream(device_, stream);
  layer_.tell(function_, number_,
              done ? "queues a failure before its work"
                   : "should fail late, but this device has nothing that does");
}

tn_status Call::failure() const {
  if (!rule_.empty()) {
    if (error_ != nullptr) {
      layer_.tell(function_, number_, std::string("fails with ") + status_name(status_));
    }
    return plugin::set_error(error_, status_, nullptr,
                             "tn_%s: call %llu fails, as TENON_FAULT says (%s)", function_,
                             static_cast<unsigned long long>(number_), rule_.c_str());
  }
  return plugin::set_error(error_, status_, nullptr,
                           "tn_%s: the device has been lost, as TENON_FAULT says", function_);
}

}  // namespace tenon::layers::fault

// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/validation/promises.h"

namespace tenon::layers::validation {
namespace {

constexpr int kMakerShift = 40;

uint64_t number_of(void* token) { return reinterpret_cast<uintptr_t>(token); }

}  // namespace

Promises& Promises::get() {
  static Promises* const promises = new Promises;
  return *promises;
}

void* Promises::make(Promise promise) {
  const std::lock_guard lock(mutex_);
  const uint64_t number = promise.layer->number() << kMakerShift | ++last_;
  open_.emplace(number, std::move(promise));
  return reinterpret_cast<void*>(number);
}

bool Promises::set_buffer(void* token, std::shared_ptr<Record> buffer) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(number_of(token));
  if (found == open_.end()) return false;
  found->second.buffer = std::move(buffer);
  return true;
}

bool Promises::keep(void* token, const char* function, Promise* promise) {
  Validation* maker = nullptr;
  bool given = false;
  {
    const std::lock_guard lock(mutex_);
    const uint64_t number = number_of(token);
    if (const auto found = open_.find(number); found != open_.end()) {
      *promise = std::move(found->second);
      open_.erase(found);
      return true;
    }
    const uint64_t own = number & ((uint64_t{1} << kMakerShift) - 1);
    given = own != 0 && own <= last_;
    const auto found_maker = makers_.find(number >> kMakerShift);
    if (found_maker != makers_.end()) maker = found_maker->second;
  }
  const bool release = function == std::string_view("tn_buffer_import");
  const char* const rule = release ? "TN-import-001" : "TN-callback-001";
  const std::string what =
      given ? std::string("called ") + (release ? "a release" : "a callback") +
                  " that it had called before, had refused, or whose device has been closed"
            : std::string("called ") + (release ? "a release" : "a callback") +
                  " with a user pointer that it was not given";
  if (maker != nullptr) {
    maker->report(TN_LOG_ERROR, rule, maker->of_plugin(function, what));
  } else {
    report_without_host(rule, std::string(function) + ": a plugin " + what);
  }
  return false;
}

void Promises::withdraw(void* token) {
  const std::lock_guard lock(mutex_);
  open_.erase(number_of(token));
}

std::vector<Promise> Promises::end(const Record* device) {
  const std::lock_guard lock(mutex_);
  std::vector<Promise> left;
  for (auto promise = open_.begin(); promise != open_.end();) {
    if (promise->second.device.get() != device) {
      ++promise;
      continue;
    }
    left.push_back(std::move(promise->second));
    promise = open_.erase(promise);
  }
  return left;
}

uint64_t Promises::add_maker(Validation* layer) {
  const std::lock_guard lock(mutex_);
  makers_[++last_maker_] = layer;
  return last_maker_;
}

void Promises::forget(const Validation* layer) {
  const std::lock_guard lock(mutex_);
  makers_.erase(layer->number());
  std::erase_if(open_, [layer](const auto& open) { return open.second.layer == layer; });
}

}  // namespace tenon::layers::validation

// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/validation/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "reference_impl/layers/validation/checked_call.h"
#include "reference_impl/layers/validation/promises.h"
#include "reference_impl/layers/validation/stale.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::layers::validation {
namespace {

// What the quarantine holds at most.
constexpr size_t kMostKept = 256;
constexpr uint64_t kMostKeptBytes = 1 << 20;

struct Sentence {
  const char* rule;
  const char* text;
};

constexpr Sentence kSentences[] = {
#define RULE(id, text) {id, text},
#include "reference_impl/layers/validation/sentences.inc"
#undef RULE
};

// The two functions that the loader alone calls.
tn_status TN_CALL instance_create(const tn_instance_desc* desc, tn_instance** instance,
                                  tn_error* error) {
  Validation& layer = Validation::of(desc->dispatch);
  tn_instance_desc watched = *desc;
  watched.host = layer.services();
  const tn_status status = layer.below().instance_create(&watched, instance, error);
  // Whether it is one, the loader says (start.cc).
  if (status == TN_OK && *instance != nullptr &&
      reinterpret_cast<const tn_handle*>(*instance)->dispatch == layer.table()) {
    Registry::get().add(std::make_shared<InstanceRecord>(
        Kind::kInstance, *instance, &layer, nullptr, "tn_loader_open(\"" + layer.plugin() + "\")"));
  }
  return status;
}

void TN_CALL instance_destroy(tn_instance* instance) {
  constexpr const char* kFunction = "tn_loader_destroy";
  Validation& layer = Validation::of(reinterpret_cast<const tn_handle*>(instance)->dispatch);
  const auto record = Registry::get().find(instance);
  layer.destroy_leaked(*record, kFunction, "TN-instance-006");
  layer.release(nullptr);
  destroy_below(*record, kFunction);
}

}  // namespace

const char* sentence_of(const char* rule) {
  for (const Sentence& sentence : kSentences) {
    if (std::strcmp(sentence.rule, rule) == 0) return sentence.text;
  }
  return "";
}

std::unique_ptr<Layer> make(const Surroundings& surroundings, tn_dispatch* table) {
  return std::make_unique<Validation>(surroundings, table);
}

Validation::Validation(const Surroundings& surroundings, tn_dispatch* table)
    : Layer(*table),
      host_(surroundings.host),
      services_(*this, *surroundings.host),
      plugin_(surroundings.plugin),
      plugin_is_newer_(surroundings.abi_minor > TN_ABI_MINOR),
      table_(table),
      number_(Promises::get().add_maker(this)) {
  insert_checks(table);
  table->instance_create = instance_create;
  table->instance_destroy = instance_destroy;
  watch_stale_handles();
}

void report_without_host(const char* rule, const std::string& message) {
  std::fprintf(stderr, "tenon: validation: %s [%s: %s]\n", message.c_str(), rule,
               sentence_of(rule));
}

std::string Validation::of_plugin(const char* function, const std::string& what) const {
  return std::string(function) + ": plugin '" + plugin_ + "' " + what + "; report it to its vendor";
}

Validation::~Validation() {
  Registry::get().forget(this);
  Promises::get().forget(this);
}

void Validation::report(tn_log_level level, const char* rule, const std::string& message) const {
  host_->log(host_->context, level, "validation",
             (message + " [" + rule + ": " + sentence_of(rule) + "]").c_str());
}

void Validation::keep(std::shared_ptr<Record> record, uint64_t bytes,
                      std::function<void()> destroy) {
  std::vector<Kept> gone;
  {
    const std::lock_guard lock(kept_mutex_);
    kept_.push_back({std::move(record), bytes, std::move(destroy)});
    kept_bytes_ += bytes;
    while (kept_.size() > kMostKept || kept_bytes_ > kMostKeptBytes) {
      kept_bytes_ -= kept_.front().bytes;
      gone.push_back(std::move(kept_.front()));
      kept_.pop_front();
    }
  }
  for (const Kept& kept : gone) kept.destroy();
}

bool Validation::keeps(const Record& record) {
  const std::lock_guard lock(kept_mutex_);
  return std::any_of(kept_.begin(), kept_.end(),
                     [&](const Kept& kept) { return kept.record.get() == &record; });
}

bool Validation::release_if(const std::function<bool(const Record&)>& wanted) {
  std::vector<Kept> gone;
  {
    const std::lock_guard lock(kept_mutex_);
    std::erase_if(kept_, [&](Kept& kept) {
      if (!wanted(*kept.record)) return false;
      kept_bytes_ -= kept.bytes;
      gone.push_back(std::move(kept));
      return true;
    });
  }
  for (const Kept& kept : gone) kept.destroy();
  return !gone.empty();
}

std::vector<std::string> Validation::look_at_dims(bool well) {
  std::vector<std::string> wrong;
  std::erase_if(awaited_, [&](const AwaitedDims& dims) {
    if (!order.finished(dims.work)) return false;
    for (size_t i = 0; well && i < dims.bound.size(); ++i) {
      if (dims.actual[i] >= 0 && dims.actual[i] <= dims.bound[i]) continue;
      wrong.push_back(
          of_plugin("tn_kernel_launch", fmt::format("wrote {} to {}[{}], where {} is the most",
                                                    dims.actual[i], dims.name, i, dims.bound[i])));
    }
    return true;
  });
  return wrong;
}

void Validation::forget_dims(const Record* device) {
  const std::lock_guard lock(mutex);
  std::erase_if(awaited_, [&](const AwaitedDims& dims) { return dims.device == device; });
}

void Validation::destroy_leaked(const Record& owner, const char* function, const char* rule) {
  const bool instance = owner.kind == Kind::kInstance;
  const auto leaked = Registry::get().live([&](const Record& record) {
    return instance ? record.layer == this && record.kind == Kind::kDevice
                    : record.device.get() == &owner;
  });
  for (const auto& record : leaked) {
    report(TN_LOG_ERROR, rule,
           std::string(function) + ": " + describe(*record) +
               " is left; destroy it before. The layer does so now");
  }
  // Streams last: what is destroyed on them may still be queued there.
  for (const bool streams : {false, true}) {
    for (const auto& record : leaked) {
      if (record->dead || (record->kind == Kind::kStream) != streams) continue;
      destroy_below(*record, function);
    }
  }
}

}  // namespace tenon::layers::validation

// SPDX-License-Identifier: Apache-2.0
//
// A liar is a plugin with one defect at the level of the ABI: a table of functions, with one or two
// replaced by ones that do it wrong. TENON_LIAR names the one that lies; liars.yaml says what each
// does and which tests must kill it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "conformance/mutants/wrapper.h"
#include "tenon/tenon_plugin.hpp"

// TN_LIAR(name) { table.slot = ...; }
#define TN_LIAR(name)                                                    \
  static void name(tn_dispatch& table);                                  \
  static const ::tenon::liar::Registered registered_##name(#name, name); \
  static void name([[maybe_unused]] tn_dispatch& table)

namespace tenon::liar {

using wrapper::sound;
using Mutate = void (*)(tn_dispatch& table);
using Entry = tn_status (*)(tn_status status, const tn_host* host, tn_plugin* plugin,
                            tn_error* error);

struct Registered {
  Registered(const char* name, Mutate mutate, Entry entry = nullptr);
};

// Whether the host's struct has the field that ends at `end`.
template <class T>
bool has(const T* given, size_t end) {
  return given != nullptr && given->struct_size >= end;
}
// Whether it is one that may be copied whole.
template <class T>
bool whole(const T* given) {
  return given != nullptr && given->struct_size == sizeof(T);
}

// What is known of a handle from its create to its destroy, and beyond.
template <class Key, class Value>
class Kept {
 public:
  void put(Key key, Value value) {
    const std::lock_guard guard(lock_);
    values_[key] = std::move(value);
  }
  Value get(Key key, Value otherwise = {}) {
    const std::lock_guard guard(lock_);
    const auto found = values_.find(key);
    return found == values_.end() ? otherwise : found->second;
  }
  // How it was before, which stays where there was one.
  Value first(Key key, Value value) {
    const std::lock_guard guard(lock_);
    return values_.try_emplace(key, std::move(value)).first->second;
  }
  void drop(Key key) {
    const std::lock_guard guard(lock_);
    values_.erase(key);
  }

 private:
  std::mutex lock_;
  std::map<Key, Value> values_;
};

// The function of a slot as a template may replace it.
template <auto slot>
using Function =
    std::remove_pointer_t<std::remove_reference_t<decltype(std::declval<tn_dispatch&>().*slot)>>;

template <class... Arguments>
tn_error* error_of(Arguments... arguments) {
  return std::get<sizeof...(Arguments) - 1>(std::tie(arguments...));
}

// A failure of the class or, where `failure` has a detail, of that detail alone is success.
template <auto slot, tn_status failure, class F = Function<slot>>
struct Forgiving;
template <auto slot, tn_status failure, class... Arguments>
struct Forgiving<slot, failure, tn_status(Arguments...)> {
  static tn_status TN_CALL call(Arguments... arguments) {
    const tn_status status = (sound().*slot)(arguments...);
    const bool meant =
        status == failure || (failure == TN_INVALID_ARGUMENT && TN_STATUS_CLASS(status) == failure);
    return meant ? static_cast<tn_status>(TN_OK) : status;
  }
};

template <auto slot, tn_status failure>
void forgive(tn_dispatch& table) {
  table.*slot = Forgiving<slot, failure>::call;
}

}  // namespace tenon::liar

// SPDX-License-Identifier: Apache-2.0
//
// The functions that a machine has been asked for, each made once.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace tenon::gpu {

// `Function` is a backend's own, made from (machine, source, definitions, name). Safe to call from
// any thread.
template <class Function>
class FunctionTable {
 public:
  template <class Machine>
  const Function& find(Machine& machine, std::string_view source, const std::string& definitions,
                       std::string_view name) {
    const std::string key = std::string(source) + '\n' + definitions + '\n' + std::string(name);
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Function>& function = functions_[key];
    if (function == nullptr) {
      function = std::make_unique<Function>(machine, source, definitions, name);
    }
    return *function;
  }
  void clear() { functions_.clear(); }

 private:
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Function>> functions_;
};

}  // namespace tenon::gpu

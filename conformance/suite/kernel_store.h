// SPDX-License-Identifier: Apache-2.0
//
// Kernels that the tests of one operator and type share: each description is made once, since some
// devices compile for a second.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "suite/described.h"

namespace tenon::conformance {

class KernelStore {
 public:
  static KernelStore& get();

  // Made now, or for a test before. Throws tenon::Error.
  const Kernel& kernel(const Described& described);
  // Since the last call.
  int take_creates();
  void clear() { kernels_.clear(); }

 private:
  std::map<std::string, std::unique_ptr<Kernel>> kernels_;
  int creates_ = 0;
  int unnamed_ = 0;
};

}  // namespace tenon::conformance

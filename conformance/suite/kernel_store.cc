// SPDX-License-Identifier: Apache-2.0
#include "suite/kernel_store.h"

#include <utility>

#include "suite/target.h"

namespace tenon::conformance {

KernelStore& KernelStore::get() {
  static KernelStore store;
  return store;
}

const Kernel& KernelStore::kernel(const Described& described) {
  std::string key = described.key();
  if (key.empty()) key = "constant " + std::to_string(unnamed_++);
  std::unique_ptr<Kernel>& kernel = kernels_[key];
  if (kernel == nullptr) {
    ++creates_;
    kernel = std::make_unique<Kernel>(Target::get().device(), described.desc());
  }
  return *kernel;
}

int KernelStore::take_creates() { return std::exchange(creates_, 0); }

}  // namespace tenon::conformance

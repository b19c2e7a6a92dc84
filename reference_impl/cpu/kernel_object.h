// SPDX-License-Identifier: Apache-2.0
//
// A kernel behind its handle: the implementation and what launches are checked against.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "reference_impl/cpu/constant.h"
#include "reference_impl/cpu/device.h"
#include "reference_impl/cpu/kernel.h"

namespace tenon::cpu {

// One input or output as described, for checking launches.
struct ArgumentSpec {
  tn_argument_kind kind = TN_ARGUMENT_ABSENT;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  uint32_t bits = 0;  // Of an element.
  int32_t rank = 0;
  int32_t alias = 0;                     // As in tn_argument.
  tn_layout layout = TN_LAYOUT_STRIDED;  // The kernel's choice where TN_LAYOUT_ANY was described.
  bool constrained = false;              // Some dim, bound or stride was given.
  // All dims are given, none is 0, and the form is a token or dense row-major: what a launch would
  // find out about such a tensor, known beforehand. See matches_as_described().
  bool fixed = false;
  uint64_t bytes = 0;                                // Where fixed.
  Constant* constant = nullptr;                      // Retained.
  std::array<int64_t, TN_MAX_RANK> dims{};           // TN_DYNAMIC where not given.
  std::array<int64_t, TN_MAX_RANK> dense_strides{};  // Where fixed.
  // What launches of fixed tensors do not look at comes last: kernels push each other's data out of
  // the caches, and every line that is fetched again costs as much as a check.
  std::array<int64_t, TN_MAX_RANK> max_dims{};  // 0 where not given.
  std::array<int64_t, TN_MAX_RANK> strides{};   // TN_DYNAMIC where not given.
};

class KernelObject : public DeviceObject {
 public:
  // Takes over the references in `inputs`.
  KernelObject(Device& device, std::string name, std::unique_ptr<Kernel> implementation,
               std::vector<ArgumentSpec> inputs, std::vector<ArgumentSpec> outputs)
      : DeviceObject(device),
        name_(std::move(name)),
        implementation_(std::move(implementation)),
        needs_workspace_(implementation_->needs_workspace()),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)) {}

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  const std::string& name() const { return name_; }
  const Kernel& implementation() const { return *implementation_; }
  // If not, no launch does: TN_KERNEL_NO_WORKSPACE.
  bool needs_workspace() const { return needs_workspace_; }
  const std::vector<ArgumentSpec>& inputs() const { return inputs_; }
  const std::vector<ArgumentSpec>& outputs() const { return outputs_; }

  // The workspace of launches on tensors that are all as described and fixed: check() and
  // workspace_size() see the same in each of them, so the first one asks for all.
  static constexpr uint64_t kUnknown = UINT64_MAX;
  uint64_t fixed_workspace() const { return fixed_workspace_.load(std::memory_order_relaxed); }
  void set_fixed_workspace(uint64_t size) {
    fixed_workspace_.store(size, std::memory_order_relaxed);
  }

 private:
  ~KernelObject() {
    for (const ArgumentSpec& input : inputs_) {
      if (input.constant != nullptr) input.constant->release();
    }
  }

  std::atomic<int64_t> references_{1};
  std::atomic<uint64_t> fixed_workspace_{kUnknown};
  const std::string name_;
  const std::unique_ptr<Kernel> implementation_;
  const bool needs_workspace_;
  const std::vector<ArgumentSpec> inputs_;
  const std::vector<ArgumentSpec> outputs_;
};

}  // namespace tenon::cpu

// SPDX-License-Identifier: Apache-2.0
//
// A kernel behind its handle: the implementations and what launches are checked against.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "reference_impl/device/constant.h"
#include "reference_impl/device/device.h"
#include "reference_impl/device/kernel_choice.h"
#include "reference_impl/device/served.h"
#include "tenon/device/kernel.h"

namespace tenon::device {

// One input or output as described, for checking launches. What launches of fixed tensors look at
// comes first: kernels push each other's data out of the caches, and every line that is fetched
// again costs as much as many checks.
struct alignas(64) ArgumentSpec {
  tn_argument_kind kind = TN_ARGUMENT_ABSENT;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  int32_t rank = 0;
  uint32_t bits = 0;                     // Of an element.
  tn_layout layout = TN_LAYOUT_STRIDED;  // The kernel's choice where TN_LAYOUT_ANY was described.
  uint64_t bytes = 0;                    // Where fixed.
  int32_t alias = 0;                     // As in tn_argument.
  // All dims are given, none is 0, and the form is a token or dense row-major: what a launch would
  // find out about such a tensor, known beforehand.
  bool fixed = false;
  bool constrained = false;                          // Some dim, bound or stride was given.
  Constant* constant = nullptr;                      // Retained.
  std::array<int64_t, TN_MAX_RANK> dims{};           // TN_DYNAMIC where not given.
  std::array<int64_t, TN_MAX_RANK> dense_strides{};  // Where fixed.
  std::array<int64_t, TN_MAX_RANK> max_dims{};       // 0 where not given.
  std::array<int64_t, TN_MAX_RANK> strides{};        // TN_DYNAMIC where not given.
  std::array<int64_t, TN_MAX_RANK> min_dims{};
  std::array<int32_t, TN_MAX_RANK> symbols{};  // 0 where not given.
  uint32_t alignment = 1;                      // Bytes, promised of the offset.
  bool dense = false;                          // Promised; the strides are not given.
};

class KernelObject : public DeviceObject {
 public:
  // `arguments`: `inputs` inputs, then the outputs. Takes over the references in them. `flags`: of
  // the description. `served`: where launches are counted, or null.
  KernelObject(OpenDevice& device, std::string name, ChosenKernel chosen,
               std::vector<ArgumentSpec> arguments, size_t inputs, uint32_t flags,
               ServedCount* served)
      : DeviceObject(device),
        chosen_(std::move(chosen)),
        arguments_(std::move(arguments)),
        inputs_(inputs),
        fixed_(std::ranges::all_of(arguments_, known_beforehand)),
        symbols_(std::ranges::any_of(arguments_, names_symbols)),
        subnormals_(SubnormalMode::bits((flags & TN_KERNEL_FLUSH_SUBNORMALS) != 0)),
        check_data_((flags & TN_KERNEL_CHECK_DATA) != 0),
        workspace_(dynamic_cast<const NeedsWorkspace*>(chosen_.kernel.get())),
        next_workspace_(dynamic_cast<const NeedsWorkspace*>(chosen_.next.get())),
        served_(served),
        name_(std::move(name)) {}

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  const std::string& name() const { return name_; }
  // Checks the arguments and says which kernel computes them.
  const Kernel& choose(const Arguments& arguments) const {
    if (chosen_.next == nullptr) {
      chosen_.kernel->check(arguments);
      return *chosen_.kernel;
    }
    chosen_.next->check(arguments);
    return chosen_.kernel->takes(arguments) ? *chosen_.kernel : *chosen_.next;
  }
  // The one that says what is valid: see kernel_choice.h.
  const Kernel& checker() const {
    return chosen_.next != nullptr ? *chosen_.next : *chosen_.kernel;
  }
  // Null: no launch that it computes needs a workspace.
  const NeedsWorkspace* workspace_of(const Kernel& kernel) const {
    return &kernel == chosen_.next.get() ? next_workspace_ : workspace_;
  }
  bool needs_workspace() const { return workspace_ != nullptr || next_workspace_ != nullptr; }
  uint64_t resident_bytes() const {
    return chosen_.kernel->resident_bytes() +
           (chosen_.next != nullptr ? chosen_.next->resident_bytes() : 0);
  }
  // A launch has gone to this one.
  void count(const Kernel& kernel) const {
    if (served_ == nullptr) return;
    const bool behind = chosen_.behind || &kernel == chosen_.next.get();
    (behind ? served_->behind : served_->own).fetch_add(1, std::memory_order_relaxed);
  }

  std::span<const ArgumentSpec> arguments() const { return arguments_; }
  std::span<const ArgumentSpec> inputs() const { return arguments().first(inputs_); }
  std::span<const ArgumentSpec> outputs() const { return arguments().subspan(inputs_); }
  // Whether some dims are described to be equal.
  bool has_symbols() const { return symbols_; }
  // Whether all of a launch but its memory is known beforehand.
  bool fixed() const { return fixed_; }
  bool checks_data() const { return check_data_; }
  // One of its kernels does its work, with subnormal numbers as described.
  void run(const Kernel& kernel, const Arguments& arguments, const Execution& execution) const {
    if ((SubnormalMode::word() & SubnormalMode::kFlush) != subnormals_) [[unlikely]] {
      return run_in_scope(kernel, arguments, execution);
    }
    kernel.run(arguments, execution);
  }

  // What launches of a fixed kernel find out is the same for each of them, so the first one finds
  // out for all. The kernel is null until then.
  struct Found {
    const Kernel* kernel;
    uint64_t workspace;
  };
  Found fixed_launch() const {
    const Kernel* kernel = found_kernel_.load(std::memory_order_acquire);
    return {kernel, found_workspace_.load(std::memory_order_relaxed)};
  }
  void set_fixed_launch(const Found& found) {
    found_workspace_.store(found.workspace, std::memory_order_relaxed);
    found_kernel_.store(found.kernel, std::memory_order_release);
  }

 private:
  [[gnu::noinline]] void run_in_scope(const Kernel& kernel, const Arguments& arguments,
                                      const Execution& execution) const {
    const SubnormalScope scope(subnormals_ != 0);
    kernel.run(arguments, execution);
  }
  ~KernelObject() {
    for (const ArgumentSpec& argument : arguments_) {
      if (argument.constant != nullptr) argument.constant->release();
    }
  }
  static bool names_symbols(const ArgumentSpec& spec) {
    return std::ranges::any_of(spec.symbols, [](int32_t symbol) { return symbol != 0; });
  }
  static bool known_beforehand(const ArgumentSpec& spec) {
    return spec.fixed || spec.kind == TN_ARGUMENT_CONSTANT || spec.kind == TN_ARGUMENT_ABSENT;
  }

  const ChosenKernel chosen_;
  const std::vector<ArgumentSpec> arguments_;
  const size_t inputs_;
  std::atomic<const Kernel*> found_kernel_{nullptr};
  std::atomic<uint64_t> found_workspace_{0};
  const bool fixed_;
  const bool symbols_;
  const SubnormalMode::Word subnormals_;  // As the thread must have it.
  const bool check_data_;
  const NeedsWorkspace* const workspace_;
  const NeedsWorkspace* const next_workspace_;
  ServedCount* const served_;
  std::atomic<int64_t> references_{1};
  const std::string name_;
};

}  // namespace tenon::device

// SPDX-License-Identifier: Apache-2.0
//
// A reference device some of whose operators answer zeros: the joint must notice. It is a platform
// of its own, with a family of products in the place of the reference device's.
//
// TENON_ZERO_OPERATORS is a comma separated list of names, each with a comma before and behind.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/platform.h"
#include "tenon/device/entry.h"

namespace tenon::cpu {

namespace {

void write_zeros(const View& view, int32_t axis, std::byte* at) {
  const size_t bytes = tn_dtype_bits(view.dtype) / 8;
  if (axis == view.rank) {
    std::memset(at, 0, bytes);
    return;
  }
  for (int64_t i = 0; i < view.dims[axis]; ++i) {
    write_zeros(view, axis + 1, at + i * view.strides[axis] * static_cast<int64_t>(bytes));
  }
}

class ZeroKernel final : public Kernel, public NeedsWorkspace {
 public:
  explicit ZeroKernel(std::unique_ptr<Kernel> kernel) : kernel_(std::move(kernel)) {}

  void check(const Arguments& arguments) const override { kernel_->check(arguments); }
  uint64_t workspace_size(const Arguments& arguments) const override {
    return device::workspace_size(*kernel_, arguments);
  }
  void run(const Arguments& arguments, const Execution&) const override {
    for (const View& output : arguments.outputs) {
      if (output.present() && output.count() > 0) write_zeros(output, 0, output.data);
    }
  }
  tn_layout input_layout(size_t i, tn_layout described) const override {
    return kernel_->input_layout(i, described);
  }

 private:
  std::unique_ptr<Kernel> kernel_;
};

std::unique_ptr<Kernel> create_zero(const Description& description) {
  for (const OperatorEntry& entry : contraction_operators()) {
    if (description.name() == entry.name) {
      return std::make_unique<ZeroKernel>(entry.create(description));
    }
  }
  throw KernelError(TN_INTERNAL, "no such operator");
}

std::vector<OperatorEntry> broken_operators() {
  const std::string names = TENON_ZERO_OPERATORS;
  const auto real = contraction_operators();
  std::vector<OperatorEntry> entries(real.begin(), real.end());
  for (OperatorEntry& entry : entries) {
    if (names.find("," + std::string(entry.name) + ",") != std::string::npos) {
      entry.create = create_zero;
    }
  }
  return entries;
}

std::span<const OperatorEntry> zeroed_contraction_operators() {
  static const std::vector<OperatorEntry> entries = broken_operators();
  return entries;
}

std::vector<Family> broken_families() {
  const auto real = reference_families();
  std::vector<Family> families(real.begin(), real.end());
  for (Family& family : families) {
    if (family.operators == contraction_operators) family.operators = zeroed_contraction_operators;
  }
  return families;
}

const Platform& broken_platform() {
  static const std::vector<Family> families = broken_families();
  static const Platform self = [] {
    Platform made = platform();
    made.families = families;
    return made;
  }();
  return self;
}

}  // namespace
}  // namespace tenon::cpu

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* out,
                                                       tn_error* error) {
  return tenon::device::enter<tenon::cpu::broken_platform>(host, out, error);
}

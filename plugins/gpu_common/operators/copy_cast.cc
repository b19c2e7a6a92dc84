// SPDX-License-Identifier: Apache-2.0
//
// Identity (the strided copy) and Cast.
#include "plugins/gpu_common/operators/copy.h"
#include "plugins/gpu_common/operators/elementwise.h"
#include "tenon/device/operators/copies.h"

namespace tenon::gpu {
namespace {

class Identity final : public KernelOf<device::IdentityOperator> {
 public:
  explicit Identity(const Description& d) : KernelOf(d), copy_(d, d.input_dtype(0)) {}

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    return std::make_unique<Identity>(d);
  }
  void enqueue(const Arguments& a, Queue& queue) const override {
    copy_.enqueue(a.outputs[0], a.inputs[0], queue);
  }

 private:
  const Copy copy_;
};

std::unique_ptr<device::Kernel> create_cast(const Description& d) {
  // Saturation is for 8-bit floats, which kernels do not have.
  const device::CastOperator checked(d);
  if (d.input_dtype(0) == d.output_dtype(0)) return std::make_unique<Identity>(d);
  return make_elementwise(d, {Group::kCast, OP_Cast, 1});
}

}  // namespace

Rows copy_operators() {
  static const std::vector<OperatorEntry> kEntries = [] {
    std::vector<OperatorEntry> rows{{op::kIdentity, kMovedTypes, Identity::create}};
    for (const OperatorId& id : op::kIdentityVersions)
      rows.push_back({id, kMovedTypes, Identity::create});
    return rows;
  }();
  return kEntries;
}

Rows cast_operators() {
  static const std::vector<OperatorEntry> kEntries = [] {
    std::vector<OperatorEntry> rows{{op::kCast, device::kComputedTypes, create_cast}};
    for (const OperatorId& id : op::kCastVersions)
      rows.push_back({id, device::kComputedTypes, create_cast});
    return rows;
  }();
  return kEntries;
}

}  // namespace tenon::gpu

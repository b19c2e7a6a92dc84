// SPDX-License-Identifier: Apache-2.0
//
// Identity (the strided copy) and Cast.
#include "plugins/gpu_common/operators/copy.h"
#include "plugins/gpu_common/operators/elementwise.h"
#include "tenon/device/operators/shape.h"

namespace tenon::gpu {
namespace {

class Identity final : public Kernel {
 public:
  explicit Identity(const Description& d) : copy_(d, d.input_dtype(0)) {}

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    require_one_type(d, 1);
    return std::make_unique<Identity>(d);
  }
  void check(const Arguments& a) const override {
    device::check_output("Identity", "Y", a, 0, a.inputs[0].shape());
  }
  void enqueue(const Arguments& a, Queue& queue) const override {
    copy_.enqueue(a.outputs[0], a.inputs[0], queue);
  }

 private:
  const Copy copy_;
};

std::unique_ptr<device::Kernel> create_cast(const Description& d) {
  require_arity(d, 1);
  const tn_dtype from = d.input_dtype(0), to = d.output_dtype(0);
  if (d.has_attribute("to") && d.integer("to") != to) {
    device::throw_invalid("Cast", std::string("attribute `to` and the output's type ") +
                                      device::dtype_name(to) + " differ");
  }
  d.integer("saturate");  // Only for 8-bit floats, which kernels do not have,
  d.text("round_mode");   // and for a type that the ABI does not have.
  if (from == to) return std::make_unique<Identity>(d);
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

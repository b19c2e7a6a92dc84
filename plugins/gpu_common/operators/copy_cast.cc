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
  if (d.integer("to", to) != to) {
    device::throw_invalid("Cast", std::string("attribute `to` and the output's type ") +
                                      device::dtype_name(to) + " differ");
  }
  d.integer("saturate", 1);    // Only for 8-bit floats, which kernels do not have,
  d.text("round_mode", "up");  // and for a type that the ABI does not have.
  if (from == to) return std::make_unique<Identity>(d);
  return make_elementwise(d, {Group::kCast, OP_Cast, 1});
}

constexpr OperatorEntry identity(int32_t version) {
  return {"",          "Identity",       version,
          kMovedTypes, Identity::create, device::types_of_identity(version)};
}
constexpr OperatorEntry cast(int32_t version) {
  return {"", "Cast", version, device::kComputedTypes, create_cast, device::kTypesOfCast};
}

}  // namespace

Rows copy_operators() {
  static const OperatorEntry kEntries[] = {identity(25), identity(24), identity(23),
                                           identity(21), identity(19), identity(16),
                                           identity(14), identity(13), identity(1)};
  return kEntries;
}

Rows cast_operators() {
  static const OperatorEntry kEntries[] = {cast(25), cast(24), cast(23), cast(21),
                                           cast(19), cast(13), cast(9),  cast(6)};
  return kEntries;
}

}  // namespace tenon::gpu

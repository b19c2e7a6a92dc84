// SPDX-License-Identifier: Apache-2.0
//
// Operators of two inputs that are one oneDNN binary primitive.
#include "operators.h"
#include "post_steps.h"
#include "primitive_kernel.h"
#include "tenon/device/operators/description_checks.h"
#include "tenon/device/operators/shape.h"

namespace tenon::onednn {
namespace {

using dnnl::algorithm;

// In strided form the reference device's kernels do as well as oneDNN's or better, whatever the
// shapes (docs/decisions/onednn-or-reference.md). This one is for tensors in a token, so that the
// form flows through: of both inputs, or of the first while the second is broadcast to it.
class Binary final : public PrimitiveKernel {
 public:
  Binary(const Description& d, algorithm algorithm) : algorithm_(algorithm), name_(d.name()) {
    require_float32(d, 2);
    device::require_inputs(d, 2);
    const Described y = Described::of(d.output(0));
    for (size_t i = 0; i < 2; ++i) {
      const Described x = Described::of(d.input(i));
      whole_[i] = x.known && y.known && x.strided.dims == y.strided.dims;
      in_token_[i] = x.is_token();
      if (whole_[i] && in_token_[i]) layout_ = x.layout;
    }
    if (layout_ == TN_LAYOUT_STRIDED) {
      throw KernelError(TN_UNSUPPORTED, name_ + ": oneDNN's is for tensors in a token");
    }
    // Its first operand is never broadcast. These two do not mind an exchange.
    const bool exchanges =
        algorithm_ == algorithm::binary_add || algorithm_ == algorithm::binary_mul;
    first_ = whole_[0] ? 0 : 1;
    if (first_ == 1 && !exchanges) {
      throw KernelError(TN_UNSUPPORTED, name_ + ": oneDNN broadcasts its second operand alone");
    }
  }

  void check(const Arguments& a) const override { device::check_broadcast(name_, a.inputs, a); }
  // A small operand may be in the same token, or strided.
  tn_layout input_layout(size_t i, tn_layout) const override {
    return whole_[i] || in_token_[i] ? layout_ : TN_LAYOUT_STRIDED;
  }
  tn_layout output_layout(size_t, tn_layout) const override { return layout_; }

 protected:
  void build(const Arguments& a, Program& p) const override {
    const size_t second = 1 - first_;
    const View& small = a.inputs[second];
    const auto rank = static_cast<size_t>(a.outputs[0].rank);
    const auto x = p.input(first_, a.inputs[first_]);
    const auto y = small.layout != TN_LAYOUT_STRIDED
                       ? p.input(second, small)
                       : p.input(second, PostSteps::seen_as(small, rank));
    const auto z = p.output(0, a.outputs[0]);
    const dnnl::binary::primitive_desc pd(engine(), algorithm_, p.md(x), p.md(y), p.md(z),
                                          attributes_of());
    p.execute<dnnl::binary>(pd, {{DNNL_ARG_SRC_0, x}, {DNNL_ARG_SRC_1, y}, {DNNL_ARG_DST, z}});
  }

 private:
  const algorithm algorithm_;
  const std::string name_;
  tn_layout layout_ = TN_LAYOUT_STRIDED;
  bool whole_[2] = {};     // By input: it has the output's dims.
  bool in_token_[2] = {};  // It is described in one.
  size_t first_ = 0;
};

template <algorithm kAlgorithm>
std::unique_ptr<Kernel> create_binary(const Description& d) {
  auto kernel = std::make_unique<Binary>(d, kAlgorithm);
  kernel->prepare(d);
  return kernel;
}

}  // namespace

std::span<const device::OperatorEntry> binary_operators() {
  static const device::OperatorEntry kEntries[] = {
      {op::kAdd, kFloat32, create_binary<algorithm::binary_add>},
      {op::kSub, kFloat32, create_binary<algorithm::binary_sub>},
      {op::kMul, kFloat32, create_binary<algorithm::binary_mul>},
      {op::kDiv, kFloat32, create_binary<algorithm::binary_div>},
  };
  return kEntries;
}

}  // namespace tenon::onednn

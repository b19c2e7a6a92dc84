// SPDX-License-Identifier: Apache-2.0
//
// tenon.FusedConv and tenon.FusedMatMul: the product's kernel, then that of each step in place on
// the output.
#include "reference_impl/cpu/kernels/contraction.h"
#include "reference_impl/cpu/kernels/step_kernels.h"
#include "tenon/device/operators/description_part.h"

namespace tenon::cpu {
namespace {

class Fused final : public Kernel, public NeedsWorkspace {
 public:
  Fused(const Description& d, size_t product_inputs, std::unique_ptr<Kernel> product)
      : product_inputs_(product_inputs),
        product_(std::move(product)),
        steps_(d, read_steps(d, product_inputs), 0, product_inputs) {}

  void check(const Arguments& a) const override {
    product_->check(product_arguments(a));
    steps_.check(a);
  }

  uint64_t workspace_size(const Arguments& a) const override {
    return cpu::workspace_size(*product_, product_arguments(a));
  }

  void run(const Arguments& a, const Execution& execution) const override {
    product_->run(product_arguments(a), execution);
    steps_.run(a, execution);
  }

  tn_layout input_layout(size_t i, tn_layout described) const override {
    return i < product_inputs_ ? product_->input_layout(i, described) : TN_LAYOUT_STRIDED;
  }

 private:
  Arguments product_arguments(const Arguments& a) const {
    Arguments part = a;
    part.inputs = a.inputs.first(std::min(product_inputs_, a.inputs.size()));
    return part;
  }

  const size_t product_inputs_;
  const std::unique_ptr<Kernel> product_;
  const StepKernels steps_;
};

}  // namespace

std::unique_ptr<Kernel> create_fused_conv(const Description& d) {
  const std::vector<int64_t> lists[] = {d.integers("dilations"), d.integers("kernel_shape"),
                                        d.integers("pads"), d.integers("strides")};
  const char* const names[] = {"dilations", "kernel_shape", "pads", "strides"};
  const int64_t group = d.integer("group");
  static constexpr tn_argument kAbsent{};
  DescriptionPart part(op::kConv);
  part.input(&d.input(0));
  part.input(&d.input(1));
  part.input(d.has_input(2) ? &d.input(2) : &kAbsent);
  for (size_t i = 0; i < 4; ++i) {
    if (!lists[i].empty()) part.attribute(names[i], lists[i]);
  }
  part.attribute("group", &group);
  return std::make_unique<Fused>(d, 3, part.make(create_conv, d, &d.output(0)));
}

std::unique_ptr<Kernel> create_fused_matmul(const Description& d) {
  DescriptionPart part(op::kMatMul);
  part.input(&d.input(0));
  part.input(&d.input(1));
  return std::make_unique<Fused>(d, 2, part.make(create_matmul, d, &d.output(0)));
}

}  // namespace tenon::cpu

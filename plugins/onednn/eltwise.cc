// SPDX-License-Identifier: Apache-2.0
//
// Operators of one input that are one oneDNN eltwise primitive. The input may be in any layout; the
// output is in the same one.
#include <cmath>
#include <limits>

#include "operators.h"
#include "primitive_kernel.h"
#include "tenon/device/operators/elementwise.h"
#include "tenon/device/operators/shape.h"

namespace tenon::onednn {
namespace {

using dnnl::algorithm;

// Both views step through memory in the same dense order, whatever it is.
bool same_order(const View& x, const View& y) {
  const Strided a = Strided::of(x), b = Strided::of(y);
  if (a.strides != b.strides || !a.plain()) return false;
  int64_t reach = 1;
  for (size_t i = 0; i < a.dims.size(); ++i) {
    if (a.dims[i] != 1) reach += (a.dims[i] - 1) * a.strides[i];
  }
  return reach == a.count();
}

class Eltwise final : public PrimitiveKernel {
 public:
  Eltwise(const Description& d, algorithm algorithm, float alpha, float beta)
      : algorithm_(algorithm), alpha_(alpha), beta_(beta), name_(d.name()) {
    require_float32(d, 1);
    device::require_inputs(d, 1);
    layout_ = d.input(0).layout;
    if (layout_ == TN_LAYOUT_ANY) layout_ = TN_LAYOUT_STRIDED;
  }

  void check(const Arguments& a) const override {
    device::check_output(name_, "the output", a, 0, a.inputs[0].shape());
    if (a.outputs[0].layout != a.inputs[0].layout) {
      throw KernelError(TN_UNSUPPORTED, name_ + ": the output must be in the input's layout");
    }
  }
  tn_layout input_layout(size_t, tn_layout) const override { return layout_; }
  tn_layout output_layout(size_t, tn_layout) const override { return layout_; }

 protected:
  bool worth(const Arguments& a) const override {
    // Of strided tensors: from where on oneDNN's vectors make up for its start.
    constexpr int64_t kLeast = 16384;
    const View& x = a.inputs[0];
    return x.layout != TN_LAYOUT_STRIDED || (computes_ && x.count() >= kLeast);
  }

  void build(const Arguments& a, Program& p) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    Program::Operand src, dst;
    if (x.layout != TN_LAYOUT_STRIDED) {
      src = p.input(0, x);
      dst = p.output(0, y);
    } else if (same_order(x, y)) {
      const Md flat = Strided::dense({x.count()}).md();
      src = p.input(0, flat);
      dst = p.output(0, flat);
    } else {
      src = p.dense_input(0, x, {x.count()});
      dst = p.dense_output(0, y, {y.count()});
    }
    if (name_ == "Relu") return add_relu(src, dst, p);
    const dnnl::eltwise_forward::primitive_desc pd(engine(), dnnl::prop_kind::forward_inference,
                                                   algorithm_, p.md(src), p.md(dst), alpha_, beta_,
                                                   attributes_of());
    p.execute<dnnl::eltwise_forward>(pd, {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}});
  }

 private:
  // oneDNN's own makes NaN 0. max(0, x), in this order, keeps it; the 0 is "less than -infinity",
  // which nothing is. Both in one primitive for which oneDNN makes vector code.
  static void add_relu(Program::Operand src, Program::Operand dst, Program& p) {
    const Md md = p.md(src);
    const Md one = Strided::dense(Dims(md.get_dims().size(), 1)).md();
    dnnl::post_ops post;
    post.append_binary(algorithm::binary_max, md);
    dnnl::primitive_attr attributes = attributes_of();
    attributes.set_post_ops(post);
    const dnnl::binary::primitive_desc pd(engine(), algorithm::binary_lt, md, one, p.md(dst),
                                          attributes);
    p.execute<dnnl::binary>(
        pd, {{DNNL_ARG_SRC_0, src},
             {DNNL_ARG_SRC_1, p.constant(one, -std::numeric_limits<float>::infinity())},
             {DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, src},
             {DNNL_ARG_DST, dst}});
  }

  const algorithm algorithm_;
  const float alpha_;
  const float beta_;
  const std::string name_;
  // It computes for longer than its memory takes to come.
  const bool computes_ = name_ != "Relu" && name_ != "LeakyRelu" && name_ != "Abs" &&
                         name_ != "Neg" && name_ != "Round";
  tn_layout layout_;
};

std::unique_ptr<Kernel> make(const Description& d, algorithm algorithm, float alpha = 0,
                             float beta = 0) {
  auto kernel = std::make_unique<Eltwise>(d, algorithm, alpha, beta);
  kernel->prepare(d);
  return kernel;
}

template <algorithm kAlgorithm, int kAlphaTenths = 0, int kBetaTenths = 0>
std::unique_ptr<Kernel> simple(const Description& d) {
  return make(d, kAlgorithm, kAlphaTenths / 10.0f, kBetaTenths / 10.0f);
}

std::unique_ptr<Kernel> create_elu(const Description& d) {
  return make(d, algorithm::eltwise_elu, device::elementwise_numbers(d).first);
}
std::unique_ptr<Kernel> create_leaky_relu(const Description& d) {
  const float alpha = device::elementwise_numbers(d).first;
  if (alpha == 0 || !std::isfinite(alpha)) {
    throw KernelError(TN_UNSUPPORTED, "LeakyRelu: oneDNN's loses NaN with this alpha");
  }
  return make(d, algorithm::eltwise_relu, alpha);
}
std::unique_ptr<Kernel> create_hard_swish(const Description& d) {
  return make(d, algorithm::eltwise_hardswish, 1.0f / 6, 0.5f);
}
std::unique_ptr<Kernel> create_swish(const Description& d) {
  return make(d, algorithm::eltwise_swish, device::elementwise_numbers(d).first);
}
std::unique_ptr<Kernel> create_gelu(const Description& d) {
  if (device::is_tanh_gelu(d)) return make(d, algorithm::eltwise_gelu_tanh);
  throw KernelError(TN_UNSUPPORTED, "Gelu: oneDNN's erf is less exact than the operator must be");
}

}  // namespace

std::span<const device::OperatorEntry> eltwise_operators() {
  static const device::OperatorEntry kEntries[] = {
      {op::kRelu, kFloat32, simple<algorithm::eltwise_relu>},
      {op::kLeakyRelu, kFloat32, create_leaky_relu},
      {op::kTanh, kFloat32, simple<algorithm::eltwise_tanh>},
      {op::kSigmoid, kFloat32, simple<algorithm::eltwise_logistic>},
      {op::kSqrt, kFloat32, simple<algorithm::eltwise_sqrt>},
      {op::kAbs, kFloat32, simple<algorithm::eltwise_abs>},
      {op::kNeg, kFloat32, simple<algorithm::eltwise_linear, -10>},
      {op::kReciprocal, kFloat32, simple<algorithm::eltwise_pow, 10, -10>},
      {op::kRound, kFloat32, simple<algorithm::eltwise_round>},
      {op::kElu, kFloat32, create_elu},
      {op::kGelu, kFloat32, create_gelu},
      {op::kHardSwish, kFloat32, create_hard_swish},
      {op::kMish, kFloat32, simple<algorithm::eltwise_mish>},
      {op::kSwish, kFloat32, create_swish},
      {op::kTenonSilu, kFloat32, simple<algorithm::eltwise_swish, 10>},
  };
  return kEntries;
}

}  // namespace tenon::onednn

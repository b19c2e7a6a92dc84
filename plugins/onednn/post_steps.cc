// SPDX-License-Identifier: Apache-2.0
#include "post_steps.h"

#include <algorithm>
#include <cmath>

#include "primitive_kernel.h"

namespace tenon::onednn {
namespace {

using dnnl::algorithm;

// oneDNN takes 32.
constexpr size_t kMostPostOps = 24;

// Whether 0 stays 0, which is what lies between the elements of a padded form and must stay there.
bool keeps_zero(const Step& step) {
  switch (step.kind()) {
    case StepKind::kRelu:
    case StepKind::kLeakyRelu:
    case StepKind::kHardSwish:
    case StepKind::kTanh:
    case StepKind::kSilu:
    case StepKind::kGelu:
    case StepKind::kGeluTanh:
      return true;
    case StepKind::kClip:
      return !(step.parameters[0] > 0) && !(step.parameters[1] < 0);
    default:
      return false;
  }
}

int64_t element_count(const Dims& dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  return count;
}

}  // namespace

std::optional<PostSteps::PostOp> PostSteps::post_op_of(const Step& step, size_t operand) {
  const auto binary = [&](algorithm a) { return PostOp{a, 0, 0, operand}; };
  switch (step.kind()) {
    case StepKind::kAdd:
      return binary(algorithm::binary_add);
    case StepKind::kSub:
      return binary(algorithm::binary_sub);
    case StepKind::kMul:
      return binary(algorithm::binary_mul);
    case StepKind::kDiv:
      return binary(algorithm::binary_div);
    case StepKind::kRelu:
      // oneDNN's own makes NaN 0. This is 0 * (exp(x) - 1) where x is not above 0, and exp(NaN) is
      // infinity there.
      return PostOp{algorithm::eltwise_elu, 0, 0};
    case StepKind::kLeakyRelu:
      // With 0 it is Relu to oneDNN.
      if (step.parameters[0] == 0 || !std::isfinite(step.parameters[0])) return std::nullopt;
      return PostOp{algorithm::eltwise_relu, step.parameters[0], 0};
    case StepKind::kHardSwish:
      return PostOp{algorithm::eltwise_hardswish, 1.0f / 6, 0.5f};
    case StepKind::kSigmoid:
      return PostOp{algorithm::eltwise_logistic};
    case StepKind::kTanh:
      return PostOp{algorithm::eltwise_tanh};
    case StepKind::kSilu:
      return PostOp{algorithm::eltwise_swish, 1, 0};
    case StepKind::kGeluTanh:
      return PostOp{algorithm::eltwise_gelu_tanh};
    case StepKind::kGelu:         // NaN of infinity, infinity of large numbers.
    case StepKind::kClip:         // Loses NaN,
    case StepKind::kHardSigmoid:  // and so does this.
      return std::nullopt;
  }
  return std::nullopt;
}

PostSteps::PostSteps(const Description& description, const device::FusedSteps& steps)
    : steps_(steps) {
  constexpr size_t kMostInputs = PrimitiveKernel::kMostArguments - 1;
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (steps_.operand_of(i) < kMostInputs) continue;
    throw KernelError(TN_UNSUPPORTED, steps_.name_of(i) + ": oneDNN's kernels take " +
                                          std::to_string(kMostInputs) + " inputs at most");
  }
  for (size_t i = 0; i < steps_.size() && i < kMostPostOps; ++i) {
    const auto post_op = post_op_of(steps_[i], steps_.operand_of(i));
    if (!post_op) break;
    post_.push_back(*post_op);
  }
  rest_ = cpu::StepKernels(description, steps_, post_.size());
}

void PostSteps::append(size_t i, dnnl::post_ops& post, const Md& operand) const {
  const PostOp& op = post_[i];
  if (op.input != 0) {
    post.append_binary(op.algorithm, operand);
  } else {
    post.append_eltwise(op.algorithm, op.alpha, op.beta);
  }
}

bool PostSteps::same_by(const char* implementation) const {
  const auto is_sigmoid = [](const PostOp& op) {
    return op.algorithm == algorithm::eltwise_logistic;
  };
  return std::string_view(implementation).find("gemm") == std::string_view::npos ||
         std::ranges::none_of(post_, is_sigmoid);
}

size_t PostSteps::first_misfit(bool padded) const {
  size_t i = post_.size();
  while (i < steps_.size() && steps_.operand_of(i) == 0 && (!padded || keeps_zero(steps_[i]))) ++i;
  return i;
}

bool PostSteps::works_in(const Form& form, std::span<const int64_t> dims) const {
  if (rest_.empty()) return true;
  const Md md = form_md(form, dims);
  return first_misfit(md.get_padded_dims() != md.get_dims()) == steps_.size();
}

int64_t PostSteps::row_of(const Form& form, std::span<const int64_t> dims) const {
  const Md md = form_md(form, dims);
  const size_t misfit = first_misfit(md.get_padded_dims() != md.get_dims());
  if (misfit != steps_.size()) {
    throw KernelError(
        TN_UNSUPPORTED,
        steps_.name_of(misfit) + ": behind a step that oneDNN does not do, in strided form alone");
  }
  return element_count(md.get_padded_dims());
}

void PostSteps::run_rest(const Arguments& arguments, const Execution& execution,
                         int64_t row) const {
  if (rest_.empty() || arguments.outputs[0].count() == 0) return;
  if (arguments.outputs[0].layout == TN_LAYOUT_STRIDED) return rest_.run(arguments, execution);
  constexpr int64_t kNext = 1;
  View view = arguments.outputs[0];
  view.dims = &row;
  view.strides = &kNext;
  view.rank = 1;
  view.layout = TN_LAYOUT_STRIDED;
  Arguments seen = arguments;
  seen.outputs = {&view, 1};
  rest_.run(seen, execution);
}

Strided PostSteps::seen_as(const View& operand, size_t rank) {
  Strided s = Strided::of(operand);
  while (s.dims.size() < rank) {
    s.strides.insert(s.strides.begin(), s.dims.empty() ? 1 : s.dims[0] * s.strides[0]);
    s.dims.insert(s.dims.begin(), 1);
  }
  return s;
}

}  // namespace tenon::onednn

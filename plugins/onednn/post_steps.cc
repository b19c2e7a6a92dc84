// SPDX-License-Identifier: Apache-2.0
#include "post_steps.h"

#include <sstream>

#include "reference_impl/cpu/kernels/shape.h"

namespace tenon::onednn {

using dnnl::algorithm;

PostSteps::PostSteps(const Description& description, size_t first) {
  const std::string name(description.name());
  const std::string text = description.text("steps", "");
  std::istringstream words(text);
  size_t input = first;
  for (std::string word; words >> word;) {
    if (word == "Add") {
      steps_.push_back({algorithm::binary_add, 0, 0, input++});
    } else if (word == "Sub") {
      steps_.push_back({algorithm::binary_sub, 0, 0, input++});
    } else if (word == "Mul") {
      steps_.push_back({algorithm::binary_mul, 0, 0, input++});
    } else if (word == "Div") {
      steps_.push_back({algorithm::binary_div, 0, 0, input++});
    } else if (word == "Relu") {
      // oneDNN's own makes NaN 0. x * clamp(x / tiny, 0, 1) keeps it, and is x or 0 for all else
      // but -infinity, for which the operator leaves NaN open.
      steps_.push_back({algorithm::eltwise_hardswish, 1e38f, 0});
    } else if (word == "Tanh") {
      steps_.push_back({algorithm::eltwise_tanh});
    } else if (word == "Sigmoid") {
      steps_.push_back({algorithm::eltwise_logistic});
    } else if (word == "Silu") {
      steps_.push_back({algorithm::eltwise_swish, 1, 0});
    } else if (word == "Gelu") {
      steps_.push_back({algorithm::eltwise_gelu_erf});
    } else if (word == "GeluTanh") {
      steps_.push_back({algorithm::eltwise_gelu_tanh});
    } else {
      cpu::throw_invalid(name, "has no step '" + word + "'");
    }
  }
  if (steps_.empty()) cpu::throw_invalid(name, "steps are needed");
  if (description.input_count() != input) {
    cpu::throw_invalid(name, "the steps '" + text + "' take " + std::to_string(input - first) +
                                 " operands, given " +
                                 std::to_string(static_cast<int64_t>(description.input_count()) -
                                                static_cast<int64_t>(first)));
  }
  for (size_t i = first; i < input; ++i) description.input(i);
}

void PostSteps::check(const Arguments& arguments, const std::string& name) const {
  const View& y = arguments.outputs[0];
  for (const Step& step : steps_) {
    if (step.input == 0) continue;
    const View& operand = arguments.inputs[step.input];
    bool fits = operand.rank <= y.rank;
    for (int32_t i = 1; fits && i <= operand.rank; ++i) {
      const int64_t dim = operand.dims[operand.rank - i];
      fits = dim == 1 || dim == y.dims[y.rank - i];
    }
    if (!fits) cpu::throw_dims(name, "an operand", operand.shape(), y.shape());
  }
}

void PostSteps::append(size_t i, dnnl::post_ops& post, const Md& operand) const {
  const Step& step = steps_[i];
  if (step.input != 0) {
    post.append_binary(step.algorithm, operand);
  } else {
    post.append_eltwise(step.algorithm, step.alpha, step.beta);
  }
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

// SPDX-License-Identifier: Apache-2.0
//
// Scaled dot-product attention: three launches forward, with torch's math path where that means
// more (masks whose rows may be all -inf, dropout, grouped heads).
#include <limits>

#include <torch/library.h>

#include <ATen/native/DispatchStub.h>
#include <ATen/native/transformers/attention.h>

#include "contractions.h"
#include "structured.h"

namespace tenon::pytorch {
namespace {

// torch's SDPBackend.
constexpr int64_t kMath = 0;
constexpr int64_t kOverrideable = 4;

int64_t choose(const Tensor& query, const Tensor& key, const Tensor& value,
               const std::optional<Tensor>& mask, double dropout, bool /*causal*/,
               std::optional<double>, bool grouped) {
  const bool plain = query.dim() == 4 && key.dim() == 4 && value.dim() == 4 && !grouped &&
                     dropout == 0 && !(mask && mask->defined()) && query.numel() > 0 &&
                     key.numel() > 0 && c10::isFloatingType(query.scalar_type()) &&
                     query.sizes().slice(0, 2) == key.sizes().slice(0, 2) &&
                     query.sizes().slice(0, 2) == value.sizes().slice(0, 2);
  // The first rows of a causal mask always see a key; nothing is all -inf.
  return plain ? kOverrideable : kMath;
}

double scale_of(const Tensor& query, std::optional<double> scale) {
  return scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1))));
}

// softmax(scale * Q K^T + causal mask)
Tensor probabilities(const Tensor& query, const Tensor& key, bool causal, double scale) {
  const int64_t rows = query.size(2), columns = key.size(2);
  const auto make = [&] {
    return make_tensor({query.size(0), query.size(1), rows, columns}, query.scalar_type(),
                       query.device());
  };
  Tensor bias;
  if (causal) {
    const Tensor low = make_tensor({rows, columns}, query.scalar_type(), query.device());
    bias = make_like(low);
    fill_with(low, -std::numeric_limits<double>::infinity());
    static const runtime::Operation upper("Trilu", {{"upper", int64_t{1}}});
    OperatorCall(upper, low).input(low).int64(1).output(bias).run();
  }
  const Tensor scores = make(), out = make();
  gemm(query, key.transpose(-2, -1), causal ? &bias : nullptr, scale, 1, scores);
  static const runtime::Operation softmax("Softmax", {{"axis", int64_t{-1}}});
  OperatorCall(softmax, scores).input(scores).output(out).run();
  return out;
}

using Forward =
    std::tuple<Tensor, Tensor, Tensor, Tensor, c10::SymInt, c10::SymInt, Tensor, Tensor, Tensor>;

Forward attention(const Tensor& query, const Tensor& key, const Tensor& value,
                  const std::optional<Tensor>&, double, bool causal, bool,
                  std::optional<double> scale) {
  const Tensor p = probabilities(query, key, causal, scale_of(query, scale));
  std::vector<int64_t> sizes = query.sizes().vec();
  sizes.back() = value.size(-1);
  const Tensor out = make_tensor(sizes, query.scalar_type(), query.device());
  gemm(p, value, nullptr, 1, 0, out);
  // What is not used has to be defined; the backward computes the probabilities again.
  const auto none = [&] { return make_empty(query); };
  return {out, none(), none(), none(), query.size(2), key.size(2), none(), none(), none()};
}

std::tuple<Tensor, Tensor, Tensor, Tensor> attention_backward(
    const Tensor& grad, const Tensor& query, const Tensor& key, const Tensor& value, const Tensor&,
    std::array<bool, 4> wanted, const Tensor&, const Tensor&, const Tensor&, const Tensor&,
    c10::SymInt, c10::SymInt, double, bool causal, const Tensor&, const Tensor&,
    std::optional<double> given_scale) {
  const double scale = scale_of(query, given_scale);
  const Tensor p = probabilities(query, key, causal, scale);
  Tensor grad_query, grad_key, grad_value;
  if (wanted[2]) {
    grad_value = make_tensor(value.sizes(), value.scalar_type(), value.device());
    gemm(p.transpose(-2, -1), grad, nullptr, 1, 0, grad_value);
  }
  if (wanted[0] || wanted[1]) {
    const Tensor grad_p = make_like(p), grad_scores = make_like(p);
    gemm(grad, value.transpose(-2, -1), nullptr, 1, 0, grad_p);
    static const runtime::Operation op("tenon.SoftmaxGrad", {{"axis", int64_t{-1}}});
    OperatorCall(op, p).input(grad_p).input(p).output(grad_scores).run();
    if (wanted[0]) {
      grad_query = make_tensor(query.sizes(), query.scalar_type(), query.device());
      gemm(grad_scores, key, nullptr, scale, 0, grad_query);
    }
    if (wanted[1]) {
      grad_key = make_tensor(key.sizes(), key.scalar_type(), key.device());
      gemm(grad_scores.transpose(-2, -1), query, nullptr, scale, 0, grad_key);
    }
  }
  return {grad_query, grad_key, grad_value, Tensor()};
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("_fused_sdp_choice", TORCH_FN(choose));
  m.impl("_scaled_dot_product_fused_attention_overrideable", TORCH_FN(attention));
  m.impl("_scaled_dot_product_fused_attention_overrideable_backward", TORCH_FN(attention_backward));
}

}  // namespace
}  // namespace tenon::pytorch

// torch asks the stub where it skips the dispatcher.
namespace at::native {
REGISTER_PRIVATEUSE1_DISPATCH(_fused_sdp_choice_stub, &tenon::pytorch::choose)
}

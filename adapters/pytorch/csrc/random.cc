// SPDX-License-Identifier: Apache-2.0
//
// Random numbers: Philox key and counter from the generator, the rest on the device.
#include <torch/library.h>

#include <cmath>
#include <limits>

#include <ATen/ops/all.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/div.h>
#include <ATen/ops/exponential.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/le.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/lt.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/topk.h>

#include "elementwise.h"
#include "generator.h"
#include "kernel.h"
#include "structured.h"

namespace tenon::pytorch {
namespace {

using MaybeGenerator = std::optional<at::Generator>;

Philox take(const MaybeGenerator& generator, const Tensor& tensor) {
  // float64 uses two words an element.
  const auto words = static_cast<uint64_t>(tensor.numel()) * 2;
  return generator_or_default(generator, tensor.device().index()).take(words);
}

void draw(const runtime::Operation& op, const Tensor& out, double a, double b,
          const MaybeGenerator& generator) {
  if (out.numel() == 0) return;
  const Philox state = take(generator, out);
  // The mapping from counter to element is row-major, whatever the strides are.
  OperatorCall(op, out)
      .value(state.key, TN_UINT64)
      .value(state.counter, TN_UINT64)
      .float64(a)
      .float64(b)
      .output(out)
      .run();
}
void draw_uniform(const Tensor& out, double low, double high, const MaybeGenerator& generator) {
  draw(operation<"tenon.RandomUniform">(), out, low, high, generator);
}

// Complex ones are refused here and left to the CPU.
void check_float(const char* op, const Tensor& tensor) {
  TORCH_CHECK_NOT_IMPLEMENTED(!c10::isComplexType(tensor.scalar_type()), op,
                              " has no complex numbers");
  TORCH_CHECK(c10::isFloatingType(tensor.scalar_type()), op, " needs a floating point tensor");
}

Tensor& uniform(Tensor& self, double low, double high, MaybeGenerator generator) {
  check_float("uniform_", self);
  TORCH_CHECK(low <= high, "uniform_ expects to return a [from, to) range, but found from=", low,
              " > to=", high);
  draw_uniform(self, low, high, generator);
  return self;
}
Tensor& normal(Tensor& self, double mean, double std, MaybeGenerator generator) {
  TORCH_CHECK(std >= 0, "normal expects std >= 0.0, but found std ", std);
  check_float("normal_", self);
  draw(operation<"tenon.RandomNormal">(), self, mean, std, generator);
  return self;
}

// Throws `words` unless the condition holds everywhere; waits for the device.
void require_all(const Tensor& condition, const char* words) {
  TORCH_CHECK(condition.numel() == 0 || at::all(condition).item().toBool(), words);
}
void require_probabilities(const Tensor& p) {
  require_all(at::logical_and(at::ge(p, 0), at::le(p, 1)),
              "bernoulli expects all probabilities to be in [0, 1]");
}

// self = uniform < p
void draw_bernoulli(const Tensor& self, const TensorOrNumber& p, const MaybeGenerator& generator) {
  const Tensor uniform = make_tensor(self.sizes(), ScalarType::Float, self.device());
  draw_uniform(uniform, 0, 1, generator);
  elementwise(operation<"Less">(), {uniform, p}, ScalarType::Float, self, ScalarType::Bool);
}
Tensor& bernoulli_number(Tensor& self, double p, MaybeGenerator generator) {
  TORCH_CHECK(0 <= p && p <= 1, "bernoulli_ expects p to be in [0, 1], but got p=", p);
  draw_bernoulli(self, at::Scalar(p), generator);
  return self;
}
Tensor& bernoulli_tensor(Tensor& self, const Tensor& p, MaybeGenerator generator) {
  const Tensor here = p.device().is_cpu() ? p.to(self.device()) : p;
  require_probabilities(here);
  draw_bernoulli(self, here, generator);
  return self;
}
Tensor& bernoulli_out(const Tensor& p, MaybeGenerator generator, Tensor& out) {
  require_probabilities(p);
  at::native::resize_output(out, p.sizes());
  draw_bernoulli(out, p, generator);
  return out;
}

Tensor& exponential(Tensor& self, double rate, MaybeGenerator generator) {
  TORCH_CHECK(rate > 0, "exponential_ expects lambda > 0.0, but found lambda=", rate);
  // -log of (0, 1]: 1 - [0, 1).
  const ScalarType type = self.scalar_type();
  draw_uniform(self, 1, 0, generator);
  elementwise(operation<"Log">(), {self}, type, self);
  elementwise(operation<"Mul">(), {self, at::Scalar(-1 / rate)}, type, self);
  return self;
}

// Integers in [low, low + range).
void draw_integers(const Tensor& self, int64_t low, double range, const MaybeGenerator& generator) {
  const Tensor uniform = make_tensor(self.sizes(), ScalarType::Double, self.device());
  draw_uniform(uniform, 0, range, generator);
  elementwise(operation<"Floor">(), {uniform}, ScalarType::Double, uniform);
  if (low != 0)
    elementwise(operation<"Add">(), {uniform, at::Scalar(static_cast<double>(low))},
                ScalarType::Double, uniform);
  assign(self, uniform);
}
Tensor& random_range(Tensor& self, int64_t low, std::optional<int64_t> high,
                     MaybeGenerator generator) {
  TORCH_CHECK(!high || low < *high,
              "random_ expects 'from' to be less than 'to', but got from=", low,
              " >= to=", high.value_or(0));
  const double range =
      high ? static_cast<double>(*high) - static_cast<double>(low) : std::ldexp(1.0, 53);
  draw_integers(self, low, range, generator);
  return self;
}
Tensor& random_to(Tensor& self, int64_t high, MaybeGenerator generator) {
  return random_range(self, 0, high, std::move(generator));
}
// How many of 0, 1, 2... a type holds before it leaves one out; no more than float64 does.
double exact_range(tn_dtype dtype) {
  const ElementType& type = element_type(dtype);
  switch (type.kind) {
    case ElementKind::kBool:
      return 2;
    case ElementKind::kFloat:
      return std::ldexp(1.0, std::min<int>(type.form.mantissa_bits + 1, 53)) + (type.bits < 64);
    default:
      return std::ldexp(1.0, std::min(type.bits - (type.kind == ElementKind::kSigned), 53));
  }
}
// Without bounds: all values that the type holds exactly.
Tensor& random_any(Tensor& self, MaybeGenerator generator) {
  draw_integers(self, 0, exact_range(to_tenon(self.scalar_type())), generator);
  return self;
}

// The order of random keys.
Tensor& permutation(int64_t n, MaybeGenerator generator, Tensor& out) {
  TORCH_CHECK(n >= 0, "n must be non-negative, got ", n);
  out.resize_({n});
  if (n == 0) return out;
  const Tensor keys = make_tensor({n}, ScalarType::Double, out.device());
  draw_uniform(keys, 0, 1, generator);
  const Tensor order = std::get<1>(at::topk(keys, n));
  assign(out, order);
  return out;
}

// The largest of p / Exp(1) falls on i with probability p_i; the k largest are k draws without
// replacement.
Tensor multinomial(const Tensor& self, int64_t count, bool replacement, MaybeGenerator generator) {
  const bool single = self.dim() == 1;
  TORCH_CHECK(self.dim() == 1 || self.dim() == 2, "prob_dist must be 1 or 2 dim");
  TORCH_CHECK(count > 0, "cannot sample n_sample <= 0 samples");
  TORCH_CHECK(replacement || count <= self.size(-1),
              "cannot sample n_sample > prob_dist.size(-1) samples without replacement");
  TORCH_CHECK(
      c10::isFloatingType(self.scalar_type()),
      "multinomial only supports floating-point dtypes for input, got: ", self.scalar_type());
  const at::Scalar infinity = std::numeric_limits<double>::infinity();
  require_all(at::logical_and(at::ge(self, 0), at::lt(self, infinity)),
              "probability tensor contains either `inf`, `nan` or element < 0");
  const Tensor p = single ? self.unsqueeze(0) : self;
  require_all(at::gt(at::sum(p, at::IntArrayRef{1}), 0),
              "invalid multinomial distribution (sum of probabilities <= 0)");
  const bool repeated = replacement && count > 1;
  std::vector<int64_t> sizes{p.size(0)};
  if (repeated) sizes.push_back(count);
  sizes.push_back(p.size(1));
  Tensor waits = make_tensor(sizes, p.scalar_type(), p.device());
  exponential(waits, 1, generator);
  const Tensor race = at::div(repeated ? p.unsqueeze(1) : p, waits);
  const Tensor out = repeated ? at::argmax(race, -1) : std::get<1>(at::topk(race, count, -1));
  return single ? out.squeeze(0) : out;
}

// -- Dropout --

std::tuple<Tensor, Tensor> dropout(const Tensor& self, double p, std::optional<bool> train) {
  const Tensor out = make_like(self);
  const Tensor mask = make_like(self, ScalarType::Bool);
  if (self.numel() == 0) return {out, mask};
  if (train && !*train) {
    assign(out, self);
    fill_with(mask, true);
    return {out, mask};
  }
  const Philox state = take(std::nullopt, self);
  OperatorCall(operation<"tenon.Dropout">(), out)
      .input(self)
      .float64(p)
      .value(state.key, TN_UINT64)
      .value(state.counter, TN_UINT64)
      .output(out)
      .output(mask)
      .run();
  return {out, mask};
}
Tensor dropout_backward(const Tensor& grad, const Tensor& mask, double scale) {
  const ScalarType type = grad.scalar_type();
  TORCH_CHECK_NOT_IMPLEMENTED(c10::isFloatingType(type), "dropout's gradient is that of floats");
  const Tensor out = make_like(grad);
  elementwise(operation<"Mul">(), {grad, at::Scalar(scale)}, type, out);
  elementwise(operation<"Mul">(), {out, mask}, type, out);
  return out;
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  TENON_KERNEL(m, "uniform_", uniform);
  TENON_KERNEL(m, "normal_", normal);
  TENON_KERNEL(m, "bernoulli_.float", bernoulli_number);
  m.impl("bernoulli_.Tensor", TORCH_FN(bernoulli_tensor));  // The probabilities may be on the host.
  TENON_KERNEL(m, "bernoulli.out", bernoulli_out);
  TENON_KERNEL(m, "exponential_", exponential);
  TENON_KERNEL(m, "random_.from", random_range);
  TENON_KERNEL(m, "random_.to", random_to);
  TENON_KERNEL(m, "random_", random_any);
  TENON_KERNEL(m, "randperm.generator_out", permutation);
  TENON_KERNEL(m, "multinomial", multinomial);
  TENON_KERNEL(m, "native_dropout", dropout);
  TENON_KERNEL(m, "native_dropout_backward", dropout_backward);
}

}  // namespace
}  // namespace tenon::pytorch

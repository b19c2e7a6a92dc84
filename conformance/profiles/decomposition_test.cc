// SPDX-License-Identifier: Apache-2.0
//
// The profile `training`: losses and optimizer steps against what the operators of their definition
// give on the same device.
#include <cmath>

#include "profiles/profile_test.h"

namespace tenon::conformance {
namespace {

Real eps_of(tn_dtype type) {
  return std::ldexp(1.0L, type == TN_FLOAT64    ? -52
                          : type == TN_FLOAT16  ? -10
                          : type == TN_BFLOAT16 ? -7
                                                : -23);
}

// Each way rounds a dozen times; what is compared has values around `scale`.
void expect_near(const char* what, const HostTensor& a, const HostTensor& b, Real scale) {
  const Real allowed = 16 * eps_of(a.dtype) * scale;
  for (size_t i = 0; i < a.values.size(); ++i) {
    if (!(std::fabs(a.values[i] - b.values[i]) <= allowed)) {
      FAIL() << what << ": element " << i << " is " << static_cast<double>(a.values[i]) << ", and "
             << static_cast<double>(b.values[i]) << " by its parts";
    }
  }
}

// Arithmetic on the device, for formulas that read as such.
class Parts {
 public:
  Parts(ProfileTest& test, HostTensor value) : test_(&test), value_(std::move(value)) {}
  const HostTensor& value() const { return value_; }

  Parts operator+(const Parts& other) const { return with("Add", other); }
  Parts operator-(const Parts& other) const { return with("Sub", other); }
  Parts operator*(const Parts& other) const { return with("Mul", other); }
  Parts operator/(const Parts& other) const { return with("Div", other); }
  Parts operator+(Real number) const { return *this + of(number); }
  Parts operator*(Real number) const { return *this * of(number); }
  Parts root() const {
    return {*test_, test_->run_one("Sqrt", {value_}, value_.dtype, value_.dims)};
  }

 private:
  Parts of(Real number) const { return {*test_, HostTensor::scalar(value_.dtype, number)}; }
  Parts with(const char* name, const Parts& other) const {
    return {*test_, test_->run_one(name, {value_, other.value_}, value_.dtype, value_.dims)};
  }

  ProfileTest* test_;
  HostTensor value_;
};

Given number(Real value) { return on_host(TN_FLOAT64, value); }

void sgd(ProfileTest& test) {
  constexpr Real kLr = 0.125L, kMomentum = 0.5L, kDampening = 0.25L, kDecay = 0.0625L;
  const Shape dims{33};
  const HostTensor param = test.random(dims, 1), grad = test.random(dims, 2);
  const HostTensor buffer = test.random(dims, 3);
  const Parts p(test, param), g = Parts(test, grad) + p * kDecay;
  const Parts kept = Parts(test, buffer) * kMomentum + g * (1 - kDampening);
  for (const bool nesterov : {false, true}) {
    const std::vector<HostTensor> made = test.run(
        "tenon.SgdMomentum",
        {param, grad, buffer, number(kLr), number(kMomentum), number(kDampening), number(kDecay)},
        {{test.type, dims, 1}, {test.type, dims, 3}}, {{"nesterov", int64_t{nesterov}}});
    const Parts step = nesterov ? g + kept * kMomentum : kept;
    expect_near("the parameter", made[0], (p - step * kLr).value(), 2);
    expect_near("the momentum", made[1], kept.value(), 4);
  }
}

void adam(ProfileTest& test) {
  constexpr Real kLr = 0.125L, kBeta1 = 0.5L, kBeta2 = 0.75L, kDecay = 0.25L, kEps = 0.0625L;
  constexpr Real kStep = 3;
  const Shape dims{33};
  const HostTensor param = test.random(dims, 1), grad = test.random(dims, 2);
  const HostTensor m = test.random(dims, 3), v = test.random(dims, 4, 0.5L, 2);
  for (const bool decoupled : {false, true}) {
    const std::vector<HostTensor> made =
        test.run("tenon.AdamW",
                 {param, grad, m, v, absent(), number(kLr), number(kBeta1), number(kBeta2),
                  number(kDecay), number(kEps), number(kStep)},
                 {{test.type, dims, 1}, {test.type, dims, 3}, {test.type, dims, 4}},
                 {{"decoupled", int64_t{decoupled}}});
    Parts p(test, param), g(test, grad);
    if (decoupled) {
      p = p * (1 - kLr * kDecay);
    } else {
      g = g + p * kDecay;
    }
    const Parts first = Parts(test, m) * kBeta1 + g * (1 - kBeta1);
    const Parts second = Parts(test, v) * kBeta2 + g * g * (1 - kBeta2);
    const Real root = 1 / std::sqrt(1 - std::pow(kBeta2, kStep));
    const Parts divisor = second.root() * root + kEps;
    const Parts step = first * (kLr / (1 - std::pow(kBeta1, kStep))) / divisor;
    expect_near("the parameter", made[0], (p - step).value(), 3);
    expect_near("the first moment", made[1], first.value(), 2);
    expect_near("the second moment", made[2], second.value(), 4);
  }
}

void losses(ProfileTest& test) {
  const Shape dims{6, 5};
  const HostTensor logits = test.random(dims, 1, -3, 3);
  const HostTensor classes(TN_INT64, {6}, {2, 0, 4, 1, 3, 3});
  const HostTensor log_p =
      test.run_one("LogSoftmax", {logits}, test.type, dims, {{"axis", int64_t{1}}});
  const HostTensor loss = test.run("tenon.SparseSoftmaxCrossEntropy", {logits, classes},
                                   {{test.type, {6}}, {test.type, dims}})[0];
  const HostTensor by_parts =
      test.run("tenon.NllLoss", {log_p, classes, absent()}, {{test.type, {6}}, {test.type, {}}},
               {{"reduction", "none"}})[0];
  expect_near("SparseSoftmaxCrossEntropy", loss, by_parts, 6);

  HostTensor one_hot(test.type, dims);
  for (int64_t n = 0; n < 6; ++n) {
    one_hot.at({n, static_cast<int64_t>(classes.values[static_cast<size_t>(n)])}) = 1;
  }
  const HostTensor dense = test.run("tenon.SoftmaxCrossEntropy", {logits, one_hot},
                                    {{test.type, {6}}, {test.type, dims}})[0];
  expect_near("SoftmaxCrossEntropy", dense, by_parts, 6);
}

}  // namespace

void register_decomposition_tests() {
  const auto add = [](const char* name, const std::vector<Needed>& needed, ProfileTest::Body body) {
    register_profile_test("Training", kProfileFloats, name, needed, body);
  };
  add("TN_gradient_002_sgd", {{"tenon.SgdMomentum"}, {"Add"}, {"Sub"}, {"Mul"}}, sgd);
  add("TN_gradient_002_adam", {{"tenon.AdamW"}, {"Add"}, {"Sub"}, {"Mul"}, {"Div"}, {"Sqrt"}},
      adam);
  add("TN_gradient_002_losses",
      {{"tenon.SparseSoftmaxCrossEntropy"},
       {"tenon.SoftmaxCrossEntropy"},
       {"tenon.NllLoss"},
       {"LogSoftmax"}},
      losses);
}

}  // namespace tenon::conformance

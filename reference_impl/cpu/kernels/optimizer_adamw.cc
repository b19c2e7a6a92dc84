// SPDX-License-Identifier: Apache-2.0
//
// tenon.AdamW: one step of Adam or AdamW, with or without the largest second moment (AMSGrad).
#include <cmath>

#include "reference_impl/cpu/kernels/optimizer_step.h"
#include "reference_impl/cpu/kernels/training.h"

namespace tenon::cpu {
namespace {

constexpr const char* kName = "AdamW";

// Operands: new_param, new_exp_avg, new_exp_avg_sq, param, grad, exp_avg, exp_avg_sq, and with kMax
// new_max_exp_avg_sq, max_exp_avg_sq.
template <class S, bool kMax>
struct AdamStep {
  using C = Compute<S>;
  using Coefficients = AdamCoefficients<C>;
  static constexpr int64_t kSize = sizeof(S);

  TENON_INLINE static void row(const Coefficients& k, std::byte* const* at, const int64_t* strides,
                               int64_t count) {
    const Coefficients c = k;
    for (int64_t i = 0; i < count; ++i) {
      C p = read_at<S>(at, strides, 3, i);
      C m = read_at<S>(at, strides, 5, i), v = read_at<S>(at, strides, 6, i);
      // A decay of 0 times NaN is none: the moments of AdamW know nothing of the parameter.
      const C g = c.sign * read_at<S>(at, strides, 4, i) + (c.decay != 0 ? c.decay * p : C(0));
      p *= c.keep;
      m += (g - m) * c.one_minus_beta1;
      v = c.beta2 * v + c.one_minus_beta2 * g * g;
      C second = v;
      if (kMax) {
        const C before = read_at<S>(at, strides, 8, i);
        second = before > v || before != before ? before : v;
        write_at<S>(at, strides, 7, i, second);
      }
      p -= c.step_size * m / (std::sqrt(second) * c.second_scale + c.eps);
      write_at<S>(at, strides, 0, i, p);
      write_at<S>(at, strides, 1, i, m);
      write_at<S>(at, strides, 2, i, v);
    }
  }
};

class AdamW final : public KernelOf<AdamWOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    visit_dtype<kFloatTypes>(kName, a.input(0).dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      const auto k = operator_.coefficients<Compute<S>>(a);
      if (a.input(4).present()) {
        StepLoop<AdamStep<S, true>, 9>::run(
            {a.output(0), a.output(1), a.output(2), a.input(0), a.input(1), a.input(2), a.input(3),
             a.output(3), a.input(4)},
            k, execution);
      } else {
        StepLoop<AdamStep<S, false>, 7>::run(
            {a.output(0), a.output(1), a.output(2), a.input(0), a.input(1), a.input(2), a.input(3)},
            k, execution);
      }
    });
  }
};

}  // namespace

std::unique_ptr<Kernel> create_adamw(const Description& d) { return std::make_unique<AdamW>(d); }

}  // namespace tenon::cpu

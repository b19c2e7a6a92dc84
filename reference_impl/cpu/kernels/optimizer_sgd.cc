// SPDX-License-Identifier: Apache-2.0
//
// tenon.SgdMomentum: one step of torch.optim.SGD.
#include "reference_impl/cpu/kernels/optimizer_step.h"
#include "reference_impl/cpu/kernels/training.h"

namespace tenon::cpu {
namespace {

constexpr const char* kName = "SgdMomentum";

using Buffer = SgdBuffer;

// Operands: new_param, param, grad, new_buffer, buffer; without a buffer the first three.
template <class S, Buffer kBuffer>
struct SgdStep {
  using C = Compute<S>;
  using Coefficients = SgdCoefficients<C>;
  static constexpr int64_t kSize = sizeof(S);

  TENON_INLINE static void row(const Coefficients& k, std::byte* const* at, const int64_t* strides,
                               int64_t count) {
    const Coefficients c = k;
    for (int64_t i = 0; i < count; ++i) {
      const C p = read_at<S>(at, strides, 1, i);
      C g = c.sign * read_at<S>(at, strides, 2, i) + c.decay * p;
      if (kBuffer != Buffer::kNone) {
        C b = g;
        if (kBuffer == Buffer::kKept) {
          b = c.momentum * read_at<S>(at, strides, 4, i) + c.gradient_share * g;
        }
        write_at<S>(at, strides, 3, i, b);
        g = c.nesterov != 0 ? g + c.momentum * b : b;
      }
      write_at<S>(at, strides, 0, i, p - c.lr * g);
    }
  }
};

class SgdMomentum final : public KernelOf<SgdMomentumOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    visit_dtype<kFloatTypes>(kName, a.input(0).dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      const auto k = operator_.coefficients<Compute<S>>(a);
      const View p = a.output(0), buffer = a.output(1);
      if (operator_.buffer == Buffer::kNone) {
        StepLoop<SgdStep<S, Buffer::kNone>, 3>::run({p, a.input(0), a.input(1)}, k, execution);
      } else if (operator_.buffer == Buffer::kFirst) {
        StepLoop<SgdStep<S, Buffer::kFirst>, 4>::run({p, a.input(0), a.input(1), buffer}, k,
                                                     execution);
      } else {
        StepLoop<SgdStep<S, Buffer::kKept>, 5>::run({p, a.input(0), a.input(1), buffer, a.input(2)},
                                                    k, execution);
      }
    });
  }
};

}  // namespace

std::unique_ptr<Kernel> create_sgd_momentum(const Description& d) {
  return std::make_unique<SgdMomentum>(d);
}

}  // namespace tenon::cpu

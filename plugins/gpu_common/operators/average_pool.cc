// SPDX-License-Identifier: Apache-2.0
//
// AveragePool and tenon.AveragePoolGrad.
#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/operators/pool.h"
#include "tenon/device/operators/pooling.h"

namespace tenon::gpu {
namespace {

// The gradient has the roles of X and Y changed: it reads dY and writes dX.
template <bool kGradient>
class AveragePool final
    : public KernelOf<std::conditional_t<kGradient, device::AveragePoolGradOperator,
                                         device::AveragePoolOperator>> {
  using Base = typename AveragePool::KernelOf;

 public:
  explicit AveragePool(const Description& d)
      : Base(d),
        limits_(machine_of(d).limits()),
        pool_(machine_of(d).function("average_pool", std::string("-DT=") + c_type(d.input_dtype(0)),
                                     kGradient ? "average_pool_grad" : "average_pool")) {
    require_arithmetic(d, d.input_dtype(0));
  }

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    return std::make_unique<AveragePool>(d);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View x = x_of(a), y = y_of(a);
    const device::PoolWindow& window = operator_.window;
    Pool p;
    p.set_window(window);
    p.count = a.output(0).count();
    if (p.count == 0) return;
    p.channels = static_cast<int32_t>(x.dims[1]);
    p.option = operator_.count_include_pad ? 1 : 0;
    Pool::place(x, p.x_dims, p.x);
    Pool::place(y, p.y_dims, p.y);
    int64_t chunk = 0;
    const int64_t taps = window.kernel[0] * window.kernel[1] * window.kernel[2];
    const Grid grid = element_grid(limits_, p.count, &chunk, 4 * taps);
    queue.launch(pool_, grid,
                 {Parameter::memory(a.output(0)), Parameter::memory(a.input(0)),
                  Parameter::value(p), Parameter::value(chunk)});
  }

 private:
  static View x_of(const Arguments& a) { return kGradient ? a.output(0) : a.input(0); }
  static View y_of(const Arguments& a) { return kGradient ? a.input(0) : a.output(0); }

  using Base::operator_;

  const Limits& limits_;
  const Function& pool_;
};

}  // namespace

Rows average_pool_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kAveragePool, kPoolFloats, AveragePool<false>::create},
      {op::kTenonAveragePoolGrad, kPoolFloats, AveragePool<true>::create},
  };
  return kOperators;
}

}  // namespace tenon::gpu

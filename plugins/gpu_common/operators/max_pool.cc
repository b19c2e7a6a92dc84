// SPDX-License-Identifier: Apache-2.0
//
// MaxPool (ONNX's indices and tenon's) and tenon.MaxPoolGrad.
#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/operators/pool.h"
#include "tenon/device/operators/pooling.h"

namespace tenon::gpu {
namespace {

std::string definitions(tn_dtype dtype) {
  const char* lowest = "-INFINITY";
  if (dtype == TN_INT8) lowest = "-128";
  if (dtype == TN_UINT8) lowest = "0";
  return std::string("-DT=") + c_type(dtype) + " -DLOWEST=" + lowest;
}

template <class Operator>
class MaxPool final : public KernelOf<Operator> {
 public:
  explicit MaxPool(const Description& d)
      : KernelOf<Operator>(d),
        limits_(machine_of(d).limits()),
        pool_(machine_of(d).function("max_pool", definitions(d.input_dtype(0)), "max_pool")) {
    require_arithmetic(d, d.input_dtype(0));
    if constexpr (requires { operator_.columns_first(); })
      index_ = operator_.columns_first() ? 1 : 0;
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View x = a.input(0), y = a.output(0), indices = a.output(1);
    const device::PoolWindow& window = operator_.window;
    Pool p;
    p.set_window(window);
    p.count = y.count();
    if (p.count == 0) return;
    p.channels = static_cast<int32_t>(y.dims[1]);
    p.option = index_;
    Pool::place(x, p.x_dims, p.x);
    Pool::place(y, p.y_dims, p.y);
    if (indices.present()) Pool::place(indices, p.y_dims, p.indices);
    int64_t chunk = 0;
    const int64_t taps = window.kernel[0] * window.kernel[1] * window.kernel[2];
    const Grid grid = element_grid(limits_, p.count, &chunk, 4 * taps);
    queue.launch(pool_, grid,
                 {Parameter::memory(y), Parameter::memory(indices), Parameter::memory(x),
                  Parameter::value(p), Parameter::value(chunk)});
  }

 private:
  using KernelOf<Operator>::operator_;

  const Limits& limits_;
  int32_t index_ = 2;  // In a plane.
  const Function& pool_;
};

class MaxPoolGrad final : public KernelOf<device::MaxPoolGradOperator> {
 public:
  explicit MaxPoolGrad(const Description& d)
      : KernelOf(d),
        limits_(machine_of(d).limits()),
        grad_(machine_of(d).function("max_pool", definitions(d.input_dtype(0)), "max_pool_grad")) {
    require_arithmetic(d, d.input_dtype(0));
    if (d.input(0).rank > 5) {
      throw KernelError(TN_UNSUPPORTED, operator_.name + ": more than 3 spatial dims");
    }
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View dy = a.input(0), indices = a.input(1), dx = a.output(0);
    if (dx.count() == 0) return;
    Pool p;
    p.count = dx.count();
    p.channels = static_cast<int32_t>(dx.dims[1]);
    Pool::place(dx, p.x_dims, p.x);
    Pool::place(dy, p.y_dims, p.y);
    Pool::place(indices, p.y_dims, p.indices);
    int64_t chunk = 0;
    const int64_t planes = dx.dims[0] * dx.dims[1];
    const Grid grid = element_grid(limits_, planes, &chunk, p.count / planes * 4);
    queue.launch(grad_, grid,
                 {Parameter::memory(dx), Parameter::memory(dy), Parameter::memory(indices),
                  Parameter::value(p), Parameter::fault(operator_.name), Parameter::value(planes),
                  Parameter::value(chunk)});
  }

 private:
  const Limits& limits_;
  const Function& grad_;
};

template <class Operator>
std::unique_ptr<device::Kernel> create_pool(const Description& d) {
  return std::make_unique<MaxPool<Operator>>(d);
}
std::unique_ptr<device::Kernel> create_grad(const Description& d) {
  return std::make_unique<MaxPoolGrad>(d);
}

}  // namespace

Rows max_pool_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kMaxPool, kPoolFloats | kUint8 | device::dtype_bit(TN_INT8),
       create_pool<device::MaxPoolTensorOperator>},
      {op::kTenonMaxPool, kPoolFloats, create_pool<device::MaxPoolOperator>},
      {op::kTenonMaxPoolGrad, kPoolFloats, create_grad},
  };
  return kOperators;
}

}  // namespace tenon::gpu

// SPDX-License-Identifier: Apache-2.0
//
// Dense steps of the optimizers that models use, as TensorFlow's CPU kernels define them, out of
// elementwise operators. The rarer ones and all sparse ones run on the host (host_ops.h).
#include "ops/pattern.h"
#include "ops/variables.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;
using Variables = std::span<const Variable>;

// Elementwise arithmetic for one step; results are temporaries of the gradient's type.
class Step {
 public:
  Step(NodeCall& call, tn_dtype dtype) : call_(call), dtype_(dtype) {}

  View add(const View& a, const View& b) { return binary(kAdd, a, b); }
  View subtract(const View& a, const View& b) { return binary(kSub, a, b); }
  View multiply(const View& a, const View& b) { return binary(kMul, a, b); }
  View divide(const View& a, const View& b) { return binary(kDiv, a, b); }
  View root(const View& a) {
    const View y = call_.temporary(dtype_, a.dims);
    call_.run(kSqrt, {a}, {y});
    return y;
  }
  View one_minus(const View& a) {
    const View y = call_.temporary(dtype_, a.dims);
    call_.run(kSub, {Scalar(1, dtype_), a}, {y});
    return y;
  }
  // from + (to - from) * weight
  View towards(const View& from, const View& to, const View& weight) {
    return add(from, multiply(subtract(to, from), weight));
  }
  void set(const Variable& variable, const View& value) { call_.copy(value, variable.fresh); }
  void leave(const Variable& variable) {
    if (variable.fresh.data != variable.current.data) {
      call_.copy(variable.current, variable.fresh);
    }
  }

 private:
  View binary(const Operation& f, const View& a, const View& b) {
    const View y = call_.temporary(dtype_, broadcast_dims(a.dims, b.dims));
    call_.run(f, {a, b}, {y});
    return y;
  }

  static inline const Operation kAdd{"Add"}, kSub{"Sub"}, kMul{"Mul"}, kDiv{"Div"}, kSqrt{"Sqrt"};
  NodeCall& call_;
  tn_dtype dtype_;
};

// A hyperparameter: one element.
View scalar(NodeCall& call, int index, const char* name) {
  const View view = call.input(index);
  if (view.rank() != 0) {
    invalid_argument(std::string(name) + " is not a scalar: " + view.dims.text());
  }
  return view;
}

// Calls `body` with the variables at inputs 0, 1, ... of the gradient's shape.
template <class Body>
void step(NodeCall& call, int variable_count, const View& gradient, Body&& body) {
  std::vector<int32_t> inputs;
  for (int32_t i = 0; i < variable_count; ++i) inputs.push_back(i);
  update_variables(call, inputs, [&](Variables variables) {
    for (const Variable& variable : variables) {
      if (!(variable.current.dims == gradient.dims)) {
        invalid_argument("variable and gradient do not have the same shape: " +
                         variable.current.dims.text() + " " + gradient.dims.text());
      }
    }
    Step arithmetic(call, gradient.dtype);
    body(arithmetic, variables);
  });
}

// (var, alpha, delta)
void gradient_descent(NodeCall& call) {
  const View alpha = scalar(call, 1, "alpha");
  const View delta = call.input(2);
  step(call, 1, delta, [&](Step& s, Variables v) {
    s.set(v[0], s.subtract(v[0].current, s.multiply(alpha, delta)));
  });
}

// (var, accum, lr, grad, momentum)
Compute momentum(const Node& node) {
  return [nesterov = node.flag("use_nesterov")](NodeCall& call) {
    const View lr = scalar(call, 2, "lr");
    const View gradient = call.input(3);
    const View factor = scalar(call, 4, "momentum");
    step(call, 2, gradient, [&](Step& s, Variables v) {
      const View accumulated = s.add(s.multiply(v[1].current, factor), gradient);
      View change = s.multiply(accumulated, lr);
      if (nesterov) change = s.add(s.multiply(gradient, lr), s.multiply(change, factor));
      s.set(v[0], s.subtract(v[0].current, change));
      s.set(v[1], accumulated);
    });
  };
}

// The same with the learning rate inside of what is accumulated.
Compute keras_momentum(const Node& node) {
  return [nesterov = node.flag("use_nesterov")](NodeCall& call) {
    const View lr = scalar(call, 2, "lr");
    const View gradient = call.input(3);
    const View factor = scalar(call, 4, "momentum");
    step(call, 2, gradient, [&](Step& s, Variables v) {
      const View scaled = s.multiply(gradient, lr);
      const View accumulated = s.subtract(s.multiply(v[1].current, factor), scaled);
      const View change =
          nesterov ? s.subtract(s.multiply(accumulated, factor), scaled) : accumulated;
      s.set(v[0], s.add(v[0].current, change));
      s.set(v[1], accumulated);
    });
  };
}

// (var, accum, lr, grad); V2: (var, accum, lr, epsilon, grad)
Compute adagrad(const Node& node, bool second) {
  return [second, update_slots = node.flag("update_slots", true)](NodeCall& call) {
    const View lr = scalar(call, 2, "lr");
    const View gradient = call.input(second ? 4 : 3);
    step(call, 2, gradient, [&](Step& s, Variables v) {
      const View accumulated =
          update_slots ? s.add(v[1].current, s.multiply(gradient, gradient)) : v[1].current;
      View divisor = s.root(accumulated);
      if (second) divisor = s.add(divisor, scalar(call, 3, "epsilon"));
      s.set(v[0], s.subtract(v[0].current, s.divide(s.multiply(lr, gradient), divisor)));
      update_slots ? s.set(v[1], accumulated) : s.leave(v[1]);
    });
  };
}

// (var, m, v, beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad)
Compute adam(const Node& node) {
  return [nesterov = node.flag("use_nesterov")](NodeCall& call) {
    const View power1 = scalar(call, 3, "beta1_power");
    const View power2 = scalar(call, 4, "beta2_power");
    const View lr = scalar(call, 5, "lr");
    const View beta1 = scalar(call, 6, "beta1");
    const View beta2 = scalar(call, 7, "beta2");
    const View epsilon = scalar(call, 8, "epsilon");
    const View gradient = call.input(9);
    step(call, 3, gradient, [&](Step& s, Variables v) {
      const View rate = s.divide(s.multiply(lr, s.root(s.one_minus(power2))), s.one_minus(power1));
      const View rest1 = s.one_minus(beta1);
      const View first = s.towards(v[1].current, gradient, rest1);
      const View second =
          s.towards(v[2].current, s.multiply(gradient, gradient), s.one_minus(beta2));
      View direction = first;
      if (nesterov) direction = s.add(s.multiply(gradient, rest1), s.multiply(beta1, first));
      s.set(v[0], s.subtract(v[0].current, s.divide(s.multiply(direction, rate),
                                                    s.add(s.root(second), epsilon))));
      s.set(v[1], first);
      s.set(v[2], second);
    });
  };
}

// (var, ms, mom, lr, rho, momentum, epsilon, grad)
void rmsprop(NodeCall& call) {
  const View lr = scalar(call, 3, "lr");
  const View rho = scalar(call, 4, "rho");
  const View factor = scalar(call, 5, "momentum");
  const View epsilon = scalar(call, 6, "epsilon");
  const View gradient = call.input(7);
  step(call, 3, gradient, [&](Step& s, Variables v) {
    const View squares = s.towards(v[1].current, s.multiply(gradient, gradient), s.one_minus(rho));
    const View change = s.add(s.multiply(v[2].current, factor),
                              s.divide(s.multiply(gradient, lr), s.root(s.add(squares, epsilon))));
    s.set(v[0], s.subtract(v[0].current, change));
    s.set(v[1], squares);
    s.set(v[2], change);
  });
}

}  // namespace

void add_optimizers(Rows& rows) {
  const auto add = [&](const char* op, std::vector<const char*> variables,
                       std::function<Compute(const Node&)> prepare) {
    rows.push_back({op, {{"T", floats()}}, std::move(variables), std::move(prepare)});
  };
  add("ResourceApplyGradientDescent", {"var"}, [](const Node&) { return gradient_descent; });
  add("ResourceApplyMomentum", {"var", "accum"}, momentum);
  add("ResourceApplyKerasMomentum", {"var", "accum"}, keras_momentum);
  add("ResourceApplyAdagrad", {"var", "accum"},
      [](const Node& node) { return adagrad(node, false); });
  add("ResourceApplyAdagradV2", {"var", "accum"},
      [](const Node& node) { return adagrad(node, true); });
  add("ResourceApplyAdam", {"var", "m", "v"}, adam);
  add("ResourceApplyRMSProp", {"var", "ms", "mom"}, [](const Node&) { return rmsprop; });
}

}  // namespace tenon::tensorflow

// SPDX-License-Identifier: Apache-2.0
//
// Gradients of elementwise ops. TensorFlow names their inputs (gradients, features) for some and
// (y, dy) for others.
#include "ops/pattern.h"
#include "ops/shape.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

// The elementwise operators of the composed gradients, made once.
struct Steps {
  Operation add{"Add"}, subtract{"Sub"}, multiply{"Mul"}, divide{"Div"}, negate{"Neg"}, abs{"Abs"},
      greater{"Greater"}, less{"Less"}, equal{"Equal"}, both{"And"}, where{"Where"},
      sigmoid{"Sigmoid"};
};

const Steps& steps() {
  static const Steps steps;
  return steps;
}

// The gradient times 1 or 0, as TensorFlow's CPU computes it: what is infinite or no number
// upstream stays visible where the unit is off, and a unit that is no number is off.
void mask_gradient(NodeCall& call, const View& dy, const View& on) {
  const View factor = call.as(on, dy.dtype);
  call.run(steps().multiply, {dy, factor}, {call.output_in_place(0, dy.dtype, dy.dims, {0})});
}

Compute relu_grad() {
  return [](NodeCall& call) {
    const View dy = call.input(0);
    const View x = call.input(1);
    require_same_shape(dy, x);
    const View on = call.temporary(TN_BOOL, x.dims);
    call.run(steps().greater, {x, Scalar(0, x.dtype)}, {on});
    mask_gradient(call, dy, on);
  };
}

// Passes the gradient where 0 < x < 6.
Compute relu6_grad() {
  return [](NodeCall& call) {
    const Steps& s = steps();
    const View dy = call.input(0);
    const View x = call.input(1);
    require_same_shape(dy, x);
    const View above = call.temporary(TN_BOOL, x.dims);
    const View below = call.temporary(TN_BOOL, x.dims);
    call.run(s.greater, {x, Scalar(0, x.dtype)}, {above});
    call.run(s.less, {x, Scalar(6, x.dtype)}, {below});
    call.run(s.both, {above, below}, {above});
    mask_gradient(call, dy, above);
  };
}

Compute leaky_relu_grad(const Node& node) {
  const double alpha = node.real("alpha", 0.2);
  return [alpha](NodeCall& call) {
    const Steps& s = steps();
    const View dy = call.input(0);
    const View x = call.input(1);
    require_same_shape(dy, x);
    const View positive = call.temporary(TN_BOOL, x.dims);
    const View scaled = call.temporary(x.dtype, x.dims);
    call.run(s.greater, {x, Scalar(0, x.dtype)}, {positive});
    call.run(s.multiply, {dy, Scalar(alpha, x.dtype)}, {scaled});
    call.run(s.where, {positive, dy, scaled}, {call.output_in_place(0, x.dtype, x.dims, {0})});
  };
}

// From the outputs y = elu(x): dy * (y + bend) where y < 0, else dy * slope.
Compute elu_grad(double bend, double slope) {
  return [bend, slope](NodeCall& call) {
    const Steps& s = steps();
    const View dy = call.input(0);
    const View y = call.input(1);
    require_same_shape(dy, y);
    const View negative = call.temporary(TN_BOOL, y.dims);
    const View factor = call.temporary(y.dtype, y.dims);
    call.run(s.less, {y, Scalar(0, y.dtype)}, {negative});
    call.run(s.add, {y, Scalar(bend, y.dtype)}, {factor});
    call.run(s.where, {negative, factor, Scalar(slope, y.dtype)}, {factor});
    call.run(s.multiply, {dy, factor}, {call.output_in_place(0, y.dtype, y.dims, {0})});
  };
}

// dy * sigmoid(x).
Compute softplus_grad() {
  return [](NodeCall& call) {
    const Steps& s = steps();
    const View dy = call.input(0);
    const View x = call.input(1);
    require_same_shape(dy, x);
    const View t = call.temporary(x.dtype, x.dims);
    call.run(s.sigmoid, {x}, {t});
    call.run(s.multiply, {dy, t}, {call.output_in_place(0, x.dtype, x.dims, {0})});
  };
}

// dy / (1 + |x|)^2.
Compute softsign_grad() {
  return [](NodeCall& call) {
    const Steps& s = steps();
    const View dy = call.input(0);
    const View x = call.input(1);
    require_same_shape(dy, x);
    const View t = call.temporary(x.dtype, x.dims);
    call.run(s.abs, {x}, {t});
    call.run(s.add, {t, Scalar(1, x.dtype)}, {t});
    call.run(s.multiply, {t, t}, {t});
    call.run(s.divide, {dy, t}, {call.output_in_place(0, x.dtype, x.dims, {0})});
  };
}

// (y, dy) of as many elements, with the shape of y.
struct OutputAndGradient {
  View y, dy;
  explicit OutputAndGradient(NodeCall& call) : y(call.input(0)), dy(call.input(1)) {
    if (y.count() != dy.count()) {
      invalid_argument("y and dy must have the same number of elements: " + y.dims.text() +
                       " and " + dy.dims.text());
    }
    dy = dy.reshaped(y.dims);
  }
};

// -dy * y * y, of y = 1 / x; 0 where dy is 0, also for an infinite y.
Compute reciprocal_grad() {
  return [](NodeCall& call) {
    const Steps& s = steps();
    const auto [y, dy] = OutputAndGradient(call);
    const View t = call.temporary(y.dtype, y.dims);
    const View none = call.temporary(TN_BOOL, y.dims);
    call.run(s.multiply, {y, y}, {t});
    call.run(s.multiply, {t, dy}, {t});
    call.run(s.negate, {t}, {t});
    call.run(s.equal, {dy, Scalar(0, dy.dtype)}, {none});
    call.run(s.where, {none, Scalar(0, y.dtype), t},
             {call.output_in_place(0, y.dtype, y.dims, {0, 1})});
  };
}

// An operator of (dY, Y).
Compute output_grad(const char* operation) {
  return [f = Operation(operation)](NodeCall& call) {
    const auto [y, dy] = OutputAndGradient(call);
    call.run(f, {dy, y}, {call.output_in_place(0, y.dtype, y.dims, {0, 1})});
  };
}

}  // namespace

void add_gradients(Rows& rows) {
  for (auto [op, operation] : {std::pair{"TanhGrad", "tenon.TanhGrad"},
                               {"SigmoidGrad", "tenon.SigmoidGrad"},
                               {"SqrtGrad", "tenon.SqrtGrad"},
                               {"RsqrtGrad", "tenon.RsqrtGrad"}}) {
    rows.push_back(plain_row(op, floats(), output_grad(operation)));
  }
  rows.push_back(plain_row("ReluGrad", floats(), relu_grad()));
  rows.push_back(plain_row("Relu6Grad", floats(), relu6_grad()));
  rows.push_back({"LeakyReluGrad", {{"T", floats()}}, {}, leaky_relu_grad});
  rows.push_back(plain_row("EluGrad", floats(), elu_grad(1, 1)));
  rows.push_back(plain_row("SeluGrad", floats(), elu_grad(1.7580993408473766, 1.0507009873554805)));
  rows.push_back(plain_row("SoftplusGrad", floats(), softplus_grad()));
  rows.push_back(plain_row("SoftsignGrad", floats(), softsign_grad()));
  rows.push_back(plain_row("ReciprocalGrad", floats(), reciprocal_grad()));
  rows.push_back(plain_row("InvGrad", floats(), reciprocal_grad()));
}

}  // namespace tenon::tensorflow

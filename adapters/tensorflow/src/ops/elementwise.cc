// SPDX-License-Identifier: Apache-2.0
//
// Elementwise ops of one, two and more inputs.
#include "ops/pattern.h"
#include "ops/shape.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

Compute square() {
  return [multiply = Operation("Mul")](NodeCall& call) {
    const View x = call.input(0);
    call.run(multiply, {x, x}, {call.output_in_place(0, x.dtype, x.dims, {0})});
  };
}

Compute clip(double low, double high) {
  return [f = Operation("Clip"), low, high](NodeCall& call) {
    const View x = call.input(0);
    call.run(f, {x, Scalar(low, x.dtype), Scalar(high, x.dtype)},
             {call.output_in_place(0, x.dtype, x.dims, {0})});
  };
}

Compute leaky_relu(const Node& node) {
  const auto alpha = static_cast<float>(node.real("alpha", 0.2));
  return [f = Operation("LeakyRelu", {{"alpha", alpha}})](NodeCall& call) {
    const View x = call.input(0);
    call.run(f, {x}, {call.output_in_place(0, x.dtype, x.dims, {0})});
  };
}

// scale * x where x > 0, else scale * alpha * elu(x), with the constants of the paper. Not through
// Elu's attribute: that is a float32, too little for float64.
Compute selu() {
  return [elu = Operation("Elu"), greater = Operation("Greater"), multiply = Operation("Mul"),
          where = Operation("Where")](NodeCall& call) {
    const View x = call.input(0);
    const View positive = call.temporary(TN_BOOL, x.dims);
    const View bent = call.temporary(x.dtype, x.dims);
    const View y = call.output(0, x.dtype, x.dims);
    call.run(greater, {x, Scalar(0, x.dtype)}, {positive});
    call.run(elu, {x}, {bent});
    call.run(multiply, {bent, Scalar(1.7580993408473766, x.dtype)}, {bent});
    call.run(multiply, {x, Scalar(1.0507009873554805, x.dtype)}, {y});
    call.run(where, {positive, y, bent}, {y});
  };
}

// log(1 + x) without losing small x: with u = 1 + x rounded, log(u) * x / (u - 1) makes up for the
// rounding; where u - 1 is x exactly (0 and infinity too) log(u) is right, where u is 1, x is.
Compute log1p() {
  return [add = Operation("Add"), subtract = Operation("Sub"), multiply = Operation("Mul"),
          divide = Operation("tenon.DivNoNan"), log = Operation("Log"), equal = Operation("Equal"),
          where = Operation("Where")](NodeCall& call) {
    const View x = call.input(0);
    const View u = call.temporary(x.dtype, x.dims);
    const View d = call.temporary(x.dtype, x.dims);
    const View l = call.temporary(x.dtype, x.dims);
    const View q = call.temporary(x.dtype, x.dims);
    const View test = call.temporary(TN_BOOL, x.dims);
    call.run(add, {x, Scalar(1, x.dtype)}, {u});
    call.run(subtract, {u, Scalar(1, x.dtype)}, {d});
    call.run(log, {u}, {l});
    call.run(divide, {x, d}, {q});
    call.run(multiply, {q, l}, {q});
    call.run(equal, {u, Scalar(1, x.dtype)}, {test});
    call.run(where, {test, x, q}, {q});
    call.run(equal, {d, x}, {test});
    call.run(where, {test, l, q}, {call.output(0, x.dtype, x.dims)});
  };
}

Compute clip_by_value() {
  return [most = Operation("Max"), least = Operation("Min")](NodeCall& call) {
    const View x = call.input(0);
    const View low = call.input(1);
    const View high = call.input(2);
    for (const View* bound : {&low, &high}) {
      if (bound->rank() != 0) require_same_shape(x, *bound);
    }
    const View y = call.output_in_place(0, x.dtype, x.dims, {0});
    call.run(least, {x, high}, {y});
    call.run(most, {y, low}, {y});
  };
}

// floor(x / y) of floats, as TensorFlow's kernels round: 1 / 0.001 gives 1000 and 1 / -inf gives
// -0, where the operator's exact quotient gives 999 and -1.
Compute floor_div(const Node& node) {
  return [exact = Operation("tenon.FloorDiv"), divide = Operation("Div"),
          floor = Operation("Floor"), real = is_float(node.type("T"))](NodeCall& call) {
    const View a = call.input(0);
    const View b = call.input(1);
    const View y = call.output_in_place(0, a.dtype, broadcast_dims(a.dims, b.dims), {0, 1});
    if (!real) return call.run(exact, {a, b}, {y});
    call.run(divide, {a, b}, {y});
    call.run(floor, {y}, {y});
  };
}

// TensorFlow leaves shifts by a negative number, or by more bits than there are, open.
Compute shift(const char* direction) {
  return [f = Operation("BitShift", {{"direction", std::string(direction)}})](NodeCall& call) {
    const View a = call.input(0);
    const View b = call.input(1);
    const Dims dims = broadcast_dims(a.dims, b.dims);
    call.run(f, {a, b}, {call.output_in_place(0, a.dtype, dims, {0, 1})});
  };
}

// The condition has the shape of both values, or is a scalar, or is a vector that chooses rows.
Compute select() {
  return [where = Operation("Where")](NodeCall& call) {
    View condition = call.input(0);
    const View a = call.input(1);
    const View b = call.input(2);
    require_same_shape(a, b);
    if (condition.rank() == 1 && a.rank() > 1 && condition.dims[0] == a.dims[0]) {
      while (condition.rank() < a.rank()) condition = condition.with_axis(condition.rank());
    } else if (condition.rank() != 0) {
      require_same_shape(condition, a);
    }
    call.run(where, {condition, a, b}, {call.output_in_place(0, a.dtype, a.dims, {1, 2})});
  };
}

Compute select_v2() {
  return [where = Operation("Where")](NodeCall& call) {
    const View condition = call.input(0);
    const View a = call.input(1);
    const View b = call.input(2);
    const Dims dims = broadcast_dims(broadcast_dims(a.dims, b.dims), condition.dims);
    call.run(where, {condition, a, b}, {call.output_in_place(0, a.dtype, dims, {1, 2})});
  };
}

Compute add_n() {
  return [add = Operation("Add")](NodeCall& call) {
    const View first = call.input(0);
    for (int i = 1; i < call.input_count(); ++i) require_same_shape(first, call.input(i));
    const View sum = call.output_in_place(0, first.dtype, first.dims, {0});
    if (call.input_count() == 1) return call.copy(first, sum);
    call.run(add, {first, call.input(1)}, {sum});
    for (int i = 2; i < call.input_count(); ++i) call.run(add, {sum, call.input(i)}, {sum});
  };
}

Compute cast(const Node& node) {
  const tn_dtype to = node.type("DstT");
  return [to](NodeCall& call) {
    const View x = call.input(0);
    call.cast(x, call.output(0, to, x.dims));
  };
}

}  // namespace

void add_elementwise(Rows& rows) {
  for (auto [op, operation] : {std::pair{"Abs", "Abs"}, {"Neg", "Neg"}, {"Sign", "Sign"}}) {
    rows.push_back(unary_row(op, operation, numbers()));
  }
  for (auto [op, operation] : {std::pair{"Sqrt", "Sqrt"},
                               {"Rsqrt", "tenon.Rsqrt"},
                               {"Reciprocal", "Reciprocal"},
                               {"Inv", "Reciprocal"},
                               {"Exp", "Exp"},
                               {"Log", "Log"},
                               {"Sin", "Sin"},
                               {"Cos", "Cos"},
                               {"Tan", "Tan"},
                               {"Asin", "Asin"},
                               {"Acos", "Acos"},
                               {"Atan", "Atan"},
                               {"Sinh", "Sinh"},
                               {"Cosh", "Cosh"},
                               {"Asinh", "Asinh"},
                               {"Acosh", "Acosh"},
                               {"Atanh", "Atanh"},
                               {"Tanh", "Tanh"},
                               {"Sigmoid", "Sigmoid"},
                               {"Elu", "Elu"},
                               {"Softplus", "Softplus"},
                               {"Softsign", "Softsign"},
                               {"Erf", "Erf"},
                               {"Erfc", "tenon.Erfc"},
                               {"Floor", "Floor"},
                               {"Ceil", "Ceil"},
                               {"Rint", "Round"},
                               {"Round", "Round"}}) {
    rows.push_back(unary_row(op, operation, floats()));
  }
  rows.push_back(unary_row("Relu", "Relu", numbers_and_int32()));
  rows.push_back(plain_row("Square", numbers_and_int32(), square()));
  rows.push_back(plain_row("Relu6", floats(), clip(0, 6)));
  rows.push_back({"LeakyRelu", {{"T", floats()}}, {}, leaky_relu});
  rows.push_back(plain_row("Selu", floats(), selu()));
  rows.push_back(plain_row("Log1p", floats(), log1p()));

  for (auto [op, operation] : {std::pair{"Add", "Add"},
                               {"AddV2", "Add"},
                               {"Sub", "Sub"},
                               {"Mul", "Mul"},
                               {"Maximum", "Max"},
                               {"Minimum", "Min"},
                               {"FloorMod", "Mod"}}) {
    rows.push_back(binary_row(op, operation, numbers()));
  }
  rows.push_back({"FloorDiv", {{"T", numbers()}}, {}, floor_div});
  for (auto [op, operation] : {std::pair{"RealDiv", "Div"},
                               {"Div", "Div"},
                               {"DivNoNan", "tenon.DivNoNan"},
                               {"Pow", "Pow"},
                               {"SquaredDifference", "tenon.SquaredDifference"},
                               {"Atan2", "tenon.Atan2"}}) {
    rows.push_back(binary_row(op, operation, floats()));
  }

  for (auto [op, operation] : {std::pair{"BitwiseAnd", "BitwiseAnd"},
                               {"BitwiseOr", "BitwiseOr"},
                               {"BitwiseXor", "BitwiseXor"}}) {
    rows.push_back(binary_row(op, operation, integers()));
  }
  rows.push_back(unary_row("Invert", "BitwiseNot", integers()));
  rows.push_back(plain_row("LeftShift", integers(), shift("LEFT")));
  rows.push_back(plain_row("RightShift", integers(), shift("RIGHT")));

  rows.push_back(plain_row("ClipByValue", numbers_and_int32(), clip_by_value()));
  rows.push_back(plain_row("Select", movable(), select()));
  rows.push_back(plain_row("SelectV2", movable(), select_v2()));
  rows.push_back(plain_row("AddN", numbers(), add_n()));
  rows.push_back({"Cast", {{"SrcT", movable()}, {"DstT", movable()}}, {}, cast});
}

}  // namespace tenon::tensorflow

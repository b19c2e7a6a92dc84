// SPDX-License-Identifier: Apache-2.0
//
// Comparisons, tests and logic: bool results.
#include "ops/pattern.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

Row comparison_row(const char* op, const char* operation, const Types& types) {
  return {op, {{"T", types}}, {}, [operation](const Node&) -> Compute {
            return [f = Operation(operation)](NodeCall& call) {
              const View a = call.input(0);
              const View b = call.input(1);
              call.run(f, {a, b}, {call.output(0, TN_BOOL, broadcast_dims(a.dims, b.dims))});
            };
          }};
}

// Tensors of shapes that do not broadcast are unequal as wholes where the node says so.
Row equality_row(const char* op, const char* operation, bool unequal) {
  return {op, {{"T", plain()}}, {}, [operation, unequal](const Node& node) -> Compute {
            const bool strict = node.flag("incompatible_shape_error", true);
            return [f = Operation(operation), strict, unequal](NodeCall& call) {
              const View a = call.input(0);
              const View b = call.input(1);
              if (!strict && !broadcasts(a.dims, b.dims)) {
                return call.fill(call.output(0, TN_BOOL, {}), unequal ? 1 : 0);
              }
              call.run(f, {a, b}, {call.output(0, TN_BOOL, broadcast_dims(a.dims, b.dims))});
            };
          }};
}

Row test_row(const char* op, const char* operation) {
  return {op, {{"T", floats()}}, {}, [operation](const Node&) -> Compute {
            return [f = Operation(operation)](NodeCall& call) {
              const View x = call.input(0);
              call.run(f, {x}, {call.output(0, TN_BOOL, x.dims)});
            };
          }};
}

// x * 0 is 0 for finite x alone.
Compute is_finite() {
  return [multiply = Operation("Mul"), equal = Operation("Equal")](NodeCall& call) {
    const View x = call.input(0);
    const View t = call.temporary(x.dtype, x.dims);
    call.run(multiply, {x, Scalar(0, x.dtype)}, {t});
    call.run(equal, {t, Scalar(0, x.dtype)}, {call.output(0, TN_BOOL, x.dims)});
  };
}

// Ops on bool alone have no type attribute.
Row logic_row(const char* op, const char* operation) {
  Row row = binary_row(op, operation, {});
  row.types.clear();
  return row;
}

}  // namespace

void add_comparisons(Rows& rows) {
  rows.push_back(equality_row("Equal", "Equal", /*unequal=*/false));
  rows.push_back(equality_row("NotEqual", "tenon.NotEqual", /*unequal=*/true));
  rows.push_back(comparison_row("Less", "Less", numbers()));
  rows.push_back(comparison_row("LessEqual", "LessOrEqual", numbers()));
  rows.push_back(comparison_row("Greater", "Greater", numbers()));
  rows.push_back(comparison_row("GreaterEqual", "GreaterOrEqual", numbers()));

  rows.push_back(test_row("IsNan", "IsNaN"));
  rows.push_back(test_row("IsInf", "IsInf"));
  rows.push_back(plain_row("IsFinite", floats(), is_finite()));

  rows.push_back(logic_row("LogicalAnd", "And"));
  rows.push_back(logic_row("LogicalOr", "Or"));
  Row logical_not = unary_row("LogicalNot", "Not", {});
  logical_not.types.clear();
  rows.push_back(logical_not);
}

}  // namespace tenon::tensorflow

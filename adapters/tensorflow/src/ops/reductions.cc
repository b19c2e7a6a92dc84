// SPDX-License-Identifier: Apache-2.0
//
// Reductions, ArgMax and ArgMin, Cumsum, Cumprod, TopKV2.
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include "ops/pattern.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

// Axes to reduce, ascending; and the dims with them as 1 and without them.
struct Reduced {
  Dims axes;
  Dims kept;
  Dims dropped;
};

Reduced reduce_dims(const View& x, const std::vector<int64_t>& requested) {
  std::array<bool, TN_MAX_RANK> reduce{};
  for (int64_t axis : requested) {
    if (std::exchange(reduce[static_cast<size_t>(normal_axis(axis, x.rank()))], true)) {
      invalid_argument("Invalid reduction arguments: Axes contains duplicate dimension: " +
                       std::to_string(axis));
    }
  }
  Reduced result;
  for (int32_t i = 0; i < x.rank(); ++i) {
    const bool gone = reduce[static_cast<size_t>(i)];
    if (gone) result.axes.push_back(i);
    result.kept.push_back(gone ? 1 : x.dims[i]);
    if (!gone) result.dropped.push_back(x.dims[i]);
  }
  return result;
}

Compute reduction(const char* operation, const Node& node) {
  const bool keep = node.flag("keep_dims");
  const bool norm = std::string_view(operation) == "ReduceL2";
  return [f = Operation(operation, {{"keepdims", int64_t{1}}}), abs = Operation("Abs"), keep,
          norm](NodeCall& call) {
    const View x = call.input(0);
    const Reduced reduced = reduce_dims(x, call.host_list(1, 0, kAnyRank));
    const View y = call.output(0, x.dtype, keep ? reduced.kept : reduced.dropped);
    // No axes mean nothing to reduce here, everything in the operator.
    if (reduced.axes.empty()) return norm ? call.run(abs, {x}, {y}) : call.copy(x, y);
    call.run(f, {x, reduced.axes}, {y.reshaped(reduced.kept)});
  };
}

Row reduction_row(const char* op, const char* operation, const Types& types) {
  return {op, {{"T", types}}, {"reduction_indices"}, [operation](const Node& node) {
            return reduction(operation, node);
          }};
}

// NaN never wins in TensorFlow and always does in the operator.
View without_nan(NodeCall& call, const View& x, double replacement) {
  static const Operation is_nan("IsNaN");
  static const Operation where("Where");
  const View bad = call.temporary(TN_BOOL, x.dims);
  const View y = call.temporary(x.dtype, x.dims);
  call.run(is_nan, {x}, {bad});
  call.run(where, {bad, Scalar(replacement, x.dtype), x}, {y});
  return y;
}

Compute arg_extreme(const char* operation, const Node& node) {
  const tn_dtype type = node.type("output_type");
  const std::string name = operation;
  const double worst = name == "ArgMax" ? -std::numeric_limits<double>::infinity()
                                        : std::numeric_limits<double>::infinity();
  return [name, type, worst](NodeCall& call) {
    View x = call.input(0);
    const int32_t axis = normal_axis(call.host_integer(1), x.rank());
    if (x.dims[axis] == 0) {
      invalid_argument("Reduction axis " + std::to_string(axis) + " is empty in shape " +
                       x.dims.text());
    }
    const Operation f(name, {{"axis", int64_t{axis}}, {"keepdims", int64_t{0}}});
    if (is_float(x.dtype)) x = without_nan(call, x, worst);
    Dims dims = x.dims;
    dims.erase(axis);
    const View y = call.output(0, type, dims);
    if (type == TN_INT64) return call.run(f, {x}, {y});
    const View wide = call.temporary(TN_INT64, dims);
    call.run(f, {x}, {wide});
    call.cast(wide, y);
  };
}

Row arg_row(const char* op, const char* operation) {
  return {op,
          {{"T", numbers()}, {"output_type", {TF_INT64, TF_INT32}}},
          {"dimension"},
          [operation](const Node& node) { return arg_extreme(operation, node); }};
}

Compute cumulative(const char* operation, const Node& node) {
  const Operation f(operation, {{"exclusive", int64_t{node.flag("exclusive")}},
                                {"reverse", int64_t{node.flag("reverse")}}});
  return [f](NodeCall& call) {
    const View x = call.input(0);
    const int32_t axis = normal_axis(call.host_integer(1), x.rank());
    call.run(f, {x, Scalar::of(int64_t{axis})}, {call.output(0, x.dtype, x.dims)});
  };
}

Compute top_k(const Node& node) {
  const Operation f("TopK",
                    {{"axis", int64_t{-1}}, {"sorted", int64_t{node.flag("sorted", true)}}});
  const tn_dtype type = node.has("index_type") ? node.type("index_type") : TN_INT32;
  return [f, type](NodeCall& call) {
    const View x = call.input(0);
    const int64_t k = call.host_integer(1);
    if (x.rank() == 0 || k < 0 || k > x.dims[x.rank() - 1]) {
      invalid_argument("input must have at least k columns");
    }
    Dims dims = x.dims;
    dims[dims.size() - 1] = k;
    const View values = call.output(0, x.dtype, dims);
    const View indices = call.output(1, type, dims);
    const View wide = type == TN_INT64 ? indices : call.temporary(TN_INT64, dims);
    const Dims count{k};
    call.run(f, {x, count}, {values, wide});
    if (type != TN_INT64) call.cast(wide, indices);
  };
}

// sum(x^2) / 2; of 16-bit floats in float32, as twice the result may be beyond their range.
Compute l2_loss() {
  return [f = Operation("ReduceSumSquare", {{"keepdims", int64_t{0}}}),
          multiply = Operation("Mul")](NodeCall& call) {
    const View in = call.input(0);
    const View out = call.output(0, in.dtype, {});
    const View x = tn_dtype_bits(in.dtype) == 16 ? call.as(in, TN_FLOAT32) : in;
    const View y = x.dtype == in.dtype ? out : call.temporary(x.dtype, {});
    call.run(f, {x}, {y});
    call.run(multiply, {y, Scalar(0.5, x.dtype)}, {y});
    if (x.dtype != in.dtype) call.cast(y, out);
  };
}

}  // namespace

void add_reductions(Rows& rows) {
  rows.push_back(reduction_row("Sum", "ReduceSum", numbers_and_int32()));
  rows.push_back(reduction_row("Mean", "ReduceMean", floats()));
  rows.push_back(reduction_row("Prod", "ReduceProd", numbers_and_int32()));
  rows.push_back(reduction_row("Max", "ReduceMax", numbers()));
  rows.push_back(reduction_row("Min", "ReduceMin", numbers()));
  rows.push_back(reduction_row("EuclideanNorm", "ReduceL2", floats()));
  for (auto [op, operation] : {std::pair{"All", "tenon.ReduceAll"}, {"Any", "tenon.ReduceAny"}}) {
    Row row = reduction_row(op, operation, {});
    row.types.clear();  // bool alone.
    rows.push_back(row);
  }
  rows.push_back(arg_row("ArgMax", "ArgMax"));
  rows.push_back(arg_row("ArgMin", "ArgMin"));
  for (auto [op, operation] : {std::pair{"Cumsum", "CumSum"}, {"Cumprod", "CumProd"}}) {
    rows.push_back({op, {{"T", numbers()}}, {"axis"}, [operation](const Node& node) {
                      return cumulative(operation, node);
                    }});
  }
  rows.push_back({"TopKV2", {{"T", numbers()}}, {"k"}, top_k});
  rows.push_back(plain_row("L2Loss", floats(), l2_loss()));
}

}  // namespace tenon::tensorflow

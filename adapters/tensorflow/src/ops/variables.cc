// SPDX-License-Identifier: Apache-2.0
//
// Updates of variables: whole ones, rows, slices.
#include "ops/variables.h"

#include "ops/indices.h"
#include "ops/pattern.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

// The new value is the old one.
void keep(NodeCall& call, const View& current, const View& fresh) {
  if (fresh.data != current.data) call.copy(current, fresh);
}

void check_scatter_nd(const Dims& variable, const Dims& indices, const Dims& updates) {
  const auto refuse = [&](const char* what) {
    invalid_argument(std::string(what) + ": updates " + updates.text() + " by indices " +
                     indices.text() + " into a variable " + variable.text());
  };
  if (indices.empty() || variable.empty()) refuse("indices and variable need an axis");
  const auto depth = static_cast<int32_t>(indices[indices.size() - 1]);
  if (depth > variable.size()) refuse("the indices' last axis exceeds the variable's rank");
  Dims wanted;
  for (int32_t i = 0; i + 1 < indices.size(); ++i) wanted.push_back(indices[i]);
  for (int32_t i = depth; i < variable.size(); ++i) wanted.push_back(variable[i]);
  if (!(wanted == updates)) refuse("the shapes do not fit");
}

void require_dtype(const View& variable, const View& value) {
  if (variable.dtype != value.dtype) {
    invalid_argument("DType of variable handle and value does not match.");
  }
}

Compute assign_update(const char* operation) {
  return [f = Operation(operation)](NodeCall& call) {
    const View value = call.input(1);
    update_variable(call, 0, [&](const View& current, const View& fresh) {
      require_dtype(current, value);
      if (!(value.dims == current.dims)) {
        invalid_argument("Cannot update variable with shape " + current.dims.text() +
                         " using a Tensor with shape " + value.dims.text() +
                         ", shapes must be equal.");
      }
      call.run(f, {current, value}, {fresh});
    });
  };
}

// Input 2, or its negative, of which the sum is a difference.
View updates_of(NodeCall& call, bool negate) {
  static const Operation negative("Neg");
  const View updates = call.input(2);
  if (!negate) return updates;
  const View negated = call.temporary(updates.dtype, updates.dims);
  call.run(negative, {updates}, {negated});
  return negated;
}

// Rows of the variable [N, ...] chosen by indices of any shape; the updates are theirs in that
// shape or one scalar for all.
Compute scatter_rows(const char* reduction, bool negate) {
  return [f = Operation("ScatterND", {{"reduction", std::string(reduction)}}),
          negate](NodeCall& call) {
    const View indices = call.as(positions(call, call.input(1)), TN_INT64);
    const View updates = updates_of(call, negate);
    const int64_t count = indices.count();
    update_variable(call, 0, [&](const View& current, const View& fresh) {
      if (current.rank() < 1) invalid_argument("resource must be at least 1-dimensional");
      Dims dims = current.dims;
      dims[0] = count;
      require_dtype(current, updates);
      if (current.dims[0] == 0 && count > 0) {
        invalid_argument("indices into a variable without rows: " + current.dims.text());
      }
      if (updates.rank() != 0 && updates.count() != dims.product()) {
        invalid_argument("updates of shape " + updates.dims.text() + " for indices " +
                         indices.dims.text() + " of a variable " + current.dims.text());
      }
      const View rows = updates.rank() == 0 ? updates.broadcast_to(dims) : updates.reshaped(dims);
      call.run(f, {current, indices.reshaped({count, 1}), rows}, {fresh});
    });
  };
}

// Elements or slices of the variable chosen by the last axis of the indices.
Compute scatter_nd(const char* reduction, bool negate) {
  return [f = Operation("ScatterND", {{"reduction", std::string(reduction)}}),
          negate](NodeCall& call) {
    const View indices = call.as(positions(call, call.input(1)), TN_INT64);
    const View updates = updates_of(call, negate);
    update_variable(call, 0, [&](const View& current, const View& fresh) {
      check_scatter_nd(current.dims, indices.dims, updates.dims);
      if (indices.count() == 0 && updates.count() == 0) return keep(call, current, fresh);
      call.run(f, {current, indices, updates}, {fresh});
    });
  };
}

// (variable, indices): elements or slices chosen by the last axis of the indices.
void gather_nd(NodeCall& call) {
  static const Operation f("GatherND");
  const View indices = call.as(positions(call, call.input(1)), TN_INT64);
  if (indices.rank() < 1) invalid_argument("indices must be at least a vector");
  read_variable(call, 0, [&](const View& x) {
    const auto depth = static_cast<int32_t>(indices.dims[indices.rank() - 1]);
    if (depth > x.rank()) invalid_argument("index innermost dimension exceeds the params' rank");
    Dims dims;
    for (int32_t i = 0; i + 1 < indices.rank(); ++i) dims.push_back(indices.dims[i]);
    for (int32_t i = depth; i < x.rank(); ++i) dims.push_back(x.dims[i]);
    const View y = call.output(0, x.dtype, dims);
    if (depth == 0) return call.copy(x.broadcast_to(dims), y);
    call.run(f, {x, indices}, {y});
  });
}

Row update_row(const char* op, Compute compute) {
  Row row = plain_row(op, numbers_and_int32(), std::move(compute));
  row.types[0].attribute = "dtype";
  row.host = {"resource"};
  return row;
}

Row nd_row(const char* op, Compute compute) {
  Row row = plain_row(op, numbers_and_int32(), std::move(compute));
  row.host = {"ref"};
  return row;
}

}  // namespace

void add_variables(Rows& rows) {
  rows.push_back(update_row("AssignAddVariableOp", assign_update("Add")));
  rows.push_back(update_row("AssignSubVariableOp", assign_update("Sub")));
  rows.push_back(update_row("ResourceScatterAdd", scatter_rows("add", false)));
  rows.push_back(update_row("ResourceScatterSub", scatter_rows("add", true)));
  rows.push_back(update_row("ResourceScatterUpdate", scatter_rows("none", false)));
  rows.push_back(update_row("ResourceScatterMax", scatter_rows("max", false)));
  rows.push_back(update_row("ResourceScatterMin", scatter_rows("min", false)));
  rows.push_back(update_row("ResourceScatterMul", scatter_rows("mul", false)));
  Row gather = plain_row("ResourceGatherNd", movable(), gather_nd);
  gather.types[0].attribute = "dtype";
  gather.host = {"resource"};
  rows.push_back(gather);
  rows.push_back(nd_row("ResourceScatterNdUpdate", scatter_nd("none", false)));
  rows.push_back(nd_row("ResourceScatterNdAdd", scatter_nd("add", false)));
  rows.push_back(nd_row("ResourceScatterNdSub", scatter_nd("add", true)));
  rows.push_back(nd_row("ResourceScatterNdMax", scatter_nd("max", false)));
  rows.push_back(nd_row("ResourceScatterNdMin", scatter_nd("min", false)));
}

}  // namespace tenon::tensorflow

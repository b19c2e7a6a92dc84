// SPDX-License-Identifier: Apache-2.0
//
// Updates of variables: whole ones, rows, slices.
#include "kernels/variables.h"

#include "kernels/indices.h"
#include "kernels/pattern.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

void require_dtype(const View& variable, const View& value) {
  if (variable.dtype != value.dtype) {
    invalid_argument("DType of variable handle and value does not match.");
  }
}

Compute assign_update(const char* operation) {
  return [f = Operation(operation)](Call& call) {
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

// Rows of the variable [N, ...] chosen by indices of any shape; the updates are theirs in that
// shape or one scalar for all.
Compute scatter_rows(const char* reduction, bool negate) {
  return [f = Operation("ScatterND", {{"reduction", std::string(reduction)}}),
          negative = Operation("Neg"), negate](Call& call) {
    const View indices = call.as(positions(call, call.input(1)), TN_INT64);
    View updates = call.input(2);
    if (negate) {
      const View negated = call.temporary(updates.dtype, updates.dims);
      call.run(negative, {updates}, {negated});
      updates = negated;
    }
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

Row update_row(const char* op, Compute compute) {
  Row row = plain_row(op, numbers_and_int32(), std::move(compute));
  row.types[0].attribute = "dtype";
  row.host = {"resource"};
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
}

}  // namespace tenon::tensorflow

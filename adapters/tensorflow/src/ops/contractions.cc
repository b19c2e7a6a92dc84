// SPDX-License-Identifier: Apache-2.0
//
// Matrix products and biases. A transposed operand is a view with its last axes swapped.
#include "ops/pattern.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

View swapped_if(bool swap, const View& x) {
  if (!swap) return x;
  Dims order;
  for (int32_t i = 0; i < x.rank(); ++i) order.push_back(i);
  std::swap(order[x.rank() - 1], order[x.rank() - 2]);
  return x.permuted(order);
}

// How the leading dimensions of two operands may differ.
enum class Batches { kNone, kEqual, kBroadcast };

void check_batches(Batches batches, const Dims& a, const Dims& b) {
  if (batches == Batches::kNone && (!a.empty() || !b.empty())) {
    invalid_argument("In[0] and In[1] must be matrices");
  }
  if (batches == Batches::kEqual && !(a == b)) {
    invalid_argument("In[0] and In[1] must have the same leading dimensions: " + a.text() +
                     " vs. " + b.text());
  }
}

Compute matrix_product(bool swap_a, bool swap_b, Batches batches, tn_dtype out) {
  return [f = Operation("MatMul"), swap_a, swap_b, batches, out](NodeCall& call) {
    const View in_a = call.input(0);
    const View in_b = call.input(1);
    if (in_a.rank() < 2 || in_b.rank() < 2) {
      invalid_argument("operands must have two dimensions or more, not " + in_a.dims.text() +
                       " and " + in_b.dims.text());
    }
    const View a = swapped_if(swap_a, in_a);
    const View b = swapped_if(swap_b, in_b);
    const int64_t rows = a.dims[a.rank() - 2];
    const int64_t columns = b.dims[b.rank() - 1];
    if (a.dims[a.rank() - 1] != b.dims[b.rank() - 2]) {
      invalid_argument("Matrix size-incompatible: In[0]: " + in_a.dims.text() +
                       ", In[1]: " + in_b.dims.text());
    }
    Dims batch_a = a.dims;
    Dims batch_b = b.dims;
    for (int i = 0; i < 2; ++i) {
      batch_a.erase(batch_a.size() - 1);
      batch_b.erase(batch_b.size() - 1);
    }
    check_batches(batches, batch_a, batch_b);
    Dims dims = broadcast_dims(batch_a, batch_b);
    dims.push_back(rows);
    dims.push_back(columns);
    const tn_dtype type = out == TN_DTYPE_UNDEFINED ? a.dtype : out;
    const View y = call.output(0, type, dims);
    if (a.dims[a.rank() - 1] == 0) return call.fill(y, 0);
    call.run(f, {call.as(a, type), call.as(b, type)}, {y});
  };
}

Compute mat_mul(const Node& node) {
  return matrix_product(node.flag("transpose_a"), node.flag("transpose_b"), Batches::kNone,
                        TN_DTYPE_UNDEFINED);
}

Compute batch_mat_mul(const Node& node) {
  return matrix_product(node.flag("adj_x"), node.flag("adj_y"),
                        node.op() == "BatchMatMul" ? Batches::kEqual : Batches::kBroadcast,
                        node.type("Tout"));
}

// A bias of [C] seen as broadcasting to the value.
View bias_view(const View& bias, const View& value, bool channels_first) {
  if (!channels_first) return bias;
  View view = bias;
  for (int32_t i = 2; i < value.rank(); ++i) view = view.with_axis(view.rank());
  return view;
}

Compute bias_add(const Node& node) {
  const bool first = node.text("data_format", "NHWC") == "NCHW";
  return [f = Operation("Add"), first](NodeCall& call) {
    const View x = call.input(0);
    const View bias = call.input(1);
    if (x.rank() < 2 || bias.rank() != 1 || bias.dims[0] != x.dims[first ? 1 : x.rank() - 1]) {
      invalid_argument("Must provide as many biases as the channel dimension of the input: " +
                       bias.dims.text() + " vs. " + x.dims.text());
    }
    call.run(f, {x, bias_view(bias, x, first)}, {call.output_in_place(0, x.dtype, x.dims, {0})});
  };
}

Compute bias_add_grad(const Node& node) {
  const bool first = node.text("data_format", "NHWC") == "NCHW";
  return [f = Operation("ReduceSum", {{"keepdims", int64_t{0}}}), first](NodeCall& call) {
    const View dy = call.input(0);
    if (dy.rank() < 2) invalid_argument("Input tensor must be at least 2D: " + dy.dims.text());
    const int32_t channel = first ? 1 : dy.rank() - 1;
    Dims axes;
    for (int32_t i = 0; i < dy.rank(); ++i) {
      if (i != channel) axes.push_back(i);
    }
    call.run(f, {dy, axes}, {call.output(0, dy.dtype, {dy.dims[channel]})});
  };
}

Compute determinant() {
  return [f = Operation("Det")](NodeCall& call) {
    const View x = call.input(0);
    const int32_t rank = x.rank();
    if (rank < 2 || x.dims[rank - 1] != x.dims[rank - 2]) {
      invalid_argument("Input matrix must be square: " + x.dims.text());
    }
    Dims dims;
    for (int32_t i = 0; i + 2 < rank; ++i) dims.push_back(x.dims[i]);
    call.run(f, {x}, {call.output(0, x.dtype, dims)});
  };
}

}  // namespace

void add_contractions(Rows& rows) {
  rows.push_back({"MatMul", {{"T", numbers()}}, {}, mat_mul});
  for (const char* op : {"BatchMatMul", "BatchMatMulV2"}) {
    rows.push_back({op, {{"T", numbers()}}, {}, batch_mat_mul});
  }
  rows.push_back({"BatchMatMulV3", {{"Ta", floats()}, {"Tb", floats()}}, {}, batch_mat_mul});
  rows.push_back(plain_row("MatrixDeterminant", floats(), determinant()));
  rows.push_back({"BiasAdd", {{"T", numbers()}}, {}, bias_add});
  rows.push_back({"BiasAddV1", {{"T", numbers()}}, {}, bias_add});
  rows.push_back({"BiasAddGrad", {{"T", numbers()}}, {}, bias_add_grad});
}

}  // namespace tenon::tensorflow

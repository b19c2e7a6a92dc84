// SPDX-License-Identifier: Apache-2.0
//
// Gathering, scattering, joining and cutting by position.
#include <torch/library.h>

#include <ATen/ExpandUtils.h>
#include <ATen/WrapDimUtils.h>
#include <ATen/ops/cat_meta.h>
#include <ATen/ops/gather_meta.h>
#include <ATen/ops/index_add_meta.h>
#include <ATen/ops/scatter_add_meta.h>
#include <ATen/ops/scatter_meta.h>
#include <ATen/ops/sort_meta.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/topk_meta.h>
#include <ATen/ops/tril_meta.h>
#include <ATen/ops/triu_meta.h>

#include "elementwise.h"
#include "reductions.h"
#include "structured.h"

namespace tenon::pytorch {
namespace {

runtime::Operation with_axis(const char* name, int64_t axis) {
  return runtime::Operation(name, {{"axis", axis}});
}

// Rank 0 counts as rank 1 with one element.
Tensor ranked(const Tensor& tensor) { return tensor.dim() == 0 ? tensor.view({1}) : tensor; }

// -- Joining: each part is copied into its slice, cast where the types differ --

struct Cat {
  static void run(auto&, const at::ITensorListRef& tensors, int64_t dim, const Tensor& out) {
    if (out.numel() == 0) return;
    const int64_t axis = at::maybe_wrap_dim(dim, out.dim());
    std::vector<Tensor> parts;
    for (const Tensor& tensor : tensors) {
      // A 1-d tensor without elements is skipped, whatever its shape (torch's legacy rule).
      if (tensor.numel() > 0) parts.push_back(as_type(tensor, out.scalar_type()));
    }
    const runtime::Operation op = with_axis("Concat", axis);
    OperatorCall call(op, out);
    for (const Tensor& part : parts) call.input(part);
    call.output(out).run();
  }
};

// Indices for operators, to which negative ones count from the end, of an op for which they are
// wrong: those become the largest of their type, which is out of range of every tensor and fails
// the work. Read without a sign, a negative number is beyond the largest one with a sign.
Tensor from_start(const Tensor& index) {
  if (index.numel() == 0) return index;
  const bool wide = index.scalar_type() == ScalarType::Long;
  const tn_dtype unsigned_type = wide ? TN_UINT64 : TN_UINT32;
  const Tensor out = make_tensor(index.sizes(), index.scalar_type(), index.device());
  OperatorCall call(operation<"Min">(), out);
  call.input_as(index, unsigned_type);
  wide ? call.value(uint64_t{INT64_MAX}, TN_UINT64) : call.value(uint32_t{INT32_MAX}, TN_UINT32);
  call.output_as(out, unsigned_type).run();
  return out;
}

// -- Gathering --

void gather_slices(const Tensor& self, int64_t axis, const Tensor& index, const Tensor& out) {
  if (out.numel() == 0) return;
  const runtime::Operation op = with_axis("Gather", axis);
  OperatorCall(op, out).input(self).input(index).output(out).run();
}

Tensor select_sizes_checked(const Tensor& self, int64_t dim, const Tensor& index) {
  TORCH_CHECK_INDEX(index.dim() <= 1,
                    "index_select(): Index is supposed to be a vector, but got dim: ", index.dim());
  TORCH_CHECK(index.scalar_type() == ScalarType::Long || index.scalar_type() == ScalarType::Int,
              "index_select(): Expected dtype int32 or int64 for index");
  std::vector<int64_t> sizes = self.sizes().vec();
  if (self.dim() > 0)
    sizes[static_cast<size_t>(at::maybe_wrap_dim(dim, self.dim()))] = index.numel();
  return make_tensor(sizes, self.scalar_type(), self.device());
}
Tensor& index_select_into(const Tensor& self, int64_t dim, const Tensor& index, Tensor& out) {
  const Tensor source = ranked(self);
  const Tensor target = ranked(out);
  gather_slices(source, at::maybe_wrap_dim(dim, source.dim()), from_start(ranked(index)), target);
  return out;
}
Tensor selected(const Tensor& self, int64_t dim, const Tensor& index) {
  if (!computable(self.scalar_type()))
    return Fallback<"aten::index_select", Tensor(const Tensor&, int64_t, const Tensor&)>::call(
        self, dim, index);
  Tensor out = select_sizes_checked(self, dim, index);
  return index_select_into(self, dim, index, out);
}
Tensor& index_select_out(const Tensor& self, int64_t dim, const Tensor& index, Tensor& out) {
  const Tensor made = selected(self, dim, index);
  at::native::resize_output(out, made.sizes());
  assign(out, made);
  return out;
}

struct Gather {
  static void run(auto&, const Tensor& self, int64_t dim, const Tensor& index, bool,
                  const Tensor& out) {
    if (out.numel() == 0) return;
    const Tensor source = ranked(self), i = from_start(ranked(index)), target = ranked(out);
    const runtime::Operation op =
        with_axis("GatherElements", at::maybe_wrap_dim(dim, source.dim()));
    // ONNX wants equal sizes outside of the axis, torch lets the index be smaller.
    Tensor cut = source;
    const int64_t axis = at::maybe_wrap_dim(dim, source.dim());
    for (int64_t d = 0; d < source.dim(); ++d) {
      if (d != axis && i.size(d) < source.size(d)) cut = cut.narrow(d, 0, i.size(d));
    }
    OperatorCall(op, out).input(cut).input(i).output(target).run();
  }
};

// -- Scattering: the output starts as `self` --

void scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
             const char* reduction, const Tensor& out) {
  if (!out.is_same(self)) assign(out, self);
  if (index.numel() == 0) return;
  const Tensor target = ranked(out), i = from_start(ranked(index));
  Tensor updates = ranked(source);
  const int64_t axis = at::maybe_wrap_dim(dim, target.dim());
  for (int64_t d = 0; d < updates.dim(); ++d) {
    if (i.size(d) < updates.size(d)) updates = updates.narrow(d, 0, i.size(d));
  }
  // ONNX wants equal sizes outside of the axis, torch lets the index be smaller.
  Tensor cut = target;
  for (int64_t d = 0; d < target.dim(); ++d) {
    if (d != axis && i.size(d) < target.size(d)) cut = cut.narrow(d, 0, i.size(d));
  }
  const runtime::Operation op("ScatterElements",
                              {{"axis", axis}, {"reduction", std::string(reduction)}});
  OperatorCall(op, out).input(cut).input(i).input(updates).output(cut).run();
}
Tensor full(const Tensor& shape, const at::Scalar& value, ScalarType type) {
  const Tensor one = make_tensor({1}, type, shape.device());
  fill_with(one, value);
  return one.view(std::vector<int64_t>(static_cast<size_t>(shape.dim()), 1)).expand_as(shape);
}

struct Scatter {
  static void run(auto&, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                  const Tensor& out) {
    scatter(self, dim, index, source, "none", out);
  }
  static void run(auto&, const Tensor& self, int64_t dim, const Tensor& index,
                  const at::Scalar& value, const Tensor& out) {
    scatter(self, dim, index, full(index, value, self.scalar_type()), "none", out);
  }
};
struct ScatterReduce {  // "add" or "multiply"
  static bool serves(const Tensor& self, auto&&...) {
    return self.scalar_type() != ScalarType::Bool;
  }
  static const char* word(std::string_view reduction) { return reduction == "add" ? "add" : "mul"; }
  static void run(auto&, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                  std::string_view reduction, const Tensor& out) {
    scatter(self, dim, index, source, word(reduction), out);
  }
  static void run(auto&, const Tensor& self, int64_t dim, const Tensor& index,
                  const at::Scalar& value, std::string_view reduction, const Tensor& out) {
    scatter(self, dim, index, full(index, value, self.scalar_type()), word(reduction), out);
  }
};
struct ScatterAdd {
  static bool serves(const Tensor& self, auto&&...) {
    return self.scalar_type() != ScalarType::Bool;
  }
  static void run(auto&, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                  const Tensor& out) {
    scatter(self, dim, index, source, "add", out);
  }
};
struct IndexAdd {
  static bool serves(const Tensor& self, auto&&...) {
    return self.scalar_type() != ScalarType::Bool;
  }
  static void run(auto&, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                  const at::Scalar& alpha, const Tensor& out) {
    if (!out.is_same(self)) assign(out, self);
    if (index.numel() == 0 || out.numel() == 0) return;
    const Tensor target = ranked(out), updates = ranked(source), i = from_start(ranked(index));
    const runtime::Operation op =
        with_axis("tenon.IndexAdd", at::maybe_wrap_dim(dim, target.dim()));
    OperatorCall(op, out)
        .input(target)
        .input(i)
        .input(updates)
        .scalar(alpha, self.scalar_type())
        .output(target)
        .run();
  }
};

Tensor embedding_backward(const Tensor& grad, const Tensor& indices, int64_t rows, int64_t padding,
                          bool scale_by_frequency) {
  if (scale_by_frequency)
    return Fallback<"aten::embedding_dense_backward",
                    Tensor(const Tensor&, const Tensor&, int64_t, int64_t,
                           bool)>::call(grad, indices, rows, padding, scale_by_frequency);
  const Tensor out = make_tensor({rows, grad.size(-1)}, grad.scalar_type(), grad.device());
  if (indices.numel() == 0) {
    fill_with(out, 0);
    return out;
  }
  const runtime::Operation op("tenon.EmbeddingGrad", {{"padding_idx", padding}});
  OperatorCall(op, out).input(grad).input(from_start(indices)).output(out).run();
  return out;
}

// -- Positions of what is not zero --

Tensor positions_of_nonzero(const Tensor& self) {
  if (!computable(self.scalar_type()))
    return Fallback<"aten::nonzero", Tensor(const Tensor&)>::call(self);
  const auto empty = [&](int64_t count) {
    return make_tensor({count, self.dim()}, ScalarType::Long, self.device());
  };
  if (self.numel() == 0) return empty(0);
  const Tensor mask = as_type(self, ScalarType::Bool);
  const Tensor count = make_tensor({}, ScalarType::Long, self.device());
  sum_over(as_type(mask, ScalarType::Long), {}, false, count);
  const int64_t found = count.item().toLong();
  if (found == 0 || self.dim() == 0) return empty(found);
  const Tensor columns = make_tensor({self.dim(), found}, ScalarType::Long, self.device());
  OperatorCall(operation<"NonZero">(), columns).input(mask).output(columns).run();
  return columns.t();
}

Tensor masked(const Tensor& self, const Tensor& mask) {
  TORCH_CHECK(mask.scalar_type() == ScalarType::Bool,
              "masked_select: expected BoolTensor for mask");
  if (!computable(self.scalar_type()))
    return Fallback<"aten::masked_select", Tensor(const Tensor&, const Tensor&)>::call(self, mask);
  const auto sizes = at::infer_size(self.sizes(), mask.sizes());
  const Tensor flat = as_dense(self.expand(sizes)).view({-1});
  const Tensor positions = positions_of_nonzero(as_dense(mask.expand(sizes)).view({-1})).view({-1});
  const Tensor out = make_tensor({positions.numel()}, self.scalar_type(), self.device());
  gather_slices(flat, 0, positions, out);
  return out;
}

// -- self[i, mask, :, j] --

// What an index expression means: `self` with the indexed dims in front, and one int64 tensor of
// positions [broadcast..., indexed dims].
struct IndexPlan {
  Tensor self;        // Indexed dims first.
  Tensor positions;   // [broadcast..., count]
  int64_t count = 0;  // Indexed dims.
  std::vector<int64_t> broadcast;
  // Where the broadcast dims stand in the result: the place of the first index where all indices
  // are neighbours, else in front.
  int64_t place = 0;
};

IndexPlan plan_index(const Tensor& self, const c10::List<std::optional<Tensor>>& given) {
  std::vector<std::optional<Tensor>> indices;
  for (const std::optional<Tensor> item : given) {
    if (!item || !item->defined()) {
      indices.emplace_back();
      continue;
    }
    Tensor index = *item;
    const ScalarType type = index.scalar_type();
    TORCH_CHECK_INDEX(type == ScalarType::Long || type == ScalarType::Int ||
                          type == ScalarType::Bool || type == ScalarType::Byte,
                      "tensors used as indices must be long, int, byte or bool tensors");
    if (index.device() != self.device()) index = index.to(self.device());
    if (type != ScalarType::Bool && type != ScalarType::Byte) {
      indices.emplace_back(as_type(index, ScalarType::Long));
      continue;
    }
    for (int64_t d = 0; d < index.dim(); ++d) {
      const auto at = static_cast<int64_t>(indices.size()) + d;
      TORCH_CHECK_INDEX(at < self.dim() && index.size(d) == self.size(at), "The shape of the mask ",
                        index.sizes(), " at index ", d,
                        " does not match the shape of the indexed tensor ", self.sizes(),
                        " at index ", at);
    }
    const Tensor positions = positions_of_nonzero(index);
    for (int64_t d = 0; d < index.dim(); ++d) indices.emplace_back(positions.select(1, d));
  }
  TORCH_CHECK_INDEX(static_cast<int64_t>(indices.size()) <= self.dim(),
                    "too many indices for tensor of dimension ", self.dim(), " (got ",
                    indices.size(), ")");
  IndexPlan plan;
  std::vector<int64_t> order, rest;
  bool neighbours = true;
  std::vector<Tensor> chosen;
  for (int64_t d = 0; d < self.dim(); ++d) {
    if (d < static_cast<int64_t>(indices.size()) && indices[static_cast<size_t>(d)]) {
      if (!order.empty() && order.back() != d - 1) neighbours = false;
      order.push_back(d);
      chosen.push_back(*indices[static_cast<size_t>(d)]);
    } else {
      rest.push_back(d);
    }
  }
  plan.count = static_cast<int64_t>(order.size());
  plan.place = neighbours && !order.empty() ? order.front() : 0;
  try {
    chosen = at::expand_outplace(chosen);
  } catch (const std::exception&) {
    TORCH_CHECK_INDEX(false, "shape mismatch: indexing tensors could not be broadcast together");
  }
  plan.broadcast = chosen.front().sizes().vec();
  // ONNX reads negative positions from the end, as torch does.
  plan.positions = at::stack(chosen, -1);
  order.insert(order.end(), rest.begin(), rest.end());
  plan.self = self.permute(order);
  return plan;
}

// [broadcast..., rest...] <-> the order of the result.
Tensor to_result_order(const Tensor& moved, const IndexPlan& plan) {
  if (plan.place == 0) return moved;
  const auto wide = static_cast<int64_t>(plan.broadcast.size());
  std::vector<int64_t> order;
  order.reserve(static_cast<size_t>(moved.dim()));
  for (int64_t i = 0; i < plan.place; ++i) order.push_back(wide + i);
  for (int64_t i = 0; i < wide; ++i) order.push_back(i);
  for (int64_t i = wide + plan.place; i < moved.dim(); ++i) order.push_back(i);
  return moved.permute(order);
}

void check_indexed(const Tensor& self) {
  TORCH_CHECK(on_tenon(self),
              "indices should be either on cpu or on the same device as the indexed tensor (",
              self.device(), ")");
}

Tensor indexed(const Tensor& self, const c10::List<std::optional<Tensor>>& indices) {
  check_indexed(self);
  if (!computable(self.scalar_type()))
    return Fallback<"aten::index.Tensor",
                    Tensor(const Tensor&, const c10::List<std::optional<Tensor>>&)>::call(self,
                                                                                          indices);
  const IndexPlan plan = plan_index(self, indices);
  std::vector<int64_t> sizes = plan.broadcast;
  for (int64_t d = plan.count; d < self.dim(); ++d) sizes.push_back(plan.self.size(d));
  const Tensor moved = make_tensor(sizes, self.scalar_type(), self.device());
  if (moved.numel() > 0) {
    if (plan.count == 1) {
      gather_slices(plan.self, 0, plan.positions.squeeze(-1), moved);
    } else {
      OperatorCall(operation<"GatherND">(), moved)
          .input(plan.self)
          .input(plan.positions)
          .output(moved)
          .run();
    }
  }
  return to_result_order(moved, plan);
}

Tensor& index_put(Tensor& self, const c10::List<std::optional<Tensor>>& indices,
                  const Tensor& values, bool accumulate, bool) {
  check_indexed(self);
  TORCH_CHECK_INDEX(self.scalar_type() == values.scalar_type(),
                    "Index put requires the source and destination dtypes match, got ",
                    self.scalar_type(), " for the destination and ", values.scalar_type(),
                    " for the source.");
  if (!computable(self.scalar_type()) || (accumulate && self.scalar_type() == ScalarType::Bool))
    return Fallback<"aten::_index_put_impl_",
                    Tensor&(Tensor&, const c10::List<std::optional<Tensor>>&, const Tensor&, bool,
                            bool)>::call(self, indices, values, accumulate, false);
  const IndexPlan plan = plan_index(self, indices);
  if (plan.positions.numel() == 0 || self.numel() == 0) return self;
  std::vector<int64_t> sizes = plan.broadcast;
  for (int64_t d = plan.count; d < self.dim(); ++d) sizes.push_back(plan.self.size(d));
  // Values are given in the result's order, which broadcasts; ScatterND wants the moved one.
  const auto wide = static_cast<int64_t>(plan.broadcast.size());
  std::vector<int64_t> result_sizes, back;
  for (int64_t i = 0; i < plan.place; ++i)
    result_sizes.push_back(sizes[static_cast<size_t>(wide + i)]);
  for (int64_t i = 0; i < wide; ++i) result_sizes.push_back(sizes[static_cast<size_t>(i)]);
  for (size_t i = static_cast<size_t>(wide + plan.place); i < sizes.size(); ++i)
    result_sizes.push_back(sizes[i]);
  for (int64_t i = 0; i < wide; ++i) back.push_back(plan.place + i);
  for (int64_t i = 0; i < plan.place; ++i) back.push_back(i);
  for (int64_t i = wide + plan.place; i < static_cast<int64_t>(sizes.size()); ++i)
    back.push_back(i);
  const Tensor source = values.device() == self.device() ? values : values.to(self.device());
  Tensor updates = source;
  // Leading ones that the target lacks are dropped, as torch does.
  while (updates.dim() > static_cast<int64_t>(result_sizes.size()) && updates.size(0) == 1)
    updates = updates.squeeze(0);
  updates = updates.expand(result_sizes).permute(back);
  static const runtime::Operation put("ScatterND", {{"reduction", std::string("none")}});
  static const runtime::Operation add("ScatterND", {{"reduction", std::string("add")}});
  OperatorCall(accumulate ? add : put, self)
      .input(plan.self)
      .input(plan.positions)
      .input(updates)
      .output(plan.self)
      .run();
  return self;
}

// self[:, index] = value
Tensor& index_fill_number(Tensor& self, int64_t dim, const Tensor& index, const at::Scalar& value) {
  TORCH_CHECK_INDEX(
      index.scalar_type() == ScalarType::Long || index.scalar_type() == ScalarType::Int,
      "index_fill_(): Expected dtype int32 or int64 for index.");
  TORCH_CHECK(index.dim() <= 1, "Index has to be a vector/scalar");
  const int64_t axis = at::maybe_wrap_dim(dim, self.dim());
  if (self.numel() == 0 || index.numel() == 0) return self;
  Tensor target = ranked(self);
  c10::List<std::optional<Tensor>> indices;
  for (int64_t d = 0; d < axis; ++d) indices.push_back(std::nullopt);
  indices.push_back(ranked(index));
  const Tensor number = make_tensor({}, self.scalar_type(), self.device());
  fill_with(number, value);
  index_put(target, indices, number, /*accumulate=*/false, /*unsafe=*/false);
  return self;
}

// -- Ordering and cutting --

void top(const Tensor& self, int64_t k, int64_t dim, bool largest, bool sorted,
         const Tensor& values, const Tensor& indices) {
  if (values.numel() == 0) return;
  const Tensor source = ranked(self);
  const Tensor v = ranked(values), i = ranked(indices);
  const runtime::Operation op("TopK", {{"axis", at::maybe_wrap_dim(dim, source.dim())},
                                       {"largest", int64_t{largest}},
                                       {"sorted", int64_t{sorted}}});
  OperatorCall(op, values).input(source).int64(k).output(v).output(i).run();
}
struct TopK {
  static bool serves(const Tensor& self, auto&&...) {
    return self.scalar_type() != ScalarType::Bool;
  }
  static void run(auto&, const Tensor& self, int64_t k, int64_t dim, bool largest, bool sorted,
                  const Tensor& values, const Tensor& indices) {
    top(self, k, dim, largest, sorted, values, indices);
  }
};
// TopK keeps the order of equal values, so that taking all of them is a stable sort.
struct Sort {
  static bool serves(const Tensor& self, auto&&...) {
    return self.scalar_type() != ScalarType::Bool;
  }
  static void run(auto&, const Tensor& self, std::optional<bool>, int64_t dim, bool descending,
                  const Tensor& values, const Tensor& indices) {
    const int64_t k = self.dim() == 0 ? 1 : self.size(dim);
    top(self, k, dim, descending, true, values, indices);
  }
};

template <int kUpper>
struct Triangle {
  static void run(auto&, const Tensor& self, int64_t diagonal, const Tensor& out) {
    if (out.numel() == 0) return;
    static const runtime::Operation op("Trilu", {{"upper", int64_t{kUpper}}});
    OperatorCall(op, out).input(self).int64(diagonal).output(out).run();
  }
};

// A reversed or rotated tensor is what stands at positions that are easily listed.
Tensor flipped(const Tensor& self, at::IntArrayRef dims) {
  Tensor out = self;
  for (const int64_t dim : dims) {
    const int64_t axis = at::maybe_wrap_dim(dim, self.dim());
    if (self.dim() == 0 || self.size(axis) <= 1) continue;
    const Tensor order = make_tensor({self.size(axis)}, ScalarType::Long, self.device());
    OperatorCall(operation<"Range">(), order)
        .int64(self.size(axis) - 1)
        .int64(-1)
        .int64(-1)
        .output(order)
        .run();
    const Tensor turned = make_tensor(self.sizes(), self.scalar_type(), self.device());
    gather_slices(out, axis, order, turned);
    out = turned;
  }
  if (!out.is_same(self)) return out;
  out = make_like(self);
  assign(out, self);
  return out;
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  TENON_FUNCTIONAL(m, cat, "cat", Cat);
  TENON_OUT(m, cat, "cat.out", Cat);
  TENON_KERNEL(m, "index_select", selected);
  TENON_KERNEL(m, "index_select.out", index_select_out);
  TENON_FUNCTIONAL(m, gather, "gather", Gather);
  TENON_OUT(m, gather, "gather.out", Gather);
  TENON_STRUCTURED(m, scatter_src, "scatter", ".src", "src_out", Scatter);
  TENON_STRUCTURED(m, scatter_value, "scatter", ".value", "value_out", Scatter);
  TENON_STRUCTURED(m, scatter_reduce, "scatter", ".reduce", "reduce_out", ScatterReduce);
  TENON_STRUCTURED(m, scatter_value_reduce, "scatter", ".value_reduce", "value_reduce_out",
                   ScatterReduce);
  TENON_STRUCTURED(m, scatter_add, "scatter_add", "", "out", ScatterAdd);
  TENON_STRUCTURED(m, index_add, "index_add", "", "out", IndexAdd);
  TENON_KERNEL(m, "index_fill_.int_Scalar", index_fill_number);
  TENON_KERNEL(m, "embedding_dense_backward", embedding_backward);
  TENON_KERNEL(m, "nonzero", positions_of_nonzero);
  TENON_KERNEL(m, "masked_select", masked);
  TENON_KERNEL(m, "index.Tensor", indexed);
  TENON_KERNEL(m, "_index_put_impl_", index_put);
  TENON_FUNCTIONAL2(m, topk, "topk", TopK);
  TENON_OUT2(m, topk, "topk.values", TopK);
  TENON_FUNCTIONAL2(m, sort_stable, "sort.stable", Sort);
  TENON_OUT2(m, sort_stable, "sort.values_stable", Sort);
  TENON_STRUCTURED(m, tril, "tril", "", "out", Triangle<0>);
  TENON_STRUCTURED(m, triu, "triu", "", "out", Triangle<1>);
  TENON_KERNEL(m, "flip", flipped);
}

}  // namespace
}  // namespace tenon::pytorch

// SPDX-License-Identifier: Apache-2.0
//
// Sums, extremes, logic and norms over dims.
#include <torch/library.h>

#include <cmath>
#include <limits>

#include <ATen/WrapDimUtils.h>
#include <ATen/WrapDimUtilsMulti.h>
#include <ATen/ops/all_meta.h>
#include <ATen/ops/amax_meta.h>
#include <ATen/ops/amin_meta.h>
#include <ATen/ops/any_meta.h>
#include <ATen/ops/argmax_meta.h>
#include <ATen/ops/argmin_meta.h>
#include <ATen/ops/cumprod_meta.h>
#include <ATen/ops/cumsum_meta.h>
#include <ATen/ops/linalg_vector_norm_meta.h>
#include <ATen/ops/max_meta.h>
#include <ATen/ops/mean_meta.h>
#include <ATen/ops/min_meta.h>
#include <ATen/ops/norm_meta.h>
#include <ATen/ops/prod_meta.h>
#include <ATen/ops/sum_meta.h>

#include "elementwise.h"
#include "reductions.h"
#include "structured.h"

namespace tenon::pytorch {
namespace {

// One operator, with and without keeping the reduced dims.
template <FixedString Name>
const runtime::Operation& reduction(bool keepdim) {
  static const runtime::Operation kept(Name.view(), {{"keepdims", int64_t{1}}});
  static const runtime::Operation dropped(Name.view(), {{"keepdims", int64_t{0}}});
  return keepdim ? kept : dropped;
}

using Axes = c10::SmallVector<int64_t, 8>;

// The dims to reduce, from 0; empty where all are.
Axes axes_of(const Tensor& self, at::OptionalIntArrayRef dims) {
  Axes axes;
  if (dims) {
    for (const int64_t dim : *dims) {
      const int64_t wrapped = at::maybe_wrap_dim(dim, self.dim());
      if (self.dim() > 0) axes.push_back(wrapped);
    }
  }
  return axes;
}

void reduce(const runtime::Operation& op, const Tensor& self, at::IntArrayRef axes,
            const Tensor& out) {
  if (out.numel() == 0) return;
  OperatorCall call(op, out);
  call.input(self);
  axes.empty() ? call.absent() : call.integers(axes);
  call.output(out).run();
}

// Reduces `self` in the type that the result has.
template <FixedString Name>
void reduce_as(const Tensor& self, at::OptionalIntArrayRef dims, bool keepdim, const Tensor& out) {
  reduce(reduction<Name>(keepdim), as_type(self, out.scalar_type()), axes_of(self, dims), out);
}

template <FixedString Name>
struct Accumulate {  // sum, mean
  static void run(auto&, const Tensor& self, at::OptionalIntArrayRef dims, bool keepdim,
                  std::optional<ScalarType>, const Tensor& out) {
    reduce_as<Name>(self, dims, keepdim, out);
  }
};
struct Product {
  static void run(auto&, const Tensor& self, int64_t dim, bool keepdim, std::optional<ScalarType>,
                  const Tensor& out) {
    reduce_as<"ReduceProd">(self, at::IntArrayRef(dim), keepdim, out);
  }
};
template <FixedString Name>
struct Extreme {
  static void run(auto&, const Tensor& self, at::IntArrayRef dims, bool keepdim,
                  const Tensor& out) {
    reduce_as<Name>(self, dims, keepdim, out);
  }
};

// Logic. torch's result for bytes is bytes; everything else gives bools.
template <FixedString Name>
void reduce_bool(const Tensor& self, at::OptionalIntArrayRef dims, bool keepdim,
                 const Tensor& out) {
  const Tensor result =
      out.scalar_type() == ScalarType::Bool ? out : make_like(out, ScalarType::Bool);
  reduce(reduction<Name>(keepdim), as_type(self, ScalarType::Bool), axes_of(self, dims), result);
  if (!result.is_same(out)) assign(out, result);
}
template <FixedString Name>
struct Logic {
  static void run(auto&, const Tensor& self, const Tensor& out) {
    reduce_bool<Name>(self, std::nullopt, false, out);
  }
  static void run(auto&, const Tensor& self, int64_t dim, bool keepdim, const Tensor& out) {
    reduce_bool<Name>(self, at::IntArrayRef(dim), keepdim, out);
  }
  static void run(auto&, const Tensor& self, at::OptionalIntArrayRef dims, bool keepdim,
                  const Tensor& out) {
    // An empty list of dims reduces nothing here.
    if (dims && dims->empty() && self.dim() > 0)
      return assign(out, as_type(self, ScalarType::Bool));
    reduce_bool<Name>(self, dims, keepdim, out);
  }
};

// -- Positions of extremes --

template <FixedString Name>
void arg_reduce(const Tensor& self, std::optional<int64_t> dim, bool keepdim, const Tensor& out) {
  if (out.numel() == 0) return;
  if (self.dim() == 0) return fill_with(out, 0);
  const Tensor input = dim ? self : as_dense(self).view({self.numel()});
  const runtime::Operation op(Name.view(),
                              {{"axis", dim ? at::maybe_wrap_dim(*dim, self.dim()) : int64_t{0}},
                               {"keepdims", int64_t{dim && keepdim}}});
  const Tensor target = !dim && out.dim() > 0 ? out.view(at::IntArrayRef{})
                                              : out;  // keepdim without a dim: all dims are 1.
  OperatorCall(op, out)
      .input(input.scalar_type() == ScalarType::Bool ? as_type(input, ScalarType::Byte) : input)
      .output(target)
      .run();
}
template <FixedString Name>
struct ArgExtreme {
  static void run(auto&, const Tensor& self, std::optional<int64_t> dim, bool keepdim,
                  const Tensor& out) {
    arg_reduce<Name>(self, dim, keepdim, out);
  }
};
template <FixedString Name, FixedString ArgName>
struct ExtremeWithIndex {
  static void run(auto&, const Tensor& self, int64_t dim, bool keepdim, const Tensor& values,
                  const Tensor& indices) {
    reduce_as<Name>(self, at::IntArrayRef(dim), keepdim, values);
    arg_reduce<ArgName>(self, dim, keepdim, indices);
  }
};
template <FixedString Name>
Tensor extreme_of_all(const Tensor& self) {
  TORCH_CHECK(self.numel() > 0, "Expected reduction dim to be specified for input.numel() == 0. ",
              "Specify the reduction dim with the 'dim' argument.");
  const Tensor out = make_tensor({}, self.scalar_type(), self.device());
  reduce_as<Name>(self, std::nullopt, false, out);
  return out;
}

template <FixedString Name>
struct Cumulative {
  static void run(auto&, const Tensor& self, int64_t dim, std::optional<ScalarType>,
                  const Tensor& out) {
    if (out.numel() == 0) return;
    const Tensor input = as_type(self, out.scalar_type());
    if (self.dim() == 0) return assign(out, input);
    OperatorCall(operation<Name>(), out)
        .input(input)
        .int64(at::maybe_wrap_dim(dim, self.dim()))
        .output(out)
        .run();
  }
};

// -- Norms --

// sum(|x|^p)^(1/p) in float32 for 16-bit floats, whose powers would overflow.
void power_norm(const Tensor& input, double p, at::OptionalIntArrayRef dims, bool keepdim,
                const Tensor& out) {
  const ScalarType type = out.scalar_type();
  if (type == ScalarType::Half || type == ScalarType::BFloat16) {
    const Tensor wide = make_like(out, ScalarType::Float);
    power_norm(as_type(input, ScalarType::Float), p, dims, keepdim, wide);
    return assign(out, wide);
  }
  const Tensor magnitude = make_like(input);
  elementwise(operation<"Abs">(), {input}, type, magnitude);
  elementwise(operation<"Pow">(), {magnitude, at::Scalar(p)}, type, magnitude);
  reduce_as<"ReduceSum">(magnitude, dims, keepdim, out);
  elementwise(operation<"Pow">(), {out, at::Scalar(1 / p)}, type, out);
}

void norm(const Tensor& self, double p, at::OptionalIntArrayRef dims, bool keepdim,
          const Tensor& out) {
  const ScalarType type = out.scalar_type();
  const Tensor input = as_type(self, type);
  if (p == 2) return reduce_as<"ReduceL2">(input, dims, keepdim, out);
  if (p == 1) return reduce_as<"ReduceL1">(input, dims, keepdim, out);
  if (p != 0 && !std::isinf(p)) return power_norm(input, p, dims, keepdim, out);
  const Tensor magnitude = make_like(input);
  if (p == 0) {
    elementwise(operation<"tenon.NotEqual">(), {input, at::Scalar(0)}, type, magnitude,
                ScalarType::Bool);
    return reduce_as<"ReduceSum">(magnitude, dims, keepdim, out);
  }
  elementwise(operation<"Abs">(), {input}, type, magnitude);
  return p > 0 ? reduce_as<"ReduceMax">(magnitude, dims, keepdim, out)
               : reduce_as<"ReduceMin">(magnitude, dims, keepdim, out);
}
struct VectorNorm {
  static void run(auto&, const Tensor& self, const at::Scalar& p, at::OptionalIntArrayRef dims,
                  bool keepdim, std::optional<ScalarType>, const Tensor& out) {
    norm(self, p.toDouble(), dims, keepdim, out);
  }
};
struct Norm {
  static void run(auto&, const Tensor& self, const std::optional<at::Scalar>& p,
                  at::IntArrayRef dims, bool keepdim, const Tensor& out) {
    norm(self, p ? p->toDouble() : 2, dims, keepdim, out);
  }
  static void run(auto&, const Tensor& self, const std::optional<at::Scalar>& p,
                  at::IntArrayRef dims, bool keepdim, ScalarType, const Tensor& out) {
    norm(self, p ? p->toDouble() : 2, dims, keepdim, out);
  }
};

// -- Variance --

enum class Moment { kVariance, kDeviation };

Tensor variance(Moment moment, const Tensor& self, at::OptionalIntArrayRef dims,
                const std::optional<at::Scalar>& correction, bool keepdim, Tensor* mean) {
  TORCH_CHECK(c10::isFloatingType(self.scalar_type()),
              "std and var only support floating point and complex dtypes");
  const auto mask = at::dim_list_to_bitset(dims, static_cast<size_t>(self.dim()));
  c10::SmallVector<int64_t, 8> sizes;
  for (int64_t i = 0; i < self.dim(); ++i) {
    const bool reduced = !dims || dims->empty() || mask[static_cast<size_t>(i)];
    if (!reduced)
      sizes.push_back(self.size(i));
    else if (keepdim)
      sizes.push_back(1);
  }
  const Tensor out = make_tensor(sizes, self.scalar_type(), self.device());
  if (mean) *mean = make_tensor(sizes, self.scalar_type(), self.device());
  if (out.numel() == 0) return out;
  const Axes axes = axes_of(self, dims);
  OperatorCall call(reduction<"tenon.ReduceVariance">(keepdim), out);
  call.input(self);
  axes.empty() ? call.absent() : call.integers(axes);
  call.float32(correction ? correction->toDouble() : 1).output(out);
  mean ? call.output(*mean) : call.absent_output();
  call.run();
  if (moment == Moment::kDeviation) elementwise(operation<"Sqrt">(), {out}, out.scalar_type(), out);
  return out;
}
using Correction = const std::optional<at::Scalar>&;
template <Moment kMoment, FixedString Name>
Tensor spread(const Tensor& self, at::OptionalIntArrayRef dims, Correction correction,
              bool keepdim) {
  if (!computable(self.scalar_type()))
    return Fallback<Name, Tensor(const Tensor&, at::OptionalIntArrayRef, Correction, bool)>::call(
        self, dims, correction, keepdim);
  return variance(kMoment, self, dims, correction, keepdim, nullptr);
}
template <Moment kMoment, FixedString Name>
std::tuple<Tensor, Tensor> spread_mean(const Tensor& self, at::OptionalIntArrayRef dims,
                                       Correction correction, bool keepdim) {
  using Pair = std::tuple<Tensor, Tensor>;
  if (!computable(self.scalar_type()))
    return Fallback<Name, Pair(const Tensor&, at::OptionalIntArrayRef, Correction, bool)>::call(
        self, dims, correction, keepdim);
  Tensor mean;
  Tensor out = variance(kMoment, self, dims, correction, keepdim, &mean);
  return {std::move(out), std::move(mean)};
}

Tensor prod_of_all(const Tensor& self, std::optional<ScalarType> dtype) {
  const ScalarType type = dtype                                           ? *dtype
                          : c10::isIntegralType(self.scalar_type(), true) ? ScalarType::Long
                                                                          : self.scalar_type();
  if (!computable(self.scalar_type()) || !computable(type))
    return Fallback<"aten::prod", Tensor(const Tensor&, std::optional<ScalarType>)>::call(self,
                                                                                          dtype);
  const Tensor out = make_tensor({}, type, self.device());
  reduce_as<"ReduceProd">(self, std::nullopt, false, out);
  return out;
}

bool equal(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return false;
  TORCH_CHECK(a.scalar_type() == b.scalar_type(), "Expected object of data type ", a.scalar_type(),
              " but got data type ", b.scalar_type(), " for argument 'other' in call to equal");
  if (a.numel() == 0) return true;
  if (!computable(a.scalar_type()))
    return Fallback<"aten::equal", bool(const Tensor&, const Tensor&)>::call(a, b);
  const Tensor same = make_tensor(a.sizes(), ScalarType::Bool, a.device());
  const Tensor all = make_tensor({}, ScalarType::Bool, a.device());
  elementwise(operation<"Equal">(), {a, b}, a.scalar_type(), same, ScalarType::Bool);
  reduce_as<"tenon.ReduceAll">(same, std::nullopt, false, all);
  return all.item().toBool();
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
#define TENON_REDUCTION(meta, name, out, ...)   \
  TENON_FUNCTIONAL(m, meta, name, __VA_ARGS__); \
  TENON_OUT(m, meta, out, __VA_ARGS__)
  TENON_REDUCTION(sum_dim_IntList, "sum.dim_IntList", "sum.IntList_out", Accumulate<"ReduceSum">);
  TENON_REDUCTION(mean_dim, "mean.dim", "mean.out", Accumulate<"ReduceMean">);
  TENON_REDUCTION(prod_dim_int, "prod.dim_int", "prod.int_out", Product);
  TENON_REDUCTION(amax, "amax", "amax.out", Extreme<"ReduceMax">);
  TENON_REDUCTION(amin, "amin", "amin.out", Extreme<"ReduceMin">);
  TENON_REDUCTION(argmax, "argmax", "argmax.out", ArgExtreme<"ArgMax">);
  TENON_REDUCTION(argmin, "argmin", "argmin.out", ArgExtreme<"ArgMin">);
  TENON_REDUCTION(all, "all", "all.all_out", Logic<"tenon.ReduceAll">);
  TENON_REDUCTION(all_dim, "all.dim", "all.out", Logic<"tenon.ReduceAll">);
  TENON_REDUCTION(all_dims, "all.dims", "all.dims_out", Logic<"tenon.ReduceAll">);
  TENON_REDUCTION(any, "any", "any.all_out", Logic<"tenon.ReduceAny">);
  TENON_REDUCTION(any_dim, "any.dim", "any.out", Logic<"tenon.ReduceAny">);
  TENON_REDUCTION(any_dims, "any.dims", "any.dims_out", Logic<"tenon.ReduceAny">);
  TENON_REDUCTION(linalg_vector_norm, "linalg_vector_norm", "linalg_vector_norm.out", VectorNorm);
  TENON_REDUCTION(norm_ScalarOpt_dim, "norm.ScalarOpt_dim", "norm.out", Norm);
  TENON_REDUCTION(norm_ScalarOpt_dim_dtype, "norm.ScalarOpt_dim_dtype", "norm.dtype_out", Norm);
#undef TENON_REDUCTION
  TENON_STRUCTURED(m, cumsum, "cumsum", "", "out", Cumulative<"CumSum">);
  TENON_STRUCTURED(m, cumprod, "cumprod", "", "out", Cumulative<"CumProd">);
  TENON_FUNCTIONAL2(m, max_dim, "max.dim", ExtremeWithIndex<"ReduceMax", "ArgMax">);
  TENON_OUT2(m, max_dim, "max.dim_max", ExtremeWithIndex<"ReduceMax", "ArgMax">);
  TENON_FUNCTIONAL2(m, min_dim, "min.dim", ExtremeWithIndex<"ReduceMin", "ArgMin">);
  TENON_OUT2(m, min_dim, "min.dim_min", ExtremeWithIndex<"ReduceMin", "ArgMin">);
  TENON_KERNEL(m, "max", extreme_of_all<"ReduceMax">);
  TENON_KERNEL(m, "min", extreme_of_all<"ReduceMin">);
  TENON_KERNEL(m, "prod", prod_of_all);
  TENON_KERNEL(m, "equal", equal);
  TENON_KERNEL(m, "var.correction", spread<Moment::kVariance, "aten::var.correction">);
  TENON_KERNEL(m, "std.correction", spread<Moment::kDeviation, "aten::std.correction">);
  TENON_KERNEL(m, "var_mean.correction",
               spread_mean<Moment::kVariance, "aten::var_mean.correction">);
  TENON_KERNEL(m, "std_mean.correction",
               spread_mean<Moment::kDeviation, "aten::std_mean.correction">);
}

}  // namespace

void sum_over(const Tensor& self, at::IntArrayRef axes, bool keepdim, const Tensor& out) {
  reduce(reduction<"ReduceSum">(keepdim), self, axes, out);
}

}  // namespace tenon::pytorch

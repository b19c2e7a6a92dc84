// SPDX-License-Identifier: Apache-2.0
//
// torch's structured ops on tenon: torch's own meta function checks, promotes and shapes, exactly
// as for its CPU kernels; an Impl then launches.
//
//   struct Floor { static void run(auto& meta, const Tensor& self, const Tensor& out); };
//   TENON_STRUCTURED(m, floor, floor, "floor", "floor_", "floor.out", Floor);
//
// An Impl may also have
//   static bool fast(args..., out)      serves the call without torch's meta function, or says no
//   static bool serves(args...)         false: these arguments go to the fallback
#pragma once

#include <array>
#include <tuple>
#include <type_traits>

#include <ATen/TensorIterator.h>
#include <ATen/TensorMeta.h>
#include <ATen/native/Resize.h>

#include "kernel.h"

namespace tenon::pytorch {
namespace structured {

enum class Mode { kFunctional, kInPlace, kOut };

// `meta` takes OptionalTensorRef where the op's schema has an optional tensor.
template <class T>
struct SchemaType {
  using type = T;
};
template <>
struct SchemaType<at::OptionalTensorRef> {
  using type = const std::optional<Tensor>&;
};
template <>
struct SchemaType<at::OptionalScalarRef> {
  using type = const std::optional<at::Scalar>&;
};
template <class T>
decltype(auto) to_meta(T&& value) {
  return std::forward<T>(value);
}
inline at::OptionalScalarRef to_meta(const std::optional<at::Scalar>& value) {
  return value ? at::OptionalScalarRef(*value) : at::OptionalScalarRef();
}
inline at::OptionalTensorRef to_meta(const std::optional<Tensor>& value) {
  return value && value->defined() ? at::OptionalTensorRef(*value) : at::OptionalTensorRef();
}

inline bool computable_argument(const Tensor& tensor) {
  return !tensor.defined() || computable(tensor.scalar_type());
}
inline bool computable_argument(const std::optional<Tensor>& tensor) {
  return !tensor || computable_argument(*tensor);
}
inline bool computable_argument(const at::Scalar& value) { return !value.isComplex(); }
inline bool computable_argument(const std::optional<at::Scalar>& value) {
  return !value || !value->isComplex();
}
inline bool computable_argument(const at::ITensorListRef& list) {
  for (const Tensor& tensor : list) {
    if (!computable_argument(tensor)) return false;
  }
  return true;
}
inline bool computable_argument(std::optional<ScalarType> type) {
  return !type || computable(*type);
}
template <class T>
bool computable_argument(const T&) {
  return true;
}

// The tensors that a meta function asks for.
template <class Meta, size_t Count, Mode kMode>
class Outputs final : public Meta {
 public:
  explicit Outputs(std::array<const Tensor*, Count> given = {}) {
    for (size_t i = 0; i < Count; ++i) {
      if (given[i]) tensors_[i] = *given[i];
    }
  }
  const Tensor& maybe_get_output(int64_t i) override { return tensors_[static_cast<size_t>(i)]; }
  const Tensor& operator[](size_t i) const { return tensors_[i]; }
  Tensor& operator[](size_t i) { return tensors_[i]; }

  // Kernels take any strides, so that both kinds of request are the same.
  void set_output_strided(int64_t i, at::IntArrayRef sizes, at::IntArrayRef strides,
                          at::TensorOptions options) override {
    place(i, sizes, strides, options);
    base(i, sizes, strides, options);
  }
  void set_output_raw_strided(int64_t i, at::IntArrayRef sizes, at::IntArrayRef strides,
                              at::TensorOptions options) override {
    place(i, sizes, strides, options);
    base(i, sizes, strides, options);
  }

 private:
  void base(int64_t i, at::IntArrayRef sizes, at::IntArrayRef strides, at::TensorOptions options) {
    if constexpr (std::is_base_of_v<at::TensorIteratorBase, Meta>)
      Meta::set_output_raw_strided(i, sizes, strides, options);
  }

  void place(int64_t i, at::IntArrayRef sizes, at::IntArrayRef strides,
             const at::TensorOptions& options) {
    Tensor& tensor = tensors_[static_cast<size_t>(i)];
    const ScalarType type = c10::typeMetaToScalarType(options.dtype());
    if constexpr (kMode == Mode::kFunctional) {
      tensor = strides.empty() ? make_tensor(sizes, type, options.device())
                               : make_strided(sizes, strides, type, options.device());
    } else {
      TORCH_CHECK(type == tensor.scalar_type(), "Expected out tensor to have dtype ", type,
                  ", but got ", tensor.scalar_type(), " instead");
      TORCH_CHECK(options.device() == tensor.device(), "Expected out tensor to have device ",
                  options.device(), ", but got ", tensor.device(), " instead");
      if constexpr (kMode == Mode::kInPlace) {
        TORCH_CHECK(sizes == tensor.sizes(), "Bad in-place call: input tensor size ",
                    tensor.sizes(), " and output tensor size ", sizes, " should match");
      } else if (at::native::resize_output(tensor, sizes) && !strides.empty()) {
        tensor.unsafeGetTensorImpl()->set_sizes_and_strides(sizes, strides);
      }
    }
  }

  std::array<Tensor, Count> tensors_;
};

template <class Meta, class Impl, size_t Count, class Signature>
struct OpBase;

template <class Meta, class Impl, size_t Count, class Result, class... Args>
struct OpBase<Meta, Impl, Count, Result (Meta::*)(Args...)> {
  template <class T>
  using Schema = typename SchemaType<T>::type;
  using Return = std::conditional_t<Count == 1, Tensor,
                                    std::conditional_t<Count == 2, std::tuple<Tensor, Tensor>,
                                                       std::tuple<Tensor, Tensor, Tensor>>>;
  using OutReturn = std::conditional_t<Count == 1, Tensor&,
                                       std::conditional_t<Count == 2, std::tuple<Tensor&, Tensor&>,
                                                          std::tuple<Tensor&, Tensor&, Tensor&>>>;

  static bool serves(const std::remove_cvref_t<Schema<Args>>&... args) {
    if (!(computable_argument(args) && ...)) return false;
    if constexpr (requires { Impl::serves(args...); }) {
      return Impl::serves(args...);
    } else {
      return true;
    }
  }

  template <Mode kMode, class... OperatorCall>
  static void launch(Outputs<Meta, Count, kMode>& outputs, OperatorCall&&... args) {
    if constexpr (Count == 1)
      Impl::run(outputs, args..., outputs[0]);
    else if constexpr (Count == 2)
      Impl::run(outputs, args..., outputs[0], outputs[1]);
    else
      Impl::run(outputs, args..., outputs[0], outputs[1], outputs[2]);
  }

  template <FixedString Name>
  static Return functional(Schema<Args>... args) {
    if constexpr (requires(Tensor& out) { Impl::fast(args..., out); }) {
      Tensor out;
      if (Impl::fast(args..., out)) return out;
    }
    if (!serves(args...)) return Fallback<Name, Return(Schema<Args>...)>::call(args...);
    Outputs<Meta, Count, Mode::kFunctional> outputs;
    outputs.meta(to_meta(args)...);
    launch(outputs, args...);
    if constexpr (Count == 1)
      return std::move(outputs[0]);
    else if constexpr (Count == 2)
      return {std::move(outputs[0]), std::move(outputs[1])};
    else
      return {std::move(outputs[0]), std::move(outputs[1]), std::move(outputs[2])};
  }

  template <FixedString Name>
  static Tensor& out1(Schema<Args>... args, Tensor& out)
    requires(Count == 1)
  {
    if constexpr (requires { Impl::fast(args..., out); }) {
      if (Impl::fast(args..., out)) return out;
    }
    if (!serves(args...) || !computable(out.scalar_type()))
      return Fallback<Name, Tensor&(Schema<Args>..., Tensor&)>::call(args..., out);
    Outputs<Meta, Count, Mode::kOut> outputs({&out});
    outputs.meta(to_meta(args)...);
    launch(outputs, args...);
    return out;
  }
  template <FixedString Name>
  static OutReturn out2(Schema<Args>... args, Tensor& out0, Tensor& out1)
    requires(Count == 2)
  {
    if (!serves(args...))
      return Fallback<Name, OutReturn(Schema<Args>..., Tensor&, Tensor&)>::call(args..., out0,
                                                                                out1);
    Outputs<Meta, Count, Mode::kOut> outputs({&out0, &out1});
    outputs.meta(to_meta(args)...);
    launch(outputs, args...);
    return {out0, out1};
  }
};

// In-place variants take `self` mutable in front.
template <class Meta, class Impl, class Signature>
struct InPlaceBase;
template <class Meta, class Impl, class Result, class Self, class... Rest>
struct InPlaceBase<Meta, Impl, Result (Meta::*)(Self, Rest...)> {
  template <class T>
  using Schema = typename SchemaType<T>::type;

  template <FixedString Name>
  static Tensor& in_place(Tensor& self, Schema<Rest>... rest) {
    using Base = OpBase<Meta, Impl, 1, Result (Meta::*)(Self, Rest...)>;
    if constexpr (requires { Impl::fast(self, rest..., self); }) {
      if (Impl::fast(self, rest..., self)) return self;
    }
    if (!Base::serves(self, rest...))
      return Fallback<Name, Tensor&(Tensor&, Schema<Rest>...)>::call(self, rest...);
    Outputs<Meta, 1, Mode::kInPlace> outputs({&self});
    outputs.meta(self, to_meta(rest)...);
    Base::launch(outputs, self, rest...);
    return self;
  }
};

}  // namespace structured

template <class Meta, class Impl, size_t Count = 1>
using Structured = structured::OpBase<Meta, Impl, Count, decltype(&Meta::meta)>;
template <class Meta, class Impl>
using StructuredInPlace = structured::InPlaceBase<Meta, Impl, decltype(&Meta::meta)>;

// Registration by the names of native_functions.yaml. `meta` is what follows at::meta::structured_;
// the Impl comes last, so that it may hold commas.
#define TENON_FUNCTIONAL(m, op, name, ...) \
  TENON_KERNEL(m, name,                    \
               Structured<at::meta::structured_##op, __VA_ARGS__>::functional<"aten::" name>)
#define TENON_OUT(m, op, name, ...) \
  TENON_KERNEL(m, name, Structured<at::meta::structured_##op, __VA_ARGS__>::out1<"aten::" name>)
#define TENON_IN_PLACE(m, op, name, ...) \
  TENON_KERNEL(m, name,                  \
               StructuredInPlace<at::meta::structured_##op, __VA_ARGS__>::in_place<"aten::" name>)
#define TENON_FUNCTIONAL2(m, op, name, ...) \
  TENON_KERNEL(m, name,                     \
               Structured<at::meta::structured_##op, __VA_ARGS__, 2>::functional<"aten::" name>)
#define TENON_OUT2(m, op, name, ...) \
  TENON_KERNEL(m, name, Structured<at::meta::structured_##op, __VA_ARGS__, 2>::out2<"aten::" name>)

// All three variants: name, name_ and name.out, with an overload name for the first two or "".
#define TENON_STRUCTURED(m, op, base, overload, out, ...) \
  TENON_FUNCTIONAL(m, op, base overload, __VA_ARGS__);    \
  TENON_IN_PLACE(m, op, base "_" overload, __VA_ARGS__);  \
  TENON_OUT(m, op, base "." out, __VA_ARGS__)

}  // namespace tenon::pytorch

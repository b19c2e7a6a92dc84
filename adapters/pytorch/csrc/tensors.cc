// SPDX-License-Identifier: Apache-2.0
#include "tensors.h"

#include <algorithm>
#include <array>

#include <ATen/EmptyTensor.h>
#include <c10/core/CPUAllocator.h>

#include "allocator.h"
#include "call.h"

namespace tenon::pytorch {
namespace {

constexpr c10::DispatchKeySet kKeys{c10::DispatchKey::PrivateUse1};

Tensor wrap(at::IntArrayRef sizes, at::IntArrayRef strides, bool dense, size_t elements,
            ScalarType type, c10::Device device) {
  const size_t bytes = elements * c10::elementSize(type);
  auto storage = c10::make_intrusive<c10::StorageImpl>(c10::StorageImpl::use_byte_size_t(), bytes,
                                                       allocate_on(device.index(), bytes),
                                                       device_allocator(), /*resizable=*/true);
  Tensor tensor = at::detail::make_tensor<c10::TensorImpl>(std::move(storage), kKeys,
                                                           c10::scalarTypeToTypeMeta(type));
  auto* impl = tensor.unsafeGetTensorImpl();
  if (!dense) {
    impl->set_sizes_and_strides(sizes, strides);
  } else if (sizes.size() != 1 || sizes[0] != 0) {  // [0] is what a new TensorImpl has.
    impl->set_sizes_contiguous(sizes);
  }
  return tensor;
}

c10::Device placed(c10::Device device) { return {kTenon, index_or_current(device.index())}; }

// Copies do not look at elements: a type that devices need not know travels as an integer of its
// size, a complex128 as two.
Tensor as_bits(const Tensor& tensor) {
  const auto as = [&](ScalarType type) {
    return alias_of(tensor, type, tensor.sizes(), tensor.strides(), tensor.storage_offset());
  };
  switch (tensor.element_size()) {
    case 1:
      return as(ScalarType::Byte);
    case 2:
      return as(ScalarType::Short);
    case 4:
      return as(ScalarType::Int);
    case 8:
      return as(ScalarType::Long);
    default:
      break;
  }
  std::vector<int64_t> sizes = tensor.sizes().vec();
  std::vector<int64_t> strides = tensor.strides().vec();
  for (auto& stride : strides) stride *= 2;
  sizes.push_back(2);
  strides.push_back(1);
  return alias_of(tensor, ScalarType::Long, sizes, strides, 2 * tensor.storage_offset());
}

const runtime::Operation& cast_operation(tn_dtype to) {
  static const auto* operations = [] {
    auto* made = new std::vector<runtime::Operation>;
    for (const ElementType& type : kElementTypes)
      made->emplace_back("Cast", std::vector<runtime::Attribute>{{"to", int64_t{type.dtype}}});
    return made;
  }();
  return (*operations)[static_cast<size_t>(to)];
}

}  // namespace

Tensor make_tensor(at::IntArrayRef sizes, ScalarType type, c10::Device device) {
  return wrap(sizes, {}, true, static_cast<size_t>(c10::multiply_integers(sizes)), type,
              placed(device));
}

Tensor make_strided(at::IntArrayRef sizes, at::IntArrayRef strides, ScalarType type,
                    c10::Device device) {
  const size_t bytes = at::detail::computeStorageNbytes(sizes, strides, 1);
  return wrap(sizes, strides, false, bytes, type, placed(device));
}

Tensor make_like(const Tensor& like, ScalarType type) {
  if (like.is_contiguous() || !like.is_non_overlapping_and_dense())
    return make_tensor(like.sizes(), type, like.device());
  return make_strided(like.sizes(), like.strides(), type, like.device());
}

Tensor make_suggested(at::IntArrayRef sizes, const Tensor& like) {
  Tensor made = make_tensor(sizes, like.scalar_type(), like.device());
  const auto format = like.suggest_memory_format();
  const bool fits = (format == at::MemoryFormat::ChannelsLast && sizes.size() == 4) ||
                    (format == at::MemoryFormat::ChannelsLast3d && sizes.size() == 5);
  if (fits) made.unsafeGetTensorImpl()->empty_tensor_restride(format);
  return made;
}

Tensor make_empty(const Tensor& like) {
  return make_tensor({0}, like.scalar_type(), like.device());
}

Tensor as_type(const Tensor& tensor, ScalarType type) {
  if (tensor.scalar_type() == type || !on_tenon(tensor)) return tensor;
  Tensor made = make_like(tensor, type);
  assign(made, tensor);
  return made;
}

Tensor as_dense(const Tensor& tensor) {
  if (tensor.is_contiguous()) return tensor;
  Tensor made = make_tensor(tensor.sizes(), tensor.scalar_type(), tensor.device());
  assign(made, tensor);
  return made;
}

Tensor alias_of(const Tensor& base, ScalarType type, at::IntArrayRef sizes, at::IntArrayRef strides,
                int64_t offset) {
  Tensor alias = at::detail::make_tensor<c10::TensorImpl>(c10::Storage(base.storage()), kKeys,
                                                          c10::scalarTypeToTypeMeta(type));
  alias.unsafeGetTensorImpl()->set_sizes_and_strides(sizes, strides, offset);
  return alias;
}

Tensor bare(const Tensor& tensor) {
  if (!tensor.is_conj() && !tensor.is_neg()) return tensor;
  return alias_of(tensor, tensor.scalar_type(), tensor.sizes(), tensor.strides(),
                  tensor.storage_offset());
}

bool may_overlap(const Tensor& tensor) {
  if (tensor.is_non_overlapping_and_dense() || tensor.numel() <= 1) return false;
  // Apart where each stride steps over all that the smaller ones span.
  c10::SmallVector<std::pair<int64_t, int64_t>, 8> dims;  // Stride, size.
  for (int64_t d = 0; d < tensor.dim(); ++d) {
    if (tensor.size(d) > 1) dims.emplace_back(tensor.stride(d), tensor.size(d));
  }
  std::sort(dims.begin(), dims.end());
  int64_t span = 1;
  for (const auto& [stride, size] : dims) {
    if (stride < span) return true;
    span += stride * (size - 1);
  }
  return false;
}

Tensor covered_range(const Tensor& tensor) {
  int64_t length = tensor.numel() == 0 ? 0 : 1;
  for (int64_t d = 0; length > 0 && d < tensor.dim(); ++d)
    length += (tensor.size(d) - 1) * tensor.stride(d);
  return alias_of(tensor, tensor.scalar_type(), length, int64_t{1}, tensor.storage_offset());
}

void assign(const Tensor& dst, const Tensor& src) {
  if (dst.numel() == 0) return;
  if (dst.scalar_type() == src.scalar_type()) {
    if (!computable(dst.scalar_type())) {
      return assign(as_bits(dst), as_bits(src.expand_as(dst)));
    }
    static const runtime::Operation identity("Identity");
    const bool same_shape = dst.sizes() == src.sizes();
    OperatorCall(identity, dst).input(same_shape ? src : src.expand_as(dst)).output(dst).run();
    return;
  }
  const tn_dtype to = to_tenon(dst.scalar_type());
  TORCH_CHECK_NOT_IMPLEMENTED(
      to != TN_DTYPE_UNDEFINED && to_tenon(src.scalar_type()) != TN_DTYPE_UNDEFINED,
      "tenon: no conversion from ", src.scalar_type(), " to ", dst.scalar_type(), " on the device");
  const bool same_shape = dst.sizes() == src.sizes();
  OperatorCall(cast_operation(to), dst)
      .input(same_shape ? src : src.expand_as(dst))
      .output(dst)
      .run();
}

void fill_with(const Tensor& tensor, const at::Scalar& value) {
  if (tensor.numel() == 0) return;
  static const runtime::Operation operation("tenon.Fill");
  OperatorCall(operation, tensor).scalar(value, tensor.scalar_type()).output(tensor).run();
}

}  // namespace tenon::pytorch

// SPDX-License-Identifier: Apache-2.0
//
// Making, resizing and viewing tensors; nothing here launches but zero_ and fill_.
#include <torch/library.h>

#include <ATen/EmptyTensor.h>
#include <ATen/InferSize.h>
#include <ATen/native/Resize.h>
#include <ATen/native/TensorFactories.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/arange_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_as_complex_native.h>
#include <ATen/ops/view_as_real_native.h>
#include <ATen/ops/view_native.h>

#include "allocator.h"
#include "call.h"
#include "copies.h"
#include "elementwise.h"
#include "kernel.h"

namespace tenon::pytorch {

// Grows a storage to `bytes`, keeping what it holds.
void resize_storage(c10::StorageImpl* storage, size_t bytes) {
  TORCH_CHECK(storage->resizable(), "Trying to resize storage that is not resizable");
  const auto index = storage->device().index();
  c10::DataPtr grown = allocate_on(index, bytes);
  const size_t kept = std::min(bytes, storage->nbytes());
  if (kept > 0) {
    translated(
        [&] { device(index).copy(grown.get(), storage->data(), kept, current_stream(index)); });
  }
  storage->set_data_ptr_noswap(std::move(grown));
  storage->set_nbytes(bytes);
}

namespace {

c10::Device place(std::optional<c10::Device> wanted) {
  return {kTenon, index_or_current(wanted ? wanted->index() : -1)};
}

Tensor empty(at::IntArrayRef sizes, std::optional<ScalarType> type,
             std::optional<at::Layout> layout, std::optional<c10::Device> where,
             std::optional<bool> pinned, std::optional<at::MemoryFormat> format) {
  TORCH_CHECK(!layout || *layout == at::kStrided, "tenon tensors are strided");
  TORCH_CHECK(!pinned || !*pinned, "Only dense CPU tensors can be pinned");
  for (const int64_t size : sizes) {
    TORCH_CHECK(size >= 0, "Trying to create tensor with negative dimension ", size, ": ", sizes);
  }
  Tensor made = make_tensor(sizes, c10::dtype_or_default(type), place(where));
  if (format && *format != at::MemoryFormat::Contiguous)
    made.unsafeGetTensorImpl()->empty_tensor_restride(*format);
  return made;
}

Tensor empty_strided(at::IntArrayRef sizes, at::IntArrayRef strides, std::optional<ScalarType> type,
                     std::optional<at::Layout>, std::optional<c10::Device> where,
                     std::optional<bool> pinned) {
  TORCH_CHECK(!pinned || !*pinned, "Only dense CPU tensors can be pinned");
  return make_strided(sizes, strides, c10::dtype_or_default(type), place(where));
}

// A tensor that is known to be zero and has no memory (torch's derivatives make them).
Tensor zero_tensor(at::IntArrayRef sizes, std::optional<ScalarType> type, std::optional<at::Layout>,
                   std::optional<c10::Device> where, std::optional<bool>) {
  at::native::ZeroTensorAllocator nothing(place(where));
  return at::detail::empty_generic(
      sizes, &nothing,
      c10::DispatchKeySet({c10::DispatchKey::PrivateUse1, c10::DispatchKey::ZeroTensor}),
      c10::dtype_or_default(type), std::nullopt);
}

const Tensor& resize(const Tensor& self, at::IntArrayRef sizes,
                     std::optional<at::MemoryFormat> format) {
  auto* impl = self.unsafeGetTensorImpl();
  if (impl->sizes() != sizes) {
    impl->set_sizes_contiguous(sizes);
    const size_t bytes =
        static_cast<size_t>(impl->numel() + impl->storage_offset()) * impl->itemsize();
    auto* storage = impl->unsafe_storage().unsafeGetStorageImpl();
    if (impl->numel() > 0 && bytes > storage->nbytes()) resize_storage(storage, bytes);
  }
  if (format) {
    TORCH_CHECK(*format != at::MemoryFormat::Preserve, "Unsupported memory format ", *format);
    impl->empty_tensor_restride(*format);
  }
  return self;  // NOLINT(bugprone-return-const-ref-from-parameter): as torch's dispatcher wants it.
}

Tensor& set_empty(Tensor& self) {
  at::Storage storage(c10::Storage::use_byte_size_t(), 0, allocate_on(self.device().index(), 0),
                      device_allocator(), true);
  self.unsafeGetTensorImpl()->set_storage_offset(0);
  self.unsafeGetTensorImpl()->set_storage_keep_dtype(std::move(storage));
  self.unsafeGetTensorImpl()->set_sizes_contiguous({0});
  return self;
}

Tensor& set_view(Tensor& self, at::Storage source, int64_t offset, at::IntArrayRef sizes,
                 at::IntArrayRef strides) {
  at::native::checkSetStorage(self, std::move(source), offset, sizes, strides);
  auto* impl = self.unsafeGetTensorImpl();
  impl->set_storage_offset(offset);
  if (strides.data() == nullptr)
    impl->set_sizes_contiguous(sizes);
  else
    impl->set_sizes_and_strides(sizes, strides);
  const size_t bytes = at::detail::computeStorageNbytes(
      impl->sizes(), impl->strides(), impl->itemsize(), static_cast<size_t>(offset));
  auto* storage = impl->unsafe_storage().unsafeGetStorageImpl();
  if (impl->numel() > 0 && bytes > storage->nbytes()) resize_storage(storage, bytes);
  return self;
}

Tensor& set_storage(Tensor& self, at::Storage source) {
  const auto elements = static_cast<int64_t>(source.nbytes() / self.element_size());
  return set_view(self, std::move(source), 0, {elements}, {});
}

Tensor& set_tensor(Tensor& self, const Tensor& source) {
  if (self.is_same(source)) return self;
  return set_view(self, source.storage(), source.storage_offset(), source.sizes(),
                  source.strides());
}

bool is_set_to(const Tensor& self, const Tensor& other) {
  return self.storage().unsafeGetStorageImpl() == other.storage().unsafeGetStorageImpl() &&
         self.storage_offset() == other.storage_offset() && self.sizes() == other.sizes() &&
         self.strides() == other.strides();
}

void record_stream(Tensor& self, c10::Stream stream) {
  record_use(self.storage().data_ptr(), stream);
}

// module.to() asks before it swaps a parameter's data in place; the answer keeps tied weights tied.
bool shallow_copy_compatible(const Tensor& self, const Tensor& from) {
  const auto dense = [](const Tensor& tensor) {
    return tensor.key_set().has(c10::DispatchKey::Dense) || tensor.device().is_cpu() ||
           on_tenon(tensor);
  };
  return self.unsafeGetTensorImpl()->has_compatible_shallow_copy_type(from.key_set()) ||
         (dense(self) && dense(from) && self.layout() == at::kStrided &&
          from.layout() == at::kStrided);
}

void fill_any(const Tensor& self, const at::Scalar& value) {
  if (computable(self.scalar_type()) && !value.isComplex()) return fill_with(self, value);
  const Tensor host = at::empty({}, at::TensorOptions().dtype(self.scalar_type())).fill_(value);
  copy_from_host(self, host.expand_as(self), false);
}
Tensor& fill_scalar(Tensor& self, const at::Scalar& value) {
  fill_any(self, value);
  return self;
}
Tensor& fill_tensor(Tensor& self, const Tensor& value) {
  TORCH_CHECK(value.dim() == 0, "fill_ only supports 0-dimension value tensor but got tensor with ",
              value.dim(), " dimensions.");
  if (value.device().is_cpu())
    fill_any(self, value.item());
  else
    self.copy_(value);
  return self;
}
Tensor& zero(Tensor& self) {
  fill_any(self, 0);
  return self;
}

// torch's own asks a table of kernels in which other devices have no place.
Tensor& conjugate_in_place(Tensor& self) {
  return self.is_complex() ? self.copy_(self.conj()) : self;
}

// The length is torch's own; the elements are the device's.
Tensor& arange(const at::Scalar& start, const at::Scalar& end, const at::Scalar& step,
               Tensor& out) {
  const ScalarType type = out.scalar_type();
  const bool served = type == ScalarType::Float || type == ScalarType::Double ||
                      type == ScalarType::Int || type == ScalarType::Long ||
                      type == ScalarType::Short;
  const bool integers = c10::isIntegralType(type, false) && !start.isFloatingPoint() &&
                        !end.isFloatingPoint() && !step.isFloatingPoint();
  double length;
  TORCH_CHECK(step.toDouble() != 0, "step must be nonzero");
  if (integers) {
    const int64_t a = start.toLong(), b = end.toLong(), s = step.toLong();
    const int64_t whole = (b - a + s - (s > 0 ? 1 : -1)) / s;
    length = static_cast<double>(whole);
  } else {
    length = std::ceil((end.toDouble() - start.toDouble()) / step.toDouble());
  }
  TORCH_CHECK(length >= 0, "upper bound and lower bound inconsistent with step sign");
  if (!served || (!integers && c10::isIntegralType(type, false)))
    return Fallback<"aten::arange.start_out", Tensor&(const at::Scalar&, const at::Scalar&,
                                                      const at::Scalar&, Tensor&)>::call(start, end,
                                                                                         step, out);
  const auto count = static_cast<int64_t>(length);
  if (out.numel() != count) out.resize_({count});
  if (count == 0) return out;
  const Tensor target = out.dim() == 1 ? out : out.view({count});
  // A limit in the middle of the step after the last element: rounding cannot change the length.
  const at::Scalar limit = integers
                               ? at::Scalar(start.toLong() + count * step.toLong())
                               : at::Scalar(start.toDouble() + (length - 0.5) * step.toDouble());
  static const runtime::Operation range("Range");
  OperatorCall(range, out)
      .scalar(start, type)
      .scalar(limit, type)
      .scalar(step, type)
      .output(target)
      .run();
  return out;
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", TORCH_FN(empty));
  m.impl("empty_strided", TORCH_FN(empty_strided));
  m.impl("_efficientzerotensor", TORCH_FN(zero_tensor));
  m.impl("resize_", TORCH_FN(resize));
  m.impl("set_", TORCH_FN(set_empty));
  m.impl("set_.source_Storage", TORCH_FN(set_storage));
  m.impl("set_.source_Storage_storage_offset", TORCH_FN(set_view));
  m.impl("set_.source_Tensor", TORCH_FN(set_tensor));
  m.impl("record_stream", TORCH_FN(record_stream));
  m.impl("is_set_to", TORCH_FN(is_set_to));
  m.impl("_has_compatible_shallow_copy_type", TORCH_FN(shallow_copy_compatible));
  m.impl("view", TORCH_FN(at::native::view));
  m.impl("as_strided", TORCH_FN(at::native::as_strided_tensorimpl));
  m.impl("_reshape_alias", TORCH_FN(at::native::_reshape_alias));
  m.impl("unfold", TORCH_FN(at::native::unfold));
  m.impl("view_as_real", TORCH_FN(at::native::view_as_real));
  m.impl("view_as_complex", TORCH_FN(at::native::view_as_complex));
  m.impl("conj_physical_", TORCH_FN(conjugate_in_place));
  TENON_KERNEL(m, "fill_.Scalar", fill_scalar);
  TENON_KERNEL(m, "fill_.Tensor", fill_tensor);
  TENON_KERNEL(m, "zero_", zero);
  TENON_KERNEL(m, "arange.start_out", arange);
}

}  // namespace
}  // namespace tenon::pytorch

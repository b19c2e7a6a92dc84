// SPDX-License-Identifier: Apache-2.0
#include "copies.h"

#include <cstring>

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>
#include <c10/core/CPUAllocator.h>
#include <torch/library.h>

#include "allocator.h"
#include "call.h"

namespace tenon::pytorch {
namespace {

// The address behind a tensor's first element. Never touched by the host.
char* address(const Tensor& tensor) {
  auto* impl = tensor.unsafeGetTensorImpl();
  return static_cast<char*>(const_cast<void*>(impl->unsafe_storage().data())) +
         static_cast<size_t>(impl->storage_offset()) * impl->itemsize();
}

void wait(c10::DeviceIndex index) {
  translated([&] { current_stream(index).synchronize(); });
}

// Same bytes in the same order, without gaps.
bool same_dense_layout(const Tensor& a, const Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
         a.strides() == b.strides() && a.is_non_overlapping_and_dense();
}

void copy_bytes_to_host(void* dst, const Tensor& src) {
  const auto index = src.device().index();
  translated(
      [&] { device(index).copy_to_host(dst, address(src), src.nbytes(), current_stream(index)); });
}

// Whether Tenon's operators say what the copy is: a change of type alone, if anything.
bool is_operator(const Tensor& dst, const Tensor& src) {
  if (dst.device() != src.device()) return false;
  if (dst.is_neg() != src.is_neg() || dst.is_conj() != src.is_conj()) return false;
  return dst.scalar_type() == src.scalar_type() ||
         (computable(dst.scalar_type()) && computable(src.scalar_type()));
}

// Through the host: two plugins share nothing else, and PyTorch knows all types there.
void copy_across(const Tensor& dst, const Tensor& src) {
  copy_from_host(dst, host_copy(src), /*non_blocking=*/false);
}

Tensor copy_from(const Tensor& self, const Tensor& dst, bool non_blocking) {
  if (self.is_same(dst)) return dst;
  const Tensor src = self.sizes() == dst.sizes() ? self : self.expand_as(dst);
  if (dst.numel() == 0) return dst;
  if (!on_tenon(src)) {
    TORCH_CHECK(src.device().is_cpu(), "No copy from ", src.device(), " to ", dst.device());
    copy_from_host(dst, src, non_blocking);
  } else if (!on_tenon(dst)) {
    TORCH_CHECK(dst.device().is_cpu(), "No copy from ", src.device(), " to ", dst.device());
    copy_to_host(dst, src, non_blocking);
  } else if (is_operator(dst, src)) {
    assign(dst, src);
  } else {
    copy_across(dst, src);
  }
  return dst;
}

Tensor copy_from_and_resize(const Tensor& self, const Tensor& dst) {
  if (dst.sizes() != self.sizes()) const_cast<Tensor&>(dst).resize_(self.sizes());
  return copy_from(self, dst, false);
}

at::Scalar local_scalar(const Tensor& self) {
  const size_t bytes = self.element_size();
  alignas(16) char value[16];
  copy_bytes_to_host(value, self.dim() == 0 ? self : self.reshape({}));
  wait(self.device().index());
  Tensor host = at::empty({}, at::TensorOptions().dtype(self.scalar_type()));
  std::memcpy(host.mutable_data_ptr(), value, bytes);
  return host.item();
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("_copy_from", TORCH_FN(copy_from));
  m.impl("_copy_from_and_resize", TORCH_FN(copy_from_and_resize));
  m.impl("_local_scalar_dense", TORCH_FN(local_scalar));
}

// Without these, a copy of a lazily negated or conjugated tensor asks for itself without end.
TORCH_LIBRARY_IMPL(aten, Conjugate, m) {
  m.impl("_copy_from", torch::CppFunction::makeFallthrough());
}
TORCH_LIBRARY_IMPL(aten, Negative, m) {
  m.impl("_copy_from", torch::CppFunction::makeFallthrough());
}

}  // namespace

void copy_from_host(const Tensor& dst, const Tensor& src, bool non_blocking) {
  if (dst.numel() == 0) return;
  if (dst.is_conj() || dst.is_neg()) {
    // What is written there reads as its conjugate or negative: so write that of `src`.
    Tensor turned = dst.is_conj() ? src.conj() : src;
    if (dst.is_neg()) turned = turned._neg_view();
    return copy_from_host(bare(dst), turned, non_blocking);
  }
  const auto index = dst.device().index();
  // The host side takes the destination's type and, where that has no gaps, its layout.
  const bool direct = dst.is_non_overlapping_and_dense();
  Tensor staged = src;
  if (direct ? !same_dense_layout(dst, src)
             : !(src.is_contiguous() && src.scalar_type() == dst.scalar_type())) {
    const auto options = at::TensorOptions().dtype(dst.scalar_type());
    staged = direct ? at::empty_strided(dst.sizes(), dst.strides(), options)
                    : at::empty(dst.sizes(), options);
    staged.copy_(src);
  } else if (src.is_neg() || src.is_conj()) {
    staged = src.clone();
  }
  const Tensor target = direct ? dst : make_tensor(dst.sizes(), dst.scalar_type(), dst.device());
  translated([&] {
    device(index).copy_to_device(address(target), staged.const_data_ptr(), staged.nbytes(),
                                 current_stream(index));
  });
  if (!direct) assign(dst, target);
  // The runtime borrows the host range until the stream has reached it.
  if (non_blocking && staged.is_same(src) && is_pinned(src.const_data_ptr()))
    record_pinned_use(src.const_data_ptr(), current_stream_id(index));
  else
    wait(index);
}

void copy_to_host(const Tensor& dst, const Tensor& src, bool non_blocking) {
  if (dst.numel() == 0) return;
  const auto index = src.device().index();
  const Tensor dense = src.is_non_overlapping_and_dense() ? src : as_dense(src);
  const bool lazy = src.is_neg() || src.is_conj() || dst.is_neg() || dst.is_conj();
  if (same_dense_layout(dst, dense) && !lazy) {
    copy_bytes_to_host(dst.mutable_data_ptr(), dense);
    if (non_blocking && is_pinned(dst.const_data_ptr()))
      record_pinned_use(dst.const_data_ptr(), current_stream_id(index));
    else
      wait(index);
    return;
  }
  Tensor host = at::empty_strided(dense.sizes(), dense.strides(),
                                  at::TensorOptions().dtype(dense.scalar_type()));
  copy_bytes_to_host(host.mutable_data_ptr(), dense);
  wait(index);
  if (src.is_conj()) host._set_conj(true);
  if (src.is_neg()) host._set_neg(true);
  dst.copy_(host);
}

Tensor host_copy(const Tensor& tensor) {
  const auto options = at::TensorOptions().dtype(tensor.scalar_type());
  Tensor host;
  if (may_overlap(tensor)) {
    // One place in memory for many elements stays so: the range is copied as it lies.
    const Tensor range = covered_range(tensor);
    const Tensor flat = at::empty(range.sizes(), options);
    copy_to_host(flat, range, false);
    host = flat.as_strided(tensor.sizes(), tensor.strides(), 0);
  } else {
    host = at::empty_strided(tensor.sizes(), tensor.strides(), options);
    copy_to_host(host, bare(tensor), false);
  }
  copy_lazy_bits(host, tensor);
  return host;
}

Tensor host_alias(const Tensor& tensor) {
  const auto index = tensor.device().index();
  if (tensor.numel() == 0 || !device(index).coherent()) return {};
  wait(index);
  // Keeps the device's storage alive for as long as the CPU tensor lives.
  auto* owner = new c10::Storage(tensor.storage());
  c10::DataPtr data(
      const_cast<void*>(owner->data()), owner,
      [](void* context) { delete static_cast<c10::Storage*>(context); },
      c10::Device(c10::DeviceType::CPU));
  auto storage = c10::make_intrusive<c10::StorageImpl>(c10::StorageImpl::use_byte_size_t(),
                                                       owner->nbytes(), std::move(data),
                                                       c10::GetCPUAllocator(), /*resizable=*/true);
  Tensor host = at::detail::make_tensor<c10::TensorImpl>(
      std::move(storage), c10::DispatchKeySet(c10::DispatchKey::CPU), tensor.dtype());
  host.unsafeGetTensorImpl()->set_sizes_and_strides(tensor.sizes(), tensor.strides(),
                                                    tensor.storage_offset());
  copy_lazy_bits(host, tensor);
  return host;
}

}  // namespace tenon::pytorch

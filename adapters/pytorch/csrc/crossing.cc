// SPDX-License-Identifier: Apache-2.0
#include "crossing.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/TensorBody.h>

#include "copies.h"
#include "devices.h"
#include "errors.h"
#include "generator.h"
#include "nested.h"

namespace tenon::pytorch {
namespace {

// A tensor on the device with the elements of a CPU tensor, laid out as that is.
Tensor moved(const Tensor& host, c10::Device device) {
  const ScalarType type = host.scalar_type();
  if (!may_overlap(host)) {
    const Tensor made = make_strided(host.sizes(), host.strides(), type, device);
    copy_from_host(made, host, /*non_blocking=*/false);
    return made;
  }
  const Tensor values = host.resolve_conj().resolve_neg();
  if (may_overlap(values)) {
    int64_t length = 1;
    for (int64_t d = 0; d < values.dim(); ++d) length += (values.size(d) - 1) * values.stride(d);
    const Tensor range = make_tensor(length, type, device);
    copy_from_host(range, values.as_strided(length, int64_t{1}, values.storage_offset()), false);
    return alias_of(range, type, values.sizes(), values.strides(), 0);
  }
  return moved(values, device);
}

// `view`, which lies in the memory of `host`, in that of its twin on the device.
Tensor same_view(const Tensor& view, const Tensor& host, const Tensor& twin) {
  const auto bytes = [](const Tensor& tensor) {
    return tensor.storage_offset() * static_cast<int64_t>(tensor.element_size());
  };
  const int64_t offset = bytes(twin) + bytes(view) - bytes(host);
  const Tensor made = alias_of(twin, view.scalar_type(), view.sizes(), view.strides(),
                               offset / static_cast<int64_t>(view.element_size()));
  copy_lazy_bits(made, view);
  return made;
}

}  // namespace

void Crossing::settle(c10::Device device) {
  device = c10::Device(kTenon, index_or_current(device.index()));
  if (device_.is_cpu()) device_ = device;
  if (device_ != device) throw_mixed_devices(device_, device);
}

Tensor Crossing::to_host(const Tensor& tensor) {
  if (!tensor.defined() || !on_tenon(tensor)) return tensor;
  settle(tensor.device());
  if (tensor.is_nested()) return nested_to_host(tensor);
  for (const auto& pair : pairs_) {
    if (pair.device.is_same(tensor)) return pair.host;
  }
  Tensor host = host_alias(tensor);
  const bool shared = host.defined();
  if (!shared) host = host_copy(tensor);
  pairs_.push_back({tensor, host, shared});
  return host;
}

Tensor Crossing::nested_to_host(const Tensor& tensor) {
  for (const auto& pair : nested_) {
    if (pair.device.is_same(tensor)) return pair.host;
  }
  const Tensor buffer = buffer_of(tensor);
  Tensor host = nested_like(tensor, to_host(buffer));
  nested_.push_back({tensor, host, buffer});
  return host;
}

c10::Device Crossing::to_host(c10::Device device) {
  if (device.type() != kTenon) return device;
  settle(device);
  return c10::Device(c10::DeviceType::CPU);
}

at::Generator Crossing::to_host(const at::Generator& generator) {
  if (!generator.defined() || generator.device().type() != kTenon) return generator;
  const Philox state = generator_or_default(generator, generator.device().index()).take(4);
  return at::detail::createCPUGenerator(state.key ^ (state.counter * 0x9E3779B97F4A7C15u));
}

void Crossing::write_back(const Tensor& tensor) {
  for (const auto& pair : nested_) {
    if (pair.device.is_same(tensor)) return write_back(pair.buffer);
  }
  for (const auto& pair : pairs_) {
    if (!pair.device.is_same(tensor)) continue;
    auto* impl = tensor.unsafeGetTensorImpl();
    const Tensor& host = pair.host;
    copy_lazy_bits(tensor, host);
    if (pair.shared && host.storage().data() == tensor.storage().data()) {
      impl->set_sizes_and_strides(host.sizes(), host.strides(), host.storage_offset());
      return;
    }
    if (host.sizes() != tensor.sizes()) {
      tensor.resize_(host.sizes());
      if (host.is_non_overlapping_and_dense())
        impl->set_sizes_and_strides(host.sizes(), host.strides());
    }
    // As it lies in memory: the bits are the same on both sides.
    host._set_conj(false);
    host._set_neg(false);
    const Tensor target = bare(tensor);
    if (may_overlap(target)) {
      const Tensor range = covered_range(target);
      copy_from_host(range, host.as_strided(range.sizes(), range.strides(), host.storage_offset()),
                     /*non_blocking=*/false);
    } else {
      copy_from_host(target, host, /*non_blocking=*/false);
    }
    copy_lazy_bits(host, tensor);
    return;
  }
}

Tensor Crossing::to_device(const Tensor& tensor, std::string_view op) const {
  if (!tensor.defined() || !tensor.device().is_cpu() || device_.is_cpu()) return tensor;
  for (const auto& pair : nested_) {
    if (pair.host.is_same(tensor)) return pair.device;
  }
  if (tensor.is_nested() && tensor.layout() == at::kStrided)
    return nested_like(tensor, to_device(buffer_of(tensor), op));
  TORCH_CHECK_NOT_IMPLEMENTED(
      tensor.layout() == at::kStrided && !tensor.is_quantized(), op,
      " gives a tensor that is not a plain strided one, and tenon devices hold no other. Move "
      "the tensors with .cpu() before this op.");
  for (const auto& pair : pairs_) {
    if (pair.host.is_same(tensor)) return pair.device;
  }
  for (const auto& pair : pairs_) {
    if (pair.host.storage().unsafeGetStorageImpl() == tensor.storage().unsafeGetStorageImpl())
      return same_view(tensor, pair.host, pair.device);
  }
  return moved(tensor, device_);
}

}  // namespace tenon::pytorch

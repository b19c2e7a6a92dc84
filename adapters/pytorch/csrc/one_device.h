// SPDX-License-Identifier: Apache-2.0
//
// All tensors of a call are on one device; those of the host without dims are numbers.
#pragma once

#include <optional>

#include <ATen/core/IListRef.h>
#include <ATen/core/Tensor.h>

#include "errors.h"
#include "tensors.h"

namespace tenon::pytorch {

class OneDevice {
 public:
  void see(const Tensor& tensor) {
    if (!tensor.defined()) return;
    const c10::Device device = tensor.device();
    if (device == first_) [[likely]]
      return;
    look(device, tensor);
  }
  void see(const std::optional<Tensor>& tensor) {
    if (tensor) see(*tensor);
  }
  void see(const at::ITensorListRef& list) {
    for (const Tensor& tensor : list) see(tensor);
  }
  void see(at::TensorList list) {
    for (const Tensor& tensor : list) see(tensor);
  }
  template <class T>
  void see(const T&) {}

  // Throws torch's message for mixed devices.
  void check() const {
    if (mixed_) [[unlikely]]
      throw_mixed_devices(first_, second_);
  }

 private:
  void look(c10::Device device, const Tensor& tensor) {
    if (device.is_cpu() && tensor.dim() == 0) return;
    if (!seen_) {
      first_ = device;
      seen_ = true;
    } else if (!mixed_) {
      second_ = device;
      mixed_ = true;
    }
  }

  // Meta: nothing seen yet, for no tensor comes here from there.
  c10::Device first_{c10::DeviceType::Meta};
  c10::Device second_{c10::DeviceType::Meta};
  bool seen_ = false, mixed_ = false;
};

}  // namespace tenon::pytorch

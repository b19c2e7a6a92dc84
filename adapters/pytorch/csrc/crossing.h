// SPDX-License-Identifier: Apache-2.0
//
// The tensors of one call on both sides, while a CPU kernel stands in for the device's.
#pragma once

#include <string_view>
#include <vector>

#include <ATen/core/Generator.h>

#include "tensors.h"

namespace tenon::pytorch {

class Crossing {
 public:
  // What the CPU kernel gets for an argument.
  Tensor to_host(const Tensor& tensor);
  c10::Device to_host(c10::Device device);
  at::Generator to_host(const at::Generator& generator);

  // Carries what the kernel made of an argument back: elements, sizes and lazy bits.
  void write_back(const Tensor& tensor);
  // What a result of the kernel is on the device: an argument, a view of one, or a new tensor.
  Tensor to_device(const Tensor& tensor, std::string_view op) const;

 private:
  struct Pair {
    Tensor device;
    Tensor host;
    bool shared;  // Both over one memory.
  };
  struct NestedPair {
    Tensor device;
    Tensor host;
    Tensor buffer;  // On the device; one of the pairs.
  };
  Tensor nested_to_host(const Tensor& tensor);
  void settle(c10::Device device);

  c10::Device device_{c10::DeviceType::CPU};  // The first that is a tenon device.
  std::vector<Pair> pairs_;
  std::vector<NestedPair> nested_;
};

}  // namespace tenon::pytorch

// SPDX-License-Identifier: Apache-2.0
//
// A stream's work on the device: in order.
#pragma once

#include <string>

#include "plugins/cuda/machine.h"
#include "plugins/cuda/memory.h"
#include "plugins/cuda/products.h"
#include "plugins/gpu_common/queue.h"

namespace tenon::cuda {

class Queue final : public gpu::Queue {
 public:
  // `products` may be null.
  Queue(const Driver& driver, CUcontext context, Memory& memory, Machine& machine,
        Products* products);
  ~Queue() override;
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  using gpu::Queue::launch;
  void launch(const gpu::Function& function, const gpu::Grid& grid,
              std::span<const gpu::Parameter> parameters) override;
  void copy(std::byte* dst, const std::byte* src, uint64_t size) override;
  void fill(std::byte* dst, uint64_t size, const void* pattern, uint64_t pattern_size) override;
  bool multiply(const gpu::Product& product) override;
  void finish() override;

 private:
  void finish_fault();
  void fill_bytes(CUdeviceptr at, const std::byte* pattern, uint64_t pattern_size, uint64_t from,
                  uint64_t to);
  void fill_elements(std::byte* dst, const std::byte* pattern, uint64_t pattern_size,
                     uint64_t count);
  void write_addend(const gpu::Product& product);
  CUdeviceptr visible(const std::byte* address) const;

  const Driver& driver_;
  const CUcontext context_;
  Memory& memory_;
  Machine& machine_;
  Products* const products_;
  CUstream stream_ = nullptr;
  std::byte* workspace_ = nullptr;  // Of products; made for the first.
  std::byte* fault_ = nullptr;      // One int of the device; 0: no failure.
  int32_t* seen_ = nullptr;         // Its copy, in pinned memory of the host.
  std::string may_fail_;            // The operator whose launch is to be verified.
};

}  // namespace tenon::cuda

// SPDX-License-Identifier: Apache-2.0
//
// A stream's command queue: in order.
#pragma once

#include <string>

#include "machine.h"
#include "memory.h"
#include "plugins/gpu_common/queue.h"

namespace tenon::opencl {

class Queue final : public gpu::Queue {
 public:
  Queue(const ClDevice& device, cl_context context, Memory& memory, const gpu::Limits& limits);
  ~Queue() override;

  using gpu::Queue::launch;
  void launch(const gpu::Function& function, const gpu::Grid& grid,
              std::span<const gpu::Parameter> parameters) override;
  void copy(std::byte* dst, const std::byte* src, uint64_t size) override;
  void fill(std::byte* dst, uint64_t size, const void* pattern, uint64_t pattern_size) override;
  void finish() override;

 private:
  void finish_fault();
  void set_memory(cl_kernel kernel, cl_uint* index, const std::byte* address);

  Memory& memory_;
  const gpu::Limits& limits_;
  cl_command_queue queue_ = nullptr;
  cl_mem fault_ = nullptr;  // One int; 0: no failure.
  std::string may_fail_;    // The operator whose launch is to be verified.
};

}  // namespace tenon::opencl

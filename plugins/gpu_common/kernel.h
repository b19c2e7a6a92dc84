// SPDX-License-Identifier: Apache-2.0
//
// An operator made ready, as the device core knows it, that queues its work.
#pragma once

#include "plugins/gpu_common/queue.h"
#include "tenon/device/kernel.h"
#include "tenon/device/operators/kernel_of.h"

namespace tenon::gpu {

using device::Description;
using device::KernelError;
using device::NeedsWorkspace;
using device::OperatorEntry;

// check() and the rest are as in device::Kernel, and so is NeedsWorkspace. Immutable; enqueue() may
// run on several threads for different queues.
class Kernel : public device::Kernel {
 public:
  // Queues the work; returns before it is done. `data` of tensors are addresses of the device and
  // may not be touched; HOST inputs are values in host memory, valid during the call.
  virtual void enqueue(const Arguments& arguments, Queue& queue) const = 0;

  void run(const Arguments& arguments, const device::Execution& execution) const final;
};

// See tenon/device/operators/kernel_of.h.
template <class Operator, class Base = Kernel>
using KernelOf = device::KernelOf<Operator, Base>;

// What run() is called with: the queue of a stream.
class StreamExecution final : public device::Execution {
 public:
  StreamExecution(const tn_host& host, Machine& machine, std::unique_ptr<Queue> queue)
      : Execution(host), machine_(machine), queue_(std::move(queue)) {}
  Machine& machine() const { return machine_; }
  Queue& queue() const { return *queue_; }

  void copy(std::byte* dst, const std::byte* src, uint64_t size) const override {
    if (size != 0) queue_->copy(dst, src, size);
  }
  void fill(std::byte* dst, uint64_t size, const std::byte* pattern,
            uint64_t pattern_size) const override {
    if (size != 0) queue_->fill(dst, size, pattern, pattern_size);
  }
  void finish() const override { queue_->finish(); }

 private:
  Machine& machine_;
  const std::unique_ptr<Queue> queue_;
};

}  // namespace tenon::gpu

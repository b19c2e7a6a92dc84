// SPDX-License-Identifier: Apache-2.0
//
// An operator made ready, as the reference device's core knows it, that queues its work.
#pragma once

#include "plugins/gpu/queue.h"
#include "reference_impl/cpu/kernel.h"

namespace tenon::gpu {

using cpu::Description;
using cpu::KernelError;
using cpu::OperatorEntry;

// check(), workspace_size() and the rest are as in cpu::Kernel. Immutable; enqueue() may run on
// several threads for different queues.
class Kernel : public cpu::Kernel {
 public:
  // Queues the work; returns before it is done. `data` of tensors are addresses of the device and
  // may not be touched; HOST inputs are values in host memory, valid during the call.
  virtual void enqueue(const Arguments& arguments, Queue& queue) const = 0;

  void run(const Arguments& arguments, const cpu::Execution& execution) const final;
};

// What run() is called with: the execution that belongs to a stream of this plugin.
class StreamExecution : public cpu::Execution {
 public:
  StreamExecution(const tn_host& host, Queue& queue) : Execution(host), queue_(queue) {}
  Queue& queue() const { return queue_; }

 private:
  Queue& queue_;
};

}  // namespace tenon::gpu

// SPDX-License-Identifier: Apache-2.0
//
// A model of one node in ONNX Runtime, made of a kernel's description without a file or protobuf.
#pragma once

#include <memory>

#include "tenon/device/kernel.h"

namespace tenon::onnxruntime {

class Session {
 public:
  // Throws KernelError (TN_UNSUPPORTED) with ONNX Runtime's words where it has no such kernel.
  Session(const OperatorId& id, const device::Description& d);
  ~Session();

  // On tensors that are dense row-major. Throws KernelError (TN_INVALID_ARGUMENT).
  void run(const device::Arguments& arguments) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tenon::onnxruntime

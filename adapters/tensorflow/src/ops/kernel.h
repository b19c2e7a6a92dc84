// SPDX-License-Identifier: Apache-2.0
//
// What all kernels share on TensorFlow's side: made from a NodeDef, failures handed on with the
// op's name.
#pragma once

#include <memory>
#include <string>

#include "ops/call.h"
#include "ops/node.h"
#include "tensorflow/c/kernels.h"

namespace tenon::tensorflow {

inline constexpr const char* kDeviceType = "TENON";

// The node being constructed. Throws OpError.
Node node_of(TF_OpKernelConstruction* construction);

// Fails the op with what the exception being handled says.
void fail(TF_OpKernelContext* context, const std::string& op) noexcept;

// Registers; a failure is said and costs this kernel alone: an op of another TensorFlow version.
void register_kernel(const char* op, TF_KernelBuilder* builder);

// `make`: Node -> unique_ptr<Kernel>. Null when that failed, which TensorFlow has been told.
template <class Kernel, class Make>
Kernel* make_kernel(TF_OpKernelConstruction* construction, Make&& make) noexcept {
  TF_Status* status = TF_NewStatus();
  std::unique_ptr<Kernel> kernel;
  guarded(status, [&] { kernel = make(node_of(construction)); });
  if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
  TF_DeleteStatus(status);
  return kernel.release();
}

template <class Body>
void run_kernel(TF_OpKernelContext* context, const std::string& op, Body&& body) noexcept {
  try {
    NodeCall call(context);
    body(call);
  } catch (...) {
    fail(context, op);
  }
}

}  // namespace tenon::tensorflow

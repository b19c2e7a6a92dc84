// SPDX-License-Identifier: Apache-2.0
#include "ops/kernel.h"

#include <cstdio>

namespace tenon::tensorflow {

Node node_of(TF_OpKernelConstruction* construction) {
  TF_Status* status = scratch_status();
  const std::unique_ptr<TF_Buffer, decltype(&TF_DeleteBuffer)> buffer(
      TF_OpKernelConstruction_GetNodeDef(construction, status), TF_DeleteBuffer);
  check(status);
  return Node::parse({static_cast<const char*>(buffer->data), buffer->length});
}

void fail(TF_OpKernelContext* context, const std::string& op) noexcept {
  const Failure failure = current_failure();
  TF_Status* status = TF_NewStatus();
  TF_SetStatus(status, failure.code, (op + " on TENON: " + failure.message).c_str());
  TF_OpKernelContext_Failure(context, status);
  TF_DeleteStatus(status);
}

void register_kernel(const char* op, TF_KernelBuilder* builder) {
  TF_Status* status = scratch_status();
  TF_RegisterKernelBuilder(op, builder, status);
  if (TF_GetCode(status) != TF_OK) {
    std::fprintf(stderr, "tensorflow_tenon: no kernel for %s: %s\n", op, TF_Message(status));
  }
}

}  // namespace tenon::tensorflow

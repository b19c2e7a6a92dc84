// SPDX-License-Identifier: Apache-2.0
//
// Reaches a resource variable through TensorFlow's C++ classes; hence built for one minor version
// of TensorFlow and named after it. To be dropped when the C functions are in the wheels
// (tensorflow#126374).
#include "variables_shim.h"

#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/resource_mgr.h"
#include "tensorflow/core/framework/resource_var.h"

namespace {

using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::Var;

struct Described {
  explicit Described(const Tensor& tensor) {
    for (int i = 0; i < tensor.dims(); ++i) dims.push_back(tensor.dim_size(i));
    view.dims = dims.data();
    view.rank = tensor.dims();
    view.dtype = static_cast<int32_t>(tensor.dtype());
    view.current = tensor.data();
    view.fresh = view.current;
  }
  std::vector<int64_t> dims;
  tenon_tf_variable view;
};

absl::Status access(OpKernelContext* context, int input, bool update, tenon_tf_body body,
                    void* argument) {
  tensorflow::core::RefCountPtr<Var> variable;
  absl::Status status =
      tensorflow::LookupResource(context, tensorflow::HandleFromInput(context, input), &variable);
  if (!status.ok()) return status;

  if (!update) {
    Tensor value;
    {
      tensorflow::tf_shared_lock lock(*variable->mu());
      if (!variable->is_initialized) {
        return absl::FailedPreconditionError("variable is uninitialized");
      }
      value = *variable->tensor();
    }
    const Described described(value);
    body(argument, &described.view);
    return absl::OkStatus();
  }

  tensorflow::mutex_lock lock(*variable->mu());
  if (!variable->is_initialized) {
    return absl::FailedPreconditionError("variable is uninitialized");
  }
  Tensor* tensor = variable->tensor();
  Described described(*tensor);
  if (tensor->RefCountIsOne()) {
    body(argument, &described.view);
    return absl::OkStatus();
  }
  Tensor fresh;
  status = context->allocate_temp(tensor->dtype(), tensor->shape(), &fresh);
  if (!status.ok()) return status;
  described.view.fresh = fresh.data();
  if (body(argument, &described.view) != 0) *tensor = fresh;
  return absl::OkStatus();
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void tenon_tf_access_variable(
    TF_OpKernelContext* context, int32_t input, int32_t update, tenon_tf_body body, void* argument,
    TF_Status* status) {
  const absl::Status result =
      access(reinterpret_cast<OpKernelContext*>(context), input, update != 0, body, argument);
  TF_SetStatus(status, static_cast<TF_Code>(result.code()), std::string(result.message()).c_str());
}

// SPDX-License-Identifier: Apache-2.0
//
// Reaches resource variables through TensorFlow's C++ classes; hence built for one minor version
// of TensorFlow and named after it. To be dropped when the C functions are in the wheels
// (tensorflow#126374).
#include "variables_shim.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/resource_mgr.h"
#include "tensorflow/core/framework/resource_var.h"

namespace {

using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::Var;

struct Accessed {
  tensorflow::core::RefCountPtr<Var> variable;
  Tensor value;
  Tensor fresh;
  std::vector<int64_t> dims;
  bool is_fresh = false;
};

// Holds the mutexes of all variables, each once, taken in the order of their addresses so that two
// ops never wait for each other.
class Locks {
 public:
  explicit Locks(const std::deque<Accessed>& all) {
    for (const Accessed& one : all) variables_.push_back(one.variable.get());
    std::sort(variables_.begin(), variables_.end());
    variables_.erase(std::unique(variables_.begin(), variables_.end()), variables_.end());
    for (Var* variable : variables_) variable->mu()->lock();
  }
  ~Locks() {
    for (Var* variable : variables_) variable->mu()->unlock();
  }
  Locks(const Locks&) = delete;
  Locks& operator=(const Locks&) = delete;

 private:
  std::vector<Var*> variables_;
};

absl::Status look_up(OpKernelContext* context, const int32_t* inputs, int32_t count,
                     std::deque<Accessed>& all) {
  for (int32_t i = 0; i < count; ++i) {
    all.emplace_back();
    absl::Status status = tensorflow::LookupResource(
        context, tensorflow::HandleFromInput(context, inputs[i]), &all.back().variable);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status take_value(Accessed& one) {
  if (!one.variable->is_initialized) {
    return absl::FailedPreconditionError("variable is uninitialized");
  }
  one.value = *one.variable->tensor();
  return absl::OkStatus();
}

tenon_tf_variable described(Accessed& one) {
  for (int i = 0; i < one.value.dims(); ++i) one.dims.push_back(one.value.dim_size(i));
  tenon_tf_variable view{};
  view.dims = one.dims.data();
  view.rank = one.value.dims();
  view.dtype = static_cast<int32_t>(one.value.dtype());
  view.current = one.value.data();
  view.fresh = one.is_fresh ? one.fresh.data() : view.current;
  return view;
}

absl::Status read(std::deque<Accessed>& all, tenon_tf_body body, void* argument) {
  std::vector<tenon_tf_variable> views;
  for (Accessed& one : all) {
    tensorflow::tf_shared_lock lock(*one.variable->mu());
    absl::Status status = take_value(one);
    if (!status.ok()) return status;
    views.push_back(described(one));
  }
  body(argument, views.data());
  return absl::OkStatus();
}

// Fresh memory unless the variable alone holds its tensor.
absl::Status make_fresh(OpKernelContext* context, Accessed& one) {
  if (one.variable->tensor()->RefCountIsOne()) return absl::OkStatus();
  one.is_fresh = true;
  return context->allocate_temp(one.variable->tensor()->dtype(), one.variable->tensor()->shape(),
                                &one.fresh);
}

absl::Status update(OpKernelContext* context, std::deque<Accessed>& all, tenon_tf_body body,
                    void* argument) {
  const Locks locks(all);
  std::vector<tenon_tf_variable> views;
  for (size_t i = 0; i < all.size(); ++i) {
    const auto same = std::find_if(all.begin(), all.begin() + i, [&](const Accessed& earlier) {
      return earlier.variable.get() == all[i].variable.get();
    });
    if (same != all.begin() + i) {
      views.push_back(views[same - all.begin()]);
      continue;
    }
    if (!all[i].variable->is_initialized) {
      return absl::FailedPreconditionError("variable is uninitialized");
    }
    absl::Status status = make_fresh(context, all[i]);
    if (status.ok()) status = take_value(all[i]);  // After the references were counted.
    if (!status.ok()) return status;
    views.push_back(described(all[i]));
  }
  if (body(argument, views.data()) == 0) return absl::OkStatus();
  for (Accessed& one : all) {
    if (one.is_fresh) *one.variable->tensor() = one.fresh;
  }
  return absl::OkStatus();
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void tenon_tf_access_variables(
    TF_OpKernelContext* context, const int32_t* inputs, int32_t count, int32_t updates,
    tenon_tf_body body, void* argument, TF_Status* status) {
  auto* kernel_context = reinterpret_cast<OpKernelContext*>(context);
  std::deque<Accessed> all;
  absl::Status result = look_up(kernel_context, inputs, count, all);
  if (result.ok()) {
    result = updates != 0 ? update(kernel_context, all, body, argument) : read(all, body, argument);
  }
  TF_SetStatus(status, static_cast<TF_Code>(result.code()), std::string(result.message()).c_str());
}

// SPDX-License-Identifier: Apache-2.0
//
// Two ways to a variable. TensorFlow declares C functions for it, but the wheels of 2.20 and 2.21
// do not contain them (tensorflow#126374): they are referenced weakly and used where they exist.
// Else a small library of C++, built against exactly this TensorFlow, is opened from beside this
// one.
#include <dlfcn.h>

#include <exception>

#include "../../shim/variables_shim.h"
#include "ops/types.h"
#include "ops/variables.h"
#include "tensorflow/c/c_api.h"
#include "tensorflow/c/kernels_experimental.h"

#pragma weak TF_MaybeLockVariableInputMutexesInOrder
#pragma weak TF_GetInputTensorFromVariable
#pragma weak TF_ReleaseVariableInputLockHolder

namespace tenon::tensorflow {
namespace {

// -- TensorFlow's C functions --

bool have_c_functions() {
  return TF_MaybeLockVariableInputMutexesInOrder != nullptr &&
         TF_GetInputTensorFromVariable != nullptr && TF_ReleaseVariableInputLockHolder != nullptr;
}

View view_of(TF_Tensor* tensor) {
  View view(TF_TensorData(tensor), to_tenon(TF_TensorType(tensor)), {});
  for (int i = 0; i < TF_NumDims(tensor); ++i) view.dims.push_back(TF_Dim(tensor, i));
  return view;
}

// Owns `source` and `dest`, as the header says.
void copy_tensor(TF_OpKernelContext* context, TF_Tensor* source, TF_Tensor* dest) {
  try {
    NodeCall call(context);
    call.copy(view_of(source), view_of(dest));
  } catch (...) {
    const Failure failure = current_failure();
    TF_Status* status = TF_NewStatus();
    TF_SetStatus(status, failure.code, failure.message.c_str());
    TF_OpKernelContext_Failure(context, status);
    TF_DeleteStatus(status);
  }
  TF_DeleteTensor(source);
  TF_DeleteTensor(dest);
}

void access_by_c_functions(NodeCall& call, std::span<const int32_t> inputs,
                           const VariablesBody& body) {
  TF_Status* status = TF_NewStatus();
  TF_VariableInputLockHolder* lock = nullptr;
  std::vector<TF_Tensor*> tensors;
  std::exception_ptr thrown;
  try {
    TF_MaybeLockVariableInputMutexesInOrder(call.context(), /*do_lock=*/true, /*sparse=*/false,
                                            inputs.data(), inputs.size(), copy_tensor, &lock,
                                            status);
    check(status);
    std::vector<Variable> variables;
    for (const int32_t input : inputs) {
      TF_Tensor* tensor = nullptr;
      TF_GetInputTensorFromVariable(call.context(), input, /*lock_held=*/true,
                                    /*isVariantType=*/false, /*sparse=*/false, copy_tensor, &tensor,
                                    status);
      check(status);
      tensors.push_back(tensor);
      const View view = view_of(tensor);
      variables.push_back({view, view, TF_TensorType(tensor)});
    }
    body(variables);
  } catch (...) {
    thrown = std::current_exception();
  }
  for (TF_Tensor* tensor : tensors) TF_DeleteTensor(tensor);
  if (lock != nullptr) TF_ReleaseVariableInputLockHolder(lock);
  TF_DeleteStatus(status);
  if (thrown) std::rethrow_exception(thrown);
}

// -- The library for this TensorFlow --

struct Shim {
  tenon_tf_access_fn access = nullptr;
  std::string why_not;
};

// "2.21" of "2.21.0": C++ classes may change with the minor version.
std::string minor_version() {
  const std::string version = TF_Version();
  return version.substr(0, version.find('.', version.find('.') + 1));
}

Shim open_shim() {
  Shim shim;
  Dl_info own{};
  dladdr(reinterpret_cast<void*>(&open_shim), &own);
  const std::string self = own.dli_fname == nullptr ? "" : own.dli_fname;
  const std::string path =
      self.substr(0, self.rfind('/') + 1) + "libtenon_tensorflow_" + minor_version() + ".so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* error = dlerror();
    shim.why_not = "tensorflow_tenon was built for TensorFlow " TENON_TENSORFLOW_VERSION
                   ", and this is " +
                   std::string(TF_Version()) +
                   ": variables cannot be updated on TENON devices. Install the TensorFlow that it "
                   "was built for, or build it for this one (" +
                   (error == nullptr ? path : error) + ")";
    return shim;
  }
  shim.access = reinterpret_cast<tenon_tf_access_fn>(dlsym(library, "tenon_tf_access_variables"));
  if (shim.access == nullptr) shim.why_not = path + " lacks tenon_tf_access_variables";
  return shim;
}

struct Carried {
  const VariablesBody* body;
  size_t count;
  std::exception_ptr thrown;
};

// Nothing may be thrown through TensorFlow's frames.
int32_t run_body(void* argument, const tenon_tf_variable* given) {
  auto* carried = static_cast<Carried*>(argument);
  try {
    std::vector<Variable> variables;
    for (const tenon_tf_variable& one : std::span(given, carried->count)) {
      const auto type = static_cast<TF_DataType>(one.dtype);
      View current(one.current, to_tenon(type), {});
      for (int32_t i = 0; i < one.rank; ++i) current.dims.push_back(one.dims[i]);
      View fresh = current;
      fresh.data = static_cast<const char*>(one.fresh);
      variables.push_back({current, fresh, type});
    }
    (*carried->body)(variables);
    return 1;
  } catch (...) {
    carried->thrown = std::current_exception();
    return 0;
  }
}

const Shim& shim() {
  static const Shim& opened = *new Shim(open_shim());
  return opened;
}

void access_variables(NodeCall& call, std::span<const int32_t> inputs, bool update,
                      const VariablesBody& body) {
  if (have_c_functions()) return access_by_c_functions(call, inputs, body);
  if (shim().access == nullptr) throw OpError(TF_FAILED_PRECONDITION, shim().why_not);
  TF_Status* status = TF_NewStatus();
  Carried carried{&body, inputs.size(), nullptr};
  shim().access(call.context(), inputs.data(), static_cast<int32_t>(inputs.size()), update ? 1 : 0,
                run_body, &carried, status);
  const Failure failure{TF_GetCode(status), TF_Message(status)};
  TF_DeleteStatus(status);
  if (carried.thrown) std::rethrow_exception(carried.thrown);
  if (failure.code != TF_OK) throw OpError(failure.code, failure.message);
}

}  // namespace

void read_variables(NodeCall& call, std::span<const int32_t> inputs, const VariablesBody& body) {
  access_variables(call, inputs, false, body);
}

void update_variables(NodeCall& call, std::span<const int32_t> inputs, const VariablesBody& body) {
  access_variables(call, inputs, true, body);
}

void read_variable(NodeCall& call, int input, const std::function<void(const View&)>& body) {
  const int32_t inputs[] = {input};
  access_variables(call, inputs, false,
                   [&](std::span<const Variable> one) { body(one[0].current); });
}

void update_variable(NodeCall& call, int input,
                     const std::function<void(const View&, const View&)>& body) {
  const int32_t inputs[] = {input};
  access_variables(call, inputs, true,
                   [&](std::span<const Variable> one) { body(one[0].current, one[0].fresh); });
}

std::string why_no_variables() { return have_c_functions() ? "" : shim().why_not; }

}  // namespace tenon::tensorflow

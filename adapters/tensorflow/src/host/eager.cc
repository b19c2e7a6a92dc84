// SPDX-License-Identifier: Apache-2.0
#include "host/eager.h"

#include "status.h"
#include "tensorflow/c/eager/c_api_experimental.h"  // TFE_OpSetAttrValueProto

namespace tenon::tensorflow::host {
namespace {

constexpr const char* kDevice = "/job:localhost/replica:0/task:0/device:CPU:0";
// ResourceHandle::ANONYMOUS_NAME: the variable belongs to its handle, not to a container.
constexpr const char* kAnonymous = "cd2c89b7-88b7-44c8-ad83-06c2a9158347";

// ConfigProto { device_count { key: "TENON" value: 0 } }: a second instance of our devices would
// compete for the same streams.
constexpr unsigned char kConfig[] = {0x0a, 0x09, 0x0a, 0x05, 'T', 'E', 'N', 'O', 'N', 0x10, 0x00};

// Never destroyed: kernels may run until the process ends.
TFE_Context* context() {
  static TFE_Context* made = [] {
    TF_Status* status = scratch_status();
    TFE_ContextOptions* options = TFE_NewContextOptions();
    TFE_ContextOptionsSetConfig(options, kConfig, sizeof kConfig, status);
    TFE_Context* result = TF_GetCode(status) == TF_OK ? TFE_NewContext(options, status) : nullptr;
    TFE_DeleteContextOptions(options);
    check(status);
    return result;
  }();
  return made;
}

// One op on its way.
class Op {
 public:
  explicit Op(const char* name) : status_(scratch_status()) {
    op_.reset(TFE_NewOp(context(), name, status_));
    check(status_);
    TFE_OpSetDevice(op_.get(), kDevice, status_);
    check(status_);
  }

  TFE_Op* get() const { return op_.get(); }

  void attribute(const char* name, const std::string& bytes) {
    TFE_OpSetAttrValueProto(op_.get(), name, bytes.data(), bytes.size(), status_);
    check(status_);
  }

  void input(const TFE_TensorHandle* handle) {
    TFE_OpAddInput(op_.get(), const_cast<TFE_TensorHandle*>(handle), status_);
    check(status_);
  }

  std::vector<Handle> execute(int output_count) {
    std::vector<TFE_TensorHandle*> results(static_cast<size_t>(output_count), nullptr);
    int count = output_count;
    TFE_Execute(op_.get(), results.data(), &count, status_);
    check(status_);
    std::vector<Handle> handles;
    for (int i = 0; i < count; ++i) handles.emplace_back(results[static_cast<size_t>(i)]);
    return handles;
  }

 private:
  struct Delete {
    void operator()(TFE_Op* op) const { TFE_DeleteOp(op); }
  };
  TF_Status* status_;
  std::unique_ptr<TFE_Op, Delete> op_;
};

}  // namespace

Handle to_handle(const TF_Tensor* tensor) {
  TF_Status* status = scratch_status();
  Handle handle(TFE_NewTensorHandle(tensor, status));
  check(status);
  return handle;
}

Tensor to_tensor(const Handle& handle) {
  TF_Status* status = scratch_status();
  Tensor tensor(TFE_TensorHandleResolve(handle.get(), status));
  check(status);
  return tensor;
}

std::vector<Handle> run(const Node& node, std::span<const TFE_TensorHandle* const> inputs,
                        int output_count) {
  Op op(node.op().c_str());
  for (const auto& [name, attribute] : node.attributes()) {
    // Names with an underscore are notes of TensorFlow's passes, unknown to the op.
    if (!name.starts_with('_')) op.attribute(name.c_str(), attribute.bytes);
  }
  for (const TFE_TensorHandle* input : inputs) op.input(input);
  return op.execute(output_count);
}

Handle make_variable(const TF_Tensor* value) {
  const TF_DataType type = TF_TensorType(value);
  std::vector<int64_t> dims;
  for (int i = 0; i < TF_NumDims(value); ++i) dims.push_back(TF_Dim(value, i));
  TF_Status* status = scratch_status();
  Op make("VarHandleOp");
  TFE_OpSetAttrType(make.get(), "dtype", type);
  TFE_OpSetAttrShape(make.get(), "shape", dims.data(), TF_NumDims(value), status);
  check(status);
  TFE_OpSetAttrString(make.get(), "shared_name", kAnonymous, std::string_view(kAnonymous).size());
  Handle variable = std::move(make.execute(1)[0]);
  Op assign("AssignVariableOp");
  TFE_OpSetAttrType(assign.get(), "dtype", type);
  assign.input(variable.get());
  const Handle handle = to_handle(value);
  assign.input(handle.get());
  assign.execute(0);
  return variable;
}

Tensor read_variable(const TFE_TensorHandle* variable, TF_DataType type) {
  Op read("ReadVariableOp");
  TFE_OpSetAttrType(read.get(), "dtype", type);
  read.input(variable);
  return to_tensor(read.execute(1)[0]);
}

}  // namespace tenon::tensorflow::host

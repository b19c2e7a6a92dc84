// SPDX-License-Identifier: Apache-2.0
#include "ops/host_ops.h"

#include <algorithm>
#include <memory>

#include "host/eager.h"
#include "ops/kernel.h"
#include "ops/op_list.h"
#include "ops/variables.h"

namespace tenon::tensorflow {
namespace {

// TensorFlow's own name for "below the others".
constexpr int32_t kLowestPriority = -1;

// The ops on variables, among those that take resources of other kinds (tables, queues, data sets).
bool uses_variables(const OpInfo& op) {
  if (!op.resource) return false;
  if (op.op == "AssignAddVariableOp" || op.op == "AssignSubVariableOp") return true;
  for (const char* prefix :
       {"ResourceApply", "ResourceSparseApply", "ResourceScatter", "ResourceGather",
        "ResourceStridedSlice", "ResourceCountUpTo", "Stateful", "Rng"}) {
    if (op.op.starts_with(prefix)) return true;
  }
  return false;
}

// Not those that promise the same numbers on every device (random.cc), nor what TensorFlow uses
// inside.
bool may_fall_back(const OpInfo& op) {
  return op.pure && !op.op.starts_with("Stateless") && !op.op.starts_with('_');
}

// Shapes and indices: TensorFlow computes them on the host beside every accelerator.
bool is_host_arithmetic(TF_OpKernelContext* context) {
  for (int i = 0; i < TF_NumInputs(context); ++i) {
    if (TF_InputDatatype(context, i) != TF_INT32) return false;
  }
  for (int i = 0; i < TF_NumOutputs(context); ++i) {
    const TF_DataType type = TF_ExpectedOutputDataType(context, i);
    if (type != TF_INT32 && type != TF_BOOL) return false;
  }
  return true;
}

bool only_reads(const std::string& op) { return op.starts_with("ResourceGather"); }

// The variable's value in host memory.
host::Tensor fetch(NodeCall& call, const Variable& variable) {
  const size_t bytes = variable.bytes();
  if (bytes == 0 && variable.current.count() != 0) {
    unimplemented("a variable of this type on the device; create it under tf.device(\"CPU:0\")");
  }
  host::Tensor value(TF_AllocateTensor(variable.type, variable.current.dims.data(),
                                       variable.current.rank(), bytes));
  if (value == nullptr) throw OpError(TF_RESOURCE_EXHAUSTED, "out of host memory");
  call.copy_to_host(TF_TensorData(value.get()), variable.current.data, bytes);
  return value;
}

void store(NodeCall& call, const Variable& variable, const TF_Tensor* value) {
  if (TF_TensorByteSize(value) != variable.bytes()) {
    throw OpError(TF_INTERNAL, "the op changed the size of a variable");
  }
  call.copy_from_host(const_cast<char*>(variable.fresh.data), TF_TensorData(value),
                      variable.bytes());
}

class HostOp {
 public:
  explicit HostOp(Node node) : node_(std::move(node)) {}

  const std::string& op() const { return node_.op(); }

  void compute(NodeCall& call) const {
    TF_OpKernelContext* context = call.context();
    std::vector<int32_t> variables;
    for (int32_t i = 0; i < TF_NumInputs(context); ++i) {
      if (TF_InputDatatype(context, i) == TF_RESOURCE) variables.push_back(i);
    }
    const bool updates = !only_reads(op());
    if (!is_host_arithmetic(context)) {
      call.owner().count_host_op(op(), variables.size() * (updates ? 2 : 1));
    }
    if (variables.empty()) return run(call, {}, {}, false);
    const VariablesBody body = [&](std::span<const Variable> given) {
      run(call, variables, given, updates);
    };
    updates ? update_variables(call, variables, body) : read_variables(call, variables, body);
  }

 private:
  // Inputs and outputs lie in host memory already: so the kernel is registered.
  void run(NodeCall& call, std::span<const int32_t> positions, std::span<const Variable> variables,
           bool updates) const {
    std::vector<host::Handle> kept;
    std::vector<const TFE_TensorHandle*> inputs;
    for (int32_t i = 0; i < call.input_count(); ++i) {
      const auto at = std::find(positions.begin(), positions.end(), i);
      if (at == positions.end()) {
        kept.push_back(host::to_handle(call.host_tensor(i)));
        inputs.push_back(kept.back().get());
        continue;
      }
      const auto index = static_cast<size_t>(at - positions.begin());
      // A variable named twice is one variable here too.
      const TFE_TensorHandle* same = nullptr;
      for (size_t k = 0; k < index && same == nullptr; ++k) {
        if (variables[k].current.data == variables[index].current.data &&
            variables[k].bytes() != 0) {
          same = inputs[static_cast<size_t>(positions[k])];
        }
      }
      if (same == nullptr) {
        kept.push_back(host::make_variable(fetch(call, variables[index]).get()));
        same = kept.back().get();
      }
      inputs.push_back(same);
    }
    const auto outputs = host::run(node_, inputs, TF_NumOutputs(call.context()));
    for (size_t k = 0; updates && k < variables.size(); ++k) {
      const auto* variable = inputs[static_cast<size_t>(positions[k])];
      store(call, variables[k], host::read_variable(variable, variables[k].type).get());
    }
    for (size_t k = 0; k < outputs.size(); ++k) {
      call.set_output(static_cast<int>(k), host::to_tensor(outputs[k]).get());
    }
  }

  Node node_;
};

void* create(TF_OpKernelConstruction* construction) noexcept {
  return make_kernel<HostOp>(construction,
                             [](Node node) { return std::make_unique<HostOp>(std::move(node)); });
}

void compute(void* pointer, TF_OpKernelContext* context) noexcept {
  const auto* kernel = static_cast<const HostOp*>(pointer);
  run_kernel(context, kernel->op(), [&](NodeCall& call) { kernel->compute(call); });
}

void destroy(void* pointer) noexcept { delete static_cast<HostOp*>(pointer); }

void register_for(const OpInfo& op, const KernelTypes& types) {
  TF_Status* status = scratch_status();
  TF_KernelBuilder* builder =
      TF_NewKernelBuilder(op.op.c_str(), kDeviceType, create, compute, destroy);
  TF_KernelBuilder_Priority(builder, kLowestPriority);
  for (const auto& [attribute, type] : types) {
    TF_KernelBuilder_TypeConstraint(builder, attribute.c_str(), static_cast<TF_DataType>(type),
                                    status);
    // A type that the C API does not know, of four bits.
    if (TF_GetCode(status) != TF_OK) return TF_DeleteKernelBuilder(builder);
  }
  for (const std::string& name : op.inputs) TF_KernelBuilder_HostMemory(builder, name.c_str());
  for (const std::string& name : op.outputs) TF_KernelBuilder_HostMemory(builder, name.c_str());
  register_kernel(op.op.c_str(), builder);
}

// Whether one node can fit both.
bool overlap(const KernelTypes& a, const KernelTypes& b) {
  return std::all_of(a.begin(), a.end(), [&](const auto& constraint) {
    const auto found = b.find(constraint.first);
    return found == b.end() || found->second == constraint.second;
  });
}

bool all_numbers(const KernelTypes& types) {
  return std::all_of(types.begin(), types.end(), [](const auto& constraint) {
    return constraint.second != TF_STRING && constraint.second != TF_RESOURCE &&
           constraint.second != TF_VARIANT;
  });
}

// Kernels for any device serve ours already: only the types that they leave out.
void register_beside(const OpInfo& op, const OpKernels& kernels) {
  if (kernels.any_device.empty()) return register_for(op, {});
  std::vector<KernelTypes> taken = kernels.any_device;
  for (const KernelTypes& types : kernels.cpu) {
    const bool free = std::none_of(taken.begin(), taken.end(),
                                   [&](const KernelTypes& other) { return overlap(types, other); });
    if (!free || !all_numbers(types)) continue;
    register_for(op, types);
    taken.push_back(types);
  }
}

}  // namespace

void register_host_ops() {
  const auto kernels = all_kernels();
  for (const OpInfo& op : all_ops()) {
    if (uses_variables(op)) {
      register_for(op, {});  // Also instead of those for any device, which touch our memory.
      continue;
    }
    const auto found = kernels.find(op.op);
    if (!may_fall_back(op) || found == kernels.end() || found->second.cpu.empty()) continue;
    register_beside(op, found->second);
  }
}

}  // namespace tenon::tensorflow

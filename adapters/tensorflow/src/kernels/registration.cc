// SPDX-License-Identifier: Apache-2.0
#include "kernels/registration.h"

#include <cstdio>
#include <memory>
#include <string>
#include <unordered_map>

namespace tenon::tensorflow {
namespace {

using Table = std::unordered_map<std::string, Row>;

// Never destroyed: TensorFlow's threads may outlive static destructors.
const Table& table() {
  static const Table& table = []() -> Table& {
    Rows rows;
    for (auto add :
         {add_elementwise, add_gradients, add_comparisons, add_reductions, add_contractions,
          add_einsum, add_convolutions, add_pooling, add_normalization, add_movement, add_slicing,
          add_indexing, add_creation, add_losses, add_random, add_variables}) {
      add(rows);
    }
    auto* result = new Table;
    for (Row& row : rows) {
      const std::string op = row.op;
      result->emplace(op, std::move(row));
    }
    return *result;
  }();
  return table;
}

// What TensorFlow keeps for one node.
struct Kernel {
  std::string op;
  Compute compute;
};

void* create(TF_OpKernelConstruction* construction) noexcept {
  TF_Status* status = TF_NewStatus();
  std::unique_ptr<Kernel> kernel;
  guarded(status, [&] {
    TF_Status* inner = scratch_status();
    const std::unique_ptr<TF_Buffer, decltype(&TF_DeleteBuffer)> buffer(
        TF_OpKernelConstruction_GetNodeDef(construction, inner), TF_DeleteBuffer);
    check(inner);
    const Node node = Node::parse({static_cast<const char*>(buffer->data), buffer->length});
    kernel = std::make_unique<Kernel>(Kernel{node.op(), table().at(node.op()).prepare(node)});
  });
  if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
  TF_DeleteStatus(status);
  return kernel.release();
}

void compute(void* pointer, TF_OpKernelContext* context) noexcept {
  auto* kernel = static_cast<Kernel*>(pointer);
  try {
    Call call(context);
    kernel->compute(call);
  } catch (...) {
    const Failure failure = current_failure();
    TF_Status* status = TF_NewStatus();
    TF_SetStatus(status, failure.code, (kernel->op + " on TENON: " + failure.message).c_str());
    TF_OpKernelContext_Failure(context, status);
    TF_DeleteStatus(status);
  }
}

void destroy(void* pointer) noexcept { delete static_cast<Kernel*>(pointer); }

// One registration with the types chosen so far, one for each type of the constraints still open.
void register_row(const Row& row, size_t depth, std::vector<TF_DataType>& chosen) {
  if (depth < row.types.size()) {
    for (TF_DataType type : row.types[depth].types) {
      chosen.push_back(type);
      register_row(row, depth + 1, chosen);
      chosen.pop_back();
    }
    return;
  }
  TF_Status* status = scratch_status();
  TF_KernelBuilder* builder = TF_NewKernelBuilder(row.op, "TENON", create, compute, destroy);
  for (size_t i = 0; i < chosen.size(); ++i) {
    TF_KernelBuilder_TypeConstraint(builder, row.types[i].attribute, chosen[i], status);
  }
  for (const char* argument : row.host) TF_KernelBuilder_HostMemory(builder, argument);
  if (TF_GetCode(status) == TF_OK) {
    TF_RegisterKernelBuilder(row.op, builder, status);
  } else {
    TF_DeleteKernelBuilder(builder);
  }
  // An op of another TensorFlow version: the device lacks this kernel, the rest works.
  if (TF_GetCode(status) != TF_OK) {
    std::fprintf(stderr, "tensorflow_tenon: no kernel for %s: %s\n", row.op, TF_Message(status));
  }
}

}  // namespace

void prepare_kernels() { table(); }

void register_kernels() {
  for (const auto& [op, row] : table()) {
    std::vector<TF_DataType> chosen;
    register_row(row, 0, chosen);
  }
}

}  // namespace tenon::tensorflow

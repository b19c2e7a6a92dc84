// SPDX-License-Identifier: Apache-2.0
#include "ops/registration.h"

#include <memory>
#include <string>
#include <unordered_map>

#include "ops/host_ops.h"
#include "ops/kernel.h"

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
          add_indexing, add_creation, add_losses, add_random, add_variables, add_optimizers}) {
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
  return make_kernel<Kernel>(construction, [](const Node& node) {
    return std::make_unique<Kernel>(Kernel{node.op(), table().at(node.op()).prepare(node)});
  });
}

void compute(void* pointer, TF_OpKernelContext* context) noexcept {
  auto* kernel = static_cast<Kernel*>(pointer);
  run_kernel(context, kernel->op, kernel->compute);
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
  TF_KernelBuilder* builder = TF_NewKernelBuilder(row.op, kDeviceType, create, compute, destroy);
  for (size_t i = 0; i < chosen.size(); ++i) {
    TF_KernelBuilder_TypeConstraint(builder, row.types[i].attribute, chosen[i], status);
  }
  for (const char* argument : row.host) TF_KernelBuilder_HostMemory(builder, argument);
  register_kernel(row.op, builder);
}

}  // namespace

void prepare_kernels() { table(); }

void register_kernels() {
  for (const auto& [op, row] : table()) {
    std::vector<TF_DataType> chosen;
    register_row(row, 0, chosen);
  }
  register_host_ops();
}

}  // namespace tenon::tensorflow

// SPDX-License-Identifier: Apache-2.0
#include "ops/op_list.h"

#include <memory>
#include <string_view>

#include "ops/wire_reader.h"
#include "tensorflow/c/c_api.h"
#include "tensorflow/c/kernels.h"

namespace tenon::tensorflow {
namespace {

using Buffer = std::unique_ptr<TF_Buffer, decltype(&TF_DeleteBuffer)>;

std::string_view view(const Buffer& buffer) {
  return {static_cast<const char*>(buffer->data), buffer->length};
}

struct ArgumentInfo {
  std::string name;
  int64_t type = 0;  // 0: an attribute says it.
  bool list = false;
  bool reference = false;
};

// OpDef.ArgDef: name = 1, type = 3, number_attr = 5, type_list_attr = 6, is_ref = 16.
ArgumentInfo read_argument(std::string_view bytes) {
  ArgumentInfo argument;
  WireReader reader(bytes);
  while (reader.next()) {
    if (reader.field() == 1) argument.name = reader.data();
    if (reader.field() == 3) argument.type = reader.number();
    if (reader.field() == 6) argument.list = true;
    if (reader.field() == 16) argument.reference = reader.number() != 0;
  }
  return argument;
}

bool is_number(const ArgumentInfo& argument) {
  return !argument.list && !argument.reference && argument.type != TF_STRING &&
         argument.type != TF_RESOURCE && argument.type != TF_VARIANT;
}

// OpDef.AttrDef: type = 2.
bool is_function(std::string_view bytes) {
  WireReader reader(bytes);
  while (reader.next()) {
    if (reader.field() == 2) return reader.data() == "func" || reader.data() == "list(func)";
  }
  return false;
}

// OpDef: name = 1, input_arg = 2, output_arg = 3, attr = 4, is_stateful = 17.
OpInfo read_op(std::string_view bytes) {
  OpInfo result;
  WireReader reader(bytes);
  while (reader.next()) {
    if (reader.field() == 1) result.op = reader.data();
    if (reader.field() == 2 || reader.field() == 3) {
      const ArgumentInfo argument = read_argument(reader.data());
      const bool input = reader.field() == 2;
      (input ? result.inputs : result.outputs).push_back(argument.name);
      result.resource = result.resource || (input && argument.type == TF_RESOURCE);
      result.pure = result.pure && is_number(argument);
    }
    if (reader.field() == 4) result.pure = result.pure && !is_function(reader.data());
    if (reader.field() == 17) result.pure = result.pure && reader.number() == 0;
  }
  return result;
}

// KernelDef.AttrConstraint: name = 1, allowed_values = 2 (an AttrValue: list = 1; types in there:
// 6).
void read_constraint(std::string_view bytes, KernelTypes& types) {
  std::string name;
  WireReader reader(bytes);
  while (reader.next()) {
    if (reader.field() == 1) name = reader.data();
    if (reader.field() != 2) continue;
    WireReader value(reader.data());
    while (value.next()) {
      if (value.field() != 1) continue;
      WireReader list(value.data());
      while (list.next()) {
        if (list.field() != 6) continue;
        WireReader packed(list.data());
        types[name] = static_cast<int32_t>(
            list.data().empty() ? list.number() : static_cast<int64_t>(packed.varint()));
      }
    }
  }
}

// KernelDef: op = 1, device_type = 2, constraint = 3, label = 5.
void read_kernel(std::string_view bytes, std::map<std::string, OpKernels>& kernels) {
  std::string_view op, device, label;
  KernelTypes types;
  WireReader reader(bytes);
  while (reader.next()) {
    if (reader.field() == 1) op = reader.data();
    if (reader.field() == 2) device = reader.data();
    if (reader.field() == 3) read_constraint(reader.data(), types);
    if (reader.field() == 5) label = reader.data();
  }
  if (!label.empty()) return;
  if (device == "CPU") kernels[std::string(op)].cpu.push_back(std::move(types));
  if (device == "DEFAULT") kernels[std::string(op)].any_device.push_back(std::move(types));
}

}  // namespace

// OpList: op = 1.
std::vector<OpInfo> all_ops() {
  const Buffer buffer(TF_GetAllOpList(), TF_DeleteBuffer);
  std::vector<OpInfo> ops;
  WireReader reader(view(buffer));
  while (reader.next()) {
    if (reader.field() == 1) ops.push_back(read_op(reader.data()));
  }
  return ops;
}

// KernelList: kernel = 1.
std::map<std::string, OpKernels> all_kernels() {
  TF_Status* status = scratch_status();
  const Buffer buffer(TF_GetAllRegisteredKernels(status), TF_DeleteBuffer);
  check(status);
  std::map<std::string, OpKernels> kernels;
  WireReader reader(view(buffer));
  while (reader.next()) {
    if (reader.field() == 1) read_kernel(reader.data(), kernels);
  }
  return kernels;
}

}  // namespace tenon::tensorflow

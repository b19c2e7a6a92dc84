// SPDX-License-Identifier: Apache-2.0
#include "kernels/op_list.h"

#include <memory>

#include "kernels/wire_reader.h"
#include "tensorflow/c/c_api.h"

namespace tenon::tensorflow {
namespace {

// OpDef.ArgDef: name = 1, type = 3.
std::string read_argument(std::string_view bytes, bool* resource) {
  std::string name;
  WireReader reader(bytes);
  while (reader.next()) {
    if (reader.field() == 1) name = reader.data();
    if (reader.field() == 3 && reader.number() == TF_RESOURCE) *resource = true;
  }
  return name;
}

// OpDef: name = 1, input_arg = 2, output_arg = 3.
OpArguments read_op(std::string_view bytes) {
  OpArguments result;
  bool ignored = false;
  WireReader reader(bytes);
  while (reader.next()) {
    if (reader.field() == 1) result.op = reader.data();
    if (reader.field() == 2) {
      result.inputs.push_back(read_argument(reader.data(), &result.resource));
    }
    if (reader.field() == 3) result.outputs.push_back(read_argument(reader.data(), &ignored));
  }
  return result;
}

}  // namespace

// OpList: op = 1.
std::vector<OpArguments> all_ops() {
  const std::unique_ptr<TF_Buffer, decltype(&TF_DeleteBuffer)> buffer(TF_GetAllOpList(),
                                                                      TF_DeleteBuffer);
  std::vector<OpArguments> ops;
  WireReader reader({static_cast<const char*>(buffer->data), buffer->length});
  while (reader.next()) {
    if (reader.field() == 1) ops.push_back(read_op(reader.data()));
  }
  return ops;
}

}  // namespace tenon::tensorflow

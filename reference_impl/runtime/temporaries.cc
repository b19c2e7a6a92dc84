// SPDX-License-Identifier: Apache-2.0
#include "runtime/temporaries.h"

#include "runtime/device_impl.h"

namespace tenon::runtime {

ScratchMemory::~ScratchMemory() {
  for (void* address : addresses_) device_.deallocate(address);
}

void* ScratchMemory::allocate(size_t bytes) {
  addresses_.reserve(addresses_.size() + 1);
  void* address = device_.allocate(bytes, stream_);
  addresses_.push_back(address);
  return address;
}

void* ScratchMemory::allocate_like(const Argument& argument) {
  const auto count = static_cast<uint64_t>(element_count(argument));
  return allocate((count * tn_dtype_bits(argument.dtype) + 7) / 8);
}

Temporaries::Temporaries(DeviceImpl& device, StreamImpl& stream)
    : device_(device), stream_(stream), memory_(device, stream) {}

tn_tensor Temporaries::dense_copy_of(const tn_tensor& tensor, const Argument& argument) {
  tn_tensor dense = tensor;
  const Location location = device_.resolve(memory_.allocate_like(argument));
  dense.buffer = location.buffer;
  dense.offset = location.offset;
  dense.strides = nullptr;
  ++count_;
  return dense;
}

void Temporaries::apply(PreparedCall& call, Profile profile) {
  const auto must_be_dense = [&](const Argument& argument) {
    return (profile & TN_REQUIRES_DENSE) != 0 && argument.kind == Argument::Kind::kDevice &&
           element_count(argument) != 0 && !is_dense(argument);
  };
  for (size_t i = 0; i < call.inputs().size(); ++i) {
    if (!must_be_dense(call.inputs()[i])) continue;
    tn_tensor& tensor = call.input_tensor(i);
    if (call.same_as(i) != 0 && (profile & TN_REQUIRES_NO_ALIAS) == 0) {
      tensor = call.input_tensor(static_cast<size_t>(call.same_as(i)) - 1);  // As described.
      continue;
    }
    const tn_tensor dense = dense_copy_of(tensor, call.inputs()[i]);
    stream_.enqueue(tn_stream_reorder, &dense, static_cast<const tn_tensor*>(&tensor));
    tensor = dense;
  }
  for (size_t i = 0; i < call.outputs().size(); ++i) {
    const int32_t alias = call.alias(i);
    const bool in_place = alias > 0 && (profile & TN_REQUIRES_NO_ALIAS) == 0;
    const bool dense_needed = must_be_dense(call.outputs()[i]);
    if (alias != PreparedCall::kTemporary && !dense_needed && (alias <= 0 || in_place)) continue;
    tn_tensor& tensor = call.output_tensor(i);
    // In place on a copy is still in place: the kernel was described so.
    const tn_tensor stand_in = in_place ? call.input_tensor(static_cast<size_t>(alias) - 1)
                                        : dense_copy_of(tensor, call.outputs()[i]);
    copies_.push_back({tensor, stand_in});
    tensor = stand_in;
  }
  // A dense view may come with strides that differ in dims of 1; the kernel was told the usual
  // ones.
  if ((profile & TN_REQUIRES_DENSE) != 0) {
    for (size_t i = 0; i < call.inputs().size(); ++i) call.input_tensor(i).strides = nullptr;
    for (size_t i = 0; i < call.outputs().size(); ++i) call.output_tensor(i).strides = nullptr;
  }
}

void Temporaries::copy_back() {
  for (const CopyBack& copy : copies_) stream_.enqueue(tn_stream_reorder, &copy.to, &copy.from);
}

}  // namespace tenon::runtime

// SPDX-License-Identifier: Apache-2.0
#include "runtime/temporaries.h"

#include "runtime/device_impl.h"

namespace tenon::runtime {

ScratchMemory::~ScratchMemory() {
  for (void* address : addresses_) device_.deallocate(address);
}

void* ScratchMemory::allocate(size_t bytes) {
  addresses_.reserve(addresses_.size() + 1);
  void* address = device_.allocate_scratch(bytes, stream_);
  addresses_.push_back(address);
  return address;
}

void* ScratchMemory::allocate_like(const Argument& argument, uint64_t more) {
  const auto count = static_cast<uint64_t>(element_count(argument));
  return allocate((count * tn_dtype_bits(argument.dtype) + 7) / 8 + more);
}

Temporaries::Temporaries(DeviceImpl& device, StreamImpl& stream)
    : device_(device), stream_(stream), memory_(device, stream) {}

tn_tensor Temporaries::dense_copy_of(const tn_tensor& tensor, const Argument& argument,
                                     uint64_t alignment) {
  tn_tensor dense = tensor;
  const Location location = device_.resolve(memory_.allocate_like(argument, alignment));
  dense.buffer = location.buffer;
  dense.offset = location.offset;
  if (alignment != 0) dense.offset = (dense.offset + alignment - 1) / alignment * alignment;
  dense.strides = nullptr;
  ++count_;
  return dense;
}

void Temporaries::apply(PreparedCall& call, const Profile& profile) {
  // Whether it cannot be launched as it is, and a copy can.
  const auto needs_copy = [&](const Argument& argument, const tn_tensor& tensor, size_t position) {
    if (argument.kind != Argument::Kind::kDevice || element_count(argument) == 0) return false;
    const uint32_t needs = profile.requirements(position);
    if ((needs & TN_REQUIRES_ALIGNED) != 0 && tensor.offset % profile.alignment(position) != 0) {
      return true;
    }
    return (needs & TN_REQUIRES_DENSE) != 0 && !is_dense(argument);
  };
  const size_t inputs = call.inputs().size();
  for (size_t i = 0; i < inputs; ++i) {
    tn_tensor& tensor = call.input_tensor(i);
    if (!needs_copy(call.inputs()[i], tensor, i)) continue;
    if (const int32_t same = described_same(call, profile, i); same != 0) {
      tensor = call.input_tensor(static_cast<size_t>(same) - 1);  // As described.
      continue;
    }
    const tn_tensor dense = dense_copy_of(tensor, call.inputs()[i], profile.alignment(i));
    stream_.enqueue(tn_stream_reorder, &dense, static_cast<const tn_tensor*>(&tensor));
    tensor = dense;
  }
  for (size_t i = 0; i < call.outputs().size(); ++i) {
    const int32_t alias = call.alias(i);
    const int32_t described = described_alias(call, profile, i);
    tn_tensor& tensor = call.output_tensor(i);
    const bool copy = needs_copy(call.outputs()[i], tensor, inputs + i);
    if (alias != PreparedCall::kTemporary && !copy && alias == described) continue;
    // In place on a copy is still in place: the kernel was described so.
    const tn_tensor stand_in =
        described > 0 ? call.input_tensor(static_cast<size_t>(described) - 1)
                      : dense_copy_of(tensor, call.outputs()[i], profile.alignment(inputs + i));
    copies_.push_back({tensor, stand_in});
    tensor = stand_in;
  }
  // A dense view may come with strides that differ in dims of 1; the kernel was described with the
  // usual ones.
  for (size_t i = 0; i < inputs + call.outputs().size(); ++i) {
    if ((profile.requirements(i) & TN_REQUIRES_DENSE) == 0) continue;
    (i < inputs ? call.input_tensor(i) : call.output_tensor(i - inputs)).strides = nullptr;
  }
}

void Temporaries::copy_back() {
  for (const CopyBack& copy : copies_) stream_.enqueue(tn_stream_reorder, &copy.to, &copy.from);
}

}  // namespace tenon::runtime

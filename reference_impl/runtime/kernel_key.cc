// SPDX-License-Identifier: Apache-2.0
#include "runtime/kernel_key.h"

#include <cstring>

#include "tenon/dtype.h"

namespace tenon::runtime {

KernelKey::KernelKey(const Operation& operation, const PreparedCall& call, const Profile& profile)
    : operation_(operation), hash_(operation.hash()) {
  const size_t inputs = call.inputs().size();
  const size_t outputs = call.outputs().size();
  push(counts(inputs, outputs) | uint64_t{!profile.empty()});
  for (size_t i = 0; i < inputs; ++i) {
    push(described(call.inputs()[i], described_same(call, profile, i)));
    if (!profile.empty()) push_needed(call.inputs()[i], profile, i);
  }
  for (size_t i = 0; i < outputs; ++i) {
    push(described(call.outputs()[i], described_alias(call, profile, i)));
    if (!profile.empty()) push_needed(call.outputs()[i], profile, inputs + i);
  }
}

// What the description says because the device insists on knowing it.
void KernelKey::push_needed(const Argument& argument, const Profile& profile, size_t position) {
  const uint32_t needs = profile.requirements(position);
  push(needs | uint64_t{profile.alignment(position)} << 32);
  if (argument.kind == Argument::Kind::kAbsent) return;
  const auto rank = static_cast<size_t>(argument.rank);
  const bool constant = (needs & TN_REQUIRES_CONSTANT) != 0;
  if (constant || (needs & TN_REQUIRES_STATIC_DIMS) != 0) {
    for (size_t i = 0; i < rank; ++i) push(static_cast<uint64_t>(argument.dims[i]));
  }
  if (constant && argument.kind == Argument::Kind::kHost) {
    const auto bits =
        static_cast<uint64_t>(element_count(argument)) * tn_dtype_bits(argument.dtype);
    const auto* bytes = static_cast<const char*>(argument.data);
    const size_t size = (bits + 7) / 8;
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
      uint64_t word = 0;
      std::memcpy(&word, bytes + at, std::min(sizeof(word), size - at));
      push(word);
    }
  }
  // Dense strides follow from the dims.
  const bool strides =
      (needs & TN_REQUIRES_STATIC_STRIDES) != 0 && (needs & TN_REQUIRES_DENSE) == 0;
  if (strides && argument.kind == Argument::Kind::kDevice) {
    int64_t dense = 1;
    int64_t stride[TN_MAX_RANK];
    for (size_t i = rank; i-- > 0;) {
      stride[i] = argument.strides != nullptr ? argument.strides[i] : dense;
      dense *= argument.dims[i];
    }
    for (size_t i = 0; i < rank; ++i) push(static_cast<uint64_t>(stride[i]));
  }
}

}  // namespace tenon::runtime

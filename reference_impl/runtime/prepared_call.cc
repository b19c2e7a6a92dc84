// SPDX-License-Identifier: Apache-2.0
#include "runtime/prepared_call.h"

#include <algorithm>
#include <string>

#include "runtime/registry.h"

namespace tenon::runtime {

ByteRange byte_range(const Argument& argument, int64_t count) {
  if (count == 0 || argument.data == nullptr) return {};
  const auto address = reinterpret_cast<uint64_t>(argument.data);
  const int64_t bits = tn_dtype_bits(argument.dtype);
  if (argument.strides == nullptr) {
    return {address, address + static_cast<uint64_t>((count * bits + 7) / 8)};
  }
  int64_t low = 0, high = 0;
  for (int32_t i = 0; i < argument.rank; ++i) {
    const int64_t reach = (argument.dims[i] - 1) * argument.strides[i];
    (reach < 0 ? low : high) += reach;
  }
  return {address + static_cast<uint64_t>(low * bits / 8),
          address + static_cast<uint64_t>(((high + 1) * bits + 7) / 8)};
}

bool is_dense(const Argument& argument) {
  if (argument.strides == nullptr) return true;
  int64_t expected = 1;
  for (int32_t i = argument.rank; i-- > 0;) {
    if (argument.dims[i] == 0) return true;
    if (argument.dims[i] != 1 && argument.strides[i] != expected) return false;
    expected *= argument.dims[i];
  }
  return true;
}

bool same_view(const Argument& a, const Argument& b) {
  if (a.dtype != b.dtype || a.rank != b.rank) return false;
  for (int32_t i = 0; i < a.rank; ++i) {
    if (a.dims[i] != b.dims[i]) return false;
  }
  if (a.strides == nullptr || b.strides == nullptr) {
    return a.strides == b.strides || (is_dense(a) && is_dense(b));
  }
  for (int32_t i = 0; i < a.rank; ++i) {
    if (a.strides[i] != b.strides[i] && a.dims[i] != 1) return false;
  }
  return true;
}

PreparedCall::PreparedCall(const AddressMap* map, const Operation& operation,
                           std::span<const Argument> inputs, std::span<const Argument> outputs)
    : operation_(operation),
      inputs_(inputs),
      outputs_(outputs),
      tensors_(inputs.size() + outputs.size()),
      pointers_(inputs.size() + outputs.size()),
      ranges_(inputs.size() + outputs.size()),
      aliases_(outputs.size()),
      same_as_(inputs.size()) {
  for (size_t i = 0; i < inputs.size(); ++i) prepare(map, i, inputs[i]);
  for (size_t i = 0; i < outputs.size(); ++i) {
    prepare(map, inputs.size() + i, outputs[i]);
    empty_ &= ranges_[inputs.size() + i].end == 0;
  }
  find_aliases();
}

void PreparedCall::prepare(const AddressMap* map, size_t position, const Argument& argument) {
  ranges_[position] = {};
  pointers_[position] = nullptr;
  if (argument.kind == Argument::Kind::kAbsent) return;
  tn_tensor& tensor = tensors_[position];
  pointers_[position] = &tensor;
  tensor.buffer = nullptr;
  tensor.offset = 0;
  tensor.host_data = nullptr;
  tensor.dims = argument.dims;
  tensor.strides = argument.strides;
  tensor.layout = TN_LAYOUT_STRIDED;
  tensor.dtype = argument.dtype;
  tensor.rank = argument.rank;
  if (argument.kind == Argument::Kind::kHost) {
    tensor.host_data = argument.data;
    return;
  }
  const int64_t count = element_count(argument);
  if (count == 0) return;
  ranges_[position] = byte_range(argument, count);
  if (map == nullptr) return;
  const Location location = map->find(argument.data);
  if (location.buffer == nullptr) [[unlikely]]
    throw_unknown_address(position);
  tensor.buffer = location.buffer;
  tensor.offset = location.offset;
}

void PreparedCall::find_aliases() {
  for (size_t o = 0; o < outputs_.size(); ++o) {
    const ByteRange& range = ranges_[inputs_.size() + o];
    aliases_[o] = kDisjoint;
    if (range.end == 0) continue;
    bool again = false;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (!range.overlaps(ranges_[i])) [[likely]]
        continue;
      const bool exact = inputs_[i].data == outputs_[o].data && same_view(inputs_[i], outputs_[o]);
      if (!exact) {
        aliases_[o] = kTemporary;
        break;
      }
      if (aliases_[o] == kDisjoint) {
        aliases_[o] = static_cast<int32_t>(i + 1);
      } else {
        again = true;
      }
    }
    if (again && aliases_[o] > 0) find_same_inputs(o);
    has_alias_ |= aliases_[o] > 0;
    needs_temporary_ |= aliases_[o] == kTemporary;
  }
}

// x *= x.
void PreparedCall::find_same_inputs(size_t output) {
  if (!has_same_) std::fill_n(same_as_.data(), inputs_.size(), 0);
  has_same_ = true;
  for (auto i = static_cast<size_t>(aliases_[output]); i < inputs_.size(); ++i) {
    if (ranges_[inputs_.size() + output].overlaps(ranges_[i])) same_as_[i] = aliases_[output];
  }
}

void PreparedCall::throw_unknown_address(size_t position) const {
  const OperatorInfo& info = operators()[operation_.index()];
  const bool input = position < inputs_.size();
  const size_t index = input ? position : position - inputs_.size();
  const auto names = input ? info.inputs : info.outputs;
  throw Error(TN_OUT_OF_RANGE, "",
              std::string(info.full_name) + ": " + (input ? "input " : "output ") +
                  (index < names.size() ? std::string(names[index].name) : std::to_string(index)) +
                  " does not lie in an allocation of this device");
}

}  // namespace tenon::runtime

// SPDX-License-Identifier: Apache-2.0
//
// The reference device in this one's place: on the same memory where the host may touch it, else on
// copies. The host waits, which is one reason to count it.
#include <algorithm>
#include <cstdio>
#include <deque>
#include <string>

#include "runtime/device_impl.h"
#include "runtime/settle.h"
#include "runtime/temporaries.h"
#include "tenon/cpp/dtype.hpp"

namespace tenon::runtime {
namespace {

std::string type_list(std::span<const Argument> inputs, std::span<const Argument> outputs) {
  std::string text;
  const auto add = [&](std::span<const Argument> arguments) {
    const char* comma = "";
    text += "(";
    for (const Argument& argument : arguments) {
      const bool absent = argument.kind == Argument::Kind::kAbsent;
      text += comma + std::string(absent ? "-" : dtype_name(argument.dtype));
      if (argument.kind == Argument::Kind::kHost) text += " host";
      comma = ", ";
    }
    text += ")";
  };
  add(inputs);
  text += " -> ";
  add(outputs);
  return text;
}

bool on_device(const Argument& argument) {
  return argument.kind == Argument::Kind::kDevice && element_count(argument) != 0;
}

// Byte ranges of all arguments, those that overlap joined.
std::vector<ByteRange> joined_ranges(std::span<const Argument> inputs,
                                     std::span<const Argument> outputs) {
  std::vector<ByteRange> ranges;
  for (const auto& side : {inputs, outputs}) {
    for (const Argument& argument : side) {
      if (on_device(argument)) ranges.push_back(byte_range(argument, element_count(argument)));
    }
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const ByteRange& a, const ByteRange& b) { return a.begin < b.begin; });
  std::vector<ByteRange> joined;
  for (const ByteRange& range : ranges) {
    if (!joined.empty() && range.begin < joined.back().end) {
      joined.back().end = std::max(joined.back().end, range.end);
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

}  // namespace

void DeviceImpl::fall_back(const Operation& operation, std::span<const Argument> inputs,
                           std::span<const Argument> outputs, StreamImpl& stream,
                           int64_t* const* output_dims, const std::string& reason) {
  const auto what = [&] {
    return std::string(operators()[operation.index()].full_name) + " " +
           type_list(inputs, outputs) + " is not supported by " + spec_ + ": " + reason;
  };
  ManagedDevice& reference = reference_();
  if (&reference == this) throw Error(TN_UNSUPPORTED, "", what());
  if (fallback_policy() == FallbackPolicy::kError) {
    throw Error(TN_UNSUPPORTED, "",
                what() +
                    ". Set TENON_FALLBACK=warn or allow (set_fallback_policy) to run it on the "
                    "reference device, or use a device that has it");
  }
  OperatorCounter& counter = counters_[operation];
  if (fallback_policy() == FallbackPolicy::kWarn && !counter.warned.exchange(true)) {
    std::fprintf(stderr,
                 "tenon: warning: %s. It runs on the reference device, which is slow; "
                 "TENON_FALLBACK=error forbids this, =allow silences the warning.\n",
                 what().c_str());
  }
  stream.synchronize();
  std::lock_guard lock(fallback_mutex_);
  if (fallback_stream_ == nullptr) fallback_stream_ = reference.create_stream();
  if (!coherent() || !run_adopted(reference, operation, inputs, outputs, output_dims)) {
    run_copied(reference, operation, inputs, outputs, stream, output_dims);
  }
  increment(counter.fallback);
}

bool DeviceImpl::run_adopted(ManagedDevice& reference, const Operation& operation,
                             std::span<const Argument> inputs, std::span<const Argument> outputs,
                             int64_t* const* output_dims) {
  struct Adopted {
    ManagedDevice& device;
    std::vector<void*> pointers;
    ~Adopted() {
      for (void* pointer : pointers) device.forget_host(pointer);
    }
  } adopted{reference, {}};
  try {
    for (const ByteRange& range : joined_ranges(inputs, outputs)) {
      adopted.pointers.reserve(adopted.pointers.size() + 1);
      void* pointer = reinterpret_cast<void*>(range.begin);
      // A plan lets the reference device see its memory for longer than one call.
      if (reference.owns(pointer) && reference.owns(reinterpret_cast<void*>(range.end - 1)))
        continue;
      reference.adopt_host(pointer, range.end - range.begin);
      adopted.pointers.push_back(pointer);
    }
  } catch (const Error&) {
    return false;  // Adopted by someone else already, or not of a kind that can be: copy instead.
  }
  reference.run(operation, inputs, outputs, *fallback_stream_, output_dims);
  fallback_stream_->synchronize();
  return true;
}

void DeviceImpl::run_copied(ManagedDevice& reference, const Operation& operation,
                            std::span<const Argument> inputs, std::span<const Argument> outputs,
                            StreamImpl& stream, int64_t* const* output_dims) {
  ScratchMemory here(*this, stream);
  ScratchMemory there(static_cast<DeviceImpl&>(reference),
                      static_cast<StreamImpl&>(*fallback_stream_));
  const SettleOnExit settle(stream);  // Copies read and write memory of `there`.
  std::vector<Argument> far_inputs(inputs.begin(), inputs.end());
  std::vector<Argument> far_outputs(outputs.begin(), outputs.end());
  const auto tensor_of = [&](const Argument& argument, const void* address,
                             const int64_t* strides) {
    const Location location = resolve(address);
    return tn_tensor{location.buffer, location.offset,   nullptr,        argument.dims,
                     strides,         TN_LAYOUT_STRIDED, argument.dtype, argument.rank};
  };
  const auto dense_bytes = [](const Argument& argument) {
    Argument dense = argument;
    dense.strides = nullptr;
    const ByteRange range = byte_range(dense, element_count(dense));
    return range.end - range.begin;
  };

  // In: made dense here, copied there.
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!on_device(inputs[i])) continue;
    const void* from = inputs[i].data;
    if (!is_dense(inputs[i])) {
      void* dense = here.allocate_like(inputs[i]);
      const tn_tensor to_tensor = tensor_of(inputs[i], dense, nullptr);
      const tn_tensor from_tensor = tensor_of(inputs[i], from, inputs[i].strides);
      stream.enqueue(tn_stream_reorder, &to_tensor, &from_tensor);
      from = dense;
    }
    void* far = there.allocate_like(inputs[i]);
    copy_to_host(far, from, dense_bytes(inputs[i]), stream);
    far_inputs[i].data = far;
    far_inputs[i].strides = nullptr;
  }
  // What is in place here is so there: optimizer steps insist on it.
  for (size_t o = 0; o < outputs.size(); ++o) {
    if (!on_device(outputs[o])) continue;
    far_outputs[o].strides = nullptr;
    far_outputs[o].data = nullptr;
    for (size_t i = 0; i < inputs.size() && far_outputs[o].data == nullptr; ++i) {
      if (on_device(inputs[i]) && inputs[i].data == outputs[o].data &&
          same_view(inputs[i], outputs[o])) {
        far_outputs[o].data = far_inputs[i].data;
      }
    }
    if (far_outputs[o].data == nullptr) far_outputs[o].data = there.allocate_like(outputs[o]);
  }
  stream.synchronize();
  reference.run(operation, far_inputs, far_outputs, *fallback_stream_, output_dims);
  fallback_stream_->synchronize();

  // And back.
  for (size_t o = 0; o < outputs.size(); ++o) {
    if (!on_device(outputs[o])) continue;
    void* to = const_cast<void*>(outputs[o].data);
    const bool dense = is_dense(outputs[o]);
    if (!dense) to = here.allocate_like(outputs[o]);
    copy_to_device(to, far_outputs[o].data, dense_bytes(outputs[o]), stream);
    if (!dense) {
      const tn_tensor to_tensor = tensor_of(outputs[o], outputs[o].data, outputs[o].strides);
      const tn_tensor from_tensor = tensor_of(outputs[o], to, nullptr);
      stream.enqueue(tn_stream_reorder, &to_tensor, &from_tensor);
    }
  }
  stream.synchronize();
}

}  // namespace tenon::runtime

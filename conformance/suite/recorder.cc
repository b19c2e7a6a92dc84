// SPDX-License-Identifier: Apache-2.0
#include "suite/recorder.h"

#include <algorithm>
#include <cstring>

#include "tenon/tenon.hpp"

namespace tenon::conformance {
namespace {

// Larger values are not kept: no program would show them.
constexpr uint64_t kMostBytes = 1 << 15;
constexpr size_t kMostSteps = 64;  // To what a buffer holds.
constexpr size_t kMostArguments = 1 << 12;

// Tests lie on purpose: counts, ranks and sizes that cannot be are not followed.
std::vector<int64_t> list_of(const int64_t* values, int32_t rank) {
  if (values == nullptr || rank <= 0 || rank > TN_MAX_RANK) return {};
  return {values, values + rank};
}

std::optional<std::vector<int64_t>> optional_list(const int64_t* values, int32_t rank) {
  if (values == nullptr) return std::nullopt;
  return list_of(values, rank);
}

std::optional<Bytes> values_of(const void* data, tn_dtype dtype, const std::vector<int64_t>& dims) {
  uint64_t bits = tn_dtype_bits(dtype);
  for (const int64_t dim : dims) {
    if (dim < 0 || dim > (1 << 20) || bits > (uint64_t{1} << 40)) return std::nullopt;
    bits *= static_cast<uint64_t>(dim);
  }
  const uint64_t size = (bits + 7) / 8;
  if (data == nullptr || size > kMostBytes) return std::nullopt;
  Bytes bytes(size);
  if (size != 0) std::memcpy(bytes.data(), data, size);
  return bytes;
}

RecordedTensor copy_of(const tn_tensor& tensor) {
  RecordedTensor out;
  out.raw = tensor;
  out.dims = list_of(tensor.dims, tensor.rank);
  out.strides = optional_list(tensor.strides, tensor.rank);
  if (tensor.buffer == nullptr && tensor.host_data != nullptr) {
    out.host = values_of(tensor.host_data, tensor.dtype, out.dims).value_or(Bytes());
  }
  return out;
}

RecordedArgument copy_of(const tn_argument& argument) {
  RecordedArgument out;
  if (argument.struct_size != sizeof(argument)) return out;
  out.raw = argument;
  out.dims = optional_list(argument.dims, argument.rank);
  out.min_dims = optional_list(argument.min_dims, argument.rank);
  out.max_dims = optional_list(argument.max_dims, argument.rank);
  out.strides = optional_list(argument.strides, argument.rank);
  if (argument.kind == TN_ARGUMENT_CONSTANT && out.dims) {
    out.value = values_of(argument.host_data, argument.dtype, *out.dims);
  }
  return out;
}

RecordedAttribute copy_of(const tn_attribute& attribute) {
  RecordedAttribute out;
  if (attribute.struct_size != sizeof(attribute) || attribute.count > kMostArguments) return out;
  out.name = attribute.name != nullptr ? attribute.name : "";
  out.type = attribute.type;
  const bool single = attribute.type < TN_ATTRIBUTE_FLOATS;
  const size_t count = single ? std::min<size_t>(attribute.count, 1) : attribute.count;
  if (attribute.floats != nullptr) out.floats.assign(attribute.floats, attribute.floats + count);
  if (attribute.ints != nullptr) out.ints.assign(attribute.ints, attribute.ints + count);
  for (size_t i = 0; attribute.strings != nullptr && i < count; ++i) {
    out.strings.emplace_back(attribute.strings[i].data, attribute.strings[i].size);
  }
  for (size_t i = 0; attribute.tensors != nullptr && i < count; ++i) {
    if (attribute.tensors[i] != nullptr) out.tensors.push_back(copy_of(*attribute.tensors[i]));
  }
  return out;
}

template <class Out, class In>
std::vector<Out> copies_of(const In* const* items, size_t count) {
  std::vector<Out> out;
  for (size_t i = 0; items != nullptr && i < count; ++i) {
    out.push_back(items[i] != nullptr ? copy_of(*items[i]) : Out());
  }
  return out;
}

std::optional<RecordedKernel> copy_of(const tn_kernel_desc* desc) {
  if (desc == nullptr || desc->struct_size != sizeof(*desc) || desc->domain == nullptr ||
      desc->name == nullptr || desc->input_count > kMostArguments ||
      desc->output_count > kMostArguments || desc->attribute_count > kMostArguments) {
    return std::nullopt;
  }
  RecordedKernel out;
  out.domain = desc->domain;
  out.name = desc->name;
  out.version = desc->version;
  out.flags = desc->flags;
  out.math_mode = desc->math_mode;
  out.inputs = copies_of<RecordedArgument>(desc->inputs, desc->input_count);
  out.outputs = copies_of<RecordedArgument>(desc->outputs, desc->output_count);
  out.attributes = copies_of<RecordedAttribute>(desc->attributes, desc->attribute_count);
  return out;
}

std::vector<std::optional<RecordedTensor>> copies_of(const tn_tensor* const* tensors,
                                                     size_t count) {
  std::vector<std::optional<RecordedTensor>> out;
  for (size_t i = 0; tensors != nullptr && i < count; ++i) {
    out.push_back(tensors[i] != nullptr ? std::optional(copy_of(*tensors[i])) : std::nullopt);
  }
  return out;
}

}  // namespace

Recorder& Recorder::get() {
  static auto* const recorder = new Recorder;  // Threads of plugins may outlive main.
  return *recorder;
}

void Recorder::restart() {
  const std::lock_guard lock(mutex_);
  record_ = {};
}

Record Recorder::now() const {
  const std::lock_guard lock(mutex_);
  return record_;
}

void Recorder::described(const tn_kernel_desc* desc) {
  std::optional<RecordedKernel> kernel = copy_of(desc);
  const std::lock_guard lock(mutex_);
  record_.kernel = std::move(kernel);
  record_.launch.reset();
}

void Recorder::created(const tn_kernel_desc* desc, const tn_kernel* kernel) {
  described(desc);
  const std::lock_guard lock(mutex_);
  if (kernel == nullptr || !record_.kernel) return;
  kernels_[kernel] = *record_.kernel;
}

void Recorder::launched(const tn_kernel* kernel, const tn_launch* launch) {
  if (launch == nullptr || launch->struct_size != sizeof(*launch) ||
      launch->input_count > kMostArguments || launch->output_count > kMostArguments) {
    return;
  }
  RecordedLaunch copy;
  copy.inputs = copies_of(launch->inputs, launch->input_count);
  copy.outputs = copies_of(launch->outputs, launch->output_count);
  copy.has_output_dims = launch->output_dims != nullptr;
  const std::lock_guard lock(mutex_);
  const auto found = kernels_.find(kernel);
  record_.kernel = found != kernels_.end() ? std::optional(found->second) : std::nullopt;
  record_.launch = std::move(copy);
}

void Recorder::made(const tn_buffer* buffer, uint64_t size) {
  const std::lock_guard lock(mutex_);
  record_.buffers.erase(buffer);
  record_.sizes[buffer] = size;
}

void Recorder::destroyed(const tn_kernel* kernel) {
  const std::lock_guard lock(mutex_);
  kernels_.erase(kernel);
}

void Recorder::destroyed(const tn_buffer* buffer) {
  const std::lock_guard lock(mutex_);
  record_.buffers.erase(buffer);
  record_.sizes.erase(buffer);
}

// What is written over is forgotten, so that a loop does not fill the memory.
void Recorder::add(const tn_buffer* buffer, RecordedWrite write) {
  const std::lock_guard lock(mutex_);
  std::vector<RecordedWrite>& steps = record_.buffers[buffer];
  std::erase_if(steps, [&](const RecordedWrite& one) {
    return one.kind != RecordedWrite::Kind::kReorder && one.offset >= write.offset &&
           one.offset + one.size <= write.offset + write.size;
  });
  if (steps.size() < kMostSteps) steps.push_back(std::move(write));
}

void Recorder::wrote(const tn_buffer* buffer, uint64_t offset, const void* bytes, uint64_t size) {
  RecordedWrite write;
  write.offset = offset;
  write.size = size;
  if (bytes != nullptr && size <= kMostBytes) {
    const auto* first = static_cast<const unsigned char*>(bytes);
    write.bytes.emplace(first, first + size);
  }
  add(buffer, std::move(write));
}

void Recorder::filled(const tn_buffer* buffer, uint64_t offset, uint64_t size, const void* pattern,
                      size_t pattern_size) {
  if (pattern == nullptr || pattern_size > 16) return;
  RecordedWrite write;
  write.kind = RecordedWrite::Kind::kFill;
  write.offset = offset;
  write.size = size;
  const auto* first = static_cast<const unsigned char*>(pattern);
  write.bytes.emplace(first, first + pattern_size);
  add(buffer, std::move(write));
}

void Recorder::reordered(const tn_tensor* to, const tn_tensor* from) {
  if (to == nullptr || from == nullptr) return;
  RecordedWrite write;
  write.kind = RecordedWrite::Kind::kReorder;
  write.to = copy_of(*to);
  write.from = copy_of(*from);
  add(to->buffer, std::move(write));
}

void Recorder::answered(tn_status status, const tn_error* error) {
  if (status == TN_OK || status == TN_NOT_READY || error == nullptr || error->message[0] == '\0') {
    return;
  }
  std::string said(error->message, ::strnlen(error->message, sizeof(error->message)));
  const std::lock_guard lock(mutex_);
  record_.said = std::string(status_name(status)) + ": " + said;
}

}  // namespace tenon::conformance

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker's names.
extern "C" {
using tenon::conformance::Recorder;

tn_status __real_tn_kernel_launch(tn_kernel*, tn_stream*, const tn_launch*, tn_error*);
void __real_tn_kernel_destroy(tn_kernel*);
void __real_tn_buffer_destroy(tn_buffer*, tn_stream*);
tn_status __real_tn_buffer_create(tn_device*, const tn_buffer_desc*, tn_buffer**, tn_error*);
tn_status __real_tn_stream_write(tn_stream*, tn_buffer*, uint64_t, const void*, uint64_t,
                                 tn_error*);
tn_status __real_tn_stream_fill(tn_stream*, tn_buffer*, uint64_t, uint64_t, const void*, size_t,
                                tn_error*);
tn_status __real_tn_stream_reorder(tn_stream*, const tn_tensor*, const tn_tensor*, tn_error*);
tn_status __real_tn_stream_synchronize(tn_stream*, tn_error*);

tn_status __wrap_tn_kernel_launch(tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                                  tn_error* error) {
  Recorder::get().launched(kernel, launch);
  const tn_status status = __real_tn_kernel_launch(kernel, stream, launch, error);
  Recorder::get().answered(status, error);
  return status;
}

void __wrap_tn_kernel_destroy(tn_kernel* kernel) {
  Recorder::get().destroyed(kernel);
  __real_tn_kernel_destroy(kernel);
}

void __wrap_tn_buffer_destroy(tn_buffer* buffer, tn_stream* stream) {
  Recorder::get().destroyed(buffer);
  __real_tn_buffer_destroy(buffer, stream);
}

tn_status __wrap_tn_buffer_create(tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                                  tn_error* error) {
  const tn_status status = __real_tn_buffer_create(device, desc, buffer, error);
  if (status == TN_OK && buffer != nullptr) Recorder::get().made(*buffer, desc->size);
  Recorder::get().answered(status, error);
  return status;
}

tn_status __wrap_tn_stream_write(tn_stream* stream, tn_buffer* buffer, uint64_t offset,
                                 const void* bytes, uint64_t size, tn_error* error) {
  const tn_status status = __real_tn_stream_write(stream, buffer, offset, bytes, size, error);
  if (status == TN_OK) Recorder::get().wrote(buffer, offset, bytes, size);
  Recorder::get().answered(status, error);
  return status;
}

tn_status __wrap_tn_stream_fill(tn_stream* stream, tn_buffer* buffer, uint64_t offset,
                                uint64_t size, const void* pattern, size_t pattern_size,
                                tn_error* error) {
  const tn_status status =
      __real_tn_stream_fill(stream, buffer, offset, size, pattern, pattern_size, error);
  if (status == TN_OK) Recorder::get().filled(buffer, offset, size, pattern, pattern_size);
  Recorder::get().answered(status, error);
  return status;
}

tn_status __wrap_tn_stream_reorder(tn_stream* stream, const tn_tensor* to, const tn_tensor* from,
                                   tn_error* error) {
  const tn_status status = __real_tn_stream_reorder(stream, to, from, error);
  if (status == TN_OK) Recorder::get().reordered(to, from);
  Recorder::get().answered(status, error);
  return status;
}

tn_status __wrap_tn_stream_synchronize(tn_stream* stream, tn_error* error) {
  const tn_status status = __real_tn_stream_synchronize(stream, error);
  Recorder::get().answered(status, error);
  return status;
}
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

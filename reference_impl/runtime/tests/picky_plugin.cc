// SPDX-License-Identifier: Apache-2.0
//
// A device that has Add and Mul of float32 and MatMul of float32 and bfloat16, and only for dense
// tensors of known dims that overlap nothing, at offsets that are multiples of 256; matrices alone.
// Its Mul promises no look at data. Its memory has no addresses of its own and the host sees it
// through map alone. It does its work at once. So the smallest device that makes a host show all it
// can do for one.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/cpp/operator_ids.hpp"
#include "tenon/tenon_plugin.hpp"

namespace plugin = tenon::plugin;

struct tn_instance : tn_handle {};
struct tn_device : tn_handle {
  bool coherent;
};
struct tn_buffer : tn_handle {
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> lines;
  uint64_t size;
  bool coherent;

  std::byte* data() { return lines.data()->bytes; }
};
struct tn_stream : tn_handle {};
struct tn_event : tn_handle {};
struct tn_kernel : tn_handle {
  std::string name;
  std::vector<bool> host;  // For each input: a value of rank 0 on the host.
  int64_t count;
  int64_t columns;  // Of the output, for MatMul.
  int64_t depth;    // Columns of A.
  tn_dtype dtype;
};

namespace {

constexpr uint64_t kMemory = uint64_t{1} << 30;
constexpr uint32_t kAlignment = 256;  // Of every tensor of a launch.

template <class Handle>
Handle* make(const tn_handle* parent) {
  auto* handle = new Handle();
  handle->dispatch = parent->dispatch;
  return handle;
}
template <class Handle>
void TN_CALL destroy(Handle* handle) {
  delete handle;
}

tn_status TN_CALL instance_create(const tn_instance_desc* desc, tn_instance** instance, tn_error*) {
  *instance = new tn_instance();
  (*instance)->dispatch = desc->dispatch;
  return TN_OK;
}
tn_status TN_CALL instance_device_count(tn_instance*, size_t* count, tn_error*) {
  *count = 1;
  return TN_OK;
}
tn_status fill_info(bool coherent, tn_device_info* info) {
  tn_device_info full{};
  full.struct_size = info->struct_size;
  full.type = TN_DEVICE_ACCELERATOR;
  plugin::copy_text(full.name, "picky");
  full.flags = coherent ? uint32_t{TN_DEVICE_COHERENT} : 0;
  full.total_memory = full.max_allocation = kMemory;
  full.alignment = 64;
  std::memcpy(info, &full, std::min(info->struct_size, sizeof(full)));
  return TN_OK;
}
tn_status TN_CALL instance_device_info(tn_instance*, size_t, tn_device_info* info, tn_error*) {
  return fill_info(false, info);
}
tn_status TN_CALL device_get_info(tn_device* device, tn_device_info* info, tn_error*) {
  return fill_info(device->coherent, info);
}
tn_status TN_CALL device_open(tn_instance* instance, size_t, const tn_device_desc* desc,
                              tn_device** device, tn_error*) {
  *device = make<tn_device>(instance);
  (*device)->coherent =
      desc != nullptr && desc->option_count != 0;  // memory=coherent; it has no other.
  return TN_OK;
}
tn_status TN_CALL device_synchronize(tn_device*, tn_error*) { return TN_OK; }

tn_status TN_CALL buffer_create(tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                                tn_error* error) {
  *buffer = nullptr;
  if (desc->kind != TN_BUFFER_DEVICE || desc->alignment > 64) {
    return plugin::set_error(error, TN_UNSUPPORTED, "", "no such memory");
  }
  if (desc->size > kMemory) {
    return plugin::set_error(error, TN_OUT_OF_DEVICE_MEMORY, "", "too much");
  }
  *buffer = make<tn_buffer>(device);
  // One line more, so that no buffer starts at a multiple of the pool's granule by chance alone.
  (*buffer)->lines.resize((desc->size + 63) / 64 + 1);
  (*buffer)->size = desc->size;
  (*buffer)->coherent = device->coherent;
  return TN_OK;
}
void TN_CALL buffer_destroy(tn_buffer* buffer, tn_stream*) { delete buffer; }
tn_status TN_CALL buffer_get_info(tn_buffer* buffer, tn_buffer_info* info, tn_error*) {
  info->size = buffer->size;
  info->kind = TN_BUFFER_DEVICE;
  info->flags = buffer->coherent ? uint32_t{TN_BUFFER_COHERENT} : 0;
  info->host_pointer = buffer->coherent ? buffer->data() : nullptr;
  info->address = reinterpret_cast<uint64_t>(info->host_pointer);
  return TN_OK;
}
tn_status TN_CALL buffer_map(tn_buffer* buffer, uint64_t offset, uint64_t, tn_access,
                             void** pointer, tn_error*) {
  *pointer = buffer->data() + offset;
  return TN_OK;
}
tn_status TN_CALL buffer_unmap(tn_buffer*, void*, tn_error*) { return TN_OK; }

tn_status TN_CALL stream_create(tn_device* device, const tn_stream_desc*, tn_stream** stream,
                                tn_error*) {
  *stream = make<tn_stream>(device);
  return TN_OK;
}
tn_status TN_CALL stream_done(tn_stream*, tn_error*) { return TN_OK; }
tn_status TN_CALL stream_wait_event(tn_stream*, tn_event*, const tn_wait_desc*, tn_error*) {
  return TN_OK;
}
tn_status TN_CALL stream_copy(tn_stream*, tn_buffer* dst, uint64_t dst_offset, tn_buffer* src,
                              uint64_t src_offset, uint64_t size, tn_error*) {
  std::memmove(dst->data() + dst_offset, src->data() + src_offset, size);
  return TN_OK;
}
tn_status TN_CALL stream_write(tn_stream*, tn_buffer* dst, uint64_t offset, const void* src,
                               uint64_t size, tn_error*) {
  std::memcpy(dst->data() + offset, src, size);
  return TN_OK;
}
tn_status TN_CALL stream_read(tn_stream*, void* dst, tn_buffer* src, uint64_t offset, uint64_t size,
                              tn_error*) {
  std::memcpy(dst, src->data() + offset, size);
  return TN_OK;
}
tn_status TN_CALL stream_fill(tn_stream*, tn_buffer* dst, uint64_t offset, uint64_t size,
                              const void* pattern, size_t pattern_size, tn_error*) {
  for (uint64_t i = 0; i < size; i += pattern_size) {
    std::memcpy(dst->data() + offset + i, pattern, pattern_size);
  }
  return TN_OK;
}

// Byte of the element with this row-major number.
std::byte* element(const tn_tensor& tensor, int64_t number) {
  int64_t place = 0, dense = 1;
  for (int32_t d = tensor.rank; d-- > 0;) {
    place += number % tensor.dims[d] * (tensor.strides != nullptr ? tensor.strides[d] : dense);
    dense *= tensor.dims[d];
    number /= tensor.dims[d];
  }
  return tensor.buffer->data() + tensor.offset + place * tn_dtype_bits(tensor.dtype) / 8;
}
tn_status TN_CALL stream_reorder(tn_stream*, const tn_tensor* dst, const tn_tensor* src,
                                 tn_error*) {
  int64_t count = 1;
  for (int32_t d = 0; d < dst->rank; ++d) count *= dst->dims[d];
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(element(*dst, i), element(*src, i), tn_dtype_bits(dst->dtype) / 8);
  }
  return TN_OK;
}

tn_status TN_CALL event_create(tn_device* device, const tn_event_desc*, tn_event** event,
                               tn_error*) {
  *event = make<tn_event>(device);
  return TN_OK;
}
tn_status TN_CALL event_record(tn_event*, tn_stream*, const tn_record_desc*, tn_error*) {
  return TN_OK;
}
tn_status TN_CALL event_done(tn_event*, tn_error*) { return TN_OK; }
tn_status TN_CALL event_synchronize(tn_event*, const tn_wait_desc*, tn_error*) { return TN_OK; }

// Computes something else under this name: an operator of another revision of the contract.
constexpr std::string_view kOfAnotherRevision = "Atan2";

tn_status TN_CALL device_get_operators(tn_device*, tn_operator_table* table, tn_error*) {
  static const tn_dtype kFloat32 = TN_FLOAT32;
  static const tn_type_list kTypes{"T", &kFloat32, 1};
  static const tn_operator_entry kEntries[] = {
      {sizeof(tn_operator_entry), "", "Add", tenon::op::kAddVersions[0].version, 0, &kTypes, 1},
      {sizeof(tn_operator_entry), "", "Mul", tenon::op::kMulVersions[0].version, 0, &kTypes, 1},
      {sizeof(tn_operator_entry), "", "MatMul", tenon::op::kMatMul.version, 0, &kTypes, 1},
      {sizeof(tn_operator_entry), "tenon", kOfAnotherRevision.data(), 1, 77, &kTypes, 1}};
  table->first = kEntries;
  table->count = std::size(kEntries);
  table->stride = sizeof(tn_operator_entry);
  return TN_OK;
}

bool is_scalar(const tn_argument& argument) {
  return argument.kind == TN_ARGUMENT_HOST && argument.rank == 0;
}

tn_status TN_CALL kernel_supports(tn_device*, const tn_kernel_desc* desc,
                                  tn_kernel_support* support, tn_error* error) {
  const std::string_view name = desc->name;
  const bool of_onnx = desc->domain[0] == '\0' && desc->version == 13 &&
                       (name == "Add" || name == "Mul" || name == "MatMul");
  if (!of_onnx && name != kOfAnotherRevision) {
    return plugin::set_error(error, TN_UNSUPPORTED, "", "picky has no %s", desc->name);
  }
  if (name == "Mul" && (desc->flags & TN_KERNEL_CHECK_DATA) != 0) {
    return plugin::set_error(error, TN_UNSUPPORTED, "", "picky looks at no data");
  }
  uint32_t all_missing = 0;
  const tn_argument& output = *desc->outputs[0];
  const bool product = name == "MatMul";
  const auto examine_for = [&](const tn_argument& argument, uint32_t& missing) {
    if (is_scalar(argument)) return !product;
    const bool known = argument.dtype == TN_FLOAT32 || (product && argument.dtype == TN_BFLOAT16);
    if (!known || argument.kind != TN_ARGUMENT_DEVICE) return false;
    if (argument.alias != 0) missing |= TN_REQUIRES_NO_ALIAS;
    if (argument.alignment < kAlignment) missing |= TN_REQUIRES_ALIGNED;
    if (argument.dims == nullptr) {
      missing |= TN_REQUIRES_STATIC_DIMS;
      return true;
    }
    if (argument.strides == nullptr) {
      missing |= TN_REQUIRES_STATIC_STRIDES;
      return true;
    }
    int64_t dense = 1;
    for (int32_t d = argument.rank; d-- > 0;) {
      if (argument.strides[d] != dense) missing |= TN_REQUIRES_DENSE;
      dense *= argument.dims[d];
    }
    // No broadcasting.
    if (product) return argument.rank == 2;
    return argument.rank == output.rank &&
           std::equal(argument.dims, argument.dims + argument.rank, output.dims);
  };
  const auto examine = [&](const tn_argument& argument, tn_argument_needs* answer) {
    uint32_t missing = 0;
    const bool possible = examine_for(argument, missing);
    if (answer != nullptr) *answer = {missing, kAlignment, argument.layout};
    all_missing |= missing;
    return possible;
  };
  tn_argument_needs* const inputs = support != nullptr ? support->inputs : nullptr;
  for (size_t i = 0; i < 2; ++i) {
    if (!examine(*desc->inputs[i], inputs != nullptr ? &inputs[i] : nullptr)) {
      return plugin::set_error(error, TN_UNSUPPORTED, "", "picky takes float32 of equal dims");
    }
  }
  if (!examine(output, support != nullptr ? support->outputs : nullptr)) {
    return plugin::set_error(error, TN_UNSUPPORTED, "", "float32 alone");
  }
  if (all_missing == 0) return TN_OK;
  return plugin::set_error(error, TN_NEEDS_STATIC, "", "picky wants to know more");
}
tn_status TN_CALL kernel_create(tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                                tn_error* error) {
  *kernel = nullptr;
  const tn_status status = kernel_supports(device, desc, nullptr, error);
  if (status != TN_OK) return status;
  *kernel = make<tn_kernel>(device);
  (*kernel)->name = desc->name;
  if ((*kernel)->name == "MatMul") {
    (*kernel)->columns = desc->outputs[0]->dims[1];
    (*kernel)->depth = desc->inputs[0]->dims[1];
    (*kernel)->dtype = desc->outputs[0]->dtype;
  }
  (*kernel)->count = 1;
  for (int32_t d = 0; d < desc->outputs[0]->rank; ++d) {
    (*kernel)->count *= desc->outputs[0]->dims[d];
  }
  for (size_t i = 0; i < 2; ++i) (*kernel)->host.push_back(is_scalar(*desc->inputs[i]));
  return TN_OK;
}
tn_status TN_CALL kernel_workspace_size(tn_kernel*, const tn_launch*, uint64_t* size, tn_error*) {
  *size = 0;
  return TN_OK;
}
// The upper half of a float, cut: whole numbers up to 256 are exact.
struct BFloat16 {
  uint16_t bits;
  BFloat16& operator=(float value) {
    bits = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
    return *this;
  }
  operator float() const { return std::bit_cast<float>(uint32_t{bits} << 16); }
};

template <class T>
void multiply(const tn_kernel& kernel, const T* a, const T* b, T* y) {
  for (int64_t i = 0; i < kernel.count; ++i) {
    const int64_t row = i / kernel.columns, column = i % kernel.columns;
    float sum = 0;
    for (int64_t k = 0; k < kernel.depth; ++k)
      sum += float{a[row * kernel.depth + k]} * float{b[k * kernel.columns + column]};
    y[i] = sum;
  }
}

tn_status TN_CALL kernel_launch(tn_kernel* kernel, tn_stream*, const tn_launch* launch,
                                tn_error* error) {
  const auto values = [&](size_t i) {
    const tn_tensor& input = *launch->inputs[i];
    return static_cast<const float*>(kernel->host[i] ? input.host_data
                                                     : input.buffer->data() + input.offset);
  };
  const tn_tensor& output = *launch->outputs[0];
  for (size_t i = 0; i < 3; ++i) {
    const tn_tensor& tensor = i < 2 ? *launch->inputs[i] : output;
    if (tensor.buffer != nullptr && tensor.offset % kAlignment != 0) {
      return plugin::set_error(error, TN_INVALID_ARGUMENT, "", "picky was promised an alignment");
    }
  }
  auto* y = reinterpret_cast<float*>(output.buffer->data() + output.offset);
  const float* a = values(0);
  const float* b = values(1);
  if (y == a || y == b)
    return plugin::set_error(error, TN_OVERLAP, "", "picky is not that flexible");
  if (kernel->name == "MatMul") {
    if (kernel->dtype == TN_FLOAT32) {
      multiply(*kernel, a, b, y);
    } else {
      using Bits = BFloat16;
      multiply(*kernel, reinterpret_cast<const Bits*>(a), reinterpret_cast<const Bits*>(b),
               reinterpret_cast<Bits*>(y));
    }
    return TN_OK;
  }
  for (int64_t i = 0; i < kernel->count; ++i) {
    const float x0 = a[kernel->host[0] ? 0 : i], x1 = b[kernel->host[1] ? 0 : i];
    y[i] = kernel->name == "Mul" ? x0 * x1 : x0 + x1;
  }
  return TN_OK;
}

const tn_dispatch* functions() {
  static const tn_dispatch table = [] {
    tn_dispatch t{};
    t.struct_size = sizeof(t);
    t.instance_create = instance_create;
    t.instance_destroy = destroy<tn_instance>;
    t.instance_device_count = instance_device_count;
    t.instance_device_info = instance_device_info;
    t.device_open = device_open;
    t.device_close = destroy<tn_device>;
    t.device_get_info = device_get_info;
    t.device_synchronize = device_synchronize;
    t.device_get_operators = device_get_operators;
    t.buffer_create = buffer_create;
    t.buffer_destroy = buffer_destroy;
    t.buffer_get_info = buffer_get_info;
    t.buffer_map = buffer_map;
    t.buffer_unmap = buffer_unmap;
    t.stream_create = stream_create;
    t.stream_destroy = destroy<tn_stream>;
    t.stream_synchronize = t.stream_query = t.stream_reset = stream_done;
    t.stream_wait_event = stream_wait_event;
    t.stream_copy = stream_copy;
    t.stream_write = stream_write;
    t.stream_read = stream_read;
    t.stream_fill = stream_fill;
    t.stream_reorder = stream_reorder;
    t.event_create = event_create;
    t.event_destroy = destroy<tn_event>;
    t.event_record = event_record;
    t.event_query = event_done;
    t.event_synchronize = event_synchronize;
    t.kernel_supports = kernel_supports;
    t.kernel_create = kernel_create;
    t.kernel_destroy = destroy<tn_kernel>;
    t.kernel_workspace_size = kernel_workspace_size;
    t.kernel_launch = kernel_launch;
    return t;
  }();
  return &table;
}

}  // namespace

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host*, tn_plugin* out, tn_error*) {
  out->abi_major = TN_ABI_MAJOR;
  out->abi_minor = TN_ABI_MINOR;
  out->abi_hash = TN_ABI_HASH;
  plugin::copy_text(out->name, "picky");
  plugin::copy_text(out->version, "1");
  out->functions = functions();
  return TN_OK;
}

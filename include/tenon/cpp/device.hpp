// SPDX-License-Identifier: Apache-2.0
//
// Device and Buffer: memory.
#pragma once

#include <algorithm>
#include <vector>

#include "tenon/cpp/error.hpp"
#include "tenon/cpp/handle.hpp"
#include "tenon/cpp/tensor.hpp"

namespace tenon {

// What a device tells of itself, for whoever has no more than the handle.
namespace ask {

// All that a function of extension device tells by index; none where the device lacks the
// extension.
template <class Row, class Function>
std::vector<Row> rows(tn_device* device, Function* function) {
  constexpr size_t kMost = 256;
  std::vector<Row> all;
  while (all.size() < kMost) {
    Row row{};
    row.struct_size = sizeof(row);
    ErrorBuffer error;
    const tn_status status = function(device, all.size(), &row, &error);
    if (status == TN_OUT_OF_RANGE || TN_STATUS_CLASS(status) == TN_UNSUPPORTED) break;
    check(status, error);
    all.push_back(row);
  }
  return all;
}

inline std::vector<tn_property> properties(tn_device* device) {
  return rows<tn_property>(device, tn_device_property);
}
inline std::vector<tn_option_info> options(tn_device* device) {
  return rows<tn_option_info>(device, tn_device_option);
}

// Of its table, as Device::operators.
inline std::vector<tn_operator_entry> operators(tn_device* device) {
  tn_operator_table table{};
  table.struct_size = sizeof(table);
  call(tn_device_get_operators, device, &table);
  std::vector<tn_operator_entry> rows(table.count);
  const auto* row = reinterpret_cast<const char*>(table.first);
  for (tn_operator_entry& copy : rows) {
    const size_t size = std::min(table.stride, sizeof(copy));
    std::copy_n(row, size, reinterpret_cast<char*>(&copy));
    row += table.stride;
  }
  return rows;
}

}  // namespace ask

// An open device. Destroying it waits for all of its work; everything made from it goes first.
class Device : public UniqueHandle<tn_device, tn_device_close> {
 public:
  using UniqueHandle::UniqueHandle;

  tn_device_info info() const {
    tn_device_info info{};
    info.struct_size = sizeof(info);
    call(tn_device_get_info, get(), &info);
    return info;
  }
  tn_memory_info memory() const {
    tn_memory_info info{};
    info.struct_size = sizeof(info);
    call(tn_device_get_memory, get(), &info);
    return info;
  }
  // What it says of itself beyond info(), as it is now; none where it lacks extension device.
  std::vector<tn_property> properties() const { return ask::properties(get()); }
  // What opening it takes; none where it lacks extension device.
  std::vector<tn_option_info> options() const { return ask::options(get()); }
  // Gives back memory that it keeps and nothing uses. Returns bytes; 0 where it cannot.
  uint64_t trim() const {
    uint64_t released = 0;
    ErrorBuffer error;
    const tn_status status = tn_device_trim(get(), &released, &error);
    if (TN_STATUS_CLASS(status) != TN_UNSUPPORTED) check(status, error);
    return released;
  }
  // Waits for the work queued on all streams.
  void synchronize() const { call(tn_device_synchronize, get()); }

  // Rows of the static operator table; the strings belong to the device. Fields that the plugin's
  // rows are too short for are zero.
  std::vector<tn_operator_entry> operators() const { return ask::operators(get()); }

  // Bytes of a tensor in a layout (strided: dense row-major).
  uint64_t layout_size(tn_layout layout, tn_dtype dtype, Dims dims) const {
    uint64_t size = 0;
    call(tn_layout_size, get(), layout, dtype, static_cast<int32_t>(dims.size()), dims.data(),
         &size);
    return size;
  }
};

namespace detail {
// Waits for nothing: the memory goes back behind all work queued so far.
inline void destroy_buffer(tn_buffer* buffer) { tn_buffer_destroy(buffer, nullptr); }
}  // namespace detail

// Memory of a device. Destroying it while work uses it is legal.
class Buffer : public UniqueHandle<tn_buffer, detail::destroy_buffer> {
 public:
  using UniqueHandle::UniqueHandle;

  // Content is undefined. With a stream, the first use must be on it or ordered behind it.
  Buffer(const Device& device, uint64_t size, tn_buffer_kind kind = TN_BUFFER_DEVICE,
         tn_stream* stream = nullptr, uint32_t alignment = 0) {
    const tn_buffer_desc desc{sizeof(desc), size, kind, alignment, stream};
    call(tn_buffer_create, device.get(), &desc, &handle_);
  }

  // Host memory without a copy, valid until `release` has been called (NULL: until the device is
  // closed). `flags` are TN_IMPORT_*.
  static Buffer import(const Device& device, void* pointer, uint64_t size,
                       tn_release_fn release = nullptr, void* user = nullptr, uint32_t flags = 0) {
    tn_import_desc desc{};
    desc.struct_size = sizeof(desc);
    desc.pointer = pointer;
    desc.size = size;
    desc.release = release;
    desc.user = user;
    desc.flags = flags;
    tn_buffer* buffer = nullptr;
    call(tn_buffer_import, device.get(), &desc, &buffer);
    return Buffer(buffer);
  }

  // Destroys it behind the work queued so far on `stream` alone.
  void destroy_on(tn_stream* stream) { tn_buffer_destroy(release(), stream); }

  tn_buffer_info info() const {
    tn_buffer_info info{};
    info.struct_size = sizeof(info);
    call(tn_buffer_get_info, get(), &info);
    return info;
  }

  void* map(uint64_t offset, uint64_t size, tn_access access) const {
    void* pointer = nullptr;
    call(tn_buffer_map, get(), offset, size, access, &pointer);
    return pointer;
  }
  void unmap(void* pointer) const { call(tn_buffer_unmap, get(), pointer); }
};

// A mapped range that ends with the scope. Call unmap() to hear of a failure; the destructor
// cannot tell.
class Mapping {
 public:
  Mapping(const Buffer& buffer, uint64_t offset, uint64_t size, tn_access access)
      : buffer_(buffer.get()), pointer_(buffer.map(offset, size, access)) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (buffer_ != nullptr) tn_buffer_unmap(buffer_, pointer_, nullptr);
  }

  void unmap() {
    if (tn_buffer* buffer = std::exchange(buffer_, nullptr)) {
      call(tn_buffer_unmap, buffer, pointer_);
    }
  }
  template <class T = void>
  T* data() const {
    return static_cast<T*>(pointer_);
  }

 private:
  tn_buffer* buffer_;
  void* pointer_;
};

}  // namespace tenon

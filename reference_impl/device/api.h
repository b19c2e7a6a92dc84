// SPDX-License-Identifier: Apache-2.0
//
// The functions of the dispatch table, and what each of them does first.
#pragma once

#include "reference_impl/device/device.h"
#include "tenon/device/failure.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::device::api {

// The device behind any handle.
inline OpenDevice& device_of(OpenDevice& device) { return device; }
inline OpenDevice& device_of(DeviceObject& object) { return *object.device; }

// plugin::guard, for bodies that may throw KernelError as well.
template <class Body>
tn_status guard(tn_error* error, Body&& body) noexcept {
  try {
    body();
    return TN_OK;
  } catch (...) {
    return exception_to_error(error);
  }
}

// Runs body(object) for the object behind `handle`; NULL handles, forked processes and exceptions
// become statuses.
template <class Object, class Handle, class Body>
tn_status call(Handle* handle, tn_error* error, Body&& body) noexcept {
  if (handle == nullptr) {
    return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr, "the handle is NULL");
  }
  auto& object = *plugin::object_of<Object>(handle);
  if (device_of(object).forked()) {
    return plugin::set_error(error, TN_FORKED, nullptr,
                             "the process was forked after this handle was made");
  }
  try {
    if constexpr (std::is_void_v<decltype(body(object))>) {
      body(object);
      return TN_OK;
    } else {
      return body(object);
    }
  } catch (...) {
    return exception_to_error(error);
  }
}

// The same for functions that return void: nothing for NULL, nothing in a forked process.
template <class Object, class Handle, class Body>
void call_void(Handle* handle, Body&& body) noexcept {
  if (handle == nullptr) return;
  auto& object = *plugin::object_of<Object>(handle);
  if (device_of(object).forked()) return;
  body(object);
}

// Throws plugin::Failure, which names the parameter.
template <class T>
void require(const T* pointer, const char* name) {
  if (pointer == nullptr) {
    plugin::fail_at(name, TN_INVALID_ARGUMENT, nullptr, "%s is NULL", name);
  }
}

// An argument that may not be NULL and must be of `owner`'s device. Throws plugin::Failure.
template <class Object, class Handle>
Object& argument(const DeviceObject& owner, Handle* handle, const char* name) {
  require(handle, name);
  if (!owner.shares_device(handle)) {
    plugin::fail_at(name, TN_INVALID_ARGUMENT, nullptr, "%s is of another device", name);
  }
  return *plugin::object_of<Object>(handle);
}

// One that may be of any device of the instance: plugins have a dispatch table for each instance.
template <class Object, class Handle>
Object& peer_argument(const DeviceObject& owner, Handle* handle, const char* name) {
  require(handle, name);
  if (reinterpret_cast<const tn_handle*>(handle)->dispatch != owner.dispatch) {
    plugin::fail_at(name, TN_INVALID_ARGUMENT, nullptr, "%s is of another instance", name);
  }
  return *plugin::object_of<Object>(handle);
}

// Throw plugin::Failure for what is not known here: bits of flags, a field without a meaning yet.
inline void check_flags(uint32_t flags, uint32_t known) {
  if ((flags & ~known) == 0) return;
  plugin::fail_at("desc->flags", TN_UNSUPPORTED, nullptr, "flags 0x%x are not known here",
                  flags & ~known);
}
inline void check_reserved(uint64_t reserved) {
  if (reserved == 0) return;
  plugin::fail_at("desc->reserved", TN_UNSUPPORTED, nullptr,
                  "reserved is 0x%llx; its meaning is not known here",
                  static_cast<unsigned long long>(reserved));
}

// The parts of the table, by file.
void add_instance_functions(tn_dispatch* table);  // api_instance.cc
void add_buffer_functions(tn_dispatch* table);    // api_buffer.cc
void add_stream_functions(tn_dispatch* table);    // api_stream.cc
void add_copy_functions(tn_dispatch* table);      // api_copy.cc
void add_kernel_functions(tn_dispatch* table);    // api_kernel.cc

// Extension peer.
tn_status TN_CALL peer_copy(tn_stream* stream, tn_buffer* dst, uint64_t dst_offset, tn_buffer* src,
                            uint64_t src_offset, uint64_t size,
                            tn_error* error);  // api_copy.cc
tn_status TN_CALL peer_wait_event(tn_stream* stream, tn_event* event,
                                  tn_error* error);  // api_stream.cc

}  // namespace tenon::device::api

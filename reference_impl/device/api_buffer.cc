// SPDX-License-Identifier: Apache-2.0
//
// Functions 11 to 16: buffers.
#include "reference_impl/device/api.h"
#include "reference_impl/device/buffer.h"
#include "reference_impl/device/stream.h"

namespace tenon::device::api {
namespace {

// Address space for alignment is reserved, not used; beyond this it is a mistake.
constexpr uint32_t kLargestAlignment = 1u << 30;

tn_status TN_CALL buffer_create(tn_device* device, const tn_buffer_desc* given, tn_buffer** buffer,
                                tn_error* error) {
  return call<OpenDevice>(device, error, [&](OpenDevice& owner) {
    plugin::clear(buffer, "buffer");
    const auto desc = plugin::read(given, "tn_buffer_desc");
    if (desc.kind < TN_BUFFER_DEVICE || desc.kind > TN_BUFFER_SHARED) {
      plugin::fail_at("desc->kind", TN_UNSUPPORTED, nullptr, "buffer kind %d is unknown",
                      desc.kind);
    }
    if ((desc.alignment & (desc.alignment - 1)) != 0 || desc.alignment > kLargestAlignment) {
      plugin::fail_at("desc->alignment", TN_INVALID_ARGUMENT, nullptr,
                      "alignment %u is no power of two up to 2^30", desc.alignment);
    }
    if (desc.stream != nullptr) {
      const auto* stream = plugin::object_of<Stream>(desc.stream);
      if (stream->dispatch != owner.dispatch || stream->device != &owner) {
        plugin::fail_at("desc->stream", TN_INVALID_ARGUMENT, nullptr,
                        "the stream is of another device");
      }
    }
    const Block block =
        owner.allocate(desc.size, desc.alignment, desc.kind == TN_BUFFER_HOST_PINNED);
    *buffer = plugin::handle_of<tn_buffer>(new Buffer(owner, block, desc.kind));
  });
}

void check_import(const tn_import_desc& desc) {
  if (desc.kind != TN_IMPORT_HOST) {
    plugin::fail_at("desc->kind", TN_UNSUPPORTED, nullptr,
                    "memory of kind %d: this device imports host memory alone", desc.kind);
  }
  check_flags(desc.flags, TN_IMPORT_READ_ONLY);
  if (desc.handle != 0 || desc.offset != 0) {
    plugin::fail_at(desc.handle != 0 ? "desc->handle" : "desc->offset", TN_INVALID_ARGUMENT,
                    nullptr, "host memory has neither handle nor offset: move the pointer");
  }
}

tn_status TN_CALL buffer_import(tn_device* device, const tn_import_desc* given, tn_buffer** buffer,
                                tn_error* error) {
  return call<OpenDevice>(device, error, [&](OpenDevice& owner) {
    plugin::clear(buffer, "buffer");
    const auto desc = plugin::read(given, "tn_import_desc");
    check_import(desc);
    if (desc.size != 0) require(static_cast<const char*>(desc.pointer), "desc->pointer");
    const Block block = owner.memory().import(desc);
    *buffer = plugin::handle_of<tn_buffer>(new Buffer(owner, block, TN_BUFFER_HOST_PINNED));
  });
}

void TN_CALL buffer_destroy(tn_buffer* buffer, tn_stream* stream) {
  call_void<Buffer>(buffer, [&](Buffer& object) {
    OpenDevice& device = *object.device;
    const Block block = object.block();
    delete &object;
    if (!device.late()) {
      device.memory().free(block, false);
    } else if (stream != nullptr) {
      device.reclaimer().free_behind(block, {plugin::object_of<Stream>(stream)->core});
    } else {
      device.reclaimer().free_behind(block, device.streams());
    }
  });
}

tn_status TN_CALL buffer_get_info(tn_buffer* buffer, tn_buffer_info* info, tn_error* error) {
  return call<Buffer>(
      buffer, error, [&](Buffer& object) { plugin::write(info, object.info(), "tn_buffer_info"); });
}

tn_status TN_CALL buffer_map(tn_buffer* buffer, uint64_t offset, uint64_t size, tn_access access,
                             void** pointer, tn_error* error) {
  return call<Buffer>(buffer, error, [&](Buffer& object) {
    plugin::clear(pointer, "pointer");
    *pointer = object.map(offset, size, access);
  });
}

tn_status TN_CALL buffer_unmap(tn_buffer* buffer, void* pointer, tn_error* error) {
  return call<Buffer>(buffer, error, [&](Buffer& object) { object.unmap(pointer); });
}

}  // namespace

void add_buffer_functions(tn_dispatch* table) {
  table->buffer_create = buffer_create;
  table->buffer_import = buffer_import;
  table->buffer_destroy = buffer_destroy;
  table->buffer_get_info = buffer_get_info;
  table->buffer_map = buffer_map;
  table->buffer_unmap = buffer_unmap;
}

}  // namespace tenon::device::api

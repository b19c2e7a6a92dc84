// SPDX-License-Identifier: Apache-2.0
//
// Functions 24 to 28: moving bytes on a stream.
#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "reference_impl/device/api.h"
#include "reference_impl/device/bind_tensor.h"
#include "reference_impl/device/buffer.h"
#include "reference_impl/device/overlap.h"
#include "reference_impl/device/reorder_task.h"
#include "reference_impl/device/stream.h"

namespace tenon::device::api {
namespace {

enum class Use { kRead, kWrite };

// The bytes at `offset`, which must exist, not be mapped, and allow that use.
std::byte* range_of(const Buffer& buffer, uint64_t offset, uint64_t size, const char* name,
                    Use use) {
  if (use == Use::kWrite && buffer.read_only()) {
    plugin::fail_at(name, TN_INVALID_ARGUMENT, nullptr, "%s: its memory may only be read", name);
  }
  if (!buffer.contains(offset, size)) {
    plugin::fail_at(name, TN_OUT_OF_RANGE, nullptr,
                    "%s: %" PRIu64 " bytes at %" PRIu64 " reach beyond the buffer's %" PRIu64, name,
                    size, offset, buffer.size());
  }
  if (buffer.is_mapped(offset, size)) {
    plugin::fail_at(name, TN_INVALID_STATE, nullptr, "%s: part of the range is mapped by the host",
                    name);
  }
  return buffer.data() + offset;
}

std::byte* destination(const Stream& stream, tn_buffer* handle, uint64_t offset, uint64_t size) {
  return range_of(argument<Buffer>(stream, handle, "dst"), offset, size, "dst", Use::kWrite);
}

std::byte* source(const Stream& stream, tn_buffer* handle, uint64_t offset, uint64_t size) {
  return range_of(argument<Buffer>(stream, handle, "src"), offset, size, "src", Use::kRead);
}

void submit_copy(Stream& stream, std::byte* dst, const void* src, uint64_t size) {
  Task task;
  task.kind = TaskKind::kCopy;
  task.dst = dst;
  task.src = static_cast<const std::byte*>(src);
  task.size = size;
  stream.core->submit(std::move(task));
}

void submit_disjoint_copy(Stream& stream, std::byte* to, const std::byte* from, uint64_t size) {
  if (to < from + size && from < to + size && size != 0) {
    plugin::fail_at("dst", TN_OVERLAP, nullptr, "source and destination overlap");
  }
  submit_copy(stream, to, from, size);
}

tn_status TN_CALL stream_copy(tn_stream* stream, tn_buffer* dst, uint64_t dst_offset,
                              tn_buffer* src, uint64_t src_offset, uint64_t size, tn_error* error) {
  return call<Stream>(stream, error, [&](Stream& object) {
    submit_disjoint_copy(object, destination(object, dst, dst_offset, size),
                         source(object, src, src_offset, size), size);
  });
}

tn_status TN_CALL stream_write(tn_stream* stream, tn_buffer* dst, uint64_t dst_offset,
                               const void* src, uint64_t size, tn_error* error) {
  return call<Stream>(stream, error, [&](Stream& object) {
    if (size != 0) require(src, "src");
    submit_copy(object, destination(object, dst, dst_offset, size), src, size);
  });
}

tn_status TN_CALL stream_read(tn_stream* stream, void* dst, tn_buffer* src, uint64_t src_offset,
                              uint64_t size, tn_error* error) {
  return call<Stream>(stream, error, [&](Stream& object) {
    if (size != 0) require(dst, "dst");
    submit_copy(object, static_cast<std::byte*>(dst), source(object, src, src_offset, size), size);
  });
}

tn_status TN_CALL stream_fill(tn_stream* stream, tn_buffer* dst, uint64_t offset, uint64_t size,
                              const void* pattern, size_t pattern_size, tn_error* error) {
  return call<Stream>(stream, error, [&](Stream& object) {
    require(pattern, "pattern");
    if (pattern_size == 0 || pattern_size > 16 || (pattern_size & (pattern_size - 1)) != 0 ||
        size % pattern_size != 0) {
      plugin::fail_at("pattern_size", TN_INVALID_ARGUMENT, nullptr,
                      "%" PRIu64
                      " bytes cannot be filled with a pattern of %zu: patterns have 1, 2, "
                      "4, 8 or 16 bytes, and the size is a multiple of that",
                      size, pattern_size);
    }
    Task task;
    task.kind = TaskKind::kFill;
    task.dst = destination(object, dst, offset, size);
    task.size = size;
    task.pattern_size = pattern_size;
    std::memcpy(task.pattern.data(), pattern, pattern_size);
    object.core->submit(std::move(task));
  });
}

tn_status TN_CALL stream_reorder(tn_stream* stream, const tn_tensor* dst, const tn_tensor* src,
                                 tn_error* error) {
  return call<Stream>(stream, error, [&](Stream& object) -> tn_status {
    require(dst, "dst");
    require(src, "src");
    Strides dst_strides;
    Strides src_strides;
    ByteRange dst_range;
    ByteRange src_range;
    View to;
    View from;
    tn_status status =
        bind_reorder(object, *dst, {"dst", 0, nullptr, true}, dst_strides, &to, &dst_range, error);
    if (status != TN_OK) return status;
    status = bind_reorder(object, *src, {"src"}, src_strides, &from, &src_range, error);
    if (status != TN_OK) return status;
    if (to.dtype != from.dtype || !std::ranges::equal(to.shape(), from.shape())) {
      plugin::fail_at("src", TN_INVALID_ARGUMENT, nullptr,
                      "dst and src differ in dims or element type");
    }
    const bool touch = dst_range.begin < src_range.end && src_range.begin < dst_range.end;
    const bool strided = to.strides != nullptr && from.strides != nullptr;
    if ((touch && (!strided || views_overlap(to, from))) ||
        (to.data != nullptr && to.strides != nullptr && overlaps_itself(to))) {
      plugin::fail_at("dst", TN_OVERLAP, nullptr, "dst overlaps src or itself");
    }
    submit_reorder(*object.core, to, from, nullptr);
    return TN_OK;
  });
}

}  // namespace

// All memory is the host's, so that a device's threads reach that of the others.
tn_status TN_CALL peer_copy(tn_stream* stream, tn_buffer* dst, uint64_t dst_offset, tn_buffer* src,
                            uint64_t src_offset, uint64_t size, tn_error* error) {
  return call<Stream>(stream, error, [&](Stream& object) {
    const auto range = [&](tn_buffer* handle, uint64_t offset, const char* name, Use use) {
      return range_of(peer_argument<Buffer>(object, handle, name), offset, size, name, use);
    };
    submit_disjoint_copy(object, range(dst, dst_offset, "dst", Use::kWrite),
                         range(src, src_offset, "src", Use::kRead), size);
  });
}

void add_copy_functions(tn_dispatch* table) {
  table->stream_copy = stream_copy;
  table->stream_write = stream_write;
  table->stream_read = stream_read;
  table->stream_fill = stream_fill;
  table->stream_reorder = stream_reorder;
}

}  // namespace tenon::device::api

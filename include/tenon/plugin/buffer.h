/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that is counted and mapped, and copies. See tenon_plugin.h.
 */
#ifndef TENON_PLUGIN_BUFFER_H_
#define TENON_PLUGIN_BUFFER_H_

#include "tenon/plugin/memory.h"

/* ---- Buffers --------------------------------------------------------------------------------- */

/* Refuses what no device takes; the stream's device is left to the caller. */
static inline tn_status tnp_check_buffer(const tn_buffer_desc* desc, uint64_t max_allocation,
                                         tn_error* error) {
  TNP_CHECK_AT("desc->size", desc->size <= max_allocation, TN_OUT_OF_RANGE,
               "size %llu is more than max_allocation (%llu)", (unsigned long long)desc->size,
               (unsigned long long)max_allocation);
  TNP_CHECK_AT("desc->alignment", (desc->alignment & (desc->alignment - 1)) == 0,
               TN_INVALID_ARGUMENT, "alignment %u: give a power of two", desc->alignment);
  TNP_CHECK_AT("desc->kind", desc->kind >= TN_BUFFER_DEVICE && desc->kind <= TN_BUFFER_SHARED,
               TN_UNSUPPORTED, "buffer kind %d is not known here", (int)desc->kind);
  return TN_OK;
}

/* The memory of a device as tn_memory_info counts it, for any thread. */
typedef struct tnp_memory {
  tnp_mutex lock; /* Initialised and destroyed by its owner. */
  tn_memory_info info;
} tnp_memory;

/* Counts a new buffer. False when it does not fit into `total` bytes, of which no more than its
 * size is taken. */
static inline bool tnp_memory_add(tnp_memory* memory, uint64_t total, uint64_t size) {
  tn_memory_info* info = &memory->info;
  tnp_mutex_lock(&memory->lock);
  const bool fits = size <= total - info->live_bytes - info->deferred_bytes;
  if (fits) info->live_bytes += size, info->live_buffers += 1;
  const uint64_t used = info->live_bytes + info->deferred_bytes;
  if (info->peak_bytes < used) info->peak_bytes = used;
  tnp_mutex_unlock(&memory->lock);
  return fits;
}

static inline void tnp_memory_remove(tnp_memory* memory, uint64_t size) {
  tnp_mutex_lock(&memory->lock);
  memory->info.live_bytes -= size;
  memory->info.live_buffers -= 1;
  tnp_mutex_unlock(&memory->lock);
}

/* For what takes memory and is no buffer: a constant is added as a buffer is, and -1 then; 1 before
 * it is removed or deferred. */
static inline void tnp_memory_count_buffers(tnp_memory* memory, int more) {
  tnp_mutex_lock(&memory->lock);
  memory->info.live_buffers += (uint64_t)(int64_t)more;
  tnp_mutex_unlock(&memory->lock);
}

/* The same where queued work may still use it: first this, then, when it is given back, that. */
static inline void tnp_memory_defer(tnp_memory* memory, uint64_t size) {
  tnp_memory_remove(memory, size);
  tnp_mutex_lock(&memory->lock);
  memory->info.deferred_bytes += size;
  tnp_mutex_unlock(&memory->lock);
}
static inline void tnp_memory_reclaim(tnp_memory* memory, uint64_t size) {
  tnp_mutex_lock(&memory->lock);
  memory->info.deferred_bytes -= size;
  tnp_mutex_unlock(&memory->lock);
}

/* What device_get_memory answers. */
static inline tn_status tnp_memory_info(tnp_memory* memory, tn_memory_info* info, tn_error* error) {
  tnp_mutex_lock(&memory->lock);
  const tn_memory_info now = memory->info;
  tnp_mutex_unlock(&memory->lock);
  return TNP_GIVE(info, now);
}

/* Whether the bytes lie in a buffer of `buffer_size`; `where`: the host's argument to blame. */
static inline tn_status tnp_check_range(const char* where, uint64_t buffer_size, uint64_t offset,
                                        uint64_t size, tn_error* error) {
  TNP_CHECK_AT(where, offset <= buffer_size && size <= buffer_size - offset, TN_OUT_OF_RANGE,
               "%llu bytes at %llu leave the buffer's %llu", (unsigned long long)size,
               (unsigned long long)offset, (unsigned long long)buffer_size);
  return TN_OK;
}

/* Whether a copy within one buffer, of ranges that lie in it, reads no byte that it writes. */
static inline tn_status tnp_check_copy(uint64_t dst_offset, uint64_t src_offset, uint64_t size,
                                       tn_error* error) {
  TNP_CHECK_AT("dst", dst_offset + size <= src_offset || src_offset + size <= dst_offset,
               TN_OVERLAP, "source and destination overlap: copy through another buffer");
  return TN_OK;
}

/* The mapped ranges of one buffer: TNP_MAPPINGS at once. All zero: none. */
enum { TNP_MAPPINGS = 16 };
typedef struct tnp_mappings {
  uint64_t offset[TNP_MAPPINGS], size[TNP_MAPPINGS]; /* size 0: free. */
} tnp_mappings;

/* Keeps a range that buffer_map is asked for, of a buffer of `buffer_size` bytes. */
static inline tn_status tnp_map(tnp_memory* memory, tnp_mappings* mappings, uint64_t buffer_size,
                                uint64_t offset, uint64_t size, tn_access access, tn_error* error) {
  const tn_access known = TN_ACCESS_READ | TN_ACCESS_WRITE | TN_ACCESS_DISCARD;
  const bool discards = (access & TN_ACCESS_DISCARD) != 0;
  int slot = -1;
  bool taken = false;
  TNP_CHECK_AT("access", (access & ~known) == 0, TN_UNSUPPORTED,
               "access has the bits 0x%x, which are not known here", access & ~known);
  TNP_CHECK_AT("access",
               discards ? (access & ~(tn_access)TN_ACCESS_DISCARD) == TN_ACCESS_WRITE : access != 0,
               TN_INVALID_ARGUMENT,
               "access 0x%x: give READ, WRITE or both; DISCARD goes with WRITE alone", access);
  TNP_CHECK_AT("size", size != 0, TN_INVALID_ARGUMENT, "size is 0: map at least one byte");
  TNP_TRY(
      tnp_check_range(offset > buffer_size ? "offset" : "size", buffer_size, offset, size, error));
  tnp_mutex_lock(&memory->lock);
  for (int i = 0; i < TNP_MAPPINGS; ++i) {
    const uint64_t begin = mappings->offset[i], end = begin + mappings->size[i];
    if (begin == end) slot = i;
    taken = taken || (begin < offset + size && offset < end);
  }
  if (slot >= 0 && !taken) mappings->offset[slot] = offset, mappings->size[slot] = size;
  tnp_mutex_unlock(&memory->lock);
  TNP_CHECK_AT("offset", !taken, TN_INVALID_STATE,
               "a part of the range is mapped already: unmap it first");
  TNP_CHECK(slot >= 0, TN_OUT_OF_MEMORY, "%d ranges are mapped: unmap one first", TNP_MAPPINGS);
  return TN_OK;
}

/* Forgets the range that starts at `offset`. */
static inline tn_status tnp_unmap(tnp_memory* memory, tnp_mappings* mappings, uint64_t offset,
                                  tn_error* error) {
  bool found = false;
  tnp_mutex_lock(&memory->lock);
  for (int i = 0; i < TNP_MAPPINGS && !found; ++i) {
    found = mappings->size[i] != 0 && mappings->offset[i] == offset;
    if (found) mappings->size[i] = 0;
  }
  tnp_mutex_unlock(&memory->lock);
  TNP_CHECK_AT("pointer", found, TN_INVALID_ARGUMENT,
               "no mapping starts there: give the pointer of map");
  return TN_OK;
}

/* ---- Memory that the host cannot see: map hands out copies ---- */

/* Moves bytes of a buffer: to the device from `host`, or from there. At once: no queued work uses
 * them. */
typedef void (*tnp_transfer)(tn_buffer* buffer, uint64_t offset, void* host, uint64_t size,
                             bool to_device);
typedef struct tnp_copies {
  tnp_mappings mappings;
  void* copy[TNP_MAPPINGS];
  uint64_t offset[TNP_MAPPINGS], size[TNP_MAPPINGS];
  tn_access access[TNP_MAPPINGS];
} tnp_copies;

/* What buffer_map answers: a copy of the range, read unless it is to be discarded. */
static inline tn_status tnp_map_copy(tnp_memory* memory, tnp_copies* copies, tn_buffer* buffer,
                                     uint64_t buffer_size, uint64_t offset, uint64_t size,
                                     tn_access access, tnp_transfer transfer, void** pointer,
                                     tn_error* error) {
  TNP_CLEAR(pointer);
  TNP_TRY(tnp_map(memory, &copies->mappings, buffer_size, offset, size, access, error));
  void* copy = tnp_aligned_alloc(64, size);
  if (copy == NULL) {
    tnp_unmap(memory, &copies->mappings, offset, NULL);
    return tnp_fail(error, TN_OUT_OF_MEMORY, "no host memory for a copy of %llu bytes",
                    (unsigned long long)size);
  }
  if ((access & TN_ACCESS_DISCARD) == 0) transfer(buffer, offset, copy, size, false);
  tnp_mutex_lock(&memory->lock);
  int i = 0;
  while (copies->copy[i] != NULL) ++i; /* As many as there are mappings. */
  copies->copy[i] = copy;
  copies->offset[i] = offset;
  copies->size[i] = size;
  copies->access[i] = access;
  tnp_mutex_unlock(&memory->lock);
  *pointer = copy;
  return TN_OK;
}

/* What buffer_unmap does: what was written goes to the device. */
static inline tn_status tnp_unmap_copy(tnp_memory* memory, tnp_copies* copies, tn_buffer* buffer,
                                       void* pointer, tnp_transfer transfer, tn_error* error) {
  tnp_mutex_lock(&memory->lock);
  int i = 0;
  while (i < TNP_MAPPINGS && (copies->copy[i] == NULL || copies->copy[i] != pointer)) ++i;
  tnp_mutex_unlock(&memory->lock);
  TNP_CHECK_AT("pointer", i < TNP_MAPPINGS, TN_INVALID_ARGUMENT,
               "no mapping starts there: give the pointer of map");
  if ((copies->access[i] & TN_ACCESS_WRITE) != 0)
    transfer(buffer, copies->offset[i], pointer, copies->size[i], true);
  const uint64_t offset = copies->offset[i];
  tnp_mutex_lock(&memory->lock);
  copies->copy[i] = NULL;
  tnp_mutex_unlock(&memory->lock);
  tnp_aligned_free(pointer);
  return tnp_unmap(memory, &copies->mappings, offset, error);
}

/* For buffer_destroy, which unmaps. */
static inline void tnp_drop_copies(tnp_copies* copies) {
  for (int i = 0; i < TNP_MAPPINGS; ++i) tnp_aligned_free(copies->copy[i]);
}

/* Moves bytes between memory that the host may touch. */
static inline tn_status tnp_move(void* dst, const void* src, uint64_t size, tn_error* error) {
  if (size == 0) return TN_OK;
  TNP_NEED(dst);
  TNP_NEED(src);
  memcpy(dst, src, size);
  return TN_OK;
}

/* The pattern of stream_fill. */
static inline tn_status tnp_check_pattern(const void* pattern, size_t pattern_size, uint64_t size,
                                          tn_error* error) {
  TNP_NEED(pattern);
  TNP_CHECK_AT("pattern_size",
               pattern_size != 0 && pattern_size <= 16 &&
                   (pattern_size & (pattern_size - 1)) == 0 && size % pattern_size == 0,
               TN_INVALID_ARGUMENT,
               "pattern_size %zu, size %llu: give 1, 2, 4, 8 or 16, and a multiple of it",
               pattern_size, (unsigned long long)size);
  return TN_OK;
}

#endif /* TENON_PLUGIN_BUFFER_H_ */

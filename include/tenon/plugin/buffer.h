/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that is counted and mapped, and copies. See tenon_plugin.h.
 */
#ifndef TENON_PLUGIN_BUFFER_H_
#define TENON_PLUGIN_BUFFER_H_

#include <threads.h>

#include "tenon/plugin/error.h"

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
  mtx_t lock; /* Initialised and destroyed by its owner, with mtx_plain. */
  tn_memory_info info;
} tnp_memory;

/* Counts a new buffer. False when it does not fit into `total` bytes. */
static inline bool tnp_memory_add(tnp_memory* memory, uint64_t total, uint64_t size) {
  tn_memory_info* info = &memory->info;
  mtx_lock(&memory->lock);
  const bool fits = size <= total - info->live_bytes;
  if (fits) info->live_bytes += size, info->live_buffers += 1;
  if (info->peak_bytes < info->live_bytes) info->peak_bytes = info->live_bytes;
  mtx_unlock(&memory->lock);
  return fits;
}

static inline void tnp_memory_remove(tnp_memory* memory, uint64_t size) {
  mtx_lock(&memory->lock);
  memory->info.live_bytes -= size;
  memory->info.live_buffers -= 1;
  mtx_unlock(&memory->lock);
}

/* What device_get_memory answers. */
static inline tn_status tnp_memory_info(tnp_memory* memory, tn_memory_info* info, tn_error* error) {
  mtx_lock(&memory->lock);
  const tn_memory_info now = memory->info;
  mtx_unlock(&memory->lock);
  return TNP_GIVE(info, now);
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
  TNP_CHECK_AT(offset > buffer_size ? "offset" : "size",
               offset <= buffer_size && size <= buffer_size - offset, TN_OUT_OF_RANGE,
               "%llu bytes at %llu leave the buffer's %llu", (unsigned long long)size,
               (unsigned long long)offset, (unsigned long long)buffer_size);
  mtx_lock(&memory->lock);
  for (int i = 0; i < TNP_MAPPINGS; ++i) {
    const uint64_t begin = mappings->offset[i], end = begin + mappings->size[i];
    if (begin == end) slot = i;
    taken = taken || (begin < offset + size && offset < end);
  }
  if (slot >= 0 && !taken) mappings->offset[slot] = offset, mappings->size[slot] = size;
  mtx_unlock(&memory->lock);
  TNP_CHECK_AT("offset", !taken, TN_INVALID_STATE,
               "a part of the range is mapped already: unmap it first");
  TNP_CHECK(slot >= 0, TN_OUT_OF_MEMORY, "%d ranges are mapped: unmap one first", TNP_MAPPINGS);
  return TN_OK;
}

/* Forgets the range that starts at `offset`. */
static inline tn_status tnp_unmap(tnp_memory* memory, tnp_mappings* mappings, uint64_t offset,
                                  tn_error* error) {
  bool found = false;
  mtx_lock(&memory->lock);
  for (int i = 0; i < TNP_MAPPINGS && !found; ++i) {
    found = mappings->size[i] != 0 && mappings->offset[i] == offset;
    if (found) mappings->size[i] = 0;
  }
  mtx_unlock(&memory->lock);
  TNP_CHECK_AT("pointer", found, TN_INVALID_ARGUMENT,
               "no mapping starts there: give the pointer of map");
  return TN_OK;
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

/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the bytes come from: aligned memory of the host, and ranges of a memory that the host
 * cannot see. See tenon_plugin.h.
 */
#ifndef TENON_PLUGIN_MEMORY_H_
#define TENON_PLUGIN_MEMORY_H_

#include "tenon/plugin/error.h"
#include "tenon/plugin/thread.h"

/* Host memory at a multiple of `alignment`, a power of two, for tnp_aligned_free; NULL: there is
 * none. C11's aligned_alloc is no help: it wants sizes that are multiples (rounded up, they can
 * exceed what the device has), and Windows lacks it. */
static inline void* tnp_aligned_alloc(uint64_t alignment, uint64_t size) {
  const uint64_t least = alignment > sizeof(void*) ? alignment : sizeof(void*);
  if (size > SIZE_MAX - 2 * least) return NULL;
  char* whole = (char*)malloc((size_t)(size + 2 * least));
  if (whole == NULL) return NULL;
  const uintptr_t behind = (uintptr_t)whole + sizeof(void*);
  char* data = whole + ((behind + least - 1) / least * least - (uintptr_t)whole);
  memcpy(data - sizeof(whole), &whole, sizeof(whole));
  return data;
}

static inline void tnp_aligned_free(void* data) {
  void* whole;
  if (data == NULL) return;
  memcpy(&whole, (char*)data - sizeof(whole), sizeof(whole));
  free(whole);
}

/* Ranges of `size` bytes of a device's memory that begins at address `base`: first fit, in no more
 * memory than asked for. An alignment moves where a range begins and is not added to its size: with
 * sizes rounded up, a buffer of all that device_get_info promises does not fit. `lock` is the
 * owner's to initialise and destroy. */
typedef struct tnp_range {
  uint64_t begin, end; /* From `base`. */
  struct tnp_range* next;
} tnp_range;
typedef struct tnp_arena {
  uint64_t base, size;
  tnp_range* first;
  tnp_mutex lock;
} tnp_arena;

/* NULL: no gap is large enough. */
static inline tnp_range* tnp_arena_take(tnp_arena* arena, uint64_t size, uint64_t alignment) {
  tnp_range* taken = (tnp_range*)calloc(1, sizeof(*taken));
  if (taken == NULL) return NULL;
  if (alignment == 0) alignment = 1;
  tnp_mutex_lock(&arena->lock);
  tnp_range** link = &arena->first;
  for (uint64_t from = 0;; from = (*link)->end, link = &(*link)->next) {
    const uint64_t to = *link != NULL ? (*link)->begin : arena->size;
    const uint64_t gap = (alignment - (arena->base + from) % alignment) % alignment;
    if (gap <= to - from && size <= to - from - gap) {
      taken->begin = from + gap;
      taken->end = taken->begin + size;
      taken->next = *link;
      *link = taken;
      break;
    }
    if (*link == NULL) {
      free(taken);
      taken = NULL;
      break;
    }
  }
  tnp_mutex_unlock(&arena->lock);
  return taken;
}

static inline void tnp_arena_give(tnp_arena* arena, tnp_range* range) {
  if (range == NULL) return;
  tnp_mutex_lock(&arena->lock);
  tnp_range** link = &arena->first;
  while (*link != range) link = &(*link)->next;
  *link = range->next;
  tnp_mutex_unlock(&arena->lock);
  free(range);
}

#endif /* TENON_PLUGIN_MEMORY_H_ */

/* SPDX-License-Identifier: Apache-2.0
 *
 * memory_test.c: what the suite cannot see of tenon/plugin/memory.h, since its devices are larger.
 */
#include "tenon/tenon_plugin.h"

static int failures = 0;
#define EXPECT(what)                                                     \
  do {                                                                   \
    if (!(what)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
      ++failures;                                                        \
    }                                                                    \
  } while (0)

/* All of an arena can be had, in one range or in odd ones, whatever the alignment. */
static void takes_no_more_than_asked_for(void) {
  tnp_arena arena = {.base = 4096, .size = 1000};
  tnp_mutex_init(&arena.lock);
  tnp_range* whole = tnp_arena_take(&arena, 1000, 64);
  EXPECT(whole != NULL && whole->begin == 0);
  EXPECT(tnp_arena_take(&arena, 1, 1) == NULL);
  tnp_range* nothing = tnp_arena_take(&arena, 0, 1);
  EXPECT(nothing != NULL);
  tnp_arena_give(&arena, nothing);
  tnp_arena_give(&arena, whole);

  tnp_range* first = tnp_arena_take(&arena, 65, 64);
  tnp_range* second = tnp_arena_take(&arena, 1000 - 128, 64);
  tnp_range* between = tnp_arena_take(&arena, 63, 1);
  EXPECT(first != NULL && second != NULL && second->begin == 128);
  EXPECT(between != NULL && between->begin == 65);
  EXPECT(tnp_arena_take(&arena, 1, 1) == NULL);
  tnp_arena_give(&arena, first);
  EXPECT(tnp_arena_take(&arena, 66, 1) == NULL);
  first = tnp_arena_take(&arena, 65, 64);
  EXPECT(first != NULL && first->begin == 0);
  tnp_arena_give(&arena, first);
  tnp_arena_give(&arena, second);
  tnp_arena_give(&arena, between);
  EXPECT(arena.first == NULL);
  tnp_mutex_destroy(&arena.lock);
}

/* Alignment counts from address 0, not from where the memory begins. */
static void aligns_addresses(void) {
  tnp_arena arena = {.base = 4096 + 32, .size = 1000};
  tnp_mutex_init(&arena.lock);
  tnp_range* range = tnp_arena_take(&arena, 8, 64);
  EXPECT(range != NULL && range->begin == 32);
  tnp_arena_give(&arena, range);
  EXPECT(tnp_arena_take(&arena, 8, 8192) == NULL);
  tnp_mutex_destroy(&arena.lock);
}

static void host_memory_is_aligned(void) {
  for (uint64_t alignment = 1; alignment <= 4096; alignment *= 2) {
    char* data = tnp_aligned_alloc(alignment, 100);
    EXPECT(data != NULL && (uintptr_t)data % alignment == 0);
    if (data != NULL) memset(data, 1, 100);
    tnp_aligned_free(data);
  }
  EXPECT(tnp_aligned_alloc(64, UINT64_MAX) == NULL);
  void* empty = tnp_aligned_alloc(64, 0);
  EXPECT(empty != NULL);
  tnp_aligned_free(empty);
  tnp_aligned_free(NULL);
}

/* As many bytes as the device says it has, none more; what is deferred still takes room. */
static void counts_what_is_deferred(void) {
  tnp_memory memory = {.info = {.struct_size = sizeof(tn_memory_info)}};
  tnp_mutex_init(&memory.lock);
  EXPECT(tnp_memory_add(&memory, 1000, 1000));
  EXPECT(!tnp_memory_add(&memory, 1000, 1));
  tnp_memory_defer(&memory, 1000);
  EXPECT(memory.info.live_bytes == 0 && memory.info.deferred_bytes == 1000);
  EXPECT(!tnp_memory_add(&memory, 1000, 1));
  tnp_memory_reclaim(&memory, 1000);
  EXPECT(tnp_memory_add(&memory, 1000, 1000) && memory.info.peak_bytes == 1000);
  tnp_mutex_destroy(&memory.lock);
}

int main(void) {
  takes_no_more_than_asked_for();
  aligns_addresses();
  host_memory_is_aligned();
  counts_what_is_deferred();
  return failures == 0 ? 0 : 1;
}

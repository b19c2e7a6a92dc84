/* SPDX-License-Identifier: Apache-2.0
 *
 * tenon_plugin.h: what a plugin written in C wants (in C++: tenon_plugin.hpp). C11, header-only,
 * links nothing and knows no device; all of it may be called from any thread.
 *
 *   static tn_status buffer_create(tn_device* device, const tn_buffer_desc* given,
 *                                  tn_buffer** buffer, tn_error* error) {
 *     tn_buffer_desc desc;
 *     TNP_CLEAR(buffer);
 *     TNP_TAKE(desc, given);
 *     TNP_CHECK(desc.size <= kLargest, TN_OUT_OF_RANGE, "size: more than max_allocation");
 *     ...
 *
 * The macros return from the function they stand in, whose error is called `error`.
 */
#ifndef TENON_PLUGIN_H_
#define TENON_PLUGIN_H_

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "tenon/dtype.h"
#include "tenon/tenon.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#if defined(__GNUC__)
#define TNP_PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#else
#define TNP_PRINTF_LIKE(text, first)
#endif

/* ---- Errors ---------------------------------------------------------------------------------- */

/* Copies a failure to the caller's error, which may be NULL, short or of a later version, and
 * returns its code. A failure whose code is TN_OK leaves the error as it is. */
static inline tn_status tnp_give_error(tn_error* error, const tn_error* failure) {
  if (failure->code == TN_OK || error == NULL || error->struct_size <= sizeof(size_t))
    return failure->code;
  const size_t size = error->struct_size < sizeof(*failure) ? error->struct_size : sizeof(*failure);
  memcpy((char*)error + sizeof(size_t), (const char*)failure + sizeof(size_t),
         size - sizeof(size_t));
  if (size > offsetof(tn_error, message)) ((char*)error)[size - 1] = '\0';
  return failure->code;
}

/* Fills the caller's error and returns `status`. The text says what, where, and what to do;
 * `argument` is what it is about ("desc->rank"), or NULL. */
TNP_PRINTF_LIKE(4, 5)
static inline tn_status tnp_fail_at(tn_error* error, tn_status status, const char* argument,
                                    const char* format, ...) {
  tn_error failure = TN_ERROR_INIT;
  va_list arguments;
  failure.code = status;
  snprintf(failure.argument, sizeof(failure.argument), "%s", argument != NULL ? argument : "");
  va_start(arguments, format);
  vsnprintf(failure.message, sizeof(failure.message), format, arguments);
  va_end(arguments);
  return tnp_give_error(error, &failure);
}
#define tnp_fail(error, status, ...) tnp_fail_at(error, status, NULL, __VA_ARGS__)

#define TNP_CHECK(good, status, ...)                          \
  do {                                                        \
    if (!(good)) return tnp_fail(error, status, __VA_ARGS__); \
  } while (0)
/* The same about an argument or field, named as a host writes it: "desc->kind". */
#define TNP_CHECK_AT(argument, good, status, ...)                          \
  do {                                                                     \
    if (!(good)) return tnp_fail_at(error, status, argument, __VA_ARGS__); \
  } while (0)
/* A field without a meaning yet. */
#define TNP_ZERO(field, argument)                                                        \
  TNP_CHECK_AT(argument, (field) == 0, TN_UNSUPPORTED, "reserved is 0x%llx: leave it 0", \
               (unsigned long long)(field))
#define TNP_NEED(pointer)                                                                         \
  do {                                                                                            \
    if ((pointer) == NULL)                                                                        \
      return tnp_fail_at(error, TN_INVALID_ARGUMENT, #pointer, "%s is NULL: give one", #pointer); \
  } while (0)
#define TNP_TRY(call)                           \
  do {                                          \
    const tn_status tnp_status = (call);        \
    if (tnp_status != TN_OK) return tnp_status; \
  } while (0)

/* A handle is NULL when its function fails: TNP_CLEAR first, TNP_NEW (zeroed, for free()) last. */
#define TNP_CLEAR(handle) \
  TNP_NEED(handle);       \
  *(handle) = NULL
#define TNP_NEW(handle)                      \
  *(handle) = calloc(1, sizeof(**(handle))); \
  TNP_CHECK(*(handle) != NULL, TN_OUT_OF_MEMORY, "no host memory for a %s", #handle)

/* ---- Structs that grow ----------------------------------------------------------------------- */

/* Puts an element of a list in front of the argument that an error names: "rank" becomes
 * "desc->inputs[1]->rank". Returns `status`. */
static inline tn_status tnp_within(tn_error* error, tn_status status, const char* list,
                                   size_t index) {
  char field[sizeof(error->argument)];
  if (status == TN_OK || error == NULL || error->struct_size < offsetof(tn_error, message))
    return status;
  memcpy(field, error->argument, sizeof(field));
  field[sizeof(field) - 1] = '\0';
  char whole[128];
  snprintf(whole, sizeof(whole), "%.32s[%zu]%s%s", list, index, field[0] != '\0' ? "->" : "",
           field);
  snprintf(error->argument, sizeof(error->argument), "%.*s", (int)sizeof(error->argument) - 1,
           whole);
  return status;
}

/* `name` is the parameter's; NULL: one of a list. */
static inline tn_status tnp_struct_size(const void* of, const char* name, size_t* size,
                                        tn_error* error) {
  const char* what = name != NULL ? name : "an element";
  TNP_CHECK_AT(name, of != NULL, TN_INVALID_ARGUMENT, "%s is NULL: give one", what);
  memcpy(size, of, sizeof(*size));
  char argument[48];
  snprintf(argument, sizeof(argument), "%.30s%sstruct_size", name != NULL ? name : "",
           name != NULL ? "->" : "");
  TNP_CHECK_AT(argument, *size >= sizeof(*size) && *size <= 65536, TN_INVALID_ARGUMENT,
               "%s: struct_size is %zu: set it to the sizeof of the struct", what, *size);
  return TN_OK;
}

/* Reads a caller's struct, which may be older (the rest is zero) or newer (its rest must be). */
static inline tn_status tnp_take(void* out, size_t known, const void* in, const char* name,
                                 tn_error* error) {
  size_t size = 0;
  TNP_TRY(tnp_struct_size(in, name, &size, error));
  for (size_t i = known; i < size; ++i)
    TNP_CHECK_AT(name, ((const char*)in)[i] == 0, TN_UNSUPPORTED,
                 "%s: a field beyond the %zu bytes known here is set (byte %zu)",
                 name != NULL ? name : "an element", known, i);
  memset(out, 0, known);
  memcpy(out, in, size < known ? size : known);
  return TN_OK;
}
/* Where the parameter is called `given`, `out` has the name that tenon.h gives it. */
#define TNP_TAKE(out, in) \
  TNP_TRY(tnp_take(&(out), sizeof(out), in, strcmp(#in, "given") == 0 ? #out : #in, error))

/* Writes a caller's struct: as much as both know, and never its struct_size. */
static inline tn_status tnp_give(void* out, const void* from, size_t known, const char* name,
                                 tn_error* error) {
  size_t size = 0;
  TNP_TRY(tnp_struct_size(out, name, &size, error));
  if (size > known) size = known;
  memcpy((char*)out + sizeof(size), (const char*)from + sizeof(size), size - sizeof(size));
  return TN_OK;
}
#define TNP_GIVE(out, from) tnp_give(out, &(from), sizeof(from), #out, error)

/* ---- The entry ------------------------------------------------------------------------------- */

/* What tn_plugin_entry answers for a plugin of this name, version and static table. */
static inline tn_status tnp_entry(const char* name, const char* version,
                                  const tn_dispatch* functions, const tn_host* host,
                                  tn_plugin* plugin, tn_error* error) {
  tn_plugin known = {.abi_major = TN_ABI_MAJOR, .abi_minor = TN_ABI_MINOR};
  known.abi_hash = TN_ABI_HASH;
  known.functions = functions;
  snprintf(known.name, sizeof(known.name), "%s", name);
  snprintf(known.version, sizeof(known.version), "%s", version);
  TNP_NEED(host);
  TNP_CHECK(host->abi_major == TN_ABI_MAJOR, TN_VERSION_MISMATCH,
            "built for ABI %d.%d, but the host speaks %u.%u: install matching versions",
            TN_ABI_MAJOR, TN_ABI_MINOR, host->abi_major, host->abi_minor);
  return TNP_GIVE(plugin, known);
}

/* ---- Descriptions that may be NULL, of a plugin that has nothing to choose ------------------- */

/* There are no options: whatever is given is an error that names it. */
static inline tn_status tnp_no_options(const tn_option* options, size_t count, tn_error* error) {
  const bool named = count != 0 && options != NULL && options[0].key != NULL;
  TNP_CHECK_AT("desc->options", count == 0, TN_INVALID_ARGUMENT, "option '%s': there are none here",
               named ? options[0].key : "");
  return TN_OK;
}

static inline tn_status tnp_open_plainly(const tn_device_desc* given, tn_error* error) {
  tn_device_desc desc = {0};
  if (given != NULL) TNP_TAKE(desc, given);
  return tnp_no_options(desc.options, desc.option_count, error);
}

/* Every priority is legal: a device with one takes that. */
static inline tn_status tnp_check_stream(const tn_stream_desc* given, tn_error* error) {
  tn_stream_desc desc = {0};
  if (given != NULL) TNP_TAKE(desc, given);
  TNP_ZERO(desc.reserved, "desc->reserved");
  return TN_OK;
}

/* `offered`: the TN_EVENT_* that the device has. */
static inline tn_status tnp_check_event(const tn_event_desc* given, uint32_t offered,
                                        tn_error* error) {
  tn_event_desc desc = {0};
  if (given != NULL) TNP_TAKE(desc, given);
  TNP_ZERO(desc.reserved, "desc->reserved");
  TNP_CHECK_AT("desc->flags", (desc.flags & ~offered) == 0, TN_UNSUPPORTED,
               "events of this device have no flags 0x%x", desc.flags & ~offered);
  return TN_OK;
}

static inline tn_status tnp_check_record(const tn_record_desc* given, tn_error* error) {
  tn_record_desc desc = {0};
  if (given != NULL) TNP_TAKE(desc, given);
  TNP_ZERO(desc.reserved, "desc->reserved");
  return TN_OK;
}

/* The host's time limit in nanoseconds; 0: none. Streams have none. */
static inline tn_status tnp_check_wait(const tn_wait_desc* given, bool by_stream, int64_t* limit,
                                       tn_error* error) {
  tn_wait_desc desc = {0};
  if (given != NULL) TNP_TAKE(desc, given);
  TNP_CHECK_AT("desc->timeout", !by_stream || desc.timeout == 0, TN_UNSUPPORTED,
               "streams wait without a limit: give timeout 0");
  TNP_CHECK_AT("desc->timeout", desc.timeout >= 0, TN_INVALID_ARGUMENT,
               "timeout is negative: give 0 or more");
  if (limit != NULL) *limit = desc.timeout;
  return TN_OK;
}

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

/* ---- Arguments of kernels -------------------------------------------------------------------- */

/* An argument as described, for as long as the kernel lives. TN_DYNAMIC where launches say it. */
typedef struct tnp_slot {
  tn_argument_kind kind;
  tn_dtype dtype;
  int32_t rank;
  int32_t alias;
  tn_layout layout;
  int64_t dims[TN_MAX_RANK], strides[TN_MAX_RANK]; /* Strides in elements. */
  /* What a host is told that asks for the kernel: TN_REQUIRES_*, written by the plugin. */
  uint32_t requirements, needed_alignment;
} tnp_slot;

static inline void tnp_dense_strides(int32_t rank, const int64_t* dims, int64_t* strides) {
  int64_t stride = 1;
  for (int32_t i = rank; i-- > 0;) {
    strides[i] = stride;
    stride *= dims[i] > 0 ? dims[i] : 1;
  }
}

/* Reads a DEVICE or HOST argument; other kinds and layout tokens are the plugin's to read. Errors
 * name its fields ("rank"). */
static inline tn_status tnp_describe(const tn_argument* argument, tnp_slot* slot, tn_error* error) {
  tn_argument known;
  TNP_TRY(tnp_take(&known, sizeof(known), argument, NULL, error));
  TNP_CHECK_AT("kind", known.kind == TN_ARGUMENT_DEVICE || known.kind == TN_ARGUMENT_HOST,
               TN_UNSUPPORTED, "argument kind %d: give a tensor at launch", (int)known.kind);
  TNP_CHECK_AT("dtype", tn_dtype_bits(known.dtype) >= 8, TN_UNSUPPORTED,
               "element type %d is not known here", known.dtype);
  TNP_CHECK_AT("rank", known.rank >= 0 && known.rank <= TN_MAX_RANK, TN_INVALID_ARGUMENT,
               "rank %d: give 0 to %d", known.rank, TN_MAX_RANK);
  TNP_CHECK_AT("flags", (known.flags & ~(uint32_t)TN_ARGUMENT_DENSE) == 0, TN_UNSUPPORTED,
               "argument flags 0x%x are not known here",
               known.flags & ~(uint32_t)TN_ARGUMENT_DENSE);
  TNP_CHECK_AT("layout", known.layout <= TN_LAYOUT_ANY, TN_INVALID_ARGUMENT,
               "layout %llu is no token of this device", (unsigned long long)known.layout);
  *slot = (tnp_slot){.kind = known.kind,
                     .dtype = known.dtype,
                     .rank = known.rank,
                     .alias = known.alias,
                     .layout = known.layout};
  for (int32_t i = 0; i < known.rank; ++i) {
    slot->dims[i] = known.dims != NULL ? known.dims[i] : TN_DYNAMIC;
    slot->strides[i] = known.strides != NULL ? known.strides[i] : TN_DYNAMIC;
    TNP_CHECK_AT("dims", slot->dims[i] >= 0 || slot->dims[i] == TN_DYNAMIC, TN_INVALID_ARGUMENT,
                 "dim %d is %lld: give 0 or more, or TN_DYNAMIC", i, (long long)slot->dims[i]);
  }
  return TN_OK;
}

/* A kernel of strided arguments, as described. */
enum { TNP_MAX_INPUTS = 8, TNP_MAX_OUTPUTS = 4 };
typedef struct tnp_signature {
  int op;         /* Row of the table. */
  uint32_t flags; /* Of the description: TN_KERNEL_*. */
  size_t input_count, output_count;
  tnp_slot inputs[TNP_MAX_INPUTS], outputs[TNP_MAX_OUTPUTS];
} tnp_signature;

/* A list of element types for one type constraint, and a row of the static table of operators with
 * such a list: TNP_TYPES(kNumbers, "T", TN_FLOAT32, TN_INT32); */
#define TNP_TYPES(list, constraint, ...)                 \
  static const tn_dtype list##_dtypes[] = {__VA_ARGS__}; \
  static const tn_type_list list[] = {                   \
      {constraint, list##_dtypes, sizeof(list##_dtypes) / sizeof(list##_dtypes[0])}}
#define TNP_OPERATOR(domain, name, version, list) \
  {sizeof(tn_operator_entry), domain, name, version, 0, list, sizeof(list) / sizeof((list)[0])}

/* Reads an attribute: one of the lists that its type names, with `count` values. Errors name its
 * fields ("type"). */
static inline tn_status tnp_check_attribute(const tn_attribute* given, tn_attribute* out,
                                            tn_error* error) {
  TNP_TRY(tnp_take(out, sizeof(*out), given, NULL, error));
  const void* lists[] = {out->floats, out->ints, out->strings, out->tensors, out->graphs};
  const bool single = out->type < TN_ATTRIBUTE_FLOATS;
  TNP_CHECK_AT("name", out->name != NULL, TN_INVALID_ARGUMENT, "an attribute has no name");
  TNP_ZERO(out->reserved, "reserved");
  TNP_CHECK_AT("type", out->type >= TN_ATTRIBUTE_FLOAT && out->type <= TN_ATTRIBUTE_GRAPHS,
               TN_UNSUPPORTED, "attribute '%s' has type %d, which is not known here", out->name,
               out->type);
  TNP_CHECK_AT("count", !single || out->count == 1, TN_INVALID_ARGUMENT,
               "attribute '%s' has count %zu, not 1", out->name, out->count);
  TNP_CHECK(out->count == 0 || lists[(out->type - TN_ATTRIBUTE_FLOAT) % 5] != NULL,
            TN_INVALID_ARGUMENT, "attribute '%s' has no value", out->name);
  return TN_OK;
}

/* Attribute `i` of a description. */
static inline tn_status tnp_attribute(const tn_kernel_desc* desc, size_t i, tn_attribute* out,
                                      tn_error* error) {
  TNP_CHECK_AT("desc->attributes", desc->attributes != NULL, TN_INVALID_ARGUMENT,
               "attributes is NULL, but there are %zu", desc->attribute_count);
  return tnp_within(error, tnp_check_attribute(desc->attributes[i], out, error), "desc->attributes",
                    i);
}

/* The row of the table that a description names, or -1 with an error in `error`. */
static inline int tnp_find_operator(const tn_operator_entry* table, size_t count,
                                    const tn_kernel_desc* desc, tn_error* error) {
  const char* domain = desc->domain != NULL ? desc->domain : "";
  const char* name = desc->name != NULL ? desc->name : "";
  for (size_t i = 0; i < count; ++i)
    if (strcmp(table[i].name, name) == 0 && strcmp(table[i].domain, domain) == 0 &&
        table[i].version == desc->version)
      return (int)i;
  tnp_fail(error, TN_UNSUPPORTED, "no operator '%s' of domain '%s', version %d: see the table",
           name, domain, desc->version);
  return -1;
}

/* Whether the row has that element type for its first constraint. */
static inline bool tnp_has_dtype(const tn_operator_entry* entry, tn_dtype dtype) {
  for (size_t i = 0; entry->type_count > 0 && i < entry->types[0].count; ++i)
    if (entry->types[0].dtypes[i] == dtype) return true;
  return false;
}

/* Reads a description into `desc` and `signature` and checks what holds for every operator: that
 * the table has it, and for the types of all tensors; flags and aliases. Counts, attributes and how
 * types and dims fit together are the operator's. So is TN_KERNEL_CHECK_DATA: one that data can
 * break (an index, an integer divisor) and that does not look answers TN_UNSUPPORTED to it. */
static inline tn_status tnp_describe_kernel(const tn_operator_entry* table, size_t count,
                                            const tn_kernel_desc* given, tn_kernel_desc* desc,
                                            tnp_signature* signature, tn_error* error) {
  TNP_TRY(tnp_take(desc, sizeof(*desc), given, "desc", error));
  const int op = signature->op = tnp_find_operator(table, count, desc, error);
  if (op < 0) return TN_UNSUPPORTED;
  const uint32_t flags =
      TN_KERNEL_DETERMINISTIC | TN_KERNEL_CHECK_DATA | TN_KERNEL_FLUSH_SUBNORMALS;
  TNP_CHECK_AT("desc->flags", (desc->flags & ~flags) == 0, TN_UNSUPPORTED,
               "kernel flags 0x%x are not known here", desc->flags & ~flags);
  signature->flags = desc->flags;
  TNP_CHECK_AT("desc->math_mode",
               desc->math_mode >= TN_MATH_STRICT && desc->math_mode <= TN_MATH_BF16, TN_UNSUPPORTED,
               "math mode %d is not known here", desc->math_mode);
  TNP_ZERO(desc->reserved, "desc->reserved");
  TNP_CHECK_AT("desc->input_count",
               desc->input_count <= TNP_MAX_INPUTS && desc->output_count <= TNP_MAX_OUTPUTS,
               TN_INVALID_ARGUMENT, "%s: %zu inputs and %zu outputs are too many", desc->name,
               desc->input_count, desc->output_count);
  signature->input_count = desc->input_count;
  signature->output_count = desc->output_count;
  if (desc->input_count > 0) TNP_NEED(desc->inputs);
  if (desc->output_count > 0) TNP_NEED(desc->outputs);
  for (size_t i = 0; i < desc->input_count + desc->output_count; ++i) {
    const bool is_input = i < desc->input_count;
    const size_t o = i - desc->input_count;
    tnp_slot* slot = is_input ? &signature->inputs[i] : &signature->outputs[o];
    const char* list = is_input ? "desc->inputs" : "desc->outputs";
    const size_t at = is_input ? i : o;
    const tn_argument* argument = is_input ? desc->inputs[i] : desc->outputs[o];
    TNP_TRY(tnp_within(error, tnp_describe(argument, slot, error), list, at));
    if (!tnp_has_dtype(&table[op], slot->dtype))
      return tnp_within(error,
                        tnp_fail_at(error, TN_UNSUPPORTED, "dtype", "%s of type %d: cast it first",
                                    desc->name, slot->dtype),
                        list, at);
    if (slot->alias < 0 || slot->alias > (int32_t)(is_input ? i : desc->input_count))
      return tnp_within(
          error,
          tnp_fail_at(error, TN_INVALID_ARGUMENT, "alias", "alias %d: there is no such%s input",
                      slot->alias, is_input ? " earlier" : ""),
          list, at);
  }
  return TN_OK;
}

static inline void tnp_answer_needs(const tnp_slot* slots, size_t count, tn_argument_needs* needs) {
  for (size_t i = 0; needs != NULL && i < count; ++i)
    needs[i] =
        (tn_argument_needs){slots[i].requirements, slots[i].needed_alignment, TN_LAYOUT_STRIDED};
}

/* A kernel that computes on the processor does so between these two: whether subnormal numbers
 * count as 0 is a setting of the thread, and its description decides that, not the thread that
 * queues. */
#if defined(__x86_64__)
static inline uint32_t tnp_enter_arithmetic(const tnp_signature* signature) {
  const uint32_t before = _mm_getcsr(), flush = 0x8040; /* FTZ and DAZ. */
  const bool flushes = (signature->flags & TN_KERNEL_FLUSH_SUBNORMALS) != 0;
  _mm_setcsr(flushes ? before | flush : before & ~flush);
  return before;
}
static inline void tnp_leave_arithmetic(uint32_t before) { _mm_setcsr(before); }
#else
static inline uint32_t tnp_enter_arithmetic(const tnp_signature* signature) {
  return (void)signature, 0;
}
static inline void tnp_leave_arithmetic(uint32_t before) { (void)before; }
#endif

/* What kernel_supports answers when the description was judged with `status`; with TN_NEEDS_STATIC
 * the slots of the signature say what to describe differently. */
static inline tn_status tnp_answer_support(const tnp_signature* signature, tn_status status,
                                           tn_kernel_support* support, tn_error* error) {
  tn_kernel_support known = {0};
  if (support == NULL) return status;
  TNP_TAKE(known, support);
  if (status == TN_OK || status == TN_NEEDS_STATIC) {
    tnp_answer_needs(signature->inputs, signature->input_count, known.inputs);
    tnp_answer_needs(signature->outputs, signature->output_count, known.outputs);
  }
  return status;
}

/* What kernel_get_info answers. */
static inline tn_status tnp_kernel_info(const tnp_signature* signature, uint64_t resident_bytes,
                                        uint32_t flags, tn_kernel_info* info, tn_error* error) {
  tn_kernel_info known = {0};
  TNP_TAKE(known, info);
  known.resident_bytes = resident_bytes;
  known.flags = flags;
  tnp_answer_needs(signature->inputs, signature->input_count, known.inputs);
  tnp_answer_needs(signature->outputs, signature->output_count, known.outputs);
  return TNP_GIVE(info, known);
}

/* ---- Tensors of launches --------------------------------------------------------------------- */

/* A tensor that fits its description. Its elements lie in [begin, end) of the buffer. */
typedef struct tnp_view {
  tn_buffer* buffer; /* NULL for host data, and where count is 0. */
  const void* host_data;
  tn_dtype dtype;
  int32_t rank;
  int64_t count;
  int64_t dims[TN_MAX_RANK], strides[TN_MAX_RANK]; /* Strides in bytes. */
  uint64_t offset, begin, end;                     /* Of element 0, and of all of them. */
} tnp_view;

/* Type, rank and dims of a tensor, against its description. */
static inline tn_status tnp_view_dims(const tnp_slot* slot, const tn_tensor* tensor, tnp_view* view,
                                      tn_error* error) {
  TNP_CHECK(tensor != NULL, TN_INVALID_ARGUMENT, "a tensor is NULL: give one");
  TNP_CHECK_AT("dtype", tn_dtype_bits(tensor->dtype) != 0, TN_UNSUPPORTED,
               "element type %d is not known here", tensor->dtype);
  TNP_CHECK_AT("dtype", tensor->dtype == slot->dtype, TN_INVALID_ARGUMENT,
               "a tensor of type %d: the kernel was made for %d", tensor->dtype, slot->dtype);
  TNP_CHECK_AT("rank", tensor->rank == slot->rank, TN_INVALID_ARGUMENT,
               "a tensor of rank %d: the kernel was made for %d", tensor->rank, slot->rank);
  TNP_CHECK_AT("layout", tensor->layout == TN_LAYOUT_STRIDED, TN_INVALID_ARGUMENT,
               "a tensor must be strided");
  TNP_CHECK_AT("dims", slot->rank == 0 || tensor->dims != NULL, TN_INVALID_ARGUMENT,
               "a tensor has no dims: give as many as its rank");
  *view = (tnp_view){.dtype = slot->dtype, .rank = slot->rank, .count = 1};
  for (int32_t i = 0; i < slot->rank; ++i) {
    const int64_t dim = view->dims[i] = tensor->dims[i];
    TNP_CHECK_AT("dims", dim >= 0 && (slot->dims[i] == TN_DYNAMIC || slot->dims[i] == dim),
                 TN_INVALID_ARGUMENT, "dim %d is %lld: give what the kernel was made for", i,
                 (long long)dim);
    if (dim == 0) view->count = 0;
  }
  return TN_OK;
}

/* Checks a tensor against its description. `limit` is the size of the largest buffer there can be,
 * `alignment` the device's. Whose the buffer is, and whether [begin, end) lies in it, is left to
 * the caller. A tensor without elements gets count 0, and nothing else of it matters. */
static inline tn_status tnp_view_tensor(const tnp_slot* slot, const tn_tensor* tensor,
                                        uint32_t alignment, int64_t limit, tnp_view* view,
                                        tn_error* error) {
  const int64_t size = tn_dtype_bits(slot->dtype) / 8;
  TNP_TRY(tnp_view_dims(slot, tensor, view, error));
  if (view->count == 0) return TN_OK;

  int64_t dense = 1, low = 0, high = size;
  for (int32_t i = slot->rank; i-- > 0;) {
    const int64_t dim = view->dims[i];
    const int64_t stride = tensor->strides != NULL ? tensor->strides[i] : dense;
    TNP_CHECK_AT("dims", dim <= INT32_MAX && view->count <= INT32_MAX, TN_UNSUPPORTED,
                 "dim %d is %lld: too many elements for one launch", i, (long long)dim);
    view->count *= dim;
    dense *= dim;
    if (dim == 1) continue;
    TNP_CHECK_AT("strides", slot->strides[i] == TN_DYNAMIC || slot->strides[i] == stride,
                 TN_INVALID_ARGUMENT, "stride %d is %lld: give what the kernel was made for", i,
                 (long long)stride);
    /* Bounded before they are multiplied, so that nothing overflows. */
    TNP_CHECK_AT("strides",
                 stride >= -limit / size && stride <= limit / size &&
                     (stride == 0 || dim - 1 <= limit / (stride < 0 ? -stride : stride)),
                 TN_OUT_OF_RANGE, "stride %d is %lld: the tensor leaves its buffer", i,
                 (long long)stride);
    view->strides[i] = stride * size;
    *(stride < 0 ? &low : &high) += (dim - 1) * stride * size;
  }
  view->host_data = tensor->host_data;
  if (slot->kind == TN_ARGUMENT_HOST) {
    TNP_CHECK_AT("host_data", tensor->host_data != NULL, TN_INVALID_ARGUMENT,
                 "a host value has no data: give some");
    return TN_OK;
  }
  TNP_CHECK_AT("buffer", tensor->buffer != NULL, TN_INVALID_ARGUMENT,
               "a tensor has no buffer: give one");
  TNP_CHECK_AT("offset",
               tensor->offset % (size < (int64_t)alignment ? (uint64_t)size : alignment) == 0,
               TN_INVALID_ARGUMENT, "offset %llu: give a multiple of the element size",
               (unsigned long long)tensor->offset);
  TNP_CHECK_AT("offset", tensor->offset <= (uint64_t)limit && (int64_t)tensor->offset + low >= 0,
               TN_OUT_OF_RANGE, "the tensor at offset %llu leaves its buffer",
               (unsigned long long)tensor->offset);
  view->buffer = tensor->buffer;
  view->offset = tensor->offset;
  view->begin = tensor->offset - (uint64_t)-low;
  view->end = tensor->offset + (uint64_t)high;
  return TN_OK;
}

/* An output addresses each byte once: each stride steps over all that smaller strides cover. */
static inline tn_status tnp_check_output(const tnp_view* out, tn_error* error) {
  for (int32_t i = 0; i < out->rank && out->count > 0; ++i) {
    const int64_t stride = out->strides[i] < 0 ? -out->strides[i] : out->strides[i];
    int64_t below = tn_dtype_bits(out->dtype) / 8;
    for (int32_t j = 0; j < out->rank; ++j) {
      const int64_t other = out->strides[j] < 0 ? -out->strides[j] : out->strides[j];
      if (out->dims[j] > 1 && (other < stride || (other == stride && j < i)))
        below += (out->dims[j] - 1) * other;
    }
    TNP_CHECK_AT("strides", out->dims[i] == 1 || stride >= below, TN_OVERLAP,
                 "the output overlaps itself: stride %d is too small", i);
  }
  return TN_OK;
}

/* An output is disjoint from an input, or, described as its alias, replaces it exactly; likewise an
 * input that is described as the same view as that one. */
static inline tn_status tnp_check_alias(const tnp_view* out, const tnp_view* in, bool alias,
                                        tn_error* error) {
  if (out->count == 0 || in->count == 0 || in->buffer == NULL) return TN_OK;
  bool same = out->buffer == in->buffer && out->offset == in->offset && out->rank == in->rank;
  for (int32_t i = 0; same && i < out->rank; ++i)
    same = out->dims[i] == in->dims[i] && out->strides[i] == in->strides[i];
  TNP_CHECK(!alias || same, TN_OVERLAP,
            "the output was described as an alias: give it the input's bytes");
  TNP_CHECK(alias || out->buffer != in->buffer || out->begin >= in->end || in->begin >= out->end,
            TN_OVERLAP, "output and input overlap: describe an alias, or use a temporary");
  return TN_OK;
}

/* The views of a launch. Whether each [begin, end) lies in its buffer, and whose the buffer is, is
 * left to the caller, as with tnp_view_tensor. */
static inline tn_status tnp_view_launch(const tnp_signature* signature, const tn_launch* given,
                                        uint32_t alignment, int64_t limit, tnp_view* inputs,
                                        tnp_view* outputs, tn_error* error) {
  tn_launch launch;
  TNP_TAKE(launch, given);
  TNP_CHECK_AT("launch->input_count",
               launch.input_count == signature->input_count &&
                   launch.output_count == signature->output_count,
               TN_INVALID_ARGUMENT, "%zu inputs and %zu outputs: the kernel has %zu and %zu",
               launch.input_count, launch.output_count, signature->input_count,
               signature->output_count);
  if (launch.input_count > 0) TNP_NEED(launch.inputs);
  if (launch.output_count > 0) TNP_NEED(launch.outputs);
  for (size_t i = 0; i < launch.input_count; ++i)
    TNP_TRY(tnp_within(error,
                       tnp_view_tensor(&signature->inputs[i], launch.inputs[i], alignment, limit,
                                       &inputs[i], error),
                       "launch->inputs", i));
  for (size_t o = 0; o < launch.output_count; ++o) {
    const tnp_slot* slot = &signature->outputs[o];
    TNP_TRY(tnp_within(
        error, tnp_view_tensor(slot, launch.outputs[o], alignment, limit, &outputs[o], error),
        "launch->outputs", o));
    TNP_TRY(tnp_within(error, tnp_check_output(&outputs[o], error), "launch->outputs", o));
    for (size_t i = 0; i < launch.input_count; ++i) {
      const bool same = slot->alias != 0 && signature->inputs[i].alias == slot->alias;
      const bool alias = slot->alias == 1 + (int32_t)i || same;
      TNP_TRY(tnp_within(error, tnp_check_alias(&outputs[o], &inputs[i], alias, error),
                         "launch->outputs", o));
    }
    for (size_t i = 0; i < o; ++i)
      TNP_TRY(tnp_within(error, tnp_check_alias(&outputs[o], &outputs[i], false, error),
                         "launch->outputs", o));
  }
  return TN_OK;
}

/* The inputs of a launch whose outputs' dims are asked for: views of dims and types alone. */
static inline tn_status tnp_view_inputs(const tnp_signature* signature, const tn_launch* given,
                                        tnp_view* inputs, tn_error* error) {
  tn_launch launch;
  TNP_TAKE(launch, given);
  TNP_CHECK(launch.input_count == signature->input_count, TN_INVALID_ARGUMENT,
            "%zu inputs: the kernel has %zu", launch.input_count, signature->input_count);
  if (launch.input_count > 0) TNP_NEED(launch.inputs);
  for (size_t i = 0; i < launch.input_count; ++i)
    TNP_TRY(tnp_view_dims(&signature->inputs[i], launch.inputs[i], &inputs[i], error));
  return TN_OK;
}

/* The views of a reorder, which without tokens is a strided copy: one Identity, any dims. */
static inline tn_status tnp_view_reorder(const tn_tensor* dst, const tn_tensor* src,
                                         uint32_t alignment, int64_t limit, tnp_view* to,
                                         tnp_view* from, tn_error* error) {
  tnp_slot slot = {0};
  TNP_NEED(dst);
  TNP_NEED(src);
  const tn_argument any = {.struct_size = sizeof(any),
                           .kind = TN_ARGUMENT_DEVICE,
                           .dtype = dst->dtype,
                           .rank = dst->rank};
  TNP_TRY(tnp_describe(&any, &slot, error));
  TNP_TRY(tnp_view_tensor(&slot, dst, alignment, limit, to, error));
  memcpy(slot.dims, to->dims, sizeof(slot.dims));
  TNP_TRY(tnp_view_tensor(&slot, src, alignment, limit, from, error));
  TNP_TRY(tnp_check_output(to, error));
  return tnp_check_alias(to, from, false, error);
}

/* The dims that inputs broadcast to, in an output of `rank` dims. */
static inline tn_status tnp_broadcast_dims(const tnp_view* inputs, size_t count, int32_t rank,
                                           int64_t* dims, tn_error* error) {
  for (int32_t i = 0; i < rank; ++i) dims[i] = 1;
  for (size_t n = 0; n < count; ++n) {
    const int32_t shift = rank - inputs[n].rank;
    TNP_CHECK(shift >= 0, TN_INVALID_ARGUMENT, "input %zu has more dims than the output", n);
    for (int32_t i = shift; i < rank; ++i) {
      const int64_t dim = inputs[n].dims[i - shift];
      TNP_CHECK(dim == dims[i] || dim == 1 || dims[i] == 1, TN_INVALID_ARGUMENT,
                "input %zu has %lld for dim %d, another has %lld: they do not broadcast", n,
                (long long)dim, i, (long long)dims[i]);
      if (dim != 1) dims[i] = dim;
    }
  }
  return TN_OK;
}

/* Lays inputs over the output's dims, as ONNX broadcasts: repeated dims get stride 0. */
static inline tn_status tnp_broadcast(tnp_view* inputs, size_t count, const tnp_view* out,
                                      tn_error* error) {
  for (size_t n = 0; n < count; ++n) {
    tnp_view* in = &inputs[n];
    const int32_t shift = out->rank - in->rank;
    TNP_CHECK(shift >= 0, TN_INVALID_ARGUMENT, "input %zu has more dims than the output", n);
    for (int32_t i = out->rank; i-- > 0;) {
      const int64_t dim = i >= shift ? in->dims[i - shift] : 1;
      TNP_CHECK(dim == out->dims[i] || dim == 1, TN_INVALID_ARGUMENT,
                "input %zu has %lld where the output's dim %d is %lld: they must fit", n,
                (long long)dim, i, (long long)out->dims[i]);
      in->strides[i] = dim != 1 ? in->strides[i - shift] : 0;
      in->dims[i] = out->dims[i];
    }
    in->rank = out->rank;
  }
  return TN_OK;
}

/* What tells the dims of a kernel's only output, as many as its rank, by its inputs. */
typedef tn_status (*tnp_find_dims)(const tnp_signature* signature, const tnp_view* inputs,
                                   int64_t* dims, tn_error* error);

/* The kernel_output_dims of such a kernel, */
static inline tn_status tnp_output_dims(const tnp_signature* signature, tnp_find_dims find,
                                        const tn_launch* launch, int64_t* const* dims,
                                        tn_error* error) {
  tnp_view inputs[TNP_MAX_INPUTS];
  int64_t found[TN_MAX_RANK];
  TNP_NEED(dims);
  TNP_TRY(tnp_view_inputs(signature, launch, inputs, error));
  TNP_TRY(find(signature, inputs, found, error));
  for (int32_t i = 0; dims[0] != NULL && i < signature->outputs[0].rank; ++i) dims[0][i] = found[i];
  return TN_OK;
}

/* and the check of the output of a launch. */
static inline tn_status tnp_check_output_dims(const tnp_signature* signature, tnp_find_dims find,
                                              const tnp_view* inputs, const tnp_view* output,
                                              tn_error* error) {
  int64_t dims[TN_MAX_RANK];
  TNP_TRY(find(signature, inputs, dims, error));
  for (int32_t i = 0; i < output->rank; ++i)
    TNP_CHECK_AT("launch->outputs[0]->dims", dims[i] == output->dims[i], TN_INVALID_ARGUMENT,
                 "dim %d of the output is %lld, the inputs give %lld", i,
                 (long long)output->dims[i], (long long)dims[i]);
  return TN_OK;
}

/* Where the n-th element in row-major order lies, in bytes from element 0. Simple, not fast. */
static inline int64_t tnp_element(const tnp_view* view, int64_t n) {
  int64_t offset = 0;
  for (int32_t i = view->rank; i-- > 0; n /= view->dims[i])
    offset += n % view->dims[i] * view->strides[i];
  return offset;
}

/* The instance_device_count of a plugin with one device. */
static inline tn_status tnp_one_device(tn_instance* instance, size_t* count, tn_error* error) {
  (void)instance;
  TNP_NEED(count);
  *count = 1;
  return TN_OK;
}

/* The info of a buffer whose memory hosts may reach through map alone, save the kind that is always
 * coherent. */
static inline tn_status tnp_buffer_info(tn_buffer_kind kind, void* data, uint64_t size,
                                        tn_buffer_info* info, tn_error* error) {
  tn_buffer_info known = {.size = size, .kind = kind, .address = (uintptr_t)data};
  if (kind == TN_BUFFER_HOST_PINNED) {
    known.flags = TN_BUFFER_COHERENT;
    known.host_pointer = data;
  }
  return TNP_GIVE(info, known);
}

/* Fills memory of the host as stream_fill does. */
static inline tn_status tnp_fill(char* to, uint64_t size, const void* pattern, size_t pattern_size,
                                 tn_error* error) {
  TNP_TRY(tnp_check_pattern(pattern, pattern_size, size, error));
  for (uint64_t i = 0; i < size; i += pattern_size) memcpy(to + i, pattern, pattern_size);
  return TN_OK;
}

/* The kernel_workspace_size of a device whose kernels need none. */
static inline tn_status tnp_no_workspace(tn_kernel* kernel, const tn_launch* launch, uint64_t* size,
                                         tn_error* error) {
  (void)kernel;
  (void)launch;
  TNP_NEED(size);
  *size = 0;
  return TN_OK;
}

/* The bytes of a dense row-major tensor: the layout_size of a device that has no tokens. */
static inline tn_status tnp_strided_size(tn_device* device, tn_layout layout, tn_dtype dtype,
                                         int32_t rank, const int64_t* dims, uint64_t* size,
                                         tn_error* error) {
  uint64_t bits = tn_dtype_bits(dtype);
  (void)device;
  TNP_NEED(size);
  if (rank > 0) TNP_NEED(dims);
  TNP_CHECK_AT("dtype", bits != 0, TN_UNSUPPORTED, "element type %d is not known here", dtype);
  TNP_CHECK_AT("layout", layout == TN_LAYOUT_STRIDED, TN_INVALID_ARGUMENT,
               "layout %llu is no token of this device", (unsigned long long)layout);
  TNP_CHECK_AT("rank", rank >= 0 && rank <= TN_MAX_RANK, TN_INVALID_ARGUMENT,
               "rank %d: give 0 to %d", rank, TN_MAX_RANK);
  for (int32_t i = 0; i < rank; ++i) {
    TNP_CHECK_AT("dims",
                 dims[i] >= 0 && (dims[i] == 0 || bits <= (uint64_t)INT64_MAX / (uint64_t)dims[i]),
                 TN_OUT_OF_RANGE, "dim %d is %lld: negative or too large", i, (long long)dims[i]);
    bits *= (uint64_t)dims[i];
  }
  *size = (bits + 7) / 8;
  return TN_OK;
}

#endif /* TENON_PLUGIN_H_ */

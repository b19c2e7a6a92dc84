/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors, and structs that grow: what every function of a plugin in C begins with. See
 * tenon_plugin.h.
 */
#ifndef TENON_PLUGIN_ERROR_H_
#define TENON_PLUGIN_ERROR_H_

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenon/dtype.h"
#include "tenon/tenon.h"

/* mingw-w64 counts in its own printf, or in that of the C library of Windows. */
#if defined(__MINGW_PRINTF_FORMAT)
#define TNP_PRINTF_LIKE(text, first) __attribute__((format(__MINGW_PRINTF_FORMAT, text, first)))
#elif defined(__GNUC__)
#define TNP_PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#else
#define TNP_PRINTF_LIKE(text, first)
#endif

/* ---- Errors ---------------------------------------------------------------------------------- */

/* No struct is larger: its size was never set. */
enum { TNP_MAX_STRUCT = 65536 };

/* Copies a failure to the caller's error, which may be NULL, short or of a later version, and
 * returns its code. Nothing is written where its size cannot be. A failure whose code is TN_OK
 * leaves the error as it is. */
static inline tn_status tnp_give_error(tn_error* error, const tn_error* failure) {
  if (failure->code == TN_OK || error == NULL || error->struct_size <= sizeof(size_t) ||
      error->struct_size > TNP_MAX_STRUCT)
    return failure->code;
  const size_t size = error->struct_size < sizeof(*failure) ? error->struct_size : sizeof(*failure);
  memcpy((char*)error + sizeof(size_t), (const char*)failure + sizeof(size_t),
         size - sizeof(size_t));
  /* The texts stand last, so that at most the last one is cut. */
  if (size > offsetof(tn_error, rule)) ((char*)error)[size - 1] = '\0';
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
  TNP_CHECK_AT(argument,
               *size >= sizeof(*size) && *size <= TNP_MAX_STRUCT && *size % sizeof(*size) == 0,
               TN_INVALID_ARGUMENT, "%s: struct_size is %zu: set it to the sizeof of the struct",
               what, *size);
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

#endif /* TENON_PLUGIN_ERROR_H_ */

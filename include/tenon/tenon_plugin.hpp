// SPDX-License-Identifier: Apache-2.0
//
// tenon_plugin.hpp: what a plugin written in C++ wants. Header-only, C++17, links nothing.
//
//   tn_status TN_CALL buffer_create(tn_device* device, const tn_buffer_desc* given,
//                                   tn_buffer** buffer, tn_error* error) {
//     return plugin::guard(error, [&] {
//       plugin::clear(buffer);
//       const auto desc = plugin::read(given, "tn_buffer_desc");
//       if (desc.size > kLargest) {
//         plugin::fail(TN_OUT_OF_RANGE, "TN-buffer-002", "size %" PRIu64 " is too large",
//         desc.size);
//       }
//       *buffer = ...;
//     });
//   }
//
// Two styles: the throwing one above for functions that make things, and the plain one
// (set_error, read_struct, write_struct: statuses, no exceptions, no allocation) for hot paths.
#pragma once

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <type_traits>

#include "tenon/dtype.h"
#include "tenon/tenon.h"

#if defined(__MINGW_PRINTF_FORMAT) /* Its own printf, or that of the C library of Windows. */
#define TN_PRINTF_FORMAT __MINGW_PRINTF_FORMAT
#else
#define TN_PRINTF_FORMAT printf
#endif
#if defined(__GNUC__)
#define TN_PRINTF_LIKE(text, first) __attribute__((format(TN_PRINTF_FORMAT, text, first)))
#define TN_COLD __attribute__((cold)) /* Its callers' common paths are laid out without it. */
#else
#define TN_PRINTF_LIKE(text, first)
#define TN_COLD
#endif

namespace tenon::plugin {

// A struct_size beyond this is garbage (an uninitialised struct), not a later version.
inline constexpr size_t kMaxStructSize = 1u << 16;

// ---- Errors ------------------------------------------------------------------------------------

// Length of the longest prefix of `text` with at most `limit` bytes that does not cut a UTF-8
// character in two.
inline size_t truncate_utf8(const char* text, size_t limit) {
  size_t length = strnlen(text, limit + 1);
  if (length <= limit) return length;
  length = limit;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  return length;
}

// Copies `text` with a terminating zero into a field of `size` bytes, truncated.
inline void copy_text(char* field, size_t size, const char* text) {
  if (size == 0) return;
  const size_t length = truncate_utf8(text, size - 1);
  std::memmove(field, text, length);  // `text` may be the field itself.
  field[length] = '\0';
}
template <size_t size>
void copy_text(char (&field)[size], const char* text) {
  copy_text(field, size, text);
}

// Bytes of `error` that may be written in a field of `field_size` bytes at `offset`: those that
// both its caller and this header know.
inline size_t writable(const tn_error* error, size_t offset, size_t field_size) {
  if (error->struct_size <= offset || error->struct_size > kMaxStructSize) return 0;
  const size_t rest = error->struct_size - offset;
  return rest < field_size ? rest : field_size;
}

// Writes a number of the error where its caller has room for it.
template <class T>
void set_error_number(tn_error* error, T tn_error::* field, T value) {
  const auto offset = static_cast<size_t>(reinterpret_cast<const char*>(&(error->*field)) -
                                          reinterpret_cast<const char*>(error));
  if (writable(error, offset, sizeof(T)) == sizeof(T)) error->*field = value;
}

// Says which argument or field an error is about, "desc->inputs[1]->rank".
inline void set_error_argument(tn_error* error, const char* argument) {
  if (error == nullptr) return;
  copy_text(error->argument, writable(error, offsetof(tn_error, argument), sizeof(error->argument)),
            argument);
}

inline tn_status set_error_text(tn_error* error, tn_status status, const char* rule,
                                const char* message) {
  if (error == nullptr) return status;
  set_error_number(error, &tn_error::code, status);
  set_error_number(error, &tn_error::node, int32_t{0});
  set_error_number(error, &tn_error::vendor_code, int64_t{0});
  const size_t room = writable(error, offsetof(tn_error, rule), sizeof(error->rule));
  if (rule != nullptr) {
    copy_text(error->rule, room, rule);
  } else if (room != 0) {
    error->rule[0] = '\0';
  }
  if (writable(error, offsetof(tn_error, argument), 1) == 1) error->argument[0] = '\0';
  copy_text(error->message, writable(error, offsetof(tn_error, message), sizeof(error->message)),
            message);
  return status;
}

inline tn_status set_error_list(tn_error* error, tn_status status, const char* rule,
                                const char* format, va_list arguments) {
  if (error == nullptr) return status;  // The caller wants no text: do not format.
  char text[2 * sizeof(error->message)];
  std::vsnprintf(text, sizeof(text), format, arguments);
  return set_error_text(error, status, rule, text);
}

// An error of the vendor's own library, with what that answered.
inline tn_status set_vendor_error(tn_error* error, tn_status status, int64_t vendor_code,
                                  const char* message) {
  set_error_text(error, status, nullptr, message);
  if (error != nullptr) set_error_number(error, &tn_error::vendor_code, vendor_code);
  return status;
}

// Hands an error on to a caller, as much of it as that one has room for, and returns its code.
inline tn_status copy_error(tn_error* error, const tn_error& from) {
  if (error == nullptr) return from.code;
  set_error_text(error, from.code, from.rule, from.message);
  set_error_number(error, &tn_error::node, from.node);
  set_error_number(error, &tn_error::vendor_code, from.vendor_code);
  set_error_argument(error, from.argument);
  return from.code;
}

// Fills `error` (NULL: nothing) and returns `status`, so that a function can end with
//   return set_error(error, TN_OUT_OF_RANGE, "TN-buffer-004", "offset %llu ...", offset);
// `rule` may be NULL. Does not allocate.
TN_PRINTF_LIKE(4, 5)
TN_COLD inline tn_status set_error(tn_error* error, tn_status status, const char* rule,
                                   const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  set_error_list(error, status, rule, format, arguments);
  va_end(arguments);
  return status;
}

// ---- Exceptions --------------------------------------------------------------------------------

// A failure on its way to guard().
struct Failure : std::exception {
  tn_error error = TN_ERROR_INIT;
  const char* what() const noexcept override { return error.message; }
};

// Throws a Failure.
[[noreturn]] TN_PRINTF_LIKE(3, 4) inline void fail(tn_status status, const char* rule,
                                                   const char* format, ...) {
  Failure failure;
  va_list arguments;
  va_start(arguments, format);
  set_error_list(&failure.error, status, rule, format, arguments);
  va_end(arguments);
  throw failure;
}

// The same about an argument or field.
[[noreturn]] TN_PRINTF_LIKE(4, 5) inline void fail_at(const char* argument, tn_status status,
                                                      const char* rule, const char* format, ...) {
  Failure failure;
  va_list arguments;
  va_start(arguments, format);
  set_error_list(&failure.error, status, rule, format, arguments);
  va_end(arguments);
  set_error_argument(&failure.error, argument);
  throw failure;
}

// The status and error of the exception that is being handled; for catch blocks.
inline tn_status current_exception_to_error(tn_error* error) noexcept {
  try {
    throw;
  } catch (const Failure& failure) {
    return copy_error(error, failure.error);
  } catch (const std::bad_alloc&) {
    return set_error_text(error, TN_OUT_OF_MEMORY, "", "out of host memory");
  } catch (const std::exception& exception) {
    return set_error_text(error, TN_INTERNAL, "", exception.what());
  } catch (...) {
    return set_error_text(error, TN_INTERNAL, "", "an exception of unknown type");
  }
}

// Runs `body`, which returns nothing or a tn_status; exceptions become statuses, so that none
// crosses the boundary.
template <class Body>
tn_status guard(tn_error* error, Body&& body) noexcept {
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      return TN_OK;
    } else {
      return body();
    }
  } catch (...) {
    return current_exception_to_error(error);
  }
}

// ---- Structs of other sizes ---------------------------------------------------------------------

// The first byte of `from`, from `known` up to its struct_size, that is not zero; struct_size when
// there is none.
inline size_t first_unknown_byte(const void* from, size_t struct_size, size_t known) {
  const auto* bytes = static_cast<const unsigned char*>(from);
  for (size_t i = known; i < struct_size; ++i) {
    if (bytes[i] != 0) return i;
  }
  return struct_size;
}

// The parameter that a struct is handed over by, as tenon.h names them: "desc" for tn_buffer_desc,
// "launch" for tn_launch.
inline const char* parameter_of(const char* type) {
  const char* const word = std::strrchr(type, '_');
  return word != nullptr ? word + 1 : type;
}

// Whether a struct that begins with its size can have this one: whole words, so that no pointer in
// it is cut.
constexpr bool can_be_size(size_t size) {
  return size >= sizeof(size_t) && size <= kMaxStructSize && size % sizeof(size_t) == 0;
}

// Says that a struct is NULL or its size cannot be; TN_OK when it can be read or written.
inline tn_status check_struct(const void* given, const char* name, tn_error* error) {
  const char* const parameter = parameter_of(name);
  if (given == nullptr) {
    set_error(error, TN_INVALID_ARGUMENT, nullptr, "%s is NULL", name);
    set_error_argument(error, parameter);
    return TN_INVALID_ARGUMENT;
  }
  const size_t size = *static_cast<const size_t*>(given);
  if (can_be_size(size)) return TN_OK;
  set_error(error, TN_INVALID_ARGUMENT, nullptr, "%s: struct_size is %zu; set it to sizeof(%s)",
            name, size, name);
  char argument[sizeof(tn_error::argument)];
  std::snprintf(argument, sizeof(argument), "%s->struct_size", parameter);
  set_error_argument(error, argument);
  return TN_INVALID_ARGUMENT;
}

// Brings a struct of the caller's size to the size known here: fields the caller lacks are zero.
// `out->struct_size` becomes sizeof(T). Bytes beyond T that are not zero answer TN_UNSUPPORTED: a
// meaning that is not known here must not be ignored. `name` is for the message.
template <class T>
tn_status read_struct(const T* in, T* out, const char* name, tn_error* error) {
  static_assert(std::is_trivially_copyable_v<T> && offsetof(T, struct_size) == 0);
  *out = T{};
  out->struct_size = sizeof(T);
  const tn_status status = check_struct(in, name, error);
  if (status != TN_OK) return status;
  const size_t size = in->struct_size;
  if (const size_t byte = first_unknown_byte(in, size, sizeof(T)); byte < size) {
    set_error(error, TN_UNSUPPORTED, nullptr,
              "%s: a field beyond the %zu bytes known here is set (byte %zu)", name, sizeof(T),
              byte);
    set_error_argument(error, parameter_of(name));
    return TN_UNSUPPORTED;
  }
  std::memcpy(out, in, size < sizeof(T) ? size : sizeof(T));
  out->struct_size = sizeof(T);
  return TN_OK;
}

// The same where NULL stands for a struct of zeros (descriptions that "may be NULL").
template <class T>
tn_status read_optional_struct(const T* in, T* out, const char* name, tn_error* error) {
  if (in != nullptr) return read_struct(in, out, name, error);
  *out = T{};
  out->struct_size = sizeof(T);
  return TN_OK;
}

// Throwing forms, for use inside guard().
template <class T>
T read(const T* in, const char* name) {
  T out;
  Failure failure;
  if (read_struct(in, &out, name, &failure.error) != TN_OK) throw failure;
  return out;
}
template <class T>
T read_optional(const T* in, const char* name) {
  T out;
  Failure failure;
  if (read_optional_struct(in, &out, name, &failure.error) != TN_OK) throw failure;
  return out;
}

// What is known here of a host's services. A newer one has more, which takes nothing away: that is
// ignored. Throws when it is too small to say which ABI the host has.
inline tn_host read_host(const tn_host* in) {
  Failure failure;
  if (check_struct(in, "tn_host", &failure.error) != TN_OK) throw failure;
  const size_t size = in->struct_size;
  if (size < offsetof(tn_host, context)) {
    fail_at("host->struct_size", TN_INVALID_ARGUMENT, nullptr,
            "tn_host: struct_size is %zu: too small to say which ABI the host has", size);
  }
  tn_host out{};
  std::memcpy(&out, in, size < sizeof(out) ? size : sizeof(out));
  out.struct_size = sizeof(out);
  return out;
}

// Writes `value` to a caller's struct: as much as both know. The caller's struct_size stays, and so
// do the bytes beyond T.
template <class T>
tn_status write_struct(T* out, const T& value, const char* name, tn_error* error) {
  static_assert(std::is_trivially_copyable_v<T> && offsetof(T, struct_size) == 0);
  const tn_status status = check_struct(out, name, error);
  if (status != TN_OK) return status;
  const size_t size = out->struct_size;
  const size_t common = size < sizeof(T) ? size : sizeof(T);
  std::memcpy(reinterpret_cast<char*>(out) + sizeof(size_t),
              reinterpret_cast<const char*>(&value) + sizeof(size_t), common - sizeof(size_t));
  return TN_OK;
}
template <class T>
void write(T* out, const T& value, const char* name) {
  Failure failure;
  if (write_struct(out, value, name, &failure.error) != TN_OK) throw failure;
}

// ---- Handles -----------------------------------------------------------------------------------

// The plugin's object behind a handle. `Object` derives from tn_handle, alone and first, and has no
// virtual functions: then its first word is the dispatch pointer.
template <class Object, class Handle>
Object* object_of(Handle* handle) {
  static_assert(std::is_base_of_v<tn_handle, Object> && !std::is_polymorphic_v<Object>);
  return static_cast<Object*>(reinterpret_cast<tn_handle*>(handle));
}
template <class Handle, class Object>
Handle* handle_of(Object* object) {
  static_assert(std::is_base_of_v<tn_handle, Object> && !std::is_polymorphic_v<Object>);
  return reinterpret_cast<Handle*>(static_cast<tn_handle*>(object));
}

// Sets an output handle to NULL, as it must be when the function fails. Throws when the caller
// gave none; `name` is the parameter's.
template <class Handle>
void clear(Handle** handle, const char* name = "") {
  if (handle == nullptr) {
    fail_at(name, TN_INVALID_ARGUMENT, nullptr, "the output handle is NULL");
  }
  *handle = nullptr;
}

}  // namespace tenon::plugin

// SPDX-License-Identifier: Apache-2.0
//
// Errors: left blank, with the wrong code, without an end, too long, filled where all is well.
#include <atomic>

#include "conformance/mutants/liar.h"

namespace tenon::liar {
namespace {

// What becomes of the error after a fill, by its status.
template <auto spoil>
void spoil_fill(tn_dispatch& table) {
  table.stream_fill = [](tn_stream* stream, tn_buffer* dst, uint64_t offset, uint64_t size,
                         const void* pattern, size_t pattern_size, tn_error* error) {
    const tn_status status =
        sound().stream_fill(stream, dst, offset, size, pattern, pattern_size, error);
    if (error != nullptr) spoil(error, status);
    return status;
  };
}

}  // namespace

TN_LIAR(error_left_blank) {
  table.stream_fill = [](tn_stream* stream, tn_buffer* dst, uint64_t offset, uint64_t size,
                         const void* pattern, size_t pattern_size, tn_error*) {
    return sound().stream_fill(stream, dst, offset, size, pattern, pattern_size, nullptr);
  };
}

TN_LIAR(error_with_wrong_code) {
  spoil_fill<[](tn_error* error, tn_status status) {
    if (status != TN_OK && whole(error)) error->code = TN_INTERNAL;
  }>(table);
}

TN_LIAR(error_without_end) {
  spoil_fill<[](tn_error* error, tn_status status) {
    if (status != TN_OK && whole(error)) std::memset(error->message, 'x', sizeof(error->message));
  }>(table);
}

TN_LIAR(error_changes_its_size) {
  spoil_fill<[](tn_error* error, tn_status status) {
    if (status != TN_OK) error->struct_size = sizeof(tn_error) - 8;
  }>(table);
}

TN_LIAR(error_beyond_its_size) {
  spoil_fill<[](tn_error* error, tn_status status) {
    if (status != TN_OK && !whole(error)) error->message[sizeof(error->message) - 1] = '\0';
  }>(table);
}

TN_LIAR(error_with_success) {
  spoil_fill<[](tn_error* error, tn_status status) {
    if (status == TN_OK && whole(error)) std::strcpy(error->message, "all is well");
  }>(table);
}

TN_LIAR(error_is_needed) {
  table.stream_fill = [](tn_stream* stream, tn_buffer* dst, uint64_t offset, uint64_t size,
                         const void* pattern, size_t pattern_size, tn_error* error) -> tn_status {
    if (error == nullptr) return TN_INVALID_STATE;
    return sound().stream_fill(stream, dst, offset, size, pattern, pattern_size, error);
  };
}

TN_LIAR(error_with_not_ready) {
  table.event_query = [](tn_event* event, tn_error* error) {
    const tn_status status = sound().event_query(event, error);
    if (status != TN_NOT_READY) return status;
    return plugin::set_error(error, status, nullptr, "not yet");
  };
}

TN_LIAR(error_of_another_argument) {
  table.buffer_map = [](tn_buffer* buffer, uint64_t offset, uint64_t size, tn_access access,
                        void** pointer, tn_error* error) {
    const tn_status status = sound().buffer_map(buffer, offset, size, access, pointer, error);
    if (status != TN_OK) plugin::set_error_argument(error, "given->field");
    return status;
  };
}

TN_LIAR(status_of_no_class) {
  table.stream_copy = [](tn_stream* stream, tn_buffer* dst, uint64_t dst_offset, tn_buffer* src,
                         uint64_t src_offset, uint64_t size, tn_error* error) -> tn_status {
    const tn_status status =
        sound().stream_copy(stream, dst, dst_offset, src, src_offset, size, error);
    if (status == TN_OK) return status;
    return plugin::set_error(error, 0x9900 | (status & 0xff), nullptr, "an error of my own");
  };
}

}  // namespace tenon::liar

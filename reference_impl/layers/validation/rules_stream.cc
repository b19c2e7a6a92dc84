// SPDX-License-Identifier: Apache-2.0
//
// Streams: copies, and what waiting for them tells.
#include "reference_impl/layers/validation/foreign_memory.h"
#include "reference_impl/layers/validation/new_handle.h"
#include "reference_impl/layers/validation/promises.h"
#include "reference_impl/layers/validation/rules.h"
#include "reference_impl/layers/validation/tensors.h"
#include "tenon/cpp/error.hpp"

namespace tenon::layers::validation::rules {
namespace {

constexpr const char* kRange = "TN-stream-005";

// A status of the work itself; with others, nothing was waited for.
bool has_finished(tn_status status) {
  const tn_status kind = TN_STATUS_CLASS(status);
  return status != TN_NOT_READY && status != TN_FORKED && kind != TN_UNSUPPORTED;
}

tn_status waited(CheckedCall& call, tn_stream* stream, const Clock& before, tn_status status) {
  if (has_finished(status) && call.record<StreamRecord>(stream) != nullptr) {
    call.layer().finish(status == TN_OK, [&](Order& order) { order.finish(before); });
  }
  return status;
}

// What is queued on the stream now.
Clock position(CheckedCall& call, tn_stream* stream) {
  const auto record = call.record<StreamRecord>(stream);
  if (record == nullptr) return {};
  const std::lock_guard lock(call.layer().mutex);
  return call.layer().order.position(record->order);
}

// The error of a callback, as far as it can be read; says what is wrong with it, "" if nothing.
std::string copy_details(const tn_error& given, tn_status status, tn_error* told) {
  size_t size = 0;
  if (!copy_foreign(&size, &given, sizeof(size)) || size < sizeof(size) ||
      size > plugin::kMaxStructSize || !is_readable(&given, size)) {
    plugin::set_error(told, status, nullptr, "the plugin gave an error that cannot be read");
    return fmt::format("an error that cannot be read, or whose struct_size is {}", size);
  }
  std::memcpy(told, &given, std::min(size, sizeof(*told)));
  told->struct_size = sizeof(*told);
  std::string problem;
  if (told->code != status) problem = fmt::format("another code in its error, {:#x}", told->code);
  told->code = status;
  if (mend_text(told->rule) || mend_text(told->argument) || mend_text(told->message)) {
    problem = "an error whose texts do not end, or are not UTF-8";
  }
  return problem;
}

// What the plugin calls instead of the host's callback.
void TN_CALL run_callback(void* token, tn_status status, const tn_error* error) {
  constexpr const char* kFunction = "tn_stream_callback";
  Promise promise;
  if (!Promises::get().keep(token, kFunction, &promise)) return;
  Validation& layer = *promise.layer;
  layer.finish(status == TN_OK, [&](Order& order) { order.finish(promise.before); });
  const auto blame = [&](const char* rule, const std::string& what) {
    layer.report(TN_LOG_ERROR, rule, layer.of_plugin(kFunction, "called a callback " + what));
  };
  const bool has_name = is_known_status(status) || layer.plugin_is_newer();
  if (!has_name || TN_STATUS_CLASS(status) == TN_NOT_READY) {
    blame("TN-status-001", fmt::format("with {:#x}", static_cast<uint32_t>(status)));
    status = TN_INTERNAL;
  }
  tn_error told = TN_ERROR_INIT;
  if (status == TN_OK && error != nullptr) blame("TN-callback-001", "with TN_OK and an error");
  if (status == TN_OK) {
    error = nullptr;
  } else if (error == nullptr) {
    blame("TN-callback-003", "with a failure, but no error");
    plugin::set_error(&told, status, nullptr, "the plugin gave no error");
    error = &told;
  } else if (const std::string problem = copy_details(*error, status, &told); !problem.empty()) {
    blame("TN-callback-003", "with " + problem);
    error = &told;
  }
  const InCallback here;
  promise.callback(promise.user, status, error);
}

// Queues what `work` does, once its accesses have been found to be in order.
template <class Work>
tn_status queue(CheckedCall& call, tn_stream* stream, const std::vector<Access>& accesses,
                Work work) {
  if (!check_order(call, stream, accesses)) return call.status();
  const tn_status status = work();
  if (status == TN_OK) note_work(call, stream, accesses);
  return status;
}

// The stream waits for the event, if the plugin has said so.
tn_status waits(CheckedCall& call, tn_stream* stream, tn_event* event, tn_status status) {
  const auto waiting = call.record<StreamRecord>(stream);
  const auto record = call.record<EventRecord>(event);
  if (status == TN_OK && waiting != nullptr && record != nullptr) {
    const std::lock_guard lock(call.layer().mutex);
    call.layer().order.wait(waiting->order, record->recorded);
  }
  return status;
}

// Between buffers of one device or of two.
template <class Copy>
tn_status copy(CheckedCall& call, tn_stream* stream, tn_buffer* dst, uint64_t dst_offset,
               tn_buffer* src, uint64_t src_offset, uint64_t size, Copy below) {
  std::vector<Access> accesses;
  locate_range(call, dst, dst_offset, size, true, kRange, "dst", &accesses);
  locate_range(call, src, src_offset, size, false, kRange, "src", &accesses);
  if (!call.refused() && accesses.size() == 2 && overlap(accesses[0], accesses[1])) {
    call.refuse_at(
        "dst", TN_OVERLAP, "TN-stream-004",
        fmt::format("{} bytes at {} and at {} of one buffer overlap", size, dst_offset, src_offset),
        "copy through a temporary");
  }
  return queue(call, stream, accesses, below);
}

}  // namespace

tn_status stream_create(CheckedCall& call, tn_device* device, const tn_stream_desc* desc,
                        tn_stream** stream, tn_error* error) {
  const tn_status status = make_handle(
      call, stream, [&] { return call.below().stream_create(device, desc, stream, error); });
  if (status != TN_OK) return status;
  auto record = enter<StreamRecord>(call, *stream, "");
  {
    const std::lock_guard lock(call.layer().mutex);
    record->order = call.layer().order.add_stream();
  }
  Registry::get().add(std::move(record));
  return status;
}

void stream_destroy(CheckedCall& call, tn_stream* stream) {
  const auto record = call.record<StreamRecord>(stream);
  if (record == nullptr) return call.below().stream_destroy(stream);
  {
    const std::lock_guard lock(call.layer().mutex);
    call.layer().order.retire(record->order);
  }
  Registry::get().end(*record, call.function());
  call.layer().keep(record, 0, [below = &call.below(), stream] { below->stream_destroy(stream); });
}

tn_status stream_synchronize(CheckedCall& call, tn_stream* stream, tn_error* error) {
  const Clock before = position(call, stream);
  return waited(call, stream, before, call.below().stream_synchronize(stream, error));
}

tn_status stream_query(CheckedCall& call, tn_stream* stream, tn_error* error) {
  const Clock before = position(call, stream);
  return waited(call, stream, before, call.below().stream_query(stream, error));
}

tn_status stream_reset(CheckedCall& call, tn_stream* stream, tn_error* error) {
  const Clock before = position(call, stream);
  return waited(call, stream, before, call.below().stream_reset(stream, error));
}

tn_status stream_wait_event(CheckedCall& call, tn_stream* stream, tn_event* event,
                            const tn_wait_desc* desc, tn_error* error) {
  tn_wait_desc known{};
  if (desc != nullptr) call.read(desc, &known, "tn_wait_desc", Path("desc"));
  if (known.timeout != 0) {
    return call.refuse_at("desc->timeout", TN_UNSUPPORTED, "TN-event-010",
                          fmt::format("desc->timeout is {}", known.timeout),
                          "leave it 0; let the host wait with a limit");
  }
  return waits(call, stream, event, call.below().stream_wait_event(stream, event, desc, error));
}

tn_status peer_wait_event(CheckedCall& call, tn_stream* stream, tn_event* event, tn_error* error) {
  return waits(call, stream, event,
               call.extensions_below().peer.peer_wait_event(stream, event, error));
}

tn_status stream_callback(CheckedCall& call, tn_stream* stream, tn_callback callback, void* user,
                          tn_error* error) {
  // It may run, and end, before the call returns.
  void* const token = Promises::get().make({.function = call.function(),
                                            .rule = "TN-callback-001",
                                            .device = call.device(),
                                            .layer = &call.layer(),
                                            .user = user,
                                            .callback = callback,
                                            .before = position(call, stream)});
  const tn_status status = call.below().stream_callback(stream, run_callback, token, error);
  if (status != TN_OK) Promises::get().withdraw(token);  // Then it was not queued.
  return status;
}

tn_status stream_copy(CheckedCall& call, tn_stream* stream, tn_buffer* dst, uint64_t dst_offset,
                      tn_buffer* src, uint64_t src_offset, uint64_t size, tn_error* error) {
  return copy(call, stream, dst, dst_offset, src, src_offset, size, [&] {
    return call.below().stream_copy(stream, dst, dst_offset, src, src_offset, size, error);
  });
}

tn_status peer_copy(CheckedCall& call, tn_stream* stream, tn_buffer* dst, uint64_t dst_offset,
                    tn_buffer* src, uint64_t src_offset, uint64_t size, tn_error* error) {
  return copy(call, stream, dst, dst_offset, src, src_offset, size, [&] {
    return call.extensions_below().peer.peer_copy(stream, dst, dst_offset, src, src_offset, size,
                                                  error);
  });
}

tn_status stream_write(CheckedCall& call, tn_stream* stream, tn_buffer* dst, uint64_t dst_offset,
                       const void* src, uint64_t size, tn_error* error) {
  std::vector<Access> accesses;
  locate_range(call, dst, dst_offset, size, true, kRange, "dst", &accesses);
  return queue(call, stream, accesses, [&] {
    return call.below().stream_write(stream, dst, dst_offset, src, size, error);
  });
}

tn_status stream_read(CheckedCall& call, tn_stream* stream, void* dst, tn_buffer* src,
                      uint64_t src_offset, uint64_t size, tn_error* error) {
  std::vector<Access> accesses;
  locate_range(call, src, src_offset, size, false, kRange, "src", &accesses);
  return queue(call, stream, accesses,
               [&] { return call.below().stream_read(stream, dst, src, src_offset, size, error); });
}

tn_status stream_fill(CheckedCall& call, tn_stream* stream, tn_buffer* dst, uint64_t offset,
                      uint64_t size, const void* pattern, size_t pattern_size, tn_error* error) {
  if (pattern_size == 0 || pattern_size > 16 || (pattern_size & (pattern_size - 1)) != 0 ||
      size % pattern_size != 0) {
    return call.refuse_at("pattern_size", TN_INVALID_ARGUMENT, "TN-stream-007",
                          fmt::format("size is {} and pattern_size {}", size, pattern_size),
                          "give a pattern of 1, 2, 4, 8 or 16 bytes and a multiple of it as size");
  }
  std::vector<Access> accesses;
  locate_range(call, dst, offset, size, true, kRange, "dst", &accesses);
  return queue(call, stream, accesses, [&] {
    return call.below().stream_fill(stream, dst, offset, size, pattern, pattern_size, error);
  });
}

tn_status stream_reorder(CheckedCall& call, tn_stream* stream, const tn_tensor* dst,
                         const tn_tensor* src, tn_error* error) {
  std::vector<Access> accesses;
  locate_tensor(call, *dst, true, Path("dst"), &accesses);
  locate_tensor(call, *src, false, Path("src"), &accesses);
  if (!call.refused() && accesses.size() == 2 && overlap(accesses[0], accesses[1])) {
    call.refuse_at("dst", TN_OVERLAP, "TN-stream-004", "dst and src overlap",
                   "reorder through a temporary");
  }
  return queue(call, stream, accesses,
               [&] { return call.below().stream_reorder(stream, dst, src, error); });
}

}  // namespace tenon::layers::validation::rules

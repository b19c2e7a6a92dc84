// SPDX-License-Identifier: Apache-2.0
//
// What the trace layer knows beyond single calls: names of kernels, live bytes, and when queued
// work ran. The last it learns from a callback behind each piece of work, which the plugin calls
// when the work has finished; a span begins when the work was queued or the one before it ended.
#include "reference_impl/layers/trace/hooks.h"

#include <fmt/format.h>

namespace tenon::layers::trace::hooks {
namespace {

struct Queued {
  std::shared_ptr<TraceFile> file;
  std::shared_ptr<Track> track;
  std::string name;
  double queued;
};

void TN_CALL work_ended(void* user, tn_status status, const tn_error*) {
  const std::unique_ptr<Queued> work(static_cast<Queued*>(user));
  const double end = work->file->now();
  double begin;
  {
    const std::lock_guard lock(work->track->mutex);
    begin = std::max(work->queued, work->track->free_since);
    work->track->free_since = end;
  }
  const bool failed = status != TN_OK;
  work->file->add(event(work->name.c_str(), "work", work->track->number, begin, end,
                        failed ? fmt::format(R"({{"status":{}}})", status) : "{}"));
}

void queued(Span& span, tn_status status, tn_stream* stream, const std::string& name) {
  if (status != TN_OK) return;
  std::shared_ptr<Track> track;
  {
    const std::lock_guard lock(span.layer().mutex);
    const auto found = span.layer().streams.find(stream);
    if (found == span.layer().streams.end()) return;
    track = found->second;
  }
  auto* work = new Queued{span.layer().file(), track, name, span.begin()};
  if (span.below().stream_callback(stream, work_ended, work, nullptr) != TN_OK) delete work;
}

void made(Span& span, tn_status status, tn_device* device, tn_buffer* const* buffer,
          uint64_t size) {
  if (status != TN_OK) return;
  const auto bytes = static_cast<int64_t>(size);
  {
    const std::lock_guard lock(span.layer().mutex);
    span.layer().buffers[*buffer] = {device, bytes};
  }
  span.layer().count_bytes(device, bytes);
}

}  // namespace

void device_open(Span& span, tn_status status, tn_instance*, size_t, const tn_device_desc*,
                 tn_device** device) {
  if (status == TN_OK) span.layer().count_bytes(*device, 0);
}

void device_close(Span& span, tn_device*) { span.layer().file()->flush(); }

void buffer_create(Span& span, tn_status status, tn_device* device, const tn_buffer_desc* desc,
                   tn_buffer** buffer) {
  if (status == TN_OK) made(span, status, device, buffer, known_part(*desc).size);
}

void buffer_import(Span& span, tn_status status, tn_device* device, const tn_import_desc* desc,
                   tn_buffer** buffer) {
  if (status == TN_OK) made(span, status, device, buffer, known_part(*desc).size);
}

void buffer_destroy(Span& span, tn_buffer* buffer, tn_stream*) {
  Trace::Buffer gone;
  {
    const std::lock_guard lock(span.layer().mutex);
    const auto found = span.layer().buffers.find(buffer);
    if (found == span.layer().buffers.end()) return;
    gone = found->second;
    span.layer().buffers.erase(found);
  }
  span.layer().count_bytes(gone.device, -gone.size);
}

void stream_create(Span& span, tn_status status, tn_device*, const tn_stream_desc*,
                   tn_stream** stream) {
  if (status != TN_OK) return;
  auto track = std::make_shared<Track>();
  track->number = span.layer().add_row(fmt::format("stream {}", static_cast<void*>(*stream)));
  const std::lock_guard lock(span.layer().mutex);
  span.layer().streams[*stream] = std::move(track);
}

void stream_destroy(Span& span, tn_stream* stream) {
  const std::lock_guard lock(span.layer().mutex);
  span.layer().streams.erase(stream);
}

void stream_copy(Span& span, tn_status status, tn_stream* stream, tn_buffer*, uint64_t, tn_buffer*,
                 uint64_t, uint64_t size) {
  queued(span, status, stream, fmt::format("copy {} bytes", size));
}

void stream_write(Span& span, tn_status status, tn_stream* stream, tn_buffer*, uint64_t,
                  const void*, uint64_t size) {
  queued(span, status, stream, fmt::format("write {} bytes", size));
}

void stream_read(Span& span, tn_status status, tn_stream* stream, void*, tn_buffer*, uint64_t,
                 uint64_t size) {
  queued(span, status, stream, fmt::format("read {} bytes", size));
}

void stream_fill(Span& span, tn_status status, tn_stream* stream, tn_buffer*, uint64_t,
                 uint64_t size, const void*, size_t) {
  queued(span, status, stream, fmt::format("fill {} bytes", size));
}

void stream_reorder(Span& span, tn_status status, tn_stream* stream, const tn_tensor*,
                    const tn_tensor*) {
  queued(span, status, stream, "reorder");
}

void peer_copy(Span& span, tn_status status, tn_stream* stream, tn_buffer*, uint64_t, tn_buffer*,
               uint64_t, uint64_t size) {
  queued(span, status, stream, fmt::format("copy {} bytes between devices", size));
}

void kernel_create(Span& span, tn_status status, tn_device*, const tn_kernel_desc* desc,
                   tn_kernel** kernel) {
  if (desc == nullptr) return;
  const tn_kernel_desc known = known_part(*desc);
  const bool onnx = known.domain == nullptr || *known.domain == '\0';
  const std::string name = std::string(onnx ? "" : known.domain) + (onnx ? "" : ".") +
                           (known.name != nullptr ? known.name : "");
  span.about(name);
  if (status != TN_OK) return;
  const std::lock_guard lock(span.layer().mutex);
  span.layer().kernels[*kernel] = name;
}

void kernel_destroy(Span& span, tn_kernel* kernel) {
  const std::lock_guard lock(span.layer().mutex);
  span.layer().kernels.erase(kernel);
}

void kernel_launch(Span& span, tn_status status, tn_kernel* kernel, tn_stream* stream,
                   const tn_launch*) {
  std::string name = "kernel";
  {
    const std::lock_guard lock(span.layer().mutex);
    const auto found = span.layer().kernels.find(kernel);
    if (found != span.layer().kernels.end()) name = found->second;
  }
  span.about(name);
  queued(span, status, stream, name);
}

}  // namespace tenon::layers::trace::hooks

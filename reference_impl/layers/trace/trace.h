// SPDX-License-Identifier: Apache-2.0
//
// The trace layer of one instance: the file, the names of kernels, live bytes by device.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "reference_impl/layers/layer.h"
#include "reference_impl/layers/trace/trace_file.h"

namespace tenon::layers::trace {

// The layer, with its functions put into `table`. Throws plugin::Failure when the file cannot be
// made.
std::unique_ptr<Layer> make(const Surroundings& surroundings, tn_dispatch* table);

// The generated functions (printers.cc).
void insert_printers(tn_dispatch* table);
void insert_printers(Extensions* tables);

// What a stream did last, shared with the callbacks that are queued on it.
struct Track {
  int number;  // Its row in the trace.
  std::mutex mutex;
  double free_since = 0;  // When its last work ended.
};

class Trace : public Layer {
 public:
  Trace(const Surroundings& surroundings, tn_dispatch* table);
  ~Trace() override;

  static Trace& of(const void* handle) { return static_cast<Trace&>(*layered(handle).trace); }

  const std::shared_ptr<TraceFile>& file() const { return file_; }
  // A row of its own in the viewer.
  int add_row(const std::string& name);
  // Live bytes of a device's buffers, as a counter.
  void count_bytes(const void* device, int64_t change);

  std::mutex mutex;  // Guards what follows.
  std::unordered_map<const void*, std::string> kernels;
  std::unordered_map<const void*, std::shared_ptr<Track>> streams;
  struct Buffer {
    const void* device;
    int64_t size;
  };
  std::unordered_map<const void*, Buffer> buffers;

 private:
  void replace(Extensions* tables) const override { insert_printers(tables); }

  const std::string plugin_;
  const std::shared_ptr<TraceFile> file_;
  std::unordered_map<const void*, int64_t> live_bytes_;
};

}  // namespace tenon::layers::trace

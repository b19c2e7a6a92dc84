// SPDX-License-Identifier: Apache-2.0
//
// A file of trace events as Chrome and Perfetto read it. After every write it is whole JSON: the
// closing brackets are written with each batch, and the next one is written over them. So a process
// that ends abruptly loses the last batch at most.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace tenon::layers::trace {

class TraceFile {
 public:
  // The file at this path; one for all loaders of the process. Throws plugin::Failure when it
  // cannot be made.
  static std::shared_ptr<TraceFile> open(const std::string& path);
  explicit TraceFile(const std::string& path);
  ~TraceFile();
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  // Microseconds since the file was opened, as the format wants them.
  double now() const;

  // One event, an object without the comma. Written at once when the last write was long ago.
  void add(const std::string& event);
  void flush();

  // A number for the calling thread, named in the file when it is seen first.
  int thread();

 private:
  void write();

  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const int64_t process_;
  int file_ = -1;
  std::mutex mutex_;
  std::string batch_;
  int64_t end_ = 0;  // Where the closing brackets stand.
  bool empty_ = true;
  std::chrono::steady_clock::time_point written_ = start_;
};

}  // namespace tenon::layers::trace

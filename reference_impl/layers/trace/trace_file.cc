// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/trace/trace_file.h"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>

#include "reference_impl/platform/platform.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::layers::trace {
namespace {

constexpr std::string_view kHead = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
constexpr std::string_view kTail = "\n]}\n";
constexpr size_t kBatch = 64 << 10;
constexpr std::chrono::milliseconds kPause{50};

// Never destroyed: files may be opened, and are flushed, while the process ends.
struct Files {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<TraceFile>> by_path;

  static Files& of_process() {
    static Files* const files = new Files;
    return *files;
  }
};

// Hosts need not destroy their loaders (Python's are for the process): what is still in memory when
// it ends is written then.
void flush_at_exit() {
  Files& files = Files::of_process();
  const std::lock_guard lock(files.mutex);
  for (const auto& [path, known] : files.by_path) {
    if (const std::shared_ptr<TraceFile> file = known.lock()) file->flush();
  }
}

}  // namespace

std::shared_ptr<TraceFile> TraceFile::open(const std::string& path) {
  [[maybe_unused]] static const int registered = std::atexit(flush_at_exit);
  Files& files = Files::of_process();
  const std::lock_guard lock(files.mutex);
  std::weak_ptr<TraceFile>& known = files.by_path[path];
  std::shared_ptr<TraceFile> file = known.lock();
  if (file == nullptr) known = file = std::make_shared<TraceFile>(path);
  return file;
}

TraceFile::TraceFile(const std::string& path) : process_(platform::process_id()) {
  file_ = platform::create_file(path.c_str());
  if (file_ < 0) {
    plugin::fail(TN_INVALID_ARGUMENT, nullptr,
                 "the trace cannot be written to '%s': %s; set TENON_TRACE_FILE to a file that can "
                 "be",
                 path.c_str(), std::strerror(errno));
  }
  batch_ = kHead;
  write();
}

TraceFile::~TraceFile() {
  flush();
  platform::close_file(file_);
}

double TraceFile::now() const {
  const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start_;
  return time.count();
}

void TraceFile::add(const std::string& event) {
  const std::lock_guard lock(mutex_);
  if (!empty_) batch_ += ",\n";
  empty_ = false;
  batch_ += event;
  if (batch_.size() >= kBatch || std::chrono::steady_clock::now() - written_ >= kPause) write();
}

void TraceFile::flush() {
  const std::lock_guard lock(mutex_);
  if (!batch_.empty()) write();
}

void TraceFile::write() {
  written_ = std::chrono::steady_clock::now();
  if (platform::process_id() != process_)
    return batch_.clear();  // A forked child: the file is the parent's.
  const auto size = static_cast<int64_t>(batch_.size());
  batch_ += kTail;
  // What cannot be written, a full disk say, is left out of the trace: it must not fail the
  // program.
  const int64_t written =
      platform::write_at(file_, batch_.data(), batch_.size(), static_cast<uint64_t>(end_));
  if (written == static_cast<int64_t>(batch_.size())) end_ += size;
  batch_.clear();
}

int TraceFile::thread() {
  static std::atomic<int> last{0};
  thread_local const int number = ++last;
  return number;
}

}  // namespace tenon::layers::trace

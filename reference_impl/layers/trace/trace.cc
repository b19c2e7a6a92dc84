// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/trace/trace.h"

#include <fmt/format.h>

#include <atomic>

#include "reference_impl/layers/trace/json.h"
#include "reference_impl/platform/platform.h"

namespace tenon::layers::trace {
namespace {

// Rows of streams, above those of threads.
constexpr int kFirstRow = 1000;

std::string quoted(const std::string& text) {
  std::string out;
  Json(out).text(text.c_str());
  return out;
}

std::string path_of(const Surroundings& surroundings) {
  if (!surroundings.trace_file.empty()) return surroundings.trace_file;
  return fmt::format("tenon-trace-{}.json", platform::process_id());
}

}  // namespace

std::unique_ptr<Layer> make(const Surroundings& surroundings, tn_dispatch* table) {
  return std::make_unique<Trace>(surroundings, table);
}

Trace::Trace(const Surroundings& surroundings, tn_dispatch* table)
    : Layer(*table), plugin_(surroundings.plugin), file_(TraceFile::open(path_of(surroundings))) {
  insert_printers(table);
}

Trace::~Trace() { file_->flush(); }

int Trace::add_row(const std::string& name) {
  static std::atomic<int> last{kFirstRow};
  const int row = ++last;
  file_->add(
      fmt::format(R"({{"ph":"M","pid":{},"tid":{},"name":"thread_name","args":{{"name":{}}}}})",
                  platform::process_id(), row, quoted(plugin_ + " " + name)));
  return row;
}

void Trace::count_bytes(const void* device, int64_t change) {
  int64_t bytes;
  {
    const std::lock_guard lock(mutex);
    bytes = live_bytes_[device] += change;
  }
  file_->add(fmt::format(R"({{"ph":"C","pid":{},"ts":{:.3f},"name":{},"args":{{"live":{}}}}})",
                         platform::process_id(), file_->now(),
                         quoted(fmt::format("{} bytes {}", plugin_, device)), bytes));
}

}  // namespace tenon::layers::trace

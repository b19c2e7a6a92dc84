// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/served.h"

#include <deque>
#include <mutex>

namespace tenon::device {
namespace {

struct Counts {
  std::mutex mutex;
  std::deque<ServedCount> rows;  // Which never move.
};

Counts& counts() {
  static auto* all = new Counts;
  return *all;
}

size_t TN_CALL count() {
  const std::lock_guard lock(counts().mutex);
  return counts().rows.size();
}

const char* TN_CALL row(size_t index, uint64_t* own, uint64_t* behind) {
  const std::lock_guard lock(counts().mutex);
  if (index >= counts().rows.size()) return nullptr;
  const ServedCount& at = counts().rows[index];
  *own = at.own.load(std::memory_order_relaxed);
  *behind = at.behind.load(std::memory_order_relaxed);
  return at.name.c_str();
}

}  // namespace

ServedCount* served_count(const std::string& operator_name) {
  const std::lock_guard lock(counts().mutex);
  for (ServedCount& one : counts().rows) {
    if (one.name == operator_name) return &one;
  }
  ServedCount& made = counts().rows.emplace_back();
  made.name = operator_name;
  return &made;
}

const ServedTable& served_table() {
  static constexpr ServedTable kTable{sizeof(kTable), count, row};
  return kTable;
}

}  // namespace tenon::device

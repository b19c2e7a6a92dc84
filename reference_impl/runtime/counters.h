// SPDX-License-Identifier: Apache-2.0
//
// Where the launches of each operator went.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "runtime/device.h"
#include "runtime/registry.h"

namespace tenon::runtime {

struct OperatorCounter {
  std::atomic<uint64_t> device{0};
  std::atomic<uint64_t> decomposed{0};
  std::atomic<uint64_t> fallback{0};
  std::atomic<uint64_t> copies{0};
  std::atomic<bool> warned{false};
};

// One more; counters are only ever summed, so no order is needed.
inline void increment(std::atomic<uint64_t>& counter, uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

class OperatorCounters {
 public:
  OperatorCounters() : counters_(new OperatorCounter[operators().size()]) {}

  OperatorCounter& operator[](const Operation& operation) { return counters_[operation.index()]; }

  std::vector<OperatorCount> list() const {
    std::vector<OperatorCount> rows;
    for (size_t i = 0; i < operators().size(); ++i) {
      const OperatorCounter& from = counters_[i];
      OperatorCount row{std::string(operators()[i].full_name), from.device.load(),
                        from.decomposed.load(), from.fallback.load(), from.copies.load()};
      if (row.device + row.decomposed + row.fallback + row.copies != 0) rows.push_back(row);
    }
    return rows;
  }
  void reset() {
    for (size_t i = 0; i < operators().size(); ++i) {
      OperatorCounter& counter = counters_[i];
      for (auto* value :
           {&counter.device, &counter.decomposed, &counter.fallback, &counter.copies}) {
        value->store(0);
      }
    }
  }

 private:
  const std::unique_ptr<OperatorCounter[]> counters_;
};

}  // namespace tenon::runtime

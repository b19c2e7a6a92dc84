// SPDX-License-Identifier: Apache-2.0
//
// The operators of a platform, for hosts that ask.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <span>
#include <vector>

#include "tenon/device/platform.h"

namespace tenon::device {

// The families' rows in the ABI's form. Rows of one operator are one, with the element types of
// all.
class OperatorTable {
 public:
  explicit OperatorTable(const Platform& platform);
  std::span<const tn_operator_entry> rows() const { return rows_; }

 private:
  struct Merged {
    const OperatorEntry* entry;
    uint64_t dtypes;
    uint64_t limited_dtypes;  // 0: no other constraint is limited.
  };

  void add(const OperatorEntry& entry);
  void show(const Merged& row);
  tn_type_list list(const char* constraint, uint64_t bits);

  std::vector<Merged> merged_;
  std::map<uint64_t, std::vector<tn_dtype>> dtypes_;  // By the set as bits.
  std::deque<std::array<tn_type_list, 2>> lists_;
  std::vector<tn_operator_entry> rows_;
};

}  // namespace tenon::device

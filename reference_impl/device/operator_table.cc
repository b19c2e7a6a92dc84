// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/operator_table.h"

#include <cstring>

namespace tenon::device {

OperatorTable::OperatorTable(const Platform& platform) {
  for (const auto& families : {platform.families, platform.behind}) {
    for (const Family& family : families) {
      for (const OperatorEntry& entry : family.operators()) add(entry);
    }
  }
  for (const Merged& row : merged_) show(row);
}

void OperatorTable::add(const OperatorEntry& entry) {
  const uint64_t dtypes = entry.dtypes & entry.allowed;
  if (dtypes == 0) return;
  for (Merged& row : merged_) {
    if (row.entry->version == entry.version && std::strcmp(row.entry->name, entry.name) == 0 &&
        std::strcmp(row.entry->domain, entry.domain) == 0) {
      row.dtypes |= dtypes;
      return;
    }
  }
  merged_.push_back({&entry, dtypes});
}

void OperatorTable::show(const Merged& row) {
  std::vector<tn_dtype>& dtypes = dtypes_[row.dtypes];
  if (dtypes.empty()) {
    for (tn_dtype dtype = 0; dtype < 64; ++dtype) {
      if ((row.dtypes >> dtype & 1) != 0) dtypes.push_back(dtype);
    }
  }
  const OperatorEntry& entry = *row.entry;
  const tn_type_list one{entry.constraint, dtypes.data(), dtypes.size()};
  // A device casts to what it casts from; of a constraint that is not listed it would take all.
  const bool casts = std::strcmp(entry.name, "Cast") == 0 && entry.domain[0] == '\0';
  const auto& types = lists_.emplace_back(std::array{one, one});
  tn_type_list& second = lists_.back()[1];
  second.constraint = "T2";
  rows_.push_back({sizeof(tn_operator_entry), entry.domain, entry.name, entry.version,
                   entry.revision, types.data(), casts ? 2u : 1u});
}

}  // namespace tenon::device

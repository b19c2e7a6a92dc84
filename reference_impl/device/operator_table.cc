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
      // One that takes all of the version serves what another family does not.
      row.limited_dtypes = entry.limited != nullptr && row.entry->limited != nullptr
                               ? row.limited_dtypes | entry.limited_dtypes
                               : 0;
      return;
    }
  }
  merged_.push_back({&entry, dtypes, entry.limited_dtypes});
}

tn_type_list OperatorTable::list(const char* constraint, uint64_t bits) {
  std::vector<tn_dtype>& dtypes = dtypes_[bits];
  if (dtypes.empty()) {
    for (tn_dtype dtype = 0; dtype < 64; ++dtype) {
      if ((bits >> dtype & 1) != 0) dtypes.push_back(dtype);
    }
  }
  return {constraint, dtypes.data(), dtypes.size()};
}

void OperatorTable::show(const Merged& row) {
  const OperatorEntry& entry = *row.entry;
  std::array<tn_type_list, 2>& types = lists_.emplace_back();
  size_t count = 0;
  types[count++] = list(entry.constraint, row.dtypes);
  // A device casts to what it casts from; of a constraint that is not listed it would take all.
  const bool casts = std::strcmp(entry.name, "Cast") == 0 && entry.domain[0] == '\0';
  if (casts) types[count++] = list("T2", row.dtypes);
  if (row.limited_dtypes != 0) types[count++] = list(entry.limited, row.limited_dtypes);
  rows_.push_back({sizeof(tn_operator_entry), entry.domain, entry.name, entry.version,
                   entry.revision, types.data(), count});
}

}  // namespace tenon::device

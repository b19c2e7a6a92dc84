// SPDX-License-Identifier: Apache-2.0
//
// Whose kernels took the launches of each operator, on a plugin that has the reference device's
// behind its own. Of the whole process, and never reset.
#pragma once

#include <atomic>
#include <string>

#include "tenon/tenon.h"

namespace tenon::device {

struct ServedCount {
  std::string name;  // "Add", "tenon.Fill"
  std::atomic<uint64_t> own{0};
  std::atomic<uint64_t> behind{0};
};

// Kept for ever.
ServedCount* served_count(const std::string& operator_name);

// The plugin's own extension "tenon.served", version 1, for hosts that ask (tn_instance_extension).
// Rows are kept: they grow in number and change in value alone. Any thread.
inline constexpr char kServedExtension[] = "tenon.served";
inline constexpr uint32_t kServedVersion = 1;
struct ServedTable {
  size_t struct_size;
  size_t(TN_CALL* count)();
  // Returns the operator's name, or NULL behind the last row.
  const char*(TN_CALL* row)(size_t index, uint64_t* own, uint64_t* behind);
};
const ServedTable& served_table();

}  // namespace tenon::device

// SPDX-License-Identifier: Apache-2.0
#include "suite/table.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "tenon/dtype.h"

namespace tenon::conformance {
namespace {

constexpr size_t kMostRows = 100000;
constexpr size_t kMostTypes = 64;  // Constraints of one row, and types of one constraint.
constexpr size_t kLongestText = 128;
constexpr size_t kSmallestRow = offsetof(tn_operator_entry, type_count) + sizeof(size_t);

// What is wrong with a text of the plugin; nothing when it is a name, or empty where it may be.
std::optional<std::string> fault_of(const char* text, const char* what, bool may_be_empty) {
  if (text == nullptr) return std::string(what) + " is NULL";
  const size_t size = strnlen(text, kLongestText + 1);
  if (size > kLongestText) {
    return std::string(what) + " has no end within " + std::to_string(kLongestText) + " bytes";
  }
  if (size == 0 && !may_be_empty) return std::string(what) + " is empty";
  for (size_t i = 0; i < size; ++i) {
    const char c = text[i];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '.';
    if (!plain) {
      return std::string(what) + " has the byte " + std::to_string(static_cast<unsigned char>(c)) +
             ", which no name has: letters, digits, '_' and '.'";
    }
  }
  return std::nullopt;
}

std::string check_types(const tn_operator_entry& row, OperatorRow& copy) {
  if (row.type_count == 0) return "lists no element types";
  if (row.type_count > kMostTypes) {
    return "says that it has " + std::to_string(row.type_count) + " type constraints";
  }
  if (row.types == nullptr) return "has its types at NULL";
  for (size_t i = 0; i < row.type_count; ++i) {
    const tn_type_list& list = row.types[i];
    const std::string what = "types[" + std::to_string(i) + "]";
    if (const auto fault = fault_of(list.constraint, (what + ".constraint").c_str(), false)) {
      return *fault;
    }
    if (list.count == 0 || list.count > kMostTypes || list.dtypes == nullptr) {
      return what + " lists " + std::to_string(list.count) + " types" +
             (list.dtypes == nullptr ? " at NULL" : "");
    }
    TypeSet set{list.constraint, 0};
    for (size_t j = 0; j < list.count; ++j) {
      const tn_dtype dtype = list.dtypes[j];
      if (dtype <= TN_DTYPE_UNDEFINED || dtype >= 64 || tn_dtype_bits(dtype) == 0) {
        return what + " lists " + std::to_string(dtype) + ", which is no element type";
      }
      set.dtypes |= uint64_t{1} << dtype;
    }
    copy.types.push_back(std::move(set));
  }
  return "";
}

// What is wrong with a row, or an empty text: then it has been copied.
std::string check_row(const tn_operator_entry& row, size_t stride, OperatorRow& copy) {
  if (row.struct_size < kSmallestRow || row.struct_size > stride) {
    return "says struct_size = " + std::to_string(row.struct_size) + " in rows that are " +
           std::to_string(stride) + " bytes apart";
  }
  if (const auto fault = fault_of(row.name, "its name", false)) return *fault;
  if (const auto fault = fault_of(row.domain, "its domain", true)) return *fault;
  if (row.version <= 0) return "says version " + std::to_string(row.version);
  if (row.revision < 0) return "says revision " + std::to_string(row.revision);
  copy = {row.domain, row.name, row.version, row.revision, {}};
  return check_types(row, copy);
}

std::string check_head(const tn_operator_table& table) {
  if (table.struct_size != sizeof(table)) {
    return "device_get_operators wrote struct_size of the caller's tn_operator_table";
  }
  if (table.count == 0) return "the table of operators is empty";
  if (table.first == nullptr) {
    return "the table of operators says that it has " + std::to_string(table.count) +
           " rows, and is NULL";
  }
  if (table.count > kMostRows) {
    return "the table of operators says that it has " + std::to_string(table.count) + " rows";
  }
  if (table.stride < kSmallestRow || table.stride > 65536 ||
      table.stride % alignof(tn_operator_entry) != 0) {
    return "the table of operators says that its rows are " + std::to_string(table.stride) +
           " bytes apart: set stride to sizeof(tn_operator_entry)";
  }
  return "";
}

}  // namespace

Table read_table(const tn_operator_table& table) {
  Table read;
  if (std::string problem = check_head(table); !problem.empty()) {
    read.problems.push_back(std::move(problem));
    return read;
  }
  const auto* bytes = reinterpret_cast<const char*>(table.first);
  for (size_t i = 0; i < table.count; ++i, bytes += table.stride) {
    tn_operator_entry row{};
    std::memcpy(&row, bytes, std::min(table.stride, sizeof(row)));
    OperatorRow copy;
    if (const std::string problem = check_row(row, table.stride, copy); problem.empty()) {
      read.rows.push_back(std::move(copy));
    } else {
      read.problems.push_back("row " + std::to_string(i) + " of the table of operators" +
                              (copy.name.empty() ? "" : " (" + copy.name + ")") + ": " + problem);
    }
  }
  return read;
}

}  // namespace tenon::conformance

// SPDX-License-Identifier: Apache-2.0
//
// Reads a device's table of operators as what it is: something that a plugin wrote. Nothing in it
// is believed; what is wrong becomes a sentence, and rows that are not whole are left out.
#pragma once

#include <string>
#include <vector>

#include "suite/subject.h"

namespace tenon::conformance {

struct Table {
  std::vector<OperatorRow> rows;
  std::vector<std::string> problems;  // In the order of the rows; the first of a row's.
};

Table read_table(const tn_operator_table& table);

}  // namespace tenon::conformance

// SPDX-License-Identifier: Apache-2.0
//
// Factors that may go wrong together: attributes of an operator, of which each pair of values is
// tried, and all combinations are too many.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace tenon::conformance {

// Rows with a choice for each factor, so that each two choices of two factors meet in one of them.
// `choices`: how many each factor has, 1 or more. Greedy, and the same each time: few rows, not the
// fewest.
inline std::vector<std::vector<size_t>> pairwise(const std::vector<size_t>& choices) {
  using Pair = std::tuple<size_t, size_t, size_t, size_t>;  // Factor and choice, twice.
  std::set<Pair> left;
  for (size_t a = 0; a < choices.size(); ++a)
    for (size_t b = a + 1; b < choices.size(); ++b)
      for (size_t i = 0; i < choices[a]; ++i)
        for (size_t j = 0; j < choices[b]; ++j) left.insert({a, i, b, j});
  const auto pair = [](size_t a, size_t i, size_t b, size_t j) {
    return a < b ? Pair{a, i, b, j} : Pair{b, j, a, i};
  };
  std::vector<std::vector<size_t>> rows;
  while (!left.empty()) {
    const auto [a, i, b, j] = *left.begin();
    std::vector<size_t> row(choices.size(), 0);
    std::vector<size_t> chosen{a, b};
    row[a] = i, row[b] = j;
    for (size_t factor = 0; factor < choices.size(); ++factor) {
      if (factor == a || factor == b) continue;
      size_t most = 0;
      for (size_t choice = 0; choice < choices[factor]; ++choice) {
        size_t met = 0;
        for (const size_t other : chosen)
          met += left.count(pair(factor, choice, other, row[other]));
        if (met > most) most = met, row[factor] = choice;
      }
      chosen.push_back(factor);
    }
    for (size_t x = 0; x < row.size(); ++x)
      for (size_t y = x + 1; y < row.size(); ++y) left.erase(pair(x, row[x], y, row[y]));
    rows.push_back(row);
  }
  return rows;
}

// Of a row's case: "pairs_0210".
inline std::string pairs_label(const std::vector<size_t>& row) {
  std::string label = "pairs_";
  for (const size_t choice : row) label += std::to_string(choice);
  return label;
}

}  // namespace tenon::conformance

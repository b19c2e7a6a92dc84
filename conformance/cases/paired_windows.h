// SPDX-License-Identifier: Apache-2.0
//
// Windows of convolutions over two spatial dims and 4 channels, whose attributes meet in pairs.
#pragma once

#include <string>
#include <vector>

#include "suite/case.h"
#include "suite/pairwise.h"

namespace tenon::conformance {

struct PairedWindow {
  std::string label;
  Shape kernel, strides, pads, dilations;
  int64_t group;
  std::vector<size_t> more;  // Choices, 0 or 1, of further factors.
};

inline std::vector<PairedWindow> paired_windows(size_t more_factors = 0) {
  const Shape kernels[] = {{3, 3}, {1, 1}, {2, 3}}, strides[] = {{1, 1}, {2, 1}, {3, 2}};
  const Shape pads[] = {{0, 0, 0, 0}, {1, 1, 1, 1}, {0, 2, 1, 0}};
  const Shape dilations[] = {{1, 1}, {2, 1}, {1, 3}};
  const int64_t groups[] = {1, 2, 4};
  std::vector<size_t> choices(5, 3);
  choices.insert(choices.end(), more_factors, 2);
  std::vector<PairedWindow> windows;
  for (const auto& row : pairwise(choices)) {
    windows.push_back({pairs_label(row),
                       kernels[row[0]],
                       strides[row[1]],
                       pads[row[2]],
                       dilations[row[3]],
                       groups[row[4]],
                       {row.begin() + 5, row.end()}});
  }
  return windows;
}

}  // namespace tenon::conformance

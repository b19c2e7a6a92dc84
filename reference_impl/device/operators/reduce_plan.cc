// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/reduce_plan.h"

#include <algorithm>
#include <cstdlib>

namespace tenon::device {

ReducePlan::ReducePlan(const View& shape, uint32_t axes, const int64_t* in0, const int64_t* in1,
                       const int64_t* out0, const int64_t* out1) {
  for (int32_t d = shape.rank; d-- > 0;) {
    const int64_t extent = shape.dims[d];
    const bool is_reduced = axes >> d & 1;
    (is_reduced ? elements : results) *= extent;
    if (extent == 1) continue;
    const Dim dim{extent,
                  {in0[d], in1 ? in1[d] : 0},
                  {is_reduced ? 0 : out0[d], is_reduced || !out1 ? 0 : out1[d]}};
    if (is_reduced) {
      reduced[reduced_rank++] = dim;
    } else {
      kept[kept_rank++] = dim;
    }
  }
  if (results == 0 || elements == 0) return;
  arrange(kept, kept_rank);
  arrange(reduced, reduced_rank);
}

void ReducePlan::arrange(Dim* dims, int32_t& rank) {
  std::stable_sort(dims, dims + rank, [](const Dim& a, const Dim& b) {
    return std::abs(a.in[0]) < std::abs(b.in[0]);
  });
  int32_t last = 0;
  for (int32_t d = 1; d < rank; ++d) {
    bool joins = true;
    for (int k = 0; k < 2; ++k)
      joins = joins && dims[d].in[k] == dims[last].in[k] * dims[last].extent &&
              dims[d].out[k] == dims[last].out[k] * dims[last].extent;
    if (joins) {
      dims[last].extent *= dims[d].extent;
    } else {
      dims[++last] = dims[d];
    }
  }
  if (rank > 0) rank = last + 1;
}

bool ReducePlan::by_columns() const {
  if (kept_rank == 0 || kept[0].extent < 8) return false;
  return reduced_rank == 0 || std::abs(kept[0].in[0]) < std::abs(reduced[0].in[0]);
}

}  // namespace tenon::device

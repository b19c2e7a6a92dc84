// SPDX-License-Identifier: Apache-2.0
#include "ops/indices.h"

#include <limits>

#include "status.h"

namespace tenon::tensorflow {

View positions(NodeCall& call, const View& indices) {
  static const runtime::Operation least("Min");
  if (indices.dtype != TN_INT32 && indices.dtype != TN_INT64) {
    return positions(call, call.as(indices, TN_INT32));
  }
  // Read without a sign, a negative number is beyond the largest one with a sign.
  const bool wide = indices.dtype == TN_INT64;
  const Scalar largest = wide ? Scalar::of(uint64_t{std::numeric_limits<int64_t>::max()})
                              : Scalar(std::numeric_limits<int32_t>::max(), TN_UINT32);
  View from = indices;
  View to = call.temporary(indices.dtype, indices.dims);
  from.dtype = to.dtype = wide ? TN_UINT64 : TN_UINT32;
  call.run(least, {from, largest}, {to});
  to.dtype = indices.dtype;
  return to;
}

void require_strict_indices(const Node& node) {
  const std::string policy = node.text("bad_indices_policy");
  if (policy.empty() || policy == "DEFAULT" || policy == "ERROR") return;
  if (policy == "IGNORE") unimplemented("bad_indices_policy IGNORE");
  invalid_argument("Bad indices policy attribute value " + policy);
}

}  // namespace tenon::tensorflow

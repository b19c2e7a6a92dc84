// SPDX-License-Identifier: Apache-2.0
#include "conformance/onnxruntime/claims.h"

#include <string_view>

namespace tenon::onnxruntime {
namespace {

using device::dtype_bit;

// What ONNX Runtime's kernels have; bfloat16 and the wider unsigned integers are rare there.
constexpr uint64_t kAll = (type_set::kComputed & ~dtype_bit(TN_BFLOAT16)) &
                          ~(dtype_bit(TN_UINT16) | dtype_bit(TN_UINT32));

}  // namespace

uint64_t claimed_types(const device::OperatorEntry& entry) {
  const std::string_view domain = entry.domain, name = entry.name;
  // Cast is the reference device's; the dims of NonZero come with the result.
  if (!domain.empty() || name == "Cast" || name == "NonZero") return 0;
  if (name == "Relu") return kAll & ~(dtype_bit(TN_INT64) | dtype_bit(TN_UINT8));
  if (name == "ScatterElements") return kAll & ~dtype_bit(TN_FLOAT16);
  return kAll;
}

}  // namespace tenon::onnxruntime

// SPDX-License-Identifier: Apache-2.0
//
// Asked for the dims of an output, says them in the order of memory: the last one first.
#include <algorithm>
#include <array>

#include "conformance/mutants/mutant.h"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.kernel_output_dims = [](tn_kernel* kernel, const tn_launch* launch, int64_t* const* dims,
                                tn_error* error) {
    constexpr int64_t kUnwritten = -1;
    std::array<int64_t, TN_MAX_RANK> found;
    found.fill(kUnwritten);
    if (dims == nullptr || dims[0] == nullptr) {
      return sound().kernel_output_dims(kernel, launch, dims, error);
    }
    // One output is enough to be wrong about.
    std::array<int64_t*, 8> all{};
    all[0] = found.data();
    const tn_status status = sound().kernel_output_dims(kernel, launch, all.data(), error);
    if (status != TN_OK) return status;
    const auto end = std::ranges::find(found, kUnwritten);
    std::reverse_copy(found.begin(), end, dims[0]);
    return status;
  };
}

}  // namespace tenon::mutant

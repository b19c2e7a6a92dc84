// SPDX-License-Identifier: Apache-2.0
//
// A loop over eight elements at a time forgets those that are left: the ends of dense outputs.
#include "conformance/mutants/mutant.h"
#include "tenon/dtype.h"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    const tn_status status = sound().kernel_launch(kernel, stream, launch, error);
    for (size_t o = 0; status == TN_OK && o < launch->output_count; ++o) {
      const tn_tensor* out = launch->outputs[o];
      if (out == nullptr || out->strides != nullptr || out->buffer == nullptr) continue;
      int64_t count = 1;
      for (int32_t i = 0; i < out->rank; ++i) count *= out->dims[i];
      const uint64_t size = tn_dtype_bits(out->dtype) / 8;
      const auto tail = static_cast<uint64_t>(count % 8);
      if (count < 8 || tail == 0 || size == 0) continue;
      const uint64_t begin = out->offset + (static_cast<uint64_t>(count) - tail) * size;
      sound().stream_fill(stream, out->buffer, begin, tail * size, "", 1, nullptr);
    }
    return status;
  };
}

}  // namespace tenon::mutant

// SPDX-License-Identifier: Apache-2.0
//
// A kernel's host scalars are those of its first launch, as if they were a part of the kernel.
#include <cstring>
#include <map>
#include <mutex>

#include "conformance/mutants/inputs.h"
#include "conformance/mutants/mutant.h"
#include "tenon/dtype.h"

namespace tenon::mutant {
namespace {

using Bytes = std::vector<unsigned char>;
std::mutex lock;
std::map<std::pair<tn_kernel*, size_t>, Bytes> kept;  // By kernel and position.

}  // namespace

void mutate(tn_dispatch& table) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    if (launch == nullptr) return sound().kernel_launch(kernel, stream, launch, error);
    ChangedInputs changed(*launch);
    const std::lock_guard guard(lock);
    for (size_t i = 0; i < changed.tensors.size(); ++i) {
      tn_tensor& tensor = changed.tensors[i];
      if (tensor.host_data == nullptr || tensor.rank != 0) continue;
      const auto* bytes = static_cast<const unsigned char*>(tensor.host_data);
      const Bytes now(bytes, bytes + tn_dtype_bits(tensor.dtype) / 8);
      tensor.host_data = kept.try_emplace({kernel, i}, now).first->second.data();
    }
    return sound().kernel_launch(kernel, stream, changed.launch(), error);
  };
  table.kernel_destroy = [](tn_kernel* kernel) {
    {
      const std::lock_guard guard(lock);
      std::erase_if(kept, [&](const auto& entry) { return entry.first.first == kernel; });
    }
    sound().kernel_destroy(kernel);
  };
}

}  // namespace tenon::mutant

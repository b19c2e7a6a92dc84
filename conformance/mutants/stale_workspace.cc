// SPDX-License-Identifier: Apache-2.0
//
// A kernel keeps the workspace of its first launch, and uses it in all later ones.
#include <map>
#include <mutex>

#include "conformance/mutants/mutant.h"

namespace tenon::mutant {
namespace {

struct Kept {
  tn_buffer* buffer;
  uint64_t offset;
};
std::mutex lock;
std::map<tn_kernel*, Kept> kept;

}  // namespace

void mutate(tn_dispatch& table) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    if (launch == nullptr || launch->workspace == nullptr) {
      return sound().kernel_launch(kernel, stream, launch, error);
    }
    tn_launch changed = *launch;
    {
      const std::lock_guard guard(lock);
      const Kept first =
          kept.try_emplace(kernel, Kept{launch->workspace, launch->workspace_offset}).first->second;
      changed.workspace = first.buffer;
      changed.workspace_offset = first.offset;
    }
    return sound().kernel_launch(kernel, stream, &changed, error);
  };
  table.kernel_destroy = [](tn_kernel* kernel) {
    {
      const std::lock_guard guard(lock);
      kept.erase(kernel);
    }
    sound().kernel_destroy(kernel);
  };
}

}  // namespace tenon::mutant

// SPDX-License-Identifier: Apache-2.0
//
// What is not known, or makes no sense, is taken for something that does: unknown kinds and bits,
// reserved fields, a mapping of nothing, one option twice, and memory that may only be read.
#include <set>
#include <string>
#include <vector>

#include "conformance/mutants/mutant.h"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.buffer_create = [](tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    if (desc == nullptr || desc->struct_size != sizeof(*desc)) {
      return sound().buffer_create(device, desc, buffer, error);
    }
    tn_buffer_desc changed = *desc;
    if (changed.kind < 0 || changed.kind > TN_BUFFER_SHARED) changed.kind = TN_BUFFER_DEVICE;
    return sound().buffer_create(device, &changed, buffer, error);
  };
  table.event_create = [](tn_device* device, const tn_event_desc* desc, tn_event** event,
                          tn_error* error) {
    if (desc == nullptr || desc->struct_size != sizeof(*desc)) {
      return sound().event_create(device, desc, event, error);
    }
    const tn_event_desc changed{sizeof(changed), desc->flags & TN_EVENT_TIMING, 0};
    return sound().event_create(device, &changed, event, error);
  };
  table.buffer_map = [](tn_buffer* buffer, uint64_t offset, uint64_t size, tn_access access,
                        void** pointer, tn_error* error) {
    access &= TN_ACCESS_READ | TN_ACCESS_WRITE;
    return sound().buffer_map(buffer, offset, size == 0 ? 1 : size,
                              access == 0 ? tn_access{TN_ACCESS_READ} : access, pointer, error);
  };
  table.device_open = [](tn_instance* instance, size_t index, const tn_device_desc* desc,
                         tn_device** device, tn_error* error) {
    std::vector<tn_option> once;
    std::set<std::string> known;
    for (size_t i = 0; desc != nullptr && i < desc->option_count; ++i) {
      if (known.insert(desc->options[i].key).second) once.push_back(desc->options[i]);
    }
    const tn_device_desc changed{sizeof(changed), once.data(), once.size()};
    return sound().device_open(instance, index, &changed, device, error);
  };
  table.buffer_import = [](tn_device* device, const tn_import_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    if (desc == nullptr || desc->struct_size != sizeof(*desc)) {
      return sound().buffer_import(device, desc, buffer, error);
    }
    tn_import_desc changed = *desc;
    changed.flags = 0;
    changed.handle = changed.offset = 0;
    return sound().buffer_import(device, &changed, buffer, error);
  };
}

}  // namespace tenon::mutant

// SPDX-License-Identifier: Apache-2.0
//
// Memory of a destroyed buffer is written by its next owner while queued work still uses it.
#include <cstring>

#include "conformance/mutants/mutant.h"
#include "reference_impl/device/buffer.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.buffer_destroy = [](tn_buffer* buffer, tn_stream* stream) {
    if (buffer != nullptr) {
      const device::Buffer& object = *plugin::object_of<device::Buffer>(buffer);
      if (!object.block().imported && object.size() != 0) {
        std::memset(object.data(), 0xdd, object.size());
      }
    }
    sound().buffer_destroy(buffer, stream);
  };
}

}  // namespace tenon::mutant

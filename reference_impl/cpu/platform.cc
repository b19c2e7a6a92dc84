// SPDX-License-Identifier: Apache-2.0
//
// The reference device.
#include "tenon/device/platform.h"

#include "reference_impl/cpu/families_reference.h"

namespace tenon::device {

const Platform& platform() {
  static const Platform self{"cpu",
                             "0.1.0",
                             {"tenon.cpu\0\0\0\0\0\0\1"},
                             "",
                             cpu::reference_families(),
                             [](const tn_host&) {}};
  return self;
}

}  // namespace tenon::device

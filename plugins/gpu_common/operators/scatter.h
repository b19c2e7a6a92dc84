// SPDX-License-Identifier: Apache-2.0
//
// What the scattering operators share: how updates meet what is there.
#pragma once

#include <string>

#include "plugins/gpu_common/operators/elementwise.h"
#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/number.h"

namespace tenon::gpu {

// Types whose updates may be added: 16-bit floats would have to be added in float.
inline constexpr uint64_t kAddedTypes = type_set::kNumeric & ~type_set::kHalf;

// -DT, -DINDEX and -DUPDATE. Throws TN_UNSUPPORTED for types that cannot be updated this way.
inline std::string scatter_definitions(const Description& d, tn_dtype dtype, tn_dtype index,
                                       device::ScatterReduction update) {
  static constexpr const char* kNames[] = {"replace", "sum", "product", "larger", "smaller"};
  const bool moved = update == device::ScatterReduction::kNone;
  if (!moved && (kAddedTypes >> dtype & 1) == 0) {
    throw KernelError(TN_UNSUPPORTED,
                      std::string(d.name()) + ": no sums of " + device::dtype_name(dtype));
  }
  if (!moved) require_arithmetic(d, dtype);
  return machine_definitions(machine_of(d).limits()) +
         define("T", moved ? moved_type_name(dtype) : type_name(dtype)) +
         define_type("INDEX", index) + define("UPDATE", kNames[static_cast<int>(update)]);
}

std::unique_ptr<device::Kernel> create_scatter_elements(const Description& d);
std::unique_ptr<device::Kernel> create_scatter_nd(const Description& d);
std::unique_ptr<device::Kernel> create_index_add(const Description& d);
std::unique_ptr<device::Kernel> create_embedding_grad(const Description& d);

}  // namespace tenon::gpu

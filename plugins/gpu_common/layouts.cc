// SPDX-License-Identifier: Apache-2.0
//
// Devices without layout tokens: everything is strided.
#include "tenon/device/layouts.h"

#include <string>

#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/kernel.h"
#include "plugins/gpu_common/types.h"
#include "plugins/gpu_common/walk.h"

namespace tenon::gpu {

namespace {

class StridedLayouts final : public device::Layouts {
 public:
  void reorder(const View& dst, const View& src, const device::Execution& execution) const override;
};

void StridedLayouts::reorder(const View& dst, const View& src,
                             const device::Execution& execution) const {
  const int64_t count = dst.count();
  if (count == 0) return;
  if (dst.dense() && src.dense()) {
    execution.copy(dst.data, src.data, device::strided_bytes(dst.dtype, dst.shape()));
    return;
  }
  const auto& stream = static_cast<const StreamExecution&>(execution);
  const Walk<2> walk({&dst, &src});
  const Function& function =
      stream.machine().function("reorder", std::string("-DT=") + bits_type(dst.dtype), "reorder");
  int64_t chunk = 0;
  const Grid grid = element_grid(stream.machine().limits(), count, &chunk);
  stream.queue().launch(
      function, grid,
      {Parameter::memory(dst), Parameter::memory(src), Parameter::value(walk.count),
       Parameter::value(walk.rank), Parameter::value(walk.dims), Parameter::value(walk.steps[0]),
       Parameter::value(walk.steps[1]), Parameter::value(chunk)});
}

}  // namespace

const device::Layouts& layouts() {
  static const StridedLayouts self;
  return self;
}

}  // namespace tenon::gpu

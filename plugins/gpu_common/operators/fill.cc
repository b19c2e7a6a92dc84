// SPDX-License-Identifier: Apache-2.0
//
// tenon.Fill: one value everywhere. Also the example of plugins/gpu_common/README.md.
#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/kernel.h"
#include "plugins/gpu_common/types.h"
#include "plugins/gpu_common/walk.h"
#include "tenon/device/operators/copies.h"

namespace tenon::gpu {
namespace {

class Fill final : public KernelOf<device::FillOperator> {
 public:
  explicit Fill(const Description& d)
      : KernelOf(d),
        limits_(machine_of(d).limits()),
        from_host_(d.input(0).kind == TN_ARGUMENT_HOST),
        fill_(machine_of(d).function("fill", std::string("-DT=") + bits_type(d.output_dtype(0)),
                                     from_host_ ? "fill_value" : "fill_element")) {}

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    return std::make_unique<Fill>(d);
  }

  void enqueue(const Arguments& arguments, Queue& queue) const override {
    const View& value = arguments.inputs[0];
    const View& y = arguments.outputs[0];
    const Walk<1> walk({&y});
    if (walk.count == 0) return;
    const uint64_t size = tn_dtype_bits(y.dtype) / 8;
    if (from_host_ && y.dense()) {
      queue.fill(y.data, static_cast<uint64_t>(walk.count) * size, value.data, size);
      return;
    }
    int64_t chunk = 0;
    const Grid grid = element_grid(limits_, walk.count, &chunk);
    if (from_host_) {
      queue.launch(
          fill_, grid,
          {Parameter::memory(y), Parameter::bytes(value.data, size), Parameter::value(walk.count),
           Parameter::value(walk.rank), Parameter::value(walk.dims),
           Parameter::value(walk.steps[0]), Parameter::value(chunk)});
    } else {
      queue.launch(fill_, grid,
                   {Parameter::memory(y), Parameter::memory(value), Parameter::value(walk.count),
                    Parameter::value(walk.rank), Parameter::value(walk.dims),
                    Parameter::value(walk.steps[0]), Parameter::value(chunk)});
    }
  }

 private:
  const Limits& limits_;
  const bool from_host_;
  const Function& fill_;
};

}  // namespace

Rows fill_operators() {
  static const OperatorEntry kEntries[] = {{op::kTenonFill, kByteTypes, Fill::create}};
  return kEntries;
}

}  // namespace tenon::gpu

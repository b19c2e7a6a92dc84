// SPDX-License-Identifier: Apache-2.0
//
// NonZero: the indices of the elements that are not zero, a column each, in row-major order.
#include "plugins/gpu_common/operators/elementwise.h"
#include "plugins/gpu_common/operators/places.h"
#include "tenon/device/operators/movement.h"

namespace tenon::gpu {
namespace {

class NonZero final : public KernelOf<device::NonZeroOperator>, public NeedsWorkspace {
 public:
  explicit NonZero(const Description& d)
      : KernelOf(d),
        definitions_(define_type("T", d.input_dtype(0))),
        count_(machine_of(d).function("nonzero", definitions_, "nonzero_count")),
        sum_(machine_of(d).function("nonzero", definitions_, "nonzero_sum")),
        write_(machine_of(d).function("nonzero", definitions_, "nonzero_write")) {}

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    require_device_inputs(d, 1);
    require_arithmetic(d, d.input_dtype(0));
    return std::make_unique<NonZero>(d);
  }

  // The output's dims, then what pieces have counted.
  uint64_t workspace_size(const Arguments& a) const override {
    return static_cast<uint64_t>(2 + pieces_of(a.inputs[0].count())) * sizeof(int64_t);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    const int64_t count = x.count(), pieces = pieces_of(count), bound = y.dims[1];
    Longs dims, steps;  // Innermost first, not joined: the kernel writes indices of each.
    for (int32_t d = 0; d < x.rank; ++d) {
      dims.v[d] = x.dims[x.rank - 1 - d];
      steps.v[d] = x.strides[x.rank - 1 - d];
    }
    const Parameter result = Parameter::workspace(a, 0),
                    counts = Parameter::workspace(a, 2 * sizeof(int64_t));
    // A walk has at least one dim.
    const int32_t rank = std::max(x.rank, 1);
    if (x.rank == 0) dims.v[0] = 1;
    Grid grid;
    grid.global[0] = static_cast<uint64_t>(pieces);
    queue.launch(count_, grid,
                 {Parameter::memory(x), counts, Parameter::value(count), Parameter::value(rank),
                  Parameter::value(dims), Parameter::value(steps), Parameter::value(kPiece)});
    queue.launch(sum_, Grid{},
                 {counts, result, Parameter::value(pieces), Parameter::value(int64_t{x.rank}),
                  Parameter::value(bound), Parameter::fault("NonZero")});
    if (x.rank > 0 && bound > 0) {
      queue.launch(write_, grid,
                   {Parameter::memory(y), Parameter::memory(x), counts,
                    Parameter::value(y.strides[0]), Parameter::value(y.strides[1]),
                    Parameter::value(bound), Parameter::value(count), Parameter::value(x.rank),
                    Parameter::value(dims), Parameter::value(steps), Parameter::value(kPiece)});
    }
    if (a.output_dims != nullptr && a.output_dims[0] != nullptr) {
      queue.read(a.output_dims[0], a.workspace, 2 * sizeof(int64_t));
    }
  }

 private:
  static constexpr int64_t kPiece = 4096;  // Elements.
  static int64_t pieces_of(int64_t count) { return (count + kPiece - 1) / kPiece; }

  const std::string definitions_;
  const Function& count_;
  const Function& sum_;
  const Function& write_;
};

}  // namespace

Rows nonzero_operators() {
  static const OperatorEntry kEntries[] = {{op::kNonZero, device::kComputedTypes, NonZero::create}};
  return kEntries;
}

}  // namespace tenon::gpu

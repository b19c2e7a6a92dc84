// SPDX-License-Identifier: Apache-2.0
//
// ScatterElements: an update for each index along one axis. Elements on different lines along the
// axis never meet, so lines go to threads; along a line, updates are taken in order.
#include <algorithm>
#include <memory>

#include "reference_impl/cpu/kernels/axis_lines.h"
#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/scatter_update.h"
#include "tenon/device/operators/indexing.h"

namespace tenon::cpu {
namespace {

// The axis: indices on a line, and steps in bytes from one to the next.
struct Axis {
  std::string_view op;
  int64_t count, extent;
  int64_t target, update, index;  // Steps.
  bool wide_index;
};

// Neighbouring lines side by side: operands target, updates, indices.
using ScatterLines = void (*)(const Axis&, std::byte* const*, const int64_t*, int64_t);

template <class Target, class T, ScatterReduction kUpdate>
void scatter_lines(const Axis& axis, std::byte* const* p, const int64_t* s, int64_t lines) {
  for (int64_t j = 0; j < axis.count; ++j)
    for (int64_t i = 0; i < lines; ++i) {
      const int64_t at = checked_index(
          axis.op, read_index(p[2] + i * s[2] + j * axis.index, axis.wide_index), axis.extent);
      Target& target = *reinterpret_cast<Target*>(p[0] + i * s[0] + at * axis.target);
      const T update = *reinterpret_cast<const T*>(p[1] + i * s[1] + j * axis.update);
      if constexpr (kUpdate == ScatterReduction::kNone) {
        target = update;
      } else {
        target = store<Target>(updated<kUpdate>(load(target), load(update)));
      }
    }
}

template <class T>
ScatterLines reducing_lines(ScatterReduction update) {
  using Wide = Compute<T>;  // Of sums and products of 16-bit floats.
  switch (update) {
    case ScatterReduction::kAdd:
      return scatter_lines<Wide, T, ScatterReduction::kAdd>;
    case ScatterReduction::kMul:
      return scatter_lines<Wide, T, ScatterReduction::kMul>;
    case ScatterReduction::kMax:
      return scatter_lines<T, T, ScatterReduction::kMax>;
    default:
      return scatter_lines<T, T, ScatterReduction::kMin>;
  }
}

ScatterLines lines_of(std::string_view op, tn_dtype dtype, ScatterReduction update) {
  if (update != ScatterReduction::kNone) {
    return visit_dtype<kNumericTypes>(op, dtype, [&](auto type) {
      return reducing_lines<typename decltype(type)::type>(update);
    });
  }
  return visit_size(tn_dtype_bits(dtype) / 8, [](auto type) -> ScatterLines {
    using T = typename decltype(type)::type;
    return scatter_lines<T, T, ScatterReduction::kNone>;
  });
}

class ScatterElementsKernel final : public KernelOf<ScatterElementsOperator>,
                                    public NeedsWorkspace {
 public:
  explicit ScatterElementsKernel(const Description& desc)
      : KernelOf(desc),
        lines_(lines_of(desc.name(), desc.input_dtype(0), operator_.reduction)),
        wide_(is_wide(desc.input_dtype(0), operator_.reduction)) {}

  uint64_t workspace_size(const Arguments& arguments) const override {
    return wide_output_size(arguments.outputs[0], wide_);
  }

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &indices = arguments.inputs[1], &updates = arguments.inputs[2];
    WideOutput wide(arguments.outputs[0], arguments.workspace, wide_);
    wide.begin(&arguments.inputs[0], execution);
    if (indices.count() > 0) scatter(wide.target(), updates, indices, execution);
    wide.end(execution);
  }

 private:
  void scatter(const View& output, const View& updates, const View& indices,
               const Execution& execution) const {
    const int32_t axis = normalize_axis(operator_.name, operator_.axis, output.rank);
    const auto step = [&](const View& view) {
      return view.rank ? view.strides[axis] * element_size(view) : 0;
    };
    const Axis common{operator_.name,
                      indices.rank ? indices.dims[axis] : 1,
                      output.rank ? output.dims[axis] : 1,
                      step(output),
                      step(updates),
                      step(indices),
                      indices.dtype == TN_INT64};
    ScatterLineStarts starts = operator_.line_starts(output, updates, indices);
    const View* operands[] = {&starts.target.view(), &starts.updates.view(),
                              &starts.indices.view()};
    const StridedLoop<3> lines(operands, operands[0]->dims, operands[0]->rank);
    execution.parallel_for(
        lines.count(), std::max<int64_t>(1, 8192 / std::max<int64_t>(1, common.count)),
        [&](int64_t begin, int64_t end) {
          lines.rows(begin, end, [&](std::byte* const* p, const int64_t* s, int64_t n) {
            lines_(common, p, s, n);
          });
        });
  }

  ScatterLines lines_;
  bool wide_;
};

std::unique_ptr<Kernel> create_scatter_elements(const Description& desc) {
  return std::make_unique<ScatterElementsKernel>(desc);
}

}  // namespace

std::span<const OperatorEntry> scatter_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kScatterElements, kMovedTypes, create_scatter_elements}};
  return kEntries;
}

}  // namespace tenon::cpu

// SPDX-License-Identifier: Apache-2.0
//
// Pad and Trilu: outputs whose rows are partly the input's and partly something else.
#include <algorithm>
#include <memory>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/indexing.h"
#include "reference_impl/cpu/kernels/strided_copy.h"
#include "tenon/device/operators/movement.h"

namespace tenon::cpu {
namespace {

// The input's index for an index of the output (moved by the padding in front).
int64_t source_index(PadMode mode, int64_t i, int64_t extent) {
  if (i >= 0 && i < extent) return i;
  if (mode == PadMode::kEdge) return std::clamp<int64_t>(i, 0, extent - 1);
  if (mode == PadMode::kWrap) return (i % extent + extent) % extent;
  if (extent == 1) return 0;
  const int64_t period = 2 * (extent - 1);
  const int64_t phase = (i % period + period) % period;
  return phase < extent ? phase : period - phase;
}

class PadKernel final : public KernelOf<PadOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &data = arguments.inputs[0], &output = arguments.outputs[0];
    int64_t front[TN_MAX_RANK];
    operator_.read_pads(arguments, front);
    if (output.count() == 0) return;
    if (operator_.mode == PadMode::kConstant) {
      fill(output, arguments.input(2), execution);
      PadInside inside(output, data, front);
      if (inside.to.view().count() > 0)
        strided_copy(inside.to.view(), inside.from.view(), execution);
      return;
    }
    visit_size(element_size(data), [&](auto type) {
      copy_mapped<typename decltype(type)::type>(output, data, front, execution);
    });
  }

 private:
  static void fill(const View& output, const View& value, const Execution& execution) {
    static constexpr uint64_t kZero[2] = {};
    static constexpr int64_t kStrides[TN_MAX_RANK] = {};
    View source = output;
    source.data =
        value.present() ? value.data : reinterpret_cast<std::byte*>(const_cast<uint64_t*>(kZero));
    source.strides = kStrides;
    strided_copy(output, source, execution);
  }

  template <class T>
  void copy_mapped(const View& output, const View& data, const int64_t* front,
                   const Execution& execution) const {
    const int32_t last = output.rank - 1;
    const int64_t length = last < 0 ? 1 : output.dims[last];
    execution.parallel_for(
        output.count() / length, std::max<int64_t>(1, 16384 / length),
        [&](int64_t begin, int64_t end) {
          for (int64_t row = begin; row < end; ++row) {
            int64_t to = 0, from = 0, rest = row;
            for (int32_t d = last; d-- > 0;) {
              const int64_t i = rest % output.dims[d];
              rest /= output.dims[d];
              to += i * output.strides[d];
              from += source_index(operator_.mode, i - front[d], data.dims[d]) * data.strides[d];
            }
            T* const out = output.as<T>() + to;
            const T* const in = data.as<const T>() + from;
            if (last < 0) {
              *out = *in;
              continue;
            }
            for (int64_t i = 0; i < length; ++i)
              out[i * output.strides[last]] =
                  in[source_index(operator_.mode, i - front[last], data.dims[last]) *
                     data.strides[last]];
          }
        });
  }
};

class TriluKernel final : public KernelOf<TriluOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &input = arguments.inputs[0], &output = arguments.outputs[0];
    if (input.count() == 0) return;
    const int64_t k = arguments.input(1).present() ? integer_at(arguments.input(1)) : 0;
    const int32_t rows_rank = input.rank - 1;
    const int64_t rows = input.dims[rows_rank - 1], columns = input.dims[rows_rank];
    const int64_t to_step = output.strides[rows_rank], from_step = input.strides[rows_rank];
    visit_size(element_size(input), [&](auto type) {
      using T = typename decltype(type)::type;
      execution.parallel_for(
          input.count() / columns, std::max<int64_t>(1, 16384 / columns),
          [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
              T* out = reinterpret_cast<T*>(output.data + byte_offset(output, rows_rank, row));
              const T* in =
                  reinterpret_cast<const T*>(input.data + byte_offset(input, rows_rank, row));
              // The diagonal's column: kept are those from it on, or up to it.
              const int64_t i = row % rows;
              const int64_t split = k > columns ? columns + 1 : k < -rows ? -rows : k;
              const int64_t first =
                  operator_.upper ? std::clamp<int64_t>(i + split, 0, columns) : 0;
              const int64_t last =
                  operator_.upper ? columns : std::clamp<int64_t>(i + split + 1, 0, columns);
              for (int64_t j = 0; j < first; ++j) out[j * to_step] = T{};
              for (int64_t j = first; j < last; ++j) out[j * to_step] = in[j * from_step];
              for (int64_t j = std::max(first, last); j < columns; ++j) out[j * to_step] = T{};
            }
          });
    });
  }
};

template <class K>
std::unique_ptr<Kernel> create(const Description& desc) {
  return std::make_unique<K>(desc);
}

}  // namespace

std::span<const OperatorEntry> pad_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kPad, kMovedTypes, create<PadKernel>},
      {op::kTrilu, kMovedTypes, create<TriluKernel>},
  };
  return kEntries;
}

}  // namespace tenon::cpu

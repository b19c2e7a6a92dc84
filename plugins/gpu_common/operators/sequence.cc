// SPDX-License-Identifier: Apache-2.0
//
// Range, OneHot and Trilu.
#include "plugins/gpu_common/operators/copy.h"
#include "plugins/gpu_common/operators/elementwise.h"
#include "plugins/gpu_common/operators/places.h"
#include "plugins/gpu_common/operators/row_major.h"
#include "tenon/device/operators/movement.h"

namespace tenon::gpu {
namespace {

constexpr uint64_t kRangeTypes = op::kRange.allowed;

class Range final : public KernelOf<device::RangeOperator> {
 public:
  explicit Range(const Description& d)
      : KernelOf(d),
        limits_(machine_of(d).limits()),
        range_(machine_of(d).function(
            "sequence", machine_definitions(limits_) + define_type("T", d.output_dtype(0)),
            "range")) {
    for (size_t i = 0; i < 3; ++i) require_host_value(d, i);
  }

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    require_arithmetic(d, d.output_dtype(0));
    return std::make_unique<Range>(d);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View& output = a.outputs[0];
    const int64_t count = operator_.count(a);
    if (count == 0) return;
    const uint64_t size = tn_dtype_bits(output.dtype) / 8;
    int64_t chunk = 0;
    const Grid grid = element_grid(limits_, count, &chunk);
    queue.launch(range_, grid,
                 {Parameter::memory(output), Parameter::bytes(a.inputs[0].data, size),
                  Parameter::bytes(a.inputs[2].data, size), Parameter::value(output.strides[0]),
                  Parameter::value(count), Parameter::value(chunk)});
  }

 private:
  const Limits& limits_;
  const Function& range_;
};

class OneHot final : public KernelOf<device::OneHotOperator> {
 public:
  explicit OneHot(const Description& d)
      : KernelOf(d),
        limits_(machine_of(d).limits()),
        copy_(d, d.input_dtype(2)),
        one_hot_(machine_of(d).function(
            "sequence",
            define_moved("T", d.input_dtype(2)) + define_type("INDEX", d.input_dtype(0)),
            "one_hot")) {}

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    device::require_index_type(d, 0);
    require_host_value(d, 1);
    for (const size_t i : {size_t{0}, size_t{2}}) {
      if (d.has_input(i) && d.input(i).kind == TN_ARGUMENT_HOST) {
        throw KernelError(TN_UNSUPPORTED, "OneHot: indices and values must be on the device");
      }
    }
    return std::make_unique<OneHot>(d);
  }

  // All off, then one on for each index.
  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &indices = a.inputs[0], &values = a.inputs[2], &output = a.outputs[0];
    const int32_t axis = device::normalize_axis(operator_.name, operator_.axis, output.rank);
    const int64_t depth = operator_.depth(a, axis);
    if (output.count() == 0) return;
    static constexpr int64_t kStrides[TN_MAX_RANK] = {};
    View off = output;
    off.data = values.data;
    off.strides = kStrides;
    copy_.enqueue(output, off, queue);
    View on = values;
    on.data += values.strides[0] * device::element_size(values);
    RowMajor<2> lines;
    for (int32_t d = indices.rank; d-- > 0;) {
      lines.add(indices.dims[d], {output.strides[d < axis ? d : d + 1], indices.strides[d]});
    }
    lines.finish();
    int64_t chunk = 0;
    const Grid grid = element_grid(limits_, lines.count, &chunk);
    queue.launch(one_hot_, grid,
                 {Parameter::memory(output), Parameter::memory(indices), Parameter::memory(on),
                  Parameter::value(depth), Parameter::value(output.strides[axis]),
                  Parameter::value(lines.count), Parameter::value(lines.rank),
                  Parameter::value(lines.dims), Parameter::value(lines.steps[0]),
                  Parameter::value(lines.steps[1]), Parameter::value(chunk)});
  }

 private:
  const Limits& limits_;
  const Copy copy_;
  const Function& one_hot_;
};

class Trilu final : public KernelOf<device::TriluOperator> {
 public:
  explicit Trilu(const Description& d)
      : KernelOf(d),
        limits_(machine_of(d).limits()),
        trilu_(machine_of(d).function("sequence", define_moved("T", d.input_dtype(0)), "trilu")) {
    require_device_inputs(d, 1);
    require_host_value(d, 1);
  }

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    return std::make_unique<Trilu>(d);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &input = a.inputs[0], &output = a.outputs[0];
    const int64_t count = input.count();
    if (count == 0) return;
    const int64_t k = a.input(1).present() ? device::integer_at(a.input(1)) : 0;
    // Not joined: the kernel needs rows and columns.
    Longs dims, to, from;
    for (int32_t d = 0; d < input.rank; ++d) {
      dims.v[d] = input.dims[input.rank - 1 - d];
      to.v[d] = output.strides[input.rank - 1 - d];
      from.v[d] = input.strides[input.rank - 1 - d];
    }
    int64_t chunk = 0;
    const Grid grid = element_grid(limits_, count, &chunk, 8);
    queue.launch(trilu_, grid,
                 {Parameter::memory(output), Parameter::memory(input),
                  Parameter::value(int32_t{operator_.upper}), Parameter::value(k),
                  Parameter::value(count), Parameter::value(input.rank), Parameter::value(dims),
                  Parameter::value(to), Parameter::value(from), Parameter::value(chunk)});
  }

 private:
  const Limits& limits_;
  const Function& trilu_;
};

}  // namespace

Rows sequence_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kRange, kRangeTypes, Range::create},
      {op::kOneHot, kMovedTypes, OneHot::create, "T1", device::kIndexTypes},
      {op::kTrilu, kMovedTypes, Trilu::create},
  };
  return kEntries;
}

}  // namespace tenon::gpu

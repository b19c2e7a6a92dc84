// SPDX-License-Identifier: Apache-2.0
//
// tenon.RandomUniform, tenon.RandomNormal and tenon.Dropout.
#include <cmath>

#include "plugins/gpu_common/operators/elementwise.h"
#include "plugins/gpu_common/operators/row_major.h"
#include "tenon/device/operators/random.h"
#include "tenon/device/operators/shape.h"

namespace tenon::gpu {
namespace {

constexpr int64_t kBlockWeight = 64;  // Of a Philox block, for element_grid().

std::string definitions(const Description& d, tn_dtype dtype) {
  require_arithmetic(d, dtype);
  return machine_definitions(machine_of(d).limits()) + define_type("T", dtype);
}

void require_host(const Description& d, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    if (d.input(i).kind != TN_ARGUMENT_HOST) {
      throw KernelError(TN_UNSUPPORTED, std::string(d.name()) + ": input " + std::to_string(i) +
                                            " must be a host value");
    }
  }
}

// The bits of a word that count: of 16-bit floats as many as they have behind the point.
uint32_t unit_bits(tn_dtype dtype) {
  if (!in_set(dtype, type_set::kHalf)) return ~0u;
  return ~0u << (32 - element_type(dtype).form.mantissa_bits);
}

uint64_t word_of(const View& view) { return static_cast<uint64_t>(device::integer_at(view)); }

class RandomNumbers final : public KernelOf<device::RandomOperator> {
 public:
  RandomNumbers(const Description& d, bool normal)
      : KernelOf(d),
        normal_(normal),
        limits_(machine_of(d).limits()),
        function_(
            machine_of(d).function("random", definitions(d, d.output_dtype(0)), "random_numbers")) {
    require_host(d, 0, 4);
  }

  template <bool kNormal>
  static std::unique_ptr<device::Kernel> create(const Description& d) {
    return std::make_unique<RandomNumbers>(d, kNormal);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View& y = a.outputs[0];
    const auto walk = RowMajor<1>::of({&y});
    const int64_t per_block = y.dtype == TN_FLOAT64 ? 2 : 4;
    const int64_t blocks = (walk.count + per_block - 1) / per_block;
    if (blocks == 0) return;
    int64_t chunk = 0;
    const Grid grid = element_grid(limits_, blocks, &chunk, kBlockWeight);
    const double first = device::real_at(a.inputs[2]), second = device::real_at(a.inputs[3]);
    // The kernel takes doubles where the device has them.
    const auto wide = [&](double value) {
      return limits_.float64 ? Parameter::value(value)
                             : Parameter::value(static_cast<float>(value));
    };
    queue.launch(
        function_, grid,
        {Parameter::memory(y), Parameter::value(word_of(a.inputs[0])),
         Parameter::value(word_of(a.inputs[1])), wide(first), wide(second),
         Parameter::value(int32_t{normal_}), Parameter::value(unit_bits(y.dtype)),
         Parameter::value(walk.count), Parameter::value(walk.rank), Parameter::value(walk.dims),
         Parameter::value(walk.steps[0]), Parameter::value(blocks), Parameter::value(chunk)});
  }

 private:
  const bool normal_;
  const Limits& limits_;
  const Function& function_;
};

class Dropout final : public KernelOf<device::DropoutOperator> {
 public:
  explicit Dropout(const Description& d)
      : KernelOf(d),
        limits_(machine_of(d).limits()),
        function_(machine_of(d).function("random", definitions(d, d.input_dtype(0)), "dropout")) {
    require_host(d, 1, 4);
    if (d.input(0).kind == TN_ARGUMENT_HOST) {
      throw KernelError(TN_UNSUPPORTED, "Dropout: X must be on the device");
    }
  }

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    return std::make_unique<Dropout>(d);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &x = a.inputs[0], &y = a.outputs[0], &mask = a.outputs[1];
    const auto walk = RowMajor<3>::of({&y, &mask, &x});
    const int64_t blocks = (walk.count + 3) / 4;
    if (blocks == 0) return;
    int64_t chunk = 0;
    const Grid grid = element_grid(limits_, blocks, &chunk, kBlockWeight);
    const double p = device::real_at(a.inputs[1]);
    // Draws are floats: those not below p are those not below the next float.
    float least = static_cast<float>(p);
    if (static_cast<double>(least) < p) least = std::nextafter(least, 2.0f);
    const Parameter keep = x.dtype == TN_FLOAT64 ? Parameter::value(1 - p)
                                                 : Parameter::value(static_cast<float>(1 - p));
    queue.launch(
        function_, grid,
        {Parameter::memory(y), Parameter::memory(mask), Parameter::memory(x),
         Parameter::value(word_of(a.inputs[2])), Parameter::value(word_of(a.inputs[3])),
         Parameter::value(least), keep, Parameter::value(walk.count), Parameter::value(walk.rank),
         Parameter::value(walk.dims), Parameter::value(walk.steps[0]),
         Parameter::value(walk.steps[1]), Parameter::value(walk.steps[2]), Parameter::value(blocks),
         Parameter::value(chunk)});
  }

 private:
  const Limits& limits_;
  const Function& function_;
};

}  // namespace

Rows random_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kTenonRandomUniform, device::kFloatTypes, RandomNumbers::create<false>},
      {op::kTenonRandomNormal, device::kFloatTypes, RandomNumbers::create<true>},
  };
  return kEntries;
}

Rows dropout_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kTenonDropout, device::kFloatTypes, Dropout::create}};
  return kEntries;
}

}  // namespace tenon::gpu

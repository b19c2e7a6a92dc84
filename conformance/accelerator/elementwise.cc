// SPDX-License-Identifier: Apache-2.0
//
// Add, Sub, Mul and Relu, of floats and of int32.
#include <algorithm>
#include <cmath>
#include <limits>

#include "conformance/accelerator/layouts.h"
#include "conformance/accelerator/work.h"
#include "tenon/device/operators/number.h"

namespace tenon::accelerator {
namespace {

// Which element of an operand goes with element i of the output; dims of 1 repeat.
int64_t place_in(const Numbers& operand, const Numbers& out, int64_t i) {
  int64_t place = 0, step = 1;
  for (int64_t d = out.rank(); d-- > 0;) {
    const int64_t index = i % out.dim(d), own = d - (out.rank() - operand.rank());
    i /= out.dim(d);
    if (own < 0) continue;
    if (operand.dim(own) != 1) place += index * step;
    step *= operand.dim(own);
  }
  return place;
}

// Overflow goes round, or, on a broken device, stops.
double to_int32(double value, Fault fault) {
  if (fault == Fault::integers_saturate) return std::clamp(value, -0x1p31, 0x1p31 - 1);
  const double around = std::fmod(value + 0x1p31, 0x1p32);
  return (around < 0 ? around + 0x1p32 : around) - 0x1p31;
}

enum class Binary { kAdd, kSub, kMul };

double combined(Binary binary, double a, double b) {
  return binary == Binary::kAdd ? a + b : binary == Binary::kSub ? a - b : a * b;
}

// Packed tensors whose last block of channels is not full: elements that lie in it.
bool in_last_block(const View& view, const Numbers& numbers, int64_t i) {
  int64_t strides[TN_MAX_RANK];
  if (view.rank < 3) return false;
  packed_strides(view.dims, view.rank, strides);
  if (!std::equal(strides, strides + view.rank, view.strides)) return false;
  int64_t inner = 1;
  for (int64_t d = 2; d < numbers.rank(); ++d) inner *= numbers.dim(d);
  const int64_t channels = numbers.dim(1), full = channels / kBlock * kBlock;
  return full != 0 && i / inner % channels >= full;
}

class BinaryWork final : public Work {
 public:
  BinaryWork(Binary binary, Fault fault) : binary_(binary), fault_(fault) {}

  void run(const Arguments& arguments) const override {
    const Numbers a = load(arguments.inputs[0]);
    Numbers b = load(arguments.inputs[1]), y = like(arguments.outputs[0]);
    const bool onto_second = arguments.outputs[0].data == arguments.inputs[1].data &&
                             arguments.outputs[0].data != arguments.inputs[0].data;
    if (fault_ == Fault::output_onto_the_second && onto_second) b = a;  // What it has written.
    for (int64_t i = 0; i < y.count(); ++i) {
      double value = combined(binary_, a.at(place_in(a, y, i)), b.at(second(b, y, i)));
      if (y.dtype == TN_INT32) value = integer(a, b, y, i, value);
      y.at(i) = value;
    }
    store(y, arguments.outputs[0], fault_);
  }

 private:
  int64_t second(const Numbers& b, const Numbers& y, int64_t i) const {
    return fault_ == Fault::broadcast_of_the_second ? i % b.count() : place_in(b, y, i);
  }
  double integer(const Numbers& a, const Numbers& b, const Numbers& y, int64_t i,
                 double value) const {
    if (binary_ == Binary::kMul && fault_ != Fault::integers_saturate) {
      // Beyond 2^53 a double does not have the last bits.
      const auto left = static_cast<int64_t>(a.at(place_in(a, y, i)));
      const auto right = static_cast<int64_t>(b.at(second(b, y, i)));
      return static_cast<int32_t>(static_cast<uint32_t>(left) * static_cast<uint32_t>(right));
    }
    return to_int32(value, fault_);
  }

  const Binary binary_;
  const Fault fault_;
};

class Relu final : public Work {
 public:
  explicit Relu(Fault fault) : fault_(fault) {}

  void run(const Arguments& arguments) const override {
    const View& out = arguments.outputs[0];
    Numbers x = load(arguments.inputs[0]);
    const bool blocks = fault_ == Fault::last_block_of_channels;
    const bool longs = fault_ == Fault::dims_above_4096 && x.rank() > 0 &&
                       *std::max_element(x.dims.begin(), x.dims.end()) > 4096;
    for (int64_t i = 0; i < x.count(); ++i) {
      if (blocks && in_last_block(out, x, i)) continue;
      if (longs && i % x.dim(x.rank() - 1) >= 4096) continue;
      double& value = x.at(i);
      if (value < 0) value = 0;
    }
    store(x, out, fault_);
  }

 private:
  const Fault fault_;
};

}  // namespace

std::unique_ptr<Work> make_elementwise(const Description& d, Fault fault) {
  const uint64_t types = device::kFloatTypes | device::dtype_bit(TN_INT32);
  if ((device::dtype_bit(d.input_dtype(0)) & types) == 0) return nullptr;
  if (d.name() == "Add") return std::make_unique<BinaryWork>(Binary::kAdd, fault);
  if (d.name() == "Sub") return std::make_unique<BinaryWork>(Binary::kSub, fault);
  if (d.name() == "Mul") return std::make_unique<BinaryWork>(Binary::kMul, fault);
  if (d.name() == "Relu") return std::make_unique<Relu>(fault);
  return nullptr;
}

}  // namespace tenon::accelerator

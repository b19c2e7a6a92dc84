// SPDX-License-Identifier: Apache-2.0
//
// MaxPool of floats with two spatial axes and one output.
#include <cmath>
#include <limits>

#include "conformance/accelerator/work.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/pooling.h"

namespace tenon::accelerator {
namespace {

class MaxPool final : public Work {
 public:
  MaxPool(const Description& d, Fault fault)
      : fault_(fault), window_(device::MaxPoolOperator(d).window) {}

  void run(const Arguments& arguments) const override {
    const Numbers x = load(arguments.inputs[0]);
    Numbers y = like(arguments.outputs[0]);
    const int64_t height = y.dim(2), width = y.dim(3);
    for (int64_t i = 0; i < y.count(); ++i) {
      y.at(i) = most(x, i / (height * width), i / width % height, i % width);
    }
    store(y, arguments.outputs[0], fault_);
  }

 private:
  double most(const Numbers& x, int64_t plane, int64_t row, int64_t column) const {
    double found = -std::numeric_limits<double>::infinity();
    for (int64_t i = 0; i < window_.kernel[1]; ++i) {
      const int64_t h = window_.source(1, row, i);
      if (h < 0 || h >= x.dim(2)) continue;
      for (int64_t j = 0; j < window_.kernel[2]; ++j) {
        const int64_t w = window_.source(2, column, j);
        if (w < 0 || w >= x.dim(3)) continue;
        const double value = x.at((plane * x.dim(2) + h) * x.dim(3) + w);
        const bool is_nan = std::isnan(value) && fault_ != Fault::nan_lost_in_pooling;
        if (value > found || is_nan) found = value;
      }
    }
    return found;
  }

  const Fault fault_;
  const device::PoolWindow window_;
};

}  // namespace

std::unique_ptr<Work> make_pool(const Description& d, Fault fault) {
  const bool mine = d.name() == "MaxPool" && d.input(0).rank == 4 && d.output_count() == 1 &&
                    (device::dtype_bit(d.input_dtype(0)) & device::kFloatTypes) != 0;
  if (!mine || (d.has_attribute("auto_pad") && d.text("auto_pad") != "NOTSET")) return nullptr;
  return std::make_unique<MaxPool>(d, fault);
}

}  // namespace tenon::accelerator

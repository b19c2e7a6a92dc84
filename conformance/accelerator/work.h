// SPDX-License-Identifier: Apache-2.0
//
// What the accelerator computes itself: plain loops over doubles, with the faults that an
// accelerator may have. Tensors are in memory that may be touched; shapes have been checked.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "conformance/accelerator/faults.h"
#include "tenon/device/kernel.h"

namespace tenon::accelerator {

using device::Arguments;
using device::Description;
using device::View;

class Work {
 public:
  virtual ~Work() = default;
  // Packed tensors are strided views whose padding is zero.
  virtual void run(const Arguments& arguments) const = 0;
};

// Null where the reference device's kernel does it.
std::unique_ptr<Work> make_work(const Description& d, Fault fault);

// By file; null for what is not theirs.
std::unique_ptr<Work> make_product(const Description& d, Fault fault);      // products.cc
std::unique_ptr<Work> make_convolution(const Description& d, Fault fault);  // convolution.cc
std::unique_ptr<Work> make_pool(const Description& d, Fault fault);         // pooling.cc
std::unique_ptr<Work> make_rows(const Description& d, Fault fault);         // rows.cc
std::unique_ptr<Work> make_elementwise(const Description& d, Fault fault);  // elementwise.cc

// The elements of a tensor, row by row.
struct Numbers {
  std::vector<int64_t> dims;
  std::vector<double> values;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;

  int64_t rank() const { return static_cast<int64_t>(dims.size()); }
  int64_t dim(int64_t axis) const { return dims[static_cast<size_t>(axis)]; }
  int64_t count() const { return static_cast<int64_t>(values.size()); }
  double& at(int64_t i) { return values[static_cast<size_t>(i)]; }
  double at(int64_t i) const { return values[static_cast<size_t>(i)]; }
};

// Types of float and int32; none of an absent tensor.
Numbers load(const View& view);
Numbers like(const View& view);  // All 0.
// Rounds to the type of the view.
void store(const Numbers& numbers, const View& view, Fault fault);

}  // namespace tenon::accelerator

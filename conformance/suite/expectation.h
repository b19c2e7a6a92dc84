// SPDX-License-Identifier: Apache-2.0
//
// What the suite expects of the launch that a thread is about to make, for a layer before the
// plugin that perturbs results: by how much an element must be off so that the suite has to notice.
// Nobody else asks, and without TENON_PERTURB there is nothing to be had.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::conformance {

struct OperatorCase;

// Of one output; of none that is absent.
struct ExpectedOutput {
  std::vector<int64_t> dims;  // Its own, which may be less than those allocated.
  // One tolerance for each element, in row-major order; 0 where it must be exact.
  std::vector<double> granted;
};

struct Expectation {
  std::string test;  // "Operator/Add/float32.TN_operator_001_row_dense"
  std::vector<ExpectedOutput> outputs;
};

// Whether anybody will ask.
bool is_expectation_asked();

// While it lives, the thread's launches are expected to give what a case says, for kernels of a
// mode.
class Announced {
 public:
  Announced(const OperatorCase& operator_case, tn_math_mode mode);
  ~Announced();
  Announced(const Announced&) = delete;
  Announced& operator=(const Announced&) = delete;

 private:
  Expectation expectation_;
};

}  // namespace tenon::conformance

// Exported by the suite's program. NULL where nothing was announced.
extern "C" TN_EXPORT const tenon::conformance::Expectation* tenon_conformance_expectation();
// The test that is running; "" between tests.
extern "C" TN_EXPORT const char* tenon_conformance_test();

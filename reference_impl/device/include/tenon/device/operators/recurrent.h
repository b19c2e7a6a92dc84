// SPDX-License-Identifier: Apache-2.0
//
// The halves of RNN, GRU and LSTM: see kernel_of.h.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

enum class RecurrentFunction {
  kAffine,  // alpha * x + beta
  kRelu,
  kLeakyRelu,
  kThresholdedRelu,
  kTanh,
  kScaledTanh,  // alpha * tanh(beta * x)
  kSigmoid,
  kHardSigmoid,
  kElu,
  kSoftsign,
  kSoftplus
};

// One use of a function.
struct Activation {
  RecurrentFunction function;
  float alpha, beta;
};

// How the sides of a call's arguments are numbered.
struct RecurrentDims {
  int64_t steps = 0, batch = 0, inputs = 0, hidden = 0, directions = 0;
};

// What the three have in common. Inputs 0 to 5: X, W, R, B, sequence_lens, initial_h; outputs 0 and
// 1: Y, Y_h.
struct RecurrentOperator : NamedOperator {
  explicit RecurrentOperator(const Description& d) : NamedOperator(d) {}

  // Of arguments that check() has taken.
  RecurrentDims dims(const Arguments& a) const;
  // Steps of an element of the batch; throws KernelError where they are not among those of X. Then,
  // unless the data are to be checked, as many as there are.
  int64_t length(const Arguments& a, const RecurrentDims& dims, int64_t element) const;
  // Whether direction `i` begins at the end.
  bool backwards(int64_t i) const { return i == 1 || starts_backwards; }

  int64_t direction_count = 1;
  bool starts_backwards = false;
  bool batch_first = false;
  std::optional<float> limit;         // Of the arguments of activations.
  std::vector<Activation> functions;  // For each direction: as many as a cell uses.

 protected:
  template <class Attributes>
  void read(const Description& d, const Attributes& a, std::initializer_list<const char*> defaults);
  // `gates`: rows of W and R in units of hidden.
  void check_inputs(const Arguments& a, int64_t gates) const;
  void check_state(const char* argument, const View& state, const RecurrentDims& dims) const;

 private:
  void set_activations(const std::vector<std::string>& names, const std::vector<float>& alphas,
                       const std::vector<float>& betas, size_t needed);
};

struct RnnOperator : RecurrentOperator, attributes::RNN {
  static constexpr int64_t kGates = 1;
  explicit RnnOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct GruOperator : RecurrentOperator, attributes::GRU {
  static constexpr int64_t kGates = 3;
  explicit GruOperator(const Description& d);
  void check(const Arguments& a) const;
};

// Inputs 6 and 7: initial_c, P; output 2: Y_c.
struct LstmOperator : RecurrentOperator, attributes::LSTM {
  static constexpr int64_t kGates = 4;
  explicit LstmOperator(const Description& d);
  void check(const Arguments& a) const;
};

}  // namespace tenon::device

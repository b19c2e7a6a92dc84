// SPDX-License-Identifier: Apache-2.0
//
// RNN, GRU and LSTM against their equations, step by step in float64.
#include <cmath>
#include <functional>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/tests/kernel_harness.h"

namespace tenon::cpu {
namespace {

using namespace tenon::cpu::testing;

using Row = std::vector<double>;

Operation op(const char* name) { return Operation(name, recurrent_operators()); }

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

constexpr int64_t kSteps = 5, kBatch = 3, kInputs = 6, kHidden = 7;

struct Call {
  int64_t gates, directions;
  bool backwards = false;
  Array x = Array::random(TN_FLOAT32, {kSteps, kBatch, kInputs}, -1, 1, 1);
  Array w = Array::random(TN_FLOAT32, {directions, gates* kHidden, kInputs}, -1, 1, 2);
  Array r = Array::random(TN_FLOAT32, {directions, gates* kHidden, kHidden}, -1, 1, 3);
  Array b = Array::random(TN_FLOAT32, {directions, 2 * gates* kHidden}, -1, 1, 4);
  Array lengths = Array(TN_INT32, {kBatch}, {5, 0, 3});
  Array h = Array::random(TN_FLOAT32, {directions, kBatch, kHidden}, -1, 1, 5);
  Array c = Array::random(TN_FLOAT32, {directions, kBatch, kHidden}, -1, 1, 6);

  // Row `row` of W x + R state, with both biases.
  double input_part(int64_t d, int64_t s, int64_t e, int64_t row) const {
    double sum = b.get(d * 2 * gates * kHidden + row);
    for (int64_t k = 0; k < kInputs; ++k)
      sum +=
          x.get((s * kBatch + e) * kInputs + k) * w.get((d * gates * kHidden + row) * kInputs + k);
    return sum;
  }
  double state_part(int64_t d, const Row& state, int64_t row) const {
    double sum = b.get((d * 2 + 1) * gates * kHidden + row);
    for (int64_t k = 0; k < kHidden; ++k)
      sum += state[size_t(k)] * r.get((d * gates * kHidden + row) * kHidden + k);
    return sum;
  }

  // Steps through all; `step` changes a state and a cell at (direction, step, element).
  std::vector<Array> expected(
      const std::function<void(int64_t, int64_t, int64_t, Row&, Row&)>& step) const {
    Array y(TN_FLOAT32, {kSteps, directions, kBatch, kHidden});
    Array last_h(TN_FLOAT32, h.dims()), last_c(TN_FLOAT32, c.dims());
    for (int64_t d = 0; d < directions; ++d)
      for (int64_t e = 0; e < kBatch; ++e) {
        Row state, cell;
        const int64_t at = (d * kBatch + e) * kHidden;
        for (int64_t k = 0; k < kHidden; ++k) {
          state.push_back(h.get(at + k));
          cell.push_back(c.get(at + k));
        }
        const auto length = static_cast<int64_t>(lengths.get(e));
        for (int64_t t = 0; t < length; ++t) {
          const int64_t s = backwards || d == 1 ? length - 1 - t : t;
          step(d, s, e, state, cell);
          for (int64_t k = 0; k < kHidden; ++k)
            y.set(((s * directions + d) * kBatch + e) * kHidden + k, state[size_t(k)]);
        }
        for (int64_t k = 0; k < kHidden; ++k) {
          last_h.set(at + k, state[size_t(k)]);
          last_c.set(at + k, cell[size_t(k)]);
        }
      }
    return {y, last_h, last_c};
  }
};

TEST(Recurrent, RnnRunsBackwards) {
  Call call{1, 1, true};
  std::vector<Array> out = call.expected([&](int64_t d, int64_t s, int64_t e, Row& state, Row&) {
    Row next;
    for (int64_t k = 0; k < kHidden; ++k)
      next.push_back(std::tanh(call.input_part(d, s, e, k) + call.state_part(d, state, k)));
    state = next;
  });
  out.pop_back();
  op("RNN")
      .set("direction", "reverse")
      .expect_near({call.x, call.w, call.r, call.b, call.lengths, call.h}, out, 100);
}

TEST(Recurrent, GruResetsBeforeOrBehindTheProduct) {
  for (const int64_t behind : {0, 1}) {
    Call call{3, 2};
    std::vector<Array> out = call.expected([&](int64_t d, int64_t s, int64_t e, Row& state, Row&) {
      Row z, reset, kept, next;
      for (int64_t k = 0; k < kHidden; ++k) {
        const auto gate = [&](int64_t row) {
          return sigmoid(call.input_part(d, s, e, row) + call.state_part(d, state, row));
        };
        z.push_back(gate(k));
        reset.push_back(gate(kHidden + k));
        kept.push_back(reset.back() * state[size_t(k)]);
      }
      for (int64_t k = 0; k < kHidden; ++k) {
        const int64_t row = 2 * kHidden + k;
        const double from_state = behind != 0 ? reset[size_t(k)] * call.state_part(d, state, row)
                                              : call.state_part(d, kept, row);
        const double fresh = std::tanh(call.input_part(d, s, e, row) + from_state);
        next.push_back((1 - z[size_t(k)]) * fresh + z[size_t(k)] * state[size_t(k)]);
      }
      state = next;
    });
    out.pop_back();
    op("GRU")
        .set("direction", "bidirectional")
        .set("linear_before_reset", behind)
        .expect_near({call.x, call.w, call.r, call.b, call.lengths, call.h}, out, 100);
  }
}

TEST(Recurrent, LstmPeepsAtItsCell) {
  Call call{4, 2};
  const Array p = Array::random(TN_FLOAT32, {2, 3 * kHidden}, -1, 1, 7);
  const std::vector<Array> out =
      call.expected([&](int64_t d, int64_t s, int64_t e, Row& state, Row& cell) {
        Row next;
        for (int64_t k = 0; k < kHidden; ++k) {
          const auto sum = [&](int64_t gate) {
            const int64_t row = gate * kHidden + k;
            return call.input_part(d, s, e, row) + call.state_part(d, state, row);
          };
          const auto peep = [&](int64_t gate) { return p.get((d * 3 + gate) * kHidden + k); };
          double& c = cell[size_t(k)];
          const double i = sigmoid(sum(0) + peep(0) * c), f = sigmoid(sum(2) + peep(2) * c);
          c = f * c + i * std::tanh(sum(3));
          next.push_back(sigmoid(sum(1) + peep(1) * c) * std::tanh(c));
        }
        state = next;
      });
  op("LSTM")
      .set("direction", "bidirectional")
      .expect_near({call.x, call.w, call.r, call.b, call.lengths, call.h, call.c, p}, out, 100);
}

TEST(Recurrent, RefusesWhatDoesNotFit) {
  const Call call{1, 1};
  const Array y(TN_FLOAT32, {kSteps, 1, kBatch, kHidden});
  const Array too_long(TN_INT32, {kBatch}, {5, 6, 1});
  op("RNN").expect_error({call.x, call.w, call.r, call.b, too_long}, {y}, TN_INVALID_ARGUMENT,
                         "sequence_lens has 6 at 1");
  op("RNN")
      .set("hidden_size", 5)
      .expect_error({call.x, call.w, call.r}, {y}, TN_INVALID_ARGUMENT, "hidden_size is 5");
  op("RNN").expect_error({call.x, call.r, call.r}, {y}, TN_INVALID_ARGUMENT, "W has dims");
  op("RNN")
      .set("direction", "bidirectional")
      .expect_error({call.x, call.w, call.r}, {y}, TN_INVALID_ARGUMENT, "Y has dims");
}

}  // namespace
}  // namespace tenon::cpu

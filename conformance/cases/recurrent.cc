// SPDX-License-Identifier: Apache-2.0
//
// RNN, GRU and LSTM, step by step from ONNX's equations.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "suite/case.h"
#include "suite/pairwise.h"

namespace tenon::conformance {
namespace {

using Row = std::vector<Number>;

struct Use {
  std::string name;
  Real alpha = 0, beta = 0;
};

// A step at 0 passes on what x may be off by, on either side.
Number above(const Number& x, Real threshold) {
  return x.value > threshold ? x : Number(0, x.condition);
}

Number softplus(const Number& x) {
  return function(x, std::log1p(std::exp(x.value)), 1 / (1 + std::exp(-x.value)));
}

Number call(const Use& f, const Number& x) {
  if (f.name == "Affine") return f.alpha * x + f.beta;
  if (f.name == "Relu") return above(x, 0);
  if (f.name == "LeakyRelu") return x.value < 0 ? f.alpha * x : x;
  if (f.name == "ThresholdedRelu") return above(x, f.alpha);
  if (f.name == "Tanh") return tanh(x);
  if (f.name == "ScaledTanh") return f.alpha * tanh(f.beta * x);
  if (f.name == "Sigmoid") return sigmoid(x);
  if (f.name == "Elu") return x.value < 0 ? f.alpha * expm1(x) : x;
  if (f.name == "Softsign") {
    const Real below = 1 + std::fabs(x.value);
    return {x.value / below, 2 * std::fabs(x.value / below) + x.condition / (below * below)};
  }
  if (f.name == "Softplus") return softplus(x);
  const Number line = f.alpha * x + f.beta;  // HardSigmoid
  return {std::clamp<Real>(line.value, 0, 1), line.condition};
}

struct Layer {
  const char* name = "LSTM";
  std::string label;
  int64_t steps = 3, batch = 2, inputs = 4, hidden = 5;
  std::string direction = "forward";
  bool batch_first = false, biases = true, initial = true, peepholes = false;
  bool hidden_size = false, y = true, last = true, last_c = true;
  bool option = false;  // linear_before_reset, input_forget.
  Real clip = 0;        // 0: none.
  std::vector<Real> lengths = {};
  // All uses in order, and what is said of them; empty: the default.
  std::vector<Use> uses = {};
  std::vector<std::string> activations = {};
  std::vector<float> alphas = {}, betas = {};
};

class Oracle {
 public:
  Oracle(const Layer& l, tn_dtype type) : l_(l), type_(type) {
    const std::string name = l.name;
    gates_ = name == "LSTM" ? 4 : name == "GRU" ? 3 : 1;
    directions_ = l.direction == "bidirectional" ? 2 : 1;
    const int64_t rows = gates_ * l.hidden;
    const auto state = [&] {
      return l.batch_first ? Shape{l.batch, directions_, l.hidden}
                           : Shape{directions_, l.batch, l.hidden};
    };
    x = some({l.batch_first ? l.batch : l.steps, l.batch_first ? l.steps : l.batch, l.inputs}, 1);
    w = some({directions_, rows, l.inputs}, 2);
    r = some({directions_, rows, l.hidden}, 3);
    b = some({directions_, 2 * rows}, 4);
    h0 = some(state(), 5);
    c0 = some(state(), 6);
    p = some({directions_, 3 * l.hidden}, 7);
    y = Expected(type, l.batch_first ? Shape{l.batch, l.steps, directions_, l.hidden}
                                     : Shape{l.steps, directions_, l.batch, l.hidden});
    h = Expected(type, state());
    c = h;
  }

  void work() {
    for (int64_t d = 0; d < directions_; ++d)
      for (int64_t e = 0; e < l_.batch; ++e) run(d, e);
  }

  HostTensor x, w, r, b, h0, c0, p;
  Expected y, h, c;

 private:
  HostTensor some(Shape dims, uint32_t seed) const {
    return HostTensor::random(type_, std::move(dims), -1, 1, seed);
  }
  Shape state_at(int64_t d, int64_t e, int64_t k) const {
    return l_.batch_first ? Shape{e, d, k} : Shape{d, e, k};
  }
  Use use(int64_t d, size_t i) const {
    const size_t each = gates_ == 4 ? 3 : gates_ == 3 ? 2 : 1;
    if (!l_.uses.empty()) return l_.uses[static_cast<size_t>(d) * each + i];
    return gates_ == 1 || i > 0 ? Use{"Tanh"} : Use{"Sigmoid"};
  }
  // f(x), clipped before. A subnormal one has no more digits than the least normal number's last.
  Number apply(int64_t d, size_t i, const Number& v) const {
    const Real x = l_.clip == 0 ? v.value : std::clamp(v.value, -l_.clip, l_.clip);
    const Number result = call(use(d, i), {x, v.condition});
    const Real least_normal = std::ldexp(Real{1}, 1 - element_type(type_).form.bias);
    return {result.value, result.condition + least_normal};
  }
  Number bias(int64_t d, int64_t row) const { return l_.biases ? b.at({d, row}) : Real{0}; }

  // Row `row` of W times the step's input, and of R times a state.
  Number input_part(int64_t d, int64_t e, int64_t s, int64_t row) const {
    Sum sum;
    for (int64_t k = 0; k < l_.inputs; ++k)
      sum.add(Number(l_.batch_first ? x.at({e, s, k}) : x.at({s, e, k})) * w.at({d, row, k}));
    return sum.total_in_sequence() + bias(d, row);
  }
  Number state_part(int64_t d, const Row& state, int64_t row) const {
    Sum sum;
    for (int64_t k = 0; k < l_.hidden; ++k)
      sum.add(state[static_cast<size_t>(k)] * Number(r.at({d, row, k})));
    return sum.total_in_sequence() + bias(d, gates_ * l_.hidden + row);
  }
  Number gate(int64_t d, int64_t e, int64_t s, const Row& state, int64_t row) const {
    return input_part(d, e, s, row) + state_part(d, state, row);
  }

  void run(int64_t d, int64_t e) {
    const auto size = static_cast<size_t>(l_.hidden);
    Row state(size), cell(size);
    for (int64_t k = 0; k < l_.hidden && l_.initial; ++k) {
      state[static_cast<size_t>(k)] = h0.at(state_at(d, e, k));
      cell[static_cast<size_t>(k)] = c0.at(state_at(d, e, k));
    }
    const int64_t length =
        l_.lengths.empty() ? l_.steps : static_cast<int64_t>(l_.lengths[static_cast<size_t>(e)]);
    const bool backwards = l_.direction == "reverse" || d == 1;
    for (int64_t t = 0; t < length; ++t) {
      const int64_t s = backwards ? length - 1 - t : t;
      if (gates_ == 1) step_rnn(d, e, s, state);
      if (gates_ == 3) step_gru(d, e, s, state);
      if (gates_ == 4) step_lstm(d, e, s, state, cell);
      for (int64_t k = 0; k < l_.hidden; ++k)
        y.at(l_.batch_first ? Shape{e, s, d, k} : Shape{s, d, e, k}) =
            state[static_cast<size_t>(k)];
    }
    for (int64_t k = 0; k < l_.hidden; ++k) {
      h.at(state_at(d, e, k)) = state[static_cast<size_t>(k)];
      c.at(state_at(d, e, k)) = cell[static_cast<size_t>(k)];
    }
  }

  void step_rnn(int64_t d, int64_t e, int64_t s, Row& state) {
    Row next;
    for (int64_t k = 0; k < l_.hidden; ++k) next.push_back(apply(d, 0, gate(d, e, s, state, k)));
    state = next;
  }

  void step_gru(int64_t d, int64_t e, int64_t s, Row& state) {
    Row z, reset, next, kept;
    for (int64_t k = 0; k < l_.hidden; ++k) {
      z.push_back(apply(d, 0, gate(d, e, s, state, k)));
      reset.push_back(apply(d, 0, gate(d, e, s, state, l_.hidden + k)));
      kept.push_back(reset.back() * state[static_cast<size_t>(k)]);
    }
    for (int64_t k = 0; k < l_.hidden; ++k) {
      const auto at = static_cast<size_t>(k);
      const int64_t row = 2 * l_.hidden + k;
      const Number from_state =
          l_.option ? reset[at] * state_part(d, state, row) : state_part(d, kept, row);
      const Number fresh = apply(d, 1, input_part(d, e, s, row) + from_state);
      next.push_back((Number(1) - z[at]) * fresh + z[at] * state[at]);
    }
    state = next;
  }

  // Gates i, o, f, c; peepholes of i, o, f.
  void step_lstm(int64_t d, int64_t e, int64_t s, Row& state, Row& cell) {
    Row next;
    for (int64_t k = 0; k < l_.hidden; ++k) {
      const auto at = static_cast<size_t>(k);
      const auto sum = [&](int64_t which) { return gate(d, e, s, state, which * l_.hidden + k); };
      const auto peep = [&](int64_t which) -> Number {
        return l_.peepholes ? p.at({d, which * l_.hidden + k}) : Real{0};
      };
      const Number i = apply(d, 0, sum(0) + peep(0) * cell[at]);
      const Number f = l_.option ? Number(1) - i : apply(d, 0, sum(2) + peep(2) * cell[at]);
      cell[at] = f * cell[at] + i * apply(d, 1, sum(3));
      const Number o = apply(d, 0, sum(1) + peep(1) * cell[at]);
      next.push_back(o * apply(d, 2, cell[at]));
    }
    state = next;
  }

  const Layer& l_;
  const tn_dtype type_;
  int64_t gates_, directions_;
};

void add(Cases& cases, tn_dtype type, const Layer& l) {
  Oracle oracle(l, type);
  oracle.work();
  const bool lstm = std::string(l.name) == "LSTM";
  OperatorCase c{"", l.name, l.label, type};
  c.in(oracle.x).in(oracle.w).in(oracle.r);
  l.biases ? c.in(oracle.b) : c.absent();
  if (l.lengths.empty())
    c.absent();
  else
    c.in(HostTensor(TN_INT32, {l.batch}, l.lengths));
  if (l.initial) c.in(oracle.h0);
  if (lstm && l.initial) c.in(oracle.c0);
  if (lstm && l.peepholes) {
    if (!l.initial) c.absent().absent();
    c.in(oracle.p);
  }
  if (l.direction != "forward") c.attribute("direction", l.direction);
  if (l.batch_first) c.attribute("layout", int64_t{1});
  if (l.hidden_size) c.attribute("hidden_size", l.hidden);
  if (l.clip != 0) c.attribute("clip", static_cast<float>(l.clip));
  if (l.option) c.attribute(lstm ? "input_forget" : "linear_before_reset", int64_t{1});
  if (!l.activations.empty()) c.attribute("activations", l.activations);
  if (!l.alphas.empty()) c.attribute("activation_alpha", l.alphas);
  if (!l.betas.empty()) c.attribute("activation_beta", l.betas);
  l.y ? c.out(oracle.y) : c.no_out();
  if (l.last) c.out(oracle.h);
  if (lstm && l.last_c) {
    if (!l.last) c.no_out();
    c.out(oracle.c);
  }
  cases.push_back(c);
}

void add_of(Cases& cases, tn_dtype type, const char* name) {
  const bool lstm = std::string(name) == "LSTM", rnn = std::string(name) == "RNN";
  Layer l{.name = name, .label = "plain"};
  add(cases, type, l);
  l = {.name = name, .label = "reverse", .direction = "reverse", .hidden_size = true};
  add(cases, type, l);
  l = {.name = name, .label = "both_lengths", .steps = 4, .batch = 3, .direction = "bidirectional"};
  l.lengths = {4, 1, 0};
  add(cases, type, l);
  l.label = "batch_first";
  l.batch_first = true;
  l.lengths = {2, 4, 3};
  add(cases, type, l);
  l = {.name = name, .label = "bare", .biases = false, .initial = false, .last_c = false};
  add(cases, type, l);
  l = {.name = name, .label = "last_alone", .y = false};
  add(cases, type, l);
  l = {.name = name, .label = "sequence_alone", .last = false, .last_c = false};
  add(cases, type, l);
  l = {.name = name, .label = "clip"};
  l.clip = 0.375;
  add(cases, type, l);
  l = {.name = name, .label = "wide", .steps = 2, .batch = 5, .inputs = 67, .hidden = 33};
  add(cases, type, l);
  l = {.name = name, .label = "long", .steps = 17, .batch = 1, .inputs = 3, .hidden = 8};
  add(cases, type, l);
  l = {.name = name, .label = "many_inputs", .steps = 1, .batch = 1, .inputs = 4099, .hidden = 2};
  add(cases, type, l);
  if (lstm) {
    l = {.name = name, .label = "peepholes", .peepholes = true};
    add(cases, type, l);
    l = {.name = name, .label = "peepholes_alone", .initial = false, .peepholes = true};
    add(cases, type, l);
    l = {.name = name, .label = "cell_alone", .y = false, .last = false};
    add(cases, type, l);
  }
  if (!rnn) {
    l = {.name = name, .label = lstm ? "input_forget" : "linear_before_reset", .option = true};
    add(cases, type, l);
    l.label += "_bare";
    l.biases = false;
    add(cases, type, l);
  }
}

void add_pairs(Cases& cases, tn_dtype type, const char* name) {
  const bool lstm = std::string(name) == "LSTM", rnn = std::string(name) == "RNN";
  const char* const directions[] = {"forward", "reverse", "bidirectional"};
  for (const auto& row : pairwise({3, 2, 2, 2, 2, 2, 2, 2, 2})) {
    Layer l{.name = name, .label = pairs_label(row)};
    l.steps = 4;
    l.batch = 3;
    l.direction = directions[row[0]];
    l.batch_first = row[1] == 1;
    l.biases = row[2] == 1;
    l.initial = row[3] == 1;
    if (row[4] == 1) l.lengths = {2, 4, 3};
    if (row[5] == 1) l.clip = 0.375;
    l.option = !rnn && row[6] == 1;
    l.peepholes = lstm && row[7] == 1;
    (row[8] == 1 ? l.y : l.last) = false;
    l.last_c = lstm && row[8] == 1;
    add(cases, type, l);
  }
}

// Every function, with numbers given and left out: two in each RNN.
void add_functions(Cases& cases, tn_dtype type) {
  const auto two = [&](const char* label, std::vector<Use> uses, std::vector<float> alphas,
                       std::vector<float> betas) {
    Layer l{.name = "RNN", .label = label, .direction = "bidirectional"};
    for (const Use& use : uses) l.activations.push_back(use.name);
    l.uses = std::move(uses);
    l.alphas = std::move(alphas);
    l.betas = std::move(betas);
    add(cases, type, l);
  };
  two("Affine_Relu", {{"Affine", 0.5, 0.25}, {"Relu"}}, {0.5f}, {0.25f});
  two("Relu_LeakyRelu", {{"Relu"}, {"LeakyRelu", 0.125}}, {0.125f}, {});
  two("LeakyRelu_ThresholdedRelu", {{"LeakyRelu", 0.01f}, {"ThresholdedRelu", 1}}, {}, {});
  two("ThresholdedRelu_Elu", {{"ThresholdedRelu", 0.25}, {"Elu", 0.5}}, {0.25f, 0.5f}, {});
  two("Tanh_ScaledTanh", {{"Tanh"}, {"ScaledTanh", 1.5, 0.75}}, {1.5f}, {0.75f});
  two("Sigmoid_HardSigmoid", {{"Sigmoid"}, {"HardSigmoid", 0.2f, 0.5f}}, {}, {});
  two("HardSigmoid_Affine", {{"HardSigmoid", 0.25, 0.375}, {"Affine", 1, 0}}, {0.25f}, {0.375f});
  two("Elu_Softsign", {{"Elu", 1}, {"Softsign"}}, {}, {});
  two("Softplus_ScaledTanh", {{"Softplus"}, {"ScaledTanh", 1, 1}}, {}, {});
  Layer l{.name = "LSTM", .label = "activations"};
  l.activations = {"HardSigmoid", "Softsign", "Affine"};
  l.uses = {{"HardSigmoid", 0.25, 0.5f}, {"Softsign"}, {"Affine", 0.5, 0}};
  l.alphas = {0.25f, 0.5f};
  add(cases, type, l);
  l = {.name = "GRU", .label = "activations", .direction = "bidirectional"};
  l.activations = {"Sigmoid", "Relu", "HardSigmoid", "Tanh"};
  l.uses = {{"Sigmoid"}, {"Relu"}, {"HardSigmoid", 0.2f, 0.25}, {"Tanh"}};
  l.betas = {0.25f};
  add(cases, type, l);
}

}  // namespace

void add_recurrent_cases(Cases& cases, tn_dtype type) {
  if (!takes("", "LSTM", type)) return;
  for (const char* name : {"RNN", "GRU", "LSTM"}) add_of(cases, type, name);
  for (const char* name : {"RNN", "GRU", "LSTM"}) add_pairs(cases, type, name);
  add_functions(cases, type);
}

}  // namespace tenon::conformance

// SPDX-License-Identifier: Apache-2.0
//
// RNN, GRU and LSTM: the product of the whole input in one go, then step by step that of the state
// and the cell (recurrent_cells.h). States are kept in the type that is computed in.
#include <cstring>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/kernels/gemm.h"
#include "reference_impl/cpu/kernels/recurrent_cells.h"
#include "reference_impl/cpu/kernels/scratch.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {
namespace {

constexpr int64_t kGrain = 1 << 12;  // Elements of states that one thread takes at least.

template <class T>
int64_t panels_of(int64_t columns) {
  return (columns + gemm::kPanelWidth<T> - 1) / gemm::kPanelWidth<T>;
}

// The transpose of rows [first, first + rows) of a matrix, as the products want it.
template <class T>
void pack_rows(const gemm::MatrixOperand& m, int64_t first, int64_t rows, int64_t depth, T* to) {
  constexpr int64_t kWidth = gemm::kPanelWidth<T>;
  const int64_t bytes = static_cast<int64_t>(tn_dtype_bits(m.dtype) / 8);
  for (int64_t row = 0; row < rows; row += kWidth) {
    gemm::pack_panel(to + row * depth, kWidth, std::min(kWidth, rows - row), depth,
                     m.data + (first + row) * m.row_stride * bytes, m.dtype, m.row_stride,
                     m.column_stride);
  }
}

// Temporary memory of one direction.
template <class T>
struct Parts {
  // `sums`: of all steps, [rows of X][gates * hidden]. `fresh`: of one step, of the state.
  T *sums, *fresh, *weights, *h, *c, *reset, *bias, *peepholes;
  std::byte* products;
  uint64_t size;

  Parts(const RecurrentDims& d, int64_t gates, std::byte* base) {
    WorkspaceParts parts(base);
    const int64_t columns = gates * d.hidden, rows = d.steps * d.batch;
    sums = parts.take_array<T>(rows * columns);
    fresh = parts.take_array<T>(d.batch * columns);
    // Two packed matrices, each rounded up to panels.
    weights = parts.take_array<T>((panels_of<T>(columns) + 2) * gemm::kPanelWidth<T> * d.hidden);
    h = parts.take_array<T>(d.batch * d.hidden);
    c = parts.take_array<T>(d.batch * d.hidden);
    reset = parts.take_array<T>(d.batch * d.hidden);
    bias = parts.take_array<T>(2 * columns);
    peepholes = parts.take_array<T>(3 * d.hidden);
    const auto& isa = gemm::best_isa();
    products = parts.take(std::max({gemm::scratch_size<T>(isa, rows, columns, d.inputs, false),
                                    gemm::scratch_size<T>(isa, d.batch, columns, d.inputs, false),
                                    gemm::scratch_size<T>(isa, d.steps, columns, d.inputs, false),
                                    gemm::scratch_size<T>(isa, d.batch, columns, d.hidden, true)}));
    size = parts.used();
  }
};

// S: the type of the tensors; T: what is computed in.
template <class S, class Operator>
class RecurrentKernel final : public KernelOf<Operator>, public NeedsWorkspace {
  using T = std::conditional_t<std::is_same_v<S, double>, double, float>;
  using KernelOf<Operator>::operator_;
  static constexpr int64_t kGates = Operator::kGates;
  static constexpr bool kIsGru = std::is_same_v<Operator, GruOperator>;
  static constexpr bool kIsLstm = std::is_same_v<Operator, LstmOperator>;

 public:
  explicit RecurrentKernel(const Description& d) : KernelOf<Operator>(d) {}

  uint64_t workspace_size(const Arguments& a) const override {
    return Parts<T>(operator_.dims(a), kGates, nullptr).size;
  }

  void run(const Arguments& a, const Execution& execution) const override {
    const RecurrentDims d = operator_.dims(a);
    for (int64_t b = 0; b < d.batch; ++b) operator_.length(a, d, b);  // Throws for all at once.
    if (d.batch * d.hidden == 0) return;
    const Parts<T> parts(d, kGates, a.workspace);
    for (int64_t i = 0; i < d.directions; ++i) {
      add_biases(a, d, i, parts);
      multiply_input(a, d, i, parts, execution);
      pack_weights(a, d, i, parts);
      begin(a, d, i, parts);
      for (int64_t t = 0; t < d.steps; ++t) step(a, d, i, t, parts, execution);
      end(a, d, i, parts);
    }
  }

 private:
  S* state_row(const View& v, int64_t direction, int64_t b) const {
    const int64_t at = operator_.batch_first ? b * v.strides[0] + direction * v.strides[1]
                                             : direction * v.strides[0] + b * v.strides[1];
    return v.as<S>() + at;
  }
  S* output_row(const View& y, int64_t s, int64_t direction, int64_t b) const {
    const int64_t at = operator_.batch_first
                           ? b * y.strides[0] + s * y.strides[1] + direction * y.strides[2]
                           : s * y.strides[0] + direction * y.strides[1] + b * y.strides[2];
    return y.as<S>() + at;
  }
  // The row of the sums of step `s`: rows follow those of X.
  int64_t row_of(const RecurrentDims& d, int64_t s, int64_t b) const {
    return operator_.batch_first ? b * d.steps + s : s * d.batch + b;
  }
  static gemm::MatrixOperand matrix(const View& weights, int64_t direction) {
    return {weights.data + direction * weights.strides[0] * static_cast<int64_t>(sizeof(S)),
            weights.dtype, weights.strides[1], weights.strides[2]};
  }
  static void load_row(const View& v, int64_t direction, int64_t n, T* to) {
    const S* from = v.as<S>() + direction * v.strides[0];
    for (int64_t k = 0; k < n; ++k) to[k] = static_cast<T>(load(from[k * v.strides[1]]));
  }
  // A GRU's third gate takes the bias of the state with the product, if it is reset behind that.
  bool is_late(int64_t gate) const {
    if constexpr (kIsGru) return operator_.linear_before_reset && gate == 2;
    return false;
  }

  // parts.bias: what the sums begin with, then what the late gate begins with.
  void add_biases(const Arguments& a, const RecurrentDims& d, int64_t direction,
                  const Parts<T>& parts) const {
    const int64_t columns = kGates * d.hidden;
    std::fill_n(parts.bias, 2 * columns, T{0});
    if (a.input(3).present()) {
      load_row(a.inputs[3], direction, 2 * columns, parts.bias);
      for (int64_t k = 0; k < columns; ++k)
        if (!is_late(k / d.hidden)) parts.bias[k] += parts.bias[columns + k];
    }
    if constexpr (kIsLstm) {
      if (a.input(7).present()) load_row(a.inputs[7], direction, 3 * d.hidden, parts.peepholes);
    }
    for (int64_t row = 0; row < d.steps * d.batch; ++row)
      std::copy_n(parts.bias, columns, parts.sums + row * columns);
  }

  void multiply_input(const Arguments& a, const RecurrentDims& d, int64_t direction,
                      const Parts<T>& parts, const Execution& execution) const {
    const View& x = a.inputs[0];
    if (d.inputs == 0 || d.steps == 0) return;
    const gemm::MatrixOperand w = matrix(a.inputs[1], direction);
    gemm::Product<T> product;
    product.n = kGates * d.hidden;
    product.k = d.inputs;
    product.b = {w.data, w.dtype, w.column_stride, w.row_stride};
    product.c_row_stride = product.n;
    product.accumulate = true;
    const bool one = x.dims[0] == 1 || x.dims[1] == 1 || x.strides[0] == x.dims[1] * x.strides[1];
    product.m = one ? x.dims[0] * x.dims[1] : x.dims[1];
    const int64_t row_stride = x.dims[1] == 1 ? x.strides[0] : x.strides[1];
    for (int64_t i = 0; i < (one ? 1 : x.dims[0]); ++i) {
      product.a = {x.data + i * x.strides[0] * static_cast<int64_t>(sizeof(S)), x.dtype, row_stride,
                   x.strides[2]};
      product.c = parts.sums + i * product.m * product.n;
      gemm::multiply(gemm::best_isa(), product, parts.products, &execution);
    }
  }

  // Columns of the first product of a step; a GRU that resets before multiplying makes two.
  int64_t first_gates() const {
    if constexpr (kIsGru) return operator_.linear_before_reset ? 3 : 2;
    return kGates;
  }
  T* second_weights(const RecurrentDims& d, const Parts<T>& parts) const {
    return parts.weights + panels_of<T>(first_gates() * d.hidden) * gemm::kPanelWidth<T> * d.hidden;
  }
  void pack_weights(const Arguments& a, const RecurrentDims& d, int64_t direction,
                    const Parts<T>& parts) const {
    const gemm::MatrixOperand r = matrix(a.inputs[2], direction);
    const int64_t first = first_gates() * d.hidden;
    pack_rows(r, 0, first, d.hidden, parts.weights);
    if (first < kGates * d.hidden)
      pack_rows(r, first, kGates * d.hidden - first, d.hidden, second_weights(d, parts));
  }

  void load_states(const View& from, const RecurrentDims& d, int64_t direction, T* to) const {
    if (!from.present()) return static_cast<void>(std::fill_n(to, d.batch * d.hidden, T{0}));
    for (int64_t b = 0; b < d.batch; ++b) {
      const S* row = state_row(from, direction, b);
      for (int64_t k = 0; k < d.hidden; ++k)
        to[b * d.hidden + k] = static_cast<T>(load(row[k * from.strides[2]]));
    }
  }
  void store_states(const View& to, const RecurrentDims& d, int64_t direction,
                    const T* from) const {
    if (!to.present()) return;
    for (int64_t b = 0; b < d.batch; ++b) {
      S* row = state_row(to, direction, b);
      for (int64_t k = 0; k < d.hidden; ++k)
        row[k * to.strides[2]] = store<S>(from[b * d.hidden + k]);
    }
  }

  void begin(const Arguments& a, const RecurrentDims& d, int64_t direction,
             const Parts<T>& parts) const {
    load_states(a.input(5), d, direction, parts.h);
    if constexpr (kIsLstm) load_states(a.input(6), d, direction, parts.c);
    const View y = a.output(0);
    if (!y.present()) return;
    for (int64_t b = 0; b < d.batch; ++b)
      for (int64_t s = operator_.length(a, d, b); s < d.steps; ++s) {
        S* row = output_row(y, s, direction, b);
        for (int64_t k = 0; k < d.hidden; ++k) row[k * y.strides[3]] = store<S>(T{0});
      }
  }

  void end(const Arguments& a, const RecurrentDims& d, int64_t direction,
           const Parts<T>& parts) const {
    store_states(a.output(1), d, direction, parts.h);
    if constexpr (kIsLstm) store_states(a.output(2), d, direction, parts.c);
  }

  void multiply_state(const RecurrentDims& d, const T* state, const T* weights, T* to,
                      int64_t columns, int64_t stride, const Parts<T>& parts,
                      const Execution& execution) const {
    gemm::Product<T> product;
    product.m = d.batch;
    product.n = columns;
    product.k = d.hidden;
    constexpr tn_dtype kType = std::is_same_v<T, double> ? TN_FLOAT64 : TN_FLOAT32;
    product.a = {reinterpret_cast<const std::byte*>(state), kType, d.hidden, 1};
    product.packed_b = weights;
    product.c = to;
    product.c_row_stride = stride;
    gemm::multiply(gemm::best_isa(), product, parts.products, &execution);
  }

  void step(const Arguments& a, const RecurrentDims& d, int64_t direction, int64_t t,
            const Parts<T>& parts, const Execution& execution) const {
    const int64_t columns = kGates * d.hidden;
    const int64_t first = first_gates() * d.hidden;
    multiply_state(d, parts.h, parts.weights, parts.fresh, first, columns, parts, execution);
    const size_t uses = operator_.functions.size() / static_cast<size_t>(d.directions);
    const Activation* functions =
        operator_.functions.data() + static_cast<size_t>(direction) * uses;
    const bool backwards = operator_.backwards(direction);
    // Calls body(element, its step, its cell) for the elements that have not ended.
    const auto each = [&](auto&& body) {
      const int64_t grain = std::max<int64_t>(kGrain / columns, 1);
      execution.parallel_for(d.batch, grain, [&](int64_t from, int64_t to) {
        for (int64_t b = from; b < to; ++b) {
          const int64_t length = operator_.length(a, d, b);
          if (t >= length) continue;
          const int64_t s = backwards ? length - 1 - t : t;
          const CellStep<T> cell{d.hidden,
                                 parts.sums + row_of(d, s, b) * columns,
                                 nullptr,
                                 parts.h + b * d.hidden,
                                 parts.c + b * d.hidden,
                                 kIsLstm && a.input(7).present() ? parts.peepholes : nullptr};
          body(b, s, cell);
        }
      });
    };
    const View y = a.output(0);
    const auto put = [&](int64_t b, int64_t s, const T* h) {
      if (!y.present()) return;
      S* row = output_row(y, s, direction, b);
      for (int64_t k = 0; k < d.hidden; ++k) row[k * y.strides[3]] = store<S>(h[k]);
    };
    const auto add = [&](T* sums, const T* fresh, int64_t n) {
      for (int64_t k = 0; k < n; ++k) sums[k] += fresh[k];
    };
    if constexpr (kIsGru) {
      std::fill_n(parts.reset, d.batch * d.hidden, T{0});
      each([&](int64_t b, int64_t, const CellStep<T>& cell) {
        add(cell.sums, parts.fresh + b * columns, 2 * d.hidden);
        reset_state(operator_, functions, cell, parts.reset + b * d.hidden);
      });
      if (!operator_.linear_before_reset)
        multiply_state(d, parts.reset, second_weights(d, parts), parts.fresh + 2 * d.hidden,
                       d.hidden, columns, parts, execution);
      each([&](int64_t b, int64_t s, CellStep<T> cell) {
        T* late = parts.fresh + b * columns + 2 * d.hidden;
        if (operator_.linear_before_reset) {
          add(late, parts.bias + columns + 2 * d.hidden, d.hidden);
          cell.late = late;
        } else {
          add(cell.sums + 2 * d.hidden, late, d.hidden);
        }
        step_reset_cell(operator_, functions, cell);
        put(b, s, cell.h);
      });
    } else {
      each([&](int64_t b, int64_t s, const CellStep<T>& cell) {
        add(cell.sums, parts.fresh + b * columns, columns);
        step_cell(operator_, functions, cell);
        put(b, s, cell.h);
      });
    }
  }
};

template <class Operator>
std::unique_ptr<Kernel> create_recurrent(const Description& d) {
  return visit_dtype<kFloatTypes>(d.name(), d.input_dtype(0),
                                  [&](auto type) -> std::unique_ptr<Kernel> {
                                    using S = typename decltype(type)::type;
                                    return std::make_unique<RecurrentKernel<S, Operator>>(d);
                                  });
}

}  // namespace

std::span<const OperatorEntry> recurrent_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kRNN, kFloatTypes, create_recurrent<RnnOperator>},
      {op::kGRU, kFloatTypes, create_recurrent<GruOperator>},
      {op::kLSTM, kFloatTypes, create_recurrent<LstmOperator>},
  };
  return kOperators;
}

}  // namespace tenon::cpu

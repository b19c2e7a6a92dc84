// SPDX-License-Identifier: Apache-2.0
//
// MatMul, Gemm and tenon.ScaledGemm: Y = alpha * A @ B + beta * C.
//
// A B without batch makes all rows of A one matrix. Described as TN_LAYOUT_ANY it is kept in the
// form that oneDNN packs matrices in. C is brought into Y first (scaled, broadcast) and the product
// added to it; a C of one row is oneDNN's bias. tenon.FusedMatMul has steps in the place of C; a
// row that is added first is a bias there, too.
#include "operators.h"
#include "post_steps.h"
#include "primitive_kernel.h"
#include "tenon/device/operators/fused_steps.h"
#include "tenon/device/operators/shape.h"

namespace tenon::onednn {
namespace {

// Multiplications from where on oneDNN's product is worth its start; see PrimitiveKernel::worth.
constexpr int64_t kLeastProducts = 100000;

struct Factors {
  float alpha = 1;
  float beta = 1;
  // Inputs that hold them; 0: they do not.
  size_t alpha_input = 0;
  size_t beta_input = 0;
  bool transpose_a = false;
  bool transpose_b = false;
};

void prepend_ones(Strided& s, size_t rank) {
  while (s.dims.size() < rank) {
    s.strides.insert(s.strides.begin(), s.dims[0] * s.strides[0]);
    s.dims.insert(s.dims.begin(), 1);
  }
}

// A dim of 1 at `at`, which addresses nothing.
void insert_one(Strided& s, size_t at) {
  const auto place = static_cast<std::ptrdiff_t>(at);
  s.strides.insert(s.strides.begin() + place, at < s.dims.size() ? s.dims[at] * s.strides[at] : 1);
  s.dims.insert(s.dims.begin() + place, 1);
}

void drop_broadcast_batch(Strided& s) {
  for (size_t i = s.dims.size() - 2; i-- > 0;) {
    if (s.strides[i] != 0) continue;
    s.dims[i] = 1;
    s.strides[i] = s.dims[i + 1] * s.strides[i + 1];
  }
}

bool rows_join(const Strided& s) {
  for (size_t i = 0; i + 2 < s.dims.size(); ++i) {
    if (s.dims[i] != 1 && s.strides[i] != s.dims[i + 1] * s.strides[i + 1]) return false;
  }
  return true;
}

void join_rows(Strided& s) {
  while (s.dims.size() > 2) {
    s.dims[1] *= s.dims[0];
    s.dims.erase(s.dims.begin());
    s.strides.erase(s.strides.begin());
  }
}

// But for the check of its arguments, which is the operator's (MatmulOf).
class Matmul : public PrimitiveKernel {
 public:
  Matmul(const Description& d, const Factors& factors, PostSteps steps)
      : factors_(factors), mode_(d.math_mode()), steps_(std::move(steps)) {
    require_float32(d, std::max<size_t>(d.input_count(), 5));
    const tn_argument &a = d.input(0), &b = d.input(1);
    if (b.layout == TN_LAYOUT_ANY && b.rank == 2) choose_layout(a, b);
  }

  void run(const Arguments& arguments, const Execution& execution) const override {
    PrimitiveKernel::run(arguments, execution);
    steps_.run_rest(arguments, execution);
  }

  tn_layout input_layout(size_t i, tn_layout described) const override {
    if (i != 1) return TN_LAYOUT_STRIDED;
    return described == TN_LAYOUT_ANY ? packed_ : described;
  }

 protected:
  bool takes_empty() const override { return true; }
  bool copies_pay() const override { return true; }
  bool worth(const Arguments& a) const override {
    const View& x = a.inputs[0];
    const int64_t sums = x.dims[x.rank - (factors_.transpose_a ? 2 : 1)];
    return a.inputs[1].layout != TN_LAYOUT_STRIDED || a.outputs[0].count() * sums >= kLeastProducts;
  }

  int64_t variant(const Arguments& a) const override { return beta_is_zero(a); }

  void build(const Arguments& arguments, Program& p) const override {
    const View &a = arguments.inputs[0], &b = arguments.inputs[1], &y = arguments.outputs[0];
    const View c = addend(arguments);
    const bool token = b.layout != TN_LAYOUT_STRIDED;
    Strided left = Strided::of(a), out = Strided::of(y);
    Strided right = token ? Strided::dense({b.dims, b.dims + b.rank}) : Strided::of(b);
    if (b.rank == 1) {
      insert_one(right, 1);
      insert_one(out, out.dims.size());
    }
    if (a.rank == 1) {
      insert_one(left, 0);
      insert_one(out, out.dims.size() - 1);
    }
    if (factors_.transpose_a) left.swap_last_dims();
    if (factors_.transpose_b) right.swap_last_dims();
    const bool bias = c.present() && is_row(c) && !scaled();
    Operands o;
    if (right.dims.size() == 2 && left.dims.size() > 2) {
      if (rows_join(left) && rows_join(out) && (!c.present() || bias || y.dense()) &&
          steps_join(arguments)) {
        join_rows(left);
        join_rows(out);
      } else if (token && steps_.empty()) {
        // Packed matrices have no batch: rows must join, so they are brought together.
        const int64_t rows = left.count() / std::max<int64_t>(left.dims.back(), 1);
        o.left = p.dense_input(0, a, {rows, left.dims.back()});
        o.out = p.dense_output(0, y, {rows, right.dims[1]});
        o.made = true;
      }
    }
    if (!o.made) {
      const size_t rank = std::max(left.dims.size(), right.dims.size());
      prepend_ones(left, rank);
      prepend_ones(right, rank);
      prepend_ones(out, rank);
      drop_broadcast_batch(left);
      drop_broadcast_batch(right);
      if (left.dims.back() == 0) return add_nothing(left, right, out, arguments, c, p);
      o.left = p.input(0, left);
      o.out = p.output(0, out);
    }
    o.right = token ? p.input(1, b) : p.input(1, right);
    add(o, arguments, c, bias, p);
  }

 private:
  struct Operands {
    Program::Operand left = 0, right = 0, out = 0;
    bool made = false;
  };

  // C, or the row that is added first.
  View addend(const Arguments& a) const {
    if (steps_.empty()) return beta_is_zero(a) ? View{} : a.input(2);
    return first_is_bias(a) ? a.inputs[2] : View{};
  }
  bool first_is_bias(const Arguments& a) const {
    const View &y = a.outputs[0], &b = a.inputs[1];
    return !steps_.empty() && steps_.starts_with_add() && b.rank > 1 && is_row(a.inputs[2]) &&
           a.inputs[2].dims[a.inputs[2].rank - 1] == y.dims[y.rank - 1];
  }

  // Whether operands keep their meaning when Y's rows are seen as those of one matrix.
  bool steps_join(const Arguments& a) const {
    const View& y = a.outputs[0];
    for (size_t i = 0; i < steps_.size(); ++i) {
      if (steps_.input_of(i) == 0) continue;
      const View& operand = a.inputs[steps_.input_of(i)];
      const bool one_row = operand.rank == 0 || operand.count() == operand.dims[operand.rank - 1];
      const bool all = operand.rank == y.rank && device::same_dims(operand, y) &&
                       rows_join(Strided::of(operand));
      if (!one_row && !all) return false;
    }
    return true;
  }

  void add_steps(const Operands& o, const Arguments& a, int post_ops,
                 std::vector<Program::Argument>& list, Program& p) const {
    const size_t rank = p.md(o.out).get_dims().size();
    for (size_t i = first_is_bias(a) ? 1 : 0; i < steps_.size(); ++i, ++post_ops) {
      const size_t input = steps_.input_of(i);
      if (input == 0) continue;
      Strided operand = Strided::of(a.inputs[input]);
      if (operand.dims.size() > rank) join_rows(operand);
      if (operand.dims.empty()) operand = Strided::dense({1});
      prepend_ones(operand, rank);
      list.push_back({operand_id(post_ops), p.input(input, operand)});
    }
  }

  // No products to sum: one of zeros has the same value.
  void add_nothing(Strided left, Strided right, const Strided& out, const Arguments& arguments,
                   const View& c, Program& p) const {
    left.dims.back() = 1;
    right.dims[right.dims.size() - 2] = 1;
    Operands o;
    o.left = p.constant(Strided::dense(left.dims).md(), 0);
    o.right = p.constant(Strided::dense(right.dims).md(), 0);
    o.out = p.output(0, out);
    add(o, arguments, c, false, p);
  }

  bool scaled() const {
    return factors_.alpha != 1 || factors_.beta != 1 || factors_.alpha_input != 0 ||
           factors_.beta_input != 0;
  }

  bool beta_is_zero(const Arguments& a) const {
    const View given = factors_.beta_input == 0 ? View{} : a.input(factors_.beta_input);
    return given.present() ? device::real_at(given) == 0 : factors_.beta == 0;
  }

  static bool is_row(const View& c) {
    return c.rank >= 1 && c.count() == c.dims[c.rank - 1] && c.dims[c.rank - 1] > 1;
  }

  // Which form B has best. How many rows A will have matters little.
  void choose_layout(const tn_argument& a, const tn_argument& b) {
    const Described right = Described::of(b);
    if (!right.known || right.strided.count() == 0) return;
    const Described left = Described::of(a);
    Form form;
    form.transposed = factors_.transpose_b;
    const Strided matrix = right.strided.as(form);
    int64_t rows = 128;
    if (left.known) rows = std::max<int64_t>(left.strided.count() / matrix.dims[0], 1);
    guarded("MatMul", [&] {
      const Threads threads;
      const dnnl::matmul::primitive_desc pd(
          engine(), Strided::dense({rows, matrix.dims[0]}).md(), right.md(form),
          Strided::dense({rows, matrix.dims[1]}).md(), attributes_of(mode_));
      packed_ = find_token(pd.weights_desc(), form);
    });
  }

  static int operand_id(int post_op) {
    return DNNL_ARG_ATTR_MULTIPLE_POST_OP(post_op) | DNNL_ARG_SRC_1;
  }
  static const Program::Operand* find(const std::vector<Program::Argument>& list, int id) {
    for (const auto& [known, operand] : list) {
      if (known == id) return &operand;
    }
    return nullptr;
  }

  // What follows the product, with operands as the list has them.
  dnnl::primitive_attr attributes(const Arguments& a, bool adds_c,
                                  const std::vector<Program::Argument>& list,
                                  const Program& p) const {
    dnnl::post_ops post;
    const auto operand = [&] { return p.md(*find(list, operand_id(post.len()))); };
    if (factors_.alpha_input != 0 && a.input(factors_.alpha_input).present()) {
      post.append_binary(dnnl::algorithm::binary_mul, operand());
    } else if (factors_.alpha != 1) {
      post.append_eltwise(dnnl::algorithm::eltwise_linear, factors_.alpha, 0);
    }
    if (adds_c) post.append_sum(1);
    for (size_t i = first_is_bias(a) ? 1 : 0; i < steps_.size(); ++i) {
      steps_.append(i, post, steps_.input_of(i) != 0 ? operand() : Md{});
    }
    dnnl::primitive_attr made = attributes_of(mode_);
    made.set_post_ops(post);
    return made;
  }

  void add(const Operands& o, const Arguments& arguments, const View& c, bool bias,
           Program& p) const {
    const Dims ones(p.md(o.out).get_dims().size(), 1);
    const Md scalar = Strided::dense(ones).md();
    std::vector<Program::Argument> list = {
        {DNNL_ARG_SRC, o.left}, {DNNL_ARG_WEIGHTS, o.right}, {DNNL_ARG_DST, o.out}};
    int post_ops = 0;
    if (const size_t i = factors_.alpha_input; i != 0 && arguments.input(i).present()) {
      list.push_back({operand_id(post_ops++), p.input(i, scalar)});
    } else if (factors_.alpha != 1) {
      ++post_ops;
    }
    const bool adds_c = c.present() && !bias;
    if (bias) {
      Dims dims = ones;
      dims.back() = c.dims[c.rank - 1];
      list.push_back({DNNL_ARG_BIAS, p.dense_input(2, c, dims)});
    } else if (adds_c) {
      add_c(o, arguments, c, scalar, p);
      ++post_ops;
    }
    add_steps(o, arguments, post_ops, list, p);
    if (splits(o, arguments, p) && add_pieces(arguments, adds_c, list, p)) return;
    p.execute<dnnl::matmul>(describe(arguments, adds_c, list, p), list);
  }

  dnnl::matmul::primitive_desc describe(const Arguments& arguments, bool adds_c,
                                        const std::vector<Program::Argument>& list,
                                        const Program& p) const {
    const auto md = [&](int id) { return p.md(*find(list, id)); };
    const dnnl::primitive_attr with = attributes(arguments, adds_c, list, p);
    if (find(list, DNNL_ARG_BIAS) == nullptr) {
      return {engine(), md(DNNL_ARG_SRC), md(DNNL_ARG_WEIGHTS), md(DNNL_ARG_DST), with};
    }
    return {engine(),          md(DNNL_ARG_SRC), md(DNNL_ARG_WEIGHTS),
            md(DNNL_ARG_BIAS), md(DNNL_ARG_DST), with};
  }

  // Large products are made of pieces, each on one thread, which threads take one after the other.
  // oneDNN's own shares are one for each thread: where other programs compute, too, all wait for
  // the thread that has lost the processor with half of the product before it.
  static constexpr int64_t kPieceColumns = 64;  // What packed forms keep together.
  static bool splits(const Operands& o, const Arguments& a, const Program& p) {
    constexpr int64_t kLeast = int64_t{8} << 20;  // Multiplications: some 100 us.
    const Dims y = p.md(o.out).get_dims(), x = p.md(o.left).get_dims();
    if (y.size() != 2 || thread_count() == 1 || y[0] * y[1] * x[1] < kLeast) return false;
    if (y[0] >= y[1]) return y[0] >= 256;
    const auto form = form_of(a.inputs[1].layout);
    return y[1] >= 4 * kPieceColumns && (!form || form->tag == dnnl_BA16a64b);
  }

  // False, and no step, where oneDNN has but a plain loop for pieces.
  bool add_pieces(const Arguments& arguments, bool adds_c,
                  const std::vector<Program::Argument>& list, Program& p) const {
    const Threads one(1);
    const Dims y = p.md(*find(list, DNNL_ARG_DST)).get_dims();
    const size_t axis = y[0] >= y[1] ? 0 : 1;
    const int64_t unit = axis == 0 ? 16 : kPieceColumns, units = (y[axis] + unit - 1) / unit;
    const int64_t pieces = std::min<int64_t>(units, 4 * int64_t{thread_count()});
    for (int64_t i = 0; i < pieces; ++i) {
      const int64_t begin = units * i / pieces * unit;
      const int64_t end = std::min(y[axis], units * (i + 1) / pieces * unit);
      std::vector<Program::Argument> part = list;
      for (auto& [id, operand] : part) {
        // Rows are those of A and Y, columns those of B and Y; operands that are broadcast have
        // one.
        const bool whole = id == (axis == 0 ? DNNL_ARG_WEIGHTS : DNNL_ARG_SRC);
        if (!whole) operand = piece(operand, axis, begin, end, p);
      }
      const auto pd = describe(arguments, adds_c, part, p);
      if (i == 0 && is_plain(pd.impl_info_str())) return false;
      p.execute_apart<dnnl::matmul>(pd, part);
    }
    return true;
  }

  // Rows or columns [begin, end) of an operand.
  static Program::Operand piece(Program::Operand whole, size_t axis, int64_t begin, int64_t end,
                                Program& p) {
    const Md md = p.md(whole);
    Dims dims = md.get_dims();
    if (dims[axis] == 1) return whole;
    dims[axis] = end - begin;
    if (md.get_inner_nblks() == 0) {
      const Dims strides = md.get_strides();
      return p.piece(whole, Strided{dims, strides}.md(), begin * strides[axis]);
    }
    // Packed: blocks of columns follow each other, each with all rows.
    const Md packed = form_md({dnnl_BA16a64b}, dims);
    return p.piece(whole, packed, begin * md.get_padded_dims()[0]);
  }

  // Y = beta * C.
  void add_c(const Operands& o, const Arguments& arguments, const View& c, const Md& scalar,
             Program& p) const {
    const View& y = arguments.outputs[0];
    Strided from = Strided::dense({y.dims, y.dims + y.rank});
    for (int32_t i = 1; i <= y.rank; ++i) {
      const bool broadcasts = i > c.rank || c.dims[c.rank - i] == 1;
      from.strides[static_cast<size_t>(y.rank - i)] = broadcasts ? 0 : c.strides[c.rank - i];
    }
    p.broadcast(2, from, o.out);
    const Md& out = p.md(o.out);
    if (const size_t i = factors_.beta_input; i != 0 && arguments.input(i).present()) {
      const auto beta = p.input(i, scalar);
      const dnnl::binary::primitive_desc pd(engine(), dnnl::algorithm::binary_mul, out, scalar, out,
                                            attributes_of());
      p.execute<dnnl::binary>(
          pd, {{DNNL_ARG_SRC_0, o.out}, {DNNL_ARG_SRC_1, beta}, {DNNL_ARG_DST, o.out}});
    } else if (factors_.beta != 1) {
      const dnnl::eltwise_forward::primitive_desc pd(engine(), dnnl::prop_kind::forward_inference,
                                                     dnnl::algorithm::eltwise_linear, out, out,
                                                     factors_.beta, 0, attributes_of());
      p.execute<dnnl::eltwise_forward>(pd, {{DNNL_ARG_SRC, o.out}, {DNNL_ARG_DST, o.out}});
    }
  }

  const Factors factors_;
  const tn_math_mode mode_;
  const PostSteps steps_;
  tn_layout packed_ = TN_LAYOUT_STRIDED;
};

Factors factors_of(const device::MatMulOperator&) { return {}; }
Factors factors_of(const device::GemmOperator& gemm) {
  return {.alpha = gemm.alpha,
          .beta = gemm.beta,
          .transpose_a = gemm.transA,
          .transpose_b = gemm.transB};
}
Factors factors_of(const device::ScaledGemmOperator&) {
  return {.alpha_input = 3, .beta_input = 4};
}

PostSteps steps_of(const Description& d, const device::FusedMatMulOperator& fused) {
  if (d.input(0).rank < 2 || d.input(1).rank < 2) {
    throw KernelError(TN_UNSUPPORTED, "FusedMatMul: products with vectors");
  }
  return {d, fused.steps};
}
PostSteps steps_of(const Description&, const device::NamedOperator&) { return {}; }

template <class Operator>
class MatmulOf final : protected device::OperatorHalf<Operator>, public Matmul {
 public:
  explicit MatmulOf(const Description& d)
      : device::OperatorHalf<Operator>(d),
        Matmul(d, factors_of(this->operator_), steps_of(d, this->operator_)) {}
  void check(const Arguments& a) const override { this->operator_.check(a); }
};

}  // namespace

std::span<const device::OperatorEntry> matmul_operators() {
  static const device::OperatorEntry kEntries[] = {
      {op::kMatMul, kFloat32, create<MatmulOf<device::MatMulOperator>>},
      {op::kGemm, kFloat32, create<MatmulOf<device::GemmOperator>>},
      {op::kTenonFusedMatMul, kFloat32, create<MatmulOf<device::FusedMatMulOperator>>},
      {op::kTenonScaledGemm, kFloat32, create<MatmulOf<device::ScaledGemmOperator>>},
  };
  return kEntries;
}

}  // namespace tenon::onednn

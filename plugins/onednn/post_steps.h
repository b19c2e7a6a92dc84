// SPDX-License-Identifier: Apache-2.0
//
// The steps of tenon.FusedConv and tenon.FusedMatMul: as oneDNN's post-ops, as far as those give
// what the operators do, NaN and infinities too; from the first on that they do not, the reference
// device's kernels in place on the output, in the same launch.
#pragma once

#include <optional>
#include <vector>

#include "program.h"
#include "reference_impl/cpu/kernels/step_kernels.h"

namespace tenon::onednn {

class PostSteps {
 public:
  PostSteps() = default;
  // Throws TN_UNSUPPORTED for more operands than a kernel keeps shapes of.
  PostSteps(const Description& description, const device::FusedSteps& steps);

  bool empty() const { return steps_.empty(); }

  // -- Post-ops --
  size_t size() const { return post_.size(); }
  // The operand that post-op `i` reads as an input's index; 0 where it reads none.
  size_t input_of(size_t i) const { return post_[i].input; }
  bool starts_with_add() const {
    return !post_.empty() && post_[0].algorithm == dnnl::algorithm::binary_add;
  }
  // Appends post-op `i`; `operand` is how its operand is seen, if it reads one. (Where oneDNN has a
  // choice, `operand` may be of any format.)
  void append(size_t i, dnnl::post_ops& post, const Md& operand) const;

  // Whether the post-ops give the same by an implementation of oneDNN's (by its name): convolutions
  // by way of a matrix product have a sigmoid of their own, which makes NaN 0.
  bool same_by(const char* implementation) const;

  // -- What is left --
  // They see the memory of a form as a row: its elements in whatever order, and what fills it up.
  // The row's length; throws TN_UNSUPPORTED where they cannot work on it.
  int64_t row_of(const Form& form, std::span<const int64_t> dims) const;
  bool works_in(const Form& form, std::span<const int64_t> dims) const;
  // Behind the primitive. `row`: of an output in a token.
  void run_rest(const Arguments& arguments, const Execution& execution, int64_t row = 0) const;

  // An operand in `rank` dims, those in front being 1.
  static Strided seen_as(const View& operand, size_t rank);

 private:
  struct PostOp {
    dnnl::algorithm algorithm;
    float alpha = 0;
    float beta = 0;
    size_t input = 0;
  };
  // Nothing where oneDNN has none that gives the same.
  static std::optional<PostOp> post_op_of(const Step& step, size_t operand);
  // The first step that cannot work on a row; steps_.size(): none.
  size_t first_misfit(bool padded) const;

  device::FusedSteps steps_;
  std::vector<PostOp> post_;  // Of the first of them.
  cpu::StepKernels rest_;
};

}  // namespace tenon::onednn

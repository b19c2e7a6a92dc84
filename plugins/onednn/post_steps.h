// SPDX-License-Identifier: Apache-2.0
//
// The steps of tenon.FusedConv and tenon.FusedMatMul as oneDNN's post-ops.
#pragma once

#include <string>
#include <vector>

#include "program.h"

namespace tenon::onednn {

class PostSteps {
 public:
  PostSteps() = default;
  // Reads the attribute `steps`; operands start at input `first`. Throws for a step that the
  // operator does not have, and for a wrong number of operands.
  PostSteps(const Description& description, size_t first);

  bool empty() const { return steps_.empty(); }
  size_t size() const { return steps_.size(); }
  // The operand that step `i` reads as an input's index; 0 where it reads none.
  size_t input_of(size_t i) const { return steps_[i].input; }
  bool is_add(size_t i) const { return steps_[i].algorithm == dnnl::algorithm::binary_add; }

  // Throws unless every operand broadcasts to the output.
  void check(const Arguments& arguments, const std::string& name) const;

  // Appends step `i`; `operand` is how its operand is seen, if it reads one. (Where oneDNN has a
  // choice, `operand` may be of any format.)
  void append(size_t i, dnnl::post_ops& post, const Md& operand) const;

  // The operand of step `i` in `rank` dims, those in front being 1.
  static Strided seen_as(const View& operand, size_t rank);

 private:
  struct Step {
    dnnl::algorithm algorithm;
    float alpha = 0;
    float beta = 0;
    size_t input = 0;
  };
  std::vector<Step> steps_;
};

}  // namespace tenon::onednn

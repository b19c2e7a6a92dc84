// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/einsum.h"

#include <algorithm>
#include <map>
#include <string>

#include "runtime/onnx/einsum_equation.h"
#include "runtime/onnx/views.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

bool has(const Labels& labels, int32_t label) {
  return std::ranges::find(labels, label) != labels.end();
}

// A view whose dims have different labels.
struct Term {
  Tensor tensor;
  Labels labels;

  int64_t dim(int32_t label) const {
    const auto at = std::ranges::find(labels, label) - labels.begin();
    return tensor.dims[static_cast<size_t>(at)];
  }
  // With the dims of these labels alone, in this order; 1 for those that it does not have.
  Tensor ordered(const Labels& order) const {
    Tensor view = tensor;
    view.dims.clear();
    view.strides.clear();
    for (const int32_t label : order) {
      const auto at = static_cast<size_t>(std::ranges::find(labels, label) - labels.begin());
      view.dims.push_back(at < labels.size() ? tensor.dims[at] : 1);
      view.strides.push_back(at < labels.size() ? tensor.strides[at] : 1);
    }
    return view;
  }
};

class Contraction {
 public:
  Contraction(EinsumEquation equation, std::span<const Tensor> inputs, EinsumCalls& calls)
      : equation_(std::move(equation)), calls_(calls) {
    for (size_t i = 0; i < inputs.size(); ++i) add(equation_.inputs[i], inputs[i]);
  }

  Tensor run() {
    Term so_far = without_own(0, terms_[0]);
    for (size_t i = 1; i < terms_.size(); ++i) so_far = join(so_far, without_own(i, terms_[i]), i);
    return so_far.ordered(equation_.output);
  }

 private:
  // A label that is there twice is a diagonal: one step along both dims.
  void add(const Labels& labels, const Tensor& input) {
    Term term{input, {}};
    term.tensor.dims.clear();
    term.tensor.strides.clear();
    for (size_t d = 0; d < labels.size(); ++d) {
      const int64_t dim = input.dims[d];
      int64_t& whole = dims_.try_emplace(labels[d], dim).first->second;
      if (whole == 1) whole = dim;
      if (dim != whole && dim != 1)
        throw Error(TN_INVALID_ARGUMENT, "",
                    "the same label of its equation is a dim of " + std::to_string(whole) +
                        " and one of " + std::to_string(dim));
      const auto at =
          static_cast<size_t>(std::ranges::find(term.labels, labels[d]) - term.labels.begin());
      if (at == term.labels.size()) {
        term.labels.push_back(labels[d]);
        term.tensor.dims.push_back(dim);
        term.tensor.strides.push_back(input.strides[d]);
      } else if (term.tensor.dims[at] != dim) {
        throw Error(TN_INVALID_ARGUMENT, "",
                    "its equation takes the diagonal of dims " +
                        std::to_string(term.tensor.dims[at]) + " and " + std::to_string(dim));
      } else {
        term.tensor.strides[at] += input.strides[d];
      }
    }
    Labels larger;  // A dim of 1 broadcasts, as if it were not there.
    for (const int32_t label : term.labels)
      if (term.dim(label) != 1) larger.push_back(label);
    terms_.push_back({term.ordered(larger), std::move(larger)});
  }

  // Whether the output, or an operand behind `i`, has the label.
  bool needed_after(size_t i, int32_t label) const {
    return has(equation_.output, label) ||
           std::any_of(terms_.begin() + static_cast<int64_t>(i) + 1, terms_.end(),
                       [&](const Term& term) { return has(term.labels, label); });
  }

  // Sums over what no other operand and not the output has.
  Term without_own(size_t i, const Term& term) {
    Labels kept;
    std::vector<int64_t> axes, dims;
    for (size_t d = 0; d < term.labels.size(); ++d) {
      const int32_t label = term.labels[d];
      const bool elsewhere =
          has(equation_.output, label) || std::ranges::any_of(terms_, [&](const Term& other) {
            return &other != &terms_[i] && has(other.labels, label);
          });
      if (elsewhere) {
        kept.push_back(label);
        dims.push_back(term.dim(label));
      } else {
        axes.push_back(static_cast<int64_t>(d));
      }
    }
    if (axes.empty()) return term;
    return {calls_.sum(term.tensor, std::move(axes), std::move(dims)), kept};
  }

  // Operand `i` is `b`; `a` is all before it.
  Term join(const Term& a, const Term& b, size_t i) {
    Labels batch, summed, of_a, of_b;
    for (const int32_t label : a.labels) {
      const bool later = needed_after(i, label);
      (!has(b.labels, label) ? of_a : later ? batch : summed).push_back(label);
    }
    for (const int32_t label : b.labels)
      if (!has(a.labels, label)) of_b.push_back(label);
    Labels labels = batch;
    labels.insert(labels.end(), of_a.begin(), of_a.end());
    labels.insert(labels.end(), of_b.begin(), of_b.end());
    std::vector<int64_t> dims;
    for (const int32_t label : labels)
      dims.push_back(has(a.labels, label) ? a.dim(label) : b.dim(label));
    if (summed.empty())
      return {calls_.multiply(a.ordered(labels), b.ordered(labels), dims), labels};
    const Tensor left = merged(a, batch, of_a, summed), right = merged(b, batch, summed, of_b);
    std::vector<int64_t> made = left.dims;
    made.back() = right.dims.back();
    Tensor product = calls_.matmul(left, right, std::move(made));
    product.strides = dense_strides(dims);
    product.dims = std::move(dims);
    return {std::move(product), std::move(labels)};
  }

  // Batch dims, and two groups of dims as one dim each.
  Tensor merged(const Term& term, const Labels& batch, const Labels& rows, const Labels& columns) {
    Labels order = batch;
    order.insert(order.end(), rows.begin(), rows.end());
    order.insert(order.end(), columns.begin(), columns.end());
    std::vector<int64_t> dims;
    for (const int32_t label : batch) dims.push_back(term.dim(label));
    for (const Labels* group : {&rows, &columns}) {
      int64_t count = 1;
      for (const int32_t label : *group) count *= term.dim(label);
      dims.push_back(count);
    }
    Tensor view = term.ordered(order);
    auto strides = reshaped_strides(view, dims);
    if (!strides) {
      view = calls_.dense(view);
      strides = dense_strides(dims);
    }
    view.dims = std::move(dims);
    view.strides = std::move(*strides);
    return view;
  }

  EinsumEquation equation_;
  EinsumCalls& calls_;
  std::vector<Term> terms_;
  std::map<int32_t, int64_t> dims_;
};

}  // namespace

Tensor einsum(std::string_view equation, std::span<const Tensor> inputs, EinsumCalls& calls) {
  std::vector<size_t> ranks;
  for (const Tensor& input : inputs) ranks.push_back(input.dims.size());
  return Contraction(parse_einsum(equation, ranks), inputs, calls).run();
}

}  // namespace tenon::runtime::onnx_import

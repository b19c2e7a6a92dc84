// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/einsum_equation.h"

#include <algorithm>
#include <map>
#include <string>

#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

constexpr int32_t kEllipsis = 256;
constexpr std::string_view kDots = "...";

class Parser {
 public:
  explicit Parser(std::string_view equation) : text_(equation) { std::erase(text_, ' '); }

  EinsumEquation parse(std::span<const size_t> ranks) {
    const size_t arrow = text_.find("->");
    const std::vector<std::string_view> terms = split(std::string_view(text_).substr(0, arrow));
    if (terms.size() != ranks.size())
      fail("it has " + std::to_string(terms.size()) + " terms for " + std::to_string(ranks.size()) +
           " inputs");
    EinsumEquation equation;
    for (size_t i = 0; i < terms.size(); ++i)
      equation.inputs.push_back(labels_of(terms[i], i, ranks[i]));
    if (arrow == std::string::npos) {
      equation.output = implicit(equation.inputs);
    } else {
      equation.output = output_of(std::string_view(text_).substr(arrow + 2), equation.inputs);
    }
    return equation;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(TN_INVALID_ARGUMENT, "", "equation '" + text_ + "': " + what);
  }

  static std::vector<std::string_view> split(std::string_view list) {
    std::vector<std::string_view> terms;
    for (;;) {
      const size_t comma = list.find(',');
      terms.push_back(list.substr(0, comma));
      if (comma == std::string_view::npos) return terms;
      list.remove_prefix(comma + 1);
    }
  }

  // Where the ellipsis is; npos without one. Everything else must be letters.
  size_t dots_of(std::string_view term) const {
    const size_t dots = term.find(kDots);
    for (size_t i = 0; i < term.size(); ++i) {
      if (dots != std::string_view::npos && i >= dots && i < dots + kDots.size()) continue;
      const char c = term[i];
      if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z'))
        fail("'" + std::string(term) + "' has a '" + c + "', which is no label");
    }
    return dots;
  }

  // `free` dims for an ellipsis.
  Labels expand(std::string_view term, size_t dots, size_t free) const {
    Labels labels;
    for (size_t i = 0; i < term.size(); ++i) {
      if (i != dots) {
        labels.push_back(term[i]);
        continue;
      }
      for (size_t d = free; d-- > 0;) labels.push_back(kEllipsis + static_cast<int32_t>(d));
      i += kDots.size() - 1;
    }
    return labels;
  }

  Labels labels_of(std::string_view term, size_t input, size_t rank) {
    const size_t dots = dots_of(term);
    const bool open = dots != std::string_view::npos;
    const size_t letters = term.size() - (open ? kDots.size() : 0);
    if (open ? rank < letters : rank != letters)
      fail("term '" + std::string(term) + "' does not fit input " + std::to_string(input) +
           " of rank " + std::to_string(rank));
    widest_ = std::max(widest_, rank - letters);
    return expand(term, dots, rank - letters);
  }

  // The ellipsis, then labels that are there once, in the order of their characters.
  Labels implicit(const std::vector<Labels>& inputs) const {
    std::map<int32_t, int> counts;
    for (const Labels& labels : inputs)
      for (const int32_t label : labels) ++counts[label];
    Labels output = expand(kDots, 0, widest_);
    for (const auto& [label, count] : counts)
      if (label < kEllipsis && count == 1) output.push_back(label);
    return output;
  }

  Labels output_of(std::string_view term, const std::vector<Labels>& inputs) const {
    const Labels output = expand(term, dots_of(term), widest_);
    for (size_t i = 0; i < output.size(); ++i) {
      if (std::find(output.begin(), output.begin() + static_cast<int64_t>(i), output[i]) !=
          output.begin() + static_cast<int64_t>(i))
        fail("its output has a label twice");
      if (std::ranges::none_of(inputs, [&](const Labels& labels) {
            return std::ranges::find(labels, output[i]) != labels.end();
          }))
        fail("its output has a label that no input has");
    }
    return output;
  }

  std::string text_;
  size_t widest_ = 0;  // Dims of the ellipsis.
};

}  // namespace

EinsumEquation parse_einsum(std::string_view equation, std::span<const size_t> ranks) {
  return Parser(equation).parse(ranks);
}

}  // namespace tenon::runtime::onnx_import

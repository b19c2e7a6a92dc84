// SPDX-License-Identifier: Apache-2.0
//
// Einsum of one or two operands as one MatMul between views. Labels fall into four groups: batch
// (in both and the result), contracted (in both alone), rows (of the first operand and the result)
// and columns (of the second and the result); labels in one operand alone are summed beforehand.
// Each group becomes one axis, by strides where memory allows and by a copy where not.
#include <algorithm>
#include <cctype>

#include "ops/pattern.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

bool has(const std::string& labels, char label) { return labels.find(label) != std::string::npos; }

struct Equation {
  std::vector<std::string> inputs;
  std::string output;
};

// One operand's or the result's labels: letters and at most one "...".
void check_labels(const std::string& labels, const std::string& equation) {
  std::string letters = labels;
  if (const size_t at = labels.find("..."); at != std::string::npos) letters.erase(at, 3);
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0; };
  if (!std::all_of(letters.begin(), letters.end(), is_letter)) {
    invalid_argument("Einsum: \"" + labels + "\" in \"" + equation +
                     "\" must be letters and at most one ellipsis");
  }
}

Equation parse(const std::string& text) {
  Equation equation;
  const size_t arrow = text.find("->");
  if (arrow == std::string::npos || text.find("->", arrow + 2) != std::string::npos) {
    invalid_argument("Expecting exactly one '->' in einsum equation: " + text);
  }
  equation.output = text.substr(arrow + 2);
  std::string current;
  for (char c : text.substr(0, arrow)) {
    if (c == ',') {
      equation.inputs.push_back(current);
      current.clear();
    } else {
      current += c;
    }
  }
  equation.inputs.push_back(current);
  for (const std::string& labels : equation.inputs) check_labels(labels, text);
  check_labels(equation.output, text);
  if (equation.inputs.size() > 2) {
    invalid_argument("Expecting 1 or 2 input subscripts in equation '" + text + "'");
  }
  return equation;
}

// An ellipsis as labels of its own, beyond ASCII.
std::string without_ellipsis(const std::string& labels, int32_t rank, int32_t widest) {
  const size_t at = labels.find("...");
  if (at == std::string::npos) return labels;
  const int32_t named = static_cast<int32_t>(labels.size()) - 3;
  std::string expanded;
  for (int32_t i = widest - (rank - named); i < widest; ++i) {
    expanded += static_cast<char>(128 + i);
  }
  return labels.substr(0, at) + expanded + labels.substr(at + 3);
}

struct Factor {
  View view;
  std::string labels;
};

// Axes of an ellipsis broadcast, as in TensorFlow; those with a letter are equal.
void check_size(char label, int64_t a, int64_t b) {
  if (a == b || (static_cast<unsigned char>(label) >= 128 && (a == 1 || b == 1))) return;
  invalid_argument("Einsum: axes of one label have " + std::to_string(a) + " and " +
                   std::to_string(b) + " elements");
}

// Repeated labels ("ii") are the diagonal: one axis with the strides added.
void take_diagonals(Factor& x) {
  for (size_t i = 0; i < x.labels.size(); ++i) {
    size_t j = x.labels.find(x.labels[i], i + 1);
    while (j != std::string::npos) {
      const auto a = static_cast<int32_t>(i);
      const auto b = static_cast<int32_t>(j);
      check_size(x.labels[i], x.view.dims[a], x.view.dims[b]);
      View view = x.view.split_axis(a, Dims{x.view.dims[a]});  // Strides become explicit.
      view.strides[a] += view.strides[b];
      view.dims.erase(b);
      view.strides.erase(b);
      x.view = view;
      x.labels.erase(j, 1);
      j = x.labels.find(x.labels[i], i + 1);
    }
  }
}

// Sums the labels that neither the other operand nor the result has.
void sum_private(NodeCall& call, Factor& x, const std::string& others) {
  static const Operation sum("ReduceSum", {{"keepdims", int64_t{0}}});
  Dims axes;
  Dims dims;
  std::string labels;
  for (int32_t i = 0; i < x.view.rank(); ++i) {
    const char label = x.labels[static_cast<size_t>(i)];
    if (has(others, label)) {
      dims.push_back(x.view.dims[i]);
      labels += label;
    } else {
      axes.push_back(i);
    }
  }
  if (axes.empty()) return;
  const View result = call.temporary(x.view.dtype, dims);
  call.run(sum, {x.view, axes}, {result});
  x = {result, labels};
}

View permuted_to(const Factor& x, const std::string& order) {
  Dims axes;
  for (char label : order) axes.push_back(static_cast<int32_t>(x.labels.find(label)));
  return x.view.permuted(axes);
}

// The operand as [batch..., first group, second group].
View grouped(NodeCall& call, const Factor& x, const std::string& batch, const std::string& first,
             const std::string& second) {
  const View ordered = permuted_to(x, batch + first + second);
  const auto b = static_cast<int32_t>(batch.size());
  const auto f = static_cast<int32_t>(first.size());
  const auto s = static_cast<int32_t>(second.size());
  View merged;
  View result;
  if (ordered.merge(b + f, b + f + s, &merged) && merged.merge(b, b + f, &result)) return result;
  const View copy = call.contiguous(ordered);
  copy.merge(b + f, b + f + s, &merged);
  merged.merge(b, b + f, &result);
  return result;
}

int64_t size_of(const Factor& x, char label) {
  const size_t at = x.labels.find(label);
  return at == std::string::npos ? 1 : x.view.dims[static_cast<int32_t>(at)];
}

Dims sizes_of(const Factor& a, const Factor& b, const std::string& labels) {
  Dims sizes;
  for (char label : labels) {
    const int64_t size = size_of(a, label);
    sizes.push_back(size == 1 ? size_of(b, label) : size);
  }
  return sizes;
}

// Labels that an operand has.
void check_output(const std::string& output, const std::string& inputs) {
  for (char label : output) {
    if (!has(inputs, label)) {
      invalid_argument("Einsum: an axis of the result is in none of the inputs");
    }
  }
}

// "iij" without its repetitions: "ij".
std::string distinct(const std::string& labels) {
  std::string result;
  for (char label : labels) {
    if (!has(result, label)) result += label;
  }
  return result;
}

// The result, of these labels and sizes: where a label is repeated, zeros whose diagonal the
// product goes to.
Factor result(NodeCall& call, tn_dtype dtype, const std::string& labels, const Factor& a,
              const Factor& b) {
  const View y = call.output(0, dtype, sizes_of(a, b, labels));
  Factor factor{y, labels};
  if (distinct(labels) != labels) call.fill(y, 0);
  take_diagonals(factor);
  return factor;
}

void one_operand(NodeCall& call, Factor x, const std::string& output) {
  check_output(output, x.labels);
  sum_private(call, x, output);
  const Factor y = result(call, x.view.dtype, output, x, x);
  call.copy(permuted_to(x, y.labels), y.view);
}

void two_operands(NodeCall& call, Factor a, Factor b, const std::string& labels) {
  static const Operation multiply("MatMul");
  check_output(labels, a.labels + b.labels);
  for (char label : a.labels) {
    if (has(b.labels, label)) check_size(label, size_of(a, label), size_of(b, label));
  }
  const std::string output = distinct(labels);
  sum_private(call, a, b.labels + output);
  sum_private(call, b, a.labels + output);
  std::string batch, rows, columns, contracted;
  for (char label : output) {
    const bool in_a = has(a.labels, label);
    const bool in_b = has(b.labels, label);
    if (in_a && in_b) {
      batch += label;
    } else {
      (in_a ? rows : columns) += label;
    }
  }
  for (char label : a.labels) {
    if (has(b.labels, label) && !has(output, label)) contracted += label;
  }

  const Factor target = result(call, a.view.dtype, labels, a, b);
  if (target.view.count() == 0) return;
  if (sizes_of(a, b, contracted).product() == 0) return call.fill(target.view, 0);
  const View left = grouped(call, a, batch, rows, contracted);
  const View right = grouped(call, b, batch, contracted, columns);

  // The product comes as [batch..., rows, columns]: into the output itself when its axes lie so.
  const View ordered = permuted_to(target, batch + rows + columns);
  const auto n = static_cast<int32_t>(batch.size());
  const auto r = static_cast<int32_t>(rows.size());
  const auto c = static_cast<int32_t>(columns.size());
  View merged;
  View product;
  if (ordered.merge(n + r, n + r + c, &merged) && merged.merge(n, n + r, &product)) {
    return call.run(multiply, {left, right}, {product});
  }
  const View temporary = call.temporary(ordered.dtype, ordered.dims);
  temporary.merge(n + r, n + r + c, &merged);
  merged.merge(n, n + r, &product);
  call.run(multiply, {left, right}, {product});
  call.copy(temporary, ordered);
}

Compute einsum(const Node& node) {
  const Equation equation = parse(node.text("equation"));
  return [equation](NodeCall& call) {
    const auto count = static_cast<size_t>(call.input_count());
    if (count != equation.inputs.size()) invalid_argument("Einsum: wrong number of operands");
    std::vector<Factor> operands;
    int32_t widest = 0;
    for (size_t i = 0; i < count; ++i) {
      operands.push_back({call.input(static_cast<int>(i)), equation.inputs[i]});
      if (has(equation.inputs[i], '.')) {
        widest = std::max(
            widest, operands[i].view.rank() + 3 - static_cast<int32_t>(equation.inputs[i].size()));
      }
    }
    for (Factor& x : operands) {
      const bool ellipsis = has(x.labels, '.');
      if (ellipsis && static_cast<int32_t>(x.labels.size()) - 3 > x.view.rank()) {
        invalid_argument("Einsum: operand " + x.view.dims.text() + " does not fit its labels");
      }
      x.labels = without_ellipsis(x.labels, x.view.rank(), widest);
      if (static_cast<int32_t>(x.labels.size()) != x.view.rank()) {
        invalid_argument("Einsum: operand " + x.view.dims.text() + " does not fit its labels");
      }
      take_diagonals(x);
    }
    if (widest > 0 && !has(equation.output, '.')) {
      invalid_argument("Einsum: the inputs have axes of an ellipsis, the result has none");
    }
    const auto named = static_cast<int32_t>(equation.output.size()) - 3;
    const std::string output = without_ellipsis(equation.output, widest + named, widest);
    if (count == 1) return one_operand(call, operands[0], output);
    two_operands(call, operands[0], operands[1], output);
  };
}

}  // namespace

void add_einsum(Rows& rows) { rows.push_back({"Einsum", {{"T", floats()}}, {}, einsum}); }

}  // namespace tenon::tensorflow

// SPDX-License-Identifier: Apache-2.0
//
// SVMRegressor and SVMClassifier of ai.onnx.ml: kernels of the rows and the support vectors, and
// products of those with what the attributes weigh them by.
#include <algorithm>
#include <numeric>

#include "runtime/onnx/bodies_ml.h"

namespace tenon::runtime::onnx_import {
namespace {

// Sums by pairs of classes: first with second, with third, ..., second with third, ...
struct Pairs {
  std::vector<float> weights;        // [vectors, pairs].
  std::vector<float> first, second;  // [pairs, classes]: 1 at the class of a pair.
};

class SvmWriter {
 public:
  explicit SvmWriter(BodyWriter& b)
      : b_(b),
        x_(b.make("Cast<to = 1>(" + b.in(0) + ")")),
        coefficients_(b.real_list("coefficients")),
        rho_(b.real_list("rho")) {
    if (rho_.empty()) b.fail("it has no rho");
  }

  void regress() {
    const int64_t vectors = b_.integer("n_supports", 0);
    const std::string terms = vectors > 0 ? kernel(vectors) : x_;
    const auto rows = static_cast<int64_t>(coefficients_.size());
    if (vectors > 0 && rows != vectors)
      b_.fail("it has " + std::to_string(rows) + " coefficients for " + std::to_string(vectors) +
              " support vectors");
    std::string sums = product(terms, coefficients_, rows, 1);
    sums = call("Add", sums, b_.number(rho_[0]));
    if (b_.integer("one_class", 0) != 0)
      sums = b_.make("Where(" + call("Greater", sums, b_.number(0)) + ", " + b_.number(1) + ", " +
                     b_.number(-1) + ")");
    b_.result(0, "Identity(" + transformed(b_, sums) + ")");
  }

  void classify() {
    classes_ = static_cast<int64_t>(std::max(b_.integer_list("classlabels_ints").size(),
                                             b_.text_list("classlabels_strings").size()));
    if (!b_.real_list("prob_a").empty())
      b_.fail("its probabilities (prob_a, prob_b) are not supported; export it without them");
    if (classes_ < 2) b_.fail("it has " + std::to_string(classes_) + " classes");
    const std::vector<int64_t> of_class = b_.integer_list("vectors_per_class");
    std::string scores, decides;
    if (of_class.empty()) {
      scores = decides = linear();
    } else {
      std::tie(scores, decides) = by_pairs(of_class);
    }
    std::string place = b_.make("ArgMax<axis = 1, keepdims = 0>(" + decides + ")");
    if (rho_.size() == 1 && classes_ == 2) place = place_of_two(place, decides);
    if (of_class.size() == 2) {
      const std::string other = b_.make("Neg(" + scores + ")");
      scores = b_.make("Concat<axis = 1>(" + other + ", " + scores + ")");
    }
    b_.result(1, "Identity(" + transformed(b_, scores) + ")");
    b_.result(0, "Gather(" + labels_of(b_, "classlabels_ints") + ", " + place + ")");
  }

 private:
  std::string call(const char* op, const std::string& x, const std::string& y) {
    return b_.make(std::string(op) + "(" + x + ", " + y + ")");
  }

  std::string product(const std::string& x, const std::vector<float>& matrix, int64_t rows,
                      int64_t columns) {
    return call("MatMul", x, b_.floats(matrix, {rows, columns}));
  }

  // [rows of x, vectors]
  std::string kernel(int64_t vectors) {
    const std::vector<float> list = b_.real_list("support_vectors");
    if (list.size() % static_cast<size_t>(vectors) != 0)
      b_.fail("its support_vectors are not as many numbers for each of " + std::to_string(vectors));
    const auto width = static_cast<int64_t>(list.size()) / vectors;
    const std::string matrix = b_.floats(list, {vectors, width});
    const std::string type = b_.text("kernel_type", "LINEAR");
    std::vector<float> parameters = b_.real_list("kernel_params");  // gamma, coef0, degree
    parameters.resize(3);
    if (type == "RBF") {
      const std::string apart = call("Sub", call("Unsqueeze", x_, b_.integers({1})), matrix);
      const std::string square =
          b_.make("ReduceSumSquare<keepdims = 0>(" + apart + ", " + b_.integers({2}) + ")");
      return b_.make("Exp(" + call("Mul", square, b_.number(-parameters[0])) + ")");
    }
    const std::string dots =
        call("MatMul", x_, b_.make("Transpose<perm = [1, 0]>(" + matrix + ")"));
    if (type == "LINEAR") return dots;
    const std::string scaled =
        call("Add", call("Mul", dots, b_.number(parameters[0])), b_.number(parameters[1]));
    if (type == "SIGMOID") return b_.make("Tanh(" + scaled + ")");
    if (type != "POLY") b_.fail("its kernel_type '" + type + "' is none of ONNX's");
    return call("Pow", scaled, b_.number(static_cast<float>(static_cast<int>(parameters[2]))));
  }

  std::string linear() {
    if (coefficients_.size() % static_cast<size_t>(classes_) != 0)
      b_.fail("its coefficients are not as many for each of " + std::to_string(classes_) +
              " classes");
    const auto width = static_cast<int64_t>(coefficients_.size()) / classes_;
    const std::string matrix = b_.floats(coefficients_, {classes_, width});
    const std::string dots =
        call("MatMul", x_, b_.make("Transpose<perm = [1, 0]>(" + matrix + ")"));
    return call("Add", dots, b_.number(rho_[0]));
  }

  Pairs pairs_of(const std::vector<int64_t>& of_class, int64_t vectors) const {
    const auto pairs = static_cast<size_t>(classes_ * (classes_ - 1) / 2);
    const auto all = static_cast<size_t>(vectors);
    Pairs made;
    made.weights.resize(all * pairs);
    made.first.resize(pairs * static_cast<size_t>(classes_));
    made.second.resize(made.first.size());
    std::vector<size_t> start(of_class.size());
    for (size_t i = 1; i < start.size(); ++i)
      start[i] = start[i - 1] + static_cast<size_t>(of_class[i - 1]);
    size_t pair = 0;
    for (size_t i = 0; i < of_class.size(); ++i) {
      for (size_t j = i + 1; j < of_class.size(); ++j, ++pair) {
        for (const auto& [of, row] : {std::pair{i, j - 1}, std::pair{j, i}})
          for (size_t v = start[of]; v < start[of] + static_cast<size_t>(of_class[of]); ++v)
            made.weights[v * pairs + pair] = coefficients_[row * all + v];
        made.first[pair * of_class.size() + i] = 1;
        made.second[pair * of_class.size() + j] = 1;
      }
    }
    return made;
  }

  // Sums by pairs, and how many pairs each class wins.
  std::pair<std::string, std::string> by_pairs(const std::vector<int64_t>& of_class) {
    const int64_t vectors = std::accumulate(of_class.begin(), of_class.end(), int64_t{0});
    const int64_t pairs = classes_ * (classes_ - 1) / 2;
    if (static_cast<int64_t>(of_class.size()) != classes_ || vectors <= 0 ||
        std::ranges::any_of(of_class, [](int64_t n) { return n < 0; }) ||
        static_cast<int64_t>(coefficients_.size()) != vectors * (classes_ - 1) ||
        static_cast<int64_t>(rho_.size()) != pairs)
      b_.fail("its vectors_per_class, coefficients and rho are not those of " +
              std::to_string(classes_) + " classes");
    const Pairs weigh = pairs_of(of_class, vectors);
    const std::string sums =
        call("Add", product(kernel(vectors), weigh.weights, vectors, pairs), b_.floats(rho_));
    const std::string won = b_.make("Cast<to = 1>(" + call("Greater", sums, b_.number(0)) + ")");
    const std::string lost = call("Sub", b_.number(1), won);
    return {sums, call("Add", product(won, weigh.first, pairs, classes_),
                       product(lost, weigh.second, pairs, classes_))};
  }

  // ONNX's reference and ONNX Runtime: where all coefficients are positive, half a share is enough
  // for the second class.
  std::string place_of_two(const std::string& place, const std::string& decides) {
    if (std::ranges::any_of(coefficients_, [](float c) { return !(c >= 0); })) return place;
    const std::string most =
        b_.make("ReduceMax<keepdims = 0>(" + decides + ", " + b_.integers({1}) + ")");
    const std::string enough = call("GreaterOrEqual", most, b_.number(0.5f));
    return b_.make("Where(" + enough + ", " + b_.integer_number(1) + ", " + place + ")");
  }

  BodyWriter& b_;
  const std::string x_;
  const std::vector<float> coefficients_, rho_;
  int64_t classes_ = 0;
};

}  // namespace

void svm_regressor(BodyWriter& b) { SvmWriter(b).regress(); }
void svm_classifier(BodyWriter& b) { SvmWriter(b).classify(); }

}  // namespace tenon::runtime::onnx_import

// SPDX-License-Identifier: Apache-2.0
//
// ai.onnx.ml by operators of ONNX's own domain.
#include "runtime/onnx/bodies_ml.h"

#include <algorithm>

#include "runtime/onnx/operator_bodies.h"

namespace tenon::runtime::onnx_import {
namespace {

std::string call(BodyWriter& b, const char* op, const std::string& x, const std::string& y) {
  return b.make(std::string(op) + "(" + x + ", " + y + ")");
}

void scaler(BodyWriter& b) {
  std::string x = b.make("Cast<to = 1>(" + b.in(0) + ")");
  if (const auto offset = b.real_list("offset"); !offset.empty())
    x = call(b, "Sub", x, b.floats(offset));
  if (const auto scale = b.real_list("scale"); !scale.empty())
    x = call(b, "Mul", x, b.floats(scale));
  b.result(0, "Identity(" + x + ")");
}

void normalizer(BodyWriter& b) {
  const std::string norm = b.text("norm", "MAX"), axes = b.integers({-1});
  const std::string x = b.make("Cast<to = 1>(" + b.in(0) + ")");
  std::string size;
  if (norm == "MAX") {
    size = call(b, "ReduceMax", b.make("Abs(" + x + ")"), axes);
  } else if (norm == "L1") {
    size = call(b, "ReduceL1", x, axes);
  } else if (norm == "L2") {
    size = call(b, "ReduceL2", x, axes);
  } else {
    b.fail("its norm '" + norm + "' is not MAX, L1 or L2");
  }
  b.result(0, "Div(" + x + ", " + call(b, "Max", size, b.number(1e-30f)) + ")");
}

void binarizer(BodyWriter& b) {
  const std::string threshold = b.number_like(b.real("threshold", 0), b.in(0));
  b.result(0, "CastLike(" + call(b, "Greater", b.in(0), threshold) + ", " + b.in(0) + ")");
}

void imputer(BodyWriter& b) {
  const auto reals = b.real_list("imputed_value_floats");
  const auto integers = b.integer_list("imputed_value_int64s");
  std::string missing, values;
  if (!reals.empty()) {
    const float replaced = b.real("replaced_value_float", 0);
    missing = replaced != replaced ? b.make("IsNaN(" + b.in(0) + ")")
                                   : call(b, "Equal", b.in(0), b.number_like(replaced, b.in(0)));
    values = call(b, "CastLike", b.floats(reals), b.in(0));
  } else if (!integers.empty()) {
    missing = call(b, "Equal", b.in(0), b.integer_number(b.integer("replaced_value_int64", 0)));
    values = b.integers(integers);
  } else {
    b.fail("it has no values to put in");
  }
  b.result(0, "Where(" + missing + ", " + values + ", " + b.in(0) + ")");
}

void feature_vectorizer(BodyWriter& b) {
  std::string list;
  for (int i = 0; i < b.inputs(); ++i) {
    const std::string flat = b.make("Cast<to = 1>(" + b.in(i) + ")");
    const bool vector = b.rank(i) == size_t{1};
    const std::string rows =
        call(b, "Reshape", flat, vector ? b.integers({1, -1}) : b.integers({0, -1}));
    list += (i == 0 ? "" : ", ") + rows;
  }
  b.result(0, "Concat<axis = -1>(" + list + ")");
}

void array_feature_extractor(BodyWriter& b) {
  const std::string places = call(b, "Reshape", b.in(1), b.integers({-1}));
  const std::string found = b.make("Gather<axis = -1>(" + b.in(0) + ", " + places + ")");
  if (b.rank(0) == size_t{1})
    b.result(0, "Reshape(" + found + ", " + b.integers({1, -1}) + ")");
  else
    b.result(0, "Identity(" + found + ")");
}

void one_hot_encoder(BodyWriter& b) {
  const auto words = b.text_list("cats_strings");
  const std::string x = words.empty() ? b.make("Cast<to = 7>(" + b.in(0) + ")") : b.in(0);
  const std::string column = call(b, "Unsqueeze", x, b.integers({-1}));
  const std::string categories =
      words.empty() ? b.integers(b.integer_list("cats_int64s")) : b.texts(words);
  b.result(0, "Cast<to = 1>(" + call(b, "Equal", column, categories) + ")");
}

// Of each value, what stands at its place among the keys; the default where it is none of them.
void look_up(BodyWriter& b, const std::string& keys, const std::string& values,
             const std::string& otherwise, bool with_nan) {
  const std::string column = call(b, "Unsqueeze", b.in(0), b.integers({-1}));
  std::string hits = call(b, "Equal", column, keys);
  if (with_nan)  // NaN is a key like others.
    hits = call(b, "Or", hits,
                call(b, "And", b.make("IsNaN(" + column + ")"), b.make("IsNaN(" + keys + ")")));
  const std::string counts = b.make("Cast<to = 6>(" + hits + ")");
  const std::string place = b.make("ArgMax<axis = -1, keepdims = 0>(" + counts + ")");
  const std::string any =
      b.make("ReduceMax<keepdims = 0>(" + counts + ", " + b.integers({-1}) + ")");
  const std::string found = call(b, "Gather", values, place);
  b.result(0,
           "Where(" + b.make("Cast<to = 9>(" + any + ")") + ", " + found + ", " + otherwise + ")");
}

void label_encoder(BodyWriter& b) {
  const auto list_of = [&](const std::string& name) {
    if (const onnx::TensorProto* given = b.tensor((name + "_tensor").c_str()))
      return b.constant(*given);
    if (const auto words = b.text_list((name + "_strings").c_str()); !words.empty())
      return b.texts(words);
    if (const auto reals = b.real_list((name + "_floats").c_str()); !reals.empty())
      return b.floats(reals);
    return b.integers(b.integer_list((name + "_int64s").c_str()));
  };
  const std::string keys = list_of("keys"), values = list_of("values");
  const onnx::TensorProto* typed = b.tensor("values_tensor");
  const bool words = !b.text_list("values_strings").empty() ||
                     (typed != nullptr && typed->data_type() == onnx::TensorProto::STRING);
  std::string otherwise;
  if (const onnx::TensorProto* given = b.tensor("default_tensor")) {
    otherwise = call(b, "Reshape", b.constant(*given), b.integers({}));
  } else if (words) {
    otherwise = b.texts({b.text("default_string", "_Unused")}, {});
  } else if (!b.real_list("values_floats").empty()) {
    otherwise = b.number(b.real("default_float", -0.0f));
  } else {
    otherwise = call(b, "CastLike", b.integer_number(b.integer("default_int64", -1)), values);
  }
  look_up(b, keys, values, otherwise, !b.real_list("keys_floats").empty());
}

void category_mapper(BodyWriter& b) {
  const std::string words = b.texts(b.text_list("cats_strings"));
  const std::string integers = b.integers(b.integer_list("cats_int64s"));
  if (b.element_type(0) == onnx::TensorProto::STRING)
    look_up(b, words, integers, b.integer_number(b.integer("default_int64", -1)), false);
  else
    look_up(b, integers, words, b.texts({b.text("default_string", "_Unused")}, {}), false);
}

// x [N, C] times coefficients [rows, C], plus intercepts.
std::string linear(BodyWriter& b, int64_t rows) {
  const std::string x = b.make("Cast<to = 1>(" + b.in(0) + ")");
  const auto weights = b.real_list("coefficients");
  if (rows <= 0 || weights.empty() || weights.size() % static_cast<size_t>(rows) != 0)
    b.fail("its coefficients are not as many for each of " + std::to_string(rows) + " results");
  const auto columns = static_cast<int64_t>(weights.size() / static_cast<size_t>(rows));
  const std::string matrix = b.floats(weights, {rows, columns});
  const std::string product =
      call(b, "MatMul", x, b.make("Transpose<perm = [1, 0]>(" + matrix + ")"));
  const auto intercepts = b.real_list("intercepts");
  return intercepts.empty() ? product : call(b, "Add", product, b.floats(intercepts));
}

void linear_regressor(BodyWriter& b) {
  b.result(0, "Identity(" + transformed(b, linear(b, b.integer("targets", 1))) + ")");
}

void linear_classifier(BodyWriter& b) {
  const size_t labels = std::max(b.integer_list("classlabels_ints").size(),
                                 b.text_list("classlabels_strings").size());
  const auto rows = static_cast<int64_t>(b.real_list("intercepts").size());
  const int64_t results = rows > 0 ? rows : static_cast<int64_t>(labels);
  std::string scores = linear(b, results), decides;
  if (results == 1 && labels == 2) {
    // A score that is not transformed is the second class's share; its sign decides.
    const std::string opposite = b.make("Neg(" + scores + ")");
    const bool share = b.text("post_transform", "NONE") == "NONE";
    if (share) decides = b.make("Concat<axis = 1>(" + opposite + ", " + scores + ")");
    const std::string other = share ? call(b, "Sub", b.number(1), scores) : opposite;
    scores = b.make("Concat<axis = 1>(" + other + ", " + scores + ")");
  }
  if (results == 1 && labels != 2) b.fail("one score for " + std::to_string(labels) + " classes");
  scores = transformed(b, scores);
  b.result(1, "Identity(" + scores + ")");
  label_of(b, decides.empty() ? scores : decides, labels_of(b, "classlabels_ints"));
}

}  // namespace

std::string transformed(BodyWriter& b, const std::string& scores) {
  const std::string name = b.text("post_transform", "NONE");
  if (name == "NONE") return scores;
  if (name == "SOFTMAX") return b.make("Softmax<axis = -1>(" + scores + ")");
  if (name == "LOGISTIC") return b.make("Sigmoid(" + scores + ")");
  b.fail("its post_transform '" + name + "' is not supported");
}

std::string labels_of(BodyWriter& b, const char* integers) {
  const auto words = b.text_list("classlabels_strings");
  return words.empty() ? b.integers(b.integer_list(integers)) : b.texts(words);
}

void label_of(BodyWriter& b, const std::string& scores, const std::string& labels) {
  const std::string place = b.make("ArgMax<axis = 1, keepdims = 0>(" + scores + ")");
  b.result(0, "Gather(" + labels + ", " + place + ")");
}

std::span<const OperatorBody> ml_bodies() {
  static constexpr char kDomain[] = "ai.onnx.ml";
  static constexpr int kOpset = 18;
  static constexpr OperatorBody kBodies[] = {
      {kDomain, "Scaler", kOpset, scaler},
      {kDomain, "Normalizer", kOpset, normalizer},
      {kDomain, "Binarizer", kOpset, binarizer},
      {kDomain, "Imputer", kOpset, imputer},
      {kDomain, "FeatureVectorizer", kOpset, feature_vectorizer},
      {kDomain, "ArrayFeatureExtractor", kOpset, array_feature_extractor},
      {kDomain, "OneHotEncoder", kOpset, one_hot_encoder},
      {kDomain, "LabelEncoder", kOpset, label_encoder},
      {kDomain, "CategoryMapper", kOpset, category_mapper},
      {kDomain, "LinearRegressor", kOpset, linear_regressor},
      {kDomain, "LinearClassifier", kOpset, linear_classifier},
      {kDomain, "SVMRegressor", kOpset, svm_regressor},
      {kDomain, "SVMClassifier", kOpset, svm_classifier},
      {kDomain, "TreeEnsemble", kOpset, tree_ensemble},
      {kDomain, "TreeEnsembleRegressor", kOpset, tree_ensemble_regressor},
      {kDomain, "TreeEnsembleClassifier", kOpset, tree_ensemble_classifier},
  };
  return kBodies;
}

}  // namespace tenon::runtime::onnx_import

// SPDX-License-Identifier: Apache-2.0
//
// Tensors of strings, which the host keeps. An operator that only moves, chooses or compares
// elements runs on numbers that stand for the strings, in their order; ONNX's operators of strings
// are in strings.h.
#include <algorithm>
#include <map>
#include <set>

#include "runtime/onnx/data_dims.h"
#include "runtime/onnx/executor.h"
#include "runtime/onnx/executor_parts.h"
#include "runtime/onnx/ngrams.h"
#include "runtime/onnx/strings.h"

namespace tenon::runtime::onnx_import {
namespace {

template <class T>
T attribute(const Node& node, std::string_view name, T otherwise) {
  return given_attribute<T>(node, name).value_or(std::move(otherwise));
}

const Strings& strings_of(const Tensor& tensor) {
  if (tensor.strings == nullptr)
    refuse(std::string("an input is of type ") + type_name(tensor.dtype) +
           " where strings are needed");
  return *tensor.strings;
}

// Y's elements repeat along dims of 1, and X's.
Tensor joined(const Tensor& x, const Tensor& y, std::vector<int64_t> dims) {
  const Strings &a = strings_of(x), &b = strings_of(y);
  const auto place = [&](const Tensor& of, int64_t at) {
    size_t offset = 0;
    for (size_t d = dims.size(), s = of.dims.size(); s > 0; --d, --s) {
      const int64_t index = at % dims[d - 1];
      at /= dims[d - 1];
      if (of.dims[s - 1] != 1) offset += static_cast<size_t>(index * of.strides[s - 1]);
    }
    return offset;
  };
  Strings whole;
  for (int64_t i = 0; i < element_count(dims); ++i)
    whole.push_back(a[place(x, i)] + b[place(y, i)]);
  return string_tensor(std::move(dims), std::move(whole));
}

Tensor normalized(const Node& node, const Tensor& x) {
  NormalizeRule rule;
  const auto to = attribute<std::string>(node, "case_change_action", "NONE");
  if (to != "NONE" && to != "LOWER" && to != "UPPER")
    refuse("its case_change_action '" + to + "' is not NONE, LOWER or UPPER");
  rule.to = to == "LOWER"   ? NormalizeRule::Case::kLower
            : to == "UPPER" ? NormalizeRule::Case::kUpper
                            : NormalizeRule::Case::kAsItIs;
  rule.case_sensitive = attribute<int64_t>(node, "is_case_sensitive", 0) != 0;
  rule.stopwords = attribute<Strings>(node, "stopwords", {});
  if (x.dims.empty() || x.dims.size() > 2 || (x.dims.size() == 2 && x.dims[0] != 1))
    refuse("its input has dims " + dims_text(x.dims) + " where [C] or [1, C] is needed");
  Strings kept = normalized(strings_of(x), rule);
  if (kept.empty()) kept.emplace_back();
  std::vector<int64_t> dims = x.dims;
  dims.back() = static_cast<int64_t>(kept.size());
  return string_tensor(std::move(dims), std::move(kept));
}

bool casts_to_strings(const Node& node) {
  return node.op_type == "Cast" && attribute<int64_t>(node, "to", 0) == kStrings;
}

}  // namespace

bool makes_strings(const Node& node) {
  static const std::set<std::string> kMakers{"StringConcat", "StringNormalizer", "StringSplit"};
  return kMakers.contains(node.op_type) || casts_to_strings(node);
}

bool gives_numbers(const Node& node) {
  static const std::set<std::string> kCounters{"Equal",   "Shape",          "Size",
                                               "NonZero", "RegexFullMatch", "TfIdfVectorizer"};
  return kCounters.contains(node.op_type) || (node.op_type == "Cast" && !casts_to_strings(node));
}

// A tensor on the host.
Tensor Executor::filled(tn_dtype dtype, std::vector<int64_t> dims, const void* data) {
  Tensor tensor = allocate_tensor(reference_, *host_stream_, dtype, std::move(dims), true);
  if (tensor.bytes() != 0) std::memcpy(tensor.address, data, tensor.bytes());
  return tensor;
}

bool Executor::run_strings(const Node& node, std::span<Tensor> inputs,
                           std::span<const InferenceInput> shapes, Values& values) {
  const bool reads = std::ranges::any_of(inputs, [](const Tensor& t) { return !!t.strings; });
  if (!reads && !node.text && !casts_to_strings(node)) return false;
  Tensor result;
  const std::string& op = node.op_type;
  if (op == "Cast") {
    result = reads
                 ? from_strings(inputs[0], static_cast<tn_dtype>(attribute<int64_t>(node, "to", 0)))
                 : to_strings(inputs[0]);
  } else if (op == "StringConcat") {
    result = joined(inputs[0], inputs[1], node.inference->outputs(shapes)[0].dims);
  } else if (op == "StringNormalizer") {
    result = normalized(node, inputs[0]);
  } else if (op == "StringSplit") {
    result = split_strings(node, inputs[0], values);
  } else if (op == "RegexFullMatch") {
    const auto matches =
        full_matches(strings_of(inputs[0]), attribute<std::string>(node, "pattern", ""));
    result = filled(TN_BOOL, inputs[0].dims, matches.data());
  } else if (op == "TfIdfVectorizer") {
    result = count_terms(node, inputs[0]);
  } else {
    run_on_numbers(node, inputs, node.inference->outputs(shapes), values);
    return true;
  }
  if (node.outputs[0] != kNoValue) values[static_cast<size_t>(node.outputs[0])] = std::move(result);
  return true;
}

Tensor Executor::split_strings(const Node& node, const Tensor& strings, Values& values) {
  const auto delimiter = attribute<std::string>(node, "delimiter", "");
  const auto most = attribute<int64_t>(node, "maxsplit", -1);
  std::vector<Strings> parts;
  std::vector<int64_t> counts;
  for (const std::string& text : strings_of(strings)) {
    parts.push_back(split(text, delimiter, most));
    counts.push_back(static_cast<int64_t>(parts.back().size()));
  }
  std::vector<int64_t> dims = strings.dims;
  dims.push_back(counts.empty() ? 0 : *std::ranges::max_element(counts));
  Strings all;
  for (Strings& row : parts) {
    row.resize(static_cast<size_t>(dims.back()));
    all.insert(all.end(), row.begin(), row.end());
  }
  if (node.outputs.size() > 1 && node.outputs[1] != kNoValue)
    values[static_cast<size_t>(node.outputs[1])] = filled(TN_INT64, strings.dims, counts.data());
  return string_tensor(std::move(dims), std::move(all));
}

Tensor Executor::to_strings(const Tensor& numbers) {
  const Tensor host = dense(on_host(numbers));
  host_stream_->synchronize();
  const uint32_t bits = tn_dtype_bits(host.dtype);
  if (bits < 8) throw Error(TN_UNSUPPORTED, "", "strings of elements below a byte");
  Strings strings;
  for (int64_t i = 0; i < host.count(); ++i)
    strings.push_back(number_text(
        *read_element(host.dtype, host.address + static_cast<uint64_t>(i) * bits / 8), host.dtype));
  return string_tensor(host.dims, std::move(strings));
}

Tensor Executor::from_strings(const Tensor& strings, tn_dtype dtype) {
  if (dtype == kStrings) return strings;
  const uint32_t bits = tn_dtype_bits(dtype);
  if (bits < 8) throw Error(TN_UNSUPPORTED, "", "elements below a byte of strings");
  Tensor numbers = allocate_tensor(reference_, *host_stream_, dtype, strings.dims, true);
  std::byte* to = numbers.address;
  for (const std::string& text : strings_of(strings)) {
    const std::optional<Number> number = read_number(text, dtype);
    if (!number) refuse("'" + text + "' is no number");
    write_element(dtype, *number, to);
    to += bits / 8;
  }
  return numbers;
}

Tensor Executor::count_terms(const Node& node, const Tensor& given) {
  Ngrams ngrams;
  ngrams.shortest = attribute<int64_t>(node, "min_gram_length", 1);
  ngrams.longest = attribute<int64_t>(node, "max_gram_length", 1);
  ngrams.most_skipped = attribute<int64_t>(node, "max_skip_count", 0);
  ngrams.mode = attribute<std::string>(node, "mode", "TF");
  ngrams.starts = attribute<std::vector<int64_t>>(node, "ngram_counts", {});
  ngrams.places = attribute<std::vector<int64_t>>(node, "ngram_indexes", {});
  ngrams.weights = attribute<std::vector<float>>(node, "weights", {});
  Strings pool = attribute<Strings>(node, "pool_strings", {});
  Strings terms;
  if (given.strings != nullptr) {
    terms = *given.strings;
  } else {  // Integers are terms by what they are written as.
    for (const int64_t one : attribute<std::vector<int64_t>>(node, "pool_int64s", {}))
      pool.push_back(std::to_string(one));
    terms = *to_strings(given).strings;
  }
  if (given.dims.empty() || given.dims.size() > 2)
    refuse("its input has dims " + dims_text(given.dims) + " where [C] or [N, C] is needed");
  const int64_t rows = given.dims.size() == 2 ? given.dims[0] : 1;
  const std::vector<float> counts = count_ngrams(ngrams, pool, terms, rows);
  std::vector<int64_t> dims{static_cast<int64_t>(counts.size()) / std::max<int64_t>(rows, 1)};
  if (rows == 0) dims[0] = ngrams.width();
  if (given.dims.size() == 2) dims.insert(dims.begin(), rows);
  return filled(TN_FLOAT32, std::move(dims), counts.data());
}

void Executor::run_on_numbers(const Node& node, std::span<Tensor> inputs,
                              std::span<const InferredOutput> inferred, Values& values) {
  std::map<std::string, int64_t> numbers{{"", 0}};  // What an operator fills with is "".
  for (const Tensor& input : inputs)
    if (input.strings != nullptr)
      for (const std::string& text : *input.strings) numbers.emplace(text, 0);
  std::vector<const std::string*> texts;
  for (auto& [text, number] : numbers) {
    number = static_cast<int64_t>(texts.size());
    texts.push_back(&text);
  }
  for (Tensor& input : inputs) {
    if (input.strings == nullptr) {
      if (input.present()) input = on_host(input);
      continue;
    }
    std::vector<int64_t> list;
    for (const std::string& text : *input.strings) list.push_back(numbers.at(text));
    input = filled(TN_INT64, input.dims, list.data());
  }
  std::vector<InferredOutput> outputs(inferred.begin(), inferred.end());
  for (InferredOutput& output : outputs)
    if (output.dtype == kStrings) output.dtype = TN_INT64;
  if (depends_on_data(node.op_type))
    run_data_dims(node, inputs, outputs, true, values);
  else if (node.view)
    run_view(node, inputs, outputs, values);
  else
    run_operation(node, inputs, outputs, true, values);
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNoValue || inferred[i].dtype != kStrings) continue;
    Tensor& output = values[static_cast<size_t>(node.outputs[i])];
    output = dense(output);
    host_stream_->synchronize();
    Strings list;
    for (int64_t k = 0; k < output.count(); ++k)
      list.push_back(*texts[static_cast<size_t>(reinterpret_cast<int64_t*>(output.address)[k])]);
    output = string_tensor(output.dims, std::move(list));
  }
}

}  // namespace tenon::runtime::onnx_import

// SPDX-License-Identifier: Apache-2.0
//
// Reading `steps` and `step_parameters` of tenon.FusedConv and tenon.FusedMatMul: for devices that
// fuse, and for devices that run the steps one by one.
#pragma once

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/cpp/step_words.hpp"

namespace tenon {

// One step with what it takes.
struct Step {
  const StepWord* word = nullptr;
  float parameters[std::size(StepWord{}.parameters)] = {};
  size_t operand = 0;  // Which of `operands`, where the word has one.

  StepKind kind() const { return word->kind; }
};

// Null for a word that there is not.
inline const StepWord* find_step_word(std::string_view word) {
  const auto* const found = std::ranges::find(kStepWords, word, &StepWord::word);
  return found != std::end(kStepWords) ? found : nullptr;
}

namespace detail {

inline std::string listed(std::span<const char* const> texts) {
  std::string list;
  for (const char* text : texts) list.append(list.empty() ? "" : ", ").append(text);
  return list;
}

inline std::string unknown_step() {
  const char* words[std::size(kStepWords)];
  std::ranges::transform(kStepWords, words, &StepWord::word);
  return "is not among those that there are: " + listed(words);
}

inline std::string parameters_missing(const StepWord& word, size_t left) {
  std::string text = "takes " + std::to_string(word.parameter_count) + " of step_parameters (";
  text.append(listed({word.parameters, word.parameter_count}));
  return text.append("); ").append(std::to_string(left)).append(" are left");
}

inline std::string operand_missing(size_t given) {
  return "takes an operand; the steps before it have taken all " + std::to_string(given) +
         " that are given";
}

inline std::string of_step(std::span<const std::string> words, const std::string& word,
                           const std::string& wrong) {
  const auto number = static_cast<size_t>(&word - words.data()) + 1;
  return "step " + std::to_string(number) + ", '" + word + "', " + wrong;
}

// Takes what the step needs off both. Returns what is wrong with it.
inline std::string read_step(std::string_view word, std::span<const float>& parameters,
                             size_t& operand, size_t operand_count, Step& step) {
  step.word = find_step_word(word);
  if (step.word == nullptr) return unknown_step();
  const size_t count = step.word->parameter_count;
  if (parameters.size() < count) return parameters_missing(*step.word, parameters.size());
  std::ranges::copy(parameters.first(count), step.parameters);
  parameters = parameters.subspan(count);
  if (!step.word->operand) return {};
  if (operand == operand_count) return operand_missing(operand_count);
  step.operand = operand++;
  return {};
}

}  // namespace detail

// Appends to `steps`. Returns what is wrong, which is TN_INVALID_ARGUMENT; empty: nothing.
inline std::string read_steps(std::span<const std::string> words, std::span<const float> parameters,
                              size_t operand_count, std::vector<Step>& steps) {
  if (words.empty()) return "steps is missing or empty; give at least one step";
  const size_t parameter_count = parameters.size();
  size_t operands = 0;
  for (const std::string& word : words) {
    Step step;
    const std::string wrong = detail::read_step(word, parameters, operands, operand_count, step);
    if (!wrong.empty()) return detail::of_step(words, word, wrong);
    steps.push_back(step);
  }
  const std::string last = "behind the last step, '" + words.back() + "', ";
  if (!parameters.empty()) {
    return last + std::to_string(parameters.size()) +
           " of step_parameters are left; the steps take " +
           std::to_string(parameter_count - parameters.size());
  }
  if (operands != operand_count) {
    return last + std::to_string(operand_count - operands) + " operands are left; the steps take " +
           std::to_string(operands);
  }
  return {};
}

}  // namespace tenon

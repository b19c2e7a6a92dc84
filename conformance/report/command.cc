// SPDX-License-Identifier: Apache-2.0
#include "report/command.h"

namespace tenon::conformance {
namespace {

// For a shell.
std::string shell_word(const std::string& text) {
  if (text.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,:-") ==
          std::string::npos &&
      !text.empty()) {
    return text;
  }
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

std::string command_for(const LoneTest& test) {
  std::string command = "tenon conform " + shell_word(test.spec) + " --filter " +
                        shell_word(test.name) + " --seed " + std::to_string(test.seed);
  if (test.smoke) command += " --budget smoke";
  if (test.compile_budget != 0) {
    command += " --compile-budget " + std::to_string(test.compile_budget);
  }
  if (!test.layers.empty()) command += " --layer " + shell_word(test.layers);
  return command;
}

}  // namespace tenon::conformance

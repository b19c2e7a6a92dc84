// SPDX-License-Identifier: Apache-2.0
//
// What a plugin says that a kernel wants of its arguments, against what was described.
#pragma once

#include <vector>

#include "reference_impl/layers/validation/checked_call.h"

namespace tenon::layers::validation {

// An argument's description as far as it is kept for the launches to come.
Described describe_argument(const tn_argument* given);

// Elements behind an array that a plugin fills, so that one that counts wrong does no harm.
constexpr size_t kNeedsMargin = 4;

// The arrays of tn_argument_needs of one call. The plugin fills copies with a margin.
class Needs {
 public:
  Needs(CheckedCall& call, const std::vector<Described>& inputs,
        const std::vector<Described>& outputs)
      : call_(call),
        inputs_{"inputs", inputs, {}, nullptr},
        outputs_{"outputs", outputs, {}, nullptr} {}

  // Puts copies into the struct that the plugin is given, where the host has given arrays.
  template <class T>
  void put_into(T* answer) {
    put(inputs_, &answer->inputs);
    put(outputs_, &answer->outputs);
  }
  // After the call: what can be used is the host's, in the arrays that it gave.
  template <class T>
  void take_from(T* answer, tn_status status) {
    take(inputs_, &answer->inputs, status);
    take(outputs_, &answer->outputs, status);
    if (status == TN_NEEDS_STATIC && inputs_.all_met() && outputs_.all_met()) blame_for_nothing();
  }

 private:
  struct List {
    const char* name;
    const std::vector<Described>& described;
    std::vector<tn_argument_needs> copy;
    tn_argument_needs* host;
    bool open = false;  // Something is asked for that the description does not have.

    // The host has asked for all of it, and nothing is open.
    bool all_met() const { return !open && (host != nullptr || described.empty()); }
  };

  void put(List& list, tn_argument_needs** given);
  void take(List& list, tn_argument_needs** given, tn_status status);
  void check(List& list, size_t index, tn_status status);
  void blame_for_nothing() const;

  CheckedCall& call_;
  List inputs_;
  List outputs_;
};

}  // namespace tenon::layers::validation

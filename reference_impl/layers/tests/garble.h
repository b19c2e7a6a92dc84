// SPDX-License-Identifier: Apache-2.0
//
// The reference device in front of which every answer can be garbled, one place at a time:
// garbled.cc has the functions and the places, both from spec/abi.yaml; here is what is done to a
// place of each kind.
#pragma once

#include <cstddef>
#include <vector>

#include "reference_impl/layers/layer.h"

namespace tenon::layers::garble {

enum class Kind {
  kStatus,    // That the function answers.
  kQuery,     // The same of one that may be too early.
  kError,     // The details of a failure.
  kHandle,    // That is made.
  kLent,      // A pointer to something of the plugin's.
  kPointer,   // A pointer in a struct that is filled.
  kSize,      // The struct_size of that.
  kText,      // Of a fixed field.
  kEnum,      // A value with a name.
  kBits,      // A set of them.
  kReserved,  // 0.
  kNumber,    // Of any meaning.
  kNeeds,     // An array of tn_argument_needs.
  kDims,      // An array of dims.
};

struct Place {
  const char* function;
  const char* where;
  Kind kind;
};

// Everything that can be garbled, and how many ways there are to.
const std::vector<Place>& places();
size_t ways_of(Kind kind);
// What way number `way` is, for messages.
const char* name_of(Kind kind, size_t way);

// The one place that is garbled from now on, in one way; NULL: none.
void lie_at(const Place* place, size_t way);
// How often it was.
int told();

// The device's own functions, and those that answer through Garble.
const tn_dispatch& sound();
const Extensions& sound_extensions();
void garble_functions(tn_dispatch* table);
void garble_functions(Extensions* tables);

// The entry of that plugin, for tn_loader_desc.entries.
tn_status TN_CALL entry(const tn_host* host, tn_plugin* plugin, tn_error* error);

// One answer.
class Garble {
 public:
  Garble(const char* function, tn_status* status, tn_error* error)
      : function_(function), status_(status), error_(error) {}
  // A place of the answer.
  void put(Kind kind, const char* where, void* at, size_t size);
  // The status, after its own places.
  tn_status answer();

 private:
  bool is_here(const char* where) const;

  const char* const function_;
  tn_status* const status_;
  tn_error* const error_;
};

}  // namespace tenon::layers::garble

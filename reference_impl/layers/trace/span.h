// SPDX-License-Identifier: Apache-2.0
//
// One traced call: when it began and ended, and its arguments.
#pragma once

#include <string>

#include "reference_impl/layers/trace/json.h"
#include "reference_impl/layers/trace/trace.h"

namespace tenon::layers::trace {

class Span {
 public:
  // `function` is "tn_" and the slot's name.
  Span(const char* function, const void* first);
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;
  ~Span();  // Writes the event.

  Trace& layer() const { return layer_; }
  const tn_dispatch& below() const { return layer_.below(); }
  const Extensions& extensions_below() const { return layer_.extensions_below(); }
  double begin() const { return begin_; }

  // The call has returned; printing is not part of it.
  void stop() { end_ = layer_.file()->now(); }
  void stop(tn_status status, const tn_error* error);
  // Stands behind the function's name in the viewer.
  void about(const std::string& what) { about_ = what; }

  Json& argument(const char* name) {
    json_.key(name);
    return json_;
  }
  // What the call has written, if it succeeded.
  template <class T>
  void result(const char* name, T* pointer) {
    if (status_ != TN_OK || pointer == nullptr) return;
    if constexpr (std::is_pointer_v<T>) {
      argument(name).pointer(*pointer);
    } else {
      argument(name).number(*pointer);
    }
  }

 private:
  Trace& layer_;
  const char* const function_;
  std::string arguments_;
  std::string about_;
  Json json_;
  tn_status status_ = TN_OK;
  double begin_;
  double end_ = 0;
};

// A complete event on a row.
std::string event(const char* name, const char* category, int row, double begin, double end,
                  const std::string& arguments);

}  // namespace tenon::layers::trace

// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/trace/span.h"

#include <fmt/format.h>

#include "reference_impl/platform/platform.h"
#include "tenon/cpp/error.hpp"

namespace tenon::layers::trace {

std::string event(const char* name, const char* category, int row, double begin, double end,
                  const std::string& arguments) {
  std::string quoted;
  Json(quoted).text(name);
  return fmt::format(
      R"({{"ph":"X","pid":{},"tid":{},"ts":{:.3f},"dur":{:.3f},"cat":"{}","name":{},"args":{}}})",
      platform::process_id(), row, begin, end - begin, category, quoted, arguments);
}

Span::Span(const char* function, const void* first)
    : layer_(Trace::of(first)), function_(function), json_(arguments_) {
  json_.open();
  begin_ = layer_.file()->now();
}

void Span::stop(tn_status status, const tn_error* error) {
  stop();
  status_ = status;
  if (status == TN_OK) return;
  argument("status").text(status_name(status));
  if (status == TN_NOT_READY || error == nullptr) return;
  if (error->struct_size >= sizeof(tn_error)) {
    argument("error").text(error->message, sizeof(error->message));
  }
}

Span::~Span() {
  json_.close();
  const std::string name = about_.empty() ? function_ : std::string(function_) + " " + about_;
  layer_.file()->add(
      event(name.c_str(), "call", layer_.file()->thread(), begin_, end_, arguments_));
}

}  // namespace tenon::layers::trace

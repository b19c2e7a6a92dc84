// SPDX-License-Identifier: Apache-2.0
//
// Failures as exceptions: Error, check() and call().
#pragma once

#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "tenon/tenon.h"

namespace tenon {

// Name of a status ("TN_OUT_OF_RANGE"); an unknown detail gives the name of its class, and an
// unknown class "TN_INTERNAL", because whatever it means, it was not success.
inline const char* status_name(tn_status status) {
  switch (status) {
    case TN_OK:
      return "TN_OK";
    case TN_NOT_READY:
      return "TN_NOT_READY";
    case TN_INVALID_ARGUMENT:
      return "TN_INVALID_ARGUMENT";
    case TN_OUT_OF_RANGE:
      return "TN_OUT_OF_RANGE";
    case TN_OVERLAP:
      return "TN_OVERLAP";
    case TN_INVALID_STATE:
      return "TN_INVALID_STATE";
    case TN_FORKED:
      return "TN_FORKED";
    case TN_UNSUPPORTED:
      return "TN_UNSUPPORTED";
    case TN_UNIMPLEMENTED:
      return "TN_UNIMPLEMENTED";
    case TN_VERSION_MISMATCH:
      return "TN_VERSION_MISMATCH";
    case TN_NEEDS_STATIC:
      return "TN_NEEDS_STATIC";
    case TN_OUT_OF_MEMORY:
      return "TN_OUT_OF_MEMORY";
    case TN_OUT_OF_DEVICE_MEMORY:
      return "TN_OUT_OF_DEVICE_MEMORY";
    case TN_NOT_FOUND:
      return "TN_NOT_FOUND";
    case TN_LOAD_FAILED:
      return "TN_LOAD_FAILED";
    case TN_NO_DEVICE:
      return "TN_NO_DEVICE";
    case TN_DEVICE_LOST:
      return "TN_DEVICE_LOST";
    case TN_INTERNAL:
      return "TN_INTERNAL";
    default:
      break;
  }
  // Class 0 holds only TN_OK, so a detail of it is unknown altogether.
  const tn_status status_class = TN_STATUS_CLASS(status);
  return status_class == status || status_class == TN_OK ? "TN_INTERNAL"
                                                         : status_name(status_class);
}

// Class of a status; one that is not known counts as TN_INTERNAL.
inline tn_status known_class(tn_status status) {
  switch (TN_STATUS_CLASS(status)) {
    case TN_OK:
      return status == TN_OK ? TN_OK : TN_INTERNAL;
    case TN_NOT_READY:
    case TN_INVALID_ARGUMENT:
    case TN_UNSUPPORTED:
    case TN_OUT_OF_MEMORY:
    case TN_NOT_FOUND:
    case TN_DEVICE_LOST:
      return TN_STATUS_CLASS(status);
    default:
      return TN_INTERNAL;
  }
}
// TN_OK, or of a class that tenon.h names.
inline bool is_known_status(tn_status status) {
  return known_class(status) == TN_STATUS_CLASS(status);
}

// A tn_error that is ready to be passed. Only the parts that are read get initialised: this stands
// in front of every call, launches included.
struct ErrorBuffer : tn_error {
  ErrorBuffer() {
    struct_size = sizeof(tn_error);
    code = TN_OK;
    node = 0;
    vendor_code = 0;
    rule[0] = '\0';
    argument[0] = '\0';
    message[0] = '\0';
  }
};

// A call that did not return TN_OK. what() is "TN_OUT_OF_RANGE (TN-buffer-004): message".
class Error : public std::runtime_error {
 public:
  Error(tn_status status, std::string rule, std::string message)
      : std::runtime_error(format(status, rule, message)),
        status_(status),
        rule_(std::move(rule)),
        message_(std::move(message)) {}
  // The texts should end within their fields; one that does not is cut there.
  Error(tn_status status, const tn_error& error)
      : Error(status, std::string(error.rule, strnlen(error.rule, sizeof(error.rule))),
              std::string(error.message, strnlen(error.message, sizeof(error.message)))) {
    argument_.assign(error.argument, strnlen(error.argument, sizeof(error.argument)));
    vendor_code_ = error.vendor_code;
  }

  tn_status status() const { return status_; }
  tn_status status_class() const { return known_class(status_); }
  const std::string& rule() const { return rule_; }        // ID of the broken rule, or empty.
  const std::string& message() const { return message_; }  // As the callee wrote it.
  // The argument or field meant, "desc->inputs[1]->rank", or empty.
  const std::string& argument() const { return argument_; }
  int64_t vendor_code() const { return vendor_code_; }  // 0: the vendor's library answered nothing.

 private:
  static std::string format(tn_status status, const std::string& rule, const std::string& message) {
    std::string text = status_name(status);
    if (!rule.empty()) text += " (" + rule + ")";
    if (!message.empty()) text += ": " + message;
    return text;
  }

  tn_status status_;
  std::string rule_;
  std::string message_;
  std::string argument_;
  int64_t vendor_code_ = 0;
};

// Throws Error unless the status is TN_OK.
inline void check(tn_status status, const tn_error& error) {
  if (status != TN_OK) [[unlikely]]
    throw Error(status, error);
}

// call(tn_device_synchronize, device): calls with an error buffer as last argument, throws on
// failure.
template <class Function, class... Arguments>
inline void call(Function function, Arguments... arguments) {
  ErrorBuffer error;
  check(function(arguments..., &error), error);
}

// The same for queries: true for TN_OK, false for TN_NOT_READY, else throws.
template <class Function, class... Arguments>
inline bool query(Function function, Arguments... arguments) {
  ErrorBuffer error;
  const tn_status status = function(arguments..., &error);
  if (status == TN_NOT_READY) return false;
  check(status, error);
  return true;
}

}  // namespace tenon

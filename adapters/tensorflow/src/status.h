// SPDX-License-Identifier: Apache-2.0
//
// Failures on their way from the runtime (exceptions) to TensorFlow (TF_Status).
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

#include "tenon/tenon.hpp"
#include "tensorflow/c/tf_status.h"

namespace tenon::tensorflow {

// A failure with TensorFlow's own code: what this adapter finds wrong itself.
class OpError : public std::runtime_error {
 public:
  OpError(TF_Code code, const std::string& message) : std::runtime_error(message), code_(code) {}
  TF_Code code() const { return code_; }

 private:
  TF_Code code_;
};

[[noreturn]] void invalid_argument(const std::string& message);
[[noreturn]] void unimplemented(const std::string& message);

// A failure as data, to keep and to hand on.
struct Failure {
  TF_Code code = TF_OK;
  std::string message;
};

TF_Code to_tf_code(tn_status status);

// What the exception being handled says; call it in a catch block.
Failure current_failure() noexcept;

// Runs `body` and writes its failure, or OK, to `status`. Nothing leaves: these are C callbacks.
template <class Body>
void guarded(TF_Status* status, Body&& body) noexcept {
  try {
    body();
    TF_SetStatus(status, TF_OK, "");
  } catch (...) {
    const Failure failure = current_failure();
    TF_SetStatus(status, failure.code, failure.message.c_str());
  }
}

// A TF_Status of this thread for calls into TensorFlow; holds OK when taken.
TF_Status* scratch_status();

// Throws OpError unless the status is OK.
void check(TF_Status* status);

}  // namespace tenon::tensorflow

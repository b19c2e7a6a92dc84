// SPDX-License-Identifier: Apache-2.0
#include "status.h"

#include <memory>

namespace tenon::tensorflow {

void invalid_argument(const std::string& message) { throw OpError(TF_INVALID_ARGUMENT, message); }

void unimplemented(const std::string& message) { throw OpError(TF_UNIMPLEMENTED, message); }

TF_Code to_tf_code(tn_status status) {
  switch (TN_STATUS_CLASS(status)) {
    case TN_OK:
      return TF_OK;
    // Also TN_OUT_OF_RANGE: TensorFlow's code of that name means the end of a data set, and loops
    // over one would end silently.
    case TN_INVALID_ARGUMENT:
      return status == TN_INVALID_STATE || status == TN_FORKED ? TF_FAILED_PRECONDITION
                                                               : TF_INVALID_ARGUMENT;
    case TN_UNSUPPORTED:
      return TF_UNIMPLEMENTED;
    case TN_OUT_OF_MEMORY:
      return TF_RESOURCE_EXHAUSTED;
    case TN_NOT_FOUND:
      return TF_NOT_FOUND;
    case TN_DEVICE_LOST:
      return TF_UNAVAILABLE;
    default:
      return TF_INTERNAL;
  }
}

Failure current_failure() noexcept {
  try {
    throw;
  } catch (const OpError& error) {
    return {error.code(), error.what()};
  } catch (const Error& error) {
    return {to_tf_code(error.status()), error.what()};
  } catch (const std::bad_alloc&) {
    return {TF_RESOURCE_EXHAUSTED, "out of host memory"};
  } catch (const std::exception& error) {
    return {TF_INTERNAL, error.what()};
  } catch (...) {
    return {TF_INTERNAL, "unknown exception"};
  }
}

TF_Status* scratch_status() {
  struct Delete {
    void operator()(TF_Status* status) const { TF_DeleteStatus(status); }
  };
  thread_local std::unique_ptr<TF_Status, Delete> status{TF_NewStatus()};
  if (TF_GetCode(status.get()) != TF_OK) TF_SetStatus(status.get(), TF_OK, "");
  return status.get();
}

void check(TF_Status* status) {
  if (TF_GetCode(status) != TF_OK) [[unlikely]]
    throw OpError(TF_GetCode(status), TF_Message(status));
}

}  // namespace tenon::tensorflow

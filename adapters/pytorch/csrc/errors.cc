// SPDX-License-Identifier: Apache-2.0
#include "errors.h"

#include <c10/util/Exception.h>

namespace tenon::pytorch {

void throw_as_torch(const Error& error) {
  const std::string text = std::string("tenon: ") + error.what();
  switch (error.status()) {
    case TN_OUT_OF_RANGE:
      C10_THROW_ERROR(IndexError, text);
    case TN_OUT_OF_DEVICE_MEMORY:
    case TN_OUT_OF_MEMORY:
      C10_THROW_ERROR(OutOfMemoryError, text);
    default:
      break;
  }
  if (error.status_class() == TN_UNSUPPORTED) C10_THROW_ERROR(NotImplementedError, text);
  C10_THROW_ERROR(Error, text);
}

}  // namespace tenon::pytorch

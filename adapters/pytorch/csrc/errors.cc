// SPDX-License-Identifier: Apache-2.0
#include "errors.h"

#include <c10/util/Exception.h>

namespace tenon::pytorch {
namespace {

bool has(const std::string& text, const char* words) {
  return text.find(words) != std::string::npos;
}

// Whether a kernel met an index that names nothing. The standard has one status for all that the
// data can do wrong, so the text says which. torch raises IndexError for these, but RuntimeError
// from gather, scatter and index_add.
bool is_index_error(const Error& error) {
  const std::string& text = error.message();
  if (error.status() == TN_OUT_OF_RANGE) return true;
  if (error.status() != TN_INVALID_ARGUMENT || has(text, "Elements") || has(text, "IndexAdd"))
    return false;
  return (has(text, "index ") && has(text, "is out of range")) ||
         (has(text, "is outside ") && has(text, " classes"));
}

}  // namespace

void throw_as_torch(const Error& error) {
  const std::string text = std::string("tenon: ") + error.what();
  if (is_index_error(error)) C10_THROW_ERROR(IndexError, text);
  switch (error.status()) {
    case TN_OUT_OF_DEVICE_MEMORY:
    case TN_OUT_OF_MEMORY:
      C10_THROW_ERROR(OutOfMemoryError, text);
    default:
      break;
  }
  if (error.status_class() == TN_UNSUPPORTED) C10_THROW_ERROR(NotImplementedError, text);
  C10_THROW_ERROR(Error, text);
}

void throw_mixed_devices(c10::Device a, c10::Device b) {
  TORCH_CHECK(false,
              "Expected all tensors to be on the same device, but found at least two devices, ", a,
              " and ", b, "!");
}

}  // namespace tenon::pytorch

// SPDX-License-Identifier: Apache-2.0
//
// Model files: any bytes are imported or refused with an error.
#include <cstdint>
#include <string_view>

#include "runtime/onnx/graph.h"
#include "tenon/tenon.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    tenon::runtime::onnx_import::import_model(
        tenon::runtime::onnx_import::ModelBytes({reinterpret_cast<const char*>(data), size}),
        "/nonexistent");
  } catch (const tenon::Error&) {
    // Refused.
  }
  return 0;
}

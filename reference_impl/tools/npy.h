// SPDX-License-Identifier: Apache-2.0
//
// NumPy's .npy files (format 1.0 to 3.0, little-endian, C order): how `tenon run` takes and gives
// tensors.
#pragma once

#include <string>

#include "runtime/model.h"

namespace tenon::tools {

// Throws std::runtime_error naming the file and what is wrong with it.
runtime::HostTensor read_npy(const std::string& path);
void write_npy(const std::string& path, const runtime::HostTensor& tensor);

}  // namespace tenon::tools

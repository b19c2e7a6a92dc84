// SPDX-License-Identifier: Apache-2.0
//
// NumPy's .npy files (format 1.0 to 3.0, little-endian, C order): how `tenon run` takes and gives
// tensors.
#pragma once

#include <string>

#include "runtime/model.h"

namespace tenon::tools {

// Types of the package ml_dtypes have no name in such a file: NumPy writes their elements as bytes
// ("<V2"), a byte each for those that are smaller. A file of bytes is of the type `unnamed`, when
// that is one of those and of as many.
// Throws std::runtime_error naming the file and what is wrong with it.
runtime::HostTensor read_npy(const std::string& path, tn_dtype unnamed = TN_DTYPE_UNDEFINED);
void write_npy(const std::string& path, const runtime::HostTensor& tensor);

}  // namespace tenon::tools

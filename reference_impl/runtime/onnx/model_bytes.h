// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a serialized model: those of a caller, or a file's, which is mapped and not read as
// a whole.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace tenon::runtime::onnx_import {

class ModelBytes {
 public:
  // The caller's, which outlive this.
  explicit ModelBytes(std::string_view bytes) : bytes_(bytes) {}
  // Throws Error as read_file() does.
  static ModelBytes of_file(const std::string& path);

  std::string_view view() const { return bytes_; }
  // These with a life of their own.
  ModelBytes kept() const;
  // That the first `count` bytes are not needed for now: the memory of a file's goes back, and is
  // filled again when somebody reads there.
  void leave(size_t count) const;

 private:
  std::string_view bytes_;
  std::shared_ptr<const void> owner_;
  bool mapped_ = false;
};

}  // namespace tenon::runtime::onnx_import

// SPDX-License-Identifier: Apache-2.0
//
// What tn_buffer_map hands out where the host may not touch device memory: a copy of the range, by
// itself on pages of its own, with inaccessible pages on both sides. It is written back by unmap,
// not earlier, and its pages go away then, so a pointer kept too long or used too far faults.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tenon::device {

class Staging {
 public:
  explicit Staging(uint64_t size);  // Throws std::bad_alloc.
  Staging(Staging&& other) noexcept;
  Staging& operator=(Staging&& other) noexcept;
  ~Staging();

  std::byte* data() const { return data_; }

 private:
  void* range_ = nullptr;
  size_t range_size_ = 0;
  std::byte* data_ = nullptr;
};

}  // namespace tenon::device

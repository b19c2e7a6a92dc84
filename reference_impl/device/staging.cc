// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/staging.h"

#include <new>
#include <utility>

#include "reference_impl/device/memory.h"
#include "reference_impl/platform/platform.h"

namespace tenon::device {

Staging::Staging(uint64_t size) {
  const auto page = platform::page_size();
  const uint64_t body = (size + page - 1) / page * page;
  range_size_ = body + 2 * page;
  range_ = platform::reserve_addresses(range_size_);
  if (range_ == nullptr) throw std::bad_alloc();
  std::byte* first = static_cast<std::byte*>(range_) + page;
  if (body != 0 && !platform::make_readable(first, body)) {
    platform::release_addresses(range_, range_size_);
    throw std::bad_alloc();
  }
  // Against the guard behind it, as near as alignment allows: running over the end is the common
  // mistake.
  data_ = first + (body - size) / kAlignment * kAlignment;
}

Staging::Staging(Staging&& other) noexcept
    : range_(std::exchange(other.range_, nullptr)),
      range_size_(other.range_size_),
      data_(other.data_) {}

Staging& Staging::operator=(Staging&& other) noexcept {
  std::swap(range_, other.range_);
  std::swap(range_size_, other.range_size_);
  std::swap(data_, other.data_);
  return *this;
}

Staging::~Staging() {
  if (range_ != nullptr) platform::release_addresses(range_, range_size_);
}

}  // namespace tenon::device

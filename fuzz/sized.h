// SPDX-License-Identifier: Apache-2.0
//
// A struct as a caller of another version has it: shorter or longer than this header's, in memory
// of that size alone. What is written behind it shows: to a sanitizer, or where there is none, in
// bytes that are looked at.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "fuzz/choices.h"

namespace tenon::fuzz {

template <class T>
class Sized {
 public:
  // Mostly of this header's size; of its fields those that fit. `tail`: what a later version may
  // have set behind them, too.
  Sized(Choices& choices, const T& value, bool tail = true) {
    size_t size = sizeof(T);
    if (choices.chance(12)) size = choices.below(sizeof(T) + 1);
    if (choices.chance(8)) size = sizeof(T) + 8 * (1 + choices.below(8));
    const size_t room = std::max(size, sizeof(size_t));
    watched_ = choices.chance(50);
    bytes_.resize(room + (watched_ ? kBehind : 0), 0);
    // Only what is asked for is there, so that a sanitizer knows the end.
    bytes_.shrink_to_fit();
    std::memcpy(bytes_.data(), &value, std::min(room, sizeof(T)));
    if (tail && size > sizeof(T) && choices.chance(30)) {
      bytes_[sizeof(T) + choices.below(size - sizeof(T))] = 1;
    }
    // A size that no struct has: nothing may be read.
    if (choices.chance(3)) size = choices.of<size_t>({SIZE_MAX, size_t{1} << 40, 0, 7});
    std::memcpy(bytes_.data(), &size, sizeof(size));
    if (watched_) std::fill(bytes_.end() - kBehind, bytes_.end(), kMark);
  }
  Sized(const Sized&) = delete;
  Sized& operator=(const Sized&) = delete;
  ~Sized() {
    if (watched_ && std::any_of(bytes_.end() - kBehind, bytes_.end(),
                                [](unsigned char byte) { return byte != kMark; })) {
      std::fprintf(stderr, "wrong: written behind a struct of %zu bytes\n", size());
      std::abort();
    }
  }

  T* get() { return reinterpret_cast<T*>(bytes_.data()); }
  size_t size() const {
    size_t size = 0;
    std::memcpy(&size, bytes_.data(), sizeof(size));
    return size;
  }
  // Whether the field up to here can have been written.
  bool has(size_t end) const { return size() >= end && end <= bytes_.size(); }

 private:
  static constexpr size_t kBehind = 64;
  static constexpr unsigned char kMark = 0x55;
  std::vector<unsigned char> bytes_;
  bool watched_ = false;
};

}  // namespace tenon::fuzz

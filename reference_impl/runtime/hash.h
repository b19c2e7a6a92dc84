// SPDX-License-Identifier: Apache-2.0
//
// The hash of operations and kernel keys: one multiplication a word.
#pragma once

#include <cstdint>

namespace tenon::runtime {

__extension__ typedef unsigned __int128 Product;

inline uint64_t mix(uint64_t hash, uint64_t word) {
  const auto product = static_cast<Product>(hash ^ word) * 0xd6e8feb86659fd93;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64) ^ word;
}

}  // namespace tenon::runtime

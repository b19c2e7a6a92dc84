// SPDX-License-Identifier: Apache-2.0
//
// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3"): 128 random bits as
// a function of a 128-bit counter and a 64-bit key.
#pragma once

#include <cstdint>

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

struct PhiloxBlock {
  uint32_t words[4];
};

TENON_INLINE PhiloxBlock philox(PhiloxBlock counter, uint32_t key0, uint32_t key1) {
  uint32_t x0 = counter.words[0], x1 = counter.words[1], x2 = counter.words[2],
           x3 = counter.words[3];
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * x0, b = uint64_t{0xCD9E8D57} * x2;
    const uint32_t y0 = static_cast<uint32_t>(b >> 32) ^ x1 ^ key0;
    const uint32_t y2 = static_cast<uint32_t>(a >> 32) ^ x3 ^ key1;
    x1 = static_cast<uint32_t>(b);
    x3 = static_cast<uint32_t>(a);
    x0 = y0;
    x2 = y2;
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return {{x0, x1, x2, x3}};
}

// The stream of words that a key and a first block number give: word i is word i % 4 of the block
// `counter` + i / 4, a carry out of 64 bits going into the counter's upper half.
struct PhiloxStream {
  uint64_t key = 0, counter = 0;

  TENON_INLINE PhiloxBlock block(uint64_t index) const {
    const uint64_t low = counter + index;
    const uint32_t carry = low < counter ? 1 : 0;
    return philox({{static_cast<uint32_t>(low), static_cast<uint32_t>(low >> 32), carry, 0}},
                  static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32));
  }

  // The words of kPiece / 4 blocks from `first_block` on.
  static constexpr int64_t kPiece = 256;
  TENON_INLINE void words(uint64_t first_block, uint32_t* to) const {
    for (int64_t i = 0; i < kPiece / 4; ++i) {
      const PhiloxBlock b = block(first_block + static_cast<uint64_t>(i));
      for (int w = 0; w < 4; ++w) to[4 * i + w] = b.words[w];
    }
  }
};

}  // namespace tenon::cpu

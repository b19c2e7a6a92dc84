// SPDX-License-Identifier: Apache-2.0
//
// Whether the processor takes subnormal numbers for 0. That is a setting of each thread, which its
// owner may have changed (TensorFlow does on all of its threads), and it must not decide what a
// kernel computes: TN_KERNEL_FLUSH_SUBNORMALS does, on whatever thread the work runs.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tenon::device {

// The thread's floating-point control word, as far as it is about subnormal numbers.
class SubnormalMode {
 public:
#if defined(__x86_64__)
  using Word = uint32_t;  // MXCSR; the other bits are rounding, masks, and exceptions met.
  static constexpr Word kFlush = 0x8040;  // Results (FTZ) and operands (DAZ).
  static Word word() { return _mm_getcsr(); }
  static void set_word(Word word) { _mm_setcsr(word); }
#elif defined(__aarch64__)
  using Word = uint64_t;                      // FPCR
  static constexpr Word kFlush = 1ull << 24;  // FZ: both. Not FZ16, as on x86-64.
  static Word word() {
    Word word;
    asm volatile("mrs %0, fpcr" : "=r"(word));
    return word;
  }
  static void set_word(Word word) { asm volatile("msr fpcr, %0" : : "r"(word)); }
#else
  using Word = uint32_t;
  static constexpr Word kFlush = 0;
  static Word word() { return 0; }
  static void set_word(Word) {}
#endif

  // The bits of a word that flushes, or does not.
  static constexpr Word bits(bool flush) { return flush ? kFlush : 0; }
  static bool flushes() { return kFlush != 0 && (word() & kFlush) == kFlush; }
};

// Sets it for a while. Where it is right already, which is the usual case, that costs one read.
class SubnormalScope {
 public:
  explicit SubnormalScope(bool flush) : before_(SubnormalMode::word()) {
    const Word wanted = flush ? before_ | SubnormalMode::kFlush : before_ & ~SubnormalMode::kFlush;
    changed_ = wanted != before_;
    if (changed_) [[unlikely]]
      SubnormalMode::set_word(wanted);
  }
  ~SubnormalScope() {
    if (changed_) [[unlikely]]
      SubnormalMode::set_word(before_);
  }
  SubnormalScope(const SubnormalScope&) = delete;
  SubnormalScope& operator=(const SubnormalScope&) = delete;

 private:
  using Word = SubnormalMode::Word;
  const Word before_;
  bool changed_ = false;
};

}  // namespace tenon::device

// SPDX-License-Identifier: Apache-2.0
//
// CUDA's C++ for the compiler of the host: goes in front of what the emulated NVRTC compiles. Knows
// what plugins/cuda/dialect.h uses, and no more. `__global__` and `__syncthreads` are given when
// the preprocessor has run (nvrtc.cc).
#pragma once

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <utility>

#include "module.h"

#define __device__
#define __constant__
#define __forceinline__ inline
#define __restrict__ __restrict
// A block is run by one thread of the host.
#define __shared__ static thread_local

namespace emulator {

static thread_local Block* block;

template <auto kFunction>
struct Describe;
template <class... Types, void (*kFunction)(Types...)>
struct Describe<kFunction> {
  static constexpr size_t sizes[] = {sizeof(Types)..., 0};

  template <class Type>
  static Type argument(void* parameter) {
    Type value;
    memcpy(&value, parameter, sizeof(value));
    if constexpr (std::is_pointer_v<Type>) value = (Type)block->real((uint64_t)value);
    return value;
  }
  template <size_t... kIndex>
  static void call(void* const* parameters, std::index_sequence<kIndex...>) {
    kFunction(argument<Types>(parameters[kIndex])...);
  }
  static void run(Block* given, void* const* parameters) {
    block = given;
    call(parameters, std::index_sequence_for<Types...>());
  }
  static constexpr Kernel kernel(bool barriers) { return {run, sizes, sizeof...(Types), barriers}; }
};

}  // namespace emulator

#define threadIdx (emulator::block->thread)
#define blockIdx (emulator::block->index)
#define blockDim (emulator::block->size)
#define gridDim (emulator::block->grid)
static inline void emulated_barrier() { emulator::block->barrier(); }

template <class T>
static inline T min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
static inline T max(T a, T b) {
  return a < b ? b : a;
}
static inline unsigned __umulhi(unsigned a, unsigned b) {
  return (unsigned)((unsigned long)a * b >> 32);
}
static inline float __int_as_float(int bits) {
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}
static inline int atomicCAS(int* at, int compare, int value) {
  __atomic_compare_exchange_n(at, &compare, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return compare;
}
static inline int atomicAdd(int* at, int value) {
  return __atomic_fetch_add(at, value, __ATOMIC_SEQ_CST);
}
static inline float atomicAdd(float* at, float value) {
  float old, sum;
  __atomic_load(at, &old, __ATOMIC_SEQ_CST);
  do {
    sum = old + value;
  } while (!__atomic_compare_exchange(at, &old, &sum, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
  return old;
}

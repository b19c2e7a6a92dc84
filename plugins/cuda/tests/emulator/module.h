// SPDX-License-Identifier: Apache-2.0
//
// What a kernel compiled for the emulator and the emulated driver know of each other.
#pragma once

#include <cstddef>
#include <cstdint>

namespace emulator {

struct Dim {
  unsigned x = 1, y = 1, z = 1;
};

// A block that is being run, and the thread of it whose turn it is.
struct Block {
  Dim thread, index, size, grid;  // threadIdx, blockIdx, blockDim, gridDim
  // Other threads of the block run before it returns.
  void (*barrier)() = nullptr;
  // Device addresses are inaccessible: the bytes of one in [begin, end) lie `shift` behind it. Host
  // memory is known to the device by addresses with this bit.
  uint64_t begin = 0, end = 0, shift = 0, host_bit = 0;

  // What stands for a pointer that a kernel is given. Of one that the device does not know, nothing
  // can be read.
  uint64_t real(uint64_t address) const {
    if (address >= begin && address < end) return address + shift;
    if ((address & host_bit) != 0) return address & ~host_bit;
    return address == 0 ? 0 : begin;
  }
};

// Every module has one for each of its kernels: emulated_<name>.
struct Kernel {
  void (*run)(Block* block, void* const* parameters);  // One thread, from begin to end.
  const size_t* sizes;                                 // Of the parameters.
  size_t count;
  bool barriers;  // Whether it may call Block::barrier.
};

}  // namespace emulator

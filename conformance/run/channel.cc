// SPDX-License-Identifier: Apache-2.0
#include "run/channel.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <system_error>
#include <thread>

namespace tenon::conformance {

// A ring: byte n of all that was ever written lies at n % kSize.
struct Channel::Memory {
  static constexpr size_t kSize = size_t{1} << 20;
  RunState state;
  std::atomic<uint64_t> written{0};
  std::atomic<uint64_t> taken{0};
  char ring[kSize];
};

Channel::Channel() {
  void* memory =
      ::mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(), "no memory to share with a child");
  }
  memory_ = new (memory) Memory;
}

Channel::~Channel() { ::munmap(memory_, sizeof(Memory)); }

RunState& Channel::state() { return memory_->state; }

void Channel::write_line(std::string_view line) {
  write(line);
  write("\n");
}

void Channel::write(std::string_view bytes) {
  Memory& memory = *memory_;
  while (!bytes.empty()) {
    const uint64_t at = memory.written;
    const uint64_t room = Memory::kSize - (at - memory.taken);
    const size_t begin = at % Memory::kSize;
    const size_t n = std::min({bytes.size(), size_t{room}, Memory::kSize - begin});
    if (n == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    std::memcpy(memory.ring + begin, bytes.data(), n);
    memory.written = at + n;
    bytes.remove_prefix(n);
  }
}

void Channel::take_bytes() {
  Memory& memory = *memory_;
  pending_.erase(0, pending_from_);
  pending_from_ = 0;
  const uint64_t end = memory.written;
  uint64_t at = memory.taken;
  // Whoever scribbles into this memory gets nonsense out of it, and no crash.
  if (end - at > Memory::kSize) at = end - Memory::kSize;
  while (at != end) {
    const size_t begin = at % Memory::kSize;
    const size_t n = std::min<size_t>(end - at, Memory::kSize - begin);
    pending_.append(memory.ring + begin, n);
    at += n;
  }
  memory.taken = end;
}

std::optional<std::string> Channel::read_line() {
  size_t end = pending_.find('\n', pending_from_);
  if (end == std::string::npos) {
    take_bytes();
    end = pending_.find('\n');
    if (end == std::string::npos) return std::nullopt;
  }
  std::string line = pending_.substr(pending_from_, end - pending_from_);
  pending_from_ = end + 1;
  return line;
}

}  // namespace tenon::conformance

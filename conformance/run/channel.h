// SPDX-License-Identifier: Apache-2.0
//
// From a child process to its parent: where it is (RunState), and lines of text. All of it lies in
// shared memory: what the child has written is there when it crashes, and no plugin that closes
// files of its host stops it. It is made before the fork; one thread writes and one reads.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "run/state.h"

namespace tenon::conformance {

class Channel {
 public:
  Channel();
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  RunState& state();

  // The child's: waits while there is no room. The line holds no line break.
  void write_line(std::string_view line);
  // The parent's: the next line that is whole, if there is one. What a child that died left half
  // written is never read.
  std::optional<std::string> read_line();

 private:
  struct Memory;
  void write(std::string_view bytes);
  void take_bytes();

  Memory* memory_;
  std::string pending_;      // Read, and not yet handed out.
  size_t pending_from_ = 0;  // Of it.
};

}  // namespace tenon::conformance

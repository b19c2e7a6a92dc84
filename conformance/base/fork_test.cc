// SPDX-License-Identifier: Apache-2.0
//
// After fork(): calls answer TN_FORKED, destroys do nothing.
#include <sys/wait.h>
#include <unistd.h>

#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

using ForkTest = DeviceTest;

TEST_F(ForkTest, TN_fork_001_the_child_is_told) {
  Buffer buffer = make_buffer(64);
  const Event event(device());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    tn_buffer* made = nullptr;
    const tn_buffer_desc desc{sizeof(desc), 16, TN_BUFFER_DEVICE, 0, nullptr};
    int wrong = 0;
    wrong |= tn_buffer_create(device().get(), &desc, &made, nullptr) != TN_FORKED ? 1 : 0;
    wrong |= tn_stream_synchronize(stream_.get(), nullptr) != TN_FORKED ? 2 : 0;
    wrong |= tn_event_query(event.get(), nullptr) != TN_FORKED ? 4 : 0;
    tn_buffer_destroy(buffer.get(), nullptr);
    tn_stream_destroy(stream_.get());
    ::_exit(wrong);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "the child was killed by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "bit 0: create, 1: synchronize, 2: query";
  // The parent is as before.
  stream_.fill(buffer, 0, 64, "p", 1);
  EXPECT_EQ(download(buffer), Bytes(64, 'p'));
}

}  // namespace
}  // namespace tenon::conformance

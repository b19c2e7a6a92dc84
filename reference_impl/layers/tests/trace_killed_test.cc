// SPDX-License-Identifier: Apache-2.0
//
// A process that ends abruptly, or without destroying its loader, leaves a trace that can be read.
// A program of its own: only children of processes that have opened no plugin may use Tenon.
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>

#include "reference_impl/layers/tests/fixture.h"
#include "reference_impl/layers/tests/read_trace.h"

namespace tenon::layers {
namespace {

TEST(Trace, IsWholeWhenTheProcessIsKilled) {
  const std::string path = path_for("killed");
  const pid_t child = fork();
  if (child == 0) {
    setenv("TENON_TRACE_FILE", path.c_str(), 1);
    RecordingHost host;
    const Loader loader({}, host.get(), "trace");
    const Device device = loader.open("cpu").open_device(0);
    for (int i = 0; i < 2000; ++i) device.synchronize();
    usleep(60000);  // Longer than a batch stays in memory while calls go on.
    device.synchronize();
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_GE(named(read_trace(path), "tn_device_synchronize").size(), 2000u);
  std::filesystem::remove(path);
}

// As Python's do: the loader lives as long as the process.
TEST(Trace, LosesNothingWhenTheLoaderIsNotDestroyed) {
  const std::string path = path_for("left");
  const pid_t child = fork();
  if (child == 0) {
    setenv("TENON_TRACE_FILE", path.c_str(), 1);
    static RecordingHost* const host = new RecordingHost;
    static auto* const loader = new Loader({}, host->get(), "trace");
    static auto* const device = new Device(loader->open("cpu").open_device(0));
    for (int i = 0; i < 20; ++i) device->synchronize();
    std::exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  // The last is the loader's, which waits for open devices when the process ends.
  EXPECT_EQ(named(read_trace(path), "tn_device_synchronize").size(), 21u);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace tenon::layers

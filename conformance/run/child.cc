// SPDX-License-Identifier: Apache-2.0
#include "run/child.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "run/in_process.h"
#include "run/selection.h"
#include "suite/complaints.h"
#include "suite/results.h"
#include "suite/target.h"

namespace tenon::conformance {
namespace {

void send(Channel& channel, const char* key, nlohmann::ordered_json value) {
  nlohmann::ordered_json line;
  line[key] = std::move(value);
  channel.write_line(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

// Apart from its parent: what the plugin does to its process ends here, and so does what it
// started.
void settle(int output) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // Nothing goes on where the parent is killed.
  if (::getppid() == 1) ::_exit(0);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) std::signal(signal, SIG_DFL);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);  // Crashes are expected here, and leave no files behind.
  std::ofstream("/proc/self/oom_score_adj") << "1000";  // Where memory runs out, it is this one's.
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::close(nothing);
  ::close(output);
}

// Whether the device is open. Tests of the plugin's entry alone are run without.
bool open_target(Channel& channel, const RunOptions& options, const Errand& errand) {
  const Spec spec = Spec::parse(options.spec);
  if (!errand.scouts && std::ranges::all_of(errand.tests, needs_no_device)) {
    Target::get().name(spec);
    return false;
  }
  try {
    Target::get().open(spec);
    if (errand.scouts) send(channel, "subject", to_json(Target::get().subject()));
    return true;
  } catch (const std::exception& exception) {
    const auto* error = dynamic_cast<const Error*>(&exception);
    std::string why = std::string(channel.state().doing) + ": " + exception.what();
    if (error != nullptr && error->message().empty()) why += ", without a message";
    nlohmann::ordered_json line = {{"not_open", std::move(why)},
                                   {"status", error != nullptr ? error->status() : TN_OK}};
    channel.write_line(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return false;
  }
}

void send_complaints(Channel& channel) {
  for (std::string& complaint : take_complaints()) send(channel, "complaint", std::move(complaint));
}

}  // namespace

void run_child(Channel& channel, const RunOptions& options, const Errand& errand, int output) {
  set_run_state(channel.state());
  settle(output);
  std::vector<std::string> tests = errand.tests;
  if (!open_target(channel, options, errand)) {
    std::erase_if(tests, [](const std::string& test) { return !needs_no_device(test); });
  }
  take_complaints();  // Of the plugin's opening, which no test asked for.
  listen([&](const TestResult& result) { send(channel, "result", to_json(result)); });
  run_tests(tests);
  Target::get().close_device();
  send_complaints(channel);
  Target::get().close();
  send_complaints(channel);
  send(channel, "done", true);
  channel.state().enter(Stage::kEnding, "ending the process");
  std::fflush(nullptr);
  std::exit(0);  // With what the plugin has to do at the end.
}

}  // namespace tenon::conformance

// SPDX-License-Identifier: Apache-2.0
#include "probe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "search.h"
#include "start.h"

extern char** environ;

namespace tenon::loader {
namespace {

using Clock = std::chrono::steady_clock;

std::string find_probe() {
  const std::string folder = own_folder();
  for (const char* place : {"/tenon-probe", "/../bin/tenon-probe", "/../libexec/tenon-probe"}) {
    const std::string path = folder + place;
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  plugin::fail(TN_INTERNAL, nullptr,
               "the helper tenon-probe is neither in %s nor in ../bin or ../libexec beside it; "
               "install Tenon again",
               folder.c_str());
}

// A pipe whose ends close themselves.
struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() {
    if (pipe2(ends, O_CLOEXEC) != 0) {
      plugin::fail(TN_INTERNAL, nullptr, "no pipe: %s", std::strerror(errno));
    }
  }
  ~Pipe() {
    close(ends[0]);
    close_writer();
  }
  void close_writer() {
    if (ends[1] >= 0) close(ends[1]);
    ends[1] = -1;
  }
};

pid_t spawn(const std::string& program, const std::string& path, const Pipe& answer,
            const Pipe& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, errors.ends[1], STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, answer.ends[1], kProbeDescriptor);
  const char* const arguments[] = {program.c_str(), path.c_str(), nullptr};
  pid_t child = -1;
  const int failure = posix_spawn(&child, program.c_str(), &actions, nullptr,
                                  const_cast<char* const*>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    plugin::fail(TN_INTERNAL, nullptr, "cannot start %s: %s", program.c_str(),
                 std::strerror(failure));
  }
  return child;
}

// Appends what can be read to `text`. Returns false at the end of the stream.
bool drain(int descriptor, std::string* text) {
  char bytes[4096];
  const ssize_t got = read(descriptor, bytes, sizeof(bytes));
  if (got < 0) return errno == EINTR;
  text->append(bytes, static_cast<size_t>(got));
  return got > 0;
}

// Reads both streams until the answer (one line) is there, it ends, or the time is over.
void listen(const Pipe& answer, const Pipe& errors, Clock::time_point deadline,
            std::string* answer_text, std::string* error_text) {
  pollfd polled[2] = {{answer.ends[0], POLLIN, 0}, {errors.ends[0], POLLIN, 0}};
  while (answer_text->find('\n') == std::string::npos) {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (rest.count() <= 0) return;
    if (poll(polled, 2, static_cast<int>(rest.count())) <= 0) continue;
    if (polled[1].revents != 0 && !drain(errors.ends[0], error_text)) polled[1].fd = -1;
    if (polled[0].revents != 0 && !drain(answer.ends[0], answer_text)) break;
  }
  // What a dying child said last.
  pollfd last = {errors.ends[0], POLLIN, 0};
  while (poll(&last, 1, 0) > 0 && drain(errors.ends[0], error_text)) {
  }
}

// Waits for the child, kills it at the deadline. Returns the wait status.
int reap(pid_t child, Clock::time_point deadline, bool* killed) {
  int status = 0;
  for (;;) {
    const pid_t done = waitpid(child, &status, *killed ? 0 : WNOHANG);
    if (done == child) return status;
    if (done < 0 && errno != EINTR) return 0;  // The host reaps children itself.
    if (done == 0 && Clock::now() >= deadline) {
      kill(child, SIGKILL);
      *killed = true;
    } else if (done == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

std::string last_line(const std::string& text) {
  const size_t end = text.find_last_not_of("\n\r ");
  if (end == std::string::npos) return "";
  const size_t begin = text.rfind('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1, end - (begin + 1) + 1);
}

ProbeResult decode(const std::string& line) {
  const auto answer = nlohmann::json::parse(line);
  const tn_status status = answer.at("status");
  if (status == TN_OK) {
    return {answer.at("name"), answer.at("version"), answer.at("devices")};
  }
  plugin::Failure failure;
  plugin::set_error_text(&failure.error, status, answer.at("rule").get<std::string>().c_str(),
                         answer.at("message").get<std::string>().c_str());
  throw failure;
}

}  // namespace

std::chrono::milliseconds probe_timeout(const Environment& environment) {
  const double seconds = std::atof(environment.get("TENON_PROBE_TIMEOUT").c_str());
  return std::chrono::milliseconds(seconds > 0 ? static_cast<int64_t>(seconds * 1000) : 20000);
}

ProbeResult probe_library(const std::string& path, std::chrono::milliseconds timeout) {
  const std::string program = find_probe();
  Pipe answer;
  Pipe errors;
  const auto deadline = Clock::now() + timeout;
  const pid_t child = spawn(program, path, answer, errors);
  answer.close_writer();  // So that the streams end with the child.
  errors.close_writer();

  std::string answer_text;
  std::string error_text;
  listen(answer, errors, deadline, &answer_text, &error_text);
  bool killed = false;
  const int status = reap(child, deadline, &killed);

  const size_t end = answer_text.find('\n');
  if (end != std::string::npos && !killed) return decode(answer_text.substr(0, end));
  if (killed) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "it did not answer within %.1f s when tried in a child process; raise "
                 "TENON_PROBE_TIMEOUT (seconds) if it is only slow",
                 static_cast<double>(timeout.count()) / 1000);
  }
  const std::string said = last_line(error_text);
  const std::string quoted = said.empty() ? "" : "; it said: " + said;
  if (WIFSIGNALED(status)) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "it died of signal %d (%s) when tried in a child process%s; report it to its "
                 "vendor",
                 WTERMSIG(status), strsignal(WTERMSIG(status)), quoted.c_str());
  }
  plugin::fail(TN_LOAD_FAILED, nullptr,
               "it ended the process with exit code %d when tried in a child process%s; report it "
               "to its vendor",
               WEXITSTATUS(status), quoted.c_str());
}

}  // namespace tenon::loader

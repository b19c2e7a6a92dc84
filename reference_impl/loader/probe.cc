// SPDX-License-Identifier: Apache-2.0
#include "probe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "search.h"
#include "tenon/tenon_plugin.hpp"

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

// How many children run at once.
constexpr size_t kMostAtOnce = 8;
// What a child may say on each stream.
constexpr size_t kMostText = 1 << 20;
// How long a killed child may take to die: one that waits within a driver cannot.
constexpr auto kDying = std::chrono::seconds(2);

// A pipe whose ends close themselves. They lie above the descriptors that the child is given, so
// that making one of those never overwrites another end, whatever the host has closed.
struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() {
    int low[2] = {-1, -1};
    if (pipe2(low, O_CLOEXEC) != 0) {
      plugin::fail(TN_INTERNAL, nullptr, "no pipe: %s", std::strerror(errno));
    }
    for (int i = 0; i < 2; ++i) {
      ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, kProbeDescriptor + 1);
      close(low[i]);
    }
  }
  ~Pipe() {
    if (ends[0] >= 0) close(ends[0]);
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_writer() {
    if (ends[1] >= 0) close(ends[1]);
    ends[1] = -1;
  }
};

// The child gets nothing of the host's but its environment: no input, no signal mask, no ignored
// signals, and a process group of its own.
pid_t spawn(const std::string& program, const std::string& path, const Pipe& answer,
            const Pipe& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, errors.ends[1], STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, answer.ends[1], kProbeDescriptor);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  const char* const arguments[] = {program.c_str(), path.c_str(), nullptr};
  pid_t child = -1;
  const int failure = posix_spawn(&child, program.c_str(), &actions, &attributes,
                                  const_cast<char* const*>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failure != 0) {
    plugin::fail(TN_INTERNAL, nullptr, "cannot start %s: %s", program.c_str(),
                 std::strerror(failure));
  }
  return child;
}

// Appends what can be read to `text`, as much as is kept of it. Returns false at the end of the
// stream.
bool drain(int descriptor, std::string* text) {
  char bytes[4096];
  const ssize_t got = read(descriptor, bytes, sizeof(bytes));
  if (got < 0) return errno == EINTR;
  if (text->size() < kMostText) text->append(bytes, static_cast<size_t>(got));
  return got > 0;
}

// Takes the whole lines out of `text`. Returns true with the last one; throws at nonsense.
bool read_answer(std::string* text, ProbeResult* result) {
  for (size_t end; (end = text->find('\n')) != std::string::npos; text->erase(0, end + 1)) {
    const auto line =
        nlohmann::json::parse(text->begin(), text->begin() + static_cast<std::ptrdiff_t>(end));
    if (!line.contains("status")) {
      result->name = line.at("name").get<std::string>();
      result->version = line.at("version").get<std::string>();
      continue;
    }
    result->devices = line.at("devices").get<std::vector<std::string>>();
    plugin::set_error_text(&result->error, line.at("status").get<tn_status>(),
                           line.at("rule").get<std::string>().c_str(),
                           line.at("message").get<std::string>().c_str());
    result->error.vendor_code = line.value("vendor_code", int64_t{0});
    return true;
  }
  if (text->size() >= kMostText) throw std::length_error("no end");
  return false;
}

// Reads both streams until the answer is there, they end, or the time is over. True if it is.
bool listen(const Pipe& answer, const Pipe& errors, Clock::time_point deadline,
            std::string* error_text, ProbeResult* result) {
  pollfd polled[2] = {{answer.ends[0], POLLIN, 0}, {errors.ends[0], POLLIN, 0}};
  std::string text;
  for (;;) {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (rest.count() <= 0) return false;
    if (poll(polled, 2, static_cast<int>(rest.count())) <= 0) continue;
    if (polled[1].revents != 0 && !drain(errors.ends[0], error_text)) polled[1].fd = -1;
    if (polled[0].revents == 0) continue;
    const bool more = drain(answer.ends[0], &text);
    if (read_answer(&text, result)) return true;
    if (!more) break;
  }
  // What a dying child said last.
  pollfd last = {errors.ends[0], POLLIN, 0};
  while (poll(&last, 1, 0) > 0 && drain(errors.ends[0], error_text)) {
  }
  return false;
}

// What became of a child. A host that reaps all children itself leaves `status` unknown.
struct End {
  bool late = false;  // It had to be killed.
  bool known = false;
  int status = 0;
};

// Waits for the child until the deadline, then kills it, and whatever it has started.
End reap(pid_t child, Clock::time_point deadline) {
  End end;
  for (;;) {
    siginfo_t info{};
    // The child itself stays until its group has been killed, so that its number is not reused.
    const int failure = waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT);
    if (failure != 0 && errno != EINTR) return end;
    if (failure == 0 && info.si_pid == child) break;
    if (Clock::now() >= deadline) {
      if (end.late) return end;
      kill(-child, SIGKILL);
      end.late = true;
      deadline = Clock::now() + kDying;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  kill(-child, SIGKILL);
  end.known = waitpid(child, &end.status, 0) == child;
  return end;
}

std::string last_line(const std::string& text) {
  const size_t end = text.find_last_not_of("\n\r ");
  if (end == std::string::npos) return "";
  const size_t begin = text.rfind('\n', end);
  std::string line = text.substr(begin == std::string::npos ? 0 : begin + 1, end - (begin + 1) + 1);
  // A message of ours is UTF-8; what a plugin prints may be anything.
  std::replace_if(
      line.begin(), line.end(),
      [](char byte) { return (byte & 0x80) != 0 || static_cast<unsigned char>(byte) < ' '; }, '?');
  return line;
}

// Why there was no answer.
[[noreturn]] void fail_without_answer(const End& end, std::chrono::milliseconds timeout,
                                      const std::string& error_text) {
  if (end.late) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "it did not answer within %.1f s when tried in a child process; raise "
                 "TENON_PROBE_TIMEOUT (seconds) if it is only slow",
                 static_cast<double>(timeout.count()) / 1000);
  }
  const std::string said = last_line(error_text);
  const std::string quoted = said.empty() ? "" : "; it said: " + said;
  if (end.known && WIFSIGNALED(end.status)) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "it died of signal %d (%s) when tried in a child process%s; report it to its "
                 "vendor",
                 WTERMSIG(end.status), strsignal(WTERMSIG(end.status)), quoted.c_str());
  }
  plugin::fail(TN_LOAD_FAILED, nullptr,
               "it ended the process with exit code %d when tried in a child process%s; report it "
               "to its vendor",
               end.known ? WEXITSTATUS(end.status) : -1, quoted.c_str());
}

// Throws plugin::Failure, TN_INTERNAL when there was no child.
void probe(const std::string& path, std::chrono::milliseconds timeout, ProbeResult* result) {
  const std::string program = find_probe();
  Pipe answer;
  Pipe errors;
  const auto deadline = Clock::now() + timeout;
  const pid_t child = spawn(program, path, answer, errors);
  answer.close_writer();  // So that the streams end with the child.
  errors.close_writer();

  std::string error_text;
  bool answered = false;
  bool nonsense = false;
  try {
    answered = listen(answer, errors, deadline, &error_text, result);
  } catch (const std::exception&) {
    nonsense = true;
  }
  // Nothing is left to be waited for once it has spoken: it may hang in its end.
  const End end = reap(child, answered || nonsense ? Clock::now() : deadline);
  if (nonsense) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "it wrote into the answer of the child process that tried it; report it to its "
                 "vendor");
  }
  if (!answered) fail_without_answer(end, timeout, error_text);
}

ProbeResult probe_library(const std::string& path, std::chrono::milliseconds timeout) {
  ProbeResult result;
  try {
    probe(path, timeout, &result);
  } catch (const plugin::Failure& failure) {
    result.error = failure.error;
    result.tried = failure.error.code != TN_INTERNAL;
  } catch (const std::exception& exception) {  // Of this process: out of memory.
    plugin::set_error_text(&result.error, TN_INTERNAL, "", exception.what());
    result.tried = false;
  }
  return result;
}

}  // namespace

std::vector<ProbeResult> probe_libraries(const std::vector<std::string>& paths,
                                         std::chrono::milliseconds timeout) {
  std::vector<ProbeResult> results(paths.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i; (i = next.fetch_add(1)) < paths.size();) {
      results[i] = probe_library(paths[i], timeout);
    }
  };
  std::vector<std::thread> threads;
  try {
    for (size_t i = 1; i < std::min(paths.size(), kMostAtOnce); ++i) threads.emplace_back(work);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // Those that did start are enough.
  }
  work();
  for (std::thread& thread : threads) thread.join();
  return results;
}

}  // namespace tenon::loader

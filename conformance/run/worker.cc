// SPDX-License-Identifier: Apache-2.0
#include "run/worker.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace tenon::conformance {
namespace {

constexpr size_t kKeptOutput = 2000;  // Bytes: enough for an assertion or the head of a stack.

// Whether a thread of the process uses a processor just now.
bool is_spinning(pid_t process) {
  std::error_code gone;
  for (auto entry =
           std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", gone);
       !gone && entry != std::filesystem::directory_iterator(); entry.increment(gone)) {
    std::ifstream file(entry->path() / "stat");
    std::string stat;
    std::getline(file, stat);
    const size_t end = stat.rfind(')');  // Of the name, which may hold anything.
    if (end != std::string::npos && stat.size() > end + 2 && stat[end + 2] == 'R') return true;
  }
  return false;
}

std::string rounded(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f s", seconds);
  return text;
}

std::string how_it_ended(const Ending& ending) {
  switch (ending.how) {
    case Ending::How::kExit:
      return "the plugin ended its host's process with exit code " + std::to_string(ending.code) +
             ", which no plugin may";
    case Ending::How::kSignal:
      if (ending.code == SIGKILL) {
        return "the process was ended by signal 9 (Killed), not by the suite: memory ran out, most "
               "likely";
      }
      return "the process was ended by signal " + std::to_string(ending.code) + " (" +
             ::strsignal(ending.code) + ")";
    case Ending::How::kHung:
      break;
  }
  return "no end after " + rounded(ending.seconds) +
         (ending.spins ? ", using a processor all the time" : ", blocked");
}

}  // namespace

std::string Ending::sentence() const {
  std::string text = how_it_ended(*this);
  if (stage != Stage::kTesting) {
    text += " while " + doing;
  } else if (compiling) {
    text += " within kernel_create or kernel_supports";
  }
  if (!output.empty()) text += "; it had printed:\n" + output;
  return text;
}

Worker::Worker(const RunOptions& options, Errand errand)
    : errand_(std::move(errand)),
      timeout_(options.timeout),
      compile_timeout_(options.compile_timeout),
      channel_(std::make_unique<Channel>()) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "no pipe to a child process");
  }
  std::fflush(nullptr);  // Else the child would print it again.
  process_ = ::fork();
  if (process_ == 0) {
    ::close(pipe[0]);
    run_child(*channel_, options, errand_, pipe[1]);
  }
  const int error = errno;
  ::close(pipe[1]);
  output_ = pipe[0];
  if (process_ < 0) {
    ::close(output_);
    throw std::system_error(error, std::generic_category(), "no child process");
  }
  ::setpgid(process_, process_);  // Both do it: whoever is first.
  ::fcntl(output_, F_SETFL, O_NONBLOCK);
  handle_ = static_cast<int>(::syscall(SYS_pidfd_open, process_, 0));
  if (handle_ >= 0) ::fcntl(handle_, F_SETFD, FD_CLOEXEC);
  clock_ = FairClock(process_);
}

Worker::~Worker() {
  if (!ending_) {
    ::kill(-process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  if (handle_ >= 0) ::close(handle_);
  if (output_ >= 0) ::close(output_);
}

void Worker::add_to(std::vector<pollfd>& files) const {
  for (const int file : {handle_, output_}) {
    if (file >= 0) files.push_back({file, POLLIN, 0});
  }
}

void Worker::read_output() {
  char bytes[4096];
  while (output_ >= 0) {
    const ssize_t n = ::read(output_, bytes, sizeof(bytes));
    if (n < 0) return;  // Nothing more for now.
    if (n == 0) {
      ::close(output_);
      output_ = -1;
      return;
    }
    if (std::fwrite(bytes, 1, static_cast<size_t>(n), stderr) == 0) return;
    printed_.append(bytes, static_cast<size_t>(n));
    if (printed_.size() > kKeptOutput) printed_.erase(0, printed_.size() - kKeptOutput);
  }
}

TimeLimits Worker::limits() const {
  // Opening a device may build what its driver needs, and so may closing it throw that away.
  if (channel_->state().stage != Stage::kTesting) return {compile_timeout_, compile_timeout_};
  return {timeout_, compile_timeout_};
}

void Worker::look() {
  if (ending_) return;
  const RunState& state = channel_->state();
  if (const uint32_t changes = state.changes; seen_ != changes) {
    seen_ = changes;
    clock_.restart();
    printed_.clear();
  } else {
    clock_.tick(state.compiling != 0);
  }
  read_output();
  int status = 0;
  if (::waitpid(process_, &status, WNOHANG) == process_) {
    ::kill(-process_, SIGKILL);  // What it left behind.
    if (WIFSIGNALED(status)) {
      end(Ending::How::kSignal, WTERMSIG(status));
    } else {
      end(Ending::How::kExit, WEXITSTATUS(status));
    }
  } else if (clock_.is_over(limits())) {
    const bool spins = is_spinning(process_);
    ::kill(-process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    end(Ending::How::kHung, 0, spins);
  }
}

void Worker::end(Ending::How how, int code, bool spins) {
  read_output();
  const RunState& state = channel_->state();
  Ending ending;
  ending.how = how;
  ending.code = code;
  ending.spins = spins;
  ending.stage = state.stage;
  ending.doing = state.doing;
  ending.compiling = state.compiling != 0;
  const uint32_t test = state.test;
  if (test > 0 && test <= errand_.tests.size()) ending.test = errand_.tests[test - 1];
  ending.seconds = clock_.wall();
  ending.output = printed_;
  ending_ = std::move(ending);
}

}  // namespace tenon::conformance

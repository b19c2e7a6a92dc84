// SPDX-License-Identifier: Apache-2.0
#include "conformance/tests/bringup/misbehaviour.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <thread>

namespace tenon::bringup {
namespace {

void sleep_for_ever() {
  while (true) std::this_thread::sleep_for(std::chrono::hours(1));
}

// Not optimized away, and not a loop without effect.
int fill_the_stack(int depth) {
  volatile char some[4096] = {static_cast<char>(depth)};
  return depth < 0 ? some[7] : fill_the_stack(depth + 1) + some[0];
}

volatile uintptr_t nowhere = 16;  // Else compilers see through it.

void work_for(std::chrono::milliseconds time) {
  timespec used{};
  const double end = static_cast<double>(time.count()) * 1e-3;
  const auto now = [&] {
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
  };
  for (const double begin = now(); now() - begin < end;) {
  }
}

struct Way {
  const char* name;
  void (*act)();
};

constexpr Way kWays[] = {
    {"crash", [] { *reinterpret_cast<volatile int*>(nowhere) = 1; }},
    {"bus",
     [] {
       char name[] = "/tmp/tenon-bringup-XXXXXX";
       const int file = ::mkstemp(name);
       ::unlink(name);
       void* behind = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
       *static_cast<volatile char*>(behind) = 1;
     }},
    {"divide", [] { ::raise(SIGFPE); }},
    {"illegal", [] { __builtin_trap(); }},
    {"abort", [] { std::abort(); }},
    {"assert",
     [] {
       std::fprintf(stderr, "acme: assertion `queue != NULL' failed\n");
       std::abort();
     }},
    {"terminate", [] { std::terminate(); }},
    {"throw", [] { throw std::runtime_error("acme: out of luck"); }},
    {"throw_int", [] { throw 7; }},
    {"stack", [] { std::fprintf(stderr, "%d", fill_the_stack(0)); }},
    {"exit_0", [] { std::exit(0); }},
    {"exit_1", [] { std::exit(1); }},
    {"exit_at_once", [] { ::_exit(0); }},
    {"quick_exit", [] { std::quick_exit(0); }},
    {"killed", [] { ::kill(::getpid(), SIGKILL); }},  // As by the kernel, when memory runs out.
    {"kill_group", [] { ::kill(0, SIGTERM); }},
    {"stop", [] { ::raise(SIGSTOP); }},
    {"hang", [] { sleep_for_ever(); }},
    {"deaf",  // Ends at nothing that can be caught.
     [] {
       for (int signal = 1; signal < 32; ++signal) std::signal(signal, SIG_IGN);
       sleep_for_ever();
     }},
    {"spin",
     [] {
       for (volatile bool goes_on = true; goes_on;) {
       }
     }},
    {"spin_elsewhere",
     [] {
       std::thread([] { misbehave("spin"); }).detach();
       sleep_for_ever();
     }},
    {"close_files",
     [] {
       for (int file = 0; file < 1024; ++file) ::close(file);
     }},
    {"close_output",
     [] {
       std::fclose(stdout);
       ::close(STDERR_FILENO);
       ::close(STDIN_FILENO);
     }},
    {"print",
     [] {
       for (int i = 0; i < 20000; ++i) std::printf("acme: line %d of very many\n\xff", i);
       std::fflush(stdout);
     }},
    {"daemon",  // Whatever held a file of the suite would make it wait.
     [] {
       if (::fork() == 0) sleep_for_ever();
     }},
    {"crash_later",
     [] {
       std::thread([] {
         std::this_thread::sleep_for(std::chrono::milliseconds(5));
         misbehave("crash");
       }).detach();
     }},
    {"crash_at_exit", [] { std::atexit([] { misbehave("crash"); }); }},
    {"hang_at_exit", [] { std::atexit([] { misbehave("hang"); }); }},
    {"no_signals",
     [] {
       for (const int signal : {SIGSEGV, SIGABRT, SIGALRM, SIGCHLD}) {
         std::signal(signal, [](int) { ::_exit(0); });
       }
       misbehave("crash");
     }},
    {"directory", [] { static_cast<void>(::chdir("/")); }},
    {"work", [] { work_for(std::chrono::milliseconds(1500)); }},  // Slow, and nothing wrong.
};

}  // namespace

void misbehave(const std::string& way) {
  for (const Way& known : kWays) {
    if (way == known.name) return known.act();
  }
  std::fprintf(stderr, "TENON_BRINGUP: there is no way to %s\n", way.c_str());
  std::abort();
}

}  // namespace tenon::bringup

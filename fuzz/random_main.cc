// SPDX-License-Identifier: Apache-2.0
//
// A fuzz target without libFuzzer, for compilers that lack it: runs the files and folders that are
// given, then inputs by chance, from a seed that is printed.
//
//     PROGRAM [--seconds N] [--inputs N] [--seed N] [FILE or FOLDER...]
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

// What runs now, for the message of a crash.
char g_current[128];

void on_crash(int number) {
  [[maybe_unused]] ssize_t ignored = write(STDERR_FILENO, g_current, std::strlen(g_current));
  signal(number, SIG_DFL);
  raise(number);
}

void run(const Bytes& bytes, const std::string& name) {
  std::snprintf(g_current, sizeof(g_current), "at %s\n", name.c_str());
  alarm(120);
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  alarm(0);
}

void run_file(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) {
    for (const auto& entry : std::filesystem::directory_iterator(path)) run_file(entry.path());
    return;
  }
  std::ifstream file(path, std::ios::binary);
  run(Bytes{std::istreambuf_iterator<char>(file), {}}, path);
}

// The input of one number, alone: --seed N --inputs 1.
Bytes by_chance(uint64_t number) {
  std::mt19937_64 random(number);
  Bytes bytes(64 + random() % 512);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 10;
  uint64_t inputs = UINT64_MAX, seed = 1;
  for (const int number : {SIGABRT, SIGSEGV, SIGALRM, SIGFPE}) signal(number, on_crash);
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--seconds" && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else if (argument == "--inputs" && i + 1 < argc) {
      inputs = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      run_file(argument);
    }
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  uint64_t done = 0;
  for (; done < inputs && std::chrono::steady_clock::now() < end; ++done) {
    run(by_chance(seed + done), "--inputs 1 --seed " + std::to_string(seed + done));
  }
  std::printf("%llu inputs from seed %llu\n", static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(seed));
  return 0;
}

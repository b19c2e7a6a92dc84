// SPDX-License-Identifier: Apache-2.0
#include "program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace tenon::tools {
namespace {

std::vector<char*> argument_list(const std::vector<std::string>& words) {
  std::vector<char*> list;
  list.reserve(words.size() + 1);
  for (const std::string& word : words) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  return list;
}

std::string read_all(int file) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t count = ::read(file, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(buffer, static_cast<size_t>(count));
  }
}

}  // namespace

std::string beside_this_program(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

void become(const std::vector<std::string>& words) {
  ::execv(words[0].c_str(), argument_list(words).data());
  throw std::runtime_error("cannot run " + words[0] + ": " + std::strerror(errno));
}

std::string output_of(const std::vector<std::string>& words) {
  if (::access(words[0].c_str(), X_OK) != 0) {
    throw std::runtime_error("cannot run " + words[0] + ": " + std::strerror(errno));
  }
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe: " + std::string(std::strerror(errno)));
  const std::vector<char*> arguments = argument_list(words);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string text = child > 0 ? read_all(ends[0]) : "";
  ::close(ends[0]);
  if (child < 0) throw std::runtime_error("no process: " + std::string(std::strerror(errno)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return text;
}

TemporaryFolder::TemporaryFolder() {
  std::string text = (std::filesystem::temp_directory_path() / "tenon-XXXXXX").string();
  if (::mkdtemp(text.data()) == nullptr) {
    throw std::runtime_error("no folder for temporary files: " + std::string(std::strerror(errno)));
  }
  path_ = text;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tenon::tools

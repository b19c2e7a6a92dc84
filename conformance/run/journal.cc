// SPDX-License-Identifier: Apache-2.0
#include "run/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace tenon::conformance {
namespace {

// What two runs share whose results are of the same tests and the same plugin.
std::string head_of(const RunOptions& options) {
  const char* layers = std::getenv("TENON_LAYERS");
  const nlohmann::ordered_json head = {
      {"tenon_run", 1},
      {"spec", options.spec},
      {"layers", layers != nullptr ? layers : ""},
      {"budget", options.smoke() ? "smoke" : "whole"},
      {"compile_budget", options.descriptions_a_pair()},
      {"seed", options.seed},
  };
  return head.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void write_all(int file, const std::string& line) {
  for (size_t at = 0; at < line.size();) {
    const ssize_t n = ::write(file, line.data() + at, line.size() - at);
    if (n <= 0) throw std::runtime_error(std::string("--resume: ") + std::strerror(errno));
    at += static_cast<size_t>(n);
  }
}

}  // namespace

Journal::Journal(const RunOptions& options) {
  if (options.resume.empty()) return;
  const std::string head = head_of(options);
  std::ifstream stream(options.resume, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = text.substr(begin, end - begin);
    if (line == head) continue;
    try {
      TestResult result = result_from_line(line);
      earlier_.insert_or_assign(result.name, std::move(result));
    } catch (const std::invalid_argument&) {
      throw std::runtime_error("--resume " + options.resume +
                               " has a line that is not of this run:\n  " + line +
                               "\nthis run is\n  " + head + "\nname another file");
    }
  }
  file_ = ::open(options.resume.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0) {
    throw std::runtime_error("--resume " + options.resume + ": " + std::strerror(errno));
  }
  // A line that was cut off when the earlier run ended is no result.
  if (begin != text.size() && ::ftruncate(file_, static_cast<off_t>(begin)) != 0) {
    throw std::runtime_error("--resume " + options.resume + ": " + std::strerror(errno));
  }
  if (begin == 0) write_all(file_, head + "\n");
}

Journal::~Journal() {
  if (file_ >= 0) ::close(file_);
}

void Journal::add(const TestResult& result) const {
  if (file_ >= 0) write_all(file_, to_line(result) + "\n");
}

}  // namespace tenon::conformance

// SPDX-License-Identifier: Apache-2.0
#include "suite/run_options.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "report/command.h"

namespace tenon::conformance {
namespace {

RunOptions g_options;

template <class Number>
bool is_number(const std::string& text, Number& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

double parse_seconds(const std::string& option, const std::string& text) {
  double value = 0;
  if (!is_number(text, value) || !(value > 0 && value < 1e9)) {
    throw std::invalid_argument(option + " takes seconds, more than 0, not \"" + text + "\"");
  }
  return value;
}

size_t parse_count(const std::string& option, const std::string& text, size_t most) {
  size_t value = 0;
  if (!is_number(text, value) || value == 0 || value > most) {
    throw std::invalid_argument(option + " takes a number from 1 to " + std::to_string(most) +
                                ", not \"" + text + "\"");
  }
  return value;
}

uint64_t parse_seed(const std::string& option, const std::string& text) {
  uint64_t value = 0;
  if (!is_number(text, value)) {
    throw std::invalid_argument(option + " takes a number, not \"" + text + "\"");
  }
  return value;
}

Shard parse_shard(const std::string& option, const std::string& text) {
  const size_t slash = text.find('/');
  Shard part;
  if (slash == std::string::npos || !is_number(text.substr(0, slash), part.index) ||
      !is_number(text.substr(slash + 1), part.count) || part.index == 0 ||
      part.index > part.count) {
    throw std::invalid_argument(option + " takes I/N, the I-th of N parts (1/4), not \"" + text +
                                "\"");
  }
  return part;
}

Budget parse_budget(const std::string& option, const std::string& text) {
  if (text == "smoke") return Budget::kSmoke;
  if (text == "whole") return Budget::kWhole;
  throw std::invalid_argument(option + " takes smoke or whole, not \"" + text + "\"");
}

bool has_layer(const char* name) {
  const char* layers = std::getenv("TENON_LAYERS");
  return layers != nullptr && std::string_view(layers).find(name) != std::string_view::npos;
}

// Plugins of this tree are named and known to survive; one named by its path is on trial.
bool is_path(const std::string& spec) { return spec.find('/') != std::string::npos; }

}  // namespace

std::string RunOptions::command_for(const std::string& test) const {
  const char* layers = std::getenv("TENON_LAYERS");
  return conformance::command_for(
      {spec, test, seed, smoke(), compile_budget, layers != nullptr ? layers : ""});
}

const RunOptions& RunOptions::get() { return g_options; }

const RunOptions& RunOptions::parse(int argc, char** argv) {
  RunOptions options;
  std::optional<bool> isolate;
  using Flag = std::function<void()>;
  using Value = std::function<void(const std::string& option, const std::string& text)>;
  const std::map<std::string, Flag> flags = {
      {"--list", [&] { options.list = true; }},   {"--verbose", [&] { options.verbose = true; }},
      {"--brief", [&] { options.brief = true; }}, {"--progress", [&] { options.progress = true; }},
      {"--isolate", [&] { isolate = true; }},     {"--no-isolate", [&] { isolate = false; }},
  };
  const auto text_to = [](std::string& field) {
    return [&field](const std::string&, const std::string& text) { field = text; };
  };
  const std::map<std::string, Value> values = {
      {"--declaration", text_to(options.declaration)},
      {"--report", text_to(options.report)},
      {"--junit", text_to(options.junit)},
      {"--html", text_to(options.html)},
      {"--submit", text_to(options.submit)},
      {"--since", text_to(options.since)},
      {"--filter", text_to(options.filter)},
      {"--resume", text_to(options.resume)},
      {"--layer", [](auto&, auto& text) { setenv("TENON_LAYERS", text.c_str(), 1); }},
      {"--timeout", [&](auto& name, auto& text) { options.timeout = parse_seconds(name, text); }},
      {"--compile-timeout",
       [&](auto& name, auto& text) { options.compile_timeout = parse_seconds(name, text); }},
      {"--jobs", [&](auto& name, auto& text) { options.jobs = parse_count(name, text, 1024); }},
      {"--shard", [&](auto& name, auto& text) { options.shard = parse_shard(name, text); }},
      {"--budget", [&](auto& name, auto& text) { options.budget = parse_budget(name, text); }},
      {"--compile-budget",
       [&](auto& name, auto& text) { options.compile_budget = parse_count(name, text, 1000000); }},
      {"--seed", [&](auto& name, auto& text) { options.seed = parse_seed(name, text); }},
  };
  options.progress = ::isatty(STDERR_FILENO) == 1;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (const auto flag = flags.find(argument); flag != flags.end()) {
      flag->second();
    } else if (const auto value = values.find(argument); value != values.end()) {
      if (i + 1 >= argc) throw std::invalid_argument(argument + " needs a value");
      value->second(argument, argv[++i]);
    } else if (argument.starts_with("-")) {
      throw std::invalid_argument("unknown option " + argument);
    } else if (options.spec.empty()) {
      options.spec = argument;
    } else {
      throw std::invalid_argument("one plugin at a time: " + argument);
    }
  }
  if (options.spec.empty()) throw std::invalid_argument("no plugin is named");
  // A trace is of one process: children would write theirs into the same file.
  const bool may_isolate = !has_layer("trace");
  options.isolate = isolate.value_or((is_path(options.spec) && may_isolate) || options.jobs > 1);
  if (!options.isolate && options.jobs > 1) {
    throw std::invalid_argument("--jobs needs child processes, which --no-isolate forbids");
  }
  return g_options = options;
}

const char* RunOptions::usage() {
  return "usage: tenon conform PLUGIN[:INDEX][?KEY=VALUE&...] [options]\n"
         "  PLUGIN              name of a plugin, or path of its manifest or library\n"
         "  --declaration FILE  what the vendor declares: what is unsupported, waivers\n"
         "  --report FILE       write the results as JSON; --brief leaves out what passed\n"
         "  --junit FILE        ... as JUnit's XML\n"
         "  --html FILE         ... as a page\n"
         "  --submit FILE       ... as a package to hand in (tenon report verify)\n"
         "  --since REPORT      compare with an earlier report\n"
         "  --layer NAMES       put layers before the plugin: validation, trace (as TENON_LAYERS)\n"
         "which tests\n"
         "  --filter PATTERN    only those whose names match (* and ?), ':' between patterns\n"
         "  --list              print the tests' names and run nothing\n"
         "  --shard I/N         the I-th of N parts: each test is in one of them\n"
         "  --budget WHICH      smoke: a sample of each claim; whole (the default): all\n"
         "  --compile-budget N  kernel descriptions for a claimed pair of operator and type, at "
         "most\n"
         "                      (8 in smoke, 24 in the whole)\n"
         "  --seed N            of all that is random (1)\n"
         "how they run\n"
         "  --isolate           in child processes, so that the run goes on behind a crash, a hang "
         "or\n"
         "                      an exit; what is done where PLUGIN is a path\n"
         "  --no-isolate        in this process: what is done where PLUGIN is a name\n"
         "  --jobs N            child processes at a time (1)\n"
         "  --timeout SECONDS   of one test (120)\n"
         "  --compile-timeout SECONDS\n"
         "                      of one test within kernel_create and kernel_supports (600); time "
         "that\n"
         "                      a busy machine does not give to a test counts in neither\n"
         "  --resume FILE       write results there as they come; what stands there is not run "
         "again\n"
         "  --progress          a line with the time left, also where stderr is no terminal\n"
         "  --verbose           print passed tests too\n";
}

}  // namespace tenon::conformance

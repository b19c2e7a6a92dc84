// SPDX-License-Identifier: Apache-2.0
//
// tenon report: what can be done with reports of the conformance suite. The reports themselves are
// conformance/report's.
#include "report/report.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "command.h"
#include "program.h"
#include "report/diff.h"
#include "report/html.h"
#include "report/junit.h"
#include "report/package.h"
#include "report/profiles.h"

namespace {

namespace report = tenon::conformance;

struct ReportFiles {
  std::string in, other, out;
};

// A command that makes one file of another.
template <class Make>
void add_conversion(CLI::App& parent, const char* name, const char* what, Make make) {
  CLI::App& command = *parent.add_subcommand(name, what);
  auto files = std::make_shared<ReportFiles>();
  command.add_option("REPORT", files->in, "as tenon conform --report writes it")->required();
  command.add_option("-o,--output", files->out, "file to write; else stdout");
  command.callback([files, make] {
    const std::string text = make(report::Report::read(files->in));
    if (files->out.empty()) {
      std::fwrite(text.data(), 1, text.size(), stdout);
    } else {
      report::write_text(files->out, text);
    }
  });
}

std::string text_of_report(const report::Report& one) {
  std::ostringstream out;
  out << one.subject.device << ": " << one.subject.plugin << " " << one.subject.plugin_version
      << ", " << one.date << ", version " << one.suite << " of the suite\n";
  for (const report::ProfileResult& verdict : one.verdicts) {
    out << "profile " << verdict.profile << ": " << line_of(verdict) << "\n";
    for (const std::string& missing : verdict.missing) out << "    " << missing << "\n";
  }
  for (const report::TestResult& result : one.results) {
    if (!is_bad(result.outcome)) continue;
    out << outcome_name(result.outcome) << " " << result.name << "\n    " << result.reason()
        << "\n";
  }
  return out.str();
}

void add_diff(CLI::App& parent, int& exit_code) {
  CLI::App& command = *parent.add_subcommand(
      "diff", "What changed between two reports; exit code 1 when the second is worse");
  auto files = std::make_shared<ReportFiles>();
  command.add_option("BEFORE", files->in, "a report")->required();
  command.add_option("AFTER", files->other, "a later one")->required();
  command.callback([files, &exit_code] {
    const report::Difference difference =
        compare(report::Report::read(files->in), report::Report::read(files->other));
    std::printf("%s", text_of(difference).c_str());
    exit_code = difference.worse() ? 1 : 0;
  });
}

// ---- verify ----

struct VerifyOptions {
  std::string package, plugin;
  size_t sample = 200;
  std::string seed;
};

bool refuse(const std::vector<std::string>& faults) {
  for (const std::string& fault : faults) std::printf("refused: the package %s\n", fault.c_str());
  return !faults.empty();
}

// Runs the suite with these words behind the plugin. Returns what it printed.
std::string run_suite(std::vector<std::string> words) {
  words.insert(words.begin(), tenon::tools::beside_this_program("tenon_conformance"));
  return tenon::tools::output_of(words);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

report::Report run_again(const report::Report& stated, const std::string& spec,
                         const std::vector<std::string>& sample) {
  const tenon::tools::TemporaryFolder folder;
  std::string filter;
  for (const std::string& test : sample) filter += (filter.empty() ? "" : ":") + test;
  std::vector<std::string> words = {spec,
                                    "--filter",
                                    filter,
                                    "--report",
                                    folder / "again.json",
                                    "--seed",
                                    std::to_string(stated.seed)};
  if (!stated.declaration.text.empty()) {
    report::write_text(folder / "declaration.json", stated.declaration.text);
    words.insert(words.end(), {"--declaration", folder / "declaration.json"});
  }
  const std::string printed = run_suite(words);
  try {
    return report::Report::read(folder / "again.json");
  } catch (const std::exception&) {
    throw std::runtime_error("the sample could not be run:\n" + printed);
  }
}

// Whether the package holds.
bool verify(const VerifyOptions& options) {
  const report::Package package = report::read_package(options.package);
  std::vector<std::string> faults = package.faults;
  if (std::string fault = binary_fault(package.report, options.plugin); !fault.empty()) {
    faults.push_back(std::move(fault));
  }
  if (refuse(faults)) return false;

  const std::string spec = report::spec_with_library(package.report.subject.spec, options.plugin);
  if (refuse(list_faults(package.report, lines_of(run_suite({spec, "--list"}))))) return false;

  const uint64_t seed = options.seed.empty() ? std::random_device()() : std::stoull(options.seed);
  const std::vector<std::string> sample = sample_of(package.report, options.sample, seed);
  std::printf("running %zu of %zu tests again, drawn with --seed %llu\n", sample.size(),
              package.report.results.size(), static_cast<unsigned long long>(seed));
  faults = sample_faults(package.report, sample, run_again(package.report, spec, sample));
  for (const std::string& fault : faults) std::printf("    %s\n", fault.c_str());
  if (!faults.empty()) {
    return !refuse({"is not borne out by the binary in " + std::to_string(faults.size()) + " of " +
                    std::to_string(sample.size()) + " tests"});
  }
  for (const report::ProfileResult& verdict : package.report.verdicts) {
    std::printf("profile %s: %s\n", verdict.profile.c_str(), line_of(verdict).c_str());
  }
  std::printf("verified: the same binary, suite and contract, and the sample came out the same\n");
  return true;
}

void add_verify(CLI::App& parent, int& exit_code) {
  CLI::App& command = *parent.add_subcommand(
      "verify", "Checks a submission against the binary that it is about: a sample is run again");
  auto options = std::make_shared<VerifyOptions>();
  command.add_option("PACKAGE", options->package, "as tenon conform --submit writes it")
      ->required();
  command.add_option("--plugin", options->plugin, "path of the plugin's library")->required();
  command.add_option("--sample", options->sample, "how many tests are run again (200)");
  command.add_option("--seed", options->seed, "of the draw; else another each time")
      ->check(CLI::NonNegativeNumber);
  command.callback([options, &exit_code] { exit_code = verify(*options) ? 0 : 1; });
}

void add_report(CLI::App& command, int& exit_code) {
  command.require_subcommand(1);
  add_conversion(command, "show", "The verdicts and failures as text", text_of_report);
  add_conversion(command, "html", "A page for people", report::html_of);
  add_conversion(command, "junit", "JUnit's XML", report::junit_of);
  add_conversion(command, "summary", "The report without tests that passed",
                 [](const report::Report& one) { return report::text_of(to_json(one, true)); });
  add_conversion(command, "pack", "A package to hand in",
                 [](const report::Report& one) { return report::text_of(package_of(one)); });
  add_diff(command, exit_code);
  add_verify(command, exit_code);
}

const tenon::tools::Command kReportCommand(
    "report", "Shows, compares, packs and verifies reports of tenon conform", add_report);

}  // namespace

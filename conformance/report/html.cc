// SPDX-License-Identifier: Apache-2.0
#include "report/html.h"

#include <fmt/format.h>

#include <cmath>

#include "report/junit.h"
#include "report/profiles.h"

namespace tenon::conformance {
namespace {

constexpr const char* kStyle =
#include "report/page_style.inc"
    ;

std::string fact(const char* name, const std::string& value) {
  if (value.empty()) return "";
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, escaped(value));
}

std::string head(const Report& report) {
  const Subject& s = report.subject;
  std::string out = "<header>\n<p class=\"over\">Tenon conformance report</p>\n";
  out +=
      fmt::format("<h1>{}</h1>\n<p class=\"under\">{} {} &middot; <code>{}</code></p>\n<dl>\n",
                  escaped(s.device), escaped(s.plugin), escaped(s.plugin_version), escaped(s.spec));
  out += fact("Vendor", s.vendor);
  out += fact("Date", report.date);
  out += fact("Suite", fmt::format("version {}{}", report.suite,
                                   report.smoke ? ", smoke: a sample of each claim" : ""));
  out += fact("Contract", report.contract);
  out += fact("ABI", fmt::format("{}.{}", report.abi_major, report.abi_minor));
  out += fact("Layers", report.layers);
  out += fact("Binary", report.sha256.empty() ? "" : "sha256 " + report.sha256);
  if (report.filter != "*") out += fact("Only tests", report.filter);
  return out + "</dl>\n</header>\n";
}

struct Share {
  const char* style;
  const char* name;
  size_t count;
};

std::string summary(const Report& report) {
  const ProfileResult* base = report.verdict("base");
  const bool judged = base != nullptr && base->judged;
  const bool good = !report.failed() && (!judged || base->earned);
  const char* word = !good ? "Does not conform" : judged ? "Conforms" : "Nothing failed";
  const std::string why =
      !judged        ? "Only a part of the suite was run: no profile is judged."
      : good         ? "The profile base is earned, and nothing failed."
      : base->earned ? "The profile base is earned, but tests of the device's claims failed."
                     : "The profile base is not earned.";
  size_t failed = 0, total = 0;
  for (size_t i = 0; i < report.counts.size(); ++i) {
    total += report.counts[i];
    if (is_bad(static_cast<Outcome>(i))) failed += report.counts[i];
  }
  const Share shares[] = {{"pass", "passed", report.count(Outcome::kPassed)},
                          {"fail", "failed", failed},
                          {"waive", "waived", report.count(Outcome::kExpected)},
                          {"skip", "unsupported", report.count(Outcome::kUnsupported)}};
  std::string out = fmt::format(
      "<section class=\"verdict {}\">\n<h2>{}</h2>\n<p>{}</p>\n<div class=\"bar\" role=\"img\" "
      "aria-label=\"results of {} tests\">",
      good ? "good" : "bad", word, why, total);
  for (const Share& share : shares) {
    if (share.count == 0) continue;
    out +=
        fmt::format("<span class=\"{}\" style=\"flex-grow:{}\"></span>", share.style, share.count);
  }
  out += "</div>\n<ul class=\"legend\">";
  for (const Share& share : shares) {
    out += fmt::format("<li><i class=\"{}\"></i>{} {}</li>", share.style, share.count, share.name);
  }
  return out + "</ul>\n</section>\n";
}

std::string notes(const Report& report) {
  if (report.notes.empty()) return "";
  std::string out = "<section>\n<h2>Notes</h2>\n<ul>\n";
  for (const std::string& note : report.notes) out += "<li>" + escaped(note) + "</li>\n";
  return out + "</ul>\n</section>\n";
}

}  // namespace

std::string short_number(double value) {
  if (value == 0) return "0";
  if (!std::isfinite(value)) return "&infin;";
  if (value < 0.005) return "&lt;0.01";
  return value < 9.95      ? fmt::format("{:.2g}", value)
         : value < 99999.5 ? fmt::format("{:.0f}", value)
                           : fmt::format("{:.1e}", value);
}

std::string html_of(const Report& report) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta "
      "name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" "
      "href=\"data:,\">\n<title>{} "
      "&middot; Tenon conformance</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n",
      escaped(report.subject.device), kStyle);
  out += head(report) + summary(report) + html_profiles(report) + html_failures(report) +
         html_heat_map(report) + html_plots(report) + html_excused(report) + notes(report);
  return out +
         "<footer>Made by <code>tenon conform</code>. Verdicts hold for this version of the suite "
         "and this contract alone.</footer>\n</main>\n</body>\n</html>\n";
}

}  // namespace tenon::conformance

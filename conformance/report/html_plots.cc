// SPDX-License-Identifier: Apache-2.0
//
// The page's plots, drawn as SVG: where the time went, and how errors spread over claims.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "report/diff.h"
#include "report/html.h"
#include "report/junit.h"

namespace tenon::conformance {
namespace {

constexpr size_t kGroups = 20;
constexpr int kWidth = 640, kRow = 22, kLabel = 220;

std::string bar(int row, const std::string& label, double share, const std::string& value) {
  const int y = row * kRow;
  const double width = std::max(1.0, share * (kWidth - kLabel - 80));
  return fmt::format(
      "<text class=\"label\" x=\"{}\" y=\"{}\">{}</text><rect x=\"{}\" y=\"{}\" width=\"{:.1f}\" "
      "height=\"14\" rx=\"2\"/><text x=\"{:.1f}\" y=\"{}\">{}</text>\n",
      kLabel - 8, y + 15, escaped(label), kLabel, y + 4, width, kLabel + width + 6, y + 15, value);
}

std::string drawing(size_t rows, const char* title, const std::string& inside) {
  return fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n{}</svg>\n",
                     kWidth, rows * kRow + 6, title, inside);
}

std::string times(const Report& report) {
  auto groups = seconds_by_group(report);
  double total = 0;
  for (const auto& [name, seconds] : groups) total += seconds;
  if (total <= 0) return "";
  const size_t count = groups.size();
  groups.resize(std::min(count, kGroups));
  std::string rows;
  int row = 0;
  for (const auto& [name, seconds] : groups) {
    rows += bar(row++, name, seconds / groups[0].second, fmt::format("{:.2f} s", seconds));
  }
  return fmt::format(
      "<figure><figcaption>Seconds by group, the longest {} of {}; {:.1f} s in all</figcaption>{}"
      "</figure>\n",
      groups.size(), count, total, drawing(groups.size(), "seconds by group", rows));
}

// How many claims have their worst error in each tenth of the tolerance.
std::string errors(const Report& report) {
  constexpr size_t kBins = 12;  // Nothing; ten tenths; above.
  std::array<size_t, kBins> bins{};
  size_t most = 0, total = 0;
  for (const ClaimResult& claim : report.claims) {
    const double error = claim.worst_in_tolerances;
    if (error < 0) continue;
    const size_t bin = error == 0  ? 0
                       : error > 1 ? kBins - 1
                                   : 1 + std::min<size_t>(9, static_cast<size_t>(error * 10));
    most = std::max(most, ++bins[bin]);
    ++total;
  }
  if (total == 0) return "";
  std::string rows;
  for (size_t i = 0; i < kBins; ++i) {
    const std::string label = i == 0 ? "exact"
                              : i == kBins - 1
                                  ? "beyond the tolerance"
                                  : fmt::format("{:.1f} to {:.1f}", static_cast<double>(i - 1) / 10,
                                                static_cast<double>(i) / 10);
    rows += bar(static_cast<int>(i), label,
                static_cast<double>(bins[i]) / static_cast<double>(most), std::to_string(bins[i]));
  }
  return fmt::format(
      "<figure><figcaption>Worst errors of {} claims, in tolerances</figcaption>{}</figure>\n",
      total, drawing(kBins, "worst errors of claims", rows));
}

}  // namespace

std::string html_plots(const Report& report) {
  const std::string inside = errors(report) + (report.brief ? "" : times(report));
  if (inside.empty()) return "";
  return "<section>\n<h2>Errors and time</h2>\n<div class=\"plots\">\n" + inside +
         "</div>\n</section>\n";
}

}  // namespace tenon::conformance

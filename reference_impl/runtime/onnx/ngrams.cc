// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/ngrams.h"

#include <algorithm>
#include <map>

#include "runtime/onnx/executor_parts.h"

namespace tenon::runtime::onnx_import {
namespace {

using Terms = std::vector<std::string>;
using Pool = std::map<Terms, size_t>;  // The n-grams, by number.

Pool pool_of(const Ngrams& ngrams, const Terms& terms) {
  Pool pool;
  for (size_t n = 0; n < ngrams.starts.size(); ++n) {
    const int64_t begin = ngrams.starts[n];
    const int64_t end =
        n + 1 < ngrams.starts.size() ? ngrams.starts[n + 1] : static_cast<int64_t>(terms.size());
    const auto length = static_cast<int64_t>(n) + 1;
    if (begin < 0 || end < begin || end > static_cast<int64_t>(terms.size()) ||
        (end - begin) % length != 0)
      refuse("its ngram_counts do not divide its pool of " + std::to_string(terms.size()));
    for (int64_t at = begin; at < end; at += length)
      pool.emplace(Terms(terms.begin() + at, terms.begin() + at + length), pool.size());
  }
  if (pool.size() != ngrams.places.size())
    refuse("its pool has " + std::to_string(pool.size()) + " n-grams, and it has " +
           std::to_string(ngrams.places.size()) + " ngram_indexes");
  if (!ngrams.weights.empty() && ngrams.weights.size() != pool.size())
    refuse("its pool has " + std::to_string(pool.size()) + " n-grams, and it has " +
           std::to_string(ngrams.weights.size()) + " weights");
  return pool;
}

void count_row(const Ngrams& ngrams, const Pool& pool, std::span<const std::string> row,
               std::vector<int64_t>& counts) {
  const auto length = static_cast<int64_t>(row.size());
  for (int64_t skipped = 0; skipped <= ngrams.most_skipped; ++skipped) {
    const int64_t step = skipped + 1;
    for (int64_t n = ngrams.shortest; n <= ngrams.longest; ++n) {
      if (n == 1 && skipped > 0) continue;  // There is nothing between its terms.
      if ((n - 1) > (length - 1) / step) break;
      for (int64_t at = 0; at + (n - 1) * step < length; ++at) {
        Terms terms;
        for (int64_t k = 0; k < n; ++k) terms.push_back(row[static_cast<size_t>(at + k * step)]);
        if (const auto found = pool.find(terms); found != pool.end()) ++counts[found->second];
      }
    }
  }
}

}  // namespace

int64_t Ngrams::width() const { return places.empty() ? 0 : *std::ranges::max_element(places) + 1; }

std::vector<float> count_ngrams(const Ngrams& ngrams, const Terms& pool_terms, const Terms& terms,
                                int64_t rows) {
  if (ngrams.mode != "TF" && ngrams.mode != "IDF" && ngrams.mode != "TFIDF")
    refuse("its mode '" + ngrams.mode + "' is not TF, IDF or TFIDF");
  if (ngrams.shortest < 1 || ngrams.longest < ngrams.shortest)
    refuse("its n-grams are of " + std::to_string(ngrams.shortest) + " to " +
           std::to_string(ngrams.longest) + " terms");
  if (std::ranges::any_of(ngrams.places,
                          [](int64_t place) { return place < 0 || place > kMostNgramPlace; }))
    refuse("its ngram_indexes are not between 0 and " + std::to_string(kMostNgramPlace));
  const Pool pool = pool_of(ngrams, pool_terms);
  const auto width = static_cast<size_t>(ngrams.width());
  const size_t columns = rows == 0 ? 0 : terms.size() / static_cast<size_t>(rows);
  std::vector<float> result(width * static_cast<size_t>(rows));
  for (size_t r = 0; r < static_cast<size_t>(rows); ++r) {
    std::vector<int64_t> counts(pool.size());
    count_row(ngrams, pool, std::span(terms).subspan(r * columns, columns), counts);
    for (size_t i = 0; i < counts.size(); ++i) {
      const float weight = ngrams.weights.empty() ? 1 : ngrams.weights[i];
      const auto count = static_cast<float>(counts[i]);
      result[r * width + static_cast<size_t>(ngrams.places[i])] = ngrams.mode == "TF" ? count
                                                                  : ngrams.mode == "TFIDF"
                                                                      ? count * weight
                                                                      : (count > 0 ? weight : 0);
    }
  }
  return result;
}

}  // namespace tenon::runtime::onnx_import

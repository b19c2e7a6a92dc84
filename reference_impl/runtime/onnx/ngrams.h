// SPDX-License-Identifier: Apache-2.0
//
// TfIdfVectorizer: how often the n-grams of a pool come in rows of terms.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tenon::runtime::onnx_import {

// A row of counts is no longer than that.
inline constexpr int64_t kMostNgramPlace = int64_t{1} << 28;

struct Ngrams {
  int64_t shortest = 1, longest = 1;  // Terms of those that count.
  int64_t most_skipped = 0;           // Terms between two of an n-gram.
  std::string mode;                   // "TF", "IDF" or "TFIDF".
  std::vector<int64_t> starts;        // Where the pool's n-grams of 1, 2, ... terms begin.
  std::vector<int64_t> places;        // In a row of counts, by n-gram of the pool.
  std::vector<float> weights;         // By n-gram of the pool; empty: all 1.

  int64_t width() const;  // Of a row of counts.
};

// `rows` rows of counts, of equally many terms each. Throws Error where the pool is not as the rest
// says.
std::vector<float> count_ngrams(const Ngrams& ngrams, const std::vector<std::string>& pool,
                                const std::vector<std::string>& terms, int64_t rows);

}  // namespace tenon::runtime::onnx_import

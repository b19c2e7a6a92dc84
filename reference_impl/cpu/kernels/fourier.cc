// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/fourier.h"

#include <bit>
#include <cmath>
#include <numbers>
#include <utility>

namespace tenon::cpu {
namespace {

// Up to here the definition's n^2 products cost less than a convolution.
constexpr int64_t kShort = 32;

// exp(-2 pi i k / n) for k in [0, n): the quarter of the angle is exact.
Complex root(int64_t k, int64_t n) {
  const int64_t quarter = 4 * k / n;
  const auto rest = static_cast<double>(4 * k - quarter * n);
  const double angle = rest / static_cast<double>(n) * (std::numbers::pi / 2);
  const double c = std::cos(angle), s = std::sin(angle);
  switch (quarter) {
    case 0:
      return {c, -s};
    case 1:
      return {-s, -c};
    case 2:
      return {-c, s};
    default:
      return {s, c};
  }
}

}  // namespace

Fourier::Fourier(int64_t length) : length_(length), way_(Way::kHalves), padded_(length) {
  if (std::has_single_bit(static_cast<uint64_t>(length))) return;
  way_ = length <= kShort ? Way::kDefinition : Way::kConvolution;
  if (way_ == Way::kConvolution)
    padded_ = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(2 * length - 1)));
}

void Fourier::take_tables(WorkspaceParts& parts) {
  roots_ = parts.take_array<Complex>(padded_);
  if (way_ != Way::kConvolution) return;
  chirp_ = parts.take_array<Complex>(length_);
  filter_ = parts.take_array<Complex>(padded_);
}

void Fourier::fill() const {
  for (int64_t k = 0; k < padded_; ++k) roots_[k] = root(k, padded_);
  if (way_ != Way::kConvolution) return;
  int64_t square = 0;  // k^2 modulo 2 length.
  for (int64_t k = 0; k < length_; ++k) {
    chirp_[k] = root(square, 2 * length_);
    square = (square + 2 * k + 1) % (2 * length_);
  }
  std::fill(filter_, filter_ + padded_, Complex{0, 0});
  filter_[0] = conjugate(chirp_[0]);
  for (int64_t k = 1; k < length_; ++k) filter_[k] = filter_[padded_ - k] = conjugate(chirp_[k]);
  by_halves(filter_, padded_);
}

void Fourier::transform(Complex* x, Complex* temporary) const {
  switch (way_) {
    case Way::kHalves:
      return by_halves(x, length_);
    case Way::kDefinition:
      return by_definition(x, temporary);
    case Way::kConvolution:
      return by_convolution(x, temporary);
  }
}

// In bit-reversed order first, then pairs, fours, ...
void Fourier::by_halves(Complex* x, int64_t length) const {
  for (int64_t i = 1, j = 0; i < length; ++i) {
    int64_t bit = length >> 1;
    for (; (j & bit) != 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  for (int64_t half = 1; half < length; half *= 2) {
    const int64_t step = length / (2 * half);
    for (int64_t block = 0; block < length; block += 2 * half) {
      for (int64_t k = 0; k < half; ++k) {
        const Complex low = x[block + k], high = x[block + half + k] * roots_[k * step];
        x[block + k] = low + high;
        x[block + half + k] = low - high;
      }
    }
  }
}

void Fourier::by_definition(Complex* x, Complex* temporary) const {
  for (int64_t k = 0; k < length_; ++k) {
    Complex sum{0, 0};
    for (int64_t n = 0, at = 0; n < length_; ++n) {
      sum = sum + x[n] * roots_[at];
      at += k;
      if (at >= length_) at -= length_;
    }
    temporary[k] = sum;
  }
  std::copy(temporary, temporary + length_, x);
}

// k n = (k^2 + n^2 - (k - n)^2) / 2. Back from the product's transform by its conjugate.
void Fourier::by_convolution(Complex* x, Complex* temporary) const {
  for (int64_t n = 0; n < length_; ++n) temporary[n] = x[n] * chirp_[n];
  std::fill(temporary + length_, temporary + padded_, Complex{0, 0});
  by_halves(temporary, padded_);
  for (int64_t k = 0; k < padded_; ++k) temporary[k] = conjugate(temporary[k] * filter_[k]);
  by_halves(temporary, padded_);
  const double scale = 1.0 / static_cast<double>(padded_);
  for (int64_t k = 0; k < length_; ++k) {
    const Complex value = conjugate(temporary[k]);
    x[k] = Complex{value.re * scale, value.im * scale} * chirp_[k];
  }
}

}  // namespace tenon::cpu

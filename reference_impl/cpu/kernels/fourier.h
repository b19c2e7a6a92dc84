// SPDX-License-Identifier: Apache-2.0
//
// Discrete Fourier transforms of any length, in float64: powers of two by halves, short ones by the
// definition, others as a convolution of a power of two (Bluestein).
#pragma once

#include <cstdint>

#include "reference_impl/cpu/kernels/scratch.h"

namespace tenon::cpu {

struct Complex {
  double re, im;
};
inline Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
inline Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
inline Complex operator*(Complex a, Complex b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
inline Complex conjugate(Complex a) { return {a.re, -a.im}; }

// The tables of a length, which all threads share, and what one transform takes besides.
class Fourier {
 public:
  explicit Fourier(int64_t length);

  // Takes the tables from `parts`; fill() must be called before a transform unless it only counts.
  void take_tables(WorkspaceParts& parts);
  void fill() const;
  // Numbers of memory for one transform.
  int64_t temporaries() const { return padded_; }

  // In place, without a factor: y[k] = sum x[n] exp(-2 pi i k n / length). `temporary` is as large
  // as temporaries() says.
  void transform(Complex* x, Complex* temporary) const;

 private:
  enum class Way { kHalves, kDefinition, kConvolution };

  void by_halves(Complex* x, int64_t length) const;
  void by_definition(Complex* x, Complex* temporary) const;
  void by_convolution(Complex* x, Complex* temporary) const;

  int64_t length_;
  Way way_;
  int64_t padded_;             // Of the convolution: a power of two; else the length.
  Complex* roots_ = nullptr;   // exp(-2 pi i k / padded_)
  Complex* chirp_ = nullptr;   // exp(-pi i k^2 / length_)
  Complex* filter_ = nullptr;  // The transform of the chirp's conjugate.
};

}  // namespace tenon::cpu

// SPDX-License-Identifier: Apache-2.0
//
// tenon.RandomUniform, tenon.RandomNormal and tenon.Dropout. Every element is a function of its
// row-major index, so strides and threads make no difference.
//
// Work goes by pieces: the numbers of kPiece words as a dense row, in float or double, then spread
// over the output.
#include <cmath>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/kernels/philox.h"
#include "reference_impl/cpu/kernels/simd.h"
#include "reference_impl/cpu/kernels/vector_math.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/random.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

// Numbers in [0, 1): of 24 bits from one word, of 53 bits from two (the second is the upper half).
TENON_INLINE float unit(uint32_t word) {
  return static_cast<float>(static_cast<int32_t>(word >> 8)) * 0x1.0p-24f;
}
TENON_INLINE uint64_t bits53(uint32_t low, uint32_t high) {
  return (uint64_t{high} << 32 | low) >> 11;
}
TENON_INLINE double unit(uint32_t low, uint32_t high) {
  return static_cast<double>(bits53(low, high)) * 0x1.0p-53;
}

// Elements that one piece of words gives.
template <class C>
inline constexpr int64_t kPieceElements =
    PhiloxStream::kPiece / (std::is_same_v<C, double> ? 2 : 1);

// The bits of a word that become a number of 32 or 16 bits: of 16-bit floats as many as they have
// behind the point, or the greatest numbers would be rounded up to 1.
constexpr uint32_t unit_bits(tn_dtype dtype) {
  if (!in_set(dtype, kHalfTypes)) return ~0u;
  return ~0u << (32 - element_type(dtype).form.mantissa_bits);
}

// low + (high - low) * u, rounded once: the products are exact in double, or nearly.
template <class C>
struct UniformPiece {
  TENON_INLINE static void body(const PhiloxStream& stream, uint64_t first_block, double low,
                                double high, uint32_t bits, C* to) {
    uint32_t words[PhiloxStream::kPiece];
    stream.words(first_block, words);
    const double width = high - low;
    for (int64_t i = 0; i < kPieceElements<C>; ++i) {
      if constexpr (std::is_same_v<C, double>) {
        to[i] = low + width * unit(words[2 * i], words[2 * i + 1]);
      } else {
        to[i] = static_cast<float>(low + width * static_cast<double>(unit(words[i] & bits)));
      }
    }
  }
};

// sin and cos of 2 pi u for u in [0, 1): the nearest quarter turn, and a polynomial for the rest.
TENON_INLINE void turn(float u, float& sine, float& cosine) {
  // Neither negative nor large; lround would keep the loop from becoming vectors.
  const int32_t quarter =
      static_cast<int32_t>(u * 4 + 0.5f);  // NOLINT(bugprone-incorrect-roundings)
  const float x = (u - static_cast<float>(quarter) * 0.25f) * 6.28318530717958647692f;
  const float z = x * x;
  const float s = x + x * z * (-1.6666654611e-1f + z * (8.3321608736e-3f + z * -1.9515295891e-4f));
  const float c =
      1 - 0.5f * z +
      z * z * (4.166664568298827e-2f + z * (-1.388731625493765e-3f + z * 2.443315711809948e-5f));
  const bool swap = (quarter & 1) != 0;
  const float s1 = swap ? c : s, c1 = swap ? s : c;
  sine = (quarter & 2) != 0 ? -s1 : s1;
  cosine = ((quarter + 1) & 2) != 0 ? -c1 : c1;
}

template <class C>
struct NormalPiece {
  TENON_INLINE static void body(const PhiloxStream& stream, uint64_t first_block, double mean,
                                double deviation, uint32_t, C* to) {
    uint32_t words[PhiloxStream::kPiece];
    stream.words(first_block, words);
    const C m = static_cast<C>(mean), s = static_cast<C>(deviation);
    for (int64_t i = 0; i < kPieceElements<C> / 2; ++i) {
      C radius, sine, cosine;
      if constexpr (std::is_same_v<C, double>) {
        const uint32_t* w = words + 4 * i;
        const double u1 = static_cast<double>(bits53(w[0], w[1]) | 1) * 0x1.0p-53;
        const double angle = 6.28318530717958647692 * unit(w[2], w[3]);
        radius = std::sqrt(-2 * std::log(u1));
        sine = std::sin(angle);
        cosine = std::cos(angle);
      } else {
        radius = std::sqrt(-2 * vm::log(unit(words[2 * i] | 0x100)));
        turn(unit(words[2 * i + 1]), sine, cosine);
      }
      to[2 * i] = m + s * (radius * cosine);
      to[2 * i + 1] = m + s * (radius * sine);
    }
  }
};

// Offset of the element with a row-major index, and the run of elements behind it that lie a fixed
// step apart.
struct RowMajorRun {
  int64_t offset, count, step;
};
RowMajorRun row_major_run(const View& view, int64_t index, bool dense) {
  if (dense) return {index, view.count() - index, 1};
  RowMajorRun run{0, 1, 1};
  for (int32_t d = view.rank; d-- > 0; index /= view.dims[d]) {
    const int64_t at = index % view.dims[d];
    if (d == view.rank - 1) run = {0, view.dims[d] - at, view.strides[d]};
    run.offset += at * view.strides[d];
  }
  return run;
}

// Calls write(index in the piece, offset, step, count) for the elements [begin, end) of the view.
template <class Write>
void over_runs(const View& view, bool dense, int64_t begin, int64_t end, Write&& write) {
  for (int64_t i = begin; i < end;) {
    const RowMajorRun run = row_major_run(view, i, dense);
    const int64_t count = std::min(run.count, end - i);
    write(i - begin, run.offset, run.step, count);
    i += count;
  }
}

PhiloxStream stream_of(const View& key, const View& counter) {
  return {static_cast<uint64_t>(integer_at(key)), static_cast<uint64_t>(integer_at(counter))};
}

template <template <class> class Piece>
class RandomNumbers final : public KernelOf<RandomOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View y = a.output(0);
    const bool dense = y.dense();
    const PhiloxStream stream = stream_of(a.input(0), a.input(1));
    const double first = real_at(a.input(2)), second = real_at(a.input(3));
    visit_dtype<kFloatTypes>(operator_.name, y.dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      using C = Compute<S>;
      const auto piece = SimdLoop<Piece<C>, true, const PhiloxStream&, uint64_t, double, double,
                                  uint32_t, C*>::select();
      const uint32_t bits = unit_bits(y.dtype);
      const int64_t count = y.count(), size = kPieceElements<C>;
      execution.parallel_for((count + size - 1) / size, 8, [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; ++p) {
          C values[kPieceElements<C>];
          piece(stream, static_cast<uint64_t>(p * PhiloxStream::kPiece / 4), first, second, bits,
                values);
          over_runs(y, dense, p * size, std::min(count, (p + 1) * size),
                    [&](int64_t i, int64_t offset, int64_t step, int64_t n) {
                      for (int64_t j = 0; j < n; ++j)
                        y.as<S>()[offset + j * step] = store<S>(values[i + j]);
                    });
        }
      });
    });
  }
};

// The mask draws float32 numbers whatever the type of X, one word each.
class Dropout final : public KernelOf<DropoutOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View x = a.input(0), y = a.output(0), mask = a.output(1);
    const bool dense = x.dense() && y.dense() && mask.dense();
    const double p = real_at(a.input(1));
    const PhiloxStream stream = stream_of(a.input(2), a.input(3));
    visit_dtype<kFloatTypes>("Dropout", x.dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      using C = Compute<S>;
      const auto piece = SimdLoop<UniformPiece<float>, true, const PhiloxStream&, uint64_t, double,
                                  double, uint32_t, float*>::select();
      const int64_t count = x.count(), size = PhiloxStream::kPiece;
      const C keep = static_cast<C>(1 - p);
      // Draws are floats: those not below p are those not below the next float.
      float least = static_cast<float>(p);
      if (static_cast<double>(least) < p) least = std::nextafter(least, 2.0f);
      execution.parallel_for((count + size - 1) / size, 8, [&](int64_t begin, int64_t end) {
        for (int64_t at = begin; at < end; ++at) {
          float draws[PhiloxStream::kPiece];
          piece(stream, static_cast<uint64_t>(at * size / 4), 0, 1, unit_bits(TN_FLOAT32), draws);
          // All three have the same dims, hence the same runs.
          over_runs(x, dense, at * size, std::min(count, (at + 1) * size),
                    [&](int64_t i, int64_t offset, int64_t step, int64_t n) {
                      const RowMajorRun to = row_major_run(y, at * size + i, dense);
                      const RowMajorRun bits = row_major_run(mask, at * size + i, dense);
                      const S* from = x.as<S>() + offset;
                      S* out = y.as<S>() + to.offset;
                      bool* flags = mask.as<bool>() + bits.offset;
                      for (int64_t j = 0; j < n; ++j) {
                        const bool kept = draws[i + j] >= least;
                        const C value = load(from[j * step]) / keep;
                        out[j * to.step] = store<S>(kept ? value : C{0});
                        flags[j * bits.step] = kept;
                      }
                    });
        }
      });
    });
  }
};

std::unique_ptr<Kernel> create_random_uniform(const Description& d) {
  return std::make_unique<RandomNumbers<UniformPiece>>(d);
}
std::unique_ptr<Kernel> create_random_normal(const Description& d) {
  return std::make_unique<RandomNumbers<NormalPiece>>(d);
}
std::unique_ptr<Kernel> create_dropout(const Description& d) {
  return std::make_unique<Dropout>(d);
}

}  // namespace

std::span<const OperatorEntry> random_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kTenonRandomUniform, kFloatTypes, create_random_uniform},
      {op::kTenonRandomNormal, kFloatTypes, create_random_normal},
      {op::kTenonDropout, kFloatTypes, create_dropout},
  };
  return kOperators;
}

}  // namespace tenon::cpu

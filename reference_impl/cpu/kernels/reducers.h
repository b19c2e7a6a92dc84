// SPDX-License-Identifier: Apache-2.0
//
// The reducers of the reduction operators (see reduce.h). Floats are summed in double, which is
// wider than any type but float64 and free on memory-bound data; integers in 64 bits, which wraps
// as the type itself would.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>

#include "reference_impl/cpu/kernels/kernel.h"
#include "reference_impl/cpu/kernels/reduce.h"
#include "reference_impl/cpu/kernels/row_math.h"
#include "reference_impl/cpu/kernels/vector_math.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

template <class T>
using Accumulator = std::conditional_t<kIsFloat<T>, double,
                                       std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;

// Sums wrap, so they are computed without a sign.
template <class T>
using SumState = std::conditional_t<kIsFloat<T>, double, uint64_t>;

// What is added up for each element.
struct Itself {
  template <class A>
  static TENON_INLINE A map(A x) {
    return x;
  }
};
struct Square {
  template <class A>
  static TENON_INLINE A map(A x) {
    return x * x;
  }
};
// Unsigned elements of 64 bits go by Itself.
struct Magnitude {
  template <class A>
  static TENON_INLINE A map(A x) {
    if constexpr (std::is_unsigned_v<A>) {
      // The accumulator has lost the sign: the top bit is it.
      return static_cast<int64_t>(x) < 0 ? 0 - x : x;
    } else {
      return std::fabs(x);
    }
  }
};

// What the sum becomes. Not a type: operators that add the same share their loops.
enum class Finish { kSum, kMean, kRoot };

// finish(sum of map(x)).
template <class Element, class Map>
struct SumReducer {
  using T = Element;
  static constexpr int kInputs = 1;
  using State = SumState<T>;
  Finish finish = Finish::kSum;

  static State identity() { return 0; }
  static TENON_INLINE void step(State& state, Compute<T> x) {
    state += Map::map(static_cast<State>(static_cast<Accumulator<T>>(x)));
  }
  static TENON_INLINE void join(State& into, const State& other) { into += other; }
  void write(const State& state, int64_t count, std::byte* out, std::byte*) const {
    auto result = static_cast<Accumulator<T>>(state);
    if constexpr (kIsFloat<T>) {
      if (finish == Finish::kMean) result /= static_cast<double>(count);
      if (finish == Finish::kRoot) result = std::sqrt(result);
    } else {
      if (finish == Finish::kMean)
        result = count == 0 ? 0 : result / static_cast<Accumulator<T>>(count);
    }
    *reinterpret_cast<T*>(out) = store<T>(result);
  }
};

template <class Element>
struct ProductReducer {
  using T = Element;
  static constexpr int kInputs = 1;
  using State = SumState<T>;
  static State identity() { return 1; }
  static TENON_INLINE void step(State& state, Compute<T> x) { state *= static_cast<State>(x); }
  static TENON_INLINE void join(State& into, const State& other) { into *= other; }
  void write(const State& state, int64_t, std::byte* out, std::byte*) const {
    *reinterpret_cast<T*>(out) = store<T>(state);
  }
};

// NaN wins: no comparison with it is true, and it is let in on purpose.
template <class Element, bool kLargest>
struct ExtremeReducer {
  using T = Element;
  static constexpr int kInputs = 1;
  using State = Compute<T>;
  static State identity() { return load(kLargest ? lowest<T>() : highest<T>()); }
  static TENON_INLINE void step(State& state, Compute<T> x) {
    const bool better = kLargest ? x > state : x < state;
    state = better | (x != x) ? x : state;
  }
  static TENON_INLINE void join(State& into, const State& other) { step(into, other); }
  // The compare alone is one instruction; NaN is looked for apart from it.
  static TENON_INLINE State row(const std::byte* const* in, const int64_t* strides, int64_t count)
    requires kIsFloat<T>
  {
    constexpr int64_t kPiece = 512;
    State piece[kPiece], state = identity();
    const T* x = reinterpret_cast<const T*>(in[0]);
    const int64_t stride = strides[0] / static_cast<int64_t>(sizeof(T));
    for (int64_t begin = 0; begin < count; begin += kPiece) {
      const int64_t n = std::min(kPiece, count - begin);
      load_row(x + begin * stride, stride, n, piece);
      int32_t nan = 0;
      for (int64_t i = 0; i < n; ++i) nan |= piece[i] != piece[i];
      step(state, nan        ? std::numeric_limits<State>::quiet_NaN()
                  : kLargest ? max_row(piece, n)
                             : min_row(piece, n));
    }
    return state;
  }
  void write(const State& state, int64_t, std::byte* out, std::byte*) const {
    *reinterpret_cast<T*>(out) = store<T>(state);
  }
};

// Bools are bytes that are 0 or 1: any is the largest, all the smallest.
template <bool kAny>
struct TruthReducer : ExtremeReducer<uint8_t, kAny> {
  void write(const uint8_t& state, int64_t, std::byte* out, std::byte*) const {
    *reinterpret_cast<uint8_t*>(out) = state != 0;
  }
};

// log(sum(exp(x))) as the largest x and the sum of exp(x - largest).
template <class Element>
struct LogSumExpReducer {
  using T = Element;
  using C = Compute<T>;
  static constexpr int kInputs = 1;
  struct State {
    C largest;
    double sum;
  };
  static State identity() { return {-std::numeric_limits<C>::infinity(), 0}; }
  static TENON_INLINE void step(State& state, C x) { join(state, {x, 1}); }
  static TENON_INLINE void join(State& into, const State& other) {
    if (other.sum == 0) return;
    if (other.largest == into.largest) {  // Also where both are infinite.
      into.sum += other.sum;
    } else if (other.largest < into.largest) {
      into.sum += other.sum * vm::exp(other.largest - into.largest);
    } else {
      into.sum =
          into.sum == 0 ? other.sum : into.sum * vm::exp(into.largest - other.largest) + other.sum;
      into.largest = other.largest;
    }
  }
  // The largest first, so that each element costs one exponential.
  static TENON_INLINE State row(const std::byte* const* in, const int64_t* strides, int64_t count) {
    constexpr int64_t kPiece = 512;
    C piece[kPiece];
    State state = identity();
    const T* x = reinterpret_cast<const T*>(in[0]);
    const int64_t stride = strides[0] / static_cast<int64_t>(sizeof(T));
    for (int64_t begin = 0; begin < count; begin += kPiece) {
      const int64_t n = std::min(kPiece, count - begin);
      load_row(x + begin * stride, stride, n, piece);
      const C largest = max_row(piece, n);
      if (std::isinf(largest)) {  // inf - inf would be NaN.
        for (int64_t i = 0; i < n; ++i) step(state, piece[i]);
      } else {
        for (int64_t i = 0; i < n; ++i) piece[i] = vm::exp(piece[i] - largest);
        join(state, {largest, sum_row(n, [&](int64_t i)
                                             __attribute__((always_inline)) { return piece[i]; })});
      }
    }
    return state;
  }
  void write(const State& state, int64_t, std::byte* out, std::byte*) const {
    *reinterpret_cast<T*>(out) = store<T>(static_cast<double>(state.largest) + std::log(state.sum));
  }
};

// Mean and squared distances from it (Welford; partial results joined after Chan). Out is the type
// of the results.
template <class Element, class Out>
struct VarianceReducer {
  using T = Element;
  static constexpr int kInputs = 1;
  struct State {
    double count, mean, squares;
  };
  double correction = 0;

  static State identity() { return {0, 0, 0}; }
  static TENON_INLINE void step(State& state, Compute<T> value) {
    const double x = static_cast<double>(value), distance = x - state.mean;
    state.count += 1;
    state.mean += distance / state.count;
    state.squares += distance * (x - state.mean);
  }
  static TENON_INLINE void join(State& into, const State& other) {
    const double count = into.count + other.count;
    const double share = count == 0 ? 0 : other.count / count;
    const double distance = other.mean - into.mean;
    into.squares += other.squares + distance * distance * into.count * share;
    into.mean += distance * share;
    into.count = count;
  }
  // A row that is in the cache is cheaper in two passes than with a division for each element.
  static TENON_INLINE State row(const std::byte* const* in, const int64_t* strides, int64_t count) {
    if (strides[0] == static_cast<int64_t>(sizeof(T))) return two_passes(in[0], sizeof(T), count);
    return two_passes(in[0], strides[0], count);
  }
  // So are columns.
  static TENON_INLINE void columns(State* states, const ColumnElement* elements, int64_t count,
                                   const int64_t* strides, int64_t columns) {
    if (strides[0] == static_cast<int64_t>(sizeof(T))) {
      column_passes(states, elements, count, sizeof(T), columns);
    } else {
      column_passes(states, elements, count, strides[0], columns);
    }
  }
  void write(const State& state, int64_t count, std::byte* first, std::byte* second) const {
    const double n = static_cast<double>(count);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    // No elements or too few: 0 / 0, x / 0 and x / -1, of which the last is no variance either.
    const double divisor = std::max(n - correction, 0.0);
    *reinterpret_cast<Out*>(first) = store<Out>(count == 0 ? nan : state.squares / divisor);
    if (second) *reinterpret_cast<Out*>(second) = store<Out>(count == 0 ? nan : state.mean);
  }

 private:
  static TENON_INLINE void column_passes(State* states, const ColumnElement* elements,
                                         int64_t count, int64_t stride, int64_t columns) {
    double mean[kReduceColumns] = {}, squares[kReduceColumns] = {};
    for (int64_t row = 0; row < count; ++row)
      for (int64_t i = 0; i < columns; ++i)
        mean[i] += static_cast<double>(
            load(*reinterpret_cast<const T*>(elements[row].in[0] + i * stride)));
    const double n = static_cast<double>(count);
    for (int64_t i = 0; i < columns; ++i) mean[i] = count == 0 ? 0 : mean[i] / n;
    for (int64_t row = 0; row < count; ++row)
      for (int64_t i = 0; i < columns; ++i) {
        const double distance =
            static_cast<double>(
                load(*reinterpret_cast<const T*>(elements[row].in[0] + i * stride))) -
            mean[i];
        squares[i] += distance * distance;
      }
    for (int64_t i = 0; i < columns; ++i) states[i] = {n, mean[i], squares[i]};
  }

  static TENON_INLINE State two_passes(const std::byte* x, int64_t stride, int64_t count) {
    const auto at = [=](int64_t i) __attribute__((always_inline)) {
      return static_cast<double>(load(*reinterpret_cast<const T*>(x + i * stride)));
    };
    const double n = static_cast<double>(count), mean = sum_row(count, at) / n;
    const double squares = sum_row(count, [=](int64_t i) __attribute__((always_inline)) {
      return (at(i) - mean) * (at(i) - mean);
    });
    return {n, mean, squares};
  }
};

// Sums of y and of (x - mean) * y, for the gradient of batch norm. The mean of a result stands
// `mean_at` doubles behind its first output.
template <class Element>
struct DotReducer {
  using T = Element;
  static constexpr int kInputs = 2;
  // Doubles hold sums of float products well enough to subtract the mean last. Those of doubles
  // would lose what the mean has more than the distances from it, so there x counts from an x among
  // them.
  static constexpr bool kCentered = std::is_same_v<T, double>;
  struct Plain {
    double sum, dot;
  };
  struct Centered : Plain {
    double center;
    bool empty;  // No center yet.
  };
  using State = std::conditional_t<kCentered, Centered, Plain>;
  std::ptrdiff_t mean_at;

  static State identity() {
    if constexpr (kCentered) return {{0, 0}, 0, true};
    return {};
  }
  static TENON_INLINE void step(State& state, Compute<T> x, Compute<T> y) {
    double distance = static_cast<double>(x);
    if constexpr (kCentered) {
      if (state.empty) state.center = x, state.empty = false;
      distance -= state.center;
    }
    state.sum += static_cast<double>(y);
    state.dot += distance * static_cast<double>(y);
  }
  static TENON_INLINE void join(State& into, const State& other) {
    if constexpr (kCentered) {
      if (other.empty) return;
      if (into.empty) into.center = other.center, into.empty = false;
      into.dot += (other.center - into.center) * other.sum;
    }
    into.sum += other.sum;
    into.dot += other.dot;
  }
  void write(const State& state, int64_t, std::byte* first, std::byte* second) const {
    auto* sum = reinterpret_cast<double*>(first);
    *sum = state.sum;
    double center = 0;
    if constexpr (kCentered) center = state.center;
    *reinterpret_cast<double*>(second) = state.dot + (center - sum[mean_at]) * state.sum;
  }
};

}  // namespace tenon::cpu

// SPDX-License-Identifier: Apache-2.0
//
// The engine of all reductions over any set of axes.
//
// A reducer says how to take in one element and how to join two partial results:
//
//     struct Reducer {
//       using T = float;                       // elements in memory
//       static constexpr int kInputs = 1;      // 2: element pairs of two tensors
//       struct State {...};                    // a partial result
//       static State identity();
//       static void step(State& state, Compute<T> x);             // (state, x, y) with two inputs
//       static void join(State& into, const State& other);
//       // Optional, where a whole row or many columns can be had cheaper than step by step:
//       static State row(in, strides, count);
//       static void columns(states, elements, count, strides, columns);
//       void write(const State& state, int64_t count, std::byte* first, std::byte* second) const;
//     };
//
// If the innermost dim is reduced, each result walks its rows; if it is kept, results are computed
// by columns, many at a time. Both split the elements by halves, so rounding errors grow with
// log(n), and few results over many elements are split into chunks for several threads. All splits
// depend on the dims alone: the same input gives the same bits with any number of threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <type_traits>

#include "reference_impl/cpu/kernels/kernel.h"
#include "reference_impl/cpu/kernels/simd.h"
#include "tenon/device/operators/reduce_plan.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {

inline constexpr int64_t kReduceChunk = 16384;  // Elements of a chunk, where there are chunks.
inline constexpr int64_t kReduceLeaf = 2048;    // Elements of a row added without halving.
inline constexpr int64_t kReduceColumns = 128;  // Results computed side by side.
inline constexpr int64_t kReduceColumnLeaf = 128;
inline constexpr int kReduceLanes = 16;

// Chunks of the elements of each of `results` results.
inline int64_t reduce_chunks(int64_t results, int64_t elements) {
  if (results >= 64 || elements < 2 * kReduceChunk) return 1;
  return (elements + kReduceChunk - 1) / kReduceChunk;
}

template <class Reducer>
uint64_t reduce_workspace(int64_t results, int64_t elements) {
  const int64_t chunks = reduce_chunks(results, elements);
  return chunks == 1 ? 0
                     : static_cast<uint64_t>(results * chunks) * sizeof(typename Reducer::State);
}

// A row of elements to a state: sixteen partial states side by side, joined in order.
template <class Reducer>
struct ReduceRow {
  using T = typename Reducer::T;
  using State = typename Reducer::State;

  static TENON_INLINE void body(const std::byte* const* in, const int64_t* strides, int64_t count,
                                State* result) {
    if constexpr (requires { Reducer::row(in, strides, count); }) {
      *result = Reducer::row(in, strides, count);
      return;
    }
    constexpr int64_t kSize = sizeof(T);
    const bool contiguous = strides[0] == kSize && (Reducer::kInputs == 1 || strides[1] == kSize);
    State state = Reducer::identity();
    int64_t i = 0;
    if (count >= kReduceLanes) {
      State lanes[kReduceLanes];
      for (State& lane : lanes) lane = Reducer::identity();
      const T* x = reinterpret_cast<const T*>(in[0]);
      const T* y = reinterpret_cast<const T*>(in[Reducer::kInputs - 1]);
      for (; i + kReduceLanes <= count; i += kReduceLanes)
        for (int lane = 0; lane < kReduceLanes; ++lane) {
          // With strides, too: one by one, each element would be rounded as the whole sum is.
          if (!contiguous) {
            take(lanes[lane], in, strides, i + lane);
          } else if constexpr (Reducer::kInputs == 2) {
            Reducer::step(lanes[lane], load(x[i + lane]), load(y[i + lane]));
          } else {
            Reducer::step(lanes[lane], load(x[i + lane]));
          }
        }
      for (int step = kReduceLanes / 2; step > 0; step /= 2)
        for (int lane = 0; lane < step; ++lane) Reducer::join(lanes[lane], lanes[lane + step]);
      state = lanes[0];
    }
    for (; i < count; ++i) take(state, in, strides, i);
    *result = state;
  }

  static TENON_INLINE void take(State& state, const std::byte* const* in, const int64_t* strides,
                                int64_t i) {
    const T x = *reinterpret_cast<const T*>(in[0] + i * strides[0]);
    if constexpr (Reducer::kInputs == 2) {
      Reducer::step(state, load(x), load(*reinterpret_cast<const T*>(in[1] + i * strides[1])));
    } else {
      Reducer::step(state, load(x));
    }
  }
};

// Where an element of the first of many results is; the others' follow at a stride.
struct ColumnElement {
  const std::byte* in[2];
};

template <class Reducer>
struct ReduceColumns {
  using T = typename Reducer::T;
  using State = typename Reducer::State;

  static TENON_INLINE void body(State* states, const ColumnElement* elements, int64_t count,
                                const int64_t* strides, int64_t columns) {
    constexpr int64_t kSize = sizeof(T);
    if constexpr (requires { Reducer::columns(states, elements, count, strides, columns); }) {
      Reducer::columns(states, elements, count, strides, columns);
    } else if (strides[0] == kSize && (Reducer::kInputs == 1 || strides[1] == kSize)) {
      const int64_t contiguous[2] = {kSize, kSize};
      take_all(states, elements, count, contiguous, columns);
    } else {
      take_all(states, elements, count, strides, columns);
    }
  }

 private:
  static TENON_INLINE void take_all(State* states, const ColumnElement* elements, int64_t count,
                                    const int64_t* strides, int64_t columns) {
    for (int64_t i = 0; i < columns; ++i) states[i] = Reducer::identity();
    for (int64_t row = 0; row < count; ++row)
      for (int64_t i = 0; i < columns; ++i)
        ReduceRow<Reducer>::take(states[i], elements[row].in, strides, i);
  }
};

template <class Reducer>
class Reduction {
 public:
  using State = typename Reducer::State;

  Reduction(const Reducer& reducer, const ReducePlan& plan, const std::byte* in0,
            const std::byte* in1, std::byte* out0, std::byte* out1)
      : reducer_(reducer), plan_(plan), in_{in0, in1}, out_{out0, out1} {}

  // `workspace`: reduce_workspace() bytes.
  void run(std::byte* workspace, const Execution& execution) const {
    if (plan_.results == 0) return;
    const int64_t chunks = reduce_chunks(plan_.results, plan_.elements);
    const int64_t length = chunks == 1 ? plan_.elements : kReduceChunk;
    State* partial = chunks == 1 ? nullptr : reinterpret_cast<State*>(workspace);
    const int64_t width = plan_.by_columns() ? std::min(kReduceColumns, plan_.kept[0].extent) : 1;
    // A task is `width` neighbouring results (fewer at the end of a dim) and one chunk.
    const int64_t inner = plan_.kept_rank ? plan_.kept[0].extent : 1;
    const int64_t blocks = (inner + width - 1) / width;
    const int64_t tasks = plan_.results / inner * blocks * chunks;
    const int64_t grain =
        std::max<int64_t>(1, 2 * kReduceChunk / std::max<int64_t>(1, width * length));
    execution.parallel_for(tasks, grain, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t chunk = task % chunks, block = task / chunks;
        const int64_t first = block / blocks * inner + block % blocks * width;
        const int64_t count = std::min(width, inner - block % blocks * width);
        reduce_task(first, count, chunk * length, std::min(plan_.elements, (chunk + 1) * length),
                    partial ? partial + first * chunks + chunk : nullptr, chunks);
      }
    });
    if (!partial) return;
    for (int64_t result = 0; result < plan_.results; ++result) {
      State* states = partial + result * chunks;
      for (int64_t step = 1; step < chunks; step *= 2)
        for (int64_t i = 0; i + step < chunks; i += 2 * step)
          Reducer::join(states[i], states[i + step]);
      write(result, states[0]);
    }
  }

 private:
  using Row = void (*)(const std::byte* const*, const int64_t*, int64_t, State*);
  using Columns = void (*)(State*, const ColumnElement*, int64_t, const int64_t*, int64_t);

  // Reduces elements [begin, end) of `count` results from `first` on (neighbours in kept dim 0).
  void reduce_task(int64_t first, int64_t count, int64_t begin, int64_t end, State* partial,
                   int64_t chunks) const {
    const std::byte* at[2] = {in_[0], in_[1]};
    locate(plan_.kept, plan_.kept_rank, first, at);
    State states[kReduceColumns];
    if (plan_.by_columns()) {
      columns(at, count, begin, end, states);
    } else {
      states[0] = rows(at, begin, end);
    }
    for (int64_t i = 0; i < count; ++i) {
      if (partial) {
        partial[i * chunks] = states[i];
      } else {
        write(first + i, states[i]);
      }
    }
  }

  State rows(const std::byte* const* base, int64_t begin, int64_t end) const {
    if (begin >= end) return Reducer::identity();
    const ReducePlan::Dim inner =
        plan_.reduced_rank ? plan_.reduced[0] : ReducePlan::Dim{1, {}, {}};
    const int64_t middle = halve(begin, end, kReduceLeaf, inner.extent);
    if (middle > begin) {
      State state = rows(base, begin, middle);
      Reducer::join(state, rows(base, middle, end));
      return state;
    }
    State state = Reducer::identity();
    for (int64_t i = begin; i < end;) {
      const std::byte* at[2] = {base[0], base[1]};
      locate(plan_.reduced, plan_.reduced_rank, i, at);
      const int64_t n = std::min(end - i, inner.extent - i % inner.extent);
      State row;
      row_(at, inner.in, n, &row);
      Reducer::join(state, row);
      i += n;
    }
    return state;
  }

  void columns(const std::byte* const* base, int64_t count, int64_t begin, int64_t end,
               State* states) const {
    const int64_t middle = halve(begin, end, kReduceColumnLeaf, 1);
    if (middle > begin) {
      columns(base, count, begin, middle, states);
      State other[kReduceColumns];
      columns(base, count, middle, end, other);
      for (int64_t i = 0; i < count; ++i) Reducer::join(states[i], other[i]);
      return;
    }
    ColumnElement elements[kReduceColumnLeaf];
    for (int64_t i = begin; i < end; ++i) {
      elements[i - begin] = {{base[0], base[1]}};
      locate(plan_.reduced, plan_.reduced_rank, i, elements[i - begin].in);
    }
    columns_(states, elements, end - begin, plan_.kept[0].in, count);
  }

  // Where to split [begin, end), at a multiple of `row` if rows are short; `begin`: not at all.
  static int64_t halve(int64_t begin, int64_t end, int64_t leaf, int64_t row) {
    if (end - begin <= leaf) return begin;
    int64_t middle = begin + (end - begin) / 2;
    if (row <= leaf) middle -= middle % row;
    return middle;
  }

  static void locate(const ReducePlan::Dim* dims, int32_t rank, int64_t index,
                     const std::byte** at) {
    for (int32_t d = 0; d < rank; ++d) {
      const int64_t i = d + 1 < rank ? index % dims[d].extent : index;
      for (int k = 0; k < Reducer::kInputs; ++k) at[k] += i * dims[d].in[k];
      index /= dims[d].extent;
    }
  }

  void write(int64_t result, const State& state) const {
    int64_t offset[2] = {0, 0};
    for (int32_t d = 0; d < plan_.kept_rank; ++d) {
      const int64_t i = result % plan_.kept[d].extent;
      for (int k = 0; k < 2; ++k) offset[k] += i * plan_.kept[d].out[k];
      result /= plan_.kept[d].extent;
    }
    reducer_.write(state, plan_.elements, out_[0] + offset[0],
                   out_[1] ? out_[1] + offset[1] : nullptr);
  }

  const Reducer& reducer_;
  const ReducePlan& plan_;
  const std::byte* in_[2];
  std::byte* out_[2];
  Row row_ = SimdLoop<ReduceRow<Reducer>, false, const std::byte* const*, const int64_t*, int64_t,
                      State*>::select();
  Columns columns_ = SimdLoop<ReduceColumns<Reducer>, false, State*, const ColumnElement*, int64_t,
                              const int64_t*, int64_t>::select();
};

}  // namespace tenon::cpu

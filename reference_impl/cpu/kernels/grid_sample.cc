// SPDX-License-Identifier: Apache-2.0
//
// GridSample: a position's neighbours and weights are found once for all channels.
#include <algorithm>
#include <cmath>

#include "reference_impl/cpu/kernels/resize_pass.h"
#include "reference_impl/cpu/kernels/vision.h"
#include "tenon/device/operators/sampling.h"

namespace tenon::cpu {
namespace {

using Padding = GridSamplePaddingMode;

// The neighbours along one axis; an index of -1 is a zero.
template <class P>
struct AxisTaps {
  int64_t index[4];
  P weight[4];
};

// One axis of X, and what positions on it mean. P: the type of positions.
template <class P>
class SampledAxis {
 public:
  SampledAxis(const GridSampleOperator& op, int64_t size)
      : mode_(op.mode), padding_(op.padding_mode), aligned_(op.align_corners), size_(size) {
    least_ = aligned_ ? P{0} : P{-0.5};
    most_ = static_cast<P>(size) - (aligned_ ? P{1} : P{0.5});
  }

  int64_t taps() const {
    return mode_ == GridSampleMode::kNearest ? 1 : mode_ == GridSampleMode::kLinear ? 2 : 4;
  }

  AxisTaps<P> at(P normalized) const {
    const P size = static_cast<P>(size_);
    P x = aligned_ ? (normalized + 1) / 2 * (size - 1) : ((normalized + 1) * size - 1) / 2;
    if (mode_ == GridSampleMode::kNearest) x = std::nearbyint(x);
    if (x != x) x = -1;
    if (x < least_ || x > most_) {
      if (padding_ == Padding::kBorder) x = std::clamp(x, P{0}, size - 1);
      if (padding_ == Padding::kReflection) x = reflected(std::isinf(x) ? P{-1} : x);
    }
    // Beyond these all neighbours are padding.
    x = std::clamp(x, P{-4}, size + 4);
    const P floor = std::floor(x), t = x - floor;
    const auto first = static_cast<int64_t>(floor);
    AxisTaps<P> taps{};
    switch (mode_) {
      case GridSampleMode::kNearest:
        taps = {{first}, {P{1}}};
        break;
      case GridSampleMode::kLinear:
        taps = {{first, first + 1}, {1 - t, t}};
        break;
      case GridSampleMode::kCubic:
        taps = {{first - 1, first, first + 1, first + 2},
                {far(t + 1), near(t), near(1 - t), far(2 - t)}};
        break;
    }
    for (int64_t i = 0; i < this->taps(); ++i) taps.index[i] = padded(taps.index[i]);
    return taps;
  }

 private:
  static constexpr P kA = P{-0.75};
  static P near(P x) { return ((kA + 2) * x - (kA + 3)) * x * x + 1; }
  static P far(P x) { return ((kA * x - 5 * kA) * x + 8 * kA) * x - 4 * kA; }

  P reflected(P x) const {
    const P range = most_ - least_;
    if (!(range > 0)) return 0;
    const P beyond = x < least_ ? least_ - x : x - most_;
    const P turns = std::trunc(beyond / range), rest = beyond - turns * range;
    const bool back = (x < least_) == (std::fmod(turns, P{2}) == 0);
    return std::clamp(back ? least_ + rest : most_ - rest, least_, most_);
  }

  int64_t padded(int64_t i) const {
    if (i >= 0 && i < size_) return i;
    if (padding_ == Padding::kZeros) return -1;
    if (padding_ == Padding::kBorder) return std::clamp<int64_t>(i, 0, size_ - 1);
    return std::clamp<int64_t>(static_cast<int64_t>(reflected(static_cast<P>(i))), 0, size_ - 1);
  }

  GridSampleMode mode_;
  Padding padding_;
  bool aligned_;
  int64_t size_;
  P least_, most_;
};

class GridSampleKernel final : public KernelOf<GridSampleOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View &x = a.inputs[0], &grid = a.inputs[1], &y = a.outputs[0];
    if (y.count() == 0) return;
    const int64_t positions = y.count() / y.dims[1];
    visit_dtype<kNumericTypes>(operator_.name, x.dtype, [&](auto type) {
      using T = typename decltype(type)::type;
      visit_dtype<kFloatTypes>(operator_.name, grid.dtype, [&](auto grid_type) {
        using G = typename decltype(grid_type)::type;
        const int64_t grain = std::max<int64_t>(1, 1024 / y.dims[1]);
        execution.parallel_for(positions, grain, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) sample<T, G>(a, i);
        });
      });
    });
  }

 private:
  template <class T, class G>
  void sample(const Arguments& a, int64_t position) const {
    using P = Compute<G>;
    const View &x = a.inputs[0], &grid = a.inputs[1], &y = a.outputs[0];
    const int32_t spatial = x.rank - 2;
    int64_t from = 0, to = 0, rest = position;
    for (int32_t d = spatial; d-- > 0; rest /= y.dims[d + 2]) {
      const int64_t i = rest % y.dims[d + 2];
      from += i * grid.strides[d + 1];
      to += i * y.strides[d + 2];
    }
    from += rest * grid.strides[0];
    AxisTaps<P> taps[TN_MAX_RANK];
    int64_t count = 1, width = 1;
    for (int32_t d = 0; d < spatial; ++d) {
      const SampledAxis<P> axis(operator_, x.dims[d + 2]);
      // Coordinates stand in the grid from the innermost axis on.
      taps[d] =
          axis.at(load(grid.as<const G>()[from + (spatial - 1 - d) * grid.strides[spatial + 1]]));
      width = axis.taps();
      count *= width;
    }
    T* out = y.as<T>() + rest * y.strides[0] + to;
    const T* in = x.as<const T>() + rest * x.strides[0];
    write<T>(x, y, taps, width, count, in, out);
  }

  // Neighbours in pieces that are kept, each for all channels before the next only where one piece
  // is all.
  template <class T, class P>
  static void write(const View& x, const View& y, const AxisTaps<P>* taps, int64_t width,
                    int64_t count, const T* in, T* out) {
    using C = ResizeCompute<T>;
    constexpr int64_t kPiece = 64;
    int64_t offsets[kPiece];
    C weights[kPiece];
    int64_t kept = -1, size = 0;
    for (int64_t channel = 0; channel < y.dims[1]; ++channel) {
      C sum = 0;
      for (int64_t first = 0; first < count; first += kPiece) {
        if (kept != first) {
          kept = first;
          size = gather(x, taps, width, first, std::min(count, first + kPiece), offsets, weights);
        }
        for (int64_t i = 0; i < size; ++i)
          sum += weights[i] * static_cast<C>(load(in[channel * x.strides[1] + offsets[i]]));
      }
      out[channel * y.strides[1]] = store_resized<T>(sum);
    }
  }

  // The neighbours [begin, end) that are no zeros; returns how many.
  template <class P, class C>
  static int64_t gather(const View& x, const AxisTaps<P>* taps, int64_t width, int64_t begin,
                        int64_t end, int64_t* offsets, C* weights) {
    int64_t size = 0;
    for (int64_t i = begin; i < end; ++i) {
      int64_t rest = i, offset = 0;
      C weight = 1;
      bool inside = true;
      for (int32_t d = x.rank - 2; d-- > 0; rest /= width) {
        const int64_t tap = rest % width, index = taps[d].index[tap];
        inside = inside && index >= 0;
        offset += index * x.strides[d + 2];
        weight *= static_cast<C>(taps[d].weight[tap]);
      }
      if (!inside || weight == 0) continue;
      offsets[size] = offset;
      weights[size++] = weight;
    }
    return size;
  }
};

}  // namespace

std::unique_ptr<Kernel> create_grid_sample(const Description& d) {
  return std::make_unique<GridSampleKernel>(d);
}

}  // namespace tenon::cpu

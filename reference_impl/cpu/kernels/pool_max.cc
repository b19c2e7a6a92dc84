// SPDX-License-Identifier: Apache-2.0
//
// MaxPool with either kind of index, and tenon.MaxPoolGrad.
#include <limits>

#include "reference_impl/cpu/kernels/pool_lines.h"
#include "reference_impl/cpu/kernels/pooling.h"
#include "reference_impl/cpu/kernels/scratch.h"
#include "reference_impl/cpu/kernels/simd.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/pooling.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

// NaN is larger than all, and the first of equals stays.
template <class C>
TENON_INLINE bool wins(C x, C best) {
  return x > best || ((x != x) & (best == best));
}

template <class S>
struct MaxLine {
  TENON_INLINE static void body(Compute<S>* best, const S* x, int64_t step, int64_t count) {
    if (step == 1) {
      for (int64_t j = 0; j < count; ++j)
        best[j] = wins(load(x[j]), best[j]) ? load(x[j]) : best[j];
    } else {
      for (int64_t j = 0; j < count; ++j) {
        const Compute<S> value = load(x[j * step]);
        best[j] = wins(value, best[j]) ? value : best[j];
      }
    }
  }
};
template <class S>
using MaxLineLoop = SimdLoop<MaxLine<S>, false, Compute<S>*, const S*, int64_t, int64_t>;

template <class C>
constexpr C lowest() {
  return std::numeric_limits<C>::has_infinity ? -std::numeric_limits<C>::infinity()
                                              : std::numeric_limits<C>::lowest();
}

enum class IndexKind { kTensor, kTensorColumnMajor, kPlane };

// The kind of `Operator` decides the indices.
template <class Operator>
class MaxPool final : public KernelOf<Operator> {
 public:
  explicit MaxPool(const Description& d) : KernelOf<Operator>(d) {
    if constexpr (requires { operator_.columns_first(); })
      kind_ = operator_.columns_first() ? IndexKind::kTensorColumnMajor : IndexKind::kTensor;
  }

  void run(const Arguments& a, const Execution& execution) const override {
    constexpr uint64_t kTypes = kFloatTypes | dtype_bit(TN_INT8) | dtype_bit(TN_UINT8);
    visit_dtype<kTypes>("MaxPool", a.input(0).dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      const View x = a.input(0), y = a.output(0), indices = a.output(1);
      const auto max_line = MaxLineLoop<S>::select();
      over_pool_lines(window_, x, y, execution, [&](const PoolLine& line) {
        if (indices.present()) {
          with_indices<S>(x, y, indices, line);
          return;
        }
        Compute<S> best[kPoolLanes];
        std::fill(best, best + line.lanes, lowest<Compute<S>>());
        over_pool_taps<S>(window_, x, line,
                          [&](int64_t begin, int64_t end, const S* from, int64_t step, int64_t,
                              int64_t) { max_line(best + begin, from, step, end - begin); });
        write<S>(y, line, best);
      });
    });
  }

 private:
  template <class S>
  void with_indices(const View& x, const View& y, const View& indices, const PoolLine& line) const {
    Compute<S> best[kPoolLanes];
    int64_t where[kPoolLanes];
    std::fill(best, best + line.lanes, lowest<Compute<S>>());
    std::fill(where, where + line.lanes, int64_t{-1});
    over_pool_taps<S>(window_, x, line,
                      [&](int64_t begin, int64_t end, const S* from, int64_t step, int64_t index,
                          int64_t index_step) {
                        for (int64_t j = begin; j < end; ++j) {
                          const Compute<S> value = load(from[(j - begin) * step]);
                          // The first value wins even if it is as low as can be.
                          if (wins(value, best[j]) || where[j] < 0) {
                            best[j] = value;
                            where[j] = index + (j - begin) * index_step;
                          }
                        }
                      });
    write<S>(y, line, best);
    int64_t* to = pool_line_start<int64_t>(window_, indices, line);
    const int64_t to_step = pool_line_step(window_, indices, line);
    for (int64_t j = 0; j < line.lanes; ++j) {
      const int64_t channel = line.channel + (line.along_channels ? j : 0);
      to[j * to_step] = where[j] < 0 ? -1 : index_of(x, line.batch, channel, where[j]);
    }
  }

  template <class S>
  void write(const View& y, const PoolLine& line, const Compute<S>* best) const {
    S* to = pool_line_start<S>(window_, y, line);
    const int64_t step = pool_line_step(window_, y, line);
    for (int64_t j = 0; j < line.lanes; ++j) to[j * step] = store<S>(best[j]);
  }

  // From the place in a plane to what the operator calls the index.
  int64_t index_of(const View& x, int64_t batch, int64_t channel, int64_t place) const {
    if (kind_ == IndexKind::kPlane) return place;
    const int64_t d0 = window_.dim(x, 0), d1 = window_.dim(x, 1), d2 = window_.dim(x, 2);
    const int64_t first = (batch * x.dims[1] + channel) * d0 * d1 * d2;
    if (kind_ == IndexKind::kTensor) return first + place;
    const int64_t i0 = place / (d1 * d2), i1 = place / d2 % d1, i2 = place % d2;
    return first + i0 + d0 * (i1 + d1 * i2);
  }

  using KernelOf<Operator>::operator_;

  const PoolWindow& window_ = operator_.window;
  IndexKind kind_ = IndexKind::kPlane;
};

// Each plane is summed in a dense copy, in ascending order of Y's elements.
class MaxPoolGrad final : public KernelOf<MaxPoolGradOperator>, public NeedsWorkspace {
 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    const View dx = a.output(0);
    return static_cast<uint64_t>(scratch_slots(planes(dx)) * plane_size(dx)) * 8;
  }

  void run(const Arguments& a, const Execution& execution) const override {
    const View dy = a.input(0), indices = a.input(1), dx = a.output(0);
    if (dx.count() == 0) return;
    visit_dtype<kFloatTypes>(kName, dx.dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      const int64_t size = plane_size(dx);
      for_each_task(execution, planes(dx), [&](int64_t plane, int64_t slot) {
        auto* sums = reinterpret_cast<Compute<S>*>(a.workspace + slot * size * 8);
        std::fill(sums, sums + size, Compute<S>{0});
        const int64_t batch = plane / dx.dims[1], channel = plane % dx.dims[1];
        const int64_t outputs = extent(dy, 2, dy.rank);
        const Plane of_dy(dy, batch, channel), of_indices(indices, batch, channel);
        const Plane of_dx(dx, batch, channel);
        for (int64_t i = 0; i < outputs; ++i) {
          const int64_t at = indices.as<int64_t>()[of_indices(i)];
          if (at < 0 || at >= size) {
            throw KernelError(TN_INVALID_ARGUMENT, "MaxPoolGrad: index " + std::to_string(at) +
                                                       " is outside a plane of " +
                                                       std::to_string(size));
          }
          sums[at] += load(dy.as<S>()[of_dy(i)]);
        }
        for (int64_t i = 0; i < size; ++i) dx.as<S>()[of_dx(i)] = store<S>(sums[i]);
      });
    });
  }

 private:
  static constexpr const char* kName = "MaxPoolGrad";
  static int64_t planes(const View& dx) { return dx.dims[0] * dx.dims[1]; }
  static int64_t plane_size(const View& dx) { return extent(dx, 2, dx.rank); }

  // Offsets of the elements of one channel, by their row-major place.
  class Plane {
   public:
    Plane(const View& view, int64_t batch, int64_t channel)
        : view_(view), start_(batch * view.strides[0] + channel * view.strides[1]) {
      // Where all places are one step apart, no division is needed.
      step_ = view.strides[view.rank - 1];
      for (int32_t d = view.rank - 1; d > 2; --d) {
        if (view.strides[d - 1] != view.strides[d] * view.dims[d]) step_ = 0;
      }
    }
    int64_t operator()(int64_t place) const {
      if (step_ != 0) return start_ + place * step_;
      int64_t at = start_;
      for (int32_t d = view_.rank; d-- > 2; place /= view_.dims[d]) {
        at += place % view_.dims[d] * view_.strides[d];
      }
      return at;
    }

   private:
    const View& view_;
    int64_t start_, step_;
  };
};

}  // namespace

std::unique_ptr<Kernel> create_max_pool(const Description& d) {
  return std::make_unique<MaxPool<MaxPoolTensorOperator>>(d);
}
std::unique_ptr<Kernel> create_max_pool_plane(const Description& d) {
  return std::make_unique<MaxPool<MaxPoolOperator>>(d);
}
std::unique_ptr<Kernel> create_max_pool_grad(const Description& d) {
  return std::make_unique<MaxPoolGrad>(d);
}

}  // namespace tenon::cpu

// SPDX-License-Identifier: Apache-2.0
//
// DeformConv: the samples of some neighbouring outputs are gathered as columns, then weighed with
// all filters.
#include <algorithm>
#include <cmath>

#include "reference_impl/cpu/kernels/scratch.h"
#include "reference_impl/cpu/kernels/vision.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/sampling.h"

namespace tenon::cpu {
namespace {

constexpr int64_t kColumns = 16;

class DeformConvKernel final : public KernelOf<DeformConvOperator>, public NeedsWorkspace {
 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    return static_cast<uint64_t>(scratch_slots(tasks(a)) * column_count(a) * kColumns) * 8;
  }

  void run(const Arguments& a, const Execution& execution) const override {
    const View& y = a.outputs[0];
    if (y.count() == 0) return;
    visit_dtype<kFloatTypes>(operator_.name, y.dtype, [&](auto type) {
      using T = typename decltype(type)::type;
      const int64_t rows = column_count(a), blocks = tasks(a) / y.dims[0];
      for_each_task(execution, tasks(a), [&](int64_t task, int64_t slot) {
        auto* columns = reinterpret_cast<Compute<T>*>(a.workspace + slot * rows * kColumns * 8);
        const int64_t first = task % blocks * kColumns;
        Place places[kColumns];
        const int64_t count = std::min(kColumns, positions(y) - first);
        for (int64_t i = 0; i < count; ++i) places[i] = place_of(y, task / blocks, first + i);
        for (int64_t i = 0; i < count; ++i) sample<T>(a, places[i], columns + i);
        multiply<T>(a, places, count, columns);
      });
    });
  }

 private:
  // One output of all channels.
  struct Place {
    int64_t image, at[3];
  };

  const ConvWindow& window() const { return operator_.window; }
  static int64_t positions(const View& y) { return y.count() / (y.dims[0] * y.dims[1]); }
  static int64_t tasks(const Arguments& a) {
    const View& y = a.outputs[0];
    return y.count() == 0 ? 0 : y.dims[0] * ((positions(y) + kColumns - 1) / kColumns);
  }
  static int64_t taps(const Arguments& a) {
    const View& w = a.inputs[1];
    int64_t count = 1;
    for (int32_t d = 2; d < w.rank; ++d) count *= w.dims[d];
    return count;
  }
  static int64_t column_count(const Arguments& a) { return a.inputs[0].dims[1] * taps(a); }

  Place place_of(const View& y, int64_t image, int64_t position) const {
    Place place{image, {}};
    for (int32_t d = 3; d-- > 0; position /= window().dim(y, d))
      place.at[d] = position % window().dim(y, d);
    return place;
  }
  // Of channel 0, in elements.
  int64_t offset_of(const View& view, const Place& place) const {
    int64_t offset = place.image * view.strides[0];
    for (int32_t d = 0; d < 3; ++d) offset += place.at[d] * window().stride(view, d);
    return offset;
  }

  // columns[(channel * taps + tap) * kColumns]: the sample times its mask.
  template <class T>
  void sample(const Arguments& a, const Place& place, Compute<T>* columns) const {
    using C = Compute<T>;
    const View &x = a.inputs[0], &w = a.inputs[1], &offset = a.inputs[2];
    const View mask = a.input(4);
    const int64_t count = taps(a), channels = x.dims[1],
                  per_group = channels / operator_.offset_group;
    const int32_t first_axis = window().first_axis();
    for (int64_t group = 0; group < operator_.offset_group; ++group) {
      for (int64_t tap = 0; tap < count; ++tap) {
        int64_t low[3] = {}, rest = tap;
        C part[3] = {};
        for (int32_t d = 3; d-- > 0; rest /= window().dim(w, d)) {
          if (d < first_axis) continue;
          const int64_t channel = (group * count + tap) * window().spatial + d - first_axis;
          const C moved =
              load(offset.as<const T>()[offset_of(offset, place) + channel * offset.strides[1]]);
          const int64_t base = place.at[d] * window().strides[d] - window().pads_begin[d] +
                               rest % window().dim(w, d) * window().dilations[d];
          const C extent = static_cast<C>(window().dim(x, d));
          C at = static_cast<C>(base) + moved;
          at = at == at ? std::clamp(at, C{-2}, extent + 1) : C{-2};
          low[d] = static_cast<int64_t>(std::floor(at));
          part[d] = at - std::floor(at);
        }
        const C factor = mask.present()
                             ? load(mask.as<const T>()[offset_of(mask, place) +
                                                       (group * count + tap) * mask.strides[1]])
                             : C{1};
        for (int64_t channel = group * per_group; channel < (group + 1) * per_group; ++channel) {
          const T* plane = x.as<const T>() + place.image * x.strides[0] + channel * x.strides[1];
          columns[(channel * count + tap) * kColumns] = factor * between(x, plane, low, part);
        }
      }
    }
  }

  template <class T, class C>
  C between(const View& x, const T* plane, const int64_t* low, const C* part) const {
    const int32_t first = window().first_axis();
    C sum = 0;
    for (int32_t corner = 0; corner < 1 << window().spatial; ++corner) {
      C weight = 1;
      int64_t offset = 0;
      bool inside = true;
      for (int32_t d = first; d < 3; ++d) {
        const bool high = (corner >> (d - first) & 1) != 0;
        const int64_t index = low[d] + (high ? 1 : 0);
        inside = inside && index >= 0 && index < window().dim(x, d);
        weight *= high ? part[d] : 1 - part[d];
        offset += index * window().stride(x, d);
      }
      if (inside) sum += weight * load(plane[offset]);
    }
    return sum;
  }

  template <class T>
  void multiply(const Arguments& a, const Place* places, int64_t count,
                const Compute<T>* columns) const {
    using C = Compute<T>;
    const View &w = a.inputs[1], &y = a.outputs[0];
    const View bias = a.input(3);
    const int64_t filters = w.dims[0] / operator_.group, all = taps(a);
    for (int64_t filter = 0; filter < w.dims[0]; ++filter) {
      C sums[kColumns];
      const C start = bias.present() ? load(bias.as<const T>()[filter * bias.strides[0]]) : C{0};
      std::fill(sums, sums + kColumns, start);
      const C* column = columns + filter / filters * w.dims[1] * all * kColumns;
      for (int64_t channel = 0; channel < w.dims[1]; ++channel) {
        for (int64_t tap = 0; tap < all; ++tap, column += kColumns) {
          int64_t at = filter * w.strides[0] + channel * w.strides[1], rest = tap;
          for (int32_t d = 3; d-- > 0; rest /= window().dim(w, d))
            at += rest % window().dim(w, d) * window().stride(w, d);
          const C weight = load(w.as<const T>()[at]);
          for (int64_t i = 0; i < count; ++i) sums[i] += weight * column[i];
        }
      }
      for (int64_t i = 0; i < count; ++i)
        y.as<T>()[offset_of(y, places[i]) + filter * y.strides[1]] = store<T>(sums[i]);
    }
  }
};

}  // namespace

std::unique_ptr<Kernel> create_deform_conv(const Description& d) {
  return std::make_unique<DeformConvKernel>(d);
}

}  // namespace tenon::cpu

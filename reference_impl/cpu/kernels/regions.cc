// SPDX-License-Identifier: Apache-2.0
//
// RoiAlign and MaxRoiPool.
#include "tenon/device/operators/regions.h"

#include <algorithm>
#include <cmath>

#include "reference_impl/cpu/kernels/vision.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {
namespace {

// A region along one axis, its bins and their samples.
template <class C>
struct RoiAxis {
  C start, bin;
  int64_t samples;
  C sample(int64_t output, int64_t i) const {
    return start + static_cast<C>(output) * bin +
           (static_cast<C>(i) + C{0.5}) * bin / static_cast<C>(samples);
  }
};

// The two neighbours of a sample along one axis; none where it is further than 1 outside.
template <class C>
struct RoiNeighbours {
  RoiNeighbours(C at, int64_t extent) {
    if (!(at >= -1 && at <= static_cast<C>(extent))) return;
    inside = true;
    at = std::max(at, C{0});
    low = static_cast<int64_t>(at);
    if (low >= extent - 1) {
      low = high = extent - 1;
      at = static_cast<C>(low);
    } else {
      high = low + 1;
    }
    of_high = at - static_cast<C>(low);
    of_low = 1 - of_high;
  }
  bool inside = false;
  int64_t low = 0, high = 0;
  C of_low = 0, of_high = 0;
};

// Calls body(type, roi) for each region of an output [rois, ...], on several threads.
template <class Body>
void over_regions(std::string_view op, const View& y, const Execution& execution, Body&& body) {
  if (y.count() == 0) return;
  visit_dtype<kFloatTypes>(op, y.dtype, [&](auto type) {
    execution.parallel_for(y.dims[0], 1, [&](int64_t begin, int64_t end) {
      for (int64_t roi = begin; roi < end; ++roi) body(type, roi);
    });
  });
}

class RoiAlignKernel final : public KernelOf<RoiAlignOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    over_regions(operator_.name, a.outputs[0], execution, [&](auto type, int64_t roi) {
      run_region<typename decltype(type)::type>(a, roi);
    });
  }

 private:
  template <class C>
  RoiAxis<C> axis(C from, C to, int64_t bins) const {
    const C scale = static_cast<C>(operator_.spatial_scale);
    const C shift = operator_.half_pixel() ? C{0.5} : C{0};
    const C start = from * scale - shift;
    C size = to * scale - shift - start;
    if (!operator_.half_pixel()) size = std::max(size, C{1});
    const C bin = size / static_cast<C>(bins);
    return {start, bin, operator_.samples(static_cast<double>(bin))};
  }

  template <class T>
  void run_region(const Arguments& a, int64_t roi) const {
    using C = Compute<T>;
    const View &x = a.inputs[0], &rois = a.inputs[1], &y = a.outputs[0];
    const auto number = [&](int64_t i) {
      return load(rois.as<const T>()[roi * rois.strides[0] + i * rois.strides[1]]);
    };
    const int64_t image = operator_.checked_batch(
        a.inputs[2].as<const int64_t>()[roi * a.inputs[2].strides[0]], x.dims[0]);
    const RoiAxis<C> columns = axis<C>(number(0), number(2), y.dims[3]);
    const RoiAxis<C> rows = axis<C>(number(1), number(3), y.dims[2]);
    for (int64_t channel = 0; channel < y.dims[1]; ++channel) {
      const T* plane = x.as<const T>() + image * x.strides[0] + channel * x.strides[1];
      T* out = y.as<T>() + roi * y.strides[0] + channel * y.strides[1];
      for (int64_t h = 0; h < y.dims[2]; ++h)
        for (int64_t w = 0; w < y.dims[3]; ++w)
          out[h * y.strides[2] + w * y.strides[3]] =
              store<T>(bin<T>(x, plane, rows, columns, h, w));
    }
  }

  template <class T>
  Compute<T> bin(const View& x, const T* plane, const RoiAxis<Compute<T>>& rows,
                 const RoiAxis<Compute<T>>& columns, int64_t h, int64_t w) const {
    using C = Compute<T>;
    const bool average = operator_.mode == RoiAlignMode::kAvg;
    C sum = 0, most = 0;
    bool first = true;
    for (int64_t i = 0; i < rows.samples; ++i) {
      const RoiNeighbours<C> row(rows.sample(h, i), x.dims[2]);
      for (int64_t j = 0; j < columns.samples; ++j) {
        const RoiNeighbours<C> column(columns.sample(w, j), x.dims[3]);
        const bool inside = row.inside && column.inside;
        const auto weighted = [&](int64_t at_row, C of_row, int64_t at_column, C of_column) -> C {
          if (!inside) return 0;
          return of_row * of_column * load(plane[at_row * x.strides[2] + at_column * x.strides[3]]);
        };
        const C parts[] = {weighted(row.low, row.of_low, column.low, column.of_low),
                           weighted(row.low, row.of_low, column.high, column.of_high),
                           weighted(row.high, row.of_high, column.low, column.of_low),
                           weighted(row.high, row.of_high, column.high, column.of_high)};
        sum += parts[0] + parts[1] + parts[2] + parts[3];
        for (const C part : parts) {
          most = first || part > most || part != part ? part : most;
          first = false;
        }
      }
    }
    return average ? sum / static_cast<C>(std::max<int64_t>(rows.samples * columns.samples, 1))
                   : most;
  }
};

// Whole pixels of a region along one axis.
struct PooledAxis {
  PooledAxis(double from, double to, double scale, int64_t bins_in, int64_t extent_in)
      : bins(bins_in), extent(extent_in) {
    // Far beyond any image, where all are alike.
    const auto pixel = [&](double at) {
      const double rounded = std::round(at * scale);
      return rounded == rounded ? static_cast<int64_t>(std::clamp(rounded, -0x1p30, 0x1p30)) : 0;
    };
    start = pixel(from);
    size = std::max<int64_t>(pixel(to) - start + 1, 1);
  }
  int64_t begin(int64_t bin) const { return clamped(bin * size / bins); }
  int64_t end(int64_t bin) const { return clamped(((bin + 1) * size + bins - 1) / bins); }

 private:
  int64_t clamped(int64_t at) const { return std::clamp<int64_t>(at + start, 0, extent); }
  int64_t bins, extent, start, size;
};

class MaxRoiPoolKernel final : public KernelOf<MaxRoiPoolOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    over_regions(operator_.name, a.outputs[0], execution, [&](auto type, int64_t roi) {
      run_region<typename decltype(type)::type>(a, roi);
    });
  }

 private:
  template <class T>
  void run_region(const Arguments& a, int64_t roi) const {
    const View &x = a.inputs[0], &rois = a.inputs[1], &y = a.outputs[0];
    const auto number = [&](int64_t i) {
      return static_cast<double>(
          load(rois.as<const T>()[roi * rois.strides[0] + i * rois.strides[1]]));
    };
    const int64_t image = operator_.checked_batch(number(0), x.dims[0]);
    const double scale = double{operator_.spatial_scale};
    const PooledAxis columns(number(1), number(3), scale, y.dims[3], x.dims[3]);
    const PooledAxis rows(number(2), number(4), scale, y.dims[2], x.dims[2]);
    for (int64_t channel = 0; channel < y.dims[1]; ++channel) {
      const T* plane = x.as<const T>() + image * x.strides[0] + channel * x.strides[1];
      T* out = y.as<T>() + roi * y.strides[0] + channel * y.strides[1];
      for (int64_t h = 0; h < y.dims[2]; ++h) {
        for (int64_t w = 0; w < y.dims[3]; ++w) {
          T most = store<T>(Compute<T>{0});
          bool first = true;
          for (int64_t i = rows.begin(h); i < rows.end(h); ++i) {
            for (int64_t j = columns.begin(w); j < columns.end(w); ++j) {
              const T element = plane[i * x.strides[2] + j * x.strides[3]];
              const auto value = load(element);
              if (first || value > load(most) || value != value) most = element;
              first = false;
            }
          }
          out[h * y.strides[2] + w * y.strides[3]] = most;
        }
      }
    }
  }
};

}  // namespace

std::unique_ptr<Kernel> create_roi_align(const Description& d) {
  return std::make_unique<RoiAlignKernel>(d);
}
std::unique_ptr<Kernel> create_max_roi_pool(const Description& d) {
  return std::make_unique<MaxRoiPoolKernel>(d);
}

}  // namespace tenon::cpu

// SPDX-License-Identifier: Apache-2.0
//
// LayerNormalization and its gradient. A row is the block of elements under the axes from `axis`
// on; it may have any strides, so it is walked in pieces by a StridedLoop of its own.
#include <array>
#include <cmath>
#include <memory>
#include <string>

#include "reference_impl/cpu/kernels/axis_lines.h"
#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/norm_rows.h"
#include "reference_impl/cpu/kernels/norm_views.h"
#include "reference_impl/cpu/kernels/reduction_parts.h"
#include "tenon/device/operators/normalizations.h"

namespace tenon::cpu {
namespace {

// Calls body(pointers, strides, count, index of the first column) for the pieces of columns
// [begin, end) of one row. `row` and `first` point to the row's and to the first row's elements.
template <class Columns, size_t kOperands, class Body>
void pieces(const Columns& columns, const std::array<View, kOperands>& first, std::byte* const* row,
            int64_t begin, int64_t end, Body&& body) {
  int64_t column = begin;
  columns.rows(begin, end, [&](std::byte* const* p, const int64_t* strides, int64_t count) {
    std::byte* moved[kOperands];
    for (size_t k = 0; k < kOperands; ++k) moved[k] = row[k] + (p[k] - first[k].data);
    body(static_cast<std::byte* const*>(moved), strides, count, column);
    column += count;
  });
}

template <class T>
class LayerNormKernel final : public KernelOf<LayerNormOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &x = arguments.inputs[0], &y = arguments.outputs[0];
    const View mean_out = arguments.output(1), inv_out = arguments.output(2);
    if (x.count() == 0) return;
    const int32_t axis = normalize_axis(operator_.name, operator_.axis, x.rank);
    const Scalar<T> one(1), zero(0);
    const View scale = arguments.input(1).present() ? arguments.input(1) : one.view();
    const View shift = arguments.input(2).present() ? arguments.input(2) : zero.view();
    // Without a mean to write, Y stands in for it: the pointer moves, but is not used.
    const std::array<View, 6> all = {y,
                                     x,
                                     scale_rows(scale),
                                     scale_rows(shift),
                                     mean_out.present() ? mean_out : scale_rows(scale),
                                     inv_out.present() ? inv_out : scale_rows(scale)};
    const AxisLines<6> rows(all, axis, x.rank);
    const std::array<View, 4> row_views = {row_of(y, axis), row_of(x, axis), scale, shift};
    const View* operands[4] = {&row_views[0], &row_views[1], &row_views[2], &row_views[3]};
    const StridedLoop<4> columns(operands, x.dims + axis, x.rank - axis);
    const int64_t n = columns.count();

    execution.parallel_for(
        rows.count(), std::max<int64_t>(1, 8192 / n), [&](int64_t begin, int64_t end) {
          rows.each(begin, end, [&](std::byte* const* row) {
            const auto statistic = [&](auto function, double mean) {
              double sum = 0;
              pieces(columns, row_views, row, 0, n,
                     [&](std::byte* const* p, const int64_t* s, int64_t count, int64_t) {
                       function(p[1], s[1], count, mean, &sum);
                     });
              return sum / static_cast<double>(n);
            };
            const double mean = statistic(sum_, 0);
            const double inv = 1 / std::sqrt(statistic(squares_, mean) + double{operator_.epsilon});
            if (mean_out.present()) store_real(mean_out.dtype, row[4], mean);
            if (inv_out.present()) store_real(inv_out.dtype, row[5], inv);
            pieces(columns, row_views, row, 0, n,
                   [&](std::byte* const* p, const int64_t* s, int64_t count, int64_t) {
                     normalize_(p, s, count, mean, inv);
                   });
          });
        });
  }

 private:
  using Sum =
      SimdLoop<RowSum<T, false>, false, const std::byte*, int64_t, int64_t, double, double*>;
  using Squares =
      SimdLoop<RowSum<T, true>, false, const std::byte*, int64_t, int64_t, double, double*>;
  using Normalize =
      SimdLoop<RowNormalize<T>, false, std::byte* const*, const int64_t*, int64_t, double, double>;
  typename Sum::Function sum_ = Sum::select();
  typename Squares::Function squares_ = Squares::select();
  typename Normalize::Function normalize_ = Normalize::select();
};

template <class T>
class LayerNormGradKernel final : public KernelOf<LayerNormGradOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& arguments, const Execution& execution) const override {
    if (arguments.output(0).present()) run_data(arguments, execution);
    if (arguments.output(1).present() || arguments.output(2).present())
      run_affine(arguments, execution);
  }

 private:
  void run_data(const Arguments& arguments, const Execution& execution) const {
    const View &dy = arguments.inputs[0], &x = arguments.inputs[1], dx = arguments.output(0);
    if (x.count() == 0) return;
    const View &mean_in = arguments.inputs[2], &inv_in = arguments.inputs[3];
    const int32_t axis = normalize_axis(operator_.name, operator_.axis, x.rank);
    const Scalar<T> one(1);
    const View scale = arguments.input(4).present() ? arguments.input(4) : one.view();
    const AxisLines<6> rows({dx, dy, x, scale_rows(scale), mean_in, inv_in}, axis, x.rank);
    const std::array<View, 4> views = {row_of(dx, axis), row_of(dy, axis), row_of(x, axis), scale};
    const View* operands[4] = {&views[0], &views[1], &views[2], &views[3]};
    const StridedLoop<4> columns(operands, x.dims + axis, x.rank - axis);
    const int64_t n = columns.count();
    execution.parallel_for(
        rows.count(), std::max<int64_t>(1, 8192 / n), [&](int64_t begin, int64_t end) {
          rows.each(begin, end, [&](std::byte* const* row) {
            const double mean = load_real(mean_in.dtype, row[4]);
            const double inv = load_real(inv_in.dtype, row[5]);
            double sums[2] = {0, 0};
            pieces(columns, views, row, 0, n,
                   [&](std::byte* const* p, const int64_t* s, int64_t count, int64_t) {
                     sums_(p + 1, s + 1, count, mean, inv, sums);
                   });
            const double means[2] = {sums[0] / static_cast<double>(n),
                                     sums[1] / static_cast<double>(n)};
            pieces(columns, views, row, 0, n,
                   [&](std::byte* const* p, const int64_t* s, int64_t count, int64_t) {
                     grad_(p, s, count, mean, inv, means);
                   });
          });
        });
  }

  // Columns are split among the threads; each adds all rows, in order.
  void run_affine(const Arguments& arguments, const Execution& execution) const {
    const View &dy = arguments.inputs[0], &x = arguments.inputs[1];
    const View &mean_in = arguments.inputs[2], &inv_in = arguments.inputs[3];
    const View dscale = arguments.output(1), dshift = arguments.output(2);
    const View& any = dscale.present() ? dscale : dshift;
    const int32_t axis = normalize_axis(operator_.name, operator_.axis, x.rank);
    const AxisLines<4> rows({dy, x, mean_in, inv_in}, axis, x.rank);
    const std::array<View, 4> views = {row_of(dy, axis), row_of(x, axis), any,
                                       dshift.present() ? dshift : any};
    const View* operands[4] = {&views[0], &views[1], &views[2], &views[3]};
    const StridedLoop<4> columns(operands, x.dims + axis, x.rank - axis);
    const int64_t blocks = (columns.count() + kBlock - 1) / kBlock;
    execution.parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        const int64_t first = block * kBlock, last = std::min(first + kBlock, columns.count());
        double weighted[kBlock] = {}, plain[kBlock] = {};
        if (rows.count() > 0)
          rows.each(0, rows.count(), [&](std::byte* const* row) {
            const double mean = load_real(mean_in.dtype, row[2]);
            const double inv = load_real(inv_in.dtype, row[3]);
            std::byte* const at[4] = {row[0], row[1], views[2].data, views[3].data};
            pieces(columns, views, at, first, last,
                   [&](std::byte* const* p, const int64_t* s, int64_t count, int64_t column) {
                     columns_(p, s, count, mean, inv, weighted + (column - first),
                              plain + (column - first));
                   });
          });
        int64_t column = 0;
        columns.rows(first, last, [&](std::byte* const* p, const int64_t* s, int64_t count) {
          for (int64_t i = 0; i < count; ++i, ++column) {
            if (dscale.present())
              *reinterpret_cast<T*>(p[2] + i * s[2]) = store<T>(weighted[column]);
            if (dshift.present()) *reinterpret_cast<T*>(p[3] + i * s[3]) = store<T>(plain[column]);
          }
        });
      }
    });
  }

  static constexpr int64_t kBlock = 64;
  using Sums = SimdLoop<RowGradSums<T>, false, std::byte* const*, const int64_t*, int64_t, double,
                        double, double*>;
  using Grad = SimdLoop<RowGrad<T>, false, std::byte* const*, const int64_t*, int64_t, double,
                        double, const double*>;
  using Columns = SimdLoop<RowToColumns<T>, false, std::byte* const*, const int64_t*, int64_t,
                           double, double, double*, double*>;
  typename Sums::Function sums_ = Sums::select();
  typename Grad::Function grad_ = Grad::select();
  typename Columns::Function columns_ = Columns::select();
};

std::unique_ptr<Kernel> create_layer_norm(const Description& desc) {
  return visit_dtype<kFloatTypes>(desc.name(), desc.input_dtype(0),
                                  [&](auto type) -> std::unique_ptr<Kernel> {
                                    using T = typename decltype(type)::type;
                                    return std::make_unique<LayerNormKernel<T>>(desc);
                                  });
}

std::unique_ptr<Kernel> create_layer_norm_grad(const Description& desc) {
  return visit_dtype<kFloatTypes>(desc.name(), desc.input_dtype(0),
                                  [&](auto type) -> std::unique_ptr<Kernel> {
                                    using T = typename decltype(type)::type;
                                    return std::make_unique<LayerNormGradKernel<T>>(desc);
                                  });
}

}  // namespace

std::span<const OperatorEntry> layer_norm_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kLayerNormalization, kFloatTypes, create_layer_norm},
      {op::kTenonLayerNormGrad, kFloatTypes, create_layer_norm_grad},
  };
  return kEntries;
}

}  // namespace tenon::cpu

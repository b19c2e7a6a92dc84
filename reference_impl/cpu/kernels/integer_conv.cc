// SPDX-License-Identifier: Apache-2.0
//
// ConvInteger and QLinearConv: for each image and group a product of filters, a row each, and the
// image seen through the window, a column a position. Rows of the latter are (tap, channel).
#include "reference_impl/cpu/kernels/integer_product.h"
#include "reference_impl/cpu/kernels/quantize.h"
#include "reference_impl/cpu/kernels/quantized.h"
#include "tenon/device/operators/quantized_products.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

constexpr int64_t kPositions = IntegerProduct::kWidth;

struct Place {
  int64_t at[3];
};
Place place_of(const WindowAxis (&axes)[3], int64_t position) {
  const int64_t last = axes[2].positions, middle = axes[1].positions;
  return {{position / last / middle, position / last % middle, position % last}};
}

// One number for all filters, or one each.
template <class C>
C of_filter(const View& view, int64_t filter, C otherwise) {
  if (!view.present() || view.count() == 1) return one_number<C>(view, otherwise);
  read_numbers(view, filter * view.strides[0], 0, 1, &otherwise);
  return otherwise;
}

template <class Operator>
class IntegerConv : public KernelOf<Operator>, public NeedsWorkspace {
 public:
  using KernelOf<Operator>::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override { return product(a).workspace_size(); }

 protected:
  using KernelOf<Operator>::operator_;

  // Calls store(filter, place in y, step, count, sums).
  template <class Store>
  void run_product(const Arguments& a, const Execution& execution, Store&& store) const {
    const View x = a.input(operator_.places.a), w = a.input(operator_.places.b), y = a.output(0);
    const IntegerProduct p = product(a);
    WindowAxis axes[3];
    for (int32_t d = 0; d < 3; ++d) axes[d] = operator_.window.window(x, w, y, d);
    visit_bytes(operator_.name, x.dtype, [&](auto x_type) {
      visit_bytes(operator_.name, w.dtype, [&](auto w_type) {
        using X = typename decltype(x_type)::type;
        using W = typename decltype(w_type)::type;
        run_integer_product(
            p, a.workspace, execution,
            [&](int64_t group, int64_t row, int16_t* to) {
              pack_filter<W>(a, w, axes, group * p.m + row, to);
            },
            [&](int64_t batch, int64_t column, int64_t count, int16_t* to) {
              pack_image<X>(a, x, w.dims[1], axes, batch, column, count, to);
            },
            [&](int64_t batch, int64_t row, int64_t column, int64_t count, const int32_t* sums) {
              const int64_t filter = batch % operator_.group * p.m + row;
              const int64_t image = batch / operator_.group;
              store_line(y, axes, image, filter, column, count,
                         [&](int64_t at, int64_t done, int64_t some, int64_t step) {
                           store(filter, at, step, some, sums + done);
                         });
            });
      });
    });
  }

 private:
  IntegerProduct product(const Arguments& a) const {
    const View x = a.input(operator_.places.a), w = a.input(operator_.places.b), y = a.output(0);
    const int64_t groups = operator_.group;
    return {x.dims[0] * groups, groups, w.dims[0] / groups, extent(y, 2, y.rank),
            extent(w, 1, w.rank)};
  }

  template <class W>
  void pack_filter(const Arguments& a, const View& w, const WindowAxis (&axes)[3], int64_t filter,
                   int16_t* to) const {
    const auto zero = of_filter<int32_t>(a.input(operator_.places.b_zero), filter, 0);
    const W* from = w.as<const W>() + filter * w.strides[0];
    over_taps(axes, [&](const Place& tap, int64_t index) {
      int64_t offset = 0;
      for (int32_t d = 0; d < 3; ++d) offset += tap.at[d] * operator_.window.stride(w, d);
      pack_line(from + offset, w.strides[1], w.dims[1], zero, to + index * w.dims[1]);
    });
  }

  template <class X>
  void pack_image(const Arguments& a, const View& x, int64_t channels, const WindowAxis (&axes)[3],
                  int64_t batch, int64_t column, int64_t count, int16_t* to) const {
    const auto zero = one_number<int32_t>(a.input(operator_.places.a_zero));
    const int64_t image = batch / operator_.group, group = batch % operator_.group;
    const X* from = x.as<const X>() + image * x.strides[0] + group * channels * x.strides[1];
    Place places[kPositions];
    for (int64_t j = 0; j < count; ++j) places[j] = place_of(axes, column + j);
    over_taps(axes, [&](const Place& tap, int64_t index) {
      int64_t offsets[kPositions], inside[kPositions], some = 0;
      for (int64_t j = 0; j < count; ++j) {
        int64_t offset = 0;
        bool within = true;
        for (int32_t d = 0; d < 3; ++d) {
          const WindowAxis& axis = axes[d];
          const int64_t i = places[j].at[d] * axis.step + axis.first + tap.at[d] * axis.increment;
          within = within && i >= 0 && i < axis.extent;
          offset += i * axis.stride;
        }
        if (within) offsets[some] = offset, inside[some++] = j;
      }
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t row = index * channels + c;
        int16_t* pairs = to + row / 2 * 2 * kPositions + row % 2;
        const X* plane = from + c * x.strides[1];
        for (int64_t s = 0; s < some; ++s)
          pairs[2 * inside[s]] = static_cast<int16_t>(plane[offsets[s]] - zero);
      }
    });
  }

  template <class Visit>
  static void over_taps(const WindowAxis (&axes)[3], Visit&& visit) {
    int64_t index = 0;
    for (int64_t t0 = 0; t0 < axes[0].taps; ++t0)
      for (int64_t t1 = 0; t1 < axes[1].taps; ++t1)
        for (int64_t t2 = 0; t2 < axes[2].taps; ++t2) visit(Place{{t0, t1, t2}}, index++);
  }

  // Positions one behind the other along the last axis are a run of y.
  template <class Visit>
  void store_line(const View& y, const WindowAxis (&axes)[3], int64_t image, int64_t filter,
                  int64_t column, int64_t count, Visit&& visit) const {
    for (int64_t done = 0; done < count;) {
      const Place place = place_of(axes, column + done);
      const int64_t some = std::min(count - done, axes[2].positions - place.at[2]);
      int64_t at = image * y.strides[0] + filter * y.strides[1];
      for (int32_t d = 0; d < 3; ++d) at += place.at[d] * operator_.window.stride(y, d);
      visit(at, done, some, operator_.window.stride(y, 2));
      done += some;
    }
  }
};

class ConvInteger final : public IntegerConv<ConvIntegerOperator> {
 public:
  using IntegerConv::IntegerConv;

  void run(const Arguments& a, const Execution& execution) const override {
    const View y = a.output(0);
    run_product(a, execution,
                [&](int64_t, int64_t at, int64_t step, int64_t count, const int32_t* sums) {
                  write_numbers(y, at, step, count, sums);
                });
  }
};

class QLinearConv final : public IntegerConv<QLinearConvOperator> {
 public:
  using IntegerConv::IntegerConv;

  void run(const Arguments& a, const Execution& execution) const override {
    const QuantizedPlaces& at_input = operator_.places;
    const View y = a.output(0), scale = a.input(at_input.b_scale), bias = a.input(at_input.bias);
    const Rescale rescale(a.input(at_input.y_scale), a.input(at_input.y_zero));
    const auto of_x = one_number<float>(a.input(at_input.a_scale), 1);
    run_product(a, execution,
                [&](int64_t filter, int64_t at, int64_t step, int64_t count, const int32_t* sums) {
                  float s[kPositions], factors[kPositions];
                  const float factor = of_x * of_filter<float>(scale, filter, 1) / rescale.scale;
                  int32_t addend = 0;
                  if (bias.present()) read_numbers(bias, filter * bias.strides[0], 0, 1, &addend);
                  for (int64_t j = 0; j < count; ++j) {
                    const uint32_t sum =
                        static_cast<uint32_t>(sums[j]) + static_cast<uint32_t>(addend);
                    s[j] = static_cast<float>(static_cast<int32_t>(sum));
                    factors[j] = factor;
                  }
                  rescale.store(y, at, step, count, s, factors);
                });
  }
};

}  // namespace

std::unique_ptr<Kernel> create_conv_integer(const Description& d) {
  return std::make_unique<ConvInteger>(d);
}
std::unique_ptr<Kernel> create_qlinear_conv(const Description& d) {
  return std::make_unique<QLinearConv>(d);
}

}  // namespace tenon::cpu

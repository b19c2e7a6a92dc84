// SPDX-License-Identifier: Apache-2.0
//
// torch's interpolation, forwards and backwards: Resize over the spatial dims.
#include <torch/library.h>

#include <cmath>

#include <ATen/ops/_upsample_bicubic2d_aa_backward_meta.h>
#include <ATen/ops/_upsample_bicubic2d_aa_meta.h>
#include <ATen/ops/_upsample_bilinear2d_aa_backward_meta.h>
#include <ATen/ops/_upsample_bilinear2d_aa_meta.h>
#include <ATen/ops/_upsample_nearest_exact1d_backward_meta.h>
#include <ATen/ops/_upsample_nearest_exact1d_meta.h>
#include <ATen/ops/_upsample_nearest_exact2d_backward_meta.h>
#include <ATen/ops/_upsample_nearest_exact2d_meta.h>
#include <ATen/ops/_upsample_nearest_exact3d_backward_meta.h>
#include <ATen/ops/_upsample_nearest_exact3d_meta.h>
#include <ATen/ops/upsample_bicubic2d_backward_meta.h>
#include <ATen/ops/upsample_bicubic2d_meta.h>
#include <ATen/ops/upsample_bilinear2d_backward_meta.h>
#include <ATen/ops/upsample_bilinear2d_meta.h>
#include <ATen/ops/upsample_linear1d_backward_meta.h>
#include <ATen/ops/upsample_linear1d_meta.h>
#include <ATen/ops/upsample_nearest1d_backward_meta.h>
#include <ATen/ops/upsample_nearest1d_meta.h>
#include <ATen/ops/upsample_nearest2d_backward_meta.h>
#include <ATen/ops/upsample_nearest2d_meta.h>
#include <ATen/ops/upsample_nearest3d_backward_meta.h>
#include <ATen/ops/upsample_nearest3d_meta.h>
#include <ATen/ops/upsample_trilinear3d_backward_meta.h>
#include <ATen/ops/upsample_trilinear3d_meta.h>

#include "structured.h"

namespace tenon::pytorch {
namespace {

// What of the arguments decides positions: align_corners, and scales where they are given.
struct Given {
  bool align_corners = false;
  c10::SmallVector<std::optional<double>, 3> scales;

  template <class... Rest>
  explicit Given(const Rest&... rest) {
    (take(rest), ...);
  }
  void take(bool aligned) { align_corners = aligned; }
  void take(std::optional<double> scale) { scales.push_back(scale); }
  void take(const Tensor&) {}  // The output, behind them.

  // A given scale that is not the quotient of the sizes.
  bool scaled(at::IntArrayRef in, at::IntArrayRef out) const {
    for (size_t d = 0; d < scales.size() && !align_corners; ++d) {
      if (scales[d] && *scales[d] > 0 && *scales[d] * double(in[d]) != double(out[d])) return true;
    }
    return false;
  }
  std::vector<float> values(at::IntArrayRef in, at::IntArrayRef out) const {
    std::vector<float> all;
    for (size_t d = 0; d < in.size(); ++d) {
      const bool given = scales[d] && *scales[d] > 0;
      all.push_back(static_cast<float>(given ? *scales[d] : double(out[d]) / double(in[d])));
    }
    return all;
  }
  // Whether Resize's scales, which are float32, give outputs of these dims.
  bool expressible(at::IntArrayRef in, at::IntArrayRef out) const {
    if (!scaled(in, out)) return true;
    const std::vector<float> all = values(in, out);
    for (size_t d = 0; d < all.size(); ++d) {
      if (std::floor(static_cast<float>(in[d]) * all[d]) != static_cast<float>(out[d]))
        return false;
    }
    return true;
  }
};

struct Nearest {
  static constexpr const char* kMode = "nearest";
  static constexpr const char* kPosition = "asymmetric";
  static constexpr const char* kNearest = "floor";
  static constexpr bool kAntialias = false;
  static constexpr float kCubic = -0.75f;
  static bool moves(ScalarType type) { return c10::isFloatingType(type) || type == at::kByte; }
};
// The nearest center; halves are rounded up.
struct NearestExact : Nearest {
  static constexpr const char* kPosition = "half_pixel";
  static constexpr const char* kNearest = "round_prefer_ceil";
};
struct Linear : Nearest {
  static constexpr const char* kMode = "linear";
  static constexpr const char* kPosition = "half_pixel";
  static bool moves(ScalarType type) { return c10::isFloatingType(type); }
};
struct Cubic : Linear {
  static constexpr const char* kMode = "cubic";
};
struct LinearSmooth : Linear {
  static constexpr bool kAntialias = true;
};
struct CubicSmooth : Cubic {
  static constexpr bool kAntialias = true;
  static constexpr float kCubic = -0.5f;
};

template <class Kind>
std::vector<runtime::Attribute> attributes_of(const Given& given) {
  return {{"mode", std::string(Kind::kMode)},
          {"coordinate_transformation_mode",
           std::string(given.align_corners ? "align_corners" : Kind::kPosition)},
          {"nearest_mode", std::string(Kind::kNearest)},
          {"cubic_coeff_a", Kind::kCubic},
          {"antialias", int64_t{Kind::kAntialias}},
          {"exclude_outside", int64_t{Kind::kAntialias}}};
}

template <class Kind>
struct Upsample {
  template <class... Rest>
  static bool serves(const Tensor& self, at::IntArrayRef output, const Rest&... rest) {
    return Kind::moves(self.scalar_type()) && self.numel() > 0 &&
           Given(rest...).expressible(self.sizes().slice(2), output);
  }
  template <class... Rest>
  static void run(auto&, const Tensor& self, at::IntArrayRef output, const Rest&... rest) {
    const Tensor& out = std::get<sizeof...(Rest) - 1>(std::tie(rest...));
    if (out.numel() == 0) return;
    const Given given(rest...);
    const at::IntArrayRef in = self.sizes().slice(2);
    std::vector<runtime::Attribute> attributes = attributes_of<Kind>(given);
    std::vector<int64_t> axes;
    for (int64_t d = 2; d < self.dim(); ++d) axes.push_back(d);
    attributes.push_back({"axes", axes});
    const runtime::Operation op("Resize", std::move(attributes));
    OperatorCall call(op, out);
    call.input(self).absent();
    std::vector<float> scales;
    if (given.scaled(in, output)) {
      scales = given.values(in, output);
      call.floats(scales);
    } else {
      call.absent().integers(output);
    }
    call.output(out).run();
  }
};

template <class Kind>
struct UpsampleGrad {
  template <class... Rest>
  static bool serves(const Tensor& grad, at::IntArrayRef, at::IntArrayRef, const Rest&...) {
    return c10::isFloatingType(grad.scalar_type()) && grad.numel() > 0;
  }
  template <class... Rest>
  static void run(auto&, const Tensor& grad, at::IntArrayRef output, at::IntArrayRef input,
                  const Rest&... rest) {
    const Tensor& out = std::get<sizeof...(Rest) - 1>(std::tie(rest...));
    if (out.numel() == 0) return;
    const Given given(rest...);
    const at::IntArrayRef in = input.slice(2);
    const runtime::Operation op("tenon.ResizeGrad", attributes_of<Kind>(given));
    OperatorCall call(op, out);
    call.input(grad);
    std::vector<float> scales{1, 1};
    if (given.scaled(in, output)) {
      const std::vector<float> spatial = given.values(in, output);
      scales.insert(scales.end(), spatial.begin(), spatial.end());
      call.floats(scales);
    }
    call.output(out).run();
  }
};

#define TENON_UPSAMPLE(m, op, kind)                                        \
  TENON_FUNCTIONAL(m, op, #op, Upsample<kind>);                            \
  TENON_OUT(m, op, #op ".out", Upsample<kind>);                            \
  TENON_FUNCTIONAL(m, op##_backward, #op "_backward", UpsampleGrad<kind>); \
  TENON_OUT(m, op##_backward, #op "_backward.grad_input", UpsampleGrad<kind>)

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  TENON_UPSAMPLE(m, upsample_nearest1d, Nearest);
  TENON_UPSAMPLE(m, upsample_nearest2d, Nearest);
  TENON_UPSAMPLE(m, upsample_nearest3d, Nearest);
  TENON_UPSAMPLE(m, _upsample_nearest_exact1d, NearestExact);
  TENON_UPSAMPLE(m, _upsample_nearest_exact2d, NearestExact);
  TENON_UPSAMPLE(m, _upsample_nearest_exact3d, NearestExact);
  TENON_UPSAMPLE(m, upsample_linear1d, Linear);
  TENON_UPSAMPLE(m, upsample_bilinear2d, Linear);
  TENON_UPSAMPLE(m, upsample_trilinear3d, Linear);
  TENON_UPSAMPLE(m, upsample_bicubic2d, Cubic);
  TENON_UPSAMPLE(m, _upsample_bilinear2d_aa, LinearSmooth);
  TENON_UPSAMPLE(m, _upsample_bicubic2d_aa, CubicSmooth);
}

}  // namespace
}  // namespace tenon::pytorch

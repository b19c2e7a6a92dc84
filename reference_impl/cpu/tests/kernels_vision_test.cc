// SPDX-License-Identifier: Apache-2.0
//
// Operators on images: values known from ONNX's text, and what follows from other operators of
// ours.
#include <gtest/gtest.h>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/tests/kernel_harness.h"

namespace tenon::cpu::testing {
namespace {

Operation vision(const char* name, const char* domain = "") {
  return Operation(name, vision_operators(), domain);
}
Array floats(const Dims& dims, const std::vector<double>& values) {
  return Array(TN_FLOAT32, dims, values);
}
Array numbers(const std::vector<double>& values, tn_dtype dtype = TN_INT64) {
  return Array(dtype, {static_cast<int64_t>(values.size())}, values);
}
Array scales(const std::vector<double>& values) { return numbers(values, TN_FLOAT32); }
Array uniform(const Dims& dims, uint32_t seed = 1) {
  return Array::random(TN_FLOAT32, dims, -2, 2, seed);
}
double dot(const Array& a, const Array& b) {
  EXPECT_EQ(a.dims(), b.dims());
  double sum = 0;
  for (int64_t i = 0; i < a.count(); ++i) sum += a.get(i) * b.get(i);
  return sum;
}
Array result(const Operation& operation, const std::vector<Array>& inputs, const Dims& dims,
             tn_dtype dtype = TN_FLOAT32) {
  std::vector<Array> outputs{Array(dtype, dims)};
  operation.run(inputs, outputs);
  return outputs[0];
}

// ---- Resize ----

TEST(Resize, RepeatsNearestNeighbours) {
  const Operation op = vision("Resize")
                           .set("coordinate_transformation_mode", "asymmetric")
                           .set("nearest_mode", "floor");
  for (const tn_dtype type : {TN_FLOAT32, TN_UINT8, TN_INT64, TN_FLOAT16, TN_BOOL}) {
    op.expect({Array(type, {1, 1, 2, 2}, {1, 0, 0, 1}), Array(), scales({1, 1, 2, 3})},
              {Array(type, {1, 1, 4, 6},
                     {1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1})});
  }
}

TEST(Resize, RoundsHalvesAsItIsTold) {
  const Array x = Array::sequence(TN_FLOAT32, {6});
  vision("Resize").expect({x, Array(), scales({0.5})}, {floats({3}, {0, 2, 4})});
  vision("Resize")
      .set("nearest_mode", "round_prefer_ceil")
      .expect({x, Array(), scales({0.5})}, {floats({3}, {1, 3, 5})});
}

// From ONNX's backend cases.
TEST(Resize, InterpolatesBetweenCenters) {
  vision("Resize")
      .set("mode", "linear")
      .expect_near({floats({1, 1, 2, 2}, {1, 2, 3, 4}), Array(), scales({1, 1, 2, 2})},
                   {floats({1, 1, 4, 4}, {1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25,
                                          3.5, 3, 3.25, 3.75, 4})});
  vision("Resize")
      .set("mode", "linear")
      .set("coordinate_transformation_mode", "align_corners")
      .expect_near(
          {floats({1, 1, 2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}), Array(), scales({1, 1, 0.6, 0.6})},
          {floats({1, 1, 1, 2}, {1, 3.142857})});
}

TEST(Resize, RoundsAndClampsIntegers) {
  vision("Resize")
      .set("mode", "linear")
      .expect({Array(TN_INT8, {2}, {-3, 0}), Array(), scales({2})},
              {Array(TN_INT8, {4}, {-3, -2, -1, 0})});
  vision("Resize")
      .set("mode", "cubic")
      .expect({Array(TN_UINT8, {4}, {0, 0, 255, 255}), Array(), scales({2})},
              {Array(TN_UINT8, {8}, {0, 0, 0, 58, 197, 255, 255, 255})});
}

TEST(Resize, FillsWhatLiesOutsideOfTheCrop) {
  const Operation op = vision("Resize")
                           .set("coordinate_transformation_mode", "tf_crop_and_resize")
                           .set("extrapolation_value", 9.0f)
                           .set("axes", Dims{1});
  const Array x = floats({1, 4}, {1, 2, 3, 4});
  op.expect({x, scales({0.5, 1.5}), Array(), numbers({3})}, {floats({1, 3}, {2, 4, 9})});
  vision("Resize")
      .set("coordinate_transformation_mode", "tf_crop_and_resize")
      .set("extrapolation_value", 9.0f)
      .set("axes", Dims{1})
      .set("mode", "linear")
      .expect({x, scales({0.5, 1.5}), Array(), numbers({3})}, {floats({1, 3}, {2.5, 4, 9})});
}

TEST(Resize, GivesWeightZeroNoInfluence) {
  vision("Resize")
      .set("mode", "linear")
      .set("coordinate_transformation_mode", "asymmetric")
      .expect({floats({3}, {1, NAN, 3}), Array(), scales({1 / 3.0})}, {floats({1}, {1})});
}

TEST(Resize, RefusesWhatItCannotMean) {
  const Array x = uniform({2, 3});
  const std::vector<Array> y{Array(TN_FLOAT32, {2, 6})};
  vision("Resize").expect_error({x, Array(), scales({1, 2}), numbers({2, 6})}, y,
                                TN_INVALID_ARGUMENT, "either scales or sizes");
  vision("Resize").expect_error({x, Array(), scales({2})}, y, TN_INVALID_ARGUMENT,
                                "1 scales for 2");
  vision("Resize").expect_error({x, Array(), scales({1, -2})}, y, TN_INVALID_ARGUMENT,
                                "greater than 0");
  vision("Resize")
      .set("axes", Dims{1, 1})
      .expect_error({x, Array(), scales({2, 2})}, y, TN_INVALID_ARGUMENT, "twice");
  vision("Resize")
      .set("mode", "linear")
      .expect_error({Array(TN_BOOL, {2}), Array(), scales({2})}, {Array(TN_BOOL, {4})},
                    TN_UNSUPPORTED, "bool");
}

// The gradient is the transpose of what Resize does: <dY, Resize(x)> = <ResizeGrad(dY), x>. With
// whole numbers and weights of few bits it is exactly that.
TEST(ResizeGrad, IsTheTransposeOfResize) {
  struct Case {
    const char* position;
    Dims x, y;
    int antialias;
  };
  for (const Case& c :
       {Case{"half_pixel", {2, 5, 3}, {2, 10, 6}, 0}, Case{"asymmetric", {2, 5, 3}, {2, 10, 6}, 0},
        Case{"align_corners", {2, 5, 3}, {2, 9, 5}, 0},
        Case{"half_pixel", {2, 8, 4}, {2, 4, 2}, 1}}) {
    const Array x = Array::sequence(TN_FLOAT32, c.x, -3, 1, 7);
    const Array dy = Array::sequence(TN_FLOAT32, c.y, -2, 1, 5);
    for (const char* mode : {"nearest", "linear", "cubic"}) {
      const auto set = [&](Operation op) {
        return op.set("mode", mode)
            .set("coordinate_transformation_mode", c.position)
            .set("antialias", c.antialias);
      };
      const std::vector<double> sizes(c.y.begin(), c.y.end());
      const Array y = result(set(vision("Resize")), {x, Array(), Array(), numbers(sizes)}, c.y);
      const Array dx = result(set(vision("ResizeGrad", "tenon")), {dy}, c.x);
      EXPECT_EQ(dot(dy, y), dot(dx, x)) << mode << " " << c.position << " " << c.antialias;
    }
  }
}

// ---- Convolutions ----

TEST(ConvTranspose, IsTheGradientOfAConvolution) {
  const Dims strides{2, 1}, pads{1, 0, 0, 1}, dilations{1, 2};
  const auto set = [&](Operation op) {
    return op.set("strides", strides).set("pads", pads).set("dilations", dilations).set("group", 2);
  };
  const Array x = uniform({2, 4, 4, 5}, 1), w = uniform({4, 3, 3, 2}, 2);
  const Dims y{2, 6, 8, 6};
  const Array expected =
      result(set(Operation("ConvGradInput", contraction_operators(), "tenon")), {x, w}, y);
  set(vision("ConvTranspose")).expect({x, w}, {expected});
}

TEST(ConvTranspose, HasTheBiasAloneWhereNoWindowReaches) {
  vision("ConvTranspose")
      .set("strides", Dims{3})
      .set("output_padding", Dims{2})
      .expect({floats({1, 1, 2}, {1, 2}), floats({1, 2, 1}, {10, 20}), floats({2}, {1, 2})},
              {floats({1, 2, 6}, {11, 1, 1, 21, 1, 1, 22, 2, 2, 42, 2, 2})});
}

TEST(DeformConv, IsAConvolutionWithoutOffsets) {
  const Array x = uniform({2, 4, 5, 6}, 1), w = uniform({6, 2, 3, 2}, 2), b = uniform({6}, 3);
  const Dims y{2, 6, 3, 6};
  const auto set = [](Operation op) {
    return op.set("strides", Dims{2, 1}).set("pads", Dims{1, 0, 1, 1}).set("group", 2);
  };
  const Array expected = result(set(Operation("Conv", contraction_operators())), {x, w, b}, y);
  const Array zeros(TN_FLOAT32, {2, 2 * 12, 3, 6});
  set(vision("DeformConv")).set("offset_group", 2).expect_near({x, w, zeros, b}, {expected}, 64);
}

TEST(GridSample, OfTheIdentityIsX) {
  const Array x = uniform({1, 3, 4, 5});
  Array grid(TN_FLOAT32, {1, 4, 5, 2});
  for (int64_t i = 0; i < 20; ++i) {
    grid.set(2 * i, static_cast<double>(i % 5) / 2 - 1);
    grid.set(2 * i + 1, static_cast<double>(i / 5) / 1.5 - 1);
  }
  for (const char* mode : {"linear", "nearest", "cubic"})
    vision("GridSample").set("mode", mode).set("align_corners", 1).expect_near({x, grid}, {x}, 16);
}

// Far outside, infinite and NaN: no memory but X's is read.
TEST(GridSample, TakesAnyPosition) {
  const Array x = floats({1, 1, 3}, {1, 2, 3});
  const Array grid = floats({1, 5, 1}, {1e30, -1e30, INFINITY, -INFINITY, NAN});
  const auto sample = [&](const char* padding) {
    return vision("GridSample").set("mode", "nearest").set("padding_mode", padding);
  };
  sample("zeros").expect({x, grid}, {floats({1, 1, 5}, {0, 0, 0, 0, 0})});
  sample("border").expect({x, grid}, {floats({1, 1, 5}, {3, 1, 3, 1, 1})});
  result(sample("reflection"), {x, grid}, {1, 1, 5});
}

// ---- Normalizations and pools ----

TEST(InstanceNormalization, HasAMeanForEachChannelOfEachImage) {
  vision("InstanceNormalization")
      .set("epsilon", 0.0f)
      .expect_near({floats({1, 2, 2}, {1, 3, 10, 30}), floats({2}, {1, 2}), floats({2}, {0, 5})},
                   {floats({1, 2, 2}, {-1, 1, 3, 7})}, 16);
}

TEST(LocalResponse, SumsOverNeighbouringChannels) {
  vision("LRN")
      .set("size", 2)
      .set("alpha", 2.0f)
      .set("beta", 1.0f)
      .set("bias", 1.0f)
      .expect_near({floats({1, 3, 1}, {1, 2, 3})},
                   {floats({1, 3, 1}, {1.0 / 6, 2.0 / 14, 3.0 / 10})}, 16);
}

TEST(LpPool, IsANormOfEachWindow) {
  const Array x = floats({1, 1, 4}, {3, -4, 0, 5});
  const auto pool = [](int p) { return vision("LpPool").set("kernel_shape", Dims{2}).set("p", p); };
  pool(2).expect_near({x}, {floats({1, 1, 3}, {5, 4, 5})}, 16);
  pool(1).expect_near({x}, {floats({1, 1, 3}, {7, 4, 5})}, 16);
  vision("GlobalLpPool").set("p", 1).expect_near({x}, {floats({1, 1, 1}, {12})}, 16);
}

// ---- Rearranged ----

TEST(DepthToSpace, GoesBothWays) {
  const Array x = Array::sequence(TN_INT16, {2, 12, 2, 3});
  for (const char* mode : {"DCR", "CRD"}) {
    const auto set = [&](const char* name) {
      return vision(name).set("blocksize", 2).set("mode", mode);
    };
    const Array y = result(set("DepthToSpace"), {x}, {2, 3, 4, 6}, TN_INT16);
    EXPECT_EQ(y.get(1), std::string(mode) == "DCR" ? 3 * 6 : 6) << "row 0, column 1";
    set("SpaceToDepth").expect({y}, {x});
  }
}

TEST(MaxUnpool, RefusesIndicesOutside) {
  const Operation op = vision("MaxUnpool").set("kernel_shape", Dims{2}).set("strides", Dims{2});
  const Array x = floats({1, 1, 2}, {5, 6});
  op.expect({x, Array(TN_INT64, {1, 1, 2}, {1, 2})}, {floats({1, 1, 4}, {0, 5, 6, 0})});
  for (const double wrong : {-1.0, 4.0})
    op.expect_error({x, Array(TN_INT64, {1, 1, 2}, {0, wrong})}, {Array(TN_FLOAT32, {1, 1, 4})},
                    TN_INVALID_ARGUMENT, "none of 4 elements");
}

TEST(Col2Im, AddsWhatOverlaps) {
  vision("Col2Im").expect({floats({1, 2, 2}, {1, 2, 10, 20}), numbers({3}), numbers({2})},
                          {floats({1, 1, 3}, {1, 12, 20})});
  vision("Col2Im").expect_error({floats({1, 2, 3}, {1, 2, 3, 4, 5, 6}), numbers({3}), numbers({2})},
                                {Array(TN_FLOAT32, {1, 1, 3})}, TN_INVALID_ARGUMENT,
                                "has 2 blocks");
}

// ---- Regions ----

TEST(RoiAlign, RefusesImagesThatAreNotThere) {
  const Array x = uniform({2, 1, 4, 4}), rois = floats({1, 4}, {0, 0, 2, 2});
  for (const double wrong : {-1.0, 2.0})
    vision("RoiAlign")
        .expect_error({x, rois, numbers({wrong})}, {Array(TN_FLOAT32, {1, 1, 1, 1})},
                      TN_INVALID_ARGUMENT, "none of 2 images");
  vision("RoiAlign")
      .expect_error({x, floats({1, 4}, {0, 0, 1e30, 1}), numbers({0})},
                    {Array(TN_FLOAT32, {1, 1, 1, 1})}, TN_INVALID_ARGUMENT, "samples");
}

TEST(MaxRoiPool, TakesWholePixels) {
  const Array x = Array::sequence(TN_FLOAT32, {1, 1, 4, 4});
  vision("MaxRoiPool")
      .set("pooled_shape", Dims{2, 2})
      .expect({x, floats({1, 5}, {0, 0, 0, 2, 2})}, {floats({1, 1, 2, 2}, {5, 6, 9, 10})});
}

TEST(NonMaxSuppression, SelectsAndSaysHowMany) {
  const Array boxes = floats({1, 3, 4}, {0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 5, 1, 6});
  const Array scores = floats({1, 1, 3}, {0.5, 0.9, 0.7});
  const std::vector<Array> inputs{boxes, scores, numbers({3}), scales({0.5})};
  std::vector<Array> outputs{Array(TN_INT64, {3, 3})};
  const std::vector<Dims> actual = vision("NonMaxSuppression").run(inputs, outputs);
  EXPECT_EQ(actual[0], (Dims{2, 3}));
  EXPECT_EQ(outputs[0].get(2), 1);
  EXPECT_EQ(outputs[0].get(5), 2);
  vision("NonMaxSuppression")
      .expect_error(inputs, {Array(TN_INT64, {1, 3})}, TN_INVALID_ARGUMENT,
                    "the output is too small");
}

}  // namespace
}  // namespace tenon::cpu::testing

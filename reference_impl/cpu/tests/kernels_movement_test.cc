// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/tests/kernel_harness.h"

namespace tenon::cpu {
namespace {

using namespace tenon::cpu::testing;

constexpr double kNaN = NAN;

Operation op(const char* name, const char* domain = "") {
  return Operation(name, movement_operators(), domain);
}

Array ints(Dims dims, const std::vector<int64_t>& values) {
  return Array::of<int64_t>(TN_INT64, std::move(dims), values);
}

Dims coordinates(const Dims& dims, int64_t index) {
  Dims at(dims.size());
  for (size_t d = dims.size(); d-- > 0; index /= dims[d]) at[d] = index % dims[d];
  return at;
}

double value_at(const Array& a, const Dims& at) {
  int64_t index = 0;
  for (size_t d = 0; d < at.size(); ++d) index = index * a.dims()[d] + at[d];
  return a.get(index);
}

// Each element of the output from its coordinates.
Array build(tn_dtype dtype, const Dims& dims, const std::function<double(const Dims&)>& f) {
  Array a(dtype, dims);
  for (int64_t i = 0; i < a.count(); ++i) a.set(i, f(coordinates(dims, i)));
  return a;
}

constexpr tn_dtype kTypes[] = {TN_FLOAT32, TN_FLOAT16, TN_INT8, TN_INT64, TN_BOOL};

Array sample(tn_dtype dtype, const Dims& dims) {
  return Array::sequence(dtype, dims, 0, 1, dtype == TN_BOOL ? 2 : 113);
}

TEST(Concat, Joins) {
  for (tn_dtype dtype : kTypes) {
    const Array a = sample(dtype, {2, 3, 4}), b = sample(dtype, {2, 1, 4}),
                c = sample(dtype, {2, 0, 4});
    op("Concat").set("axis", -2).expect({a, b, c, a}, {build(dtype, {2, 7, 4}, [&](const Dims& i) {
                                          if (i[1] < 3) return value_at(a, i);
                                          if (i[1] < 4) return value_at(b, {i[0], 0, i[2]});
                                          return value_at(a, {i[0], i[1] - 4, i[2]});
                                        })});
  }
  const Array a(TN_INT32, {2, 2});
  op("Concat").set("axis", 0).expect_error({a, Array(TN_INT32, {2, 3})}, {Array(TN_INT32, {4, 2})},
                                           TN_INVALID_ARGUMENT, "[2, 3]");
  op("Concat").set("axis", 0).expect_error({a, a}, {Array(TN_INT32, {5, 2})}, TN_INVALID_ARGUMENT,
                                           "4");
}

TEST(Gather, TakesBlocks) {
  for (tn_dtype dtype : kTypes)
    for (int64_t axis : {0, 1, 2}) {
      const Array data = sample(dtype, {4, 5, 6});
      const Array at = ints({2, 3}, {0, -1, 3, 2, 2, -4});
      Dims dims;
      for (int64_t d = 0; d < 3; ++d) {
        if (d == axis)
          dims.insert(dims.end(), {2, 3});
        else
          dims.push_back(data.dims()[d]);
      }
      const Array expected = build(dtype, dims, [&](const Dims& i) {
        Dims from(i.begin(), i.begin() + axis);
        const int64_t index = int64_t(value_at(at, {i[axis], i[axis + 1]}));
        from.push_back(index < 0 ? index + data.dims()[axis] : index);
        from.insert(from.end(), i.begin() + axis + 2, i.end());
        return value_at(data, from);
      });
      op("Gather").set("axis", axis).expect({data, at}, {expected});
    }
  const Array data = sample(TN_FLOAT32, {3, 2});
  op("Gather").expect({data, Array::scalar(TN_INT32, 1)}, {Array(TN_FLOAT32, {2}, {2, 3})});
  op("Gather").expect({data, ints({0}, {})}, {Array(TN_FLOAT32, {0, 2})});
  op("Gather").expect_error({data, ints({1}, {3})}, {Array(TN_FLOAT32, {1, 2})},
                            TN_INVALID_ARGUMENT, "Gather: index 3 is out of range [-3, 2]");
  op("Gather").expect_error({data, ints({1}, {-4})}, {Array(TN_FLOAT32, {1, 2})},
                            TN_INVALID_ARGUMENT, "index -4");
  op("Gather").expect_error({data, ints({1}, {0})}, {Array(TN_FLOAT32, {2})}, TN_INVALID_ARGUMENT,
                            "[1, 2]");
  op("Gather").expect_error({data, Array(TN_FLOAT32, {1})}, {Array(TN_FLOAT32, {1, 2})},
                            TN_UNSUPPORTED);
}

TEST(Gather, TakesElements) {
  for (tn_dtype dtype : kTypes)
    for (int64_t axis : {0, 1}) {
      const Array data = sample(dtype, {4, 5});
      const Array at = build(TN_INT32, axis ? Dims{3, 7} : Dims{7, 3},
                             [](const Dims& i) { return double((i[0] * 3 + i[1] * 5) % 8 - 4); });
      op("GatherElements")
          .set("axis", axis)
          .expect({data, at}, {build(dtype, at.dims(), [&](const Dims& i) {
                    Dims from = i;
                    from[axis] = int64_t(value_at(at, i));
                    if (from[axis] < 0) from[axis] += data.dims()[axis];
                    return value_at(data, from);
                  })});
    }
  op("GatherElements")
      .expect_error({sample(TN_INT8, {2}), ints({1}, {2})}, {sample(TN_INT8, {1})},
                    TN_INVALID_ARGUMENT, "GatherElements: index 2");
}

TEST(Gather, TakesPlaces) {
  const Array data = sample(TN_FLOAT32, {3, 4, 5});
  op("GatherND")
      .expect({data, ints({2, 2}, {0, 1, -1, 3})}, {build(TN_FLOAT32, {2, 5}, [&](const Dims& i) {
                return i[0] == 0 ? value_at(data, {0, 1, i[1]}) : value_at(data, {2, 3, i[1]});
              })});
  op("GatherND")
      .set("batch_dims", 1)
      .expect({data, ints({3, 1}, {1, 2, 0})}, {build(TN_FLOAT32, {3, 5}, [&](const Dims& i) {
                return value_at(data, {i[0], (i[0] + 1) % 3, i[1]});
              })});
  op("GatherND").expect({data, ints({3}, {1, 2, 3})}, {Array(TN_FLOAT32, {}, {33})});
  op("GatherND")
      .expect_error({data, ints({1, 1}, {9})}, {Array(TN_FLOAT32, {1, 4, 5})}, TN_INVALID_ARGUMENT,
                    "index 9");
  op("GatherND")
      .expect_error({data, ints({1, 4}, {0, 0, 0, 0})}, {Array(TN_FLOAT32, {1})},
                    TN_INVALID_ARGUMENT, "[1, 4]");
}

double combine(const std::string& reduction, double old, double update) {
  if (reduction == "add") return old + update;
  if (reduction == "mul") return old * update;
  if (reduction == "max") return std::max(old, update);
  if (reduction == "min") return std::min(old, update);
  return update;
}

int64_t offset_of(const Array& a, const Dims& at) {
  int64_t index = 0;
  for (size_t d = 0; d < at.size(); ++d) index = index * a.dims()[d] + at[d];
  return index;
}

TEST(Scatter, PutsElements) {
  for (const char* reduction : {"none", "add", "mul", "max", "min"})
    for (tn_dtype dtype : {TN_FLOAT32, TN_FLOAT16, TN_INT32, TN_UINT8})
      for (int64_t axis : {0, 1}) {
        const Array data = Array::sequence(dtype, {5, 6}, 1, 1, 3);
        const Array updates = Array::sequence(dtype, {4, 5}, 1, 1, 2);
        const Array at = build(TN_INT64, {4, 5}, [](const Dims& i) {
          return double((i[0] * i[1]) % 5 - (i[1] == 2 ? 5 : 0));
        });
        Array expected = data;
        for (int64_t i = 0; i < at.count(); ++i) {
          Dims to = coordinates(at.dims(), i);
          to[axis] = int64_t(at.get(i));
          if (to[axis] < 0) to[axis] += data.dims()[axis];
          const int64_t k = offset_of(data, to);
          expected.set(k, combine(reduction, expected.get(k), updates.get(i)));
        }
        SCOPED_TRACE(reduction);
        Operation o = op("ScatterElements").set("axis", axis).set("reduction", reduction);
        o.expect({data, at, updates}, {expected});
        o.in_place(0).expect({data, at, updates}, {expected});
      }
  const Array data(TN_FLOAT32, {3});
  op("ScatterElements")
      .expect_error({data, ints({1}, {3}), Array(TN_FLOAT32, {1})}, {data}, TN_INVALID_ARGUMENT,
                    "index 3 is out of range [-3, 2]");
  op("ScatterElements").expect({data, ints({0}, {}), Array(TN_FLOAT32, {0})}, {data});
  op("ScatterElements")
      .expect({Array(TN_BOOL, {2}), ints({1}, {1}), Array(TN_BOOL, {1}, {1})},
              {Array(TN_BOOL, {2}, {0, 1})});
  op("ScatterElements")
      .set("reduction", "sum")
      .expect_error({data, ints({0}, {}), Array(TN_FLOAT32, {0})}, {data}, TN_INVALID_ARGUMENT,
                    "sum");
}

TEST(Scatter, SumsHalvesInFloat) {
  // Added one by one in float16, 2048 + 1 stays 2048.
  const Array data(TN_FLOAT16, {1}, {2048}), ones = Array::sequence(TN_FLOAT16, {8}, 1, 0);
  const Array sum(TN_FLOAT16, {1}, {2056});
  op("ScatterElements")
      .set("reduction", "add")
      .expect({data, ints({8}, {0, 0, 0, 0, 0, 0, 0, 0}), ones}, {sum});
  op("IndexAdd", "tenon").expect({data, ints({8}, {0, 0, 0, 0, 0, 0, 0, 0}), ones}, {sum});
}

TEST(Scatter, PutsBlocks) {
  for (const char* reduction : {"none", "add", "mul", "max", "min"})
    for (tn_dtype dtype : {TN_FLOAT32, TN_BFLOAT16, TN_INT64}) {
      const Array data = Array::sequence(dtype, {3, 4, 5}, 1, 1, 4);
      const Array at = ints({2, 2, 2}, {0, 1, 2, -1, 0, 1, 1, 1});
      const Array updates = Array::sequence(dtype, {2, 2, 5}, 1, 1, 3);
      Array expected = data;
      for (int64_t row = 0; row < 4; ++row)
        for (int64_t j = 0; j < 5; ++j) {
          const int64_t second = int64_t(at.get(row * 2 + 1));
          const int64_t k = (int64_t(at.get(row * 2)) * 4 + (second + 4) % 4) * 5 + j;
          expected.set(k, combine(reduction, expected.get(k), updates.get(row * 5 + j)));
        }
      SCOPED_TRACE(reduction);
      op("ScatterND").set("reduction", reduction).expect({data, at, updates}, {expected});
    }
  const Array data(TN_FLOAT32, {2, 2});
  op("ScatterND")
      .expect_error({data, ints({1, 1}, {2}), Array(TN_FLOAT32, {1, 2})}, {data},
                    TN_INVALID_ARGUMENT, "ScatterND: index 2");
  op("ScatterND")
      .expect_error({data, ints({1, 1}, {0}), Array(TN_FLOAT32, {1, 3})}, {data},
                    TN_INVALID_ARGUMENT, "[1, 3]");
}

TEST(Scatter, AddsAlongAnAxis) {
  for (tn_dtype dtype : {TN_FLOAT32, TN_FLOAT16, TN_INT32})
    for (int64_t axis : {0, 1}) {
      const Array data = Array::sequence(dtype, {4, 200}, 0, 1, 7);
      const Array at = ints({3}, {1, -1, 1});
      const Dims dims = axis ? Dims{4, 3} : Dims{3, 200};
      const Array updates = Array::sequence(dtype, dims, 1, 1, 5);
      Array expected = data;
      for (int64_t i = 0; i < updates.count(); ++i) {
        Dims to = coordinates(dims, i);
        const int64_t index = int64_t(at.get(to[axis]));
        to[axis] = index < 0 ? index + data.dims()[axis] : index;
        const int64_t k = offset_of(data, to);
        expected.set(k, expected.get(k) + 3 * updates.get(i));
      }
      Operation o = op("IndexAdd", "tenon").set("axis", axis);
      o.expect({data, at, updates, Array::scalar(dtype, 3)}, {expected});
      o.in_place(0).expect({data, at, updates, Array::scalar(dtype, 3)}, {expected});
    }
  op("IndexAdd", "tenon")
      .expect({Array(TN_INT8, {1}, {100}), ints({1}, {0}), Array(TN_INT8, {1}, {-100}),
               Array::scalar(TN_INT8, -1)},
              {Array(TN_INT8, {1}, {-56})});
  op("IndexAdd", "tenon")
      .expect_error({Array(TN_INT8, {1}), ints({1}, {5}), Array(TN_INT8, {1})},
                    {Array(TN_INT8, {1})}, TN_INVALID_ARGUMENT, "index 5");
}

TEST(Scatter, AddsRowsOfAnEmbedding) {
  for (tn_dtype dtype : {TN_FLOAT32, TN_FLOAT64, TN_BFLOAT16}) {
    const Array dy = Array::sequence(dtype, {2, 3, 70}, 0, 1, 6);
    const Array at = ints({2, 3}, {4, 0, 4, 2, 2, 4});
    for (int64_t padding : {-1, 2}) {
      Array dw(dtype, {6, 70});
      for (int64_t row = 0; row < 6; ++row)
        for (int64_t j = 0; j < 70; ++j) {
          const int64_t k = int64_t(at.get(row));
          if (k != padding) dw.set(k * 70 + j, dw.get(k * 70 + j) + dy.get(row * 70 + j));
        }
      op("EmbeddingGrad", "tenon").set("padding_idx", padding).expect({dy, at}, {dw});
    }
  }
  op("EmbeddingGrad", "tenon")
      .expect_error({Array(TN_FLOAT32, {1, 2}), ints({1}, {3})}, {Array(TN_FLOAT32, {3, 2})},
                    TN_INVALID_ARGUMENT, "index 3");
  op("EmbeddingGrad", "tenon")
      .expect({Array(TN_FLOAT32, {0, 2}), ints({0}, {})}, {Array(TN_FLOAT32, {3, 2})});
}

TEST(Pad, FillsTheBorders) {
  for (tn_dtype dtype : kTypes) {
    const Array x = sample(dtype, {3, 4});
    const auto source = [](const std::string& mode, int64_t i, int64_t n) -> int64_t {
      while (i < 0 || i >= n) {
        if (mode == "edge") i = i < 0 ? 0 : n - 1;
        if (mode == "wrap") i += i < 0 ? n : -n;
        if (mode == "reflect") i = i < 0 ? -i : 2 * (n - 1) - i;
      }
      return i;
    };
    for (const char* mode : {"reflect", "edge", "wrap"})
      op("Pad")
          .set("mode", mode)
          .expect({x, ints({4}, {2, 5, 1, -1})}, {build(dtype, {6, 8}, [&](const Dims& i) {
                    return value_at(x, {source(mode, i[0] - 2, 3), source(mode, i[1] - 5, 4)});
                  })});
    op("Pad").expect({x, ints({4}, {-1, 2, 3, 0}), Array::scalar(dtype, 1)},
                     {build(dtype, {5, 6}, [&](const Dims& i) {
                       return i[0] < 2 && i[1] >= 2 ? value_at(x, {i[0] + 1, i[1] - 2}) : 1;
                     })});
    op("Pad").expect(
        {x, ints({2}, {0, 1}), Array(), ints({1}, {-1})},
        {build(dtype, {3, 5}, [&](const Dims& i) { return i[1] < 4 ? value_at(x, i) : 0; })});
  }
  const Array x(TN_FLOAT32, {2}), none(TN_FLOAT32, {0});
  op("Pad").expect({none, ints({2}, {1, 1})}, {x});
  op("Pad").expect({Array(TN_FLOAT32, {2}, {1, 2}), ints({2}, {-3, 2})}, {Array(TN_FLOAT32, {1})});
  op("Pad").set("mode", "edge").expect_error({none, ints({2}, {1, 1})}, {x}, TN_INVALID_ARGUMENT);
  op("Pad").expect_error({x, ints({2}, {1, 1})}, {x}, TN_INVALID_ARGUMENT, "[4]");
  op("Pad").expect_error({x, ints({1}, {1})}, {x}, TN_INVALID_ARGUMENT, "1 pads");
  // Sums that wrap fit nothing; an axis that is named twice has two sums.
  op("Pad").expect_error({x, ints({2}, {INT64_MAX, INT64_MAX})}, {x}, TN_INVALID_ARGUMENT);
  op("Pad").expect_error({Array(TN_FLOAT32, {2, 2}), ints({4}, {1, -1, 0, 0}),
                          Array::scalar(TN_FLOAT32, 0), ints({2}, {0, -2})},
                         {Array(TN_FLOAT32, {2, 2})}, TN_INVALID_ARGUMENT, "twice");
}

TEST(Tile, Repeats) {
  for (tn_dtype dtype : kTypes) {
    const Array x = sample(dtype, {2, 1, 3});
    op("Tile").expect({x, ints({3}, {2, 4, 3})}, {build(dtype, {4, 4, 9}, [&](const Dims& i) {
                        return value_at(x, {i[0] % 2, 0, i[2] % 3});
                      })});
  }
  const Array x = sample(TN_INT32, {2});
  op("Tile").expect({x, ints({1}, {1})}, {x});
  op("Tile").expect({x, ints({1}, {0})}, {Array(TN_INT32, {0})});
  op("Tile").expect({sample(TN_INT32, {}), ints({0}, {})}, {sample(TN_INT32, {})});
  op("Tile").expect_error({x, ints({1}, {2})}, {x}, TN_INVALID_ARGUMENT, "expected [");
  // A product that wraps to the output's dim is none.
  const Array pair(TN_INT32, {2});
  op("Tile").expect_error({pair, ints({1}, {INT64_MIN + 1})}, {pair}, TN_INVALID_ARGUMENT,
                          "repeat");
  // A view of each dim and its repeats would have 18.
  const std::vector<double> twice(9, 2);
  op("Tile").expect_error({Array(TN_INT32, Dims(9, 2)), Array(TN_INT64, {9}, twice)},
                          {Array(TN_INT32, Dims(9, 4))}, TN_UNSUPPORTED, "repeats together");
}

TEST(Trilu, KeepsATriangle) {
  const Array x = Array::sequence(TN_FLOAT32, {2, 4, 5}, 1);
  for (int upper : {0, 1})
    for (int64_t k : {-9, -4, -1, 0, 2, 5, 77})
      op("Trilu")
          .set("upper", upper)
          .expect({x, Array::scalar(TN_INT64, double(k))},
                  {build(TN_FLOAT32, {2, 4, 5}, [&](const Dims& i) {
                    const bool keep = upper ? i[2] >= i[1] + k : i[2] <= i[1] + k;
                    return keep ? value_at(x, i) : 0;
                  })});
  op("Trilu").expect({Array(TN_INT8, {2, 2}, {1, 2, 3, 4})},
                     {Array(TN_INT8, {2, 2}, {1, 2, 0, 4})});
  op("Trilu").expect({Array(TN_INT8, {0, 2})}, {Array(TN_INT8, {0, 2})});
  op("Trilu").expect_error({Array(TN_INT8, {2})}, {Array(TN_INT8, {2})}, TN_INVALID_ARGUMENT,
                           "matrix");
}

TEST(OneHot, TurnsOne) {
  const Array at(TN_INT64, {2, 2}, {0, 2, -1, 7}), values(TN_FLOAT32, {2}, {-1, 5});
  for (int64_t axis : {-1, 0, 1})
    op("OneHot")
        .set("axis", axis)
        .expect({at, Array::scalar(TN_INT64, 3), values},
                {build(TN_FLOAT32,
                       axis == -1  ? Dims{2, 2, 3}
                       : axis == 0 ? Dims{3, 2, 2}
                                   : Dims{2, 3, 2},
                       [&](const Dims& i) {
                         const int64_t a = axis == -1 ? 2 : axis;
                         Dims from;
                         for (int64_t d = 0; d < 3; ++d)
                           if (d != a) from.push_back(i[d]);
                         const int64_t index = int64_t(value_at(at, from));
                         return (index < 0 ? index + 3 : index) == i[a] ? 5.0 : -1.0;
                       })});
  op("OneHot").expect(
      {Array(TN_UINT8, {}, {1}), Array::scalar(TN_INT32, 2), Array(TN_BOOL, {2}, {0, 1})},
      {Array(TN_BOOL, {2}, {0, 1})});
  op("OneHot").expect_error({at, Array::scalar(TN_INT64, 4), values},
                            {Array(TN_FLOAT32, {2, 2, 3})}, TN_INVALID_ARGUMENT, ", 4]");
}

TEST(Range, Counts) {
  const auto range = [](tn_dtype dtype, double start, double limit, double delta,
                        const Array& expected) {
    op("Range").expect(
        {Array::scalar(dtype, start), Array::scalar(dtype, limit), Array::scalar(dtype, delta)},
        {expected});
  };
  range(TN_INT32, 3, 10, 3, Array(TN_INT32, {3}, {3, 6, 9}));
  range(TN_INT64, 5, 0, -2, Array(TN_INT64, {3}, {5, 3, 1}));
  range(TN_INT16, 5, 5, 1, Array(TN_INT16, {0}));
  range(TN_FLOAT64, 0, 1, 0.25, Array(TN_FLOAT64, {4}, {0, 0.25, 0.5, 0.75}));
  const double tenth = double(0.1f);
  range(TN_FLOAT32, 0, 1, 0.1f,
        build(TN_FLOAT32, {10}, [&](const Dims& i) { return double(i[0]) * tenth; }));
  op("Range").expect(
      {Array::of<int64_t>(TN_INT64, {}, {INT64_MIN}), Array::of<int64_t>(TN_INT64, {}, {INT64_MAX}),
       Array::of<int64_t>(TN_INT64, {}, {INT64_MAX})},
      {Array::of<int64_t>(TN_INT64, {3}, {INT64_MIN, -1, INT64_MAX - 1})});
  const Array one = Array::scalar(TN_INT32, 1), zero = Array::scalar(TN_INT32, 0);
  op("Range").expect_error({zero, one, zero}, {Array(TN_INT32, {1})}, TN_INVALID_ARGUMENT, "delta");
  op("Range").expect_error({zero, one, one}, {Array(TN_INT32, {2})}, TN_INVALID_ARGUMENT,
                           "expected [1]");
  const auto real = [](double value) { return Array::scalar(TN_FLOAT32, value); };
  for (const double bad : {kNaN, double(INFINITY), -double(INFINITY)}) {
    for (size_t i = 0; i < 3; ++i) {
      std::vector<Array> inputs{real(0), real(1), real(1)};
      inputs[i] = real(bad);
      op("Range").expect_error(inputs, {Array(TN_FLOAT32, {0})}, TN_INVALID_ARGUMENT, "finite");
    }
  }
  op("Range").expect_error({ints({2}, {0, 1}), ints({}, {2}), ints({}, {1})},
                           {Array(TN_INT64, {2})}, TN_INVALID_ARGUMENT, "one number");
  op("Range").expect_error({ints({}, {INT64_MIN}), ints({}, {INT64_MAX}), ints({}, {1})},
                           {Array(TN_INT64, {0})}, TN_INVALID_ARGUMENT, "too many");
}

TEST(NonZero, Finds) {
  for (tn_dtype dtype : {TN_FLOAT32, TN_BOOL, TN_INT64, TN_FLOAT16})
    for (uint32_t way : {0u, 1u, 2u}) {
      Array x(dtype, {2, 3, 4});
      Dims expected[3];
      for (int64_t i : {0, 5, 11, 12, 23}) {
        x.set(i, 1);
        const Dims at = coordinates(x.dims(), i);
        for (size_t d = 0; d < 3; ++d) expected[d].push_back(at[d]);
      }
      if (way) x = x.scattered(way);
      std::vector<Array> y{way ? Array(TN_INT64, {3, 24}).scattered(way)
                               : Array(TN_INT64, {3, 24})};
      const auto dims = op("NonZero").run({x}, y);
      EXPECT_EQ(dims[0], (Dims{3, 5}));
      for (int64_t d = 0; d < 3; ++d)
        for (int64_t i = 0; i < 5; ++i)
          EXPECT_EQ(y[0].get(d * 24 + i), double(expected[d][size_t(i)]));
    }
  std::vector<Array> none{Array(TN_INT64, {2, 0})};
  EXPECT_EQ(op("NonZero").run({Array(TN_FLOAT32, {0, 3})}, none)[0], (Dims{2, 0}));
  std::vector<Array> scalar{Array(TN_INT64, {0, 1})};
  EXPECT_EQ(op("NonZero").run({Array::scalar(TN_FLOAT32, kNaN)}, scalar)[0], (Dims{0, 1}));
  std::vector<Array> zero{Array(TN_INT64, {1, 2})};
  EXPECT_EQ(op("NonZero").run({Array(TN_FLOAT32, {2}, {-0.0, 0})}, zero)[0], (Dims{1, 0}));
}

TEST(Unique, FindsWhatDiffers) {
  const Array x(TN_FLOAT32, {6}, {2, 1, kNaN, -0.0, 1, 0});
  std::vector<Array> y{Array(TN_FLOAT32, {6}), Array(TN_INT64, {6}), Array(TN_INT64, {6}),
                       Array(TN_INT64, {6})};
  EXPECT_EQ(op("Unique").run({x}, y), (std::vector<Dims>{{4}, {4}, {6}, {4}}));
  const auto expect = [&](size_t output, const std::vector<double>& values) {
    for (size_t i = 0; i < values.size(); ++i) {
      const double found = y[output].get(static_cast<int64_t>(i));
      EXPECT_TRUE(found == values[i] || (std::isnan(found) && std::isnan(values[i])))
          << output << ", " << i << ": " << found;
    }
  };
  expect(0, {0, 1, 2, kNaN});
  expect(1, {3, 1, 0, 2});
  expect(2, {2, 1, 3, 0, 1, 0});
  expect(3, {2, 2, 1, 1});
  op("Unique").set("sorted", 0).run({x}, y);
  expect(0, {2, 1, kNaN, 0});
  expect(1, {0, 1, 2, 3});

  const Array rows(TN_INT32, {4, 2}, {3, 1, 0, 9, 3, 1, 0, 1});
  std::vector<Array> found{Array(TN_INT32, {4, 2})};
  EXPECT_EQ(op("Unique").set("axis", 0).run({rows}, found)[0], (Dims{3, 2}));
  const double expected[] = {0, 1, 0, 9, 3, 1};
  for (int64_t i = 0; i < 6; ++i) EXPECT_EQ(found[0].get(i), expected[i]);
  op("Unique").expect_error({x}, {Array(TN_FLOAT32, {3})}, TN_INVALID_ARGUMENT, "room for 3");
}

TEST(TopK, SortsTheBest) {
  for (tn_dtype dtype : {TN_FLOAT32, TN_FLOAT16, TN_INT32, TN_UINT8})
    for (int64_t axis : {0, 1})
      for (int largest : {0, 1})
        for (int64_t k : {0, 1, 5, 12}) {
          Array x = build(dtype, {12, 12},
                          [](const Dims& i) { return double(i[0] * 7 % 5 + i[1] * 5 % 7); });
          if (kFloatTypes >> dtype & 1) x.set(30, kNaN), x.set(33, kNaN), x.set(66, -INFINITY);
          Dims dims{12, 12};
          dims[axis] = k;
          Array values(dtype, dims), indices(TN_INT64, dims);
          for (int64_t line = 0; line < 12; ++line) {
            std::vector<std::pair<double, int64_t>> all;
            all.reserve(12);
            for (int64_t i = 0; i < 12; ++i)
              all.emplace_back(value_at(x, axis ? Dims{line, i} : Dims{i, line}), i);
            std::stable_sort(all.begin(), all.end(), [&](auto& a, auto& b) {
              const auto key = [](double v) {
                return std::isnan(v) ? std::pair(1, 0.0) : std::pair(0, v);
              };
              return largest ? key(a.first) > key(b.first) : key(a.first) < key(b.first);
            });
            for (int64_t i = 0; i < k; ++i) {
              const int64_t to = offset_of(values, axis ? Dims{line, i} : Dims{i, line});
              values.set(to, all[size_t(i)].first);
              indices.set(to, double(all[size_t(i)].second));
            }
          }
          op("TopK")
              .set("axis", axis)
              .set("largest", largest)
              .expect({x, ints({1}, {k})}, {values, indices});
        }
  const Array x(TN_FLOAT32, {3});
  op("TopK").expect_error({x, ints({1}, {2})}, {x, Array(TN_INT64, {3})}, TN_INVALID_ARGUMENT,
                          "expected [2]");
  op("TopK").expect_error({x, ints({1}, {4})}, {Array(TN_FLOAT32, {4}), Array(TN_INT64, {4})},
                          TN_INVALID_ARGUMENT, "[4]");
}

}  // namespace
}  // namespace tenon::cpu

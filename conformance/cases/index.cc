// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing at indices.
#include <algorithm>
#include <cmath>
#include <string>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

HostTensor random(tn_dtype type, Shape dims, uint32_t seed) {
  return HostTensor::random(type, std::move(dims), -3, 3, seed);
}
// Within [-size, size).
HostTensor indices(Shape dims, int64_t size, tn_dtype dtype = TN_INT64, uint32_t seed = 7) {
  return HostTensor::random(dtype, std::move(dims), static_cast<Real>(-size),
                            static_cast<Real>(size - 1), seed);
}
int64_t wrap(Real index, int64_t size) {
  return static_cast<int64_t>(index) + (index < 0 ? size : 0);
}
size_t axis_of(int64_t axis, const Shape& dims) {
  return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(dims.size()) : axis);
}

constexpr tn_dtype kIndexTypes[] = {TN_INT64, TN_INT32};
std::string typed(const char* label, tn_dtype dtype) {
  return dtype == TN_INT64 ? label : std::string(label) + "_" + dtype_name(dtype);
}

// ---- Gather ----

void add_gather(Cases& cases, const std::string& label, const HostTensor& data, int64_t axis,
                const HostTensor& at) {
  const size_t place = axis_of(axis, data.dims);
  const long a = static_cast<long>(place);
  Shape out(data.dims.begin(), data.dims.begin() + a);
  out.insert(out.end(), at.dims.begin(), at.dims.end());
  out.insert(out.end(), data.dims.begin() + a + 1, data.dims.end());
  HostTensor y(data.dtype, out);
  for_each_index(out, [&](const Shape& i) {
    const auto end = a + static_cast<long>(at.dims.size());
    const Shape where(i.begin() + a, i.begin() + end);
    Shape from(i.begin(), i.begin() + a);
    from.push_back(wrap(at.at(where), data.dims[place]));
    from.insert(from.end(), i.begin() + end, i.end());
    y.at(i) = data.at(from);
  });
  cases.push_back(
      OperatorCase{"", "Gather", label, data.dtype}.in(data).in(at).attribute("axis", axis).out(y));
}

void add_gather_cases(Cases& cases, tn_dtype type) {
  for (const tn_dtype dtype : kIndexTypes) {
    add_gather(cases, typed("rows", dtype), random(type, {5, 6}, 1), 0, indices({4}, 5, dtype));
    add_gather(cases, typed("middle", dtype), random(type, {4, 6, 3}, 1), 1,
               indices({2, 2}, 6, dtype));
  }
  add_gather(cases, "long", random(type, {4099, 2}, 1), 0, indices({33}, 4099));
  add_gather(cases, "many", random(type, {7, 3}, 1), 0, indices({4099}, 7));
  add_gather(cases, "last", random(type, {5, 6}, 1), -1, indices({3}, 6));
  add_gather(cases, "scalar", random(type, {5, 6}, 1), 1,
             HostTensor::scalar(TN_INT64, varied(3, 5)));
  add_gather(cases, "expanded", random(type, {5, 6, 2}, 1).expanded({1}), 0,
             indices({2, 3}, 5).expanded({0}));
  add_gather(cases, "empty", random(type, {5, 6}, 1), 0, HostTensor(TN_INT64, {0}));
  add_gather(cases, "tail", random(type, {9, 17}, 1), 0, indices({65}, 9));
}

// ---- GatherElements, ScatterElements ----

using Combine = Number (*)(const Number&, const Number&);

struct Reduction {
  const char* word;
  Combine combine;
};
const Reduction kReductions[] = {
    {"add", [](const Number& a, const Number& b) { return a + b; }},
    {"mul", [](const Number& a, const Number& b) { return a * b; }},
    {"max", [](const Number& a, const Number& b) { return a.value < b.value ? b : a; }},
    {"min", [](const Number& a, const Number& b) { return b.value < a.value ? b : a; }},
};

void add_gather_elements(Cases& cases, const std::string& label, const HostTensor& data,
                         int64_t axis, const HostTensor& at) {
  const size_t a = axis_of(axis, data.dims);
  HostTensor y(data.dtype, at.dims);
  for_each_index(at.dims, [&](const Shape& i) {
    Shape where = i;
    where[a] = wrap(at.at(i), data.dims[a]);
    y.at(i) = data.at(where);
  });
  cases.push_back(OperatorCase{"", "GatherElements", label, data.dtype}
                      .in(data)
                      .in(at)
                      .attribute("axis", axis)
                      .out(y));
}

struct ScatterOptions {
  const Reduction* reduction = nullptr;
  int32_t alias = 0;
};

void add_scatter_elements(Cases& cases, const std::string& label, const HostTensor& data,
                          int64_t axis, const HostTensor& at, const HostTensor& updates,
                          const ScatterOptions& options = {}) {
  const size_t a = axis_of(axis, data.dims);
  Expected y = data;
  for_each_index(at.dims, [&](const Shape& i) {
    Shape where = i;
    where[a] = wrap(at.at(i), data.dims[a]);
    Number& cell = y.at(where);
    cell = options.reduction != nullptr ? options.reduction->combine(cell, updates.at(i))
                                        : Number(updates.at(i));
  });
  OperatorCase c{"", "ScatterElements", label, data.dtype};
  c.in(data).in(at).in(updates).attribute("axis", axis);
  if (options.reduction != nullptr) c.attribute("reduction", options.reduction->word);
  cases.push_back(c.out(y, options.alias));
}

void add_element_cases(Cases& cases, tn_dtype type) {
  const HostTensor data = random(type, {3, 4}, 1), cube = random(type, {2, 5, 3}, 3);
  // Those of one column differ, so that the order of writing does not matter.
  const HostTensor once(TN_INT64, {2, 4}, {0, 2, -1, 1, 2, 0, 1, -3});
  const HostTensor updates = random(type, {2, 4}, 2), more = random(type, {2, 4, 3}, 4);
  for (const tn_dtype dtype : kIndexTypes) {
    const HostTensor at(dtype, once.dims, once.values);
    add_gather_elements(cases, typed("values", dtype), data, 0, at);
    add_scatter_elements(cases, typed("values", dtype), data, 0, at, updates);
  }
  add_gather_elements(cases, "middle", cube, 1, indices({2, 4, 3}, 5));
  add_gather_elements(cases, "last", cube, -1, indices({2, 5, 7}, 3));
  add_gather_elements(cases, "long", random(type, {4099}, 1), 0, indices({65}, 4099));
  add_gather_elements(cases, "many", random(type, {5}, 1), 0, indices({4099}, 5));
  add_gather_elements(cases, "expanded", cube.expanded({0}), 1,
                      indices({2, 4, 3}, 5).expanded({2}));
  add_gather_elements(cases, "empty", data, 0, HostTensor(TN_INT64, {0, 4}));
  // In a place that is written twice the last wins.
  add_scatter_elements(cases, "duplicates", cube, 1, indices({2, 4, 3}, 5), more);
  if (takes("", "Add", type)) {
    for (const Reduction& reduction : kReductions) {
      add_scatter_elements(cases, reduction.word, cube, 1, indices({2, 4, 3}, 5), more,
                           {.reduction = &reduction});
    }
  }
  add_scatter_elements(cases, "in_place", data, 0, once, updates, {.alias = 1});
  add_scatter_elements(cases, "last", cube, -1, HostTensor(TN_INT64, {2, 5, 1}, Values(10, 2)),
                       random(type, {2, 5, 1}, 5));
  add_scatter_elements(cases, "long", random(type, {4099}, 1), 0,
                       HostTensor(TN_INT64, {3}, {4098, 0, -17}), random(type, {3}, 2));
  add_scatter_elements(cases, "expanded", data.expanded({0}), 0, once, updates.expanded({1}));
  add_scatter_elements(cases, "nothing", data, 0, HostTensor(TN_INT64, {0, 4}),
                       HostTensor(type, {0, 4}));
}

// ---- GatherND, ScatterND ----

// The place in `data` that the row of indices at `i` names, behind `batch` dims of i.
Shape place_of(const HostTensor& at, const Shape& i, const Shape& data, size_t batch) {
  Shape place(i.begin(), i.begin() + static_cast<long>(batch));
  Shape index(i.begin(), i.begin() + static_cast<long>(at.dims.size() - 1));
  index.push_back(0);
  for (int64_t k = 0; k < at.dims.back(); ++k) {
    index.back() = k;
    place.push_back(wrap(at.at(index), data[batch + static_cast<size_t>(k)]));
  }
  place.insert(place.end(), i.begin() + static_cast<long>(at.dims.size() - 1), i.end());
  return place;
}

Shape rows_of(const HostTensor& at, const Shape& data, size_t batch) {
  Shape dims(at.dims.begin(), at.dims.end() - 1);
  dims.insert(dims.end(), data.begin() + static_cast<long>(batch) + at.dims.back(), data.end());
  return dims;
}

void add_gather_nd(Cases& cases, const char* label, const HostTensor& data, const HostTensor& at,
                   int64_t batch) {
  const auto skip = static_cast<size_t>(batch);
  HostTensor y(data.dtype, rows_of(at, data.dims, skip));
  for_each_index(y.dims,
                 [&](const Shape& i) { y.at(i) = data.at(place_of(at, i, data.dims, skip)); });
  OperatorCase c{"", "GatherND", label, data.dtype};
  c.in(data).in(at);
  if (batch != 0) c.attribute("batch_dims", batch);
  cases.push_back(c.out(y));
}

void add_scatter_nd(Cases& cases, const char* label, const HostTensor& data, const HostTensor& at,
                    const Reduction* reduction = nullptr) {
  const HostTensor updates = random(data.dtype, rows_of(at, data.dims, 0), 2);
  Expected y = data;
  for_each_index(updates.dims, [&](const Shape& i) {
    Number& cell = y.at(place_of(at, i, data.dims, 0));
    cell = reduction != nullptr ? reduction->combine(cell, updates.at(i)) : Number(updates.at(i));
  });
  OperatorCase c{"", "ScatterND", label, data.dtype};
  c.in(data).in(at).in(updates);
  if (reduction != nullptr) c.attribute("reduction", reduction->word);
  cases.push_back(c.out(y));
}

void add_nd_cases(Cases& cases, tn_dtype type) {
  const HostTensor data = random(type, {3, 4, 5}, 1);
  const HostTensor at(TN_INT64, {2, 2}, {0, 3, 2, -1}), thrice(TN_INT64, {4, 1}, {2, 0, -1, 2});
  add_gather_nd(cases, "values", data, at, 0);
  add_gather_nd(cases, "elements", data, indices({2, 3, 3}, 3), 0);
  add_gather_nd(cases, "batch", data, indices({3, 2, 1}, 4), 1);
  add_gather_nd(cases, "batches", data, indices({3, 4, 1}, 5), 2);
  add_gather_nd(cases, "long", random(type, {4099, 2}, 1), indices({17, 1}, 4099), 0);
  add_gather_nd(cases, "many", data, indices({4099, 2}, 3), 0);
  add_gather_nd(cases, "empty", data, HostTensor(TN_INT64, {0, 2}), 0);
  add_gather_nd(cases, "expanded", data.expanded({1}), at.expanded({0}), 0);
  add_scatter_nd(cases, "values", data, at);
  add_scatter_nd(cases, "rows", data, HostTensor(TN_INT64, {2, 1}, {2, -3}));
  if (takes("", "Add", type)) {
    for (const Reduction& reduction : kReductions) {
      add_scatter_nd(cases, reduction.word, data, thrice, &reduction);
    }
  }
  add_scatter_nd(cases, "long", random(type, {4099}, 1),
                 HostTensor(TN_INT64, {3, 1}, {4098, 1, -9}));
  add_scatter_nd(cases, "expanded", data.expanded({2}), at);
  add_scatter_nd(cases, "nothing", data, HostTensor(TN_INT64, {0, 2}));
}

// ---- Sums at indices ----

struct IndexAddOptions {
  bool scaled = true;
  int32_t alias = 0;
};

void add_index_add(Cases& cases, const std::string& label, const HostTensor& data, int64_t axis,
                   const HostTensor& at, const IndexAddOptions& options = {}) {
  const size_t a = axis_of(axis, data.dims);
  const tn_dtype type = data.dtype;
  const Real alpha = is_integer(type) ? varied(2, 3) : varied(0.5, -1.5);
  Shape dims = data.dims;
  dims[a] = at.dims[0];
  const HostTensor updates = random(type, dims, 2);
  Expected y = data;
  for_each_index(dims, [&](const Shape& i) {
    Shape where = i;
    where[a] = wrap(at.at({i[a]}), data.dims[a]);
    Number& sum = y.at(where);
    const Number update = updates.at(i);
    sum = sum + (options.scaled ? Number(alpha) * update : update);
  });
  OperatorCase c{"tenon", "IndexAdd", label, type};
  c.in(data).in(at).in(updates);
  if (options.scaled) c.host(HostTensor::scalar(type, alpha));
  cases.push_back(c.attribute("axis", axis).out(y, options.alias));
}

void add_index_add_cases(Cases& cases, tn_dtype type) {
  const HostTensor data = random(type, {4, 3}, 1), cube = random(type, {2, 5, 3}, 1);
  for (const tn_dtype dtype : kIndexTypes) {
    add_index_add(cases, typed("values", dtype), data, 0, indices({5}, 4, dtype));
    add_index_add(cases, typed("middle", dtype), cube, 1, indices({4}, 5, dtype));
  }
  add_index_add(cases, "last", cube, -1, indices({2}, 3));
  add_index_add(cases, "no_alpha", data, 0, indices({3}, 4), {.scaled = false});
  add_index_add(cases, "in_place", data, 0, indices({3}, 4), {.alias = 1});
  add_index_add(cases, "long", random(type, {4099}, 1), 0, indices({17}, 4099));
  add_index_add(cases, "expanded", cube.expanded({0}), 1, indices({4}, 5));
  add_index_add(cases, "nothing", data, 0, HostTensor(TN_INT64, {0}));
}

void add_embedding_grad(Cases& cases, const std::string& label, const HostTensor& dy,
                        const HostTensor& words, int64_t vocabulary, int64_t padding) {
  Expected dw(dy.dtype, {vocabulary, dy.dims.back()});
  for_each_index(dy.dims, [&](const Shape& i) {
    const Shape where(i.begin(), i.end() - 1);
    const int64_t word = wrap(words.at(where), vocabulary);
    if (padding >= 0 && word == padding) return;
    Number& sum = dw.at({word, i.back()});
    sum = sum + dy.at(i);
  });
  OperatorCase c{"tenon", "EmbeddingGrad", label, dy.dtype};
  c.in(dy).in(words);
  if (padding >= 0) c.attribute("padding_idx", padding);
  cases.push_back(c.out(dw));
}

void add_embedding_grad_cases(Cases& cases, tn_dtype type) {
  const auto words = [](Shape dims, int64_t size, tn_dtype dtype = TN_INT64) {
    return HostTensor::random(dtype, std::move(dims), 0, static_cast<Real>(size - 1), 3);
  };
  for (const tn_dtype dtype : kIndexTypes) {
    add_embedding_grad(cases, typed("padding", dtype), random(type, {9, 3}, 3),
                       words({9}, 5, dtype), 5, 0);
    add_embedding_grad(cases, typed("batch", dtype), random(type, {2, 4, 3}, 3),
                       words({2, 4}, 5, dtype), 5, -1);
  }
  add_embedding_grad(cases, "long", random(type, {17, 2}, 3), words({17}, 4099), 4099, -1);
  add_embedding_grad(cases, "wide", random(type, {3, 4099}, 3), words({3}, 4), 4, -1);
  add_embedding_grad(cases, "expanded", random(type, {6, 3}, 3).expanded({0}), words({6}, 5), 5,
                     -1);
  add_embedding_grad(cases, "nothing", HostTensor(type, {0, 3}), HostTensor(TN_INT64, {0}), 5, -1);
}

}  // namespace

void add_index_cases(Cases& cases, tn_dtype type) {
  if (tn_dtype_bits(type) < 8) return;
  if (takes("", "Gather", type)) add_gather_cases(cases, type);
  if (takes("", "ScatterElements", type)) add_element_cases(cases, type);
  if (takes("", "GatherND", type)) add_nd_cases(cases, type);
  if (takes("tenon", "IndexAdd", type)) add_index_add_cases(cases, type);
  if (takes("tenon", "EmbeddingGrad", type)) add_embedding_grad_cases(cases, type);
}

}  // namespace tenon::conformance

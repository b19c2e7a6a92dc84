// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing at indices.
#include "suite/case.h"

namespace tenon::conformance {
namespace {

HostTensor random(tn_dtype type, Shape dims, uint32_t seed) {
  return HostTensor::random(type, std::move(dims), -3, 3, seed);
}
HostTensor indices(Shape dims, Values values, tn_dtype dtype = TN_INT64) {
  return HostTensor(dtype, std::move(dims), std::move(values));
}
int64_t wrap(Real index, int64_t size) {
  return static_cast<int64_t>(index) + (index < 0 ? size : 0);
}

void add_gather(Cases& cases, const char* label, tn_dtype type, const Shape& dims, int64_t axis,
                const HostTensor& at) {
  const HostTensor data = random(type, dims, 1);
  const long a = static_cast<long>(axis);
  Shape out(dims.begin(), dims.begin() + a);
  out.insert(out.end(), at.dims.begin(), at.dims.end());
  out.insert(out.end(), dims.begin() + a + 1, dims.end());
  HostTensor y(type, out);
  for_each_index(out, [&](const Shape& i) {
    const Shape where(i.begin() + a, i.begin() + a + static_cast<long>(at.dims.size()));
    Shape from(i.begin(), i.begin() + a);
    from.push_back(wrap(at.at(where), dims[static_cast<size_t>(axis)]));
    from.insert(from.end(), i.begin() + a + static_cast<long>(at.dims.size()), i.end());
    y.at(i) = data.at(from);
  });
  cases.push_back(
      OperatorCase{"", "Gather", label, type}.in(data).in(at).attribute("axis", axis).out(y));
}

void add_elements(Cases& cases, tn_dtype type) {
  const HostTensor data = random(type, {3, 4}, 1), updates = random(type, {2, 4}, 2);
  const HostTensor at = indices({2, 4}, {0, 2, -1, 1, 2, 0, 1, -3});
  HostTensor gathered(type, {2, 4}), scattered = data;
  Expected added = data;
  for_each_index(at.dims, [&](const Shape& i) {
    const Shape where{wrap(at.at(i), 3), i[1]};
    gathered.at(i) = data.at(where);
    scattered.at(where) = updates.at(i);
    added.at(where) = added.at(where) + updates.at(i);
  });
  cases.push_back(OperatorCase{"", "GatherElements", "values", type}.in(data).in(at).out(gathered));
  const auto scatter = [&](const char* label, const Expected& out, int32_t alias) {
    OperatorCase c{"", "ScatterElements", label, type};
    c.in(data).in(at).in(updates);
    return c.out(out, alias);
  };
  cases.push_back(scatter("values", scattered, 0));
  cases.push_back(scatter("in_place", scattered, 1));
  cases.push_back(scatter("add", added, 0).attribute("reduction", "add"));
}

void add_nd(Cases& cases, tn_dtype type) {
  const HostTensor data = random(type, {3, 4, 5}, 1), updates = random(type, {2, 5}, 2);
  const HostTensor at = indices({2, 2}, {0, 3, 2, -1});
  HostTensor gathered(type, {2, 5}), scattered = data;
  for_each_index(gathered.dims, [&](const Shape& i) {
    const Shape where{wrap(at.at({i[0], 0}), 3), wrap(at.at({i[0], 1}), 4), i[1]};
    gathered.at(i) = data.at(where);
    scattered.at(where) = updates.at(i);
  });
  cases.push_back(OperatorCase{"", "GatherND", "values", type}.in(data).in(at).out(gathered));
  cases.push_back(
      OperatorCase{"", "ScatterND", "values", type}.in(data).in(at).in(updates).out(scattered));
}

}  // namespace

void add_index_cases(Cases& cases, tn_dtype type) {
  add_gather(cases, "rows", type, {5, 6}, 0, indices({3}, {4, 0, 2}));
  add_gather(cases, "negative", type, {5, 6}, 0, indices({2}, {-1, -5}));
  add_gather(cases, "int32", type, {4, 6, 3}, 1, indices({2, 2}, {5, 1, 0, 3}, TN_INT32));
  add_gather(cases, "scalar", type, {5, 6}, 1, indices({}, {3}));
  add_elements(cases, type);
  add_nd(cases, type);

  const HostTensor data = random(type, {4, 3}, 1), updates = random(type, {3, 3}, 2);
  const HostTensor at = indices({3}, {1, 3, 1});
  Expected added = data;
  for_each_index(updates.dims, [&](const Shape& i) {
    Number& sum = added.at({wrap(at.at({i[0]}), 4), i[1]});
    sum = sum + Number(0.5) * updates.at(i);
  });
  cases.push_back(OperatorCase{"tenon", "IndexAdd", "values", type}
                      .in(data)
                      .in(at)
                      .in(updates)
                      .host(HostTensor::scalar(type, 0.5))
                      .out(added));

  const HostTensor dy = random(type, {4, 3}, 3);
  const HostTensor words = indices({4}, {2, 0, 2, 1});
  Expected dw(type, {5, 3});
  for_each_index(dy.dims, [&](const Shape& i) {
    if (words.at({i[0]}) == 0) return;
    Number& sum = dw.at({wrap(words.at({i[0]}), 5), i[1]});
    sum = sum + dy.at(i);
  });
  cases.push_back(OperatorCase{"tenon", "EmbeddingGrad", "padding", type}
                      .in(dy)
                      .in(words)
                      .attribute("padding_idx", int64_t{0})
                      .out(dw));
}

}  // namespace tenon::conformance

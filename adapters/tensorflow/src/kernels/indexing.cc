// SPDX-License-Identifier: Apache-2.0
//
// Gather and scatter. An index out of range fails the work; TensorFlow's GPU kernels leave zeros.
#include "kernels/pattern.h"
#include "kernels/variables.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

Dims part(const Dims& dims, int32_t first, int32_t last) {
  Dims result;
  for (int32_t i = first; i < last; ++i) result.push_back(dims[i]);
  return result;
}

Dims joined(Dims a, const Dims& b) {
  for (int64_t value : b) a.push_back(value);
  return a;
}

// With batch dims: [batch, outer, axis, inner] by [batch, indices], as GatherElements of one index
// an element, repeated by strides.
void gather_batched(Call& call, const View& x, const View& indices, int32_t axis, int32_t batch) {
  static const Operation gather("GatherElements", {{"axis", int64_t{2}}});
  const Dims lead = part(x.dims, 0, batch);
  if (!(part(indices.dims, 0, batch) == lead)) {
    invalid_argument("batch dimensions of params " + x.dims.text() + " and indices " +
                     indices.dims.text() + " differ");
  }
  const Dims outer = part(x.dims, batch, axis);
  const Dims inner = part(x.dims, axis + 1, x.rank());
  const Dims chosen = part(indices.dims, batch, indices.rank());
  const View y = call.output(0, x.dtype, joined(joined(joined(lead, outer), chosen), inner));
  const int64_t b = lead.product();
  const int64_t o = outer.product();
  const int64_t n = chosen.product();
  const int64_t k = inner.product();
  const View flat = x.reshaped({b, o, x.dims[axis], k});
  const View index = indices.reshaped({b, 1, n, 1}).broadcast_to({b, o, n, k});
  call.run(gather, {flat, index}, {y.reshaped({b, o, n, k})});
}

Compute gather_v2(const Node& node) {
  const int64_t batch_dims = node.integer("batch_dims");
  return [batch_dims](Call& call) {
    const View x = call.input(0);
    const View indices = call.input(1);
    const int32_t axis = normal_axis(call.host_integer(2), x.rank());
    const auto batch =
        static_cast<int32_t>(batch_dims < 0 ? batch_dims + indices.rank() : batch_dims);
    if (batch > 0) return gather_batched(call, x, indices, axis, batch);
    const Operation f("Gather", {{"axis", int64_t{axis}}});
    const Dims dims =
        joined(joined(part(x.dims, 0, axis), indices.dims), part(x.dims, axis + 1, x.rank()));
    call.run(f, {x, indices}, {call.output(0, x.dtype, dims)});
  };
}

Compute resource_gather(const Node& node) {
  const auto batch = static_cast<int32_t>(node.integer("batch_dims"));
  return [batch, f = Operation("Gather", {{"axis", int64_t{0}}})](Call& call) {
    const View indices = call.input(1);
    read_variable(call, 0, [&](const View& x) {
      if (x.rank() < 1) invalid_argument("params must be at least 1 dimensional");
      if (batch != 0) return gather_batched(call, x, indices, batch, batch);
      const Dims dims = joined(indices.dims, part(x.dims, 1, x.rank()));
      call.run(f, {x, indices}, {call.output(0, x.dtype, dims)});
    });
  };
}

Compute gather_nd() {
  return [f = Operation("GatherND")](Call& call) {
    const View x = call.input(0);
    const View indices = call.as(call.input(1), TN_INT64);
    const auto depth = static_cast<int32_t>(indices.dims[indices.rank() - 1]);
    if (depth > x.rank()) invalid_argument("index innermost dimension exceeds the params' rank");
    const Dims dims =
        joined(part(indices.dims, 0, indices.rank() - 1), part(x.dims, depth, x.rank()));
    const View y = call.output(0, x.dtype, dims);
    if (depth == 0) return call.copy(x.broadcast_to(dims), y);
    call.run(f, {x, indices}, {y});
  };
}

// (data, segment_ids, num_segments): rows added up by their segment.
Compute unsorted_segment_sum() {
  return [f = Operation("tenon.IndexAdd", {{"axis", int64_t{0}}})](Call& call) {
    const View x = call.input(0);
    const View ids = call.input(1);
    const int64_t segments = call.host_integer(2);
    const Dims row = part(x.dims, ids.rank(), x.rank());
    if (!(part(x.dims, 0, ids.rank()) == ids.dims)) {
      invalid_argument("data.shape = " + x.dims.text() +
                       " does not start with segment_ids.shape = " + ids.dims.text());
    }
    const View y = call.output(0, x.dtype, joined({segments}, row));
    call.fill(y, 0);
    const View flat = y.reshaped({segments, row.product()});
    call.run(f, {flat, ids.reshaped({ids.count()}), x.reshaped({ids.count(), row.product()})},
             {flat});
  };
}

Compute scatter_nd() {
  return [f = Operation("ScatterND", {{"reduction", std::string("add")}})](Call& call) {
    const View indices = call.as(call.input(0), TN_INT64);
    const View updates = call.input(1);
    const View y = call.output(0, updates.dtype, call.host_integers(2));
    call.fill(y, 0);
    call.run(f, {y, indices, updates}, {y});
  };
}

Compute tensor_scatter(const char* reduction, bool negate) {
  return [f = Operation("ScatterND", {{"reduction", std::string(reduction)}}),
          negative = Operation("Neg"), negate](Call& call) {
    const View x = call.input(0);
    const View indices = call.as(call.input(1), TN_INT64);
    View updates = call.input(2);
    if (negate) {
      const View negated = call.temporary(updates.dtype, updates.dims);
      call.run(negative, {updates}, {negated});
      updates = negated;
    }
    const View y = call.output_in_place(0, x.dtype, x.dims, {0});
    call.run(f, {x, indices, updates}, {y});
  };
}

Row scatter_row(const char* op, const char* reduction, bool negate = false) {
  Row row = plain_row(op, numbers_and_int32(), tensor_scatter(reduction, negate));
  row.types[0].attribute = "T";
  return row;
}

}  // namespace

void add_indexing(Rows& rows) {
  rows.push_back({"GatherV2", {{"Tparams", movable()}}, {"axis"}, gather_v2});
  rows.push_back({"ResourceGather", {{"dtype", movable()}}, {"resource"}, resource_gather});
  Row nd = plain_row("GatherNd", movable(), gather_nd());
  nd.types[0].attribute = "Tparams";
  rows.push_back(nd);
  Row segments = plain_row("UnsortedSegmentSum", numbers_and_int32(), unsorted_segment_sum());
  segments.host = {"num_segments"};
  rows.push_back(segments);
  Row scatter = plain_row("ScatterNd", numbers_and_int32(), scatter_nd());
  scatter.host = {"shape"};
  rows.push_back(scatter);
  rows.push_back(scatter_row("TensorScatterUpdate", "none"));
  rows.push_back(scatter_row("TensorScatterAdd", "add"));
  rows.push_back(scatter_row("TensorScatterSub", "add", /*negate=*/true));
  rows.push_back(scatter_row("TensorScatterMax", "max"));
  rows.push_back(scatter_row("TensorScatterMin", "min"));
}

}  // namespace tenon::tensorflow

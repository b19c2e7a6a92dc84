// SPDX-License-Identifier: Apache-2.0
//
// Gather and scatter. An index out of range fails the work, as on TensorFlow's CPU; its GPU kernels
// leave zeros.
#include "ops/indices.h"
#include "ops/pattern.h"
#include "ops/shape.h"
#include "ops/variables.h"

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
void gather_batched(NodeCall& call, const View& x, const View& indices, int32_t axis,
                    int32_t batch) {
  static const Operation gather("GatherElements", {{"axis", int64_t{2}}});
  if (batch > indices.rank() || batch >= x.rank() || batch > axis) {
    invalid_argument("batch_dims (" + std::to_string(batch) +
                     ") must be at most the rank of "
                     "indices " +
                     indices.dims.text() + " and the axis (" + std::to_string(axis) +
                     "), and less than the rank of params " + x.dims.text());
  }
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
  return [batch_dims](NodeCall& call) {
    const View x = call.input(0);
    if (x.rank() < 1) invalid_argument("params must be at least 1 dimensional");
    const View indices = positions(call, call.input(1));
    const int32_t axis = normal_axis(call.host_integer(2), x.rank());
    if (batch_dims < -indices.rank() || batch_dims > indices.rank()) {
      invalid_argument("Expected batch_dims in the range [-" + std::to_string(indices.rank()) +
                       ", " + std::to_string(indices.rank()) + "], but got " +
                       std::to_string(batch_dims));
    }
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
  return [batch, f = Operation("Gather", {{"axis", int64_t{0}}})](NodeCall& call) {
    const View indices = positions(call, call.input(1));
    read_variable(call, 0, [&](const View& x) {
      if (x.rank() < 1) invalid_argument("params must be at least 1 dimensional");
      if (batch != 0) return gather_batched(call, x, indices, batch, batch);
      const Dims dims = joined(indices.dims, part(x.dims, 1, x.rank()));
      call.run(f, {x, indices}, {call.output(0, x.dtype, dims)});
    });
  };
}

Compute gather_nd(const Node& node) {
  require_strict_indices(node);
  return [f = Operation("GatherND")](NodeCall& call) {
    const View x = call.input(0);
    const View given = call.input(1);
    if (x.rank() < 1) invalid_argument("params must be at least a vector");
    if (given.rank() < 1) invalid_argument("indices must be at least a vector");
    const auto depth = static_cast<int32_t>(given.dims[given.rank() - 1]);
    if (depth > x.rank()) invalid_argument("index innermost dimension exceeds the params' rank");
    const Dims dims = joined(part(given.dims, 0, given.rank() - 1), part(x.dims, depth, x.rank()));
    if (x.count() == 0 && part(given.dims, 0, given.rank() - 1).product() > 0) {
      invalid_argument("Requested more than 0 entries, but params is empty. Params shape: " +
                       x.dims.text());
    }
    const View y = call.output(0, x.dtype, dims);
    if (depth == 0) return call.copy(x.broadcast_to(dims), y);
    call.run(f, {x, call.as(positions(call, given), TN_INT64)}, {y});
  };
}

// (data, segment_ids, num_segments): rows added up by their segment; those of negative segments
// are dropped. They are added to a row of their own before the others, which the copy leaves out.
Compute unsorted_segment_sum() {
  return [f = Operation("tenon.IndexAdd", {{"axis", int64_t{0}}}), most = Operation("Max"),
          add = Operation("Add")](NodeCall& call) {
    const View x = call.input(0);
    const View ids = call.input(1);
    const int64_t segments = call.host_integer(2);
    if (ids.rank() > x.rank() || !(part(x.dims, 0, ids.rank()) == ids.dims)) {
      invalid_argument("data.shape = " + x.dims.text() +
                       " does not start with segment_ids.shape = " + ids.dims.text());
    }
    if (segments < 0) {
      invalid_argument("Input num_segments == " + std::to_string(segments) +
                       " must not be negative.");
    }
    const Dims row = part(x.dims, ids.rank(), x.rank());
    const View y = call.output(0, x.dtype, joined({segments}, row));
    const int64_t count = ids.count();
    const int64_t width = row.product();
    const View sums = call.temporary(x.dtype, {checked_sum(segments, 1), width});
    const View rows = call.temporary(ids.dtype, {count});
    call.fill(sums, 0);
    call.run(most, {ids.reshaped({count}), Scalar(-1, ids.dtype)}, {rows});
    call.run(add, {rows, Scalar(1, ids.dtype)}, {rows});
    call.run(f, {sums, rows, x.reshaped({count, width})}, {sums});
    call.copy(sums.sliced(0, 1, segments), y.reshaped({segments, width}));
  };
}

// Fails unless updates [places..., rest] fit indices [places..., depth] into a tensor of `dims`.
void check_updates(const Dims& dims, const Dims& indices, const Dims& updates) {
  if (indices.empty()) invalid_argument("Indices shape must have rank at least one");
  const int32_t places = indices.size() - 1;
  const int64_t depth = indices[places];
  if (depth > dims.size() ||
      !(joined(part(indices, 0, places), part(dims, static_cast<int32_t>(depth), dims.size())) ==
        updates)) {
    invalid_argument("updates of shape " + updates.text() + " do not fit indices of shape " +
                     indices.text() + " into shape " + dims.text());
  }
  if (dims.product() == 0 && (indices.product() > 0 || updates.product() > 0)) {
    invalid_argument("Indices and updates specified for empty output of shape " + dims.text());
  }
}

Compute scatter_nd(const Node& node) {
  require_strict_indices(node);
  return [f = Operation("ScatterND", {{"reduction", std::string("add")}})](NodeCall& call) {
    const View indices = call.input(0);
    const View updates = call.input(1);
    const Dims dims = call.host_integers(2);
    check_shape(dims);
    check_updates(dims, indices.dims, updates.dims);
    const View y = call.output(0, updates.dtype, dims);
    call.fill(y, 0);
    call.run(f, {y, call.as(positions(call, indices), TN_INT64), updates}, {y});
  };
}

Compute tensor_scatter(const Node& node, const char* reduction, bool negate) {
  require_strict_indices(node);
  return [f = Operation("ScatterND", {{"reduction", std::string(reduction)}}),
          negative = Operation("Neg"), negate](NodeCall& call) {
    const View x = call.input(0);
    const View indices = call.input(1);
    View updates = call.input(2);
    if (x.rank() < 1) invalid_argument("Input must be at least 1-D, got shape " + x.dims.text());
    if (indices.rank() < 2) {
      invalid_argument("Indices must be at least 2-D, got shape " + indices.dims.text());
    }
    check_updates(x.dims, indices.dims, updates.dims);
    if (negate) {
      const View negated = call.temporary(updates.dtype, updates.dims);
      call.run(negative, {updates}, {negated});
      updates = negated;
    }
    const View y = call.output_in_place(0, x.dtype, x.dims, {0});
    call.run(f, {x, call.as(positions(call, indices), TN_INT64), updates}, {y});
  };
}

Row scatter_row(const char* op, const char* reduction, bool negate = false) {
  return {op, {{"T", numbers_and_int32()}}, {}, [reduction, negate](const Node& node) {
            return tensor_scatter(node, reduction, negate);
          }};
}

}  // namespace

void add_indexing(Rows& rows) {
  rows.push_back({"GatherV2", {{"Tparams", movable()}}, {"axis"}, gather_v2});
  rows.push_back({"ResourceGather", {{"dtype", movable()}}, {"resource"}, resource_gather});
  rows.push_back({"GatherNd", {{"Tparams", movable()}}, {}, gather_nd});
  Row segments = plain_row("UnsortedSegmentSum", numbers_and_int32(), unsorted_segment_sum());
  segments.host = {"num_segments"};
  rows.push_back(segments);
  rows.push_back({"ScatterNd", {{"T", numbers_and_int32()}}, {"shape"}, scatter_nd});
  rows.push_back(scatter_row("TensorScatterUpdate", "none"));
  rows.push_back(scatter_row("TensorScatterAdd", "add"));
  rows.push_back(scatter_row("TensorScatterSub", "add", /*negate=*/true));
  rows.push_back(scatter_row("TensorScatterMax", "max"));
  rows.push_back(scatter_row("TensorScatterMin", "min"));
}

}  // namespace tenon::tensorflow

// SPDX-License-Identifier: Apache-2.0
//
// ScatterND, IndexAdd and EmbeddingGrad: blocks of updates that go to places which indices name.
#include <cstring>

#include "plugins/gpu_common/operators/copy.h"
#include "plugins/gpu_common/operators/loop.h"
#include "plugins/gpu_common/operators/places.h"
#include "plugins/gpu_common/operators/scatter.h"
#include "tenon/device/operators/indexing.h"

namespace tenon::gpu {
namespace {

using device::BuiltView, device::ScatterReduction;

// The blocks in the order of their indices, as in kernels/scatter_blocks.cl.
struct Blocks {
  int64_t count = 1, left_out = -1;
  int32_t rank = 0, reserved = 0;
  int64_t dims[kIndexDepth] = {};
  int64_t index_steps[kIndexDepth] = {};
  int64_t update_steps[kIndexDepth] = {};

  // A dim outside of those before; joined with the last one where both step on alike. False when
  // there are too many.
  bool add(int64_t dim, int64_t index_step, int64_t update_step) {
    count *= dim;
    if (dim == 1) return true;
    if (rank > 0 && index_step == index_steps[rank - 1] * dims[rank - 1] &&
        update_step == update_steps[rank - 1] * dims[rank - 1]) {
      dims[rank - 1] *= dim;
      return true;
    }
    if (rank == kIndexDepth) return false;
    dims[rank] = dim;
    index_steps[rank] = index_step;
    update_steps[rank++] = update_step;
    return true;
  }

  // The first `places` dims of indices and updates.
  static Blocks of(std::string_view op, const View& indices, const View& updates, int32_t places) {
    Blocks blocks;
    for (int32_t d = places; d-- > 0;) {
      if (!blocks.add(indices.dims[d], indices.strides[d], updates.strides[d])) {
        throw KernelError(TN_UNSUPPORTED,
                          std::string(op) + ": indices of so many dims that are not dense");
      }
    }
    return blocks;
  }
};

class ScatterBlocks : public Kernel {
 protected:
  ScatterBlocks(const Description& d, ScatterReduction update)
      : name_(d.name()),
        copy_(d, d.input_dtype(0)),
        limits_(machine_of(d).limits()),
        scatter_(machine_of(d).function(
            "scatter_blocks", scatter_definitions(d, d.input_dtype(0), d.input_dtype(1), update),
            "scatter_blocks")) {
    require_device_inputs(d, 3);
  }

  // `to` and `from`: a block, of the output and of the updates. `alpha`: one element.
  void launch(const View& to, const View& from, const View& indices, const Blocks& blocks,
              const Places& places, const void* alpha, Queue& queue) const {
    if (blocks.count == 0) return;
    const uint64_t size = tn_dtype_bits(to.dtype) / 8;
    for_each_loop<2>(limits_, {&to, &from}, blocks.count,
                     [&](Loop<2>& loop, const Grid& grid, const std::array<View, 2>& views) {
                       queue.launch(scatter_, grid,
                                    {Parameter::memory(views[0]), Parameter::memory(views[1]),
                                     Parameter::memory(indices), Parameter::value(loop),
                                     Parameter::value(blocks), Parameter::value(places),
                                     Parameter::bytes(alpha, size), Parameter::fault(name_)});
                     });
  }

  // The number 1 in a type.
  static uint64_t one(tn_dtype dtype) {
    uint64_t bits = 1;
    const float f32 = 1;
    const double f64 = 1;
    if (dtype == TN_FLOAT32) std::memcpy(&bits, &f32, sizeof f32);
    if (dtype == TN_FLOAT64) std::memcpy(&bits, &f64, sizeof f64);
    return bits;
  }

  const std::string name_;
  const Copy copy_;

 private:
  const Limits& limits_;
  const Function& scatter_;
};

// Not by KernelOf: the kernel is made of what the operator has read.
class ScatterNd final : protected device::OperatorHalf<device::ScatterNdOperator>,
                        public ScatterBlocks {
 public:
  explicit ScatterNd(const Description& d)
      : OperatorHalf(d), ScatterBlocks(d, operator_.reduction) {}

  void check(const Arguments& a) const override {
    operator_.check(a);
    require_index_depth(name_, a.inputs[1]);
    Blocks::of(name_, a.inputs[1], a.inputs[2], a.inputs[1].rank - 1);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &indices = a.inputs[1], &updates = a.inputs[2], &output = a.outputs[0];
    copy_.enqueue(output, a.inputs[0], queue);
    const int32_t rank = indices.rank - 1;
    Places places;
    places.depth = static_cast<int32_t>(indices.dims[rank]);
    places.index_step = indices.strides[rank];
    for (int32_t k = 0; k < places.depth; ++k) {
      places.extents[k] = output.dims[k];
      places.steps[k] = output.strides[k];
    }
    BuiltView to(output), from(updates);
    to.add(output, places.depth, output.rank);
    from.add(updates, rank, updates.rank);
    const uint64_t alpha = one(output.dtype);
    launch(to.view(), from.view(), indices, Blocks::of(name_, indices, updates, rank), places,
           &alpha, queue);
  }
};

class IndexAdd final : public KernelOf<device::IndexAddOperator, ScatterBlocks> {
 public:
  explicit IndexAdd(const Description& d) : KernelOf(d, d, ScatterReduction::kAdd) {
    require_host_value(d, 3);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &indices = a.inputs[1], &updates = a.inputs[2], &output = a.outputs[0];
    copy_.enqueue(output, a.inputs[0], queue);
    const int32_t axis = device::normalize_axis(name_, operator_.axis, output.rank);
    BuiltView to(output), from(updates);
    to.add(output, 0, axis);
    to.add(output, axis + 1, output.rank);
    from.add(updates, 0, axis);
    from.add(updates, axis + 1, updates.rank);
    Blocks blocks;
    blocks.add(indices.dims[0], indices.strides[0], updates.strides[axis]);
    const uint64_t unit = one(output.dtype);
    const void* alpha = a.input(3).present() ? static_cast<const void*>(a.input(3).data) : &unit;
    launch(to.view(), from.view(), indices, blocks, Places::along(output, axis), alpha, queue);
  }
};

class EmbeddingGrad final : public KernelOf<device::EmbeddingGradOperator, ScatterBlocks> {
 public:
  explicit EmbeddingGrad(const Description& d) : KernelOf(d, d, ScatterReduction::kAdd) {}

  void check(const Arguments& a) const override {
    KernelOf::check(a);
    const View &dy = a.inputs[0], &indices = a.inputs[1];
    Blocks::of(name_, indices, dy, indices.rank);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &dy = a.inputs[0], &indices = a.inputs[1], &dw = a.outputs[0];
    constexpr uint64_t kZero = 0;
    copy_.fill(dw, &kZero, queue);
    BuiltView to(dw), from(dy);
    to.add(dw, 1, 2);
    from.add(dy, dy.rank - 1, dy.rank);
    Blocks blocks = Blocks::of(name_, indices, dy, indices.rank);
    blocks.left_out = operator_.padding_idx;
    const uint64_t alpha = one(dw.dtype);
    launch(to.view(), from.view(), indices, blocks, Places::along(dw, 0), &alpha, queue);
  }
};

}  // namespace

std::unique_ptr<device::Kernel> create_scatter_nd(const Description& d) {
  return std::make_unique<ScatterNd>(d);
}

std::unique_ptr<device::Kernel> create_index_add(const Description& d) {
  return std::make_unique<IndexAdd>(d);
}

std::unique_ptr<device::Kernel> create_embedding_grad(const Description& d) {
  return std::make_unique<EmbeddingGrad>(d);
}

}  // namespace tenon::gpu

// SPDX-License-Identifier: Apache-2.0
//
// NonMaxSuppression, on one thread: each selection depends on all before it.
#include <algorithm>

#include "reference_impl/cpu/kernels/scratch.h"
#include "reference_impl/cpu/kernels/vision.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/regions.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

struct Box {
  float low[2], high[2];
  float area() const { return (high[0] - low[0]) * (high[1] - low[1]); }
};

// The intersection over the union; 0 where one is empty.
float overlap(const Box& a, const Box& b) {
  float common = 1;
  for (int d = 0; d < 2; ++d) {
    const float low = std::max(a.low[d], b.low[d]), high = std::min(a.high[d], b.high[d]);
    if (!(high > low)) return 0;
    common *= high - low;
  }
  const float area_a = a.area(), area_b = b.area(), all = area_a + area_b - common;
  return area_a > 0 && area_b > 0 && all > 0 ? common / all : 0;
}

class NonMaxSuppressionKernel final : public KernelOf<NonMaxSuppressionOperator>,
                                      public NeedsWorkspace {
 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override { return Memory(nullptr, a).used; }

  void run(const Arguments& a, const Execution&) const override {
    const View &scores = a.inputs[1], &y = a.outputs[0];
    const Memory memory(a.workspace, a);
    int64_t found = 0;
    for (int64_t image = 0; image < scores.dims[0]; ++image) {
      for (int64_t box = 0; box < scores.dims[2]; ++box) memory.boxes[box] = box_at(a, image, box);
      for (int64_t kind = 0; kind < scores.dims[1]; ++kind) {
        const int64_t selected = select(a, image, kind, memory);
        for (int64_t i = 0; i < selected; ++i) {
          operator_.require_room(a, found);
          const int64_t row[] = {image, kind, memory.selected[i]};
          for (int64_t d = 0; d < 3; ++d)
            y.as<int64_t>()[found * y.strides[0] + d * y.strides[1]] = row[d];
          ++found;
        }
      }
    }
    if (a.output_dims && a.output_dims[0]) {
      a.output_dims[0][0] = found;
      a.output_dims[0][1] = 3;
    }
  }

 private:
  struct Memory {
    Memory(std::byte* workspace, const Arguments& a) {
      WorkspaceParts parts(workspace);
      const int64_t count = a.inputs[1].dims[2];
      boxes = parts.take_array<Box>(count);
      order = parts.take_array<int64_t>(count);
      selected = parts.take_array<int64_t>(count);
      used = parts.used();
    }
    Box* boxes;
    int64_t *order, *selected;
    uint64_t used;
  };

  Box box_at(const Arguments& a, int64_t image, int64_t box) const {
    const View& boxes = a.inputs[0];
    const auto number = [&](int64_t i) {
      return boxes.as<const float>()[image * boxes.strides[0] + box * boxes.strides[1] +
                                     i * boxes.strides[2]];
    };
    Box result;
    for (int d = 0; d < 2; ++d) {
      const float first = number(d), second = number(d + 2);
      if (operator_.center_point_box) {
        result.low[d] = first - second / 2;
        result.high[d] = first + second / 2;
      } else {
        result.low[d] = std::min(first, second);
        result.high[d] = std::max(first, second);
      }
    }
    return result;
  }

  // Fills memory.selected; returns how many there are.
  int64_t select(const Arguments& a, int64_t image, int64_t kind, const Memory& memory) const {
    const View& scores = a.inputs[1];
    const float* line =
        scores.as<const float>() + image * scores.strides[0] + kind * scores.strides[1];
    const auto score = [&](int64_t box) { return line[box * scores.strides[2]]; };
    const int64_t most = a.input(2).present() ? integer_at(a.input(2)) : 0;
    const float limit = a.input(3).present() ? static_cast<float>(real_at(a.input(3))) : 0;
    const bool filters = a.input(4).present();
    const float least = filters ? static_cast<float>(real_at(a.input(4))) : 0;
    int64_t count = 0;
    for (int64_t box = 0; box < scores.dims[2]; ++box) {
      const float of_box = score(box);
      if (of_box == of_box && !(filters && of_box < least)) memory.order[count++] = box;
    }
    std::sort(memory.order, memory.order + count, [&](int64_t p, int64_t q) {
      return score(p) != score(q) ? score(p) > score(q) : p < q;
    });
    int64_t selected = 0;
    for (int64_t i = 0; i < count && selected < most; ++i) {
      const Box& box = memory.boxes[memory.order[i]];
      const bool stays =
          std::none_of(memory.selected, memory.selected + selected,
                       [&](int64_t before) { return overlap(box, memory.boxes[before]) > limit; });
      if (stays) memory.selected[selected++] = memory.order[i];
    }
    return selected;
  }
};

}  // namespace

std::unique_ptr<Kernel> create_non_max_suppression(const Description& d) {
  return std::make_unique<NonMaxSuppressionKernel>(d);
}

}  // namespace tenon::cpu

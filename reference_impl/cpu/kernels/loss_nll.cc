// SPDX-License-Identifier: Apache-2.0
//
// tenon.NllLoss and its gradient. Positions (batch and spatial dims) are summed in double, in
// chunks of a fixed size whose sums are added in order: the same bits on any number of threads.
#include <algorithm>
#include <string>

#include "reference_impl/cpu/kernels/training.h"
#include "tenon/device/operators/losses.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

// The element of a tensor at a position (n, d...), for tensors with and without a dim of classes.
int64_t offset_of(const View& view, int64_t position, bool has_classes) {
  int64_t offset = 0;
  for (int32_t d = view.rank; d-- > 0;) {
    if (has_classes && d == 1) continue;
    offset += position % view.dims[d] * view.strides[d];
    position /= view.dims[d];
  }
  return offset;
}

class Targets {
 public:
  Targets(const char* op, const View& target, int64_t classes, int64_t ignored)
      : op_(op), target_(target), classes_(classes), ignored_(ignored) {}

  // The class at a position, or -1 where it is ignored.
  int64_t at(int64_t position) const {
    const int64_t offset = offset_of(target_, position, false);
    const int64_t label = target_.dtype == TN_INT32 ? int64_t{target_.as<int32_t>()[offset]}
                                                    : target_.as<int64_t>()[offset];
    if (label == ignored_) return -1;
    if (label < 0 || label >= classes_) {
      throw KernelError(TN_INVALID_ARGUMENT, std::string(op_) + ": target " +
                                                 std::to_string(label) + " is outside " +
                                                 std::to_string(classes_) + " classes");
    }
    return label;
  }

 private:
  const char* op_;
  const View& target_;
  int64_t classes_, ignored_;
};

template <class S>
double weight_of(const View& weight, int64_t label) {
  return weight.present() ? static_cast<double>(load(weight.as<S>()[label * weight.strides[0]]))
                          : 1;
}

class NllLoss final : public KernelOf<NllLossOperator>, public NeedsWorkspace {
 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    return static_cast<uint64_t>(chunks(a)) * sizeof(Sums);
  }

  void run(const Arguments& a, const Execution& execution) const override {
    visit_dtype<kFloatTypes>(kName, a.input(0).dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      const View x = a.input(0), target = a.input(1), weight = a.input(2), loss = a.output(0);
      const Targets targets(kName, target, x.dims[1], operator_.ignore_index);
      auto* parts = reinterpret_cast<Sums*>(a.workspace);
      execution.parallel_for(chunks(a), 1, [&](int64_t begin, int64_t end) {
        for (int64_t chunk = begin; chunk < end; ++chunk) {
          Sums lanes[kLanes] = {};
          const int64_t last = std::min((chunk + 1) * kChunk, target.count());
          for (int64_t i = chunk * kChunk; i < last; ++i) {
            const int64_t label = targets.at(i);
            Sums& sums = lanes[i % kLanes];
            double value = 0;
            if (label >= 0) {
              const double w = weight_of<S>(weight, label);
              const int64_t at = offset_of(x, i, true) + label * x.strides[1];
              value = -w * static_cast<double>(load(x.as<S>()[at]));
              sums.weight += w;
            }
            sums.loss += value;
            if (operator_.reduction == NllLossReduction::kNone) {
              loss.as<S>()[offset_of(loss, i, false)] = store<S>(static_cast<Compute<S>>(value));
            }
          }
          // By halves: one by one, each would be rounded as the whole sum is.
          for (int64_t step = kLanes / 2; step > 0; step /= 2)
            for (int64_t lane = 0; lane < step; ++lane) lanes[lane].add(lanes[lane + step]);
          parts[chunk] = lanes[0];
        }
      });
      Sums sums{0, 0};
      for (int64_t i = 0; i < chunks(a); ++i) sums.add(parts[i]);
      const double value =
          operator_.reduction == NllLossReduction::kMean ? sums.loss / sums.weight : sums.loss;
      if (operator_.reduction != NllLossReduction::kNone) {
        loss.as<S>()[0] = store<S>(static_cast<Compute<S>>(value));
      }
      if (a.output(1).present()) {
        a.output(1).as<S>()[0] = store<S>(static_cast<Compute<S>>(sums.weight));
      }
    });
  }

 private:
  static constexpr const char* kName = "NllLoss";
  static constexpr int64_t kChunk = 4096, kLanes = 64;
  struct Sums {
    double loss, weight;
    void add(const Sums& other) { loss += other.loss, weight += other.weight; }
  };
  static int64_t chunks(const Arguments& a) { return (a.input(1).count() + kChunk - 1) / kChunk; }
};

class NllLossGrad final : public KernelOf<NllLossGradOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    visit_dtype<kFloatTypes>(kName, a.output(0).dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      const View dloss = a.input(0), target = a.input(2), weight = a.input(3), dx = a.output(0);
      const Targets targets(kName, target, dx.dims[1], operator_.ignore_index);
      double scale = -1;
      if (operator_.reduction == NllLossReduction::kMean) {
        scale /= static_cast<double>(load(a.input(4).as<S>()[0]));
      }
      if (operator_.reduction != NllLossReduction::kNone)
        scale *= static_cast<double>(load(dloss.as<S>()[0]));
      const int64_t classes = dx.dims[1];
      const int64_t grain = std::max<int64_t>((1 << 13) / (classes + 1), 1);
      execution.parallel_for(target.count(), grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t label = targets.at(i);
          S* row = dx.as<S>() + offset_of(dx, i, true);
          for (int64_t c = 0; c < classes; ++c) row[c * dx.strides[1]] = S{};
          if (label < 0) continue;
          double value = scale * weight_of<S>(weight, label);
          if (operator_.reduction == NllLossReduction::kNone) {
            value *= static_cast<double>(load(dloss.as<S>()[offset_of(dloss, i, false)]));
          }
          row[label * dx.strides[1]] = store<S>(static_cast<Compute<S>>(value));
        }
      });
    });
  }

 private:
  static constexpr const char* kName = "NllLossGrad";
};

}  // namespace

std::unique_ptr<Kernel> create_nll_loss(const Description& d) {
  return std::make_unique<NllLoss>(d);
}
std::unique_ptr<Kernel> create_nll_loss_grad(const Description& d) {
  return std::make_unique<NllLossGrad>(d);
}

}  // namespace tenon::cpu

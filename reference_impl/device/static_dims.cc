// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/static_dims.h"

#include <array>
#include <optional>
#include <vector>

#include "reference_impl/device/asked_dims.h"
#include "reference_impl/device/constant.h"
#include "reference_impl/device/launch_scratch.h"
#include "reference_impl/device/parameters.h"

namespace tenon::device {
namespace {

std::span<const int64_t> shape_of(const tn_argument& argument) {
  return {argument.dims, static_cast<size_t>(argument.rank)};
}

// Stands in for a host value that no dims follow from.
alignas(16) constexpr std::array<std::byte, 16> kAnyValue{};

class DescribedViews {
 public:
  explicit DescribedViews(const CheckedDescription& description)
      : version_(
            contract_of(description.desc.domain, description.desc.name, description.desc.version)) {
    const size_t count = description.inputs.size() + description.outputs.size();
    strides_.reserve(count);
    views_.reserve(count);
    for (size_t i = 0; i < description.inputs.size(); ++i) add(description.inputs[i], i);
    for (const tn_argument& output : description.outputs) add(output, std::nullopt);
  }

  // Whether a launch brings nothing that dims depend on.
  bool known() const { return known_; }
  std::span<const View> views() const { return views_; }

 private:
  void add(const tn_argument& argument, std::optional<size_t> input) {
    if (argument.kind == TN_ARGUMENT_ABSENT) {
      views_.push_back(kAbsentView);
      return;
    }
    if (argument.constant != nullptr) {
      views_.push_back(plugin::object_of<Constant>(argument.constant)->view());
      return;
    }
    View view{nullptr, kAbsentDims, kAbsentDims, argument.rank, argument.dtype};
    // Launches say what is wrong with a tensor of so many elements.
    if (!is_static(argument) || (argument.rank != 0 && !are_dims(shape_of(argument)))) {
      known_ = false;
    } else if (argument.rank != 0) {
      view.dims = argument.dims;
      view.strides = strides_.emplace_back().data();
      dense_strides(view.shape(), strides_.back().data());
    }
    if (argument.kind == TN_ARGUMENT_CONSTANT) {
      view.data = static_cast<std::byte*>(const_cast<void*>(argument.host_data));
    } else if (argument.kind == TN_ARGUMENT_HOST) {
      known_ = known_ && argument.rank == 0 && !decides_dims(*input);
      view.data = const_cast<std::byte*>(kAnyValue.data());
    }
    views_.push_back(view);
  }

  bool decides_dims(size_t input) const {
    const ContractParameter* parameter = version_ != nullptr ? version_->input(input) : nullptr;
    return parameter == nullptr || (parameter->flags & ContractParameter::kHostOnly) != 0;
  }

  const ContractVersion* version_;
  std::vector<Strides> strides_;
  std::vector<View> views_;
  bool known_ = true;
};

}  // namespace

void check_static_dims(const Kernel& checker, const CheckedDescription& description) {
  const DescribedViews all(description);
  if (!all.known()) return;
  checker.check({all.views().first(description.inputs.size()),
                 all.views().subspan(description.inputs.size())});
}

}  // namespace tenon::device

// SPDX-License-Identifier: Apache-2.0
#include "runtime/kernel_maker.h"

#include <algorithm>
#include <array>
#include <string>

#include "runtime/attribute_list.h"
#include "runtime/registry.h"

namespace tenon::runtime {
namespace {

// A description with everything it points to.
class Description {
 public:
  Description(const Operation& operation, const PreparedCall& call, Profile profile)
      : arguments_(call.inputs().size() + call.outputs().size()),
        dims_(arguments_.size()),
        strides_(arguments_.size()),
        attributes_(operation.attributes()) {
    const size_t inputs = call.inputs().size();
    for (size_t i = 0; i < arguments_.size(); ++i) {
      const bool is_input = i < inputs;
      describe(i, is_input ? call.inputs()[i] : call.outputs()[i - inputs], profile);
      if (!is_input && (profile & TN_REQUIRES_NO_ALIAS) == 0) {
        arguments_[i].alias = std::max(0, call.alias(i - inputs));
      }
      if (is_input && (profile & TN_REQUIRES_NO_ALIAS) == 0) {
        arguments_[i].alias = call.same_as(i);
      }
      argument_pointers_.push_back(&arguments_[i]);
    }
    desc_.struct_size = sizeof(desc_);
    desc_.domain = operation.domain().data();
    desc_.name = operation.name().data();
    desc_.version = operation.version();
    desc_.inputs = argument_pointers_.data();
    desc_.input_count = inputs;
    desc_.outputs = argument_pointers_.data() + inputs;
    desc_.output_count = call.outputs().size();
    desc_.attributes = attributes_.data();
    desc_.attribute_count = attributes_.size();
  }

  const tn_kernel_desc* get(int32_t version) {
    desc_.version = version;
    return &desc_;
  }

 private:
  void describe(size_t position, const Argument& from, Profile profile) {
    tn_argument& to = arguments_[position];
    to.struct_size = sizeof(to);
    if (from.kind == Argument::Kind::kAbsent) return;
    const bool device = from.kind == Argument::Kind::kDevice;
    to.kind = device ? TN_ARGUMENT_DEVICE : TN_ARGUMENT_HOST;
    to.dtype = from.dtype;
    to.rank = from.rank;
    const auto rank = static_cast<size_t>(from.rank);
    std::vector<int64_t>& dims = dims_[position];
    std::vector<int64_t>& strides = strides_[position];
    const bool static_dims = (profile & TN_REQUIRES_STATIC_DIMS) != 0;
    dims.assign(rank, TN_DYNAMIC);
    if (static_dims) dims.assign(from.dims, from.dims + rank);
    to.dims = static_dims ? dims.data() : nullptr;
    if (!device) return;
    if ((profile & TN_REQUIRES_DENSE) != 0) {
      // Row-major strides, as far as the dims say them.
      strides.resize(rank);
      int64_t stride = 1;
      for (size_t i = rank; i-- > 0;) {
        strides[i] = stride;
        stride = stride == TN_DYNAMIC || dims[i] == TN_DYNAMIC ? TN_DYNAMIC : stride * dims[i];
      }
      to.strides = strides.data();
    } else if ((profile & TN_REQUIRES_STATIC_STRIDES) != 0) {
      strides.resize(rank);
      int64_t stride = 1;
      for (size_t i = rank; i-- > 0;) {
        strides[i] = from.strides != nullptr ? from.strides[i] : stride;
        stride *= from.dims[i];
      }
      to.strides = strides.data();
    }
  }

  tn_kernel_desc desc_{};
  std::vector<tn_argument> arguments_;
  std::vector<std::vector<int64_t>> dims_;
  std::vector<std::vector<int64_t>> strides_;
  std::vector<const tn_argument*> argument_pointers_;
  const AttributeList attributes_;
};

}  // namespace

// Which versions the device knows decides which one it is asked for: one written for an older opset
// serves newer operators that mean the same.
KernelMaker::KernelMaker(tn_device* device) : device_(device), versions_(operators().size()) {
  tn_operator_table table{};
  table.struct_size = sizeof(table);
  if (tn_device_get_operators(device, &table, nullptr) != TN_OK) return;
  const auto* row = reinterpret_cast<const char*>(table.first);
  for (size_t i = 0; i < table.count; ++i, row += table.stride) {
    const auto* entry = reinterpret_cast<const tn_operator_entry*>(row);
    const std::string domain = entry->domain != nullptr ? entry->domain : "";
    const OperatorInfo* info =
        find_operator(domain.empty() ? std::string(entry->name) : domain + "." + entry->name);
    if (info == nullptr) continue;
    versions_[static_cast<size_t>(info - operators().data())].known.push_back(entry->version);
  }
}

std::vector<int32_t> KernelMaker::versions(const Operation& operation) const {
  const OperatorInfo& info = operators()[operation.index()];
  const std::vector<int32_t>& known = versions_[operation.index()].known;
  std::vector<int32_t> versions{info.version};
  versions.insert(versions.end(), info.older.begin(), info.older.end());
  if (!known.empty()) {
    std::erase_if(versions, [&](int32_t version) {
      return std::find(known.begin(), known.end(), version) == known.end();
    });
    if (versions.empty()) versions.push_back(info.version);
  }
  return versions;
}

KernelOutcome KernelMaker::make(const Operation& operation, const PreparedCall& call,
                                Profile profile) const {
  const OperatorInfo& info = operators()[operation.index()];
  Description description(operation, call, profile);

  KernelOutcome outcome;
  for (int32_t version : versions(operation)) {
    const tn_kernel_desc* desc = description.get(version);
    tn_kernel_support support{};
    support.struct_size = sizeof(support);
    ErrorBuffer error;
    tn_status status = tn_kernel_supports(device_, desc, &support, &error);
    if (status == TN_OK) status = tn_kernel_create(device_, desc, &outcome.kernel, &error);
    if (status == TN_OK) {
      tn_kernel_info made{};
      made.struct_size = sizeof(made);
      const bool told = tn_kernel_get_info(outcome.kernel, &made, nullptr) == TN_OK;
      outcome.needs_workspace = !told || (made.flags & TN_KERNEL_NO_WORKSPACE) == 0;
      return outcome;
    }
    if (status == TN_NEEDS_STATIC) {
      outcome.requirements = support.requirements & ~profile;
      // Nothing new asked for: it wants strides that only follow from static dims.
      if (outcome.requirements == 0) outcome.requirements = TN_REQUIRES_STATIC_DIMS & ~profile;
      if (outcome.requirements == 0) outcome.reason = "it asks for what it has been given";
      return outcome;
    }
    const bool refused = TN_STATUS_CLASS(status) == TN_UNSUPPORTED || status == TN_INVALID_ARGUMENT;
    if (refused && call.has_alias() && (profile & TN_REQUIRES_NO_ALIAS) == 0) {
      // Most operators do not have to work in place; with a temporary they need not.
      outcome.requirements = TN_REQUIRES_NO_ALIAS;
      return outcome;
    }
    if (TN_STATUS_CLASS(status) != TN_UNSUPPORTED) {
      throw Error(status, error.rule, std::string(info.full_name) + ": " + error.message);
    }
    if (outcome.reason.empty()) outcome.reason = error.message;
  }
  if (outcome.reason.empty()) outcome.reason = "the device does not say why";
  return outcome;
}

}  // namespace tenon::runtime

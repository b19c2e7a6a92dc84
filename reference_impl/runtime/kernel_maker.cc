// SPDX-License-Identifier: Apache-2.0
#include "runtime/kernel_maker.h"

#include <algorithm>
#include <array>
#include <string>

#include "runtime/attribute_list.h"
#include "runtime/registry.h"
#include "runtime/same_version.h"

namespace tenon::runtime {
namespace {

// A description with everything it points to.
class Description {
 public:
  Description(const Operation& operation, const PreparedCall& call, const Profile& profile,
              uint32_t flags)
      : arguments_(call.inputs().size() + call.outputs().size()),
        dims_(arguments_.size()),
        strides_(arguments_.size()),
        attributes_(operation.attributes()) {
    const size_t inputs = call.inputs().size();
    for (size_t i = 0; i < arguments_.size(); ++i) {
      const bool is_input = i < inputs;
      describe(i, is_input ? call.inputs()[i] : call.outputs()[i - inputs], profile);
      arguments_[i].alias =
          is_input ? described_same(call, profile, i) : described_alias(call, profile, i - inputs);
      argument_pointers_.push_back(&arguments_[i]);
    }
    desc_.struct_size = sizeof(desc_);
    desc_.domain = operation.domain().data();
    desc_.name = operation.name().data();
    desc_.version = operation.version();
    desc_.flags = flags;
    desc_.inputs = argument_pointers_.data();
    desc_.input_count = inputs;
    desc_.outputs = argument_pointers_.data() + inputs;
    desc_.output_count = call.outputs().size();
    desc_.attributes = attributes_.data();
    desc_.attribute_count = attributes_.size();
  }

  const tn_kernel_desc& get() const { return desc_; }

 private:
  void describe(size_t position, const Argument& from, const Profile& profile) {
    tn_argument& to = arguments_[position];
    to.struct_size = sizeof(to);
    if (from.kind == Argument::Kind::kAbsent) return;
    const uint32_t needs = profile.requirements(position);
    const bool device = from.kind == Argument::Kind::kDevice;
    const bool constant = !device && (needs & TN_REQUIRES_CONSTANT) != 0;
    to.kind = device ? TN_ARGUMENT_DEVICE : constant ? TN_ARGUMENT_CONSTANT : TN_ARGUMENT_HOST;
    to.dtype = from.dtype;
    to.rank = from.rank;
    if (constant) to.host_data = from.data;
    const auto rank = static_cast<size_t>(from.rank);
    std::vector<int64_t>& dims = dims_[position];
    const bool static_dims = constant || (needs & TN_REQUIRES_STATIC_DIMS) != 0;
    if (static_dims) {
      dims.assign(from.dims, from.dims + rank);
      to.dims = dims.data();
    }
    if (!device) return;
    if ((needs & TN_REQUIRES_ALIGNED) != 0) to.alignment = profile.alignment(position);
    const bool dense = (needs & TN_REQUIRES_DENSE) != 0;
    if (dense && !static_dims) {
      to.flags |= TN_ARGUMENT_DENSE;
    } else if (dense || (needs & TN_REQUIRES_STATIC_STRIDES) != 0) {
      to.strides = strides_of(from, dense, &strides_[position]);
    }
  }

  static const int64_t* strides_of(const Argument& from, bool dense, std::vector<int64_t>* to) {
    to->resize(static_cast<size_t>(from.rank));
    int64_t stride = 1;
    for (size_t i = to->size(); i-- > 0;) {
      (*to)[i] = dense || from.strides == nullptr ? stride : from.strides[i];
      stride *= from.dims[i];
    }
    return to->data();
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
KernelMaker::KernelMaker(tn_device* device, uint32_t flags)
    : device_(device), flags_(flags), versions_(operators().size()) {
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
    Versions& versions = versions_[static_cast<size_t>(info - operators().data())];
    if (entry->revision == info->revision) {
      versions.known.push_back(entry->version);
    } else {
      versions.other_revision = entry->revision;
    }
  }
}

std::vector<int32_t> KernelMaker::versions(const Operation& operation,
                                           const tn_kernel_desc& desc) const {
  const OperatorInfo& info = operators()[operation.index()];
  const auto& [known, other_revision] = versions_[operation.index()];
  // What another revision computes is another operator under the same name.
  if (known.empty() && other_revision >= 0) return {};
  const auto has = [&](int32_t version) {
    return known.empty() || std::ranges::find(known, version) != known.end();
  };
  std::vector<int32_t> versions;
  if (has(info.version)) versions.push_back(info.version);
  for (const SameVersion& same : info.same) {
    if (has(same.version) && expresses(info, same, desc)) versions.push_back(same.version);
  }
  if (versions.empty()) versions.push_back(info.version);  // The device says what it lacks.
  return versions;
}

namespace {

// What a device that answered TN_NEEDS_STATIC asks for beyond the profile.
Profile asked_for(const std::vector<tn_argument_needs>& needs, const Profile& profile) {
  Profile asked;
  for (size_t i = 0; i < needs.size(); ++i) {
    const bool closer = needs[i].alignment > profile.alignment(i);
    const uint32_t known = profile.requirements(i) & ~(closer ? uint32_t{TN_REQUIRES_ALIGNED} : 0);
    asked.add(i, needs.size(), needs[i].requirements & ~known, needs[i].alignment);
  }
  // It wants strides that only follow from static dims.
  for (size_t i = 0; asked.empty() && i < needs.size(); ++i) {
    const uint32_t more = TN_REQUIRES_STATIC_DIMS & ~profile.requirements(i);
    if (more == 0) continue;
    for (size_t j = i; j < needs.size(); ++j) asked.add(j, needs.size(), more, 0);
  }
  return asked;
}

// A value on the device cannot be made a constant for a single call.
const char* impossible(const PreparedCall& call, const Profile& asked) {
  for (size_t i = 0; i < call.inputs().size(); ++i) {
    if ((asked.requirements(i) & TN_REQUIRES_CONSTANT) != 0 &&
        call.inputs()[i].kind == Argument::Kind::kDevice) {
      return "it wants an input that is computed on the device as a constant";
    }
  }
  return nullptr;
}

}  // namespace

KernelOutcome KernelMaker::make(const Operation& operation, const PreparedCall& call,
                                const Profile& profile) const {
  const OperatorInfo& info = operators()[operation.index()];
  const Description whole(operation, call, profile, flags_);
  VersionedDescription description(info, whole.get());

  KernelOutcome outcome;
  const std::vector<int32_t> tried = versions(operation, whole.get());
  if (tried.empty()) {
    outcome.reason = "the device has revision " +
                     std::to_string(versions_[operation.index()].other_revision) +
                     " of its contract, this host revision " + std::to_string(info.revision) +
                     ": take a plugin of the same version of Tenon";
  }
  for (int32_t version : tried) {
    const tn_kernel_desc* desc = description.get(version);
    std::vector<tn_argument_needs> needs(desc->input_count + desc->output_count);
    tn_kernel_support support{};
    support.struct_size = sizeof(support);
    support.inputs = needs.data();
    support.outputs = needs.data() + desc->input_count;
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
      outcome.requirements = asked_for(needs, profile);
      if (outcome.requirements.empty()) outcome.reason = "it asks for what it has been given";
      if (const char* reason = impossible(call, outcome.requirements)) {
        outcome.requirements = {};
        outcome.reason = reason;
      }
      return outcome;
    }
    const bool refused = TN_STATUS_CLASS(status) == TN_UNSUPPORTED || status == TN_INVALID_ARGUMENT;
    if (refused && call.has_alias()) {
      // Most operators do not have to work in place; with a temporary they need not.
      for (size_t i = 0; i < desc->output_count; ++i) {
        if (desc->outputs[i]->alias == 0) continue;
        outcome.requirements.add(desc->input_count + i, needs.size(), TN_REQUIRES_NO_ALIAS, 0);
      }
      if (!outcome.requirements.empty()) return outcome;
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

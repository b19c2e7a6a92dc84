// SPDX-License-Identifier: Apache-2.0
#include "runtime/context.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>

#include "runtime/device_impl.h"
#include "runtime/device_spec.h"

namespace tenon::runtime {
namespace {

constexpr char kReferenceSpec[] = "cpu";

class ContextImpl final : public Context {
 public:
  ContextImpl(std::vector<std::string> specs, uint32_t kernel_flags)
      : kernel_flags_(kernel_flags), specs_(std::move(specs)) {
    if (specs_.empty()) {
      if (const char* text = std::getenv("TENON_DEVICES")) specs_ = split_specs(text);
    }
    chosen_ = !specs_.empty();
  }

  ~ContextImpl() override {
    // The others have streams on the reference device.
    for (auto& [spec, slot] : slots_) {
      if (spec != kReferenceSpec) slot.device.reset();
    }
  }

  bool chosen() const override { return chosen_; }

  size_t device_count() override { return specs().size(); }

  ManagedDevice& device(size_t index) override {
    const std::vector<std::string>& all = specs();
    if (index >= all.size()) {
      throw Error(TN_OUT_OF_RANGE, "",
                  "there is no device " + std::to_string(index) + "; there are " +
                      std::to_string(all.size()) + " (see `tenon devices`)");
    }
    return open(all[index]);
  }

  ManagedDevice& open(std::string_view text) override {
    const std::string spec(text);
    Slot& slot = slot_of(spec);
    std::lock_guard opening(slot.opening);
    if (slot.device == nullptr) {
      const DeviceSpec parsed = DeviceSpec::parse(spec);
      std::vector<tn_option> options;
      options.reserve(parsed.options.size());
      for (const auto& [key, value] : parsed.options) {
        options.push_back({key.c_str(), value.c_str()});
      }
      tenon::Device handle = loader_.open(parsed.plugin).open_device(parsed.index, options);
      slot.device =
          std::make_unique<DeviceImpl>(spec, std::move(handle), kernel_flags_,
                                       [this]() -> ManagedDevice& { return reference(); });
    }
    return *slot.device;
  }

  ManagedDevice& reference() override { return open(kReferenceSpec); }

  std::vector<DeviceListing> listing() override {
    std::lock_guard lock(listing_);
    return rows();
  }

 private:
  // A device to open. Who wants one waits for its opening, and for no other's.
  struct Slot {
    std::mutex opening;
    std::unique_ptr<DeviceImpl> device;
  };

  Slot& slot_of(const std::string& spec) {
    std::lock_guard lock(mutex_);
    return slots_[spec];  // Stays where it is.
  }

  // The devices to show; found on first use, and then the same for ever.
  const std::vector<std::string>& specs() {
    if (chosen_) return specs_;
    std::lock_guard lock(listing_);
    if (specs_.empty()) {
      for (const DeviceListing& row : rows()) {
        if (row.reason.empty()) specs_.push_back(row.spec);
      }
      for (const DeviceListing& row : broken_) warn(row);
    }
    return specs_;
  }

  // Also to users who did not ask for this plugin: they may expect it in the list.
  static void warn(const DeviceListing& row) {
    std::fprintf(stderr,
                 "tenon: warning: plugin %s is left out: %s. `tenon doctor` says more; "
                 "TENON_DEVICES names the devices to use and looks at no others.\n",
                 row.plugin.c_str(), row.reason.c_str());
  }

  const std::vector<DeviceListing>& rows() {
    if (rows_.empty()) rows_ = list();
    return rows_;
  }

  // Children try every plugin first: one that aborts or hangs is a row with a reason, not the end
  // of this process. Then opens those that work, but no device. The reference device comes first:
  // it has every operator and is always there, so the default device does not depend on which other
  // plugins are installed.
  std::vector<DeviceListing> list() {
    std::vector<DeviceListing> rows, others;
    call(tn_loader_diagnose, loader_.get(), tn_diagnostic_fn([](void*, const char*) {}),
         static_cast<void*>(nullptr));
    for (const tn_candidate_info& candidate : loader_.candidates()) {
      if (candidate.state == TN_CANDIDATE_SHADOWED) continue;
      const std::string known = candidate.name;
      const std::string path = *candidate.manifest != '\0' ? candidate.manifest : candidate.library;
      const std::string plugin = !known.empty() ? known : path;
      auto& to = plugin == kReferenceSpec ? rows : others;
      try {
        if (candidate.error != nullptr) {
          throw Error(candidate.error->code, candidate.error->rule,
                      path + ": " + candidate.error->message);
        }
        const Instance instance = loader_.open(plugin);
        const size_t count = instance.device_count();
        for (size_t i = 0; i < count; ++i) {
          const std::string spec = i == 0 ? plugin : plugin + ":" + std::to_string(i);
          to.push_back({spec, instance.name(), instance.device_info(i).name, ""});
        }
        if (count == 0) to.push_back({plugin, instance.name(), "", "the plugin has no device"});
      } catch (const Error& error) {
        to.push_back({plugin, plugin, "", error.what()});
        // That there is nothing here for a plugin to drive is no fault of its own.
        if (error.status() != TN_NO_DEVICE) broken_.push_back(to.back());
      }
    }
    rows.insert(rows.end(), others.begin(), others.end());
    return rows;
  }

  tenon::Loader loader_;
  const uint32_t kernel_flags_;
  bool chosen_ = false;
  std::mutex listing_;  // Guards the listing, and is held while it is made: all who want it wait.
  std::vector<std::string> specs_;
  std::vector<DeviceListing> rows_;
  std::vector<DeviceListing> broken_;
  std::mutex mutex_;  // Guards what follows.
  std::map<std::string, Slot> slots_;
};

}  // namespace

std::unique_ptr<Context> Context::create(std::vector<std::string> specs, uint32_t kernel_flags) {
  return std::make_unique<ContextImpl>(std::move(specs), kernel_flags);
}

}  // namespace tenon::runtime

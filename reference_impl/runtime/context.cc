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
    if (!specs_.empty()) return;
    if (const char* text = std::getenv("TENON_DEVICES")) specs_ = split_specs(text);
  }

  ~ContextImpl() override {
    // The others have streams on the reference device.
    for (auto& [spec, device] : devices_) {
      if (spec != kReferenceSpec) device.reset();
    }
  }

  size_t device_count() override {
    std::lock_guard lock(mutex_);
    return specs().size();
  }

  Device& device(size_t index) override {
    std::string spec;
    {
      std::lock_guard lock(mutex_);
      if (index >= specs().size()) {
        throw Error(TN_OUT_OF_RANGE, "",
                    "there is no device " + std::to_string(index) + "; there are " +
                        std::to_string(specs().size()) + " (see `tenon devices`)");
      }
      spec = specs()[index];
    }
    return open(spec);
  }

  Device& open(std::string_view text) override {
    const std::string spec(text);
    std::lock_guard lock(mutex_);
    std::unique_ptr<DeviceImpl>& device = devices_[spec];
    if (device == nullptr) {
      try {
        const DeviceSpec parsed = DeviceSpec::parse(spec);
        std::vector<tn_option> options;
        options.reserve(parsed.options.size());
        for (const auto& [key, value] : parsed.options) {
          options.push_back({key.c_str(), value.c_str()});
        }
        tenon::Device handle = loader_.open(parsed.plugin).open_device(parsed.index, options);
        device = std::make_unique<DeviceImpl>(spec, std::move(handle), kernel_flags_,
                                              [this]() -> Device& { return reference(); });
      } catch (...) {
        devices_.erase(spec);
        throw;
      }
    }
    return *device;
  }

  Device& reference() override { return open(kReferenceSpec); }

  std::vector<DeviceListing> listing() override {
    std::lock_guard lock(mutex_);
    return rows();
  }

 private:
  // The devices to show; found on first use.
  const std::vector<std::string>& specs() {
    if (specs_.empty()) {
      for (const DeviceListing& row : rows()) {
        if (row.reason.empty()) specs_.push_back(row.spec);
      }
      for (const DeviceListing& row : broken_) warn(row);
    }
    return specs_;
  }

  // Whoever did not ask for this plugin still wants to know why it is missing.
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
  // it has every operator, and it is everywhere, so what nobody chose does not depend on which
  // other plugins lie about.
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
  std::mutex mutex_;
  std::vector<std::string> specs_;
  // As found on first use.
  std::vector<DeviceListing> rows_;
  std::vector<DeviceListing> broken_;
  std::map<std::string, std::unique_ptr<DeviceImpl>> devices_;
};

}  // namespace

std::unique_ptr<Context> Context::create(std::vector<std::string> specs, uint32_t kernel_flags) {
  return std::make_unique<ContextImpl>(std::move(specs), kernel_flags);
}

}  // namespace tenon::runtime

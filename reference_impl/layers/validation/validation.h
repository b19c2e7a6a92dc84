// SPDX-License-Identifier: Apache-2.0
//
// The validation layer of one instance: what it knows, how it speaks, and the handles it keeps
// back.
#pragma once

#include <deque>
#include <functional>
#include <mutex>

#include "reference_impl/layers/layer.h"
#include "reference_impl/layers/validation/host_services.h"
#include "reference_impl/layers/validation/records.h"

namespace tenon::layers::validation {

// The layer, with its functions put into `table`.
std::unique_ptr<Layer> make(const Surroundings& surroundings, tn_dispatch* table);

// The generated functions (generic_checks.cc).
void insert_checks(tn_dispatch* table);
void insert_checks(Extensions* tables);

// The sentence of a rule of spec/rules.yaml.
const char* sentence_of(const char* rule);

// For what is found out when the instance has gone: to stderr.
void report_without_host(const char* rule, const std::string& message);

class Validation : public Layer {
 public:
  Validation(const Surroundings& surroundings, tn_dispatch* table);
  ~Validation() override;

  static Validation& of(const tn_dispatch* table) {
    return static_cast<Validation&>(*layered(table).validation);
  }

  // Logs a broken rule: what happened, the rule and its sentence, and what to do.
  void report(tn_log_level level, const char* rule, const std::string& message) const;

  const std::string& plugin() const { return plugin_; }
  // The plugin's tenon.h is newer than this one: it may name values and bits that are not known
  // here.
  bool plugin_is_newer() const { return plugin_is_newer_; }
  // What the plugin is given in place of the host's.
  const tn_host* services() { return services_.get(); }
  // The table that this plugin's handles begin with.
  const tn_dispatch* table() const { return table_; }
  // Its own among all of this process.
  uint64_t number() const { return number_; }
  // "tn_buffer_create: plugin 'acme' <did what>; report it to its vendor"
  std::string of_plugin(const char* function, const std::string& what) const;

  // Guards the records' changing parts and `order`.
  std::mutex mutex;
  Order order;

  // The host learns that work has finished, well or not: `tell` says which to `order`.
  template <class Tell>
  void finish(bool well, Tell tell) {
    std::vector<std::string> wrong;
    {
      // Held while dims are read: once any call has told the host, that memory may go.
      const std::lock_guard lock(mutex);
      tell(order);
      wrong = look_at_dims(well);
    }
    for (const std::string& what : wrong) report(TN_LOG_ERROR, "TN-launch-018", what);
  }
  // Queued work will write the actual dims of an output there.
  struct AwaitedDims {
    Point work;
    const int64_t* actual;
    std::vector<int64_t> bound;
    std::string name;
    const Record* device;
  };
  void await(AwaitedDims dims) {
    const std::lock_guard lock(mutex);
    awaited_.push_back(std::move(dims));
  }
  // The device has gone.
  void forget_dims(const Record* device);

  // Quarantine: a small thing that was destroyed is kept for a while, so that its address is not
  // given to the next one and a late use of it is known for what it is. `destroy` is called when it
  // is let go.
  void keep(std::shared_ptr<Record> record, uint64_t bytes, std::function<void()> destroy);
  // Whether it is kept: for the plugin it has not been destroyed yet.
  bool keeps(const Record& record);
  // Lets go what is kept of this device (NULL: of all). True if there was something.
  bool release(const Record* device) {
    return release_if(
        [device](const Record& kept) { return device == nullptr || kept.device.get() == device; });
  }
  bool release_if(const std::function<bool(const Record&)>& wanted);

  // Destroys what was made from a device and is left, or from the instance.
  void destroy_leaked(const Record& owner, const char* function, const char* rule);

 private:
  void replace(Extensions* tables) const override { insert_checks(tables); }
  std::vector<std::string> look_at_dims(bool well);

  struct Kept {
    std::shared_ptr<Record> record;
    uint64_t bytes;
    std::function<void()> destroy;
  };

  const tn_host* const host_;
  HostServices services_;
  const std::string plugin_;
  const bool plugin_is_newer_;
  const tn_dispatch* const table_;
  const uint64_t number_;
  std::vector<AwaitedDims> awaited_;
  std::mutex kept_mutex_;
  std::deque<Kept> kept_;
  uint64_t kept_bytes_ = 0;
};

}  // namespace tenon::layers::validation

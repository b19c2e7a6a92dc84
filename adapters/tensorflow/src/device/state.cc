// SPDX-License-Identifier: Apache-2.0
#include "device/state.h"

#include <cstdio>

std::atomic<uint32_t> tenon_tf_failures{0};

namespace tenon::tensorflow {

SP_Stream DeviceState::create_stream() {
  auto stream = std::make_unique<SP_Stream_st>();
  stream->owner = this;
  stream->stream = device_.create_stream();
  const SP_Stream made = stream.get();
  std::lock_guard lock(mutex_);
  streams_[made] = std::move(stream);
  return made;
}

void DeviceState::destroy_stream(SP_Stream stream) {
  std::shared_ptr<SP_Stream_st> last;  // Goes without the lock, unless another thread waits for it.
  std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  last = std::move(found->second);
  streams_.erase(found);
}

std::vector<std::shared_ptr<SP_Stream_st>> DeviceState::streams() {
  std::vector<std::shared_ptr<SP_Stream_st>> copies;
  std::lock_guard lock(mutex_);
  copies.reserve(streams_.size());
  for (const auto& [name, stream] : streams_) copies.push_back(stream);
  return copies;
}

void DeviceState::keep_failure() noexcept {
  Failure failure = current_failure();
  // A failure reaches every stream that waited for the first one: clear all, report one.
  for (const auto& stream : streams()) {
    std::lock_guard stream_lock(stream->mutex);
    try {
      stream->stream->synchronize();
    } catch (...) {  // NOLINT(bugprone-empty-catch)
    }
  }
  std::lock_guard lock(mutex_);
  if (failed()) return;
  failure_ = std::move(failure);
  failed_.store(true, std::memory_order_release);
  tenon_tf_failures.fetch_add(1);
}

Failure DeviceState::take_failure() {
  std::lock_guard lock(mutex_);
  if (!failed()) return {};
  failed_.store(false, std::memory_order_release);
  tenon_tf_failures.fetch_sub(1);
  return std::move(failure_);
}

void DeviceState::rethrow() {
  const Failure failure = take_failure();
  if (failure.code != TF_OK) throw OpError(failure.code, failure.message);
}

void DeviceState::count_host_op(const std::string& op, uint64_t copies) {
  const runtime::FallbackPolicy policy = device_.fallback_policy();
  if (policy == runtime::FallbackPolicy::kError) {
    unimplemented("the device has no kernel for it, and the fallback policy is \"error\"");
  }
  std::lock_guard lock(mutex_);
  HostOpCount& count = host_ops_[op];
  ++count.calls;
  count.copies += copies;
  if (policy == runtime::FallbackPolicy::kWarn && warned_.insert(op).second) {
    std::fprintf(
        stderr,
        "tensorflow_tenon: %s has no kernel on %s; TensorFlow's CPU kernel runs on copies\n",
        op.c_str(), device_.spec().c_str());
  }
}

std::map<std::string, DeviceState::HostOpCount> DeviceState::host_op_counts() {
  std::lock_guard lock(mutex_);
  return host_ops_;
}

void DeviceState::reset_counts() {
  device_.reset_operator_counts();
  std::lock_guard lock(mutex_);
  host_ops_.clear();
}

void DeviceState::wait() noexcept {
  for (const auto& stream : streams()) {
    try {
      std::lock_guard lock(stream->mutex);
      stream->stream->synchronize();
    } catch (...) {
      keep_failure();
    }
  }
  try {
    device_.synchronize();
  } catch (...) {
    keep_failure();
  }
}

namespace {

// Opens all of them: TensorFlow wants them at once. One that does not open is left out, with the
// reason, unless the user chose the devices.
std::vector<DeviceState*> open_all(runtime::Context& context) {
  std::vector<DeviceState*> states;
  std::string reasons;
  const size_t count = context.device_count();
  for (size_t i = 0; i < count; ++i) {
    try {
      states.push_back(new DeviceState(context.device(i)));
    } catch (const std::exception& error) {
      if (context.chosen()) throw;
      std::fprintf(stderr, "tensorflow_tenon: device %zu is left out: %s\n", i, error.what());
      reasons.append("; ").append(error.what());
    }
  }
  if (states.empty()) {
    throw OpError(TF_NOT_FOUND, "no Tenon device found; see `tenon doctor`" + reasons);
  }
  return states;
}

}  // namespace

const std::vector<DeviceState*>& device_states() {
  // Never destroyed: TensorFlow's threads may outlive static destructors.
  static const std::vector<DeviceState*>& states = []() -> std::vector<DeviceState*>& {
    // As TensorFlow's CPU: errors for what only the data shows, and subnormal numbers are 0.
    auto context = runtime::Context::create({}, TN_KERNEL_CHECK_DATA | TN_KERNEL_FLUSH_SUBNORMALS);
    auto* result = new std::vector<DeviceState*>(open_all(*context));
    static_cast<void>(context.release());
    return *result;
  }();
  return states;
}

DeviceState& device_state(size_t index) {
  const auto& states = device_states();
  if (index >= states.size()) {
    throw OpError(TF_INVALID_ARGUMENT, "no device TENON:" + std::to_string(index) + "; there are " +
                                           std::to_string(states.size()));
  }
  return *states[index];
}

DeviceState& owner_of(const void* address) {
  for (DeviceState* state : device_states()) {
    if (state->device().owns(address)) return *state;
  }
  throw OpError(TF_INTERNAL, "an address that belongs to no Tenon device");
}

}  // namespace tenon::tensorflow

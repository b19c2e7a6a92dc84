// SPDX-License-Identifier: Apache-2.0
//
// The C functions that the Python package calls through ctypes. Each answers a TF_Code (0: OK) and
// writes text, a result as JSON or a failure's message, to `text`, cut at `size` bytes.
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "device/state.h"
#include "ops/registration.h"
#include "ops/variables.h"

namespace tenon::tensorflow {
namespace {

void write_text(const std::string& from, char* text, size_t size) {
  if (text != nullptr && size > 0) std::snprintf(text, size, "%s", from.c_str());
}

template <class Body>
int32_t answered(char* text, size_t size, Body&& body) noexcept {
  try {
    write_text(body(), text, size);
    return TF_OK;
  } catch (...) {
    const Failure failure = current_failure();
    write_text(failure.message, text, size);
    return failure.code;
  }
}

nlohmann::json describe(DeviceState& state) {
  runtime::ManagedDevice& device = state.device();
  const runtime::PoolStatistics pool = device.pool_statistics();
  const runtime::KernelCacheStatistics kernels = device.kernel_statistics();
  nlohmann::json operators = nlohmann::json::object();
  for (const runtime::OperatorCount& count : device.operator_counts()) {
    operators[count.name] = {{"device", count.device},
                             {"decomposed", count.decomposed},
                             {"fallback", count.fallback},
                             {"copies", count.copies}};
  }
  // Named as TensorFlow's, beside Tenon's operators.
  for (const auto& [op, count] : state.host_op_counts()) {
    operators["tf." + op] = {
        {"device", 0}, {"decomposed", 0}, {"fallback", count.calls}, {"copies", count.copies}};
  }
  return {{"spec", device.spec()},
          {"name", device.info().name},
          {"vendor", device.info().vendor},
          {"coherent", device.coherent()},
          {"fallback", runtime::name_of(device.fallback_policy())},
          {"memory",
           {{"allocated_bytes", pool.allocated_bytes},
            {"peak_allocated_bytes", pool.peak_allocated_bytes},
            {"reserved_bytes", pool.reserved_bytes},
            {"allocations", pool.allocations},
            {"device_allocations", pool.device_allocations}}},
          {"kernels",
           {{"hits", kernels.hits},
            {"misses", kernels.misses},
            {"creates", kernels.creates},
            {"evictions", kernels.evictions},
            {"size", kernels.size},
            {"capacity", kernels.capacity}}},
          {"operators", operators}};
}

}  // namespace
}  // namespace tenon::tensorflow

using tenon::tensorflow::answered;
using tenon::tensorflow::device_state;

extern "C" {

// Opens the devices and builds the table of kernels; the text is the number of devices. To be
// called before TensorFlow loads the library, since failures in there end the process.
TN_EXPORT int32_t tenon_tf_prepare(char* text, size_t size) {
  return answered(text, size, [] {
    tenon::tensorflow::prepare_kernels();
    return std::to_string(tenon::tensorflow::device_states().size());
  });
}

// Why variables cannot be computed with under this TensorFlow; empty when they can.
TN_EXPORT int32_t tenon_tf_why_no_variables(char* text, size_t size) {
  return answered(text, size, [] { return tenon::tensorflow::why_no_variables(); });
}

// Everything there is to know about a device, as one JSON object.
TN_EXPORT int32_t tenon_tf_describe(uint32_t device, char* text, size_t size) {
  return answered(text, size,
                  [&] { return tenon::tensorflow::describe(device_state(device)).dump(); });
}

TN_EXPORT int32_t tenon_tf_reset_counts(uint32_t device, char* text, size_t size) {
  return answered(text, size, [&] {
    device_state(device).reset_counts();
    return std::string();
  });
}

// policy: "allow", "warn" or "error".
TN_EXPORT int32_t tenon_tf_set_fallback(uint32_t device, const char* policy, char* text,
                                        size_t size) {
  return answered(text, size, [&] {
    device_state(device).device().set_fallback_policy(
        tenon::runtime::parse_fallback_policy(policy, "the fallback policy"));
    return std::string();
  });
}

// Waits for all queued work; reports a failure of it.
TN_EXPORT int32_t tenon_tf_synchronize(uint32_t device, char* text, size_t size) {
  return answered(text, size, [&] {
    device_state(device).synchronize();
    return std::string();
  });
}

// Reports, once, the failure of work that has finished already; waits for nothing.
TN_EXPORT int32_t tenon_tf_take_failure(char* text, size_t size) {
  return answered(text, size, [&] {
    for (auto* state : tenon::tensorflow::device_states()) state->throw_failure();
    return std::string();
  });
}

}  // extern "C"

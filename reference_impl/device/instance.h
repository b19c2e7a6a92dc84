// SPDX-License-Identifier: Apache-2.0
//
// The instance: a platform's devices for one host.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "reference_impl/device/operator_table.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::device {

struct Instance : tn_handle {
  Instance(const tn_dispatch* dispatch, const Platform& platform, const tn_host& host);

  const Platform& platform;
  const tn_host& host;
  const std::vector<tn_device_info> devices;  // As of devices opened without options.
  const uint32_t generation;                  // See fork.h.

  // Every operator of every family.
  std::span<const tn_operator_entry> operators();

 private:
  std::once_flag asked_;
  std::optional<OperatorTable> operators_;
};

}  // namespace tenon::device

// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/device.h"

#include <algorithm>

namespace tenon::device {

OpenDevice::OpenDevice(Instance& instance, size_t index, const Options& options,
                       std::unique_ptr<Backend> backend)
    : tn_handle{instance.dispatch},
      platform_(instance.platform),
      host_(instance.host),
      instance_(instance),
      index_(index),
      generation_(instance.generation),
      options_(options),
      info_(instance.devices[index]),
      backend_(std::move(backend)),
      execution_(backend_ != nullptr ? backend_->make_execution(host_)
                                     : std::make_unique<Execution>(host_)),
      memory_(options, backend_.get()),
      reclaimer_(memory_) {
  if (late()) {
    info_.flags &= ~TN_DEVICE_COHERENT;
    info_.flags |= TN_DEVICE_ASYNCHRONOUS;
  }
  info_.total_memory = memory_.limit();
  info_.max_allocation = memory_.max_allocation();
}

OpenDevice::~OpenDevice() {
  tn_memory_info memory{};
  memory_.write_info(&memory);
  if (memory.live_buffers != 0) {
    host_.log(host_.context, TN_LOG_WARNING, platform_.name,
              "a device is closed while buffers of it are alive; destroy them first");
  }
  for (const auto& stream : streams()) {
    stream->close();
    stream->join();
  }
  reclaimer_.collect();
}

Block OpenDevice::allocate(uint64_t size, uint32_t alignment, bool coherent) {
  try {
    return memory_.allocate(size, alignment, coherent);
  } catch (const plugin::Failure& failure) {
    if (failure.error.code != TN_OUT_OF_DEVICE_MEMORY || !memory_.has_deferred()) throw;
  } catch (const KernelError& failure) {  // Of a backend.
    if (failure.status != TN_OUT_OF_DEVICE_MEMORY || !memory_.has_deferred()) throw;
  }
  synchronize(nullptr);
  reclaimer_.collect();
  return memory_.allocate(size, alignment, coherent);
}

Block OpenDevice::allocate_constant(uint64_t size) { return memory_.allocate_constant(size); }

std::shared_ptr<StreamCore> OpenDevice::make_stream() {
  auto stream = std::make_shared<StreamCore>(
      *execution_, backend_ != nullptr ? backend_->make_execution(host_) : nullptr, layouts(),
      reclaimer_, late(), options_.delay_us);
  const std::lock_guard lock(mutex_);
  reap();
  streams_.push_back(stream);
  return stream;
}

std::vector<std::shared_ptr<StreamCore>> OpenDevice::streams() {
  const std::lock_guard lock(mutex_);
  return streams_;
}

void OpenDevice::reap() {
  std::erase_if(streams_, [](const std::shared_ptr<StreamCore>& stream) {
    if (!stream->closed() || !stream->drained()) return false;
    stream->join();
    return true;
  });
}

void OpenDevice::reorder_now(const View& dst, const View& src) {
  if (backend_ == nullptr) return layouts().reorder(dst, src, *execution_);
  const std::lock_guard lock(reorder_mutex_);
  layouts().reorder(dst, src, *execution_);
  execution_->finish();
}

tn_status OpenDevice::synchronize(tn_error* error) {
  const auto all = streams();
  for (const auto& stream : all) stream->kick(stream->queued());
  for (const auto& stream : all) stream->wait(stream->queued());
  for (const auto& stream : all) {
    if (stream->closed()) continue;
    if (const tn_status status = stream->failure().get(error); status != TN_OK) return status;
  }
  return TN_OK;
}

}  // namespace tenon::device

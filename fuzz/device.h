// SPDX-License-Identifier: Apache-2.0
//
// The reference device by its function table, without the loader: what a description or a launch
// breaks, it breaks here. Its memory is of the sizes asked for, so that a sanitizer sees a byte
// more.
#pragma once

#include <memory>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::fuzz {

class DirectDevice {
 public:
  DirectDevice();
  ~DirectDevice();
  DirectDevice(const DirectDevice&) = delete;
  DirectDevice& operator=(const DirectDevice&) = delete;

  const tn_dispatch& functions() const { return table_; }
  tn_device* get() const { return device_; }
  tn_stream* stream() const { return stream_; }

 private:
  tn_host host_{};
  tn_dispatch table_{};
  tn_instance* instance_ = nullptr;
  tn_device* device_ = nullptr;
  tn_stream* stream_ = nullptr;
};

// Imported memory of exactly `size` bytes.
class ExactBuffer {
 public:
  ExactBuffer(const DirectDevice& device, size_t size);
  ~ExactBuffer();
  ExactBuffer(const ExactBuffer&) = delete;
  ExactBuffer& operator=(const ExactBuffer&) = delete;

  tn_buffer* get() const { return buffer_; }
  size_t size() const { return size_; }

 private:
  const DirectDevice& device_;
  size_t size_;
  std::unique_ptr<unsigned char[]> memory_;
  tn_buffer* buffer_ = nullptr;
};

}  // namespace tenon::fuzz

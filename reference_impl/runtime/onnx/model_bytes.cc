// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/model_bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/read_file.h"

namespace tenon::runtime::onnx_import {

ModelBytes ModelBytes::of_file(const std::string& path) {
  check_file(path);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) cannot_read(path, std::strerror(errno));
  struct stat status{};
  void* address = nullptr;
  const bool known = ::fstat(file, &status) == 0;
  const auto size = static_cast<size_t>(status.st_size);
  if (known && size != 0) address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  const int error = errno;
  ::close(file);
  if (!known || address == MAP_FAILED) cannot_read(path, std::strerror(error));
  ModelBytes bytes({static_cast<const char*>(address), size});
  if (size != 0) {
    bytes.owner_ = std::shared_ptr<const void>(
        address, [size](const void* at) { ::munmap(const_cast<void*>(at), size); });
    bytes.mapped_ = true;
  }
  return bytes;
}

ModelBytes ModelBytes::kept() const {
  if (owner_ != nullptr || bytes_.empty()) return *this;
  const auto copy = std::make_shared<const std::string>(bytes_);
  ModelBytes bytes(*copy);
  bytes.owner_ = copy;
  return bytes;
}

void ModelBytes::leave(size_t count) const {
  if (!mapped_) return;
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  if (count < bytes_.size()) count = count / page * page;
  if (count != 0) ::madvise(const_cast<char*>(bytes_.data()), count, MADV_DONTNEED);
}

}  // namespace tenon::runtime::onnx_import

// SPDX-License-Identifier: Apache-2.0
//
// A libcuda.so.1 whose device is the processor: the functions that plugins/cuda/driver.h asks for,
// as cuda.h describes them. It checks what a real driver checks, and is slow.
//
//   EMULATED_CUDA_VERSION     as of cuDriverGetVersion (13000)
//   EMULATED_CUDA_INIT        result of cuInit (0)
//   EMULATED_CUDA_DEVICES     how many devices there are (1)
//   EMULATED_CUDA_CAPABILITY  compute capability (90)
//   EMULATED_CUDA_LOSE        a launch of the kernel of this name loses the device
#include <cuda.h>

#include <dlfcn.h>
#include <elf.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "blocks.h"
#include "memory.h"
#include "module.h"
#include "stream.h"

struct CUmod_st {
  void* library;
};

struct CUfunc_st {
  std::string name;
  const emulator::Kernel* kernel;
};

struct CUctx_st {
  CUdevice device;
};

struct CUmemPoolHandle_st {};

namespace {

using emulator::memory;

int setting(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::atoi(value) : otherwise;
}

// The contexts that are current on a thread, the last one on top.
thread_local std::vector<CUcontext> contexts;

// What functions that need a context answer before they do anything.
CUresult ready() { return contexts.empty() ? CUDA_ERROR_INVALID_CONTEXT : emulator::lost(); }

#define READY()                                                              \
  do {                                                                       \
    if (const CUresult state = ready(); state != CUDA_SUCCESS) return state; \
  } while (false)

uint64_t number(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

// The parameters of a launch, copied when it is queued.
class Parameters {
 public:
  Parameters(const emulator::Kernel& kernel, void* const* given) {
    for (size_t i = 0; i < kernel.count; ++i) {
      values_.emplace_back(kernel.sizes[i]);
      std::memcpy(values_.back().data(), given[i], kernel.sizes[i]);
    }
    for (std::vector<std::byte>& value : values_) pointers_.push_back(value.data());
  }
  Parameters(const Parameters&) = delete;
  void* const* get() const { return pointers_.data(); }

 private:
  std::vector<std::vector<std::byte>> values_;
  std::vector<void*> pointers_;
};

template <class T>
CUresult set(CUdeviceptr to, T value, size_t count, CUstream stream) {
  READY();
  if (to % sizeof(T) != 0) return CUDA_ERROR_INVALID_VALUE;
  stream->add([=] {
    std::byte* bytes = memory().bytes(to, count * sizeof(T));
    if (bytes == nullptr) return CUDA_ERROR_ILLEGAL_ADDRESS;
    for (size_t i = 0; i < count; ++i) std::memcpy(bytes + i * sizeof(T), &value, sizeof(T));
    return CUDA_SUCCESS;
  });
  return CUDA_SUCCESS;
}

// A shared library's size, which is not passed: it ends with its section headers.
size_t image_size(const void* image) {
  Elf64_Ehdr header;
  std::memcpy(&header, image, sizeof(header));
  return header.e_shoff + size_t{header.e_shentsize} * header.e_shnum;
}

}  // namespace

extern "C" {

CUresult CUDAAPI cuInit(unsigned int) {
  return static_cast<CUresult>(setting("EMULATED_CUDA_INIT", CUDA_SUCCESS));
}

CUresult CUDAAPI cuDriverGetVersion(int* version) {
  *version = setting("EMULATED_CUDA_VERSION", 13000);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGetErrorName(CUresult error, const char** text) {
  switch (error) {
    case CUDA_ERROR_NO_DEVICE:
      *text = "CUDA_ERROR_NO_DEVICE";
      return CUDA_SUCCESS;
    case CUDA_ERROR_OUT_OF_MEMORY:
      *text = "CUDA_ERROR_OUT_OF_MEMORY";
      return CUDA_SUCCESS;
    case CUDA_ERROR_ILLEGAL_ADDRESS:
      *text = "CUDA_ERROR_ILLEGAL_ADDRESS";
      return CUDA_SUCCESS;
    case CUDA_ERROR_INVALID_VALUE:
      *text = "CUDA_ERROR_INVALID_VALUE";
      return CUDA_SUCCESS;
    case CUDA_ERROR_INVALID_CONTEXT:
      *text = "CUDA_ERROR_INVALID_CONTEXT";
      return CUDA_SUCCESS;
    default:
      return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult CUDAAPI cuGetErrorString(CUresult, const char** text) {
  *text = "of the emulated driver";
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetCount(int* count) {
  *count = setting("EMULATED_CUDA_DEVICES", 1);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGet(CUdevice* device, int ordinal) {
  *device = ordinal;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetName(char* name, int size, CUdevice) {
  std::snprintf(name, static_cast<size_t>(size), "Emulated CUDA device (no GPU)");
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetUuid(CUuuid* uuid, CUdevice device) {
  std::memcpy(uuid->bytes, "emulated device", sizeof(uuid->bytes));
  uuid->bytes[15] = static_cast<char>(device);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceTotalMem(size_t* bytes, CUdevice) {
  *bytes = emulator::kDeviceBytes;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetPCIBusId(char* text, int size, CUdevice device) {
  std::snprintf(text, static_cast<size_t>(size), "FFFF:%02X:00.0", static_cast<unsigned>(device));
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice) {
  switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
      *value = setting("EMULATED_CUDA_CAPABILITY", 90) / 10;
      break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
      *value = setting("EMULATED_CUDA_CAPABILITY", 90) % 10;
      break;
    case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED:
      *value = 1;
      break;
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
      *value = 1024;
      break;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
      *value = 48 * 1024;
      break;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
      *value = 4;
      break;
    case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
      *value = 1500000;
      break;
    case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
      *value = 32;
      break;
    default:
      return CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  static CUctx_st primary[16];
  if (device < 0 || device >= 16) return CUDA_ERROR_INVALID_DEVICE;
  primary[device].device = device;
  *context = &primary[device];
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDevicePrimaryCtxRelease(CUdevice) { return CUDA_SUCCESS; }

CUresult CUDAAPI cuCtxGetCurrent(CUcontext* context) {
  *context = contexts.empty() ? nullptr : contexts.back();
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuCtxPushCurrent(CUcontext context) {
  if (context == nullptr) return CUDA_ERROR_INVALID_CONTEXT;
  contexts.push_back(context);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuCtxPopCurrent(CUcontext* context) {
  if (contexts.empty()) return CUDA_ERROR_INVALID_CONTEXT;
  *context = contexts.back();
  contexts.pop_back();
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemPoolCreate(CUmemoryPool* pool, const CUmemPoolProps*) {
  READY();
  *pool = new CUmemPoolHandle_st;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemPoolDestroy(CUmemoryPool pool) {
  delete pool;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemPoolSetAttribute(CUmemoryPool, CUmemPool_attribute, void*) { return ready(); }

// The emulated pool keeps nothing: what is freed goes back at once.
CUresult CUDAAPI cuMemPoolGetAttribute(CUmemoryPool, CUmemPool_attribute attribute, void* value) {
  READY();
  if (attribute != CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT) return CUDA_ERROR_INVALID_VALUE;
  *static_cast<cuuint64_t*>(value) = memory().used();
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemPoolTrimTo(CUmemoryPool, size_t) { return ready(); }

CUresult CUDAAPI cuMemAllocFromPoolAsync(CUdeviceptr* address, size_t size, CUmemoryPool,
                                         CUstream) {
  READY();
  if (size == 0) return CUDA_ERROR_INVALID_VALUE;
  *address = memory().allocate(size);
  return *address == 0 ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
  READY();
  stream->add([=] { return memory().free(address) ? CUDA_SUCCESS : CUDA_ERROR_ILLEGAL_ADDRESS; });
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemHostRegister(void* host, size_t size, unsigned int) {
  READY();
  if (host == nullptr || size == 0) return CUDA_ERROR_INVALID_VALUE;
  return memory().pin(host, size) ? CUDA_SUCCESS : CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
}

CUresult CUDAAPI cuMemHostUnregister(void* host) {
  READY();
  return memory().unpin(host) ? CUDA_SUCCESS : CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
}

CUresult CUDAAPI cuMemHostGetDevicePointer(CUdeviceptr* address, void* host, unsigned int) {
  READY();
  if (!memory().pinned(host)) return CUDA_ERROR_INVALID_VALUE;
  *address = number(host) | emulator::kHostBit;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemHostAlloc(void** host, size_t size, unsigned int) {
  READY();
  *host = std::aligned_alloc(4096, (size + 4095) / 4096 * 4096);
  if (*host == nullptr) return CUDA_ERROR_OUT_OF_MEMORY;
  memory().pin(*host, size);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemFreeHost(void* host) {
  if (!memory().unpin(host)) return CUDA_ERROR_INVALID_VALUE;
  std::free(host);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t size, CUstream stream) {
  READY();
  stream->add([=] {
    std::byte* dst = memory().bytes(to, size);
    const std::byte* src = memory().bytes(from, size);
    const bool good = dst != nullptr && src != nullptr &&
                      emulator::guarded([&] { std::memmove(dst, src, size); });
    return good ? CUDA_SUCCESS : CUDA_ERROR_ILLEGAL_ADDRESS;
  });
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count,
                                 CUstream stream) {
  return set(to, value, count, stream);
}
CUresult CUDAAPI cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count,
                                  CUstream stream) {
  return set(to, value, count, stream);
}
CUresult CUDAAPI cuMemsetD32Async(CUdeviceptr to, unsigned int value, size_t count,
                                  CUstream stream) {
  return set(to, value, count, stream);
}

CUresult CUDAAPI cuStreamCreate(CUstream* stream, unsigned int) {
  READY();
  *stream = new CUstream_st;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuStreamDestroy(CUstream stream) {
  delete stream;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuStreamSynchronize(CUstream stream) {
  if (contexts.empty()) return CUDA_ERROR_INVALID_CONTEXT;
  stream->wait();
  return emulator::lost();
}

CUresult CUDAAPI cuModuleLoadData(CUmodule* module, const void* image) {
  READY();
  if (std::memcmp(image, ELFMAG, SELFMAG) != 0) return CUDA_ERROR_INVALID_IMAGE;
  // A name of its own: the linker knows libraries by their names.
  char path[] = "/tmp/emulated-cubin-XXXXXX";
  const int file = mkstemp(path);
  if (file < 0) return CUDA_ERROR_OPERATING_SYSTEM;
  const size_t size = image_size(image);
  const bool written = write(file, image, size) == static_cast<ssize_t>(size);
  close(file);
  void* library = written ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
  unlink(path);
  if (library == nullptr) return CUDA_ERROR_INVALID_IMAGE;
  *module = new CUmod_st{library};
  return CUDA_SUCCESS;
}

// Work of other streams may still be in its code: it is kept.
CUresult CUDAAPI cuModuleUnload(CUmodule module) {
  delete module;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
  READY();
  const auto* kernel = static_cast<const emulator::Kernel*>(
      dlsym(module->library, (std::string("emulated_") + name).c_str()));
  if (kernel == nullptr) return CUDA_ERROR_NOT_FOUND;
  *function = new CUfunc_st{name, kernel};
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y,
                                unsigned int grid_z, unsigned int block_x, unsigned int block_y,
                                unsigned int block_z, unsigned int, CUstream stream,
                                void** parameters, void**) {
  READY();
  const uint64_t threads = uint64_t{block_x} * block_y * block_z;
  if (grid_x == 0 || grid_y == 0 || grid_z == 0 || threads == 0 || threads > 1024 ||
      grid_y > UINT16_MAX || grid_z > UINT16_MAX) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  const char* lose = std::getenv("EMULATED_CUDA_LOSE");
  if (lose != nullptr && function->name == lose) {
    stream->add([] { return CUDA_ERROR_ILLEGAL_ADDRESS; });
    return CUDA_SUCCESS;
  }
  const auto copied = std::make_shared<const Parameters>(*function->kernel, parameters);
  const emulator::Dim grid{grid_x, grid_y, grid_z}, block{block_x, block_y, block_z};
  stream->add([=] {
    return emulator::run_blocks(*function->kernel, grid, block, copied->get())
               ? CUDA_SUCCESS
               : CUDA_ERROR_ILLEGAL_ADDRESS;
  });
  return CUDA_SUCCESS;
}

}  // extern "C"

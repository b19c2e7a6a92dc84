// SPDX-License-Identifier: Apache-2.0
#include "plugins/cuda/compiler.h"

#include <nvrtc.h>

#include <mutex>
#include <vector>

#include "plugins/cuda/dialect.h"
#include "plugins/cuda/library.h"
#include "plugins/gpu_common/sources.h"
#include "tenon/device/kernel.h"

// clang-format off
#define TENON_CUDA_NVRTC_FUNCTIONS(X)                                            \
  X(nvrtcVersion) X(nvrtcGetErrorString)                                         \
  X(nvrtcCreateProgram) X(nvrtcDestroyProgram) X(nvrtcCompileProgram)            \
  X(nvrtcGetCUBINSize) X(nvrtcGetCUBIN) X(nvrtcGetProgramLogSize) X(nvrtcGetProgramLog)
// clang-format on

namespace tenon::cuda {
namespace {

struct Nvrtc {
  TENON_CUDA_NVRTC_FUNCTIONS(TENON_CUDA_FIELD)
};

constexpr const char* kAdvice =
    "install the package nvidia-cuda-nvrtc of version 13 and put its library folder into "
    "LD_LIBRARY_PATH";

Nvrtc open_nvrtc() {
  const Library library("libnvrtc.so.13", kAdvice);
  Nvrtc table;
  TENON_CUDA_NVRTC_FUNCTIONS(TENON_CUDA_FIND)
  // NVRTC opens its built-in headers by this name alone and has no run path: where they are not in
  // the linker's path, it finds them only if they are there already.
  int major = 0;
  int minor = 0;
  table.nvrtcVersion(&major, &minor);
  const std::string builtins =
      "libnvrtc-builtins.so." + std::to_string(major) + "." + std::to_string(minor);
  const Library headers(builtins.c_str(), kAdvice);
  return table;
}

const Nvrtc& nvrtc() {
  // Thrown failures are not kept: it may have been installed when the next one asks.
  static const Nvrtc table = open_nvrtc();
  return table;
}

void check(nvrtcResult result, const std::string& what) {
  if (result == NVRTC_SUCCESS) return;
  throw device::KernelError(result == NVRTC_ERROR_OUT_OF_MEMORY ? TN_OUT_OF_MEMORY : TN_INTERNAL,
                            what + ": " + nvrtc().nvrtcGetErrorString(result), result);
}

class Program {
 public:
  Program(const std::string& name, const std::string& text) {
    check(nvrtc().nvrtcCreateProgram(&program_, text.c_str(), name.c_str(), 0, nullptr, nullptr),
          name);
  }
  ~Program() { nvrtc().nvrtcDestroyProgram(&program_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  nvrtcResult compile(const std::vector<std::string>& options) {
    std::vector<const char*> pointers;
    pointers.reserve(options.size());
    for (const std::string& option : options) pointers.push_back(option.c_str());
    return nvrtc().nvrtcCompileProgram(program_, static_cast<int>(pointers.size()),
                                       pointers.data());
  }

  std::string log() const {
    return text(nvrtc().nvrtcGetProgramLogSize, nvrtc().nvrtcGetProgramLog);
  }
  std::string cubin() const { return text(nvrtc().nvrtcGetCUBINSize, nvrtc().nvrtcGetCUBIN); }

 private:
  std::string text(decltype(&nvrtcGetCUBINSize) size_of, decltype(&nvrtcGetCUBIN) read) const {
    size_t size = 0;
    check(size_of(program_, &size), "asking for a size");
    std::string out(size, '\0');
    check(read(program_, out.data()), "reading a result");
    return out;
  }

  nvrtcProgram program_ = nullptr;
};

// "-DT=float -DRANK=4" as lines of source. Given as options they would hold in NVRTC's own headers,
// too, whose templates have parameters called T.
std::string define_lines(const std::string& name, std::string_view definitions) {
  std::string out;
  while (!definitions.empty()) {
    const size_t end = std::min(definitions.find(' '), definitions.size());
    const std::string_view word = definitions.substr(0, end);
    definitions.remove_prefix(std::min(end + 1, definitions.size()));
    if (word.empty()) continue;
    if (!word.starts_with("-D")) {
      throw device::KernelError(TN_INTERNAL, name + ": not a definition: " + std::string(word));
    }
    const size_t equals = std::min(word.find('='), word.size());
    out += "#define " + std::string(word.substr(2, equals - 2)) + " ";
    out += equals == word.size() ? "1" : std::string(word.substr(equals + 1));
    out += '\n';
  }
  return out;
}

}  // namespace

void require_compiler() { nvrtc(); }

std::string compiler_version() {
  int major = 0;
  int minor = 0;
  check(nvrtc().nvrtcVersion(&major, &minor), "asking for NVRTC's version");
  return std::to_string(major) + "." + std::to_string(minor);
}

std::string compile(const std::string& name, const std::string& text, std::string_view definitions,
                    int capability, Effort effort, bool flush_subnormals) {
  const std::string all =
      std::string(definitions) + (flush_subnormals ? " -DFLUSH_SUBNORMALS" : "");
  Program program(name, define_lines(name, all) + "#line 1\n" + text);
  // Products and sums round one by one unless a kernel says fma(), as in the reference device.
  // 177: kernel files include more functions than each program calls.
  std::vector<std::string> options = {"--gpu-architecture=sm_" + std::to_string(capability),
                                      "--std=c++17", "--fmad=false", "--diag-suppress=177"};
  if (flush_subnormals) options.emplace_back("--ftz=true");
  if (effort == Effort::kLeast) options.emplace_back("--Ofast-compile=max");
  const nvrtcResult result = program.compile(options);
  if (result == NVRTC_ERROR_COMPILATION) {
    throw device::KernelError(TN_INTERNAL, name + " (" + std::string(definitions) +
                                               ") does not compile: " + program.log());
  }
  check(result, "compiling " + name + " for compute capability " + std::to_string(capability));
  return program.cubin();
}

std::string kernel_text(std::string_view source) { return gpu::source_text(source, kDialect); }

}  // namespace tenon::cuda

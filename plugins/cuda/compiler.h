// SPDX-License-Identifier: Apache-2.0
//
// From kernel source to machine code: NVRTC, NVIDIA's compiler as a library. It needs no driver and
// no device.
#pragma once

#include <string>
#include <string_view>

namespace tenon::cuda {

// Throws plugin::Failure (TN_NO_DEVICE) unless NVRTC can be used, saying what is missing.
void require_compiler();

// "13.0". Of NVRTC.
std::string compiler_version();

// How much work NVRTC puts into fast code. The least is for tests: still machine code, in a
// fifth of the time.
enum class Effort { kFull, kLeast };

// A CUDA source for devices of a compute capability (75: 7.5): a cubin, for cuModuleLoadData.
// `name` is for messages; `definitions` as in gpu::Machine ("-DT=float -DRANK=4"). Any thread.
// `flush_subnormals`: float32 arithmetic takes them for 0.
// Throws plugin::Failure as above, or device::KernelError (TN_INTERNAL) with the compiler's log.
std::string compile(const std::string& name, const std::string& text, std::string_view definitions,
                    int capability, Effort effort = Effort::kFull, bool flush_subnormals = false);

// plugins/gpu_common/kernels/<source>.cl behind this plugin's dialect.
std::string kernel_text(std::string_view source);

}  // namespace tenon::cuda

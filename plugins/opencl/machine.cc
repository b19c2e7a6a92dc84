// SPDX-License-Identifier: Apache-2.0
#include "machine.h"

#include "dialect.h"
#include "plugins/gpu_common/sources.h"

namespace tenon::opencl {

gpu::Limits limits_of(cl_device_id device) {
  gpu::Limits limits;
  limits.max_group = value<size_t>(device, CL_DEVICE_MAX_WORK_GROUP_SIZE);
  limits.local_bytes = value<cl_ulong>(device, CL_DEVICE_LOCAL_MEM_SIZE);
  limits.units = value<cl_uint>(device, CL_DEVICE_MAX_COMPUTE_UNITS);
  limits.is_cpu = (value<cl_device_type>(device, CL_DEVICE_TYPE) & CL_DEVICE_TYPE_CPU) != 0;
  limits.lanes = limits.is_cpu ? 1 : 32;
  limits.float64 = value<cl_device_fp_config>(device, CL_DEVICE_DOUBLE_FP_CONFIG) != 0;
  limits.float16 = text(device, CL_DEVICE_EXTENSIONS).find("cl_khr_fp16") != std::string::npos;
  return limits;
}

Machine::Machine(const ClDevice& device, cl_context context, bool flush_subnormals)
    : device_(device),
      context_(context),
      limits_(limits_of(device.id)),
      options_("-cl-std=CL1.2 -w"),
      cache_("opencl", platform_text(device.platform, CL_PLATFORM_VERSION) + '\n' +
                           text(device.id, CL_DEVICE_NAME) + '\n' +
                           text(device.id, CL_DRIVER_VERSION)) {
  if (limits_.float64) options_ += " -DTENON_FLOAT64";
  if (flush_subnormals) options_ += " -cl-denorms-are-zero -DFLUSH_SUBNORMALS";
  const auto single = value<cl_device_fp_config>(device.id, CL_DEVICE_SINGLE_FP_CONFIG);
  if ((single & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0) {
    options_ += " -cl-fp32-correctly-rounded-divide-sqrt";
  }
}

Machine::~Machine() {
  functions_.clear();
  for (const auto& [key, program] : programs_) library().clReleaseProgram(program);
}

const gpu::Function& Machine::function(std::string_view source, const std::string& definitions,
                                       std::string_view name) {
  return functions_.find(*this, source, definitions, name);
}

cl_kernel Function::handle() const {
  if (handle_ == nullptr) handle_ = machine_.kernel(source_, definitions_, name_);
  return handle_;
}

cl_kernel Machine::kernel(std::string_view source, const std::string& definitions,
                          const std::string& name) {
  const std::lock_guard lock(mutex_);
  cl_int status = CL_SUCCESS;
  cl_kernel handle = library().clCreateKernel(program(source, definitions), name.c_str(), &status);
  if (status != CL_SUCCESS) {
    throw device::KernelError(TN_INTERNAL, std::string(source) + ".cl has no function " + name +
                                               ": OpenCL error " + std::to_string(status));
  }
  return handle;
}

cl_program Machine::program(std::string_view source, const std::string& definitions) {
  const std::string key = std::string(source) + '\n' + definitions;
  const auto found = programs_.find(key);
  if (found != programs_.end()) return found->second;
  cl_program made = build(gpu::source_text(source, kDialect), options_ + " " + definitions, source);
  programs_[key] = made;
  return made;
}

cl_program Machine::build(const std::string& text, const std::string& options,
                          std::string_view name) {
  const Library& cl = library();
  cl_int status = CL_SUCCESS;
  if (const auto binary = cache_.load(text, options); !binary.empty()) {
    const unsigned char* data = binary.data();
    const size_t size = binary.size();
    cl_program program =
        cl.clCreateProgramWithBinary(context_, 1, &device_.id, &size, &data, nullptr, &status);
    if (status == CL_SUCCESS) {
      if (cl.clBuildProgram(program, 1, &device_.id, options.c_str(), nullptr, nullptr) ==
          CL_SUCCESS) {
        return program;
      }
      cl.clReleaseProgram(program);
    }
  }
  const char* source = text.c_str();
  cl_program program = cl.clCreateProgramWithSource(context_, 1, &source, nullptr, &status);
  check(status, "clCreateProgramWithSource");
  status = cl.clBuildProgram(program, 1, &device_.id, options.c_str(), nullptr, nullptr);
  if (status != CL_SUCCESS) {
    std::string log(4096, '\0');
    cl.clGetProgramBuildInfo(program, device_.id, CL_PROGRAM_BUILD_LOG, log.size() - 1, log.data(),
                             nullptr);
    cl.clReleaseProgram(program);
    throw device::KernelError(
        TN_INTERNAL,
        std::string(name) + ".cl does not compile with " + options + ": " + log.c_str(), status);
  }
  size_t size = 0;
  if (cl.clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, nullptr) ==
          CL_SUCCESS &&
      size != 0) {
    std::vector<unsigned char> binary(size);
    unsigned char* data = binary.data();
    if (cl.clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof(data), &data, nullptr) ==
        CL_SUCCESS) {
      cache_.store(text, options, binary);
    }
  }
  return program;
}

}  // namespace tenon::opencl

// SPDX-License-Identifier: Apache-2.0
//
// The way of a call: run() is the short one, for a kernel that is there and arguments that it
// takes.
#include <string>

#include "runtime/device_impl.h"
#include "runtime/temporaries.h"

namespace tenon::runtime {
namespace {

// What no device needs to be asked.
void check_call(const OperatorInfo& info, std::span<const Argument> inputs,
                std::span<const Argument> outputs) {
  const auto fail = [&](const std::string& what) {
    throw Error(TN_INVALID_ARGUMENT, "", std::string(info.full_name) + ": " + what);
  };
  const auto check_side = [&](std::span<const Argument> given, std::span<const ArgumentInfo> known,
                              const char* side) {
    const bool variadic = !known.empty() && (known.back().flags & kVariadic) != 0;
    if (given.size() > known.size() && !variadic) {
      fail("takes at most " + std::to_string(known.size()) + " " + side + ", not " +
           std::to_string(given.size()));
    }
    for (size_t i = 0; i < given.size(); ++i) {
      const Argument& argument = given[i];
      if (argument.kind == Argument::Kind::kAbsent) continue;
      const ArgumentInfo& declared = known[std::min(i, known.size() - 1)];
      if (argument.rank < 0 || argument.rank > TN_MAX_RANK || tn_dtype_bits(argument.dtype) == 0) {
        fail(std::string(declared.name) + " has no known type or too many dims");
      }
      for (int32_t d = 0; d < argument.rank; ++d) {
        if (argument.dims[d] < 0) fail(std::string(declared.name) + " has a negative dim");
      }
      if ((declared.flags & kHostOnly) != 0 && argument.kind == Argument::Kind::kDevice) {
        fail(std::string(declared.name) + " is a host value, not a device tensor");
      }
    }
  };
  check_side(inputs, info.inputs, "inputs");
  check_side(outputs, info.outputs, "outputs");
}

// Gives the workspace back in the stream's order.
class Workspace {
 public:
  Workspace(Pool& pool, uint64_t bytes, StreamImpl& stream)
      : pool_(pool), address_(pool.allocate(bytes, stream, Use::kScratch)) {}
  ~Workspace() { pool_.deallocate(address_); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  void* address() const { return address_; }

 private:
  Pool& pool_;
  void* address_;
};

}  // namespace

void throw_failure(const Operation& operation, tn_status status, const tn_error& error) {
  throw Error(status, error.rule,
              std::string(operators()[operation.index()].full_name) + ": " + error.message);
}

Ran DeviceImpl::run(const Operation& operation, std::span<const Argument> inputs,
                    std::span<const Argument> outputs, Stream& stream,
                    int64_t* const* output_dims) {
  auto& queue = static_cast<StreamImpl&>(stream);
  {
    PreparedCall call(&map_, operation, inputs, outputs);
    if (call.empty()) [[unlikely]] {
      check_call(operators()[operation.index()], inputs, outputs);
      return Ran::kDevice;
    }
    if (!call.needs_temporary()) [[likely]] {
      const KernelKey key(operation, call);
      const KernelCache::Pin pin = kernels_.find(key);
      if (pin && pin->kernel != nullptr) [[likely]] {
        launch(operation, *pin, call, queue, output_dims);
        return Ran::kDevice;
      }
    }
  }
  return run_slow(operation, inputs, outputs, queue, output_dims);
}

Ran DeviceImpl::run_slow(const Operation& operation, std::span<const Argument> inputs,
                         std::span<const Argument> outputs, StreamImpl& stream,
                         int64_t* const* output_dims) {
  const OperatorInfo& info = operators()[operation.index()];
  check_call(info, inputs, outputs);
  if (info.runs_as_chain(inputs.size())) {
    Progress progress{stream};
    chain(operation, inputs, outputs[0], &progress);
    return progress.ran;
  }
  std::string reason;
  {
    PreparedCall call(&map_, operation, inputs, outputs);
    Choice choice = choose(operation, call);
    if (choice.pin) {
      Temporaries temporaries(*this, stream);
      temporaries.apply(call, choice.profile);
      launch(operation, *choice.pin, call, stream, output_dims);
      temporaries.copy_back();
      increment(counters_[operation].copies, temporaries.count());
      return Ran::kDevice;
    }
    reason = std::move(choice.reason);
  }
  if (decompose(operation, inputs, outputs, nullptr)) {
    increment(counters_[operation].decomposed);
    Progress progress{stream};
    decompose(operation, inputs, outputs, &progress);
    return progress.ran;
  }
  fall_back(operation, inputs, outputs, stream, output_dims, reason);
  return Ran::kFallback;
}

// Says as little as possible first; each answer may ask for more.
DeviceImpl::Choice DeviceImpl::choose(const Operation& operation, const PreparedCall& call) {
  Choice choice;
  for (;;) {
    const KernelKey key(operation, call, choice.profile);
    KernelCache::Pin pin = kernels_.find(key);
    if (!pin) {
      pin = kernels_.find_or_create(key,
                                    [&] { return maker_.make(operation, call, choice.profile); });
    }
    if (pin->kernel != nullptr) {
      choice.pin = std::move(pin);
      return choice;
    }
    if (pin->requirements.empty()) {
      choice.reason = pin->reason;
      return choice;
    }
    choice.profile.add(pin->requirements);
  }
}

void DeviceImpl::launch(const Operation& operation, const KernelOutcome& made, PreparedCall& call,
                        StreamImpl& stream, int64_t* const* output_dims) {
  tn_launch launch;
  launch.struct_size = sizeof(launch);
  launch.inputs = call.input_pointers();
  launch.input_count = call.inputs().size();
  launch.outputs = call.output_pointers();
  launch.output_count = call.outputs().size();
  launch.workspace = nullptr;
  launch.workspace_offset = 0;
  launch.output_dims = output_dims;
  ErrorBuffer error;
  uint64_t bytes = 0;
  tn_status status = TN_OK;
  if (made.needs_workspace) {
    status = tn_kernel_workspace_size(made.kernel, &launch, &bytes, &error);
    if (status != TN_OK) [[unlikely]]
      throw_failure(operation, status, error);
  }
  const auto enqueue = [&] {
    std::lock_guard lock(stream.mutex());
    status = tn_kernel_launch(made.kernel, stream.handle(), &launch, &error);
  };
  if (bytes == 0) {
    enqueue();
  } else {
    const Workspace workspace(pool_, bytes, stream);
    const Location location = map_.find(workspace.address());
    launch.workspace = location.buffer;
    launch.workspace_offset = location.offset;
    enqueue();
  }
  if (status != TN_OK) [[unlikely]]
    throw_failure(operation, status, error);
  increment(counters_[operation].device);
}

bool DeviceImpl::supports(const Operation& operation, std::span<const Argument> inputs,
                          std::span<const Argument> outputs) {
  const OperatorInfo& info = operators()[operation.index()];
  check_call(info, inputs, outputs);
  if (info.runs_as_chain(inputs.size())) {
    return chain(operation, inputs, outputs[0], nullptr);
  }
  return static_cast<bool>(
      choose(operation, PreparedCall(nullptr, operation, inputs, outputs)).pin);
}

}  // namespace tenon::runtime

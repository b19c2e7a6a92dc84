// SPDX-License-Identifier: Apache-2.0
//
// Kernel descriptions and launches on the reference device: whatever a host writes into a struct is
// done or refused with an error, the same at supports and at create, and touches no memory but that
// of the tensors.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fuzz/descriptions.h"
#include "fuzz/device.h"
#include "tenon/cpp/error.hpp"
#include "tenon/dtype.h"

namespace tenon::fuzz {
namespace {

// How far the inputs got, printed at the end: a fuzzer that is always refused finds nothing.
struct Progress {
  uint64_t descriptions = 0;
  uint64_t kernels = 0;
  uint64_t launches = 0;
  uint64_t done = 0;

  ~Progress() {
    std::fprintf(stderr, "of %llu descriptions %llu are kernels; of %llu launches %llu ran\n",
                 static_cast<unsigned long long>(descriptions),
                 static_cast<unsigned long long>(kernels),
                 static_cast<unsigned long long>(launches), static_cast<unsigned long long>(done));
  }
} g_progress;

// More elements than these are not launched: legal, but long.
constexpr int64_t kMostElements = 1 << 14;

[[noreturn]] void wrong(const char* what, const tn_error& error) {
  std::fprintf(stderr, "wrong: %s (%x: %s)\n", what, static_cast<unsigned>(error.code),
               error.message);
  std::abort();
}

// A status of a class that there is, with the details of a failure.
void look_at(tn_status status, const tn_error& error, const char* what) {
  if (status == TN_OK || status == TN_NOT_READY) return;
  if (!is_known_status(status)) wrong(what, error);
  if (error.code != status || error.message[0] == '\0' ||
      std::memchr(error.message, 0, sizeof(error.message)) == nullptr) {
    wrong(what, error);
  }
}

// One run of a kernel, in memory that everything may share.
class Launch {
 public:
  Launch(Choices& choices, const DirectDevice& device, const Description& description,
         tn_kernel* kernel)
      : choices_(choices),
        device_(device),
        description_(description),
        kernel_(kernel),
        arenas_{{{device, 1 + choices.below(64)},
                 {device, choices.of<size_t>({4096, 1024, 256, 65536})},
                 {device, 4096}}} {
    // Views point into what stands here.
    tensors_.reserve(description.inputs().size() + description.outputs().size());
    for (const tn_argument& argument : description.inputs()) place(argument, false);
    for (const tn_argument& argument : description.outputs()) place(argument, true);
  }

  void run() {
    launch_.struct_size = sizeof(launch_);
    std::vector<const tn_tensor*> ins, outs;
    const size_t inputs = description_.inputs().size();
    for (size_t i = 0; i < tensors_.size(); ++i) {
      (i < inputs ? ins : outs).push_back(choices_.chance(1) ? nullptr : &tensors_[i].view);
    }
    launch_.inputs = ins.data();
    launch_.input_count = ins.size();
    launch_.outputs = outs.data();
    launch_.output_count = outs.size();
    ask_dims();
    if (choices_.chance(2)) launch_.input_count = choices_.below(3) % (ins.size() + 1);
    if (choices_.chance(1)) launch_.struct_size = choices_.of<size_t>({0, 8, SIZE_MAX});
    if (too_many()) return;
    give_workspace();
    std::array<int64_t, TN_MAX_RANK + 1> dims{};
    std::vector<int64_t*> pointers(outs.size(), dims.data());
    if (choices_.chance(60)) launch_.output_dims = pointers.data();
    if (std::getenv("TENON_FUZZ_VERBOSE") != nullptr) tell();
    tn_error error = TN_ERROR_INIT;
    const tn_status status =
        device_.functions().kernel_launch(kernel_, device_.stream(), &launch_, &error);
    look_at(status, error, "launch");
    ++g_progress.launches;
    if (status == TN_OK) ++g_progress.done;
    if (std::getenv("TENON_FUZZ_VERBOSE") != nullptr) {
      std::fprintf(stderr, "launch %x %s\n", static_cast<unsigned>(status), error.message);
    }
    error = TN_ERROR_INIT;
    look_at(device_.functions().stream_synchronize(device_.stream(), &error), error, "synchronize");
    device_.functions().stream_reset(device_.stream(), nullptr);
  }

 private:
  struct Placed {
    tn_tensor view{};
    std::array<int64_t, TN_MAX_RANK + 1> dims{};
    std::array<int64_t, TN_MAX_RANK + 1> strides{};
    std::unique_ptr<unsigned char[]> host;
  };

  void tell() const {
    std::fprintf(stderr, "%s of %zu inputs\n", description_.get()->name,
                 description_.inputs().size());
    for (const Placed& placed : tensors_) {
      const tn_tensor& view = placed.view;
      std::fprintf(stderr,
                   "  dtype %d rank %d buffer %d offset %llu host %d layout %llu%s:", view.dtype,
                   view.rank, view.buffer != nullptr, static_cast<unsigned long long>(view.offset),
                   view.host_data != nullptr, static_cast<unsigned long long>(view.layout),
                   view.strides != nullptr ? " strided" : "");
      for (int32_t d = 0; view.dims != nullptr && d < std::clamp<int32_t>(view.rank, 0, 16); ++d) {
        std::fprintf(stderr, " %lld/%lld",
                     static_cast<long long>(placed.dims[static_cast<size_t>(d)]),
                     static_cast<long long>(placed.strides[static_cast<size_t>(d)]));
      }
      std::fprintf(stderr, "\n");
    }
  }

  void place(const tn_argument& argument, bool output) {
    Placed& placed = tensors_.emplace_back();
    tn_tensor& view = placed.view;
    view.dtype = argument.dtype;
    view.rank = argument.rank;
    view.layout = argument.layout == TN_LAYOUT_ANY ? TN_LAYOUT_STRIDED : argument.layout;
    const auto rank = static_cast<size_t>(std::clamp<int32_t>(argument.rank, 0, TN_MAX_RANK));
    for (size_t i = 0; i < rank; ++i) {
      const bool known = argument.dims != nullptr && argument.dims[i] != TN_DYNAMIC;
      placed.dims[i] = known ? argument.dims[i] : choices_.of<int64_t>({3, 2, 1, 0, 5});
      if (choices_.chance(2)) placed.dims[i] = choices_.of<int64_t>({-1, 7, INT64_MAX, 0});
      const bool set = argument.strides != nullptr && argument.strides[i] != TN_DYNAMIC;
      placed.strides[i] = set ? argument.strides[i] : choices_.of<int64_t>({1, 3, 0, -1, 5});
      if (choices_.chance(2)) placed.strides[i] = choices_.of<int64_t>({-1, INT64_MAX, 0, 7});
    }
    view.dims = choices_.chance(1) ? nullptr : placed.dims.data();
    view.strides =
        argument.strides != nullptr || choices_.chance(20) ? placed.strides.data() : nullptr;
    if (argument.kind == TN_ARGUMENT_HOST && !output) {
      give_host_data(&placed, rank);
    } else {
      const ExactBuffer& arena = arenas_[choices_.chance(85) ? 1 : choices_.below(3)];
      view.buffer = choices_.chance(1) ? nullptr : arena.get();
      view.offset = choices_.below(arena.size()) / 4 * 4;
      if (choices_.chance(60)) view.offset = output ? arena.size() / 2 : 0;
      if (choices_.chance(2))
        view.offset = choices_.of<uint64_t>({1, 3, UINT64_MAX, UINT64_MAX - 7});
    }
    if (choices_.chance(1)) view.dtype = static_cast<tn_dtype>(choices_.number(1));
    if (choices_.chance(1) && view.dims != nullptr)
      view.rank = choices_.of<int32_t>({-1, 17, 1, 0});
    if (choices_.chance(1)) view.layout = choices_.number(8);
  }

  // As much as the dims say; where that is too much, nothing is there.
  void give_host_data(Placed* placed, size_t rank) {
    const int64_t size = dense_bytes(placed->view.dtype, {placed->dims.data(), rank});
    placed->view.strides = nullptr;
    if (size < 0) return;
    placed->host = std::make_unique<unsigned char[]>(static_cast<size_t>(size));
    const auto step = std::max<int64_t>(tn_dtype_bits(placed->view.dtype) / 8, 1);
    for (int64_t i = 0; i < size; i += step) {
      placed->host[static_cast<size_t>(i)] = static_cast<unsigned char>(choices_.below(6));
      if (choices_.chance(3)) {
        std::memset(placed->host.get() + i, 0xff, static_cast<size_t>(std::min(step, size - i)));
      }
    }
    placed->view.host_data = placed->host.get();
  }

  // Mostly the outputs have the dims that they must have.
  void ask_dims() {
    const size_t inputs = description_.inputs().size();
    std::vector<std::array<int64_t, TN_MAX_RANK + 1>> said(description_.outputs().size());
    std::vector<int64_t*> pointers;
    for (auto& dims : said) pointers.push_back(dims.data());
    tn_error error = TN_ERROR_INIT;
    const tn_status status =
        device_.functions().kernel_output_dims(kernel_, &launch_, pointers.data(), &error);
    look_at(status, error, "output_dims");
    if (status != TN_OK || choices_.chance(20)) return;
    for (size_t i = 0; i < said.size(); ++i) {
      Placed& placed = tensors_[inputs + i];
      for (int32_t d = 0; d < std::clamp<int32_t>(placed.view.rank, 0, TN_MAX_RANK); ++d) {
        placed.dims[static_cast<size_t>(d)] = said[i][static_cast<size_t>(d)];
      }
      if (description_.outputs()[i].strides == nullptr) placed.view.strides = nullptr;
    }
  }

  bool too_many() const {
    return std::any_of(tensors_.begin(), tensors_.end(), [](const Placed& placed) {
      if (placed.view.dims == nullptr || placed.view.rank < 0 || placed.view.rank > TN_MAX_RANK) {
        return false;
      }
      int64_t count = 1;
      for (int32_t d = 0; d < placed.view.rank; ++d) {
        const int64_t dim = placed.dims[static_cast<size_t>(d)];
        if (dim <= 0) return false;
        if (dim > kMostElements / count) {
          // So many that their number is garbage must be refused.
          return dim < (int64_t{1} << 40);
        }
        count *= dim;
      }
      return false;
    });
  }

  void give_workspace() {
    uint64_t size = 0;
    tn_error error = TN_ERROR_INIT;
    const tn_status status =
        device_.functions().kernel_workspace_size(kernel_, &launch_, &size, &error);
    look_at(status, error, "workspace_size");
    if (status != TN_OK || size == 0 || size > (1 << 26)) return;
    if (choices_.chance(3)) size -= 1;
    workspace_ = std::make_unique<ExactBuffer>(device_, size);
    launch_.workspace = choices_.chance(2) ? arenas_[1].get() : workspace_->get();
    if (choices_.chance(2)) launch_.workspace_offset = choices_.of<uint64_t>({1, 64, UINT64_MAX});
  }

  Choices& choices_;
  const DirectDevice& device_;
  const Description& description_;
  tn_kernel* const kernel_;
  std::array<ExactBuffer, 3> arenas_;
  std::unique_ptr<ExactBuffer> workspace_;
  std::vector<Placed> tensors_;
  tn_launch launch_{};
};

void try_one(Choices& choices, const DirectDevice& device, tn_constant* constant) {
  const Description description(choices, constant);
  const tn_dispatch& functions = device.functions();
  std::vector<tn_argument_needs> inputs(description.inputs().size());
  std::vector<tn_argument_needs> outputs(description.outputs().size());
  tn_kernel_support support{};
  support.struct_size = sizeof(support);
  support.inputs = inputs.data();
  support.outputs = outputs.data();
  tn_error error = TN_ERROR_INIT;
  const tn_status answer =
      functions.kernel_supports(device.get(), description.get(), &support, &error);
  look_at(answer, error, "supports");
  error = TN_ERROR_INIT;
  tn_kernel* kernel = nullptr;
  const tn_status status =
      functions.kernel_create(device.get(), description.get(), &kernel, &error);
  look_at(status, error, "create");
  ++g_progress.descriptions;
  if (status == TN_OK) ++g_progress.kernels;
  if (std::getenv("TENON_FUZZ_VERBOSE") != nullptr) {
    std::fprintf(stderr, "create %x %s\n", static_cast<unsigned>(status), error.message);
  }
  if (status != answer) wrong("supports and create differ", error);
  if ((status == TN_OK) != (kernel != nullptr)) wrong("no kernel, or one left", error);
  if (kernel == nullptr) return;
  tn_kernel_info info{};
  info.struct_size = sizeof(info);
  info.inputs = inputs.data();
  info.outputs = outputs.data();
  error = TN_ERROR_INIT;
  look_at(functions.kernel_get_info(kernel, &info, &error), error, "get_info");
  for (int i = 0; i < 4 && !choices.used_up(); ++i) {
    Launch(choices, device, description, kernel).run();
  }
  functions.kernel_destroy(kernel);
}

struct Shared {
  DirectDevice device;
  tn_constant* constant = nullptr;

  Shared() {
    const float values[] = {1, 2, 3};
    const int64_t three = 3;
    tn_tensor value{};
    value.host_data = values;
    value.dims = &three;
    value.dtype = TN_FLOAT32;
    value.rank = 1;
    const tn_constant_desc desc{sizeof(desc), &value, TN_LAYOUT_STRIDED, nullptr};
    device.functions().constant_create(device.get(), &desc, &constant, nullptr);
  }
  ~Shared() { device.functions().constant_release(constant); }
};

}  // namespace
}  // namespace tenon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static tenon::fuzz::Shared shared;
  tenon::fuzz::Choices choices(data, size);
  tenon::fuzz::try_one(choices, shared.device, shared.constant);
  return 0;
}

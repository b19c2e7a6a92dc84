// SPDX-License-Identifier: Apache-2.0
#include "conformance/accelerator/kernel.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "conformance/accelerator/layouts.h"
#include "reference_impl/cpu/platform.h"

namespace tenon::accelerator {
namespace {

using device::Family;
using device::Kernel;
using device::OperatorEntry;

constexpr uint64_t kTypes = ~(device::dtype_bit(TN_FLOAT64) | device::dtype_bit(TN_COMPLEX64) |
                              device::dtype_bit(TN_COMPLEX128));

// A launch while it waits in the queue: what is the caller's or the stream's stays theirs until it
// is done, so views alone are kept.
struct Launch {
  std::vector<View> inputs, outputs;
  std::vector<std::array<int64_t, TN_MAX_RANK>> strides;
  Arguments arguments;
};

// Which arguments of a kernel are packed where the host leaves that open.
struct Packing {
  std::vector<bool> inputs, outputs;
};

class OnDevice : public Kernel {
 public:
  OnDevice(std::unique_ptr<Kernel> reference, std::unique_ptr<Work> work, Packing packing,
           Machine& machine)
      : reference_(std::move(reference)),
        work_(std::move(work)),
        packing_(std::move(packing)),
        machine_(machine) {}

  void check(const Arguments& a) const override {
    Launch launch = strided(a);
    locate(launch);  // Values of constants may say dims.
    reference_->check(launch.arguments);
  }

  void run(const Arguments& a, const Execution& execution) const override {
    const auto& queue = static_cast<const Queue&>(execution);
    auto launch = std::make_shared<Launch>(strided(a));
    if (machine_.broken(Fault::host_scalar_of_the_launch_before)) exchange_host_values(*launch);
    const bool flushes = device::SubnormalMode::flushes();
    queue.put([this, launch, &queue, flushes] {
      const device::SubnormalScope scope(flushes);
      compute(*launch, queue.host());
    });
  }

  tn_layout input_layout(size_t i, tn_layout described) const override {
    return layout(packing_.inputs[i], described);
  }
  tn_layout output_layout(size_t i, tn_layout described) const override {
    return layout(packing_.outputs[i], described);
  }
  uint64_t resident_bytes() const override { return reference_->resident_bytes(); }

 protected:
  const Kernel& reference() const { return *reference_; }

  // Packed tensors as strided ones, for the reference device's kernels.
  static Launch strided(const Arguments& a) {
    Launch launch;
    launch.inputs.assign(a.inputs.begin(), a.inputs.end());
    launch.outputs.assign(a.outputs.begin(), a.outputs.end());
    launch.strides.resize(a.inputs.size() + a.outputs.size());
    size_t next = 0;
    for (auto* side : {&launch.inputs, &launch.outputs}) {
      for (View& view : *side) {
        auto& strides = launch.strides[next++];
        if (view.layout != kPacked) continue;
        packed_strides(view.dims, view.rank, strides.data());
        view.strides = strides.data();
        view.layout = TN_LAYOUT_STRIDED;
      }
    }
    launch.arguments = a;
    launch.arguments.inputs = launch.inputs;
    launch.arguments.outputs = launch.outputs;
    launch.arguments.as_described = false;
    return launch;
  }

  // From addresses of the device to where the bytes are.
  void locate(Launch& launch) const {
    for (auto* side : {&launch.inputs, &launch.outputs}) {
      for (View& view : *side) {
        if (view.data != nullptr) view.data = machine_.tensor_at(view.data);
      }
    }
  }

 private:
  static tn_layout layout(bool packs, tn_layout described) {
    return packs && described != TN_LAYOUT_STRIDED ? kPacked : TN_LAYOUT_STRIDED;
  }

  void compute(Launch& launch, const tn_host& host) const {
    const std::vector<bool> packed = packed_outputs(launch);
    locate(launch);
    if (launch.arguments.workspace != nullptr) {
      launch.arguments.workspace = machine_.at(launch.arguments.workspace);
    }
    if (work_ != nullptr) {
      work_->run(launch.arguments);
    } else {
      // Its threads are the host's; its copies are in memory that is found already.
      const Execution plain(host);
      reference_->run(launch.arguments, plain);
    }
    for (size_t i = 0; i < packed.size(); ++i) {
      const View& view = launch.outputs[i];
      if (packed[i] && view.count() != 0) {
        zero_padding(view.data, view.dtype, view.dims, view.rank);
      }
    }
  }

  // Those whose strides are packed_strides().
  static std::vector<bool> packed_outputs(const Launch& launch) {
    std::vector<bool> packed;
    for (size_t i = 0; i < launch.outputs.size(); ++i) {
      packed.push_back(launch.outputs[i].strides ==
                       launch.strides[launch.inputs.size() + i].data());
    }
    return packed;
  }

  // A broken device: the values of the launch before are where the processor looks.
  void exchange_host_values(Launch& launch) const {
    const std::lock_guard lock(mutex_);
    for (View& view : launch.inputs) {
      if (view.data == nullptr || machine_.at(view.data) != view.data || view.count() != 1)
        continue;
      const uint64_t size = tn_dtype_bits(view.dtype) / 8;
      std::array<std::byte, 16> now{};
      std::copy_n(view.data, size, now.begin());
      if (!before_.empty()) std::copy_n(before_.begin(), size, view.data);
      before_.assign(now.begin(), now.end());
    }
  }

  const std::unique_ptr<Kernel> reference_;
  const std::unique_ptr<Work> work_;
  const Packing packing_;
  Machine& machine_;
  mutable std::mutex mutex_;
  mutable std::vector<std::byte> before_;
};

class OnDeviceWithWorkspace final : public OnDevice, public device::NeedsWorkspace {
 public:
  using OnDevice::OnDevice;
  uint64_t workspace_size(const Arguments& a) const override {
    Launch launch = strided(a);
    locate(launch);
    return device::workspace_size(reference(), launch.arguments);
  }
};

// Of a family that packs, whatever has channels: not a bias.
Packing packing_of(const Description& d, bool packs) {
  Packing packing;
  for (size_t i = 0; i < d.input_count(); ++i) {
    packing.inputs.push_back(packs && d.has_input(i) &&
                             can_pack(d.input(i).dtype, d.input(i).rank));
  }
  for (size_t i = 0; i < d.output_count(); ++i) {
    packing.outputs.push_back(packs && d.has_output(i) &&
                              can_pack(d.output(i).dtype, d.output(i).rank));
  }
  return packing;
}

// Of the type that its row is about; other arguments may be of that type.
bool is_of_float32(const OperatorEntry& entry, const Description& d) {
  const bool cast = std::string_view(entry.name) == "Cast" && d.output_dtype(0) == TN_FLOAT32;
  return cast || (entry.column >= 0 ? d.input_dtype(static_cast<size_t>(entry.column))
                                    : d.output_dtype(0)) == TN_FLOAT32;
}

// All rows of the reference device, in order; `packs`: of a family that takes packed tensors.
struct Row {
  const OperatorEntry* entry;
  bool packs;
};
const std::vector<Row>& rows() {
  static const std::vector<Row> all = [] {
    // elementwise, contractions, pooling and normalizations (families_reference.cc).
    constexpr std::array<size_t, 4> kPacking{0, 3, 4, 5};
    std::vector<Row> found;
    const auto reference = cpu::reference_families();
    for (size_t f = 0; f < reference.size(); ++f) {
      for (const OperatorEntry& entry : reference[f].operators()) {
        found.push_back({&entry, std::ranges::count(kPacking, f) != 0});
      }
    }
    return found;
  }();
  return all;
}

// Functions that make the kernel of row 0, 1, ...: a row of the core's table has no other place to
// say which one it is.
constexpr size_t kMostRows = 512;
constexpr size_t kMostFamilies = 32;
template <size_t... I>
constexpr std::array<device::CreateKernel, sizeof...(I)> creators(std::index_sequence<I...>) {
  return {[](const Description& d) { return make_kernel(I, d); }...};
}

// The families of the reference device with rows of this one.
template <size_t F>
std::span<const OperatorEntry> family_rows() {
  static const std::vector<OperatorEntry> made = [] {
    static constexpr auto kCreators = creators(std::make_index_sequence<kMostRows>());
    const auto reference = cpu::reference_families();
    size_t row = 0;
    for (size_t f = 0; f < F; ++f) row += reference[f].operators().size();
    std::vector<OperatorEntry> copies;
    for (const OperatorEntry& entry : reference[F].operators()) {
      copies.push_back(entry);
      copies.back().dtypes &= kTypes;
      copies.back().create = kCreators.at(row++);
    }
    return copies;
  }();
  return made;
}

template <size_t... F>
constexpr std::array<device::OperatorFamily, sizeof...(F)> family_functions(
    std::index_sequence<F...>) {
  return {family_rows<F>...};
}

}  // namespace

const OperatorEntry& reference_row(size_t index) { return *rows().at(index).entry; }

std::unique_ptr<Kernel> make_kernel(size_t row, const Description& d) {
  auto& machine = *static_cast<Machine*>(d.backend());
  if (machine.broken(Fault::create_unsafe_for_threads)) {
    static std::atomic<size_t> compiled;
    compiled = row;
    std::this_thread::sleep_for(std::chrono::microseconds(300));
    row = compiled;
  }
  if (!machine.settings().float32 && is_of_float32(reference_row(row), d)) {
    throw KernelError(TN_UNSUPPORTED, "this device has float32 with option float32=1 alone");
  }
  std::unique_ptr<Kernel> reference = reference_row(row).create(d);
  std::unique_ptr<Work> work = make_work(d, machine.settings().broken);
  Packing packing = packing_of(d, rows().at(row).packs);
  if (dynamic_cast<const device::NeedsWorkspace*>(reference.get()) != nullptr) {
    return std::make_unique<OnDeviceWithWorkspace>(std::move(reference), std::move(work),
                                                   std::move(packing), machine);
  }
  return std::make_unique<OnDevice>(std::move(reference), std::move(work), std::move(packing),
                                    machine);
}

std::span<const Family> families() {
  static const std::vector<Family> all = [] {
    const auto functions = family_functions(std::make_index_sequence<kMostFamilies>());
    const auto reference = cpu::reference_families();
    std::vector<Family> made(reference.begin(), reference.end());
    for (size_t f = 0; f < made.size(); ++f) {
      made[f].operators = functions.at(f);
      made[f].needs = TN_REQUIRES_STATIC_DIMS | TN_REQUIRES_DENSE | TN_REQUIRES_ALIGNED;
      made[f].alignment = 256;
    }
    return made;
  }();
  return all;
}

}  // namespace tenon::accelerator

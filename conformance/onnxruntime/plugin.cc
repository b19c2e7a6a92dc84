// SPDX-License-Identifier: Apache-2.0
//
// ONNX Runtime's CPU kernels as a device: what they compute, judged. The reference device's halves
// of the operators check what is given; Identity, Cast and tenon.Fill, which no device is without,
// are its own where ONNX Runtime has none.
#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "conformance/onnxruntime/claims.h"
#include "conformance/onnxruntime/session.h"
#include "reference_impl/cpu/platform.h"
#include "tenon/device/entry.h"
#include "tenon/device/platform.h"

namespace tenon::onnxruntime {
namespace {

using namespace device;  // NOLINT(google-build-using-namespace)

class OneNode final : public Kernel {
 public:
  OneNode(const OperatorId& id, const Description& d, std::unique_ptr<Kernel> reference)
      : reference_(std::move(reference)), session_(id, d) {}
  void check(const Arguments& a) const override { reference_->check(a); }
  void run(const Arguments& a, const Execution&) const override { session_.run(a); }

 private:
  const std::unique_ptr<Kernel> reference_;
  const Session session_;
};

// The reference device's rows that ONNX Runtime has.
const std::vector<OperatorEntry>& reference_rows() {
  static const std::vector<OperatorEntry> rows = [] {
    std::vector<OperatorEntry> found;
    for (const Family& family : cpu::reference_families()) {
      for (OperatorEntry entry : family.operators()) {
        entry.dtypes &= claimed_types(entry);
        if (entry.dtypes != 0) found.push_back(entry);
      }
    }
    return found;
  }();
  return rows;
}

std::unique_ptr<Kernel> make(size_t row, const Description& d) {
  const OperatorEntry& entry = reference_rows().at(row);
  return std::make_unique<OneNode>(entry, d, entry.create(d));
}

constexpr size_t kMostRows = 512;
template <size_t... I>
constexpr std::array<CreateKernel, sizeof...(I)> creators(std::index_sequence<I...>) {
  return {[](const Description& d) { return make(I, d); }...};
}

std::span<const OperatorEntry> operators() {
  static constexpr auto kCreators = creators(std::make_index_sequence<kMostRows>());
  static const std::vector<OperatorEntry> rows = [] {
    std::vector<OperatorEntry> all = reference_rows();
    for (size_t i = 0; i < all.size(); ++i) all[i].create = kCreators.at(i);
    return all;
  }();
  return rows;
}

// Cast and tenon.Fill, for what the mandatory operators must do.
std::span<const OperatorEntry> mandatory() {
  static const std::vector<OperatorEntry> rows = [] {
    std::vector<OperatorEntry> found;
    for (const Family& family : cpu::reference_families()) {
      for (const OperatorEntry& entry : family.operators()) {
        const std::string_view name = entry.name;
        if (name == "Fill" || name == "Cast") found.push_back(entry);
      }
    }
    return found;
  }();
  return rows;
}

std::vector<tn_device_info> devices() {
  tn_device_info info = describe_processor("tenon.onnxrt\0\0\0\1", "ONNX Runtime on ");
  info.flags &= ~TN_DEVICE_DYNAMIC_DIMS;  // It wants to know that tensors are dense.
  return {info};
}

const Platform& platform() {
  static const Family families[] = {{.operators = operators, .needs = TN_REQUIRES_DENSE},
                                    {.operators = mandatory}};
  static const Platform self{
      .name = "onnxruntime", .version = "0.1.0", .devices = devices, .families = families};
  return self;
}

}  // namespace
}  // namespace tenon::onnxruntime

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* plugin,
                                                       tn_error* error) {
  return tenon::device::enter<tenon::onnxruntime::platform>(host, plugin, error);
}

// SPDX-License-Identifier: Apache-2.0
//
// ONNX models: import, and execution on a device. In libtenon_onnx, apart from the rest of the
// runtime, so that adapters which need no ONNX do not load it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/context.h"

namespace tenon::runtime {

// ONNX's number of strings, which are elements of the host's tensors alone: no device has them.
inline constexpr tn_dtype kStrings = 8;

// A value in host memory: a tensor, dense row-major; or a sequence of them; or no value, where it
// is optional.
struct HostTensor {
  tn_dtype dtype = TN_DTYPE_UNDEFINED;  // That of no value.
  std::vector<int64_t> dims;
  std::vector<std::byte> data;
  std::vector<std::string> strings;  // The elements, of kStrings; then there are no `data`.
  // Of a sequence: its tensors, all of the type `dtype`; then there is nothing else.
  std::optional<std::vector<HostTensor>> items;

  bool present() const { return dtype != TN_DTYPE_UNDEFINED; }
  int64_t count() const;  // Elements.
};

// An input or output of a model. A dim that the model leaves open is -1; `symbols` has its name, or
// "".
struct ModelValue {
  std::string name;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  bool sequence = false;  // Of tensors of that type.
  bool optional = false;  // There may be no value.
  std::vector<int64_t> dims;
  std::vector<std::string> symbols;

  // Whether it is always a tensor that a device can hold.
  bool plain() const {
    return !sequence && !optional && dtype != kStrings && dtype != TN_DTYPE_UNDEFINED;
  }
};

// How often nodes of one operator ran where, since the model was loaded.
struct PlacementRow {
  std::string op;         // "MatMul".
  uint64_t device = 0;    // On the device, by its own kernels.
  uint64_t fallback = 0;  // Meant for the device, which lacks them: on the reference device.
  uint64_t host = 0;      // Arithmetic on shapes and other host values, on the reference device.
  uint64_t view = 0;      // Only dims and strides changed; nothing ran.
  uint64_t folded = 0;    // Computed once, at load.
};

// What a plan consists of: a model made ready for inputs of certain dims.
struct PlanStatistics {
  uint64_t launches = 0;      // Of the device's own kernels, in each run.
  uint64_t reorders = 0;      // Values brought from one layout to another.
  uint64_t calls = 0;         // Operators that the device decomposes or that fall back.
  uint64_t memory_bytes = 0;  // For intermediate values and workspaces.
};

struct ModelStatistics {
  uint64_t plans_made =
      0;  // Since the model was loaded; those for dims not met lately are dropped.
  uint64_t plans_kept = 0;
  uint64_t interpreted_runs = 0;  // Node by node: the values of the inputs decide about dims.
  uint64_t packed_constants = 0;
  PlanStatistics latest;  // Of the plan used last.
};

struct ModelOptions {
  // Folder of external data; the model's own folder when empty.
  std::string base_folder;
};

// A model made ready for one device. Weights are brought to the device at load, nodes whose inputs
// are all constant are computed there once. run() may be called from several threads; the calls
// follow one another.
class Model {
 public:
  // Reads, checks and prepares a model. Throws Error: TN_NOT_FOUND (no such file),
  // TN_INVALID_ARGUMENT (not a valid model), TN_UNSUPPORTED naming the operators that the registry
  // lacks.
  static std::unique_ptr<Model> load(Context& context, ManagedDevice& device,
                                     const std::string& path, const ModelOptions& options = {});
  static std::unique_ptr<Model> parse(Context& context, ManagedDevice& device,
                                      std::string_view bytes, const ModelOptions& options = {});
  virtual ~Model() = default;

  virtual const std::vector<ModelValue>& inputs() const = 0;
  virtual const std::vector<ModelValue>& outputs() const = 0;

  // Runs the model; every one of inputs() must be given, by name. Inputs of the model that have an
  // initializer are not among those; they may be given (the first run with another choice of them
  // prepares the model anew). Outputs come in the order of outputs(). Throws Error, naming the node
  // and operator where one failed.
  virtual std::vector<HostTensor> run(const std::map<std::string, HostTensor>& inputs) = 0;

  virtual std::vector<PlacementRow> placement() const = 0;
  virtual ModelStatistics statistics() const = 0;
};

}  // namespace tenon::runtime

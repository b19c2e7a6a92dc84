// SPDX-License-Identifier: Apache-2.0
#include "suite/case_test.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "suite/compare.h"
#include "suite/declaration.h"
#include "suite/expectation.h"
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

constexpr unsigned char kUntouched = 0xa5;

// A tensor within a larger buffer whose other bytes must stay as they are.
struct Placed {
  Buffer buffer;
  Tensor tensor;
  Shape strides;
  uint64_t offset = 0;
  Bytes image;  // Of the whole buffer.
};

Shape strides_of(const HostTensor& tensor, Form form) {
  Shape dims = tensor.dims;
  for (const size_t axis : tensor.repeated) dims[axis] = 1;
  Shape strides = Argument::dense_strides(dims);
  if (form == Form::kStrided) {
    int64_t stride = 2;
    for (size_t i = 0; i < dims.size(); ++i) {
      strides[i] = stride;
      stride *= std::max<int64_t>(dims[i], 1);
    }
  }
  for (const size_t axis : tensor.repeated) strides[axis] = 0;
  return strides;
}

uint64_t byte_position(const Placed& placed, const Shape& index, size_t size) {
  int64_t element = 0;
  for (size_t i = 0; i < index.size(); ++i) element += index[i] * placed.strides[i];
  return placed.offset + static_cast<uint64_t>(element) * size;
}

// Bytes in front of a tensor and behind it; the tensor starts at a multiple of `alignment`, too.
uint64_t guard_of(uint64_t alignment) {
  return std::max<uint64_t>({64, Target::get().info().alignment, alignment});
}

// `output`: its bytes are all kUntouched, not the values.
Placed& place(Keeper& keeper, const Stream& stream, const HostTensor& tensor, Form form,
              uint64_t alignment, bool output = false) {
  auto& placed = keeper.make<Placed>();
  const Shape& dims = tensor.dims;
  const tn_dtype dtype = tensor.dtype;
  const size_t size = element_size(dtype);
  const uint64_t guard = guard_of(alignment);
  placed.strides = strides_of(tensor, form);
  placed.offset = guard;
  uint64_t last = 0;
  for (size_t i = 0; i < dims.size(); ++i) {
    last += static_cast<uint64_t>(std::max<int64_t>(dims[i] - 1, 0) * placed.strides[i]);
  }
  placed.image.assign(2 * guard + (last + 1) * size, kUntouched);
  if (!output) {
    size_t next = 0;
    for_each_index(dims, [&](const Shape& index) {
      encode(dtype, tensor.values[next++], &placed.image[byte_position(placed, index, size)]);
    });
  }
  placed.buffer = Buffer(Target::get().device(), placed.image.size());
  placed.tensor = Tensor::device(placed.buffer.get(), dtype, dims).with_offset(placed.offset);
  if (form == Form::kStrided || !tensor.repeated.empty()) {
    placed.tensor.with_strides(placed.strides);
  }
  stream.write(placed.buffer, 0, placed.image.data(), placed.image.size());
  return placed;
}

Argument describe(const CaseInput& input, Form form) {
  const HostTensor& tensor = input.tensor;
  switch (input.kind) {
    case TN_ARGUMENT_ABSENT:
      return Argument::absent();
    case TN_ARGUMENT_HOST:
      return Argument::host(tensor.dtype, tensor.dims);
    default:
      break;
  }
  if (form == Form::kDynamic) {
    return Argument::dynamic(tensor.dtype, static_cast<int32_t>(tensor.dims.size()));
  }
  return Argument::device(tensor.dtype, tensor.dims).with_strides(strides_of(tensor, form));
}

KernelDesc describe(const OperatorCase& c, Form form) {
  KernelDesc desc;
  desc.domain = c.domain;
  desc.name = c.name;
  desc.version = version_of_contract(c.domain, c.name);
  desc.attributes = c.attributes;
  for (const CaseInput& input : c.inputs) {
    Argument argument = describe(input, form);
    argument.alias = input.same;
    desc.input(std::move(argument));
  }
  for (size_t i = 0; i < c.outputs.size(); ++i) {
    const HostTensor shape(c.outputs[i].dtype, c.bounds.empty() ? c.outputs[i].dims : c.bounds[i]);
    Argument argument = describe({TN_ARGUMENT_DEVICE, shape, 0}, form);
    argument.alias = c.aliases[i];
    desc.output(std::move(argument));
  }
  return desc;
}

// Launches the kernel of a case on tensors of its own, with a workspace full of `garbage`, and
// checks all that it may write and all that it may not. Tensors start at multiples of `alignment`.
// Returns the workspace. What queued work uses of the host belongs to the keeper: each line may end
// the test.
const Buffer& launch_case(Keeper& keeper, const OperatorCase& c, Form form, tn_math_mode mode,
                          uint64_t alignment, const Stream& stream, const Kernel& kernel,
                          unsigned char garbage) {
  std::vector<const Placed*> inputs(c.inputs.size());
  std::vector<Bytes> host_values(c.inputs.size());
  std::vector<Tensor> tensors(c.inputs.size());
  std::vector<const tn_tensor*> input_pointers, output_pointers;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const HostTensor& tensor = c.inputs[i].tensor;
    if (c.inputs[i].kind == TN_ARGUMENT_ABSENT) {
      input_pointers.push_back(nullptr);
    } else if (c.inputs[i].kind == TN_ARGUMENT_HOST) {
      host_values[i] = tensor.bytes();
      if (host_values[i].empty()) host_values[i].resize(16);  // Never a NULL pointer.
      tensors[i] = Tensor::host(host_values[i].data(), tensor.dtype, Dims(tensor.dims));
      input_pointers.push_back(tensors[i].get());
    } else if (c.inputs[i].same != 0) {
      input_pointers.push_back(input_pointers[static_cast<size_t>(c.inputs[i].same) - 1]);
    } else {
      inputs[i] = &place(keeper, stream, tensor, form, alignment);
      input_pointers.push_back(inputs[i]->tensor.get());
    }
  }
  std::vector<const Placed*> outputs(c.outputs.size());
  auto& actual_dims = keeper.make<std::vector<Shape>>(c.outputs.size(), Shape(TN_MAX_RANK, -1));
  std::vector<int64_t*> actual_dims_pointers;
  for (size_t i = 0; i < c.outputs.size(); ++i) {
    const Expected& tensor = c.outputs[i];
    actual_dims_pointers.push_back(actual_dims[i].data());
    if (c.aliases[i] != 0) {
      output_pointers.push_back(inputs[static_cast<size_t>(c.aliases[i] - 1)]->tensor.get());
      continue;
    }
    const Shape& dims = c.bounds.empty() ? tensor.dims : c.bounds[i];
    outputs[i] = &place(keeper, stream, HostTensor(tensor.dtype, dims), form, alignment, true);
    output_pointers.push_back(outputs[i]->tensor.get());
  }

  tn_launch launch = launch_of(input_pointers, output_pointers);
  if (!c.bounds.empty()) launch.output_dims = actual_dims_pointers.data();
  const uint64_t guard = guard_of(0);
  const uint64_t workspace_size = kernel.workspace_size(launch);
  EXPECT_TRUE(workspace_size == 0 || kernel.needs_workspace()) << "TN_KERNEL_NO_WORKSPACE";
  auto& around = keeper.make<Bytes>(2 * guard + workspace_size, kUntouched);
  std::fill_n(around.begin() + static_cast<long>(guard), workspace_size, garbage);
  const auto& workspace = keeper.make<Buffer>(Target::get().device(), around.size());
  stream.write(workspace, 0, around.data(), around.size());
  launch.workspace = workspace.get();
  launch.workspace_offset = guard;
  {
    const AllocatesNothing watch(Target::get().device(), kernel);
    const Announced announced(c, mode);
    kernel.launch(stream, launch);
  }

  // Everything is read back, so that a byte written outside of an output is seen.
  const auto read_back = [&](const std::vector<const Placed*>& tensors) -> std::vector<Bytes>& {
    auto& after = keeper.make<std::vector<Bytes>>(tensors.size());
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (tensors[i] == nullptr) continue;
      after[i].resize(tensors[i]->image.size());
      stream.read(after[i].data(), tensors[i]->buffer, 0, after[i].size());
    }
    return after;
  };
  const std::vector<Bytes>& after_inputs = read_back(inputs);
  const std::vector<Bytes>& after_outputs = read_back(outputs);
  stream.read(around.data(), workspace, 0, around.size());
  stream.synchronize();

  std::set<size_t> replaced;
  for (size_t i = 0; i < c.outputs.size(); ++i) {
    if (c.aliases[i] != 0) replaced.insert(static_cast<size_t>(c.aliases[i] - 1));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] != nullptr && !replaced.contains(i)) {
      EXPECT_EQ(after_inputs[i], inputs[i]->image) << "input " << i << " was modified";
    }
  }
  for (size_t i = 0; i < c.outputs.size(); ++i) {
    const Expected& expected = c.outputs[i];
    const bool alias = c.aliases[i] != 0;
    const size_t source = alias ? static_cast<size_t>(c.aliases[i] - 1) : i;
    const Placed& placed = *(alias ? inputs[source] : outputs[source]);
    Bytes rest = alias ? after_inputs[source] : after_outputs[source];
    if (!c.bounds.empty()) {
      const Shape dims(actual_dims[i].begin(),
                       actual_dims[i].begin() + static_cast<long>(expected.dims.size()));
      EXPECT_EQ(dims, expected.dims) << "dims of output " << i << " in output_dims";
      if (dims != expected.dims) return workspace;
    }
    HostTensor actual(expected.dtype, expected.dims);
    const size_t size = element_size(expected.dtype);
    size_t next = 0;
    for_each_index(expected.dims, [&](const Shape& index) {
      unsigned char* element = &rest[byte_position(placed, index, size)];
      actual.values[next++] = decode(expected.dtype, element);
      std::fill_n(element, size, kUntouched);
    });
    const Tolerance tolerance = tolerance_of(c.domain, c.name, expected.dtype, mode);
    EXPECT_EQ(difference(actual, expected, tolerance), "") << "output " << i;
    // With bounds, the bytes between the actual dims and the bound belong to the output.
    if (c.bounds.empty()) {
      EXPECT_EQ(std::count(rest.begin(), rest.end(), kUntouched), static_cast<long>(rest.size()))
          << "bytes outside of output " << i << " were written";
    }
  }
  const auto untouched = [&](size_t begin) {
    const auto first = around.begin() + static_cast<long>(begin);
    return std::count(first, first + static_cast<long>(guard), kUntouched) ==
           static_cast<long>(guard);
  };
  EXPECT_TRUE(untouched(0)) << "a byte before the workspace was written";
  EXPECT_TRUE(untouched(guard + workspace_size)) << "a byte behind the workspace was written";
  return workspace;
}

// The largest alignment that a device asks for and nothing else; 0 where it asks for more.
uint64_t asked_alignment(const KernelSupport& support) {
  if (support.requirements() != TN_REQUIRES_ALIGNED) return 0;
  uint64_t most = 0;
  for (const auto* list : {&support.inputs, &support.outputs}) {
    for (const tn_argument_needs& one : *list) most = std::max(most, wanted_alignment(one));
  }
  return most;
}

class CaseTest : public DeviceTest {
 public:
  CaseTest(const OperatorCase& operator_case, Form form, tn_math_mode mode, bool again)
      : operator_case_(operator_case), form_(form), mode_(mode), again_(again) {}
  void TestBody() override;

 private:
  const OperatorCase& operator_case_;
  Form form_;
  tn_math_mode mode_;
  bool again_;
};

const char* form_name(Form form) {
  switch (form) {
    case Form::kDense:
      return "dense";
    case Form::kDynamic:
      return "dynamic";
    case Form::kStrided:
      return "strided";
  }
  return "";
}

void CaseTest::TestBody() {
  KernelDesc desc = describe(operator_case_, form_);
  desc.math_mode = mode_;
  KernelSupport support = supports(device(), desc);
  uint64_t alignment = 0;
  if (support.status == TN_NEEDS_STATIC && (alignment = asked_alignment(support)) != 0) {
    for (auto* list : {&desc.inputs, &desc.outputs}) {
      for (Argument& one : *list) {
        if (one.kind == TN_ARGUMENT_DEVICE) one.alignment = static_cast<uint32_t>(alignment);
      }
    }
    support = supports(device(), desc);
  }
  if (support.status == TN_NEEDS_STATIC) {
    EXPECT_NE(support.requirements(), 0u) << "TN_NEEDS_STATIC does not say what it needs";
    constexpr uint32_t kStatic = TN_REQUIRES_STATIC_DIMS | TN_REQUIRES_STATIC_STRIDES;
    if (form_ == Form::kDynamic && (support.requirements() & kStatic) != 0) {
      EXPECT_EQ(info().flags & TN_DEVICE_DYNAMIC_DIMS, 0u) << "TN_DEVICE_DYNAMIC_DIMS is claimed";
    }
    TN_OPTIONAL("needs more at create: " + support.reason);
  }
  if (!support) TN_OPTIONAL(support.reason);

  const Kernel kernel(device(), desc);
  const Buffer& first =
      launch_case(keeper_, operator_case_, form_, mode_, alignment, stream_, kernel, 0xff);
  if (!again_) return;

  // Whatever the first launch left must not matter, and its workspace has been given to other work
  // by now.
  const Bytes bytes(first.info().size, 0x77);
  stream_.fill(first, 0, bytes.size(), "\x77", 1);
  launch_case(keeper_, operator_case_, form_, mode_, alignment, stream_, kernel, 0x3c);
  EXPECT_EQ(download(first), bytes) << "the second launch wrote the workspace of the first";
}

// Whether the contract leaves the dims of an operator's outputs to the caller.
bool caller_decides_dims(const OperatorCase& c) {
  static constexpr std::pair<const char*, const char*> kOperators[] = {
#include "suite/generated/caller_dims.inc"
  };
  return std::ranges::any_of(
      kOperators, [&](const auto& one) { return c.domain == one.first && c.name == one.second; });
}

// Asks for the dims of a case's outputs, without a buffer or an output, and compares them. Says
// false when the device does not answer such questions.
bool ask_dims(const Kernel& kernel, const OperatorCase& c, Form form) {
  std::vector<Bytes> host_values(c.inputs.size());
  std::vector<Tensor> tensors(c.inputs.size());
  std::vector<const tn_tensor*> inputs(c.inputs.size());
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const HostTensor& tensor = c.inputs[i].tensor;
    if (c.inputs[i].kind == TN_ARGUMENT_ABSENT) continue;
    if (c.inputs[i].kind == TN_ARGUMENT_HOST) {
      host_values[i] = tensor.bytes();
      if (host_values[i].empty()) host_values[i].resize(16);  // Never a NULL pointer.
      tensors[i] = Tensor::host(host_values[i].data(), tensor.dtype, Dims(tensor.dims));
    } else {
      tensors[i] = Tensor::device(nullptr, tensor.dtype, Dims(tensor.dims));
      if (form == Form::kStrided || !tensor.repeated.empty()) {
        tensors[i].with_strides(strides_of(tensor, form));
      }
    }
    inputs[i] = tensors[i].get();
  }
  tn_launch launch = launch_of(inputs);
  constexpr int64_t kUnwritten = -7;
  std::vector<Shape> dims(c.outputs.size(), Shape(TN_MAX_RANK + 1, kUnwritten));
  std::vector<int64_t*> pointers;
  for (Shape& shape : dims) pointers.push_back(shape.data());

  ErrorBuffer error;
  const tn_status status = tn_kernel_output_dims(kernel.get(), &launch, pointers.data(), &error);
  if (status == TN_UNIMPLEMENTED) return false;
  const bool decided_by_caller = caller_decides_dims(c);
  EXPECT_EQ(TN_STATUS_CLASS(status), decided_by_caller ? TN_UNSUPPORTED : TN_OK)
      << form_name(form) << ": " << error.message;
  if (status != TN_OK) return true;
  for (size_t i = 0; i < c.outputs.size() && !decided_by_caller; ++i) {
    Shape expected = c.bounds.empty() ? c.outputs[i].dims : c.bounds[i];
    expected.resize(TN_MAX_RANK + 1, kUnwritten);  // Nothing is written behind the rank.
    EXPECT_EQ(dims[i], expected) << form_name(form) << ": dims of output " << i;
  }
  return true;
}

// In each form: a device may have different kernels for them.
class OutputDimsTest : public DeviceTest {
 public:
  explicit OutputDimsTest(const OperatorCase& operator_case) : operator_case_(operator_case) {}
  void TestBody() override {
    std::string reason;
    bool asked = false;
    for (const Form form : {Form::kDense, Form::kDynamic, Form::kStrided}) {
      const KernelDesc desc = describe(operator_case_, form);
      const KernelSupport support = supports(device(), desc);
      if (!support) {
        reason = support.reason;
        continue;
      }
      asked = true;
      if (!ask_dims(Kernel(device(), desc), operator_case_, form)) {
        TN_OPTIONAL("optional, not offered: kernel_output_dims");
      }
    }
    if (!asked) TN_OPTIONAL(reason);
  }

 private:
  const OperatorCase& operator_case_;
};

// The modes beside TN_MATH_STRICT that may make a difference.
std::vector<std::pair<tn_math_mode, const char*>> relaxed_modes(const OperatorCase& c) {
  std::vector<std::pair<tn_math_mode, const char*>> modes;
  if (!is_float(c.outputs[0].dtype)) return modes;
  modes.emplace_back(TN_MATH_RELAXED, "relaxed");
  if (tolerance_of(c.domain, c.name, c.dtype, TN_MATH_TF32).factors != 0) {
    modes.emplace_back(TN_MATH_TF32, "tf32");
    modes.emplace_back(TN_MATH_BF16, "bf16");
  }
  return modes;
}

}  // namespace

std::vector<std::string> register_operator_tests() {
  std::set<std::pair<std::string, std::string>> known;
  std::map<std::string, int> names;
  for (const OperatorCase& c : all_cases()) {
    const OperatorRow* row = Target::get().find(c.domain, c.name);
    known.insert({c.domain, c.name});
    if (row == nullptr || !row->has(c.dtype)) continue;
    if (c.name == "Cast" && !row->has(c.outputs[0].dtype)) continue;  // Both ways or not at all.
    const std::string suite =
        "Operator/" + operator_test_name(c.domain, c.name) + "/" + dtype_name(c.dtype);
    const auto add_test = [&](std::string name, auto make) {
      if (const int repeated = names[suite + name]++; repeated != 0) {
        name += "_" + std::to_string(repeated);
      }
      testing::RegisterTest(suite.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            std::move(make));
    };
    const auto add = [&](std::string name, Form form, tn_math_mode mode, bool again) {
      add_test(std::move(name), [&c, form, mode, again]() -> DeviceTest* {
        return new CaseTest(c, form, mode, again);
      });
    };
    for (const Form form : {Form::kDense, Form::kDynamic, Form::kStrided}) {
      add("TN_operator_001_" + c.label + "_" + form_name(form), form, TN_MATH_STRICT, false);
    }
    add("TN_operator_002_" + c.label, Form::kDense, TN_MATH_STRICT, true);
    for (const auto& [mode, name] : relaxed_modes(c)) {
      add("TN_operator_003_" + c.label + "_" + name, Form::kDense, mode, false);
    }
    add_test("TN_kernel_014_" + c.label, [&c]() -> DeviceTest* { return new OutputDimsTest(c); });
  }
  std::vector<std::string> without;
  for (const OperatorRow& row : Target::get().operators()) {
    if (row.has(TN_FLOAT32) && !known.contains({row.domain, row.name})) {
      const std::string name = (row.domain.empty() ? "" : row.domain + ".") + row.name;
      if (without.empty() || without.back() != name) without.push_back(name);
    }
  }
  return without;
}

}  // namespace tenon::conformance

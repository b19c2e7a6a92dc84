// SPDX-License-Identifier: Apache-2.0
#include "profiles/profile_test.h"

#include <algorithm>

namespace tenon::conformance {
namespace {

std::pair<std::string, std::string> split(const std::string& full) {
  const size_t dot = full.rfind('.');
  if (dot == std::string::npos) return {"", full};
  return {full.substr(0, dot), full.substr(dot + 1)};
}

bool claims(const Needed& needed, tn_dtype type) {
  const auto [domain, name] = split(needed.name);
  const tn_dtype dtype = needed.dtype == TN_DTYPE_UNDEFINED ? type : needed.dtype;
  return std::ranges::any_of(Target::get().operators(),
                             [&, &domain = domain, &name = name](const OperatorRow& row) {
                               return row.domain == domain && row.name == name && row.has(dtype);
                             });
}

}  // namespace

std::vector<HostTensor> ProfileTest::run(const std::string& full, const std::vector<Given>& inputs,
                                         const std::vector<Wanted>& outputs,
                                         const std::vector<Attribute>& attributes) {
  KernelDesc desc;
  std::tie(desc.domain, desc.name) = split(full);
  desc.version = version_of(desc.domain, desc.name);
  desc.attributes = attributes;
  std::vector<Tensor> in(inputs.size()), out(outputs.size());
  std::vector<const Buffer*> memory(inputs.size());
  std::vector<const tn_tensor*> in_pointers, out_pointers;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const HostTensor& value = inputs[i].value;
    if (inputs[i].kind == TN_ARGUMENT_ABSENT) {
      desc.input(Argument::absent());
      in_pointers.push_back(nullptr);
      continue;
    }
    if (inputs[i].kind == TN_ARGUMENT_HOST) {
      desc.input(Argument::host(value.dtype, value.dims));
      in[i] = Tensor::host(keep(value.bytes()).data(), value.dtype, Dims(value.dims));
    } else {
      desc.input(Argument::device(value.dtype, value.dims));
      memory[i] = &keep(upload(value.bytes()));
      in[i] = Tensor::device(memory[i]->get(), value.dtype, Dims(value.dims));
    }
    in_pointers.push_back(in[i].get());
  }
  std::vector<const Buffer*> results;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Wanted& wanted = outputs[i];
    Argument argument = Argument::device(wanted.dtype, wanted.dims);
    argument.alias = wanted.alias;
    desc.output(std::move(argument));
    if (wanted.alias != 0) {
      const auto source = static_cast<size_t>(wanted.alias) - 1;
      results.push_back(memory[source]);
      out_pointers.push_back(in_pointers[source]);
      continue;
    }
    const uint64_t bytes = HostTensor(wanted.dtype, wanted.dims).bytes().size();
    results.push_back(&keep(make_buffer(bytes)));
    out[i] = Tensor::device(results[i]->get(), wanted.dtype, Dims(wanted.dims));
    out_pointers.push_back(out[i].get());
  }
  const Kernel& kernel = keep(Kernel(device(), aligned_desc(std::move(desc))));
  tn_launch launch = launch_of(in_pointers, out_pointers);
  if (const uint64_t size = kernel.workspace_size(launch); size != 0) {
    launch.workspace = keep(make_buffer(size)).get();
  }
  kernel.launch(stream_, launch);
  std::vector<HostTensor> values;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Bytes bytes = download(*results[i]);
    values.push_back(HostTensor::from_bytes(outputs[i].dtype, outputs[i].dims, bytes.data()));
  }
  return values;
}

void register_profile_test(const std::string& suite, const std::vector<tn_dtype>& types,
                           const std::string& name, const std::vector<Needed>& needed,
                           ProfileTest::Body body) {
  for (const tn_dtype type : types) {
    if (!std::ranges::all_of(needed, [&](const Needed& one) { return claims(one, type); }))
      continue;
    testing::RegisterTest((suite + "/" + dtype_name(type)).c_str(), name.c_str(), nullptr, nullptr,
                          __FILE__, __LINE__,
                          [type, body]() -> DeviceTest* { return new ProfileTest(type, body); });
  }
}

void register_profile_tests() {
  register_random_tests();
  register_gradient_tests();
  register_decomposition_tests();
  register_quantized_tests();
}

}  // namespace tenon::conformance

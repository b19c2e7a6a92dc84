// SPDX-License-Identifier: Apache-2.0
#include "conformance/onnxruntime/session.h"

#include <dlfcn.h>

#include <string>
#include <vector>

#define ORT_API_MANUAL_INIT
#include <onnxruntime_cxx_api.h>

namespace tenon::onnxruntime {
namespace {

using device::Description;
using device::KernelError;
using device::View;

// ONNX Runtime is opened when the first kernel is made, and kept.
const Ort::Env& environment() {
  static const Ort::Env* const env = [] {
    void* const library = dlopen(ONNXRUNTIME_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw KernelError(TN_INTERNAL, dlerror());
    const auto base = reinterpret_cast<decltype(&OrtGetApiBase)>(dlsym(library, "OrtGetApiBase"));
    if (base == nullptr) throw KernelError(TN_INTERNAL, dlerror());
    const OrtApi* const api = base()->GetApi(ORT_API_VERSION);
    if (api == nullptr) {
      throw KernelError(TN_INTERNAL, std::string("ONNX Runtime ") + base()->GetVersionString() +
                                         " does not have the API of these headers");
    }
    Ort::InitApi(api);
    return new Ort::Env(ORT_LOGGING_LEVEL_FATAL, "tenon");
  }();
  return *env;
}

// "x0", or "" for what is absent.
template <class Has>
std::vector<std::string> names(const char* prefix, size_t count, Has has) {
  std::vector<std::string> all;
  for (size_t i = 0; i < count; ++i) {
    all.push_back(has(i) ? prefix + std::to_string(i) : std::string());
  }
  return all;
}

Ort::ValueInfo value_info(const std::string& name, const tn_argument& argument) {
  std::vector<int64_t> dims(static_cast<size_t>(argument.rank), -1);
  for (size_t i = 0; argument.dims != nullptr && i < dims.size(); ++i) {
    if (argument.dims[i] != TN_DYNAMIC) dims[i] = argument.dims[i];
  }
  const Ort::TensorTypeAndShapeInfo shape(static_cast<ONNXTensorElementDataType>(argument.dtype),
                                          dims);
  const Ort::TypeInfo type = Ort::TypeInfo::CreateTensorInfo(shape.GetConst());
  return Ort::ValueInfo(name, type.GetConst());
}

Ort::OpAttr attribute(const Description& d, const AttributeFact& fact) {
  const char* name = fact.name;
  switch (fact.type) {
    case TN_ATTRIBUTE_INT: {
      const int64_t value = d.integer(name);
      return {name, &value, 1, ORT_OP_ATTR_INT};
    }
    case TN_ATTRIBUTE_FLOAT: {
      const float value = d.real(name);
      return {name, &value, 1, ORT_OP_ATTR_FLOAT};
    }
    case TN_ATTRIBUTE_STRING: {
      const std::string value = d.text(name);
      return {name, value.c_str(), static_cast<int>(value.size()), ORT_OP_ATTR_STRING};
    }
    case TN_ATTRIBUTE_INTS: {
      const std::vector<int64_t> value = d.integers(name);
      return {name, value.data(), static_cast<int>(value.size()), ORT_OP_ATTR_INTS};
    }
    case TN_ATTRIBUTE_FLOATS: {
      const std::vector<float> value = d.reals(name);
      return {name, value.data(), static_cast<int>(value.size()), ORT_OP_ATTR_FLOATS};
    }
    default:
      throw KernelError(TN_UNSUPPORTED, std::string("attribute ") + name + " is not handed on");
  }
}

Ort::Session make_session(const OperatorId& id, const Description& d,
                          const std::vector<std::string>& inputs,
                          const std::vector<std::string>& outputs) {
  const Ort::Env& env = environment();
  std::vector<Ort::OpAttr> attributes;
  for (size_t i = 0; i < id.attribute_count; ++i) {
    if (d.has_attribute(id.attributes[i].name)) {
      attributes.push_back(attribute(d, id.attributes[i]));
    }
  }
  std::vector<Ort::ValueInfo> given, made;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].empty()) given.push_back(value_info(inputs[i], d.input(i)));
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].empty()) made.push_back(value_info(outputs[i], d.output(i)));
  }
  Ort::Graph graph;
  graph.SetInputs(given);
  graph.SetOutputs(made);
  Ort::Node node(id.name, id.domain, "node", inputs, outputs, attributes);
  graph.AddNode(node);
  const std::vector<Ort::Model::DomainOpsetPair> opsets = {{id.domain, id.version}};
  Ort::Model model(opsets);
  model.AddGraph(graph);
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(1).SetGraphOptimizationLevel(ORT_DISABLE_ALL);
  return Ort::Session(env, model, options);
}

}  // namespace

struct Session::State {
  std::vector<std::string> inputs, outputs;
  Ort::Session session{nullptr};
  Ort::MemoryInfo memory{nullptr};
};

Session::Session(const OperatorId& id, const Description& d) : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.inputs = names("x", d.input_count(), [&](size_t i) { return d.has_input(i); });
  s.outputs = names("y", d.output_count(), [&](size_t i) { return d.has_output(i); });
  try {
    s.session = make_session(id, d, s.inputs, s.outputs);
    s.memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  } catch (const Ort::Exception& failure) {
    throw KernelError(TN_UNSUPPORTED, std::string(id.name) + ": " + failure.what());
  }
}

Session::~Session() = default;

void Session::run(const device::Arguments& arguments) const {
  const State& s = *state_;
  std::byte nothing[16] = {};
  std::vector<const char*> names[2];
  std::vector<Ort::Value> values[2];
  const auto collect = [&](int side, std::span<const View> views,
                           const std::vector<std::string>& list) {
    for (size_t i = 0; i < views.size(); ++i) {
      const View& view = views[i];
      if (!view.present()) continue;
      const auto bytes =
          static_cast<size_t>(view.count()) * static_cast<size_t>(tn_dtype_bits(view.dtype) / 8);
      names[side].push_back(list[i].c_str());
      values[side].push_back(Ort::Value::CreateTensor(
          s.memory, view.data != nullptr ? view.data : nothing, bytes, view.dims,
          static_cast<size_t>(view.rank), static_cast<ONNXTensorElementDataType>(view.dtype)));
    }
  };
  try {
    collect(0, arguments.inputs, s.inputs);
    collect(1, arguments.outputs, s.outputs);
    const_cast<Ort::Session&>(s.session).Run(Ort::RunOptions(), names[0].data(), values[0].data(),
                                             values[0].size(), names[1].data(), values[1].data(),
                                             values[1].size());
  } catch (const Ort::Exception& failure) {
    throw KernelError(TN_INVALID_ARGUMENT, failure.what());
  }
}

}  // namespace tenon::onnxruntime

// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/normalize.h"

#include <algorithm>
#include <cstring>
#include <queue>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "runtime/onnx/tensor_proto.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;
using Names = std::unordered_set<std::string>;

// What a node reads, and what the graphs inside it read of the values outside.
void collect_reads(const onnx::NodeProto& node, Names& names) {
  names.insert(node.input().begin(), node.input().end());
  for (const auto& attribute : node.attribute()) {
    const auto collect = [&](const onnx::GraphProto& graph) {
      Names reads;
      for (const auto& inner : graph.node()) collect_reads(inner, reads);
      for (const auto& output : graph.output()) reads.insert(output.name());
      for (const auto& input : graph.input()) reads.erase(input.name());
      for (const auto& constant : graph.initializer()) reads.erase(constant.name());
      for (const auto& inner : graph.node())
        for (const auto& output : inner.output()) reads.erase(output);
      names.merge(reads);
    };
    if (attribute.has_g()) collect(attribute.g());
    for (const auto& graph : attribute.graphs()) collect(graph);
  }
}

std::string name_of(const onnx::NodeProto& node) {
  const std::string name = !node.name().empty()     ? node.name()
                           : node.output_size() > 0 ? node.output(0)
                                                    : "";
  return "node '" + name + "' (" + node.op_type() + ")";
}

// The first that is ready comes first, so that ordered nodes stay as they are.
void order(Nodes& nodes) {
  std::unordered_map<std::string, int> makers;
  for (int n = 0; n < nodes.size(); ++n)
    for (const auto& output : nodes[n].output())
      if (!output.empty()) makers.emplace(output, n);
  std::vector<std::vector<int>> readers(static_cast<size_t>(nodes.size()));
  std::vector<int> missing(readers.size());
  for (int n = 0; n < nodes.size(); ++n) {
    Names reads;
    collect_reads(nodes[n], reads);
    for (const std::string& name : reads) {
      const auto maker = makers.find(name);
      if (maker == makers.end()) continue;
      readers[static_cast<size_t>(maker->second)].push_back(n);
      ++missing[static_cast<size_t>(n)];
    }
  }
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (int n = 0; n < nodes.size(); ++n)
    if (missing[static_cast<size_t>(n)] == 0) ready.push(n);
  Nodes ordered;
  ordered.Reserve(nodes.size());
  while (!ready.empty()) {
    const int n = ready.top();
    ready.pop();
    ordered.Add()->Swap(&nodes[n]);
    for (const int reader : readers[static_cast<size_t>(n)])
      if (--missing[static_cast<size_t>(reader)] == 0) ready.push(reader);
  }
  for (int n = 0; n < nodes.size(); ++n)
    if (missing[static_cast<size_t>(n)] != 0)
      throw Error(TN_INVALID_ARGUMENT, "",
                  "not a valid ONNX model: " + name_of(nodes[n]) +
                      " reads a value that is computed from its own output; break the cycle");
  nodes.Swap(&ordered);
}

onnx::TensorProto to_dense(const onnx::SparseTensorProto& sparse) {
  const std::string& name = sparse.values().name();
  const auto fail = [&](const std::string& what) {
    throw Error(TN_INVALID_ARGUMENT, "", "sparse tensor '" + name + "': " + what);
  };
  const HostTensor values = to_host_tensor(sparse.values(), "");
  const HostTensor indices = to_host_tensor(sparse.indices(), "");
  const size_t size = tn_dtype_bits(values.dtype) / 8;
  if (size == 0) fail("elements below a byte");
  const std::vector<int64_t> dims(sparse.dims().begin(), sparse.dims().end());
  const auto rank = static_cast<int64_t>(dims.size());
  const int64_t stored = values.count();
  const bool linear = indices.dims.size() == 1;
  if (indices.dtype != TN_INT64 || indices.count() != (linear ? stored : stored * rank))
    fail("needs int64 indices, one for each value (or for each value and dim)");
  onnx::TensorProto dense;
  dense.set_name(name);
  dense.set_data_type(values.dtype);
  for (const int64_t dim : dims) dense.add_dims(dim);
  const int64_t count = tensor_bytes(dense) / static_cast<int64_t>(size);
  std::string data(static_cast<size_t>(count) * size, '\0');
  const auto* index = reinterpret_cast<const int64_t*>(indices.data.data());
  for (int64_t i = 0; i < stored; ++i) {
    int64_t at = linear ? index[i] : 0;
    for (int64_t d = 0; !linear && d < rank; ++d) {
      const int64_t one = index[i * rank + d];
      if (one < 0 || one >= dims[static_cast<size_t>(d)]) fail("an index beyond its dims");
      at = at * dims[static_cast<size_t>(d)] + one;
    }
    if (at < 0 || at >= count) fail("an index beyond its dims");
    std::memcpy(&data[static_cast<size_t>(at) * size], &values.data[static_cast<size_t>(i) * size],
                size);
  }
  dense.set_raw_data(std::move(data));
  return dense;
}

void make_dense(onnx::GraphProto& graph) {
  for (const auto& sparse : graph.sparse_initializer()) *graph.add_initializer() = to_dense(sparse);
  graph.clear_sparse_initializer();
  for (auto& node : *graph.mutable_node()) {
    if (node.op_type() != "Constant") continue;
    for (auto& attribute : *node.mutable_attribute()) {
      if (!attribute.has_sparse_tensor()) continue;
      *attribute.mutable_t() = to_dense(attribute.sparse_tensor());
      attribute.clear_sparse_tensor();
      attribute.set_name("value");
      attribute.set_type(onnx::AttributeProto::TENSOR);
    }
  }
}

void drop_unread_constants(onnx::GraphProto& graph) {
  Names reads;
  for (const auto& node : graph.node()) collect_reads(node, reads);
  for (const auto& output : graph.output()) reads.insert(output.name());
  for (const auto& input : graph.input()) reads.insert(input.name());  // A run may give it.
  auto& nodes = *graph.mutable_node();
  nodes.erase(std::remove_if(nodes.begin(), nodes.end(),
                             [&](const onnx::NodeProto& node) {
                               return node.op_type() == "Constant" && node.output_size() == 1 &&
                                      !reads.contains(node.output(0));
                             }),
              nodes.end());
  auto& constants = *graph.mutable_initializer();
  constants.erase(std::remove_if(constants.begin(), constants.end(),
                                 [&](const auto& c) { return !reads.contains(c.name()); }),
                  constants.end());
}

}  // namespace

void declare_initializers(onnx::GraphProto& graph) {
  Names known;
  for (const auto& info : graph.input()) known.insert(info.name());
  for (const auto& info : graph.value_info()) known.insert(info.name());
  for (const auto& info : graph.output()) known.insert(info.name());
  for (const auto& constant : graph.initializer()) {
    if (!known.insert(constant.name()).second) continue;
    onnx::ValueInfoProto* info = graph.add_value_info();
    info->set_name(constant.name());
    auto* type = info->mutable_type()->mutable_tensor_type();
    type->set_elem_type(constant.data_type());
    auto* shape = type->mutable_shape();
    for (const int64_t dim : constant.dims()) shape->add_dim()->set_dim_value(dim);
  }
}

void normalize(onnx::ModelProto& model, const std::set<std::string>& given) {
  constexpr int64_t kInitializersAlone = 4;
  if (model.ir_version() == 3) model.set_ir_version(kInitializersAlone);
  onnx::GraphProto& graph = *model.mutable_graph();
  order(*graph.mutable_node());
  for (auto& function : *model.mutable_functions()) order(*function.mutable_node());
  make_dense(graph);
  auto& constants = *graph.mutable_initializer();
  constants.erase(std::remove_if(constants.begin(), constants.end(),
                                 [&](const auto& c) { return given.contains(c.name()); }),
                  constants.end());
  drop_unread_constants(graph);
  declare_initializers(graph);
}

}  // namespace tenon::runtime::onnx_import

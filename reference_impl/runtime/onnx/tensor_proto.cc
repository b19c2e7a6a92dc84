// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/tensor_proto.h"

#include <unistd.h>

#include <cstring>

#include "onnx/checker.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

[[noreturn]] void fail(tn_status status, const onnx::TensorProto& proto, const std::string& what) {
  throw Error(status, "", "tensor '" + proto.name() + "': " + what);
}

// Typed fields hold values wider than the element type; packs them.
template <class Stored, class Field>
void pack(const Field& field, HostTensor& tensor) {
  const size_t n = static_cast<size_t>(field.size());
  if (n * sizeof(Stored) != tensor.data.size()) return;  // Reported by the caller.
  for (size_t i = 0; i < n; ++i) {
    const Stored value = static_cast<Stored>(field.Get(static_cast<int>(i)));
    std::memcpy(&tensor.data[i * sizeof(Stored)], &value, sizeof value);
  }
}

struct FileDescriptor {
  int fd;
  ~FileDescriptor() { ::close(fd); }
};

void read_external(const onnx::TensorProto& proto, const std::string& base_folder,
                   HostTensor& tensor) {
  std::string location;
  int64_t offset = 0;
  int64_t length = static_cast<int64_t>(tensor.data.size());
  try {
    for (const auto& entry : proto.external_data()) {
      if (entry.key() == "location") location = entry.value();
      if (entry.key() == "offset") offset = std::stoll(entry.value());
      if (entry.key() == "length") length = std::stoll(entry.value());
    }
  } catch (const std::exception&) {
    fail(TN_INVALID_ARGUMENT, proto, "external data with an offset or length that is no number");
  }
  if (length != static_cast<int64_t>(tensor.data.size()) || offset < 0)
    fail(TN_INVALID_ARGUMENT, proto,
         "external data of " + std::to_string(length) + " bytes where its dims need " +
             std::to_string(tensor.data.size()));
  FileDescriptor file{-1};
  try {
    // Refuses paths that leave the folder, and links.
    file.fd = static_cast<int>(
        onnx::checker::open_external_data(base_folder, location, proto.name(), true));
  } catch (const std::exception& e) {
    fail(TN_NOT_FOUND, proto, e.what());
  }
  size_t done = 0;
  while (done < tensor.data.size()) {
    const ssize_t got = ::pread(file.fd, tensor.data.data() + done, tensor.data.size() - done,
                                static_cast<off_t>(offset + static_cast<int64_t>(done)));
    if (got <= 0)
      fail(TN_INVALID_ARGUMENT, proto,
           "external file '" + location + "' ends before byte " + std::to_string(offset + length));
    done += static_cast<size_t>(got);
  }
}

// Which typed field holds the elements of a type: ONNX has one for float32 and one for float64,
// each for complex numbers of such parts too, and puts integers by their width.
void read_fields(const onnx::TensorProto& proto, HostTensor& tensor) {
  const ElementType& type = element_type(tensor.dtype);
  const tn_dtype real = type.kind == ElementKind::kComplex ? type.part : type.dtype;
  if (real == TN_FLOAT32) return pack<float>(proto.float_data(), tensor);
  if (real == TN_FLOAT64) return pack<double>(proto.double_data(), tensor);
  const bool is_unsigned = type.kind == ElementKind::kUnsigned;
  switch (type.bits) {
    case 64:
      return is_unsigned ? pack<uint64_t>(proto.uint64_data(), tensor)
                         : pack<int64_t>(proto.int64_data(), tensor);
    case 32:
      return is_unsigned ? pack<uint32_t>(proto.uint64_data(), tensor)
                         : pack<int32_t>(proto.int32_data(), tensor);
    case 16:
      return pack<uint16_t>(proto.int32_data(), tensor);
    default:
      return pack<uint8_t>(proto.int32_data(), tensor);
  }
}

}  // namespace

int64_t tensor_bytes(const onnx::TensorProto& proto) {
  const uint32_t bits = tn_dtype_bits(proto.data_type());
  if (bits == 0)
    fail(TN_UNSUPPORTED, proto,
         "element type " + onnx::TensorProto_DataType_Name(proto.data_type()) + " (" +
             std::to_string(proto.data_type()) + ") has no place on a device");
  const auto count =
      checked_element_count({proto.dims().data(), static_cast<size_t>(proto.dims_size())});
  if (!count || *count > (int64_t{1} << 43))
    fail(TN_INVALID_ARGUMENT, proto, "has dims that no tensor can have");
  return (*count * static_cast<int64_t>(bits) + 7) / 8;
}

HostTensor to_host_tensor(const onnx::TensorProto& proto, const std::string& base_folder) {
  HostTensor tensor;
  tensor.dtype = proto.data_type();
  if (tensor.dtype == kStrings) {
    tensor.dims.assign(proto.dims().begin(), proto.dims().end());
    tensor.strings.assign(proto.string_data().begin(), proto.string_data().end());
    const auto count = checked_element_count(tensor.dims);
    if (!count || *count != static_cast<int64_t>(tensor.strings.size()))
      fail(TN_INVALID_ARGUMENT, proto,
           "holds " + std::to_string(tensor.strings.size()) + " strings, which its dims do not");
    return tensor;
  }
  const auto bytes = static_cast<size_t>(tensor_bytes(proto));
  const uint32_t bits = tn_dtype_bits(tensor.dtype);
  tensor.dims.assign(proto.dims().begin(), proto.dims().end());
  const bool external = proto.data_location() == onnx::TensorProto::EXTERNAL;
  if (!external && proto.has_raw_data()) {
    if (proto.raw_data().size() != bytes)
      fail(TN_INVALID_ARGUMENT, proto,
           "holds " + std::to_string(proto.raw_data().size()) + " bytes where its dims need " +
               std::to_string(bytes));
    tensor.data.resize(bytes);
    if (bytes != 0) std::memcpy(tensor.data.data(), proto.raw_data().data(), bytes);
    return tensor;
  }
  const int fields = proto.float_data_size() + proto.double_data_size() + proto.int64_data_size() +
                     proto.int32_data_size() + proto.uint64_data_size();
  if (!external && bytes != 0 && fields == 0)
    fail(TN_INVALID_ARGUMENT, proto,
         "holds no data where its dims need " + std::to_string(bytes) + " bytes");
  tensor.data.resize(bytes);
  if (external) {
    read_external(proto, base_folder, tensor);
  } else {
    const int64_t units = element_type(tensor.dtype).kind == ElementKind::kComplex
                              ? 2 * tensor.count()
                              : (bits < 8 ? static_cast<int64_t>(bytes) : tensor.count());
    if (fields != units)
      fail(TN_INVALID_ARGUMENT, proto,
           "holds " + std::to_string(fields) + " values where its dims need " +
               std::to_string(units));
    read_fields(proto, tensor);
  }
  return tensor;
}

std::optional<Attribute> to_attribute(const onnx::AttributeProto& proto) {
  switch (proto.type()) {
    case onnx::AttributeProto::INT:
      return Attribute{proto.name(), int64_t{proto.i()}};
    case onnx::AttributeProto::FLOAT:
      return Attribute{proto.name(), proto.f()};
    case onnx::AttributeProto::STRING:
      return Attribute{proto.name(), proto.s()};
    case onnx::AttributeProto::INTS:
      return Attribute{proto.name(),
                       std::vector<int64_t>(proto.ints().begin(), proto.ints().end())};
    case onnx::AttributeProto::FLOATS:
      return Attribute{proto.name(),
                       std::vector<float>(proto.floats().begin(), proto.floats().end())};
    case onnx::AttributeProto::STRINGS:
      return Attribute{proto.name(),
                       std::vector<std::string>(proto.strings().begin(), proto.strings().end())};
    default:
      return std::nullopt;
  }
}

}  // namespace tenon::runtime::onnx_import

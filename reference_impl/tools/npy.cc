// SPDX-License-Identifier: Apache-2.0
#include "npy.h"

#include <cctype>
#include <charconv>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "runtime/read_file.h"
#include "tenon/tenon.hpp"

namespace tenon::tools {
namespace {

// Bytes of an element in a file.
size_t bytes_of(const ElementType& type) { return (type.bits + 7u) / 8; }

// NumPy's word for a type in little-endian memory, "<f4"; "<V2" where it has none, as for types of
// ml_dtypes.
std::string descr_of(const ElementType& type) {
  if (type.numpy == nullptr) return "<V" + std::to_string(bytes_of(type));
  const bool one_byte = type.bits == 8;
  const char letter = type.kind == ElementKind::kFloat      ? 'f'
                      : type.kind == ElementKind::kSigned   ? 'i'
                      : type.kind == ElementKind::kUnsigned ? 'u'
                      : type.kind == ElementKind::kComplex  ? 'c'
                                                            : 'b';
  return std::string(one_byte ? "|" : "<") + letter + std::to_string(type.bits / 8);
}

constexpr char kMagic[] = "\x93NUMPY";

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw std::runtime_error("'" + path + "': " + what);
}

// The text behind 'key': in the header, which is a Python dict.
std::string value_of(const std::string& path, const std::string& header, const std::string& key) {
  const size_t at = header.find("'" + key + "':");
  if (at == std::string::npos) fail(path, "its .npy header has no '" + key + "'");
  size_t begin = at + key.size() + 3;
  while (begin < header.size() && header[begin] == ' ') ++begin;
  return header.substr(begin);
}

std::vector<int64_t> parse_shape(const std::string& path, const std::string& text) {
  std::vector<int64_t> dims;
  if (text.empty() || text[0] != '(') fail(path, "its .npy header has no shape");
  for (size_t i = 1; i < text.size() && text[i] != ')';) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) {
      ++i;
      continue;
    }
    int64_t dim = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + text.size(), dim);
    if (error != std::errc()) fail(path, "has a dim in its .npy header that no tensor can have");
    dims.push_back(dim);
    i = static_cast<size_t>(end - text.data());
  }
  return dims;
}

// The type that a file's word says; bytes are of the type `unnamed`.
tn_dtype type_of(const std::string& descr, tn_dtype unnamed) {
  for (const ElementType& type : kElementTypes) {
    if (type.numpy == nullptr && type.dtype != unnamed) continue;
    std::string word = descr_of(type) + descr.substr(0, 1);  // With the closing quote.
    if (descr.compare(1, word.size(), word) == 0) return type.dtype;
    word[0] = '|';
    if (type.numpy == nullptr && descr.compare(1, word.size(), word) == 0) return type.dtype;
  }
  return TN_DTYPE_UNDEFINED;
}

// Elements below a byte between one each, as in a file (the upper bits say nothing there), and one
// behind the other.
void pack(const ElementType& type, const char* from, size_t count, std::byte* to) {
  const auto mask = static_cast<std::byte>((1u << type.bits) - 1);
  for (size_t i = 0; i < count; ++i)
    to[i * type.bits / 8] |= (static_cast<std::byte>(from[i]) & mask) << i * type.bits % 8;
}
std::vector<std::byte> unpack(const ElementType& type, const runtime::HostTensor& tensor) {
  std::vector<std::byte> elements(static_cast<size_t>(tensor.count()));
  const auto mask = static_cast<std::byte>((1u << type.bits) - 1);
  for (size_t i = 0; i < elements.size(); ++i)
    elements[i] = tensor.data[i * type.bits / 8] >> i * type.bits % 8 & mask;
  return elements;
}
// Whether no element lies in two bytes, which nothing packs yet.
bool is_small(const ElementType& type) { return type.bits < 8 && 8 % type.bits == 0; }

}  // namespace

runtime::HostTensor read_npy(const std::string& path, tn_dtype unnamed) {
  const std::string bytes = runtime::read_file(path);
  if (bytes.size() < 12 || bytes.compare(0, 6, kMagic, 6) != 0) fail(path, "is not a .npy file");
  auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(bytes[i])); };
  const bool wide = bytes[6] > 1;
  const size_t start = wide ? 12 : 10;
  const size_t length =
      wide ? byte(8) | byte(9) << 8 | byte(10) << 16 | byte(11) << 24 : byte(8) | byte(9) << 8;
  if (bytes.size() < start + length) fail(path, "ends inside its .npy header");
  const std::string header = bytes.substr(start, length);

  runtime::HostTensor tensor;
  const std::string descr = value_of(path, header, "descr");
  tensor.dtype = type_of(descr, unnamed);
  if (tensor.dtype == TN_DTYPE_UNDEFINED) fail(path, "has a type that is no tensor's: " + descr);
  if (value_of(path, header, "fortran_order").compare(0, 4, "True") == 0) {
    fail(path, "is in Fortran order; save numpy.ascontiguousarray(x)");
  }
  tensor.dims = parse_shape(path, value_of(path, header, "shape"));
  const auto count = checked_element_count(tensor.dims);
  if (!count || *count > static_cast<int64_t>(bytes.size()))
    fail(path, "holds " + std::to_string(bytes.size()) + " bytes, far less than its shape needs");
  const ElementType& type = element_type(tensor.dtype);
  const size_t size = static_cast<size_t>(*count) * bytes_of(type);
  if (bytes.size() != start + length + size) {
    fail(path, "holds " + std::to_string(bytes.size() - start - length) +
                   " bytes of data where its shape needs " + std::to_string(size));
  }
  const char* data = bytes.data() + start + length;
  tensor.data.resize(dtype_bytes(tensor.dtype, static_cast<uint64_t>(*count)));
  if (is_small(type)) {
    pack(type, data, size, tensor.data.data());
  } else if (size != 0) {
    std::memcpy(tensor.data.data(), data, size);
  }
  return tensor;
}

void write_npy(const std::string& path, const runtime::HostTensor& tensor) {
  const ElementType& type = element_type(tensor.dtype);
  if (type.kind == ElementKind::kNone || (type.bits < 8 && !is_small(type)))
    fail(path, std::string("NumPy has no type for ") + dtype_name(tensor.dtype));
  const std::string descr = descr_of(type);
  std::string shape;
  for (int64_t d : tensor.dims) shape += std::to_string(d) + ",";
  std::string header =
      "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  // The data begin at a multiple of 64 bytes.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::ofstream file(path, std::ios::binary);
  file.write("\x93NUMPY\x01\x00", 8);
  file.put(static_cast<char>(header.size() & 0xff)).put(static_cast<char>(header.size() >> 8));
  file << header;
  const std::vector<std::byte> elements =
      is_small(type) ? unpack(type, tensor) : std::vector<std::byte>();
  const std::vector<std::byte>& data = is_small(type) ? elements : tensor.data;
  file.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size()));
  if (!file) fail(path, std::string("cannot be written: ") + std::strerror(errno));
}

}  // namespace tenon::tools

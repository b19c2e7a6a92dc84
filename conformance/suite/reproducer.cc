// SPDX-License-Identifier: Apache-2.0
#include "suite/reproducer.h"

#include <cinttypes>
#include <cstdio>

#include "tenon/tenon.hpp"

namespace tenon::conformance {
namespace {

constexpr size_t kMostText = 400000;  // Of a program.

std::string list_of(const std::vector<int64_t>& values) {
  std::string text;
  for (const int64_t value : values) {
    text += (text.empty() ? "" : ", ") +
            (value == TN_DYNAMIC ? std::string("TN_DYNAMIC") : std::to_string(value));
  }
  return text;
}

std::string constant_of(tn_dtype dtype) {
  std::string name = std::string("TN_") + dtype_name(dtype);
  for (char& one : name) one = static_cast<char>(std::toupper(static_cast<unsigned char>(one)));
  return name;
}

std::string c_literal(const std::string& text) {
  std::string out = "\"";
  for (const char one : text) {
    char code[8];
    const auto byte = static_cast<unsigned char>(one);
    std::snprintf(code, sizeof(code), "\\%03o", byte);
    if (byte < 0x20 || byte >= 0x7f || one == '"' || one == '\\' || one == '?') {
      out += code;
    } else {
      out += one;
    }
  }
  return out + "\"";
}

// Within a comment.
std::string commented(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '\n') out += " *   ";
    if (text[i] == '*' && i + 1 < text.size() && text[i + 1] == '/') out += ' ';
  }
  return out;
}

std::string describe(const RecordedArgument& argument) {
  if (argument.raw.kind == TN_ARGUMENT_ABSENT) return "absent";
  std::string text = dtype_name(argument.raw.dtype);
  text += argument.dims ? " [" + list_of(*argument.dims) + "]"
                        : " of rank " + std::to_string(argument.raw.rank);
  if (argument.raw.kind == TN_ARGUMENT_HOST) text += " on the host";
  if (argument.raw.kind == TN_ARGUMENT_CONSTANT) text += " constant";
  if (argument.strides) text += " strides [" + list_of(*argument.strides) + "]";
  if (argument.raw.layout != TN_LAYOUT_STRIDED) {
    text += " layout " + std::to_string(argument.raw.layout);
  }
  if (argument.raw.alias != 0) text += " for input " + std::to_string(argument.raw.alias - 1);
  return text;
}

std::string describe(const RecordedAttribute& attribute) {
  std::string text;
  const auto add = [&](const std::string& word) { text += (text.empty() ? "" : ", ") + word; };
  char number[32];
  for (const float value : attribute.floats) {
    std::snprintf(number, sizeof(number), "%g", static_cast<double>(value));
    add(number);
  }
  for (const int64_t value : attribute.ints) add(std::to_string(value));
  for (const std::string& value : attribute.strings) add(value);
  return attribute.name + " = " + text;
}

// Writes the program, a part at a time.
class Program {
 public:
  Program(const Record& record, const Reproduced& about)
      : record_(record), kernel_(*record.kernel), about_(about) {}

  std::string text() {
    head();
    if (record_.launch) {
      for (const auto* list : {&record_.launch->inputs, &record_.launch->outputs}) {
        for (const auto& one : *list) {
          if (one && one->raw.buffer != nullptr) buffer(one->raw.buffer);
        }
      }
    }
    describe_kernel();
    if (record_.launch) launch();
    out_ +=
        "  tn_stream_destroy(stream);\n  tn_device_close(device);\n  tn_loader_destroy(loader);\n"
        "  return 0;\n}\n";
    return out_.size() <= kMostText && known_ ? out_ : "";
  }

 private:
  void head() {
    out_ += "/* " + commented(about_.test) + "\n *\n *   " + commented(about_.message) + "\n *\n";
    out_ +=
        " * cc -std=c11 reproducer.c -I\"$(tenon path include)\" -ltenon -o reproducer\n"
        " * ./reproducer [PLUGIN] */\n"
        "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\n"
        "#include <tenon/tenon.h>\n\n"
        "static void check(tn_status status, const tn_error* error, const char* what) {\n"
        "  if (status == TN_OK) return;\n"
        "  printf(\"%s: status 0x%x: %s\\n\", what, (unsigned)status, error->message);\n"
        "  exit(1);\n}\n"
        "#define CHECK(function, ...) check(function(__VA_ARGS__, &error), &error, #function)\n\n"
        "static tn_buffer* make_buffer(tn_device* device, uint64_t size) {\n"
        "  tn_error error = TN_ERROR_INIT;\n"
        "  tn_buffer_desc desc = {sizeof(desc), size, TN_BUFFER_DEVICE, 0, NULL};\n"
        "  tn_buffer* buffer = NULL;\n"
        "  CHECK(tn_buffer_create, device, &desc, &buffer);\n  return buffer;\n}\n\n"
        "int main(int argc, char** argv) {\n"
        "  tn_error error = TN_ERROR_INIT;\n  tn_loader* loader = NULL;\n"
        "  tn_instance* instance = NULL;\n  tn_device* device = NULL;\n  tn_stream* stream = "
        "NULL;\n"
        "  CHECK(tn_loader_create, NULL, &loader);\n"
        "  CHECK(tn_loader_open, loader, argc > 1 ? argv[1] : " +
        c_literal(about_.plugin) + ", NULL, &instance);\n";
    if (about_.options.empty()) {
      out_ += "  tn_device_desc opening = {sizeof(opening), NULL, 0};\n";
    } else {
      out_ += "  tn_option options[] = {";
      for (const auto& [key, value] : about_.options) {
        out_ += "{" + c_literal(key) + ", " + c_literal(value) + "}, ";
      }
      out_ += "};\n  tn_device_desc opening = {sizeof(opening), options, " +
              std::to_string(about_.options.size()) + "};\n";
    }
    out_ += "  CHECK(tn_device_open, instance, " + std::to_string(about_.device) +
            ", &opening, &device);\n  CHECK(tn_stream_create, device, NULL, &stream);\n\n";
  }

  // Declares static bytes, and returns their name.
  std::string bytes(const Bytes& values) {
    const std::string name = "bytes_" + std::to_string(next_++);
    out_ += "  static const unsigned char " + name + "[" +
            std::to_string(values.empty() ? 1 : values.size()) + "] = {";
    std::string line;
    for (size_t i = 0; i < values.size(); ++i) {
      if (i % 24 == 0) line += "\n      ";
      line += std::to_string(values[i]) + ",";
    }
    out_ += (line.empty() ? "0" : line) + "};\n";
    return name;
  }

  std::string ints(const std::vector<int64_t>& values) {
    if (values.empty()) return "NULL";
    const std::string name = "list_" + std::to_string(next_++);
    out_ += "  static const int64_t " + name + "[] = {" + list_of(values) + "};\n";
    return name;
  }
  std::string ints(const std::optional<std::vector<int64_t>>& values) {
    return values ? ints(*values) : "NULL";
  }

  // Makes a buffer that holds what it held in the test, and returns its name.
  std::string buffer(const tn_buffer* one) {
    if (const auto found = buffers_.find(one); found != buffers_.end()) return found->second;
    const std::string name = "buffer_" + std::to_string(next_++);
    buffers_[one] = name;
    const auto size = record_.sizes.find(one);
    if (size == record_.sizes.end()) known_ = false;
    out_ += "  tn_buffer* " + name + " = make_buffer(device, " +
            std::to_string(size != record_.sizes.end() ? size->second : 0) + ");\n";
    const auto steps = record_.buffers.find(one);
    if (steps == record_.buffers.end()) return name;
    for (const RecordedWrite& step : steps->second) {
      const std::string at = name + ", " + std::to_string(step.offset) + ", ";
      if (step.kind == RecordedWrite::Kind::kReorder) {
        const std::string to = tensor(step.to), from = tensor(step.from);
        out_ += "  CHECK(tn_stream_reorder, stream, &" + to + ", &" + from + ");\n";
      } else if (!step.bytes) {
        out_ += "  /* " + std::to_string(step.size) +
                " bytes of the test are too many to show */\n"
                "  CHECK(tn_stream_fill, stream, " +
                at + std::to_string(step.size) + ", \"\\0\", 1);\n";
      } else if (step.kind == RecordedWrite::Kind::kFill) {
        const std::string pattern = bytes(*step.bytes);
        out_ += "  CHECK(tn_stream_fill, stream, " + at + std::to_string(step.size) + ", " +
                pattern + ", " + std::to_string(step.bytes->size()) + ");\n";
      } else {
        const std::string values = bytes(*step.bytes);
        out_ += "  CHECK(tn_stream_write, stream, " + at + values + ", " +
                std::to_string(step.size) + ");\n";
      }
    }
    return name;
  }

  std::string tensor(const RecordedTensor& one) {
    const std::string memory = one.raw.buffer != nullptr ? buffer(one.raw.buffer) : "NULL";
    const std::string host = one.raw.host_data != nullptr ? bytes(one.host) : "NULL";
    const std::string dims = ints(one.dims), strides = ints(one.strides);
    const std::string name = "tensor_" + std::to_string(next_++);
    out_ += "  tn_tensor " + name + " = {" + memory + ", " + std::to_string(one.raw.offset) + ", " +
            host + ", " + dims + ", " + strides + ", " + std::to_string(one.raw.layout) + ", " +
            constant_of(one.raw.dtype) + ", " + std::to_string(one.raw.rank) + "};\n";
    return name;
  }

  std::string argument(const RecordedArgument& one) {
    const tn_argument& raw = one.raw;
    const std::string dims = ints(one.dims), least = ints(one.min_dims);
    const std::string most = ints(one.max_dims), strides = ints(one.strides);
    std::string value = "NULL";
    if (raw.kind == TN_ARGUMENT_CONSTANT) {
      known_ = known_ && one.value.has_value();
      if (one.value) value = bytes(*one.value);
    }
    const std::string name = "argument_" + std::to_string(next_++);
    out_ += "  tn_argument " + name + " = {sizeof(tn_argument), " + std::to_string(raw.kind) +
            ", " + constant_of(raw.dtype) + ", " + std::to_string(raw.rank) + ", " +
            std::to_string(raw.alias) + ", " + std::to_string(raw.flags) + ", " +
            std::to_string(raw.alignment) + ", " + dims + ", " + least + ", " + most + ", NULL, " +
            strides + ", " + std::to_string(raw.layout) + ", NULL, " + value + "};\n";
    return "&" + name;
  }

  std::string attribute(const RecordedAttribute& one) {
    const std::string mark = std::to_string(next_++);
    std::string floats = "NULL", strings = "NULL", tensors = "NULL";
    const std::string integers = ints(one.ints);
    char number[48];
    if (!one.floats.empty()) {
      floats = "floats_" + mark;
      out_ += "  static const float " + floats + "[] = {";
      for (const float value : one.floats) {
        std::snprintf(number, sizeof(number), "(float)%a, ", static_cast<double>(value));
        out_ += number;
      }
      out_ += "};\n";
    }
    if (!one.strings.empty()) {
      strings = "strings_" + mark;
      out_ += "  static const tn_string " + strings + "[] = {";
      for (const std::string& value : one.strings) {
        out_ += "{" + c_literal(value) + ", " + std::to_string(value.size()) + "}, ";
      }
      out_ += "};\n";
    }
    if (!one.tensors.empty()) {
      std::string names;
      for (const RecordedTensor& value : one.tensors) names += "&" + tensor(value) + ", ";
      tensors = "tensors_" + mark;
      out_ += "  const tn_tensor* const " + tensors + "[] = {" + names + "};\n";
    }
    const size_t count =
        one.floats.size() + one.ints.size() + one.strings.size() + one.tensors.size();
    out_ += "  tn_attribute attribute_" + mark + " = {sizeof(tn_attribute), " +
            c_literal(one.name) + ", " + std::to_string(one.type) + ", 0, " +
            std::to_string(count) + ", " + floats + ", " + integers + ", " + strings + ", " +
            tensors + ", NULL};\n";
    return "&attribute_" + mark;
  }

  template <class Item, class Make>
  std::string pointers(const char* type, const char* name, const std::vector<Item>& items,
                       Make make) {
    std::string names;
    for (const Item& item : items) names += make(item) + ", ";
    out_ += std::string("  const ") + type + "* const " + name + "[] = {" + names + "NULL};\n";
    return std::string(name) + ", " + std::to_string(items.size());
  }

  void describe_kernel() {
    out_ += "\n  /* " + commented(description_of(record_)) + " */\n";
    const auto of_argument = [this](const RecordedArgument& one) { return argument(one); };
    const std::string inputs = pointers("tn_argument", "inputs", kernel_.inputs, of_argument);
    const std::string outputs = pointers("tn_argument", "outputs", kernel_.outputs, of_argument);
    const std::string attributes =
        pointers("tn_attribute", "attributes", kernel_.attributes,
                 [this](const RecordedAttribute& one) { return attribute(one); });
    out_ += "  tn_kernel_desc desc = {sizeof(desc), " + c_literal(kernel_.domain) + ", " +
            c_literal(kernel_.name) + ", " + std::to_string(kernel_.version) + ", " +
            std::to_string(kernel_.flags) + ", " + std::to_string(kernel_.math_mode) + ", 0, " +
            inputs + ", " + outputs + ", " + attributes + "};\n";
    out_ += "  tn_kernel* kernel = NULL;\n  CHECK(tn_kernel_create, device, &desc, &kernel);\n\n";
  }

  std::string tensors(const char* name, const std::vector<std::optional<RecordedTensor>>& list) {
    return pointers("tn_tensor", name, list, [this](const std::optional<RecordedTensor>& one) {
      return one ? "&" + tensor(*one) : std::string("NULL");
    });
  }

  void launch() {
    const RecordedLaunch& recorded = *record_.launch;
    const std::string given = tensors("given", recorded.inputs);
    const std::string wanted = tensors("wanted", recorded.outputs);
    out_ +=
        "  tn_launch launch;\n  memset(&launch, 0, sizeof(launch));\n"
        "  launch.struct_size = sizeof(launch);\n";
    out_ += "  launch.inputs = given;\n  launch.input_count = " +
            std::to_string(recorded.inputs.size()) +
            ";\n  launch.outputs = wanted;\n"
            "  launch.output_count = " +
            std::to_string(recorded.outputs.size()) + ";\n";
    if (recorded.has_output_dims) {
      out_ += "  static int64_t dims[" + std::to_string(recorded.outputs.size() + 1) +
              "][TN_MAX_RANK];\n  int64_t* dims_of[" + std::to_string(recorded.outputs.size() + 1) +
              "];\n";
      for (size_t i = 0; i < recorded.outputs.size(); ++i) {
        out_ += "  dims_of[" + std::to_string(i) + "] = dims[" + std::to_string(i) + "];\n";
      }
      out_ += "  launch.output_dims = dims_of;\n";
    }
    out_ +=
        "  uint64_t workspace = 0;\n"
        "  CHECK(tn_kernel_workspace_size, kernel, &launch, &workspace);\n"
        "  if (workspace != 0) launch.workspace = make_buffer(device, workspace);\n"
        "  CHECK(tn_kernel_launch, kernel, stream, &launch);\n\n";
    for (size_t i = 0; i < recorded.outputs.size(); ++i) {
      if (recorded.outputs[i] && recorded.outputs[i]->raw.buffer != nullptr) {
        show(i, recorded.outputs[i]->raw);
      }
    }
    out_ +=
        "  if (launch.workspace != NULL) tn_buffer_destroy(launch.workspace, NULL);\n"
        "  tn_kernel_destroy(kernel);\n";
    for (const auto& [handle, name] : buffers_)
      out_ += "  tn_buffer_destroy(" + name + ", NULL);\n";
  }

  // Prints the memory of an output, around its elements too.
  void show(size_t index, const tn_tensor& raw) {
    const std::string name = buffers_[raw.buffer];
    const auto size = record_.sizes.find(raw.buffer);
    if (size == record_.sizes.end()) return;
    const uint64_t width = std::max<uint64_t>(1, tn_dtype_bits(raw.dtype) / 8);
    out_ += "  {\n    static unsigned char memory[" + std::to_string(size->second + 1) +
            "];\n    CHECK(tn_stream_read, stream, memory, " + name + ", 0, " +
            std::to_string(size->second) +
            ");\n    CHECK(tn_stream_synchronize, stream);\n"
            "    printf(\"output " +
            std::to_string(index) + ", " + dtype_name(raw.dtype) + ", from byte " +
            std::to_string(raw.offset) + ":\");\n" +
            "    for (size_t i = " + std::to_string(raw.offset % width) + "; i + " +
            std::to_string(width) + " <= " + std::to_string(size->second) +
            "; i += " + std::to_string(width) + ") {\n";
    const char* type = raw.dtype == TN_FLOAT32   ? "float"
                       : raw.dtype == TN_FLOAT64 ? "double"
                       : raw.dtype == TN_INT32   ? "int32_t"
                       : raw.dtype == TN_INT64   ? "int64_t"
                                                 : nullptr;
    if (type != nullptr) {
      const bool real = raw.dtype == TN_FLOAT32 || raw.dtype == TN_FLOAT64;
      out_ += std::string("      ") + type +
              " value;\n      memcpy(&value, memory + i, sizeof(value));\n" +
              (real ? "      printf(\" %.9g\", (double)value);\n"
                    : "      printf(\" %lld\", (long long)value);\n");
    } else {
      out_ += "      printf(\" \");\n      for (size_t j = " + std::to_string(width) +
              "; j-- > 0;) printf(\"%02x\", memory[i + j]);\n";
    }
    out_ += "    }\n    printf(\"\\n\");\n  }\n";
  }

  const Record& record_;
  const RecordedKernel& kernel_;
  const Reproduced& about_;
  std::string out_;
  std::map<const tn_buffer*, std::string> buffers_;
  size_t next_ = 0;
  bool known_ = true;  // Whether the program has all that the kernel was made of.
};

}  // namespace

std::string description_of(const Record& record) {
  if (!record.kernel) return "";
  const RecordedKernel& kernel = *record.kernel;
  std::string text = (kernel.domain.empty() ? "" : kernel.domain + ".") + kernel.name + " " +
                     std::to_string(kernel.version);
  const char* separator = ": ";
  for (const RecordedArgument& one : kernel.inputs) {
    text += separator + describe(one);
    separator = "; ";
  }
  text += " ->";
  separator = " ";
  for (const RecordedArgument& one : kernel.outputs) {
    text += separator + describe(one);
    separator = "; ";
  }
  for (const RecordedAttribute& one : kernel.attributes) text += "; " + describe(one);
  if (kernel.flags != 0) text += "; flags " + std::to_string(kernel.flags);
  if (kernel.math_mode != TN_MATH_STRICT) text += "; math mode " + std::to_string(kernel.math_mode);
  return text;
}

std::string reproducer_of(const Record& record, const Reproduced& about) {
  return record.kernel ? Program(record, about).text() : "";
}

}  // namespace tenon::conformance

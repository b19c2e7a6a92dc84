// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/tests/use_everything.h"

#include <atomic>
#include <cstring>

#include "tenon/cpp/operator_ids.hpp"

namespace tenon::layers {
namespace {

constexpr uint64_t kSize = 256;
constexpr int64_t kDims[] = {4, 4};

template <size_t size>
bool ends(const char (&text)[size]) {
  return std::memchr(text, 0, size) != nullptr;
}

template <class T>
T empty() {
  T made{};
  made.struct_size = sizeof(T);
  return made;
}

class User {
 public:
  explicit User(const Instance& instance) : instance_(instance.get()) {}

  Usage run(std::span<const tn_option> options) {
    ask_instance();
    device_ = open(options);
    other_ = open(options);
    if (device_ != nullptr) use_device();
    for (tn_device* device : {other_, device_}) tn_device_close(device);
    return usage_;
  }

 private:
  // Calls a function with an error behind its arguments; true for TN_OK.
  template <class Function, class... Arguments>
  bool good(const char* name, Function function, Arguments... arguments) {
    tn_error error = TN_ERROR_INIT;
    const tn_status status = function(arguments..., &error);
    ++usage_.calls;
    if (!is_known_status(status)) wrong(name, "a status that does not exist");
    if (error.struct_size != sizeof(error)) wrong(name, "another struct_size of the error");
    if (status == TN_OK || status == TN_NOT_READY) return status == TN_OK;
    ++usage_.failures;
    usage_.last_failure = std::string(name) + ": " +
                          std::string(error.message, strnlen(error.message, sizeof(error.message)));
    if (error.code != status) wrong(name, "another code in the error");
    if (!ends(error.message) || !ends(error.rule) || !ends(error.argument) ||
        error.message[0] == '\0') {
      wrong(name, "no text in the error");
    }
    return false;
  }
  // The same for one that makes something, which it returns.
  template <class Handle, class Function, class... Arguments>
  Handle* made(const char* name, Function function, Arguments... arguments) {
    auto* handle = reinterpret_cast<Handle*>(uintptr_t{8});
    const bool well = good(name, function, arguments..., &handle);
    if (well == (handle == nullptr)) wrong(name, well ? "no handle" : "a handle left");
    return well ? handle : nullptr;
  }
  void wrong(const char* function, const char* what) {
    usage_.unusable.push_back(std::string(function) + ": " + what);
  }

  void ask_instance() {
    size_t count = 0;
    if (good("device_count", tn_instance_device_count, instance_, &count) && count == 0) {
      wrong("device_count", "no devices");
    }
    auto info = empty<tn_device_info>();
    if (good("instance_device_info", tn_instance_device_info, instance_, size_t{0}, &info)) {
      look_at(info);
    }
    for (const char* name : {TN_EXTENSION_PEER, "acme.extra"}) {
      const void* table = this;
      const bool well = good("extension", tn_instance_extension, instance_, name,
                             uint32_t{TN_EXTENSION_PEER_VERSION}, &table);
      if (well == (table == nullptr)) wrong("extension", "no table, or one left");
      if (well && *static_cast<const size_t*>(table) < sizeof(size_t))
        wrong("extension", "no size");
    }
  }

  void look_at(const tn_device_info& info) {
    if (info.struct_size != sizeof(info)) wrong("device_info", "another struct_size");
    if (!ends(info.name) || !ends(info.vendor) || !ends(info.physical_id)) {
      wrong("device_info", "a text without an end");
    }
    if (info.alignment == 0 || (info.alignment & (info.alignment - 1)) != 0) {
      wrong("device_info", "an odd alignment");
    }
  }

  tn_device* open(std::span<const tn_option> options) {
    const tn_device_desc desc{sizeof(desc), options.data(), options.size()};
    return made<tn_device>("device_open", tn_device_open, instance_, size_t{0}, &desc);
  }

  void use_device() {
    auto info = empty<tn_device_info>();
    if (good("device_get_info", tn_device_get_info, device_, &info)) look_at(info);
    walk_operators();
    ask_device();
    const tn_stream_desc stream_desc{sizeof(stream_desc), 1, 0};
    stream_ = made<tn_stream>("stream_create", tn_stream_create, device_, &stream_desc);
    second_ = made<tn_stream>("stream_create", tn_stream_create, device_, nullptr);
    a_ = make_buffer(device_, TN_BUFFER_DEVICE);
    b_ = make_buffer(device_, TN_BUFFER_DEVICE);
    c_ = make_buffer(device_, TN_BUFFER_DEVICE);
    tn_buffer_destroy(make_buffer(device_, TN_BUFFER_HOST_PINNED), nullptr);
    use_import();
    if (stream_ != nullptr && a_ != nullptr && b_ != nullptr && c_ != nullptr) use_stream();
    use_layouts();
    auto memory = empty<tn_memory_info>();
    good("device_get_memory", tn_device_get_memory, device_, &memory);
    good("device_synchronize", tn_device_synchronize, device_);
    for (tn_buffer* buffer : {a_, b_, c_}) tn_buffer_destroy(buffer, stream_);
    for (tn_stream* stream : {stream_, second_}) tn_stream_destroy(stream);
  }

  void ask_device() {
    auto property = empty<tn_property>();
    if (good("device_property", tn_device_property, device_, size_t{0}, &property)) {
      if (!ends(property.name) || !ends(property.unit) || !ends(property.text)) {
        wrong("device_property", "a text without an end");
      }
      if (property.count > std::size(property.integers)) wrong("device_property", "a long list");
    }
    auto option = empty<tn_option_info>();
    if (good("device_option", tn_device_option, device_, size_t{0}, &option) &&
        (!ends(option.name) || !ends(option.unit) || !ends(option.default_value) ||
         !ends(option.choices) || !ends(option.help))) {
      wrong("device_option", "a text without an end");
    }
    uint64_t released = 0;
    good("device_trim", tn_device_trim, device_, &released);
  }

  void walk_operators() {
    auto table = empty<tn_operator_table>();
    if (!good("device_get_operators", tn_device_get_operators, device_, &table)) return;
    const char* row = reinterpret_cast<const char*>(table.first);
    for (size_t i = 0; i < table.count; ++i, row += table.stride) {
      const auto& entry = *reinterpret_cast<const tn_operator_entry*>(row);
      walked_ += std::strlen(entry.name) + std::strlen(entry.domain);
      for (size_t t = 0; t < entry.type_count; ++t) {
        walked_ += std::strlen(entry.types[t].constraint) + entry.types[t].count;
      }
    }
  }

  tn_buffer* make_buffer(tn_device* device, tn_buffer_kind kind) {
    const tn_buffer_desc desc{sizeof(desc), kSize, kind, 0, nullptr};
    auto* buffer = made<tn_buffer>("buffer_create", tn_buffer_create, device, &desc);
    auto info = empty<tn_buffer_info>();
    if (buffer != nullptr && good("buffer_get_info", tn_buffer_get_info, buffer, &info)) {
      if (info.size != kSize) wrong("buffer_get_info", "another size");
      if ((info.flags & TN_BUFFER_COHERENT) != 0) {
        std::memset(info.host_pointer, 0, info.size);
      } else if (info.host_pointer != nullptr) {
        wrong("buffer_get_info", "a pointer to what is not coherent");
      }
    }
    return buffer;
  }

  void use_import() {
    auto desc = empty<tn_import_desc>();
    desc.pointer = imported_;
    desc.size = sizeof(imported_);
    desc.release = [](void* user) { ++*static_cast<std::atomic<int>*>(user); };
    desc.user = &released_;
    auto* buffer = made<tn_buffer>("buffer_import", tn_buffer_import, device_, &desc);
    auto* again = made<tn_buffer>("buffer_import", tn_buffer_import, device_, &desc);
    auto info = empty<tn_buffer_info>();
    if (buffer != nullptr) good("buffer_get_info", tn_buffer_get_info, buffer, &info);
    tn_buffer_destroy(buffer, nullptr);
    tn_buffer_destroy(again, nullptr);
  }

  void use_stream() {
    void* pointer = this;
    const bool mapped = good("buffer_map", tn_buffer_map, a_, uint64_t{0}, kSize,
                             tn_access{TN_ACCESS_WRITE}, &pointer);
    if (mapped == (pointer == nullptr)) wrong("buffer_map", "no pointer, or one left");
    if (mapped) {
      std::memset(pointer, 0, kSize);
      good("buffer_unmap", tn_buffer_unmap, a_, pointer);
    }
    good("stream_write", tn_stream_write, stream_, a_, uint64_t{0}, host_, kSize);
    good("stream_fill", tn_stream_fill, stream_, b_, uint64_t{0}, kSize, "\0\0\x80\x3f", size_t{4});
    good("stream_copy", tn_stream_copy, stream_, c_, uint64_t{0}, b_, uint64_t{0}, kSize);
    good("peer_copy", tn_peer_copy, stream_, c_, uint64_t{0}, b_, uint64_t{0}, kSize);
    use_events();
    good("stream_reorder", tn_stream_reorder, stream_, tensor(c_).get(), tensor(a_).get());
    use_constant();
    use_kernels();
    use_output_dims();
    good(
        "stream_callback", tn_stream_callback, stream_,
        [](void* user, tn_status, const tn_error*) { ++*static_cast<std::atomic<int>*>(user); },
        &called_);
    good("stream_read", tn_stream_read, stream_, host_, c_, uint64_t{0}, kSize);
    good("stream_query", tn_stream_query, stream_);
    good("stream_synchronize", tn_stream_synchronize, stream_);
    good("stream_query", tn_stream_query, stream_);
    good("stream_reset", tn_stream_reset, stream_);
  }

  void use_events() {
    const tn_event_desc timing{sizeof(timing), TN_EVENT_TIMING, 0};
    auto* start = made<tn_event>("event_create", tn_event_create, device_, &timing);
    auto* end = made<tn_event>("event_create", tn_event_create, device_, &timing);
    if (start != nullptr && end != nullptr) {
      good("event_record", tn_event_record, start, stream_, nullptr);
      good("event_record", tn_event_record, end, stream_, nullptr);
      if (second_ != nullptr) {
        good("stream_wait_event", tn_stream_wait_event, second_, end, nullptr);
        good("peer_wait_event", tn_peer_wait_event, second_, end);
        good("stream_synchronize", tn_stream_synchronize, second_);
      }
      good("event_query", tn_event_query, start);
      good("event_synchronize", tn_event_synchronize, end, nullptr);
      int64_t nanoseconds = 0;
      good("event_elapsed", tn_event_elapsed, start, end, &nanoseconds);
    }
    const tn_event_desc by_host{sizeof(by_host), TN_EVENT_HOST, 0};
    auto* signalled = made<tn_event>("event_create", tn_event_create, device_, &by_host);
    if (signalled != nullptr) {
      good("stream_wait_event", tn_stream_wait_event, stream_, signalled, nullptr);
      good("event_signal", tn_event_signal, signalled, tn_status{TN_OK});
    }
    for (tn_event* event : {start, end, signalled}) tn_event_destroy(event);
  }

  static Tensor tensor(tn_buffer* buffer) {
    return Tensor::device(buffer, TN_FLOAT32, {kDims[0], kDims[1]});
  }

  void use_constant() {
    auto value = tensor(a_);
    const tn_constant_desc desc{sizeof(desc), value.get(), TN_LAYOUT_STRIDED, stream_};
    auto* constant = made<tn_constant>("constant_create", tn_constant_create, device_, &desc);
    tn_constant_release(made<tn_constant>("constant_create", tn_constant_create, device_, &desc));
    if (constant == nullptr) return;
    auto info = empty<tn_constant_info>();
    if (good("constant_get_info", tn_constant_get_info, constant, &info) &&
        (info.rank < 0 || info.rank > TN_MAX_RANK)) {
      wrong("constant_get_info", "an odd rank");
    }
    tn_constant_retain(constant);
    tn_constant_release(constant);
    tn_constant_release(constant);
  }

  void look_at(const char* function, const tn_argument_needs* needs, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const tn_layout layout = needs[i].layout;
      if (layout != TN_LAYOUT_STRIDED && layout < TN_LAYOUT_FIRST_TOKEN) {
        wrong(function, "a layout that is none");
      }
      if ((needs[i].requirements & TN_REQUIRES_ALIGNED) != 0 && needs[i].alignment == 0) {
        wrong(function, "no alignment");
      }
    }
  }

  void use_kernels() {
    KernelDesc desc;
    desc.name = "Add";
    desc.version = op::kAdd.version;
    for (int i = 0; i < 2; ++i) desc.input(Argument::device(TN_FLOAT32, {kDims[0], kDims[1]}));
    desc.output(Argument::device(TN_FLOAT32, {kDims[0], kDims[1]}));
    desc.inputs[0].with_layout(TN_LAYOUT_ANY);
    const KernelDescView view(desc);
    tn_argument_needs inputs[2] = {};
    tn_argument_needs outputs[1] = {};
    auto support = empty<tn_kernel_support>();
    support.inputs = inputs;
    support.outputs = outputs;
    if (good("kernel_supports", tn_kernel_supports, device_, view.get(), &support)) {
      look_at("kernel_supports", inputs, 2);
    }
    if (support.inputs != inputs) wrong("kernel_supports", "another array");
    auto* kernel = made<tn_kernel>("kernel_create", tn_kernel_create, device_, view.get());
    if (kernel == nullptr) return;
    auto info = empty<tn_kernel_info>();
    info.inputs = inputs;
    info.outputs = outputs;
    if (good("kernel_get_info", tn_kernel_get_info, kernel, &info)) {
      look_at("kernel_get_info", inputs, 2);
    }
    const Tensor in = tensor(a_);
    const Tensor other = tensor(b_);
    const Tensor out = tensor(c_);
    const tn_tensor* ins[] = {in.get(), other.get()};
    const tn_tensor* outs[] = {out.get()};
    tn_launch launch = launch_of({ins, 2}, {outs, 1});
    int64_t dims[3] = {0, 0, 77};
    int64_t* const wanted[] = {dims};
    if (good("kernel_output_dims", tn_kernel_output_dims, kernel, &launch, wanted) &&
        (dims[0] != kDims[0] || dims[1] != kDims[1])) {
      wrong("kernel_output_dims", "other dims");
    }
    if (dims[2] != 77) wrong("kernel_output_dims", "a dim too many");
    uint64_t size = 0;
    if (good("kernel_workspace_size", tn_kernel_workspace_size, kernel, &launch, &size) &&
        size > INT64_MAX) {
      wrong("kernel_workspace_size", "more than there can be");
    }
    good("kernel_launch", tn_kernel_launch, kernel, stream_, &launch);
    tn_kernel_destroy(kernel);
  }

  // One whose dims the data decides.
  void use_output_dims() {
    KernelDesc desc;
    desc.name = "NonZero";
    desc.version = op::kNonZero.version;
    desc.input(Argument::device(TN_FLOAT32, {kDims[0], kDims[1]}));
    desc.output(Argument::dynamic(TN_INT64, 2));
    const KernelDescView view(desc);
    tn_status status = tn_kernel_supports(device_, view.get(), nullptr, nullptr);
    if (status != TN_OK) return;
    auto* kernel = made<tn_kernel>("kernel_create", tn_kernel_create, device_, view.get());
    if (kernel == nullptr) return;
    auto* found = make_buffer(device_, TN_BUFFER_DEVICE);
    const Tensor in = tensor(b_);
    const Tensor out = Tensor::device(found, TN_INT64, {2, 16});
    const tn_tensor* ins[] = {in.get()};
    const tn_tensor* outs[] = {out.get()};
    tn_launch launch = launch_of({ins, 1}, {outs, 1});
    int64_t* const dims[] = {output_dims_};
    launch.output_dims = dims;
    uint64_t size = 0;
    bool ready = found != nullptr &&
                 good("kernel_workspace_size", tn_kernel_workspace_size, kernel, &launch, &size);
    tn_buffer* workspace = nullptr;
    if (ready && size != 0) {
      const tn_buffer_desc space{sizeof(space), size, TN_BUFFER_DEVICE, 0, nullptr};
      workspace = made<tn_buffer>("buffer_create", tn_buffer_create, device_, &space);
      launch.workspace = workspace;
      ready = workspace != nullptr;
    }
    if (ready) good("kernel_launch", tn_kernel_launch, kernel, stream_, &launch);
    tn_buffer_destroy(workspace, stream_);
    tn_buffer_destroy(found, stream_);
    tn_kernel_destroy(kernel);
  }

  void use_layouts() {
    uint64_t size = 0;
    if (good("layout_size", tn_layout_size, device_, tn_layout{TN_LAYOUT_STRIDED},
             tn_dtype{TN_FLOAT32}, 2, kDims, &size) &&
        size != 64) {
      wrong("layout_size", "another size");
    }
  }

  tn_instance* const instance_;
  Usage usage_;
  size_t walked_ = 0;
  tn_device* device_ = nullptr;
  tn_device* other_ = nullptr;
  tn_stream* stream_ = nullptr;
  tn_stream* second_ = nullptr;
  tn_buffer* a_ = nullptr;
  tn_buffer* b_ = nullptr;
  tn_buffer* c_ = nullptr;
  // Queued work may use these until the device is closed.
  char host_[kSize] = {};
  char imported_[kSize] = {};
  int64_t output_dims_[2] = {};
  std::atomic<int> released_{0};
  std::atomic<int> called_{0};
};

}  // namespace

Usage use_everything(const Instance& instance, std::span<const tn_option> options) {
  return User(instance).run(options);
}

}  // namespace tenon::layers

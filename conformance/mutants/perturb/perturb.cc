// SPDX-License-Identifier: Apache-2.0
//
// The perturbation layer: a plugin before any other one (wrapper.h) that moves one element of what
// a launch computes by three of the tolerances that the suite grants it there. Environment:
//
//   TENON_PERTURB           the predicate: a fact of the launch (facts.h), "always", or "none"
//   TENON_PERTURB_TESTS     part of the tests' names: "Operator/Add/float32"; default: all
//   TENON_PERTURB_LOG       a file to which a line is added for
//     launch TEST FACTS...  the launch of a test that was perturbed, with all of its facts
//     asked TEST STATUS FACTS...  a description that the device was asked about
//   TENON_PERTURB_UNITS     move by so many units of the last place instead
//
// Of each test one launch is touched, the first that meets the predicate, so that a test which
// notices has noticed this one; and only launches of which the suite has announced what it expects.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include "conformance/mutants/perturb/facts.h"
#include "conformance/mutants/perturb/moved.h"
#include "conformance/mutants/wrapper.h"
#include "conformance/suite/expectation.h"
#include "tenon/cpp/dtype.hpp"

namespace tenon::perturb {
namespace {

using conformance::Expectation;
using conformance::ExpectedOutput;
using wrapper::sound;

constexpr double kTolerances = 3;

std::string environment(const char* name, const char* otherwise = "") {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

const std::string& predicate() {
  static const std::string text = environment("TENON_PERTURB", "none");
  return text;
}

// -- The suite --

const Expectation* expectation() {
  using Ask = const Expectation* (*)();
  static const auto ask =
      reinterpret_cast<Ask>(::dlsym(RTLD_DEFAULT, "tenon_conformance_expectation"));
  return ask != nullptr ? ask() : nullptr;
}

std::string running_test() {
  using Ask = const char* (*)();
  static const auto ask = reinterpret_cast<Ask>(::dlsym(RTLD_DEFAULT, "tenon_conformance_test"));
  return ask != nullptr ? ask() : "";
}

bool is_meant(const std::string& test) {
  static const std::string part = environment("TENON_PERTURB_TESTS");
  return test.find(part) != std::string::npos;
}

// -- The log --

std::string joined(const Facts& facts) {
  std::string text;
  for (const std::string& fact : facts) text += "\t" + fact;
  return text;
}

// A line is added once, and at once: the process may end at any time.
void log_once(const std::string& key, const std::string& line) {
  static std::mutex mutex;
  static std::set<std::string> known;
  static const std::string path = environment("TENON_PERTURB_LOG");
  static const int file =
      path.empty() ? -1 : ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const std::lock_guard guard(mutex);
  if (file < 0 || !known.insert(key).second) return;
  const std::string whole = line + "\n";
  if (::write(file, whole.data(), whole.size()) < 0) return;
}

// -- Kernels --

std::mutex kernels_mutex;
std::map<tn_kernel*, std::shared_ptr<KernelRecord>> kernels;

std::shared_ptr<KernelRecord> record_of(tn_kernel* kernel) {
  const std::lock_guard guard(kernels_mutex);
  const auto found = kernels.find(kernel);
  return found != kernels.end() ? found->second : nullptr;
}

bool whole(const tn_kernel_desc* desc) {
  return desc != nullptr && desc->struct_size == sizeof(*desc);
}

tn_status TN_CALL kernel_supports(tn_device* device, const tn_kernel_desc* desc,
                                  tn_kernel_support* support, tn_error* error) {
  const tn_status status = sound().kernel_supports(device, desc, support, error);
  const std::string test = running_test();
  if (!whole(desc) || test.compare(0, 9, "Operator/") != 0) return status;
  if (status == TN_INVALID_ARGUMENT) return status;
  Facts facts = facts_of(*desc);
  // What it offers to those who leave the layout to it.
  const bool answers = support != nullptr && support->inputs != nullptr && status == TN_OK;
  for (size_t i = 0; answers && i < desc->input_count; ++i) {
    if (desc->inputs[i]->layout == TN_LAYOUT_ANY &&
        support->inputs[i].layout >= TN_LAYOUT_FIRST_TOKEN) {
      facts.insert("offers_token_in");
    }
  }
  for (size_t i = 0; answers && support->outputs != nullptr && i < desc->output_count; ++i) {
    if (desc->outputs[i]->layout == TN_LAYOUT_ANY &&
        support->outputs[i].layout >= TN_LAYOUT_FIRST_TOKEN) {
      facts.insert("offers_token_out");
    }
  }
  const std::string line =
      test.substr(0, test.find('.')) + "\t" + std::to_string(status) + joined(facts);
  log_once(line, "asked\t" + line);
  return status;
}

tn_status TN_CALL kernel_create(tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                                tn_error* error) {
  const tn_status status = sound().kernel_create(device, desc, kernel, error);
  if (status != TN_OK || !whole(desc)) return status;
  auto record = std::make_shared<KernelRecord>();
  record->description = facts_of(*desc);
  const std::lock_guard guard(kernels_mutex);
  kernels[*kernel] = std::move(record);
  return status;
}

void TN_CALL kernel_destroy(tn_kernel* kernel) {
  {
    const std::lock_guard guard(kernels_mutex);
    kernels.erase(kernel);
  }
  sound().kernel_destroy(kernel);
}

// -- Elements --

// Reads and writes elements of one tensor, behind all that is queued.
class Elements {
 public:
  Elements(tn_stream* stream, const tn_tensor& tensor) : stream_(stream), tensor_(tensor) {
    const ElementType& type = element_type(tensor.dtype);
    part_ = type.part != TN_DTYPE_UNDEFINED ? type.part : tensor.dtype;
    bits_ = tn_dtype_bits(tensor.dtype);
    part_bits_ = tn_dtype_bits(part_);
  }
  // Of numbers that have two parts the first one.
  tn_dtype dtype() const { return part_; }

  // `which` counts in row-major order of `dims`.
  bool read(const std::vector<int64_t>& dims, uint64_t which, uint64_t* value) {
    uint64_t element = 0, dense = 1;
    for (size_t d = dims.size(); d-- > 0; which /= static_cast<uint64_t>(dims[d])) {
      const uint64_t index = which % static_cast<uint64_t>(dims[d]);
      element +=
          index * (tensor_.strides != nullptr ? static_cast<uint64_t>(tensor_.strides[d]) : dense);
      dense *= static_cast<uint64_t>(tensor_.dims[d]);
    }
    at_ = tensor_.offset + (bits_ < 8 ? element * bits_ / 8 : element * (bits_ / 8));
    shift_ = bits_ < 8 ? static_cast<unsigned>(element * bits_ % 8) : 0;
    bytes_ = 0;
    if (sound().stream_read(stream_, &bytes_, tensor_.buffer, at_, size(), nullptr) != TN_OK ||
        sound().stream_synchronize(stream_, nullptr) != TN_OK) {
      return false;
    }
    *value = bytes_ >> shift_ & mask();
    return true;
  }
  // Where it has been read.
  void write(uint64_t value) {
    const uint64_t all = (bytes_ & ~(mask() << shift_)) | value << shift_;
    sound().stream_write(stream_, tensor_.buffer, at_, &all, size(), nullptr);
    sound().stream_synchronize(stream_, nullptr);
  }

 private:
  uint64_t size() const { return std::max<uint64_t>(part_bits_ / 8, 1); }
  uint64_t mask() const { return part_bits_ >= 64 ? UINT64_MAX : (uint64_t{1} << part_bits_) - 1; }

  tn_stream* stream_;
  const tn_tensor& tensor_;
  tn_dtype part_;
  uint64_t bits_, part_bits_, at_ = 0, bytes_ = 0;
  unsigned shift_ = 0;
};

constexpr uint64_t kTiles[] = {16, 64};

// The elements behind the last whole tile; 0 where there are none, or no tile.
uint64_t tail_of(uint64_t count, uint64_t tile) { return count > tile ? count % tile : 0; }

// Elements that are tried: one that lies in all tails that there are, and one anywhere, in turn;
// another one each time, but the same in each run.
uint64_t choose(uint64_t count, uint64_t attempt) {
  static std::atomic<uint64_t> launches{0};
  const uint64_t launch = launches++, number = launch * 7919 + attempt * 104729;
  uint64_t tail = 0;
  for (const uint64_t tile : kTiles) {
    const uint64_t own = tail_of(count, tile);
    if (own != 0 && (tail == 0 || own < tail)) tail = own;
  }
  const bool anywhere = tail == 0 || (launch + attempt) % 2 != 0;
  return anywhere ? number % count : count - 1 - number % tail;
}

void add_tails(Facts& facts, uint64_t count, uint64_t which) {
  for (const uint64_t tile : kTiles) {
    if (which >= count - tail_of(count, tile)) facts.insert("tail_" + std::to_string(tile));
  }
}

std::optional<uint64_t> moved_value(tn_dtype dtype, uint64_t bits, double granted) {
  static const std::string units = environment("TENON_PERTURB_UNITS");
  if (!units.empty()) return moved_by_units(dtype, bits, std::stoll(units));
  // Of NaN and infinities nothing is granted: what is there becomes a number.
  return moved(dtype, bits, std::isfinite(granted) ? kTolerances * granted : 0);
}

// Adds to the facts what they could not know before: where the element lies.
bool move_one(tn_stream* stream, const tn_tensor& output, const ExpectedOutput& expected,
              Facts& facts) {
  uint64_t count = 1;
  for (const int64_t dim : expected.dims) count *= static_cast<uint64_t>(dim);
  if (count == 0 || expected.granted.size() != count) return false;
  constexpr uint64_t kAttempts = 16;
  Elements elements(stream, output);
  for (uint64_t attempt = 0; attempt < kAttempts; ++attempt) {
    const uint64_t which = choose(count, attempt);
    uint64_t bits = 0;
    if (!elements.read(expected.dims, which, &bits)) return false;
    const auto changed = moved_value(elements.dtype(), bits, expected.granted[which]);
    if (!changed || *changed == bits) continue;
    elements.write(*changed);
    add_tails(facts, count, which);
    return true;
  }
  return false;
}

// What the device alone understands is brought into rows, changed, and brought back.
bool move_one_in_token(tn_device* device, tn_stream* stream, const tn_tensor& output,
                       const ExpectedOutput& expected, Facts& facts) {
  tn_tensor dense = output;
  dense.layout = TN_LAYOUT_STRIDED;
  dense.strides = nullptr;
  dense.offset = 0;
  const tn_buffer_desc desc{sizeof(desc), dtype_bytes(output.dtype, count_of(output)),
                            TN_BUFFER_DEVICE, 0, nullptr};
  if (sound().buffer_create(device, &desc, &dense.buffer, nullptr) != TN_OK) return false;
  const bool done = sound().stream_reorder(stream, &dense, &output, nullptr) == TN_OK &&
                    move_one(stream, dense, expected, facts) &&
                    sound().stream_reorder(stream, &output, &dense, nullptr) == TN_OK;
  sound().stream_synchronize(stream, nullptr);
  sound().buffer_destroy(dense.buffer, nullptr);
  return done;
}

// -- Launches --

std::mutex devices_mutex;
std::map<tn_stream*, tn_device*> devices;

void read_values(Facts& facts, tn_stream* stream, const tn_launch& launch) {
  constexpr uint64_t kMost = 1 << 16;
  for (size_t i = 0; i < launch.input_count; ++i) {
    const tn_tensor* const input = launch.inputs[i];
    if (input == nullptr || input->buffer == nullptr || input->layout != TN_LAYOUT_STRIDED)
      continue;
    if (element_type(input->dtype).kind != ElementKind::kFloat || !is_dense(*input)) continue;
    const uint64_t size = std::min(dtype_bytes(input->dtype, count_of(*input)), kMost);
    std::vector<unsigned char> bytes(size);
    sound().stream_read(stream, bytes.data(), input->buffer, input->offset, size, nullptr);
    if (sound().stream_synchronize(stream, nullptr) != TN_OK) return;
    add_values(facts, input->dtype, bytes);
  }
}

bool perturb(tn_stream* stream, const tn_launch& launch, const Expectation& expected,
             Facts& facts) {
  tn_device* device = nullptr;
  {
    const std::lock_guard guard(devices_mutex);
    const auto found = devices.find(stream);
    if (found != devices.end()) device = found->second;
  }
  static std::atomic<size_t> launches{0};
  const size_t first = launches++;  // Not always the same output.
  for (size_t n = 0; n < launch.output_count; ++n) {
    const size_t o = (first + n) % launch.output_count;
    const tn_tensor* const output = launch.outputs[o];
    if (output == nullptr || output->buffer == nullptr || o >= expected.outputs.size()) continue;
    const bool done = output->layout == TN_LAYOUT_STRIDED
                          ? move_one(stream, *output, expected.outputs[o], facts)
                          : move_one_in_token(device, stream, *output, expected.outputs[o], facts);
    if (done) return true;
  }
  return false;
}

// The last test of which a launch was perturbed.
std::mutex test_mutex;
std::string perturbed_test;

tn_status TN_CALL kernel_launch(tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                                tn_error* error) {
  const Expectation* const expected = expectation();
  const auto record = record_of(kernel);
  if (expected == nullptr || record == nullptr || launch == nullptr || !is_meant(expected->test)) {
    return sound().kernel_launch(kernel, stream, launch, error);
  }
  Facts facts = facts_of(*record, *launch);
  const std::lock_guard guard(test_mutex);
  if (perturbed_test == expected->test || !facts.contains(predicate())) {
    return sound().kernel_launch(kernel, stream, launch, error);
  }
  read_values(facts, stream, *launch);
  const tn_status status = sound().kernel_launch(kernel, stream, launch, error);
  if (status != TN_OK || sound().stream_synchronize(stream, nullptr) != TN_OK) return status;
  if (perturb(stream, *launch, *expected, facts)) {
    perturbed_test = expected->test;
    log_once("launch\t" + expected->test, "launch\t" + expected->test + joined(facts));
  }
  return status;
}

tn_status TN_CALL stream_create(tn_device* device, const tn_stream_desc* desc, tn_stream** stream,
                                tn_error* error) {
  const tn_status status = sound().stream_create(device, desc, stream, error);
  if (status != TN_OK) return status;
  const std::lock_guard guard(devices_mutex);
  devices[*stream] = device;
  return status;
}

}  // namespace
}  // namespace tenon::perturb

namespace tenon::wrapper {

void change(tn_dispatch& table) {
  table.kernel_supports = perturb::kernel_supports;
  table.kernel_create = perturb::kernel_create;
  table.kernel_destroy = perturb::kernel_destroy;
  table.kernel_launch = perturb::kernel_launch;
  table.stream_create = perturb::stream_create;
}

tn_status change_entry(tn_status status, const tn_host*, tn_plugin*, tn_error*) { return status; }

}  // namespace tenon::wrapper

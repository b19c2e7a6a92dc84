// SPDX-License-Identifier: Apache-2.0
#include "program.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>
#include <string_view>

#include "reference_impl/cpu/kernels/strided_copy.h"

namespace tenon::onednn {
namespace {

constexpr uint64_t kAlignment = 64;

struct FreeAligned {
  void operator()(std::byte* bytes) const {
    ::operator delete(bytes, std::align_val_t{kAlignment});
  }
};
using Bytes = std::unique_ptr<std::byte, FreeAligned>;

Bytes allocate(uint64_t size) {
  if (size == 0) return nullptr;
  return Bytes(static_cast<std::byte*>(::operator new(size, std::align_val_t{kAlignment})));
}

// An operand in an argument's memory, and where it was at the last run: most launches of a model
// find it there again.
struct Bound {
  Owner owner;
  size_t index;
  uint64_t offset;
  dnnl_memory_t memory;
  std::byte* data;
};

View view_of(std::byte* data, const Strided& strided) {
  return {data,
          strided.dims.data(),
          strided.strides.data(),
          static_cast<int32_t>(strided.dims.size()),
          TN_FLOAT32,
          TN_LAYOUT_STRIDED};
}

}  // namespace

bool is_plain(const char* implementation) {
  const std::string_view name(implementation);
  return name.ends_with(":any") || name.find("ref") != name.npos;
}

struct Program::Slot {
  struct Call {
    dnnl_primitive_t primitive;
    int count;
    const dnnl_exec_arg_t* arguments;
  };
  // What nearly all runs look at, and nothing else.
  dnnl_stream_t stream = onednn::stream().get();
  std::vector<Bound> bound;
  std::vector<Call> calls;  // By step.

  std::vector<Bytes> buffers;
  Bytes scratchpad;
  std::vector<dnnl::memory> memories;      // By operand.
  std::vector<dnnl_exec_arg_t> arguments;  // Of all calls.
};

// A slot that no other thread uses; back in its place at the end.
class Program::Lease {
 public:
  // Nearly always there is one: no other thread runs this kernel now.
  explicit Lease(Program& program)
      : program_(program), slot_(program.free_.exchange(nullptr, std::memory_order_acquire)) {
    if (slot_ == nullptr) slot_ = program.make_slot().release();
  }
  ~Lease() { delete program_.free_.exchange(slot_, std::memory_order_release); }
  Lease(const Lease&) = delete;
  Slot& operator*() const { return *slot_; }
  Slot* operator->() const { return slot_; }

 private:
  Program& program_;
  Slot* slot_;
};

Program::~Program() { delete free_.load(); }

Program::Operand Program::add(Owner owner, size_t index, const Md& md, uint64_t offset) {
  operands_.push_back({owner, index, md, offset});
  return operands_.size() - 1;
}

Program::Operand Program::buffer(const Dims& dims) {
  const Md md = Strided::dense(dims).md();
  buffers_.push_back({md.get_size(), 0, false});
  return add(Owner::kProgram, buffers_.size() - 1, md);
}

Program::Operand Program::constant(const Md& md, float value) {
  buffers_.push_back({md.get_size(), value, true});
  return add(Owner::kProgram, buffers_.size() - 1, md);
}

Program::Operand Program::input(size_t i, const Strided& strided) {
  const Strided dense = Strided::dense(strided.dims);
  if (dense.strides == strided.strides || (!dense_ && strided.plain())) {
    return input(i, strided.md());
  }
  const Operand operand = buffer(strided.dims);
  copies_in_.push_back({Owner::kInput, i, strided, operand});
  return operand;
}

Program::Operand Program::output(size_t i, const Strided& strided) {
  const Strided dense = Strided::dense(strided.dims);
  if (dense.strides == strided.strides || (!dense_ && strided.plain())) {
    return output(i, strided.md());
  }
  const Operand operand = buffer(strided.dims);
  copies_out_.push_back({Owner::kOutput, i, strided, operand});
  return operand;
}

Program::Operand Program::input(size_t i, const View& view) {
  if (const auto form = form_of(view.layout)) return input(i, form_md(*form, view.shape()));
  return input(i, Strided::of(view));
}

Program::Operand Program::output(size_t i, const View& view) {
  if (const auto form = form_of(view.layout)) return output(i, form_md(*form, view.shape()));
  return output(i, Strided::of(view));
}

Program::Operand Program::dense_input(size_t i, const View& view, const Dims& dims) {
  const Md md = Strided::dense(dims).md();
  if (view.dense()) return input(i, md);
  const Operand operand = buffer(dims);
  copies_in_.push_back({Owner::kInput, i, Strided::of(view), operand});
  return operand;
}

Program::Operand Program::dense_output(size_t i, const View& view, const Dims& dims) {
  const Md md = Strided::dense(dims).md();
  if (view.dense()) return output(i, md);
  const Operand operand = buffer(dims);
  copies_out_.push_back({Owner::kOutput, i, Strided::of(view), operand});
  return operand;
}

Program::Operand Program::piece(Operand whole, const Dims& dims, int64_t elements) {
  return piece(whole, Strided::dense(dims).md(), elements);
}

Program::Operand Program::piece(Operand whole, const Md& md, int64_t elements) {
  const OperandSpec of = operands_[whole];
  return add(of.owner, of.index, md, of.offset + static_cast<uint64_t>(elements) * sizeof(float));
}

void Program::add_step(const dnnl::primitive& primitive, const Md& scratchpad,
                       const std::vector<Argument>& arguments) {
  scratchpad_bytes_ = std::max<uint64_t>(scratchpad_bytes_, scratchpad.get_size());
  steps_.push_back({primitive, arguments});
  if (scratchpad.get_size() != 0) {
    // Bound to the slot's scratchpad in make_slot().
    steps_.back().arguments.push_back(
        {DNNL_ARG_SCRATCHPAD, add(Owner::kProgram, SIZE_MAX, scratchpad)});
  }
}

void Program::broadcast(size_t i, const Strided& from, Operand to) {
  copies_in_.push_back({Owner::kInput, i, from, to});
}

void Program::fill(size_t i, float value) { fills_.push_back({i, value}); }

void Program::finish() {
  copies_ = !copies_in_.empty() || !copies_out_.empty() || !fills_.empty();
  free_ = make_slot().release();
}

std::unique_ptr<Program::Slot> Program::make_slot() const {
  auto slot = std::make_unique<Slot>();
  slot->scratchpad = allocate(scratchpad_bytes_);
  for (const Buffer& spec : buffers_) {
    slot->buffers.push_back(allocate(std::max<uint64_t>(spec.bytes, sizeof(float))));
    auto* values = reinterpret_cast<float*>(slot->buffers.back().get());
    if (spec.constant)
      std::fill_n(values, std::max<uint64_t>(spec.bytes / sizeof(float), 1), spec.value);
  }
  for (const OperandSpec& spec : operands_) {
    void* data = DNNL_MEMORY_NONE;
    if (spec.owner == Owner::kProgram) {
      data = spec.index == SIZE_MAX ? slot->scratchpad.get()
                                    : slot->buffers[spec.index].get() + spec.offset;
    }
    slot->memories.emplace_back(spec.md, engine(), data);
    if (spec.owner == Owner::kProgram) continue;
    slot->bound.push_back(
        {spec.owner, spec.index, spec.offset, slot->memories.back().get(), nullptr});
  }
  size_t count = 0;
  for (const Step& step : steps_) count += step.arguments.size();
  slot->arguments.reserve(count);
  slot->calls.reserve(steps_.size());
  for (const Step& step : steps_) {
    slot->calls.push_back({step.primitive.get(), static_cast<int>(step.arguments.size()),
                           slot->arguments.data() + slot->arguments.size()});
    for (const auto& [id, operand] : step.arguments) {
      slot->arguments.push_back({id, slot->memories[operand].get()});
    }
  }
  return slot;
}

void Program::copy(const Copy& copy, const Slot& slot, const Arguments& arguments, bool to_operand,
                   const Execution& execution) const {
  const View& argument =
      copy.owner == Owner::kInput ? arguments.inputs[copy.index] : arguments.outputs[copy.index];
  const View strided = view_of(argument.data, copy.strided);
  const Md& md = operands_[copy.operand].md;
  const bool same_dims = md.get_dims() == copy.strided.dims;
  const Strided side =
      same_dims ? Strided{md.get_dims(), md.get_strides()} : Strided::dense(copy.strided.dims);
  auto* data = static_cast<std::byte*>(slot.memories[copy.operand].get_data_handle());
  const View operand = view_of(data, side);
  to_operand ? cpu::strided_copy(operand, strided, execution)
             : cpu::strided_copy(strided, operand, execution);
}

void Program::before(const Slot& slot, const Arguments& arguments,
                     const Execution& execution) const {
  for (const auto& [i, value] : fills_) {
    static constexpr std::array<int64_t, TN_MAX_RANK> kZeros{};
    const View& output = arguments.outputs[i];
    View source = output;
    source.data = reinterpret_cast<std::byte*>(const_cast<float*>(&value));
    source.strides = kZeros.data();
    cpu::strided_copy(output, source, execution);
  }
  for (const Copy& one : copies_in_) copy(one, slot, arguments, true, execution);
}

void Program::after(const Slot& slot, const Arguments& arguments,
                    const Execution& execution) const {
  for (const Copy& one : copies_out_) copy(one, slot, arguments, false, execution);
}

[[gnu::hot]] void Program::run(const Arguments& arguments, const Execution& execution) {
  const Lease slot(*this);
  for (Bound& one : slot->bound) {
    const auto& side = one.owner == Owner::kInput ? arguments.inputs : arguments.outputs;
    std::byte* data = side[one.index].data;
    if (data == one.data) continue;
    check(dnnl_memory_set_data_handle(one.memory, data + one.offset), "memory");
    one.data = data;
  }
  if (copies_) before(*slot, arguments, execution);
  const auto execute = [&](const Slot::Call& call) {
    check(dnnl_primitive_execute(call.primitive, slot->stream, call.count, call.arguments),
          "execute");
  };
  const size_t together = slot->calls.size() - apart_;
  if (together != 0) {
    const Threads threads;
    const RegionSubnormals subnormals;
    for (size_t i = 0; i < together; ++i) execute(slot->calls[i]);
  }
  if (apart_ != 0) {
    execution.parallel_for(static_cast<int64_t>(apart_), 1, [&](int64_t begin, int64_t end) {
      const Threads one(1);
      for (int64_t i = begin; i < end; ++i) execute(slot->calls[together + static_cast<size_t>(i)]);
    });
  }
  if (copies_) after(*slot, arguments, execution);
}

uint64_t Program::resident_bytes() const {
  uint64_t bytes = scratchpad_bytes_;
  for (const Buffer& spec : buffers_) bytes += spec.bytes;
  return bytes;
}

}  // namespace tenon::onednn

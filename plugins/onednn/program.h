// SPDX-License-Identifier: Apache-2.0
//
// Primitives for one set of shapes, ready to run: which of them, on which memory, and what has to
// be copied before and behind because oneDNN takes no such strides.
#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "forms.h"

namespace tenon::onednn {

// Whether an implementation, by oneDNN's name for it, is a loop of plain C++ ("ref:any",
// "simple:any"), with no code for this processor's vectors.
bool is_plain(const char* implementation);

// Whose memory an operand is.
enum class Owner { kInput, kOutput, kProgram };

class Program {
 public:
  // An operand's index; see execute().
  using Operand = size_t;
  using Argument = std::pair<int, Operand>;  // DNNL_ARG_*

  // `dense`: every strided argument is handed to oneDNN in dense row-major form, copied if need be.
  explicit Program(bool dense = false) : dense_(dense) {}
  ~Program();
  Program(const Program&) = delete;

  // Input or output `i`, seen as `md`.
  Operand input(size_t i, const Md& md) { return add(Owner::kInput, i, md); }
  Operand output(size_t i, const Md& md) { return add(Owner::kOutput, i, md); }
  // Dense memory of the program's own, for what goes from one step to the next.
  Operand buffer(const Dims& dims);
  // The same with a single value everywhere.
  Operand constant(const Md& md, float value);
  // Strided memory of input `i`; copied into a dense buffer where oneDNN would not take it.
  Operand input(size_t i, const Strided& strided);
  // The same for an output, copied from the buffer behind all steps.
  Operand output(size_t i, const Strided& strided);
  // By its view: tokens, or strides.
  Operand input(size_t i, const View& view);
  Operand output(size_t i, const View& view);
  // Dense row-major, with dims of the same count that may be others than the view's.
  Operand dense_input(size_t i, const View& view, const Dims& dims);
  Operand dense_output(size_t i, const View& view, const Dims& dims);

  // A dense piece of an operand, `elements` behind its beginning. (Not all primitives look at the
  // offset in a desc.)
  Operand piece(Operand whole, const Dims& dims, int64_t elements);
  Operand piece(Operand whole, const Md& md, int64_t elements);

  const Md& md(Operand operand) const { return operands_[operand].md; }

  // Adds a step, behind those before it.
  template <class Primitive>
  void execute(const typename Primitive::primitive_desc& pd,
               const std::vector<Argument>& arguments) {
    plain_ |= is_plain(pd.impl_info_str());
    add_step(Primitive(pd), pd.scratchpad_desc(), arguments);
  }
  // Copies input `i`, whose strides may be 0, to a strided operand of the same dims.
  void broadcast(size_t i, const Strided& from, Operand to);
  // Sets every element of output `i`.
  void fill(size_t i, float value);

  // To be called once, behind the last step.
  void finish();
  void run(const Arguments& arguments, const Execution& execution);

  uint64_t resident_bytes() const;

  // The same for a step that may run while others added like this do, each on one thread; behind
  // all steps of the other kind. Its description is made with one thread, too.
  template <class Primitive>
  void execute_apart(const typename Primitive::primitive_desc& pd,
                     std::vector<Argument> arguments) {
    plain_ |= is_plain(pd.impl_info_str());
    const Md scratchpad = pd.scratchpad_desc();
    if (scratchpad.get_size() != 0) {  // Of its own.
      buffers_.push_back({scratchpad.get_size(), 0, false});
      arguments.push_back(
          {DNNL_ARG_SCRATCHPAD, add(Owner::kProgram, buffers_.size() - 1, scratchpad)});
    }
    steps_.push_back({Primitive(pd), std::move(arguments)});
    ++apart_;
  }

  // Whether a step is one of oneDNN's plain loops, and whether something is copied around the
  // steps.
  bool plain() const { return plain_; }
  bool copies() const { return !copies_in_.empty() || !copies_out_.empty(); }

 private:
  struct Copy {
    Owner owner;  // Of the strided side.
    size_t index;
    Strided strided;
    Operand operand;
  };
  struct OperandSpec {
    Owner owner;
    size_t index;  // Of the argument; of the buffer.
    Md md;
    uint64_t offset = 0;  // In bytes.
  };
  struct Buffer {
    uint64_t bytes;
    float value;
    bool constant;
  };
  struct Step {
    dnnl::primitive primitive;
    std::vector<Argument> arguments;
  };
  struct Slot;  // What one run writes to; as many as there are runs at the same time.
  class Lease;

  Operand add(Owner owner, size_t index, const Md& md, uint64_t offset = 0);
  void add_step(const dnnl::primitive& primitive, const Md& scratchpad,
                const std::vector<Argument>& arguments);
  std::unique_ptr<Slot> make_slot() const;
  // Fills and copies, where there are any: before and behind the steps.
  void before(const Slot& slot, const Arguments& arguments, const Execution& execution) const;
  void after(const Slot& slot, const Arguments& arguments, const Execution& execution) const;
  void copy(const Copy& copy, const Slot& slot, const Arguments& arguments, bool to_operand,
            const Execution& execution) const;

  std::atomic<Slot*> free_{nullptr};
  bool copies_ = false;  // There is something to fill or to copy.
  bool plain_ = false;
  const bool dense_;
  std::vector<OperandSpec> operands_;
  std::vector<Buffer> buffers_;
  std::vector<Copy> copies_in_;
  std::vector<Copy> copies_out_;
  std::vector<Step> steps_;
  size_t apart_ = 0;  // The last of them, which may run at the same time.
  std::vector<std::pair<size_t, float>> fills_;
  uint64_t scratchpad_bytes_ = 0;
};

}  // namespace tenon::onednn

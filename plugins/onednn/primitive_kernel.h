// SPDX-License-Identifier: Apache-2.0
//
// A kernel of oneDNN primitives. Primitives are made for exact dims and strides: a kernel whose
// description says them all has its program from the start; others make one when they meet new
// shapes and keep the last kPrograms (bounded re-creation, counted by programs_made()).
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <vector>

#include "program.h"

namespace tenon::onednn {

class PrimitiveKernel : public Kernel {
 public:
  static constexpr size_t kPrograms = 16;
  // Inputs and outputs of a kernel: their shapes are looked up in a key on the stack.
  static constexpr size_t kMostArguments = 12;

  // Not those for which oneDNN has but a plain loop, or that need copies which do not pay.
  bool takes(const Arguments& arguments) const override;
  void run(const Arguments& arguments, const Execution& execution) const override;
  uint64_t resident_bytes() const override;

  // Makes the program of a description that says all shapes; otherwise does nothing. Throws what
  // create functions throw: TN_UNSUPPORTED, too, where takes() would say no.
  void prepare(const Description& description);

 protected:
  // Adds operands and steps for these shapes; data may not be touched, except that of host values.
  virtual void build(const Arguments& arguments, Program& program) const = 0;

  // Other facts that a program depends on.
  virtual int64_t variant(const Arguments&) const { return 0; }

  // Whether oneDNN's primitive is worth its price for these dims: the reference device's kernels
  // do as well on small tensors, and cost less to start (docs/decisions/onednn-or-reference.md).
  virtual bool worth(const Arguments&) const { return true; }

  // Whether it is, with copies around it for strides that it does not take.
  virtual bool copies_pay() const { return false; }

  // Whether inputs without elements are fine although there are outputs with some.
  virtual bool takes_empty() const { return false; }

 private:
  using Key = std::vector<int64_t>;
  struct Entry {
    Key key;
    std::shared_ptr<Program> program;  // Null: left to the next kernel.
  };

  // The program of prepare(), for launches with the strides that it assumed; dims are then as
  // described, which the core has checked. Found without a lock or a key.
  struct Prepared {
    std::shared_ptr<Program> program;
    std::vector<int64_t> strides;  // Of inputs, then outputs, those without strides left out.
    bool dense = true;             // All of them are dense row-major.
    bool serves(const Arguments& arguments) const;
  };

  void run_unprepared(const Arguments& arguments, const Execution& execution) const;
  // Null where there is none that is good enough: `any` takes what there is.
  std::shared_ptr<Program> find(const Arguments& arguments, bool any) const;
  std::shared_ptr<Program> make(const Arguments& arguments, bool any) const;
  std::shared_ptr<Program> attempt(const Arguments& arguments, bool dense) const;
  bool good(const Program& program) const;

  Prepared prepared_;
  mutable std::mutex mutex_;
  mutable std::vector<Entry> programs_;  // The one used last comes first.
};

// Since the process started.
uint64_t programs_made();

// A primitive desc's attributes: scratchpads are ours, products as exact as the description asks.
dnnl::primitive_attr attributes_of(tn_math_mode mode = TN_MATH_STRICT);

// Made and prepared: what the tables of operators list.
template <class K>
std::unique_ptr<Kernel> create(const Description& description) {
  auto kernel = std::make_unique<K>(description);
  kernel->prepare(description);
  return kernel;
}

// Throws TN_UNSUPPORTED unless all tensors given are float32, and there are no further outputs.
void require_float32(const Description& description, size_t tensors, size_t outputs = 1);

// Dims and layouts of an argument as described; strides not given are taken as dense.
struct Described {
  bool known = false;  // All dims are given.
  tn_layout layout = TN_LAYOUT_STRIDED;
  Strided strided;

  static Described of(const tn_argument& argument);
  bool any() const { return layout == TN_LAYOUT_ANY; }
  bool is_token() const { return form_of(layout).has_value(); }
  // The desc in the dims of `form`; "any" if the kernel may choose.
  Md md(const Form& form = {}) const;
};

}  // namespace tenon::onednn

// SPDX-License-Identifier: Apache-2.0
#include "primitive_kernel.h"

#include <algorithm>
#include <atomic>
#include <string>

namespace tenon::onednn {
namespace {

std::atomic<uint64_t> made_count{0};

constexpr size_t kKeyWords = PrimitiveKernel::kMostArguments * (2 + 2 * TN_MAX_RANK) + 1;

size_t append(const View& view, int64_t* to) {
  size_t n = 0;
  to[n++] = view.present() ? view.rank : -1;
  to[n++] = static_cast<int64_t>(view.layout);
  for (int32_t i = 0; i < view.rank; ++i) to[n++] = view.dims[i];
  if (view.strides == nullptr) return n;
  for (int32_t i = 0; i < view.rank; ++i) to[n++] = view.strides[i];
  return n;
}

bool empty(std::span<const View> views) {
  return std::any_of(views.begin(), views.end(),
                     [](const View& view) { return view.present() && view.count() == 0; });
}

// A described argument as a view without memory.
struct Imagined {
  Described described;
  View view;
};

}  // namespace

uint64_t programs_made() { return made_count; }

dnnl::primitive_attr attributes_of(tn_math_mode mode) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (mode == TN_MATH_BF16) attributes.set_fpmath_mode(dnnl::fpmath_mode::bf16);
  if (mode == TN_MATH_TF32) attributes.set_fpmath_mode(dnnl::fpmath_mode::tf32);
  return attributes;
}

void require_float32(const Description& description, size_t tensors, size_t outputs) {
  const std::string name(description.name());
  for (size_t i = 0; i < tensors; ++i) {
    if (description.has_input(i) && description.input_dtype(i) != TN_FLOAT32) {
      throw KernelError(TN_UNSUPPORTED, name + ": the oneDNN plugin computes in float32 alone");
    }
  }
  for (size_t i = 0; i < description.output_count(); ++i) {
    if (!description.has_output(i)) continue;
    if (i >= outputs) {
      throw KernelError(TN_UNSUPPORTED,
                        name + ": oneDNN does not give output " + std::to_string(i));
    }
    if (description.output_dtype(i) != TN_FLOAT32) {
      throw KernelError(TN_UNSUPPORTED, name + ": the oneDNN plugin computes in float32 alone");
    }
  }
  description.output(0);
}

Described Described::of(const tn_argument& argument) {
  Described d;
  d.layout = argument.layout;
  const auto rank = static_cast<size_t>(argument.rank);
  d.known = rank == 0 || argument.dims != nullptr;
  for (size_t i = 0; i < rank && d.known; ++i) d.known = argument.dims[i] != TN_DYNAMIC;
  if (!d.known) return d;
  d.strided = Strided::dense({argument.dims, argument.dims + rank});
  for (size_t i = 0; i < rank && argument.strides != nullptr; ++i) {
    if (argument.strides[i] != TN_DYNAMIC) d.strided.strides[i] = argument.strides[i];
  }
  return d;
}

Md Described::md(const Form& form) const {
  if (any())
    return Md(strided.as(form).dims, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any);
  if (const auto own = form_of(layout)) return form_md(*own, strided.dims);
  const Strided mine = strided.as(form);
  return mine.plain() ? mine.md() : Strided::dense(mine.dims).md();
}

// Null where oneDNN has no such primitive.
std::shared_ptr<Program> PrimitiveKernel::attempt(const Arguments& arguments, bool dense) const {
  try {
    auto program = std::make_shared<Program>(dense);
    guarded("primitive", [&] { build(arguments, *program); });
    return program;
  } catch (const KernelError& error) {
    if (error.status != TN_UNSUPPORTED) throw;
    return nullptr;
  }
}

bool PrimitiveKernel::good(const Program& program) const {
  return !program.plain() && (copies_pay() || !program.copies());
}

std::shared_ptr<Program> PrimitiveKernel::make(const Arguments& arguments, bool any) const {
  const Threads threads;
  made_count.fetch_add(1, std::memory_order_relaxed);
  std::shared_ptr<Program> program = attempt(arguments, false);
  if (program == nullptr || !good(*program)) {
    // Not for these strides, perhaps; dense tensors it knows.
    std::shared_ptr<Program> dense = attempt(arguments, true);
    if (program == nullptr || (dense != nullptr && good(*dense))) program = std::move(dense);
  }
  if (program == nullptr && any) {
    throw KernelError(TN_UNSUPPORTED, "oneDNN has no primitive for these dims and strides");
  }
  if (program == nullptr || (!any && !good(*program))) return nullptr;
  program->finish();
  return program;
}

std::shared_ptr<Program> PrimitiveKernel::find(const Arguments& arguments, bool any) const {
  int64_t key[kKeyWords];
  size_t words = 0;
  key[words++] = variant(arguments);
  for (const View& view : arguments.inputs) words += append(view, key + words);
  for (const View& view : arguments.outputs) words += append(view, key + words);
  const std::span<const int64_t> wanted(key, words);
  const std::lock_guard lock(mutex_);
  for (auto it = programs_.begin(); it != programs_.end(); ++it) {
    if (!std::ranges::equal(it->key, wanted)) continue;
    if (it != programs_.begin()) std::rotate(programs_.begin(), it, it + 1);
    if (any && programs_.front().program == nullptr) {
      programs_.front().program = make(arguments, any);
    }
    return programs_.front().program;
  }
  auto program = make(arguments, any);
  if (programs_.size() == kPrograms) programs_.pop_back();
  programs_.insert(programs_.begin(), {Key(wanted.begin(), wanted.end()), program});
  return program;
}

[[gnu::hot]] bool PrimitiveKernel::Prepared::serves(const Arguments& arguments) const {
  if (program == nullptr) return false;
  if (arguments.as_described && dense) return true;
  const int64_t* expected = strides.data();
  for (const auto& side : {arguments.inputs, arguments.outputs}) {
    for (const View& view : side) {
      if (view.strides == nullptr) continue;
      for (int32_t i = 0; i < view.rank; ++i) {
        if (view.strides[i] != *expected++) return false;
      }
    }
  }
  return true;
}

[[gnu::hot]] void PrimitiveKernel::run(const Arguments& arguments,
                                       const Execution& execution) const {
  if (prepared_.serves(arguments)) return prepared_.program->run(arguments, execution);
  run_unprepared(arguments, execution);
}

bool PrimitiveKernel::takes(const Arguments& arguments) const {
  if (prepared_.serves(arguments)) return true;
  if (!worth(arguments) || empty(arguments.outputs) || empty(arguments.inputs)) return false;
  try {
    check(arguments);
    return find(arguments, false) != nullptr;
  } catch (const KernelError& error) {
    if (error.status == TN_UNSUPPORTED || error.status == TN_INVALID_ARGUMENT) return false;
    throw;
  }
}

void PrimitiveKernel::run_unprepared(const Arguments& arguments, const Execution& execution) const {
  const bool nothing = std::all_of(arguments.outputs.begin(), arguments.outputs.end(),
                                   [](const View& v) { return !v.present() || v.count() == 0; });
  if (nothing) return;
  if (!takes_empty() && empty(arguments.inputs)) {
    throw KernelError(TN_UNSUPPORTED, "oneDNN has no values for empty inputs");
  }
  find(arguments, true)->run(arguments, execution);
}

uint64_t PrimitiveKernel::resident_bytes() const {
  const std::lock_guard lock(mutex_);
  uint64_t bytes = 0;
  for (const Entry& entry : programs_) {
    if (entry.program != nullptr) bytes += entry.program->resident_bytes();
  }
  return bytes;
}

void PrimitiveKernel::prepare(const Description& description) {
  const size_t inputs = description.input_count();
  std::vector<Imagined> all(inputs + description.output_count());
  std::vector<View> views(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    const bool is_input = i < inputs;
    const size_t at = is_input ? i : i - inputs;
    if (is_input ? !description.has_input(at) : !description.has_output(at)) continue;
    const tn_argument& argument = is_input ? description.input(at) : description.output(at);
    // What host values and constants of integers say, only a launch knows.
    if (argument.kind == TN_ARGUMENT_HOST || argument.dtype != TN_FLOAT32) return;
    all[i].described = Described::of(argument);
    const Described& known = all[i].described;
    if (!known.known) return;
    View& view = views[i];
    view.dtype = argument.dtype;
    view.rank = argument.rank;
    view.dims = known.strided.dims.data();
    view.layout = argument.layout;
    if (view.layout != TN_LAYOUT_STRIDED) {
      view.layout = is_input ? input_layout(at, view.layout) : output_layout(at, view.layout);
      if (argument.layout != TN_LAYOUT_ANY && view.layout != argument.layout) {
        throw KernelError(TN_UNSUPPORTED, std::string(description.name()) + ": " +
                                              (is_input ? "input " : "output ") +
                                              std::to_string(at) + " cannot be in this layout");
      }
    }
    if (view.layout == TN_LAYOUT_STRIDED) view.strides = known.strided.strides.data();
  }
  const Arguments arguments{{views.data(), inputs}, {views.data() + inputs, views.size() - inputs}};
  check(arguments);
  if (empty(arguments.inputs) || empty(arguments.outputs)) return;
  if (worth(arguments)) prepared_.program = find(arguments, false);
  if (prepared_.program == nullptr) {
    throw KernelError(TN_UNSUPPORTED,
                      std::string(description.name()) + ": oneDNN is slow with these dims");
  }
  for (const View& view : views) {
    if (view.strides == nullptr) continue;
    prepared_.strides.insert(prepared_.strides.end(), view.strides, view.strides + view.rank);
    prepared_.dense &= view.dense();
  }
}

}  // namespace tenon::onednn

// SPDX-License-Identifier: Apache-2.0
#include "forms.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <string>

namespace tenon::onednn {
namespace {

constexpr int kGroupsShift = 16;
constexpr int kTransposedShift = 48;
constexpr uint64_t kGroupsMask = 0xffffffff;

// One of two tags that describe the same memory for some dims must always win: those met first.
class KnownTags {
 public:
  dnnl_format_tag_t find(const Md& md) {
    const std::lock_guard lock(mutex_);
    for (const dnnl_format_tag_t tag : known_) {
      if (describes(tag, md)) return tag;
    }
    for (int tag = dnnl_format_tag_any + 1; tag < dnnl_format_tag_last; ++tag) {
      if (!describes(static_cast<dnnl_format_tag_t>(tag), md)) continue;
      known_.push_back(static_cast<dnnl_format_tag_t>(tag));
      return known_.back();
    }
    return dnnl_format_tag_undef;
  }

 private:
  static bool describes(dnnl_format_tag_t tag, const Md& md) {
    const Dims dims = md.get_dims();
    dnnl_memory_desc_t made = nullptr;
    if (dnnl_memory_desc_create_with_tag(&made, static_cast<int>(dims.size()), dims.data(),
                                         dnnl_f32, tag) != dnnl_success) {
      return false;
    }
    const bool equal = dnnl_memory_desc_equal(made, md.get()) != 0;
    dnnl_memory_desc_destroy(made);
    return equal;
  }

  std::mutex mutex_;
  std::vector<dnnl_format_tag_t> known_;
};

[[noreturn]] void misfit() {
  throw KernelError(TN_INVALID_ARGUMENT, "the layout token does not fit the dims");
}

Dims form_dims(const Form& form, Dims dims) {
  if (form.groups != 0) {
    if (dims.size() < 3 || dims[0] % form.groups != 0) misfit();
    dims[0] /= form.groups;
    dims.insert(dims.begin(), form.groups);
  }
  if (form.transposed) {
    if (dims.size() < 2) misfit();
    std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
  }
  return dims;
}

}  // namespace

tn_layout token_of(const Form& form) {
  return (TN_LAYOUT_FIRST_TOKEN + static_cast<uint64_t>(form.tag)) |
         static_cast<uint64_t>(form.groups) << kGroupsShift |
         uint64_t{form.transposed} << kTransposedShift;
}

std::optional<Form> form_of(tn_layout layout) {
  const uint64_t low = layout & 0xffff;
  if (layout >> (kTransposedShift + 1) != 0 || low <= TN_LAYOUT_FIRST_TOKEN + dnnl_format_tag_any ||
      low >= TN_LAYOUT_FIRST_TOKEN + dnnl_format_tag_last) {
    return std::nullopt;
  }
  Form form;
  form.tag = static_cast<dnnl_format_tag_t>(low - TN_LAYOUT_FIRST_TOKEN);
  form.groups = static_cast<int64_t>(layout >> kGroupsShift & kGroupsMask);
  form.transposed = (layout >> kTransposedShift & 1) != 0;
  return form;
}

Strided Strided::of(const View& view) {
  if (view.strides == nullptr && view.rank != 0) {
    throw KernelError(TN_UNSUPPORTED, "a tensor in a layout token has no strides");
  }
  Strided s{{view.dims, view.dims + view.rank}, {view.strides, view.strides + view.rank}};
  // Strides of single elements mean nothing to us, but something to oneDNN.
  for (size_t i = s.dims.size(); i-- > 0;) {
    if (s.dims[i] != 1) continue;
    s.strides[i] = i + 1 < s.dims.size() ? s.dims[i + 1] * s.strides[i + 1] : 1;
  }
  return s;
}

Strided Strided::dense(Dims dims) {
  Strided s{std::move(dims), {}};
  s.strides.resize(s.dims.size());
  int64_t stride = 1;
  for (size_t i = s.dims.size(); i-- > 0;) {
    s.strides[i] = stride;
    stride *= s.dims[i];
  }
  return s;
}

int64_t Strided::count() const {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
}

Strided Strided::as(const Form& form) const {
  Strided s{form_dims(form, dims), strides};
  if (form.groups != 0) s.strides.insert(s.strides.begin(), strides[0] * s.dims[1]);
  if (form.transposed) {
    std::swap(s.strides[s.strides.size() - 1], s.strides[s.strides.size() - 2]);
  }
  return s;
}

void Strided::swap_last_dims() {
  const size_t last = dims.size() - 1;
  std::swap(dims[last], dims[last - 1]);
  std::swap(strides[last], strides[last - 1]);
}

bool Strided::plain() const {
  std::vector<size_t> order(dims.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::erase_if(order, [&](size_t i) { return dims[i] == 1; });
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return strides[a] < strides[b]; });
  int64_t least = 1;
  for (const size_t i : order) {
    if (strides[i] < least) return false;
    least = strides[i] * dims[i];
  }
  return true;
}

Md Strided::md() const { return Md(dims, dnnl::memory::data_type::f32, strides); }

Md form_md(const Form& form, std::span<const int64_t> dims) {
  const Dims wanted = form_dims(form, {dims.begin(), dims.end()});
  dnnl_memory_desc_t made = nullptr;
  if (dnnl_memory_desc_create_with_tag(&made, static_cast<int>(wanted.size()), wanted.data(),
                                       dnnl_f32, form.tag) != dnnl_success) {
    misfit();
  }
  return Md(made);
}

tn_layout find_token(const Md& md, Form form) {
  static auto* known = new KnownTags;
  if (md == Strided::dense(md.get_dims()).md() && form.groups == 0 && !form.transposed) {
    return TN_LAYOUT_STRIDED;
  }
  form.tag = known->find(md);
  return form.tag == dnnl_format_tag_undef ? TN_LAYOUT_STRIDED : token_of(form);
}

}  // namespace tenon::onednn

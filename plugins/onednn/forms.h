// SPDX-License-Identifier: Apache-2.0
//
// Layout tokens. A token is one of oneDNN's format tags together with how the tensor's dims map to
// those of the tag: so it needs no table, stays valid for ever, and fits any dims of its rank.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine.h"
#include "tenon/device/layouts.h"

namespace tenon::onednn {

struct Form {
  dnnl_format_tag_t tag = dnnl_format_tag_undef;
  int64_t groups = 0;       // Filters [M, C, ...] kept as [groups, M / groups, C, ...]; 0: as is.
  bool transposed = false;  // The last two dims change places (B of a Gemm with transB).
};

tn_layout token_of(const Form& form);
// Nothing for what is no token.
std::optional<Form> form_of(tn_layout layout);

// Dims and strides of strided memory, in elements.
struct Strided {
  Dims dims;
  Dims strides;

  // Throws TN_UNSUPPORTED for a view in a token, which has none.
  static Strided of(const View& view);
  static Strided dense(Dims dims);
  int64_t count() const;
  // The same memory in the dims of a form.
  Strided as(const Form& form) const;
  void swap_last_dims();
  // Whether oneDNN takes it: no stride of 0 or below, no overlap.
  bool plain() const;
  Md md() const;
};

// A tensor of these dims in this form. Throws KernelError (TN_INVALID_ARGUMENT) when they do not
// fit together.
Md form_md(const Form& form, std::span<const int64_t> dims);

// The token for a desc that oneDNN chose, in the dims of `form` (whose tag is ignored):
// TN_LAYOUT_STRIDED for dense row-major dims and for what no tag describes.
tn_layout find_token(const Md& md, Form form);

// Of this device.
const device::Layouts& layouts();

// Conversions from or to a token since the process started (layouts.cc).
uint64_t reorders_made();

}  // namespace tenon::onednn

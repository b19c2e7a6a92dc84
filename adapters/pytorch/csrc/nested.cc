// SPDX-License-Identifier: Apache-2.0
//
// Nested tensors: torch.nn.TransformerEncoder packs padded batches into them. Packing, padding and
// the encoder's fused layers are here; every other op is torch's on the CPU (fallback.cc).
#include "nested.h"

#include <torch/library.h>

#include <ATen/ops/_to_copy.h>
#include <ATen/ops/empty.h>

#include "encoder.h"
#include "kernel.h"

namespace tenon::pytorch {
namespace {

using MaybeTensor = const std::optional<Tensor>&;

const Tensor& sizes_of(const Tensor& nested) {
  return at::native::get_nested_tensor_impl(nested)->get_nested_sizes();
}
const Tensor& strides_of(const Tensor& nested) {
  return at::native::get_nested_tensor_impl(nested)->get_nested_strides();
}
const Tensor& offsets_of(const Tensor& nested) {
  return at::native::get_nested_tensor_impl(nested)->get_storage_offsets();
}

at::IntArrayRef row(const Tensor& matrix, int64_t i) {
  const auto width = matrix.dim() == 2 ? matrix.size(1) : 0;
  return {static_cast<const int64_t*>(matrix.const_data_ptr()) + i * width,
          static_cast<size_t>(width)};
}

// Part `i` as a view.
Tensor part(const Tensor& nested, int64_t i) {
  return alias_of(buffer_of(nested), nested.scalar_type(), row(sizes_of(nested), i),
                  row(strides_of(nested), i),
                  static_cast<const int64_t*>(offsets_of(nested).const_data_ptr())[i]);
}

// The first `sizes` of a padded tensor without its batch dim.
Tensor corner(const Tensor& padded, int64_t i, at::IntArrayRef sizes) {
  Tensor cut = padded.select(0, i);
  for (size_t d = 0; d < sizes.size(); ++d) cut = cut.narrow(static_cast<int64_t>(d), 0, sizes[d]);
  return cut;
}

Tensor pad(const Tensor& nested, double padding, at::OptionalIntArrayRef wanted) {
  const Tensor& sizes = sizes_of(nested);
  const int64_t parts = sizes.dim() == 2 ? sizes.size(0) : 0;
  TORCH_CHECK(parts > 0 && sizes.size(1) > 0,
              "to_padded_tensor: at least one constituent tensor should have non-zero numel");
  std::vector<int64_t> shape(static_cast<size_t>(sizes.size(1) + 1), 0);
  shape[0] = parts;
  for (int64_t i = 0; i < parts; ++i) {
    const auto of_part = row(sizes, i);
    for (size_t d = 0; d < of_part.size(); ++d) shape[d + 1] = std::max(shape[d + 1], of_part[d]);
  }
  if (wanted) {
    TORCH_CHECK(wanted->size() == shape.size(),
                "Length of output_size does not match NestedTensor dims. Broadcasting is not "
                "supported.");
    for (size_t d = 0; d < shape.size(); ++d) {
      TORCH_CHECK((*wanted)[d] >= shape[d],
                  "Value in output_size is less than NestedTensor padded size. Truncation is not "
                  "supported.");
      shape[d] = (*wanted)[d];
    }
  }
  const Tensor out = make_tensor(shape, nested.scalar_type(), nested.device());
  fill_with(out, padding);
  for (int64_t i = 0; i < parts; ++i) assign(corner(out, i, row(sizes, i)), part(nested, i));
  return out;
}

// `sizes`: [parts, dims] on the host.
Tensor pack(const Tensor& padded, const Tensor& sizes) {
  int64_t elements = 0;
  for (int64_t i = 0; i < sizes.size(0); ++i) elements += c10::multiply_integers(row(sizes, i));
  const Tensor buffer = make_tensor(elements, padded.scalar_type(), padded.device());
  Tensor nested = at::detail::make_tensor<at::native::NestedTensorImpl>(buffer, sizes);
  for (int64_t i = 0; i < sizes.size(0); ++i)
    assign(part(nested, i), corner(padded, i, row(sizes, i)));
  return nested;
}

// -- Packing by a mask: true where a row [batch, length] has data --

void check_mask(const Tensor& t, const Tensor& mask) {
  TORCH_CHECK(mask.scalar_type() == ScalarType::Bool,
              "Expected mask to be of ScalarType Bool, but got ", mask.scalar_type(), " instead.");
  TORCH_CHECK(mask.dim() == 2, "Padding mask should be 2D");
  TORCH_CHECK(t.dim() == 3, "Input should be a 3D tensor, N * L * D");
  TORCH_CHECK(t.sizes().slice(0, 2) == mask.sizes(), "Mask size should match input size");
}

struct Lengths {
  std::vector<int64_t> rows;  // True elements of each.
  bool left_aligned = true;
};
Lengths lengths_of(const Tensor& mask) {
  const Tensor host = mask.cpu().contiguous();
  const auto* at = static_cast<const bool*>(host.const_data_ptr());
  Lengths lengths;
  for (int64_t i = 0; i < host.size(0); ++i, at += host.size(1)) {
    const int64_t count = std::count(at, at + host.size(1), true);
    lengths.left_aligned &= std::all_of(at, at + count, [](bool kept) { return kept; });
    lengths.rows.push_back(count);
  }
  return lengths;
}

bool left_aligned(const Tensor& t, const Tensor& mask) {
  check_mask(t, mask);
  return lengths_of(mask).left_aligned;
}
Tensor from_mask(const Tensor& t, const Tensor& mask, bool checked) {
  check_mask(t, mask);
  const Lengths lengths = lengths_of(mask);
  TORCH_CHECK(!checked || lengths.left_aligned, "Expected mask to be left-aligned");
  const auto parts = static_cast<int64_t>(lengths.rows.size());
  const Tensor sizes = at::empty({parts, 2}, at::TensorOptions().dtype(ScalarType::Long));
  auto* at = static_cast<int64_t*>(sizes.mutable_data_ptr());
  for (const int64_t length : lengths.rows) {
    *at++ = length;
    *at++ = t.size(2);
  }
  return pack(t, sizes);
}

Tensor view_from_buffer(const Tensor& buffer, const Tensor& sizes, const Tensor& strides,
                        const Tensor& offsets) {
  return at::detail::make_tensor<at::native::NestedTensorImpl>(c10::TensorImpl::VIEW, buffer, sizes,
                                                               strides, offsets);
}

// -- The encoder's layers, padded --

// True where a padded row has no data.
Tensor padding_of(const Tensor& nested, int64_t length) {
  const Tensor& sizes = sizes_of(nested);
  const Tensor host =
      at::empty({sizes.size(0), length}, at::TensorOptions().dtype(ScalarType::Bool));
  auto* at = static_cast<bool*>(host.mutable_data_ptr());
  for (int64_t i = 0; i < sizes.size(0); ++i, at += length) {
    const int64_t used = row(sizes, i)[0];
    std::fill(at, at + used, false);
    std::fill(at + used, at + length, true);
  }
  return host.to(nested.device());
}
constexpr int64_t kKeyPadding = 1;  // torch's number for such a mask.

std::tuple<Tensor, Tensor> attend_nested(const Tensor& query, const Tensor& key,
                                         const Tensor& value, int64_t width, int64_t count,
                                         const Tensor& qkv_weight, const Tensor& qkv_bias,
                                         const Tensor& out_weight, const Tensor& out_bias,
                                         MaybeTensor mask, bool need_weights, bool average,
                                         std::optional<int64_t>) {
  TORCH_CHECK(!mask || !mask->defined(), "NestedTensor with mask is not supported yet");
  TORCH_CHECK(!need_weights, "NestedTensor with need_weights is not supported yet");
  const Tensor k = pad(key, 0, std::nullopt);
  const auto [mixed, weights] = attend(pad(query, 0, std::nullopt), k, pad(value, 0, std::nullopt),
                                       width, count, qkv_weight, qkv_bias, out_weight, out_bias,
                                       padding_of(key, k.size(1)), false, average, kKeyPadding);
  return {pack(mixed, sizes_of(query)), weights};
}

Tensor encode_nested(const Tensor& source, int64_t width, int64_t count, const Tensor& qkv_weight,
                     const Tensor& qkv_bias, const Tensor& out_weight, const Tensor& out_bias,
                     bool use_gelu, bool norm_first, double eps, const Tensor& norm_weight_1,
                     const Tensor& norm_bias_1, const Tensor& norm_weight_2,
                     const Tensor& norm_bias_2, const Tensor& weight_1, const Tensor& bias_1,
                     const Tensor& weight_2, const Tensor& bias_2, MaybeTensor mask,
                     std::optional<int64_t>) {
  TORCH_CHECK(!mask || !mask->defined(), "NestedTensor with mask is not supported yet");
  const Tensor x = pad(source, 0, std::nullopt);
  const Tensor y =
      encode(x, width, count, qkv_weight, qkv_bias, out_weight, out_bias, use_gelu, norm_first, eps,
             norm_weight_1, norm_bias_1, norm_weight_2, norm_bias_2, weight_1, bias_1, weight_2,
             bias_2, padding_of(source, x.size(1)), kKeyPadding);
  return pack(y, sizes_of(source));
}

Tensor to_copy(const Tensor& self, std::optional<ScalarType> type, std::optional<at::Layout> layout,
               std::optional<c10::Device> device, std::optional<bool> pinned, bool non_blocking,
               std::optional<at::MemoryFormat>) {
  return nested_like(self, at::_to_copy(buffer_of(self), type, layout, device, pinned, non_blocking,
                                        std::nullopt));
}

Tensor sizes(const Tensor& self) { return sizes_of(self); }
Tensor strides(const Tensor& self) { return strides_of(self); }
Tensor offsets(const Tensor& self) { return offsets_of(self); }

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  TENON_KERNEL(m, "_nested_tensor_from_mask", from_mask);
  TENON_KERNEL(m, "_nested_tensor_from_mask_left_aligned", left_aligned);
  m.impl("_nested_view_from_buffer", TORCH_FN(view_from_buffer));
}

TORCH_LIBRARY_IMPL(aten, NestedTensorPrivateUse1, m) {
  m.impl("_nested_tensor_size", TORCH_FN(sizes));
  m.impl("_nested_tensor_strides", TORCH_FN(strides));
  m.impl("_nested_tensor_storage_offsets", TORCH_FN(offsets));
  m.impl("_to_copy", TORCH_FN(to_copy));
  m.impl("to_padded_tensor", TORCH_FN(pad));
  m.impl("_native_multi_head_attention", TORCH_FN(attend_nested));
  m.impl("_transformer_encoder_layer_fwd", TORCH_FN(encode_nested));
  // torch composes these of ops on sizes, which nested tensors do not have.
  for (const char* op : {"linear", "matmul", "matmul.out", "narrow", "chunk", "silu_backward",
                         "value_selecting_reduction_backward"})
    m.impl(op, torch::CppFunction::makeFromBoxedFunction<&boxed_fallback>());
}

TORCH_LIBRARY_IMPL(_, NestedTensorPrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&boxed_fallback>());
}

}  // namespace
}  // namespace tenon::pytorch

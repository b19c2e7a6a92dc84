/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors of launches against the descriptions of their kernels. See tenon_plugin.h.
 */
#ifndef TENON_PLUGIN_LAUNCH_H_
#define TENON_PLUGIN_LAUNCH_H_

#include "tenon/plugin/buffer.h"
#include "tenon/plugin/kernel.h"

/* ---- Tensors of launches --------------------------------------------------------------------- */

/* A tensor that fits its description. Its elements lie in [begin, end) of the buffer. */
typedef struct tnp_view {
  tn_buffer* buffer; /* NULL for host data, and where count is 0. */
  const void* host_data;
  tn_dtype dtype;
  int32_t rank;
  int64_t count;
  int64_t dims[TN_MAX_RANK], strides[TN_MAX_RANK]; /* Strides in bytes. */
  const tnp_packing* packing;                      /* NULL: strided. */
  uint64_t offset, begin, end;                     /* Of element 0, and of all of them. */
} tnp_view;

/* Type, rank and dims of a tensor, against its description. */
static inline tn_status tnp_view_dims(const tnp_slot* slot, const tn_tensor* tensor, tnp_view* view,
                                      tn_error* error) {
  TNP_CHECK(tensor != NULL, TN_INVALID_ARGUMENT, "a tensor is NULL: give one");
  TNP_CHECK_AT("dtype", tn_dtype_bits(tensor->dtype) != 0, TN_UNSUPPORTED,
               "element type %d is not known here", tensor->dtype);
  TNP_CHECK_AT("dtype", tensor->dtype == slot->dtype, TN_INVALID_ARGUMENT,
               "a tensor of type %d: the kernel was made for %d", tensor->dtype, slot->dtype);
  TNP_CHECK_AT("rank", tensor->rank == slot->rank, TN_INVALID_ARGUMENT,
               "a tensor of rank %d: the kernel was made for %d", tensor->rank, slot->rank);
  const tn_layout layout = slot->packing != NULL ? slot->packing->token : TN_LAYOUT_STRIDED;
  TNP_CHECK_AT("layout", tensor->layout == layout, TN_INVALID_ARGUMENT,
               "layout %llu: the kernel was made for %llu", (unsigned long long)tensor->layout,
               (unsigned long long)layout);
  TNP_CHECK_AT("dims", slot->rank == 0 || tensor->dims != NULL, TN_INVALID_ARGUMENT,
               "a tensor has no dims: give as many as its rank");
  *view =
      (tnp_view){.dtype = slot->dtype, .rank = slot->rank, .count = 1, .packing = slot->packing};
  for (int32_t i = 0; i < slot->rank; ++i) {
    const int64_t dim = view->dims[i] = tensor->dims[i];
    TNP_CHECK_AT("dims", dim >= 0 && (slot->dims[i] == TN_DYNAMIC || slot->dims[i] == dim),
                 TN_INVALID_ARGUMENT, "dim %d is %lld: give what the kernel was made for", i,
                 (long long)dim);
    if (dim == 0) view->count = 0;
  }
  return TN_OK;
}

/* The strides, in elements, of a tensor that has none, or a token. */
static inline void tnp_own_strides(const tnp_packing* packing, int32_t rank, const int64_t* dims,
                                   int64_t* strides) {
  if (packing != NULL)
    tnp_packed_strides(packing, rank, dims, strides);
  else
    tnp_dense_strides(rank, dims, strides);
}

/* Bytes that the tensor takes from its first element on, padding included. */
static inline uint64_t tnp_packed_bytes(const tnp_view* view) {
  uint64_t bytes = tn_dtype_bits(view->dtype) / 8;
  for (int32_t i = 0; i < view->rank; ++i)
    bytes *= (uint64_t)(i == 1 ? tnp_packed_channels(view->packing, view->dims[1]) : view->dims[i]);
  return bytes;
}

/* Checks a tensor against its description. `limit` is the size of the largest buffer there can be,
 * `alignment` the device's. Whose the buffer is, and whether [begin, end) lies in it, is left to
 * the caller. A tensor without elements gets count 0, and nothing else of it matters. */
static inline tn_status tnp_view_tensor(const tnp_slot* slot, const tn_tensor* tensor,
                                        uint32_t alignment, int64_t limit, tnp_view* view,
                                        tn_error* error) {
  const int64_t size = tn_dtype_bits(slot->dtype) / 8;
  TNP_TRY(tnp_view_dims(slot, tensor, view, error));
  if (view->count == 0) return TN_OK;

  int64_t low = 0, high = size, own[TN_MAX_RANK];
  for (int32_t i = slot->rank; i-- > 0;) {
    const int64_t dim = view->dims[i];
    TNP_CHECK_AT("dims", dim <= INT32_MAX && view->count <= INT32_MAX, TN_UNSUPPORTED,
                 "dim %d is %lld: too many elements for one launch", i, (long long)dim);
    view->count *= dim;
  }
  TNP_CHECK_AT("strides", slot->packing == NULL || tensor->strides == NULL, TN_INVALID_ARGUMENT,
               "strides and a layout: give one of them");
  tnp_own_strides(slot->packing, slot->rank, view->dims, own);
  for (int32_t i = slot->rank; i-- > 0;) {
    const int64_t dim = view->dims[i];
    const int64_t stride = tensor->strides != NULL ? tensor->strides[i] : own[i];
    if (dim == 1) continue;
    TNP_CHECK_AT("strides", !slot->dense || stride == own[i], TN_INVALID_ARGUMENT,
                 "stride %d is %lld: the kernel was made for dense row-major", i,
                 (long long)stride);
    TNP_CHECK_AT("strides", slot->strides[i] == TN_DYNAMIC || slot->strides[i] == stride,
                 TN_INVALID_ARGUMENT, "stride %d is %lld: give what the kernel was made for", i,
                 (long long)stride);
    /* Bounded before they are multiplied, so that nothing overflows. */
    TNP_CHECK_AT("strides",
                 stride >= -limit / size && stride <= limit / size &&
                     (stride == 0 || dim - 1 <= limit / (stride < 0 ? -stride : stride)),
                 TN_OUT_OF_RANGE, "stride %d is %lld: the tensor leaves its buffer", i,
                 (long long)stride);
    view->strides[i] = stride * size;
    *(stride < 0 ? &low : &high) += (dim - 1) * stride * size;
  }
  view->host_data = tensor->host_data;
  if (slot->kind == TN_ARGUMENT_HOST) {
    TNP_CHECK_AT("host_data", tensor->host_data != NULL, TN_INVALID_ARGUMENT,
                 "a host value has no data: give some");
    return TN_OK;
  }
  TNP_CHECK_AT("buffer", tensor->buffer != NULL, TN_INVALID_ARGUMENT,
               "a tensor has no buffer: give one");
  const uint64_t least = size < (int64_t)alignment ? (uint64_t)size : alignment;
  TNP_CHECK_AT("offset",
               tensor->offset % least == 0 &&
                   (slot->alignment == 0 || tensor->offset % slot->alignment == 0),
               TN_INVALID_ARGUMENT,
               "offset %llu: give a multiple of the element size, and of the alignment described",
               (unsigned long long)tensor->offset);
  TNP_CHECK_AT("offset", tensor->offset <= (uint64_t)limit && (int64_t)tensor->offset + low >= 0,
               TN_OUT_OF_RANGE, "the tensor at offset %llu leaves its buffer",
               (unsigned long long)tensor->offset);
  view->buffer = tensor->buffer;
  view->offset = tensor->offset;
  view->begin = tensor->offset - (uint64_t)-low;
  view->end = tensor->offset + (uint64_t)high;
  if (slot->packing != NULL) view->end = tensor->offset + tnp_packed_bytes(view);
  return TN_OK;
}

/* The view of a CONSTANT input, whose value the kernel has: not given at launch. */
static inline void tnp_view_constant(const tnp_slot* slot, tnp_view* view) {
  int64_t own[TN_MAX_RANK];
  *view =
      (tnp_view){.dtype = slot->dtype, .rank = slot->rank, .count = 1, .packing = slot->packing};
  tnp_own_strides(slot->packing, slot->rank, slot->dims, own);
  for (int32_t i = 0; i < slot->rank; ++i) {
    view->count *= view->dims[i] = slot->dims[i];
    view->strides[i] = own[i] * (int64_t)(tn_dtype_bits(slot->dtype) / 8);
  }
}

/* An output addresses each byte once: each stride steps over all that smaller strides cover. */
static inline tn_status tnp_check_output(const tnp_view* out, tn_error* error) {
  for (int32_t i = 0; i < out->rank && out->count > 0; ++i) {
    const int64_t stride = out->strides[i] < 0 ? -out->strides[i] : out->strides[i];
    int64_t below = tn_dtype_bits(out->dtype) / 8;
    for (int32_t j = 0; j < out->rank; ++j) {
      const int64_t other = out->strides[j] < 0 ? -out->strides[j] : out->strides[j];
      if (out->dims[j] > 1 && (other < stride || (other == stride && j < i)))
        below += (out->dims[j] - 1) * other;
    }
    TNP_CHECK_AT("strides", out->dims[i] == 1 || stride >= below, TN_OVERLAP,
                 "the output overlaps itself: stride %d is too small", i);
  }
  return TN_OK;
}

/* An output is disjoint from an input, or, described as its alias, replaces it exactly; likewise an
 * input that is described as the same view as that one. */
static inline tn_status tnp_check_alias(const tnp_view* out, const tnp_view* in, bool alias,
                                        tn_error* error) {
  if (out->count == 0 || in->count == 0 || in->buffer == NULL) return TN_OK;
  bool same = out->buffer == in->buffer && out->offset == in->offset && out->rank == in->rank;
  for (int32_t i = 0; same && i < out->rank; ++i)
    same = out->dims[i] == in->dims[i] && out->strides[i] == in->strides[i];
  TNP_CHECK(!alias || same, TN_OVERLAP,
            "the output was described as an alias: give it the input's bytes");
  TNP_CHECK(alias || out->buffer != in->buffer || out->begin >= in->end || in->begin >= out->end,
            TN_OVERLAP, "output and input overlap: describe an alias, or use a temporary");
  return TN_OK;
}

/* The views of a launch. Whether each [begin, end) lies in its buffer, and whose the buffer is, is
 * left to the caller, as with tnp_view_tensor. */
static inline tn_status tnp_view_launch(const tnp_signature* signature, const tn_launch* given,
                                        uint32_t alignment, int64_t limit, tnp_view* inputs,
                                        tnp_view* outputs, tn_error* error) {
  tn_launch launch;
  TNP_TAKE(launch, given);
  TNP_CHECK_AT("launch->input_count",
               launch.input_count == signature->input_count &&
                   launch.output_count == signature->output_count,
               TN_INVALID_ARGUMENT, "%zu inputs and %zu outputs: the kernel has %zu and %zu",
               launch.input_count, launch.output_count, signature->input_count,
               signature->output_count);
  if (launch.input_count > 0) TNP_NEED(launch.inputs);
  if (launch.output_count > 0) TNP_NEED(launch.outputs);
  for (size_t i = 0; i < launch.input_count; ++i) {
    const tnp_slot* slot = &signature->inputs[i];
    if (slot->kind == TN_ARGUMENT_CONSTANT) {
      tnp_view_constant(slot, &inputs[i]);
      continue;
    }
    TNP_TRY(tnp_within(error,
                       tnp_view_tensor(slot, launch.inputs[i], alignment, limit, &inputs[i], error),
                       "launch->inputs", i));
  }
  for (size_t o = 0; o < launch.output_count; ++o) {
    const tnp_slot* slot = &signature->outputs[o];
    TNP_TRY(tnp_within(
        error, tnp_view_tensor(slot, launch.outputs[o], alignment, limit, &outputs[o], error),
        "launch->outputs", o));
    TNP_TRY(tnp_within(error, tnp_check_output(&outputs[o], error), "launch->outputs", o));
    for (size_t i = 0; i < launch.input_count; ++i) {
      const bool same = slot->alias != 0 && signature->inputs[i].alias == slot->alias;
      const bool alias = slot->alias == 1 + (int32_t)i || same;
      TNP_TRY(tnp_within(error, tnp_check_alias(&outputs[o], &inputs[i], alias, error),
                         "launch->outputs", o));
    }
    for (size_t i = 0; i < o; ++i)
      TNP_TRY(tnp_within(error, tnp_check_alias(&outputs[o], &outputs[i], false, error),
                         "launch->outputs", o));
  }
  return TN_OK;
}

/* The inputs of a launch whose outputs' dims are asked for: views of dims and types alone. */
static inline tn_status tnp_view_inputs(const tnp_signature* signature, const tn_launch* given,
                                        tnp_view* inputs, tn_error* error) {
  tn_launch launch;
  TNP_TAKE(launch, given);
  TNP_CHECK(launch.input_count == signature->input_count, TN_INVALID_ARGUMENT,
            "%zu inputs: the kernel has %zu", launch.input_count, signature->input_count);
  if (launch.input_count > 0) TNP_NEED(launch.inputs);
  for (size_t i = 0; i < launch.input_count; ++i) {
    const tnp_slot* slot = &signature->inputs[i];
    if (slot->kind == TN_ARGUMENT_CONSTANT)
      tnp_view_constant(slot, &inputs[i]);
    else
      TNP_TRY(tnp_view_dims(slot, launch.inputs[i], &inputs[i], error));
  }
  return TN_OK;
}

/* The views of a reorder: one Identity, any dims, strides, and packings of the device. */
static inline tn_status tnp_view_reorder_in(const tnp_forms* forms, const tn_tensor* dst,
                                            const tn_tensor* src, uint32_t alignment, int64_t limit,
                                            tnp_view* to, tnp_view* from, tn_error* error) {
  TNP_NEED(dst);
  TNP_NEED(src);
  tnp_slot slots[2] = {{0}};
  const tn_tensor* const tensors[] = {dst, src};
  for (int i = 0; i < 2; ++i) {
    const tn_argument any = {.struct_size = sizeof(any),
                             .kind = TN_ARGUMENT_DEVICE,
                             .dtype = dst->dtype,
                             .rank = dst->rank,
                             .layout = tensors[i]->layout};
    TNP_CHECK_AT("layout", any.layout != TN_LAYOUT_ANY, TN_INVALID_ARGUMENT,
                 "TN_LAYOUT_ANY is no layout of a tensor");
    TNP_TRY(tnp_describe(NULL, forms, &any, &slots[i], error));
  }
  TNP_TRY(tnp_view_tensor(&slots[0], dst, alignment, limit, to, error));
  memcpy(slots[1].dims, to->dims, sizeof(to->dims));
  TNP_TRY(tnp_view_tensor(&slots[1], src, alignment, limit, from, error));
  TNP_TRY(tnp_check_output(to, error));
  return tnp_check_alias(to, from, false, error);
}
/* Without packings, a reorder is a strided copy. */
static inline tn_status tnp_view_reorder(const tn_tensor* dst, const tn_tensor* src,
                                         uint32_t alignment, int64_t limit, tnp_view* to,
                                         tnp_view* from, tn_error* error) {
  return tnp_view_reorder_in(NULL, dst, src, alignment, limit, to, from, error);
}

/* The dims that inputs broadcast to, in an output of `rank` dims. */
static inline tn_status tnp_broadcast_dims(const tnp_view* inputs, size_t count, int32_t rank,
                                           int64_t* dims, tn_error* error) {
  for (int32_t i = 0; i < rank; ++i) dims[i] = 1;
  for (size_t n = 0; n < count; ++n) {
    const int32_t shift = rank - inputs[n].rank;
    TNP_CHECK(shift >= 0, TN_INVALID_ARGUMENT, "input %zu has more dims than the output", n);
    for (int32_t i = shift; i < rank; ++i) {
      const int64_t dim = inputs[n].dims[i - shift];
      TNP_CHECK(dim == dims[i] || dim == 1 || dims[i] == 1, TN_INVALID_ARGUMENT,
                "input %zu has %lld for dim %d, another has %lld: they do not broadcast", n,
                (long long)dim, i, (long long)dims[i]);
      if (dim != 1) dims[i] = dim;
    }
  }
  return TN_OK;
}

/* Lays inputs over the output's dims, as ONNX broadcasts: repeated dims get stride 0. */
static inline tn_status tnp_broadcast(tnp_view* inputs, size_t count, const tnp_view* out,
                                      tn_error* error) {
  for (size_t n = 0; n < count; ++n) {
    tnp_view* in = &inputs[n];
    const int32_t shift = out->rank - in->rank;
    TNP_CHECK(shift >= 0, TN_INVALID_ARGUMENT, "input %zu has more dims than the output", n);
    for (int32_t i = out->rank; i-- > 0;) {
      const int64_t dim = i >= shift ? in->dims[i - shift] : 1;
      TNP_CHECK(dim == out->dims[i] || dim == 1, TN_INVALID_ARGUMENT,
                "input %zu has %lld where the output's dim %d is %lld: they must fit", n,
                (long long)dim, i, (long long)out->dims[i]);
      in->strides[i] = dim != 1 ? in->strides[i - shift] : 0;
      in->dims[i] = out->dims[i];
    }
    in->rank = out->rank;
  }
  return TN_OK;
}

/* What tells the dims of a kernel's only output, as many as its rank, by its inputs. */
typedef tn_status (*tnp_find_dims)(const tnp_signature* signature, const tnp_view* inputs,
                                   int64_t* dims, tn_error* error);

/* The kernel_output_dims of such a kernel, */
static inline tn_status tnp_output_dims(const tnp_signature* signature, tnp_find_dims find,
                                        const tn_launch* launch, int64_t* const* dims,
                                        tn_error* error) {
  tnp_view inputs[TNP_MAX_INPUTS];
  int64_t found[TN_MAX_RANK];
  TNP_NEED(dims);
  TNP_TRY(tnp_view_inputs(signature, launch, inputs, error));
  TNP_TRY(find(signature, inputs, found, error));
  for (int32_t i = 0; dims[0] != NULL && i < signature->outputs[0].rank; ++i) dims[0][i] = found[i];
  return TN_OK;
}

/* the check of the output of a launch, `argument` being how a host writes its dims, */
static inline tn_status tnp_compare_output_dims(const tnp_signature* signature, tnp_find_dims find,
                                                const tnp_view* inputs, int32_t rank,
                                                const int64_t* output_dims, const char* argument,
                                                tn_error* error) {
  int64_t dims[TN_MAX_RANK];
  TNP_TRY(find(signature, inputs, dims, error));
  for (int32_t i = 0; i < rank; ++i)
    TNP_CHECK_AT(argument, dims[i] == output_dims[i], TN_INVALID_ARGUMENT,
                 "dim %d of the output is %lld, the inputs give %lld", i, (long long)output_dims[i],
                 (long long)dims[i]);
  return TN_OK;
}
static inline tn_status tnp_check_output_dims(const tnp_signature* signature, tnp_find_dims find,
                                              const tnp_view* inputs, const tnp_view* output,
                                              tn_error* error) {
  return tnp_compare_output_dims(signature, find, inputs, output->rank, output->dims,
                                 "launch->outputs[0]->dims", error);
}

static inline bool tnp_is_static(const tnp_slot* slot) {
  for (int32_t i = 0; i < slot->rank; ++i)
    if (slot->dims[i] == TN_DYNAMIC) return false;
  return true;
}

/* and the same for supports and create, where all dims are described. */
static inline tn_status tnp_check_described_dims(const tnp_signature* signature, tnp_find_dims find,
                                                 tn_error* error) {
  tnp_view inputs[TNP_MAX_INPUTS];
  const tnp_slot* output = &signature->outputs[0];
  for (size_t i = 0; i < signature->input_count; ++i) {
    const tnp_slot* slot = &signature->inputs[i];
    if (!tnp_is_static(slot)) return TN_OK;
    inputs[i] = (tnp_view){.dtype = slot->dtype, .rank = slot->rank};
    memcpy(inputs[i].dims, slot->dims, sizeof(slot->dims));
  }
  if (!tnp_is_static(output)) return TN_OK;
  return tnp_compare_output_dims(signature, find, inputs, output->rank, output->dims,
                                 "desc->outputs[0]->dims", error);
}

/* Where the n-th element in row-major order lies, in bytes from element 0. Simple, not fast. */
static inline int64_t tnp_element(const tnp_view* view, int64_t n) {
  int64_t offset = 0;
  for (int32_t i = view->rank; i-- > 0; n /= view->dims[i])
    offset += n % view->dims[i] * view->strides[i];
  return offset;
}

/* Brings a tensor from one form into another, `to` and `from` being its first element in memory
 * that this processor reaches: packs, unpacks, or copies. The padding of a packed tensor becomes
 * zero. */
static inline void tnp_convert(char* to, const tnp_view* dst, const char* from,
                               const tnp_view* src) {
  const size_t size = tn_dtype_bits(dst->dtype) / 8;
  if (dst->packing != NULL) memset(to, 0, (size_t)tnp_packed_bytes(dst));
  for (int64_t n = 0; n < dst->count; ++n)
    memcpy(to + tnp_element(dst, n), from + tnp_element(src, n), size);
}

/* The instance_device_count of a plugin with one device. */
static inline tn_status tnp_one_device(tn_instance* instance, size_t* count, tn_error* error) {
  (void)instance;
  TNP_NEED(count);
  *count = 1;
  return TN_OK;
}

/* The info of a buffer whose memory hosts may reach through map alone, save the kind that is always
 * coherent. */
static inline tn_status tnp_buffer_info(tn_buffer_kind kind, void* data, uint64_t size,
                                        tn_buffer_info* info, tn_error* error) {
  tn_buffer_info known = {.size = size, .kind = kind, .address = (uintptr_t)data};
  if (kind == TN_BUFFER_HOST_PINNED) {
    known.flags = TN_BUFFER_COHERENT;
    known.host_pointer = data;
  }
  return TNP_GIVE(info, known);
}

/* Fills memory of the host as stream_fill does. */
static inline tn_status tnp_fill(char* to, uint64_t size, const void* pattern, size_t pattern_size,
                                 tn_error* error) {
  TNP_TRY(tnp_check_pattern(pattern, pattern_size, size, error));
  for (uint64_t i = 0; i < size; i += pattern_size) memcpy(to + i, pattern, pattern_size);
  return TN_OK;
}

/* The kernel_workspace_size of a device whose kernels need none. */
static inline tn_status tnp_no_workspace(tn_kernel* kernel, const tn_launch* launch, uint64_t* size,
                                         tn_error* error) {
  (void)kernel;
  (void)launch;
  TNP_NEED(size);
  *size = 0;
  return TN_OK;
}

#endif /* TENON_PLUGIN_LAUNCH_H_ */

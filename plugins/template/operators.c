/* SPDX-License-Identifier: Apache-2.0
 *
 * operators.c: the kernels of the template plugin. One row of kOperators for each operator, one
 * function for each way to compute an element. Elementwise operators take any strides and any dims
 * at launch; MatMul stands for the kernels that take less and say so.
 */
#include <stdlib.h>
#include <string.h>

#include "template.h"

/* ---- Elements ---------------------------------------------------------------------------------
 */

/* Computes one element. The status becomes the stream's failure. */
typedef tn_status (*ElementFn)(tn_dtype from, tn_dtype to, const char* a, const char* b, char* out);

static tn_status element_copy(tn_dtype from, tn_dtype to, const char* a, const char* b, char* out) {
  (void)to, (void)b;
  memcpy(out, a, tn_dtype_bits(from) / 8);
  return TN_OK;
}

/* Floats travel as double, integers as int64_t: both hold every value of the types here. */
static tn_status element_cast(tn_dtype from, tn_dtype to, const char* a, const char* b, char* out) {
  double real = 0;
  int64_t integer = 0;
  const bool is_real = from == TN_FLOAT32 || from == TN_FLOAT64;
  (void)b;
  switch (from) {
    case TN_FLOAT32:
      real = *(const float*)a;
      break;
    case TN_FLOAT64:
      real = *(const double*)a;
      break;
    case TN_INT32:
      integer = *(const int32_t*)a;
      break;
    case TN_INT64:
      integer = *(const int64_t*)a;
      break;
    default:
      integer = *(const uint8_t*)a;
      break; /* uint8 and bool */
  }
  /* Out of range and NaN give any integer, but C leaves even the conversion undefined. */
  if (is_real) integer = real > -9.2e18 && real < 9.2e18 ? (int64_t)real : 0;
  switch (to) {
    case TN_FLOAT32:
      *(float*)out = is_real ? (float)real : (float)integer;
      break;
    case TN_FLOAT64:
      *(double*)out = is_real ? real : (double)integer;
      break;
    case TN_INT32:
      *(int32_t*)out = (int32_t)(uint32_t)integer;
      break;
    case TN_INT64:
      *(int64_t*)out = integer;
      break;
    case TN_BOOL:
      *(uint8_t*)out = is_real ? real != 0 : integer != 0;
      break;
    default:
      *(uint8_t*)out = (uint8_t)integer;
      break;
  }
  return TN_OK;
}

static tn_status element_add(tn_dtype from, tn_dtype to, const char* a, const char* b, char* out) {
  (void)to;
  if (from == TN_FLOAT32)
    *(float*)out = *(const float*)a + *(const float*)b;
  else
    *(uint32_t*)out = *(const uint32_t*)a + *(const uint32_t*)b; /* Integers wrap. */
  return TN_OK;
}

static tn_status element_mul(tn_dtype from, tn_dtype to, const char* a, const char* b, char* out) {
  (void)to;
  if (from == TN_FLOAT32)
    *(float*)out = *(const float*)a * *(const float*)b;
  else
    *(uint32_t*)out = *(const uint32_t*)a * *(const uint32_t*)b;
  return TN_OK;
}

/* Here to show a failure that only the data shows. */
static tn_status element_div(tn_dtype from, tn_dtype to, const char* a, const char* b, char* out) {
  (void)to;
  if (from == TN_FLOAT32) {
    *(float*)out = *(const float*)a / *(const float*)b;
    return TN_OK;
  }
  const int32_t divisor = *(const int32_t*)b;
  if (divisor == 0) return TN_INVALID_ARGUMENT;
  /* Division by -1 may overflow; the wrapped result is the negation. */
  *(int32_t*)out =
      divisor == -1 ? (int32_t)(0 - *(const uint32_t*)a) : *(const int32_t*)a / divisor;
  return TN_OK;
}

static tn_status element_relu(tn_dtype from, tn_dtype to, const char* a, const char* b, char* out) {
  (void)from, (void)to, (void)b;
  *(float*)out = *(const float*)a < 0 ? 0 : *(const float*)a; /* NaN stays. */
  return TN_OK;
}

/* ---- The table --------------------------------------------------------------------------------
 */

#define BIT(dtype) (UINT64_C(1) << (dtype))
#define COPIED                                                                         \
  (BIT(TN_FLOAT32) | BIT(TN_FLOAT64) | BIT(TN_INT32) | BIT(TN_INT64) | BIT(TN_UINT8) | \
   BIT(TN_BOOL) | BIT(TN_FLOAT16) | BIT(TN_BFLOAT16) | BIT(TN_INT8) | BIT(TN_INT16) |  \
   BIT(TN_UINT16) | BIT(TN_UINT32) | BIT(TN_UINT64) | BIT(TN_COMPLEX64) | BIT(TN_COMPLEX128))
#define CONVERTED \
  (BIT(TN_FLOAT32) | BIT(TN_FLOAT64) | BIT(TN_INT32) | BIT(TN_INT64) | BIT(TN_UINT8) | BIT(TN_BOOL))
#define ROW(domain, name, version, dtypes) \
  {sizeof(tn_operator_entry), domain, name, version, 0, dtypes}

static const tn_operator_entry kOperators[] = {
    ROW("", "Identity", 25, COPIED),
    ROW("", "Cast", 25, CONVERTED),
    ROW("tenon", "Fill", 1, COPIED),
    ROW("", "Add", 14, BIT(TN_FLOAT32) | BIT(TN_INT32)),
    ROW("", "Mul", 14, BIT(TN_FLOAT32) | BIT(TN_INT32)),
    ROW("", "Div", 14, BIT(TN_FLOAT32) | BIT(TN_INT32)),
    ROW("", "Relu", 14, BIT(TN_FLOAT32)),
    ROW("", "MatMul", 13, BIT(TN_FLOAT32)),
};
enum { kIdentity, kCast, kFill, kAdd, kMul, kDiv, kRelu, kMatMul, kOperatorCount };

/* Beside the rows: inputs, and the function of an element (MatMul has its own loop). */
static const struct {
  size_t inputs;
  ElementFn element;
} kForms[kOperatorCount] = {
    {1, element_copy}, {1, element_cast}, {1, element_copy}, {2, element_add},
    {2, element_mul},  {2, element_div},  {1, element_relu}, {2, NULL},
};

tn_status device_get_operators(tn_device* device, tn_operator_table* table, tn_error* error) {
  const tn_operator_table known = {
      .first = kOperators, .count = kOperatorCount, .stride = sizeof(kOperators[0])};
  (void)device;
  return GIVE(table, known);
}

/* ---- Tensors ----------------------------------------------------------------------------------
 */

/* An argument as described; TN_DYNAMIC where launches say it. */
typedef struct Slot {
  tn_argument_kind kind;
  tn_dtype dtype;
  int32_t rank;
  int32_t alias;
  int64_t dims[TN_MAX_RANK];
  int64_t strides[TN_MAX_RANK];
} Slot;

/* A tensor of a launch: its first element, and the bytes that it spans. */
typedef struct View {
  int32_t rank;
  int64_t count;
  int64_t dims[TN_MAX_RANK];
  int64_t strides[TN_MAX_RANK]; /* In bytes. */
  char *data, *begin, *end;
} View;

static void dense_strides(int32_t rank, const int64_t* dims, int64_t* strides) {
  int64_t stride = 1;
  for (int32_t i = rank; i-- > 0;) {
    strides[i] = stride;
    stride *= dims[i] > 0 ? dims[i] : 1;
  }
}

/* Checks a tensor against the description and the memory behind it. */
static tn_status view_tensor(const tn_device* device, const Slot* slot, const tn_tensor* tensor,
                             const char* name, View* view, tn_error* error) {
  TRY(need(tensor, name, error));
  if (tensor->dtype != slot->dtype || tensor->rank != slot->rank)
    return fail(error, TN_INVALID_ARGUMENT, "%s: type %d, rank %d; the kernel was made for %d, %d",
                name, tensor->dtype, tensor->rank, slot->dtype, slot->rank);
  if (tensor->layout != TN_LAYOUT_STRIDED)
    return fail(error, TN_INVALID_ARGUMENT, "%s: this device has strided layouts only", name);
  if (slot->rank > 0) TRY(need(tensor->dims, "dims", error));
  *view = (View){.rank = slot->rank, .count = 1};
  const int64_t size = tn_dtype_bits(slot->dtype) / 8;
  for (int32_t i = 0; i < slot->rank; ++i) {
    const int64_t dim = view->dims[i] = tensor->dims[i];
    if (dim < 0 || dim > INT32_MAX || (slot->dims[i] != TN_DYNAMIC && slot->dims[i] != dim))
      return fail(error, TN_INVALID_ARGUMENT,
                  "%s: dim %d is %lld: give what the kernel was made for", name, i, (long long)dim);
    view->count = dim == 0 || view->count <= INT32_MAX ? view->count * dim : view->count;
  }
  if (tensor->strides != NULL)
    memcpy(view->strides, tensor->strides, (size_t)slot->rank * sizeof(int64_t));
  else
    dense_strides(slot->rank, view->dims, view->strides);
  if (view->count == 0) return TN_OK; /* Nothing is addressed: buffer and strides do not matter. */

  int64_t low = 0, high = size;
  for (int32_t i = 0; i < slot->rank; ++i) {
    const int64_t stride = view->strides[i], dim = view->dims[i];
    if (dim == 1) continue;
    if (slot->strides[i] != TN_DYNAMIC && slot->strides[i] != stride)
      return fail(error, TN_INVALID_ARGUMENT,
                  "%s: stride %d is %lld: give what the kernel was made for", name, i,
                  (long long)stride);
    /* Bounded before they are multiplied, so that nothing overflows. */
    const int64_t most = (int64_t)MAX_ALLOCATION;
    if (stride < -most || stride > most || (stride != 0 && dim > most))
      return fail(error, TN_OUT_OF_RANGE, "%s: stride %d leaves the buffer", name, i);
    view->strides[i] = stride * size;
    *(stride < 0 ? &low : &high) += (dim - 1) * view->strides[i];
    if (high - low > most)
      return fail(error, TN_OUT_OF_RANGE, "%s: stride %d leaves the buffer", name, i);
  }
  if (slot->kind == TN_ARGUMENT_HOST) {
    TRY(need(tensor->host_data, "host_data", error));
    view->data = (char*)(uintptr_t)tensor->host_data;
    return TN_OK;
  }
  TRY(need(tensor->buffer, "buffer", error));
  if (tensor->buffer->device != device)
    return fail(error, TN_INVALID_ARGUMENT, "%s: its buffer is of another device", name);
  if (tensor->offset % (uint64_t)(size < ALIGNMENT ? size : ALIGNMENT) != 0)
    return fail(error, TN_INVALID_ARGUMENT, "%s: offset %llu: give a multiple of the element size",
                name, (unsigned long long)tensor->offset);
  if (tensor->offset > tensor->buffer->size || (int64_t)tensor->offset + low < 0)
    return fail(error, TN_OUT_OF_RANGE, "%s: begins outside of its buffer", name);
  TRY(check_range(tensor->buffer, (uint64_t)((int64_t)tensor->offset + low), (uint64_t)(high - low),
                  name, error));
  view->data = tensor->buffer->data + tensor->offset;
  view->begin = view->data + low;
  view->end = view->data + high;
#ifdef MUTANT_IGNORED_OFFSET_OF_TENSOR
  view->data = tensor->buffer->data;
#endif
#ifdef MUTANT_IGNORED_STRIDE
  dense_strides(slot->rank, view->dims, view->strides);
  for (int32_t i = 0; i < slot->rank; ++i) view->strides[i] *= size;
#endif
  return TN_OK;
}

/* An output addresses each byte once: sorted by size, each stride steps over what lies below. */
static tn_status check_output(const View* out, int64_t size, tn_error* error) {
  int64_t covered = size;
  bool done[TN_MAX_RANK] = {false};
  if (out->count == 0) return TN_OK;
  for (int32_t round = 0; round < out->rank; ++round) {
    int32_t next = -1;
    for (int32_t i = 0; i < out->rank; ++i)
      if (!done[i] && out->dims[i] > 1 &&
          (next < 0 || llabs(out->strides[i]) < llabs(out->strides[next])))
        next = i;
    if (next < 0) break;
    if (llabs(out->strides[next]) < covered)
      return fail(error, TN_OVERLAP, "the output overlaps itself: stride %d is too small", next);
    covered += llabs(out->strides[next]) * (out->dims[next] - 1);
    done[next] = true;
  }
  return TN_OK;
}

/* An output is disjoint from the input, or replaces its bytes exactly as described. */
static tn_status check_alias(const View* out, const View* in, bool alias, tn_error* error) {
  bool same = out->data == in->data && out->rank == in->rank;
  for (int32_t i = 0; same && i < out->rank; ++i)
    same = out->dims[i] == in->dims[i] && (out->dims[i] == 1 || out->strides[i] == in->strides[i]);
  if (out->count == 0 || in->count == 0 || in->begin == NULL) return TN_OK;
  if (alias && !same)
    return fail(error, TN_OVERLAP, "the output was described as an alias: give the input's bytes");
  if (!alias && out->begin < in->end && in->begin < out->end)
    return fail(error, TN_OVERLAP,
                "output and input overlap: describe an alias, or use a temporary");
  return TN_OK;
}

/* Lays an input over the output's dims: ONNX's broadcasting. */
static bool broadcast(View* in, const View* out) {
  const int32_t shift = out->rank - in->rank;
  if (shift < 0) return false;
  for (int32_t i = out->rank; i-- > 0;) {
    const int64_t dim = i >= shift ? in->dims[i - shift] : 1;
    if (dim != out->dims[i] && dim != 1) return false;
    in->strides[i] = dim != 1 ? in->strides[i - shift] : 0;
    in->dims[i] = dim;
  }
  return true;
}

static tn_status run_elements(ElementFn element, tn_dtype from, tn_dtype to, const View* a,
                              const View* b, const View* out) {
  int64_t index[TN_MAX_RANK] = {0};
  const char *in0 = a->data, *in1 = b->data;
  char* target = out->data;
  tn_status status = TN_OK;
  for (int64_t left = out->count; left > 0 && status == TN_OK; --left) {
    status = element(from, to, in0, in1, target);
    for (int32_t i = out->rank; i-- > 0;) {
      const int64_t steps = ++index[i] < out->dims[i] ? 1 : 1 - out->dims[i];
      in0 += steps * a->strides[i];
      in1 += steps * b->strides[i];
      target += steps * out->strides[i];
      if (steps == 1) break;
      index[i] = 0;
    }
  }
  return status;
}

tn_status layout_size(tn_device* device, tn_layout layout, tn_dtype dtype, int32_t rank,
                      const int64_t* dims, uint64_t* size, tn_error* error) {
  uint64_t bits = tn_dtype_bits(dtype);
  (void)device;
  TRY(need(size, "size", error));
  if (rank > 0) TRY(need(dims, "dims", error));
  if (layout != TN_LAYOUT_STRIDED || bits == 0 || rank < 0 || rank > TN_MAX_RANK)
    return fail(error, TN_INVALID_ARGUMENT, "layout %llu, type %d, rank %d: one of them is unknown",
                (unsigned long long)layout, dtype, rank);
  for (int32_t i = 0; i < rank; ++i) {
    if (dims[i] < 0 || (dims[i] > 0 && bits > (uint64_t)INT64_MAX / (uint64_t)dims[i]))
      return fail(error, TN_OUT_OF_RANGE, "dim %d is %lld: negative or too large", i,
                  (long long)dims[i]);
    bits *= (uint64_t)dims[i];
  }
  *size = (bits + 7) / 8;
  return TN_OK;
}

/* With strided layouts alone, a conversion is a strided copy. */
tn_status stream_reorder(tn_stream* stream, const tn_tensor* dst, const tn_tensor* src,
                         tn_error* error) {
  TRY(need(dst, "dst", error));
  TRY(need(src, "src", error));
  if (dst->rank < 0 || dst->rank > TN_MAX_RANK || tn_dtype_bits(dst->dtype) < 8)
    return fail(error, TN_INVALID_ARGUMENT, "dst: type %d, rank %d: not known here", dst->dtype,
                dst->rank);
  Slot slot = {.kind = TN_ARGUMENT_DEVICE, .dtype = dst->dtype, .rank = dst->rank};
  View to, from;
  for (int32_t i = 0; i < TN_MAX_RANK; ++i) slot.dims[i] = slot.strides[i] = TN_DYNAMIC;
  TRY(view_tensor(stream->device, &slot, dst, "dst", &to, error));
  memcpy(slot.dims, to.dims, sizeof(slot.dims));
  TRY(view_tensor(stream->device, &slot, src, "src", &from, error));
  TRY(check_output(&to, tn_dtype_bits(dst->dtype) / 8, error));
  TRY(check_alias(&to, &from, false, error));
  if (!stream_failed(stream)) run_elements(element_copy, dst->dtype, dst->dtype, &from, &from, &to);
  return TN_OK;
}

/* ---- Kernels ----------------------------------------------------------------------------------
 */

struct tn_kernel {
  const tn_dispatch* dispatch;
  tn_device* device;
  int op;
  Slot inputs[2];
  Slot output;
};

/* Copies an argument of a description, checked for form. */
static tn_status describe_argument(const tn_argument* argument, bool is_output, Slot* slot,
                                   tn_error* error) {
  tn_argument known;
  bool is_static = true;
  TRY(TAKE(known, argument));
  if (known.kind == TN_ARGUMENT_CONSTANT)
    return fail(error, TN_UNSUPPORTED, "this device has no constants: give a tensor at launch");
  if (known.kind != TN_ARGUMENT_DEVICE && (is_output || known.kind != TN_ARGUMENT_HOST))
    return fail(error, TN_INVALID_ARGUMENT, "argument kind %d: the operator needs a tensor there",
                known.kind);
  if (tn_dtype_bits(known.dtype) == 0 || known.rank < 0 || known.rank > TN_MAX_RANK)
    return fail(error, TN_INVALID_ARGUMENT, "type %d, rank %d: no such tensor", known.dtype,
                known.rank);
  if (known.layout > TN_LAYOUT_ANY)
    return fail(error, TN_INVALID_ARGUMENT, "layout %llu is no token of this device",
                (unsigned long long)known.layout);
  *slot = (Slot){known.kind, known.dtype, known.rank, known.alias, {0}, {0}};
  for (int32_t i = 0; i < known.rank; ++i) {
    slot->dims[i] = known.dims != NULL ? known.dims[i] : TN_DYNAMIC;
    slot->strides[i] = known.strides != NULL ? known.strides[i] : TN_DYNAMIC;
    if (slot->dims[i] < 0 && slot->dims[i] != TN_DYNAMIC)
      return fail(error, TN_INVALID_ARGUMENT, "dim %d is %lld", i, (long long)slot->dims[i]);
    is_static = is_static && slot->dims[i] != TN_DYNAMIC;
  }
  /* The choice is ours, and we choose dense. */
  if (known.layout == TN_LAYOUT_ANY && is_static)
    dense_strides(slot->rank, slot->dims, slot->strides);
  return TN_OK;
}

/* Cast alone has attributes. Those that are not known are refused, never ignored. */
static tn_status describe_attributes(const tn_kernel_desc* desc, int op, tn_dtype* to,
                                     tn_error* error) {
  *to = TN_DTYPE_UNDEFINED;
  for (size_t i = 0; i < desc->attribute_count; ++i) {
    tn_attribute known;
    TRY(TAKE(known, desc->attributes[i]));
    TRY(need(known.name, "the attribute's name", error));
    const bool is_to = strcmp(known.name, "to") == 0;
    if (op != kCast || (!is_to && strcmp(known.name, "saturate") != 0))
      return fail(error, TN_INVALID_ARGUMENT, "%s has no attribute '%s'", kOperators[op].name,
                  known.name);
    if (known.type != TN_ATTRIBUTE_INT || known.ints == NULL)
      return fail(error, TN_INVALID_ARGUMENT, "attribute '%s' is an integer", known.name);
    if (is_to) *to = (tn_dtype)known.ints[0];
  }
  return TN_OK;
}

static bool is_static_dense(const Slot* slot) {
  int64_t strides[TN_MAX_RANK];
  for (int32_t i = 0; i < slot->rank; ++i)
    if (slot->dims[i] == TN_DYNAMIC) return false;
  dense_strides(slot->rank, slot->dims, strides);
  for (int32_t i = 0; i < slot->rank; ++i)
    if (slot->dims[i] != 1 && slot->strides[i] != strides[i]) return false;
  return true;
}

/* What kernel_supports and kernel_create share: fills `kernel`, or says why not. */
static tn_status describe(tn_device* device, const tn_kernel_desc* desc, tn_kernel* kernel,
                          uint32_t* requirements, tn_error* error) {
  tn_kernel_desc known;
  tn_dtype to;
  int op = 0;
  *requirements = 0;
  TRY(TAKE(known, desc));
  TRY(need(known.name, "desc->name", error));
  const char* domain = known.domain != NULL ? known.domain : "";
  while (op < kOperatorCount &&
         (strcmp(kOperators[op].name, known.name) != 0 ||
          strcmp(kOperators[op].domain, domain) != 0 || kOperators[op].version != known.version))
    ++op;
  if (op == kOperatorCount)
    return fail(error, TN_UNSUPPORTED,
                "no operator '%s' of domain '%s', version %d: see "
                "device_get_operators",
                known.name, domain, known.version);
  if ((known.flags & ~(uint32_t)TN_KERNEL_DETERMINISTIC) != 0)
    return fail(error, TN_UNSUPPORTED, "kernel flags 0x%x are not known here", known.flags);
  if (known.input_count != kForms[op].inputs || known.output_count != 1)
    return fail(error, TN_INVALID_ARGUMENT, "%s has %zu inputs and 1 output, not %zu and %zu",
                known.name, kForms[op].inputs, known.input_count, known.output_count);
  TRY(describe_attributes(&known, op, &to, error));
  *kernel = (tn_kernel){.dispatch = device->dispatch, .device = device, .op = op};
  Slot *in = kernel->inputs, *out = &kernel->output;
  for (size_t i = 0; i < known.input_count; ++i)
    TRY(describe_argument(known.inputs[i], false, &in[i], error));
  TRY(describe_argument(known.outputs[0], true, out, error));
  if (out->alias < 0 || (size_t)out->alias > known.input_count)
    return fail(error, TN_INVALID_ARGUMENT, "alias %d: there is no such input", out->alias);
  if (in[0].dtype > 63 || (kOperators[op].dtypes & BIT(in[0].dtype)) == 0)
    return fail(error, TN_UNSUPPORTED, "%s of type %d: cast it first", known.name, in[0].dtype);
  if (op == kCast && (to >= 64 || to < 0 || (CONVERTED & BIT(to)) == 0))
    return fail(error, TN_UNSUPPORTED, "Cast to type %d is not offered here", to);
  if (out->dtype != (op == kCast ? to : in[0].dtype) ||
      (known.input_count == 2 && in[1].dtype != in[0].dtype))
    return fail(error, TN_INVALID_ARGUMENT, "%s: the types of its tensors do not fit", known.name);
  if (op == kFill && (in[0].kind != TN_ARGUMENT_HOST || in[0].rank != 0))
    return fail(error, TN_INVALID_ARGUMENT, "Fill's value is a host value of rank 0");
  for (size_t i = 0; i < known.input_count; ++i)
    if (in[i].kind == TN_ARGUMENT_HOST && (in[i].rank != 0 || op == kMatMul))
      return fail(error, TN_UNSUPPORTED, "host values are taken as scalars: upload this one");
  if (op == kMatMul) {
    if (in[0].rank != 2 || in[1].rank != 2 || out->rank != 2)
      return fail(error, TN_UNSUPPORTED, "MatMul takes matrices alone: loop over the batch");
    if (!is_static_dense(&in[0]) || !is_static_dense(&in[1]) || !is_static_dense(out))
      *requirements |= TN_REQUIRES_STATIC_DIMS | TN_REQUIRES_STATIC_STRIDES | TN_REQUIRES_DENSE;
  }
  if (out->alias != 0 && (op == kMatMul || op == kFill || in[0].dtype != out->dtype))
    *requirements |= TN_REQUIRES_NO_ALIAS;
  if (*requirements != 0)
    return fail(error, TN_NEEDS_STATIC, "%s: needs dense tensors of known dims, and no alias",
                known.name);
  return TN_OK;
}

/* Strided, whatever was asked for: this device has no tokens. */
static void answer_layouts(size_t inputs, tn_layout* input_layouts, tn_layout* output_layouts) {
  for (size_t i = 0; input_layouts != NULL && i < inputs; ++i) input_layouts[i] = TN_LAYOUT_STRIDED;
  if (output_layouts != NULL) output_layouts[0] = TN_LAYOUT_STRIDED;
}

tn_status kernel_supports(tn_device* device, const tn_kernel_desc* desc, tn_kernel_support* support,
                          tn_error* error) {
  tn_kernel_support known = {0};
  tn_kernel kernel;
  if (support != NULL) TRY(TAKE(known, support));
  const tn_status status = describe(device, desc, &kernel, &known.requirements, error);
  if (support != NULL) TRY(GIVE(support, known));
  if (status == TN_OK)
    answer_layouts(kForms[kernel.op].inputs, known.input_layouts, known.output_layouts);
  return status;
}

tn_status kernel_create(tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                        tn_error* error) {
  uint32_t requirements;
  TRY(need(kernel, "kernel", error));
  *kernel = NULL;
  tn_kernel* made = calloc(1, sizeof(*made));
  if (made == NULL) return fail(error, TN_OUT_OF_MEMORY, "no host memory for a kernel");
  const tn_status status = describe(device, desc, made, &requirements, error);
  if (status == TN_OK)
    *kernel = made;
  else
    free(made);
  return status;
}

/* A launch has finished before another call can be made with its kernel. */
void kernel_destroy(tn_kernel* kernel) { free(kernel); }

tn_status kernel_get_info(tn_kernel* kernel, tn_kernel_info* info, tn_error* error) {
  tn_kernel_info known;
  TRY(TAKE(known, info));
  answer_layouts(kForms[kernel->op].inputs, known.input_layouts, known.output_layouts);
  known.resident_bytes = 0;
  return GIVE(info, known);
}

tn_status kernel_workspace_size(tn_kernel* kernel, const tn_launch* launch, uint64_t* size,
                                tn_error* error) {
  tn_launch known;
  (void)kernel;
  TRY(need(size, "size", error));
  TRY(TAKE(known, launch));
  *size = 0;
  return TN_OK;
}

/* Dense, by way of the description. */
static tn_status run_matmul(const View* a, const View* b, const View* out) {
  const float *left = (const float*)a->data, *right = (const float*)b->data;
  float* target = (float*)out->data;
  const int64_t rows = a->dims[0], inner = a->dims[1], columns = b->dims[1];
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      float sum = 0;
      for (int64_t k = 0; k < inner; ++k) sum += left[i * inner + k] * right[k * columns + j];
      target[i * columns + j] = sum;
    }
  return TN_OK;
}

tn_status kernel_launch(tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                        tn_error* error) {
  tn_launch known;
  View in[2] = {{0}}, out;
  const size_t inputs = kForms[kernel->op].inputs;
  TRY(need(stream, "stream", error));
  TRY(TAKE(known, launch));
  if (stream->device != kernel->device)
    return fail(error, TN_INVALID_ARGUMENT, "kernel and stream are of different devices");
  if (known.input_count != inputs || known.output_count != 1)
    return fail(error, TN_INVALID_ARGUMENT, "%zu inputs and %zu outputs: the kernel has %zu and 1",
                known.input_count, known.output_count, inputs);
  TRY(need(known.inputs, "launch->inputs", error));
  TRY(need(known.outputs, "launch->outputs", error));
  for (size_t i = 0; i < inputs; ++i)
    TRY(view_tensor(kernel->device, &kernel->inputs[i], known.inputs[i],
                    i == 0 ? "input 0" : "input 1", &in[i], error));
  TRY(view_tensor(kernel->device, &kernel->output, known.outputs[0], "output 0", &out, error));
  TRY(check_output(&out, tn_dtype_bits(kernel->output.dtype) / 8, error));
  for (size_t i = 0; i < inputs; ++i)
    TRY(check_alias(&out, &in[i], kernel->output.alias == 1 + (int32_t)i, error));

  if (kernel->op == kMatMul) {
    if (in[0].dims[1] != in[1].dims[0] || in[0].dims[0] != out.dims[0] ||
        in[1].dims[1] != out.dims[1])
      return fail(error, TN_INVALID_ARGUMENT, "MatMul: the dims of its matrices do not fit");
  } else {
    for (int32_t i = 0; i < out.rank && kernel->op != kFill; ++i) {
      bool given = out.dims[i] == 1; /* Some input has each of the output's dims. */
      for (size_t j = 0; j < inputs; ++j) {
        const int32_t k = i - (out.rank - in[j].rank);
        given = given || (k >= 0 && in[j].dims[k] == out.dims[i]);
      }
      if (!given)
        return fail(error, TN_INVALID_ARGUMENT, "%s: no input has the output's dim %d",
                    kOperators[kernel->op].name, i);
    }
    for (size_t i = 0; i < inputs; ++i)
      if (!broadcast(&in[i], &out))
        return fail(error, TN_INVALID_ARGUMENT, "%s: input %zu does not broadcast to the output",
                    kOperators[kernel->op].name, i);
  }
  if (out.count == 0 || stream_failed(stream)) return TN_OK;

  /* From here on the work runs; what fails now is the stream's failure. */
  const tn_status status = kernel->op == kMatMul
                               ? run_matmul(&in[0], &in[1], &out)
                               : run_elements(kForms[kernel->op].element, kernel->inputs[0].dtype,
                                              kernel->output.dtype, &in[0], &in[inputs - 1], &out);
  if (status != TN_OK) {
    tn_error failure = TN_ERROR_INIT;
    fail(&failure, status, "%s: division of an integer by zero: check the divisor first",
         kOperators[kernel->op].name);
    stream_fail(stream, &failure);
  }
  return TN_OK;
}

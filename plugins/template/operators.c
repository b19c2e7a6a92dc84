/* SPDX-License-Identifier: Apache-2.0
 *
 * operators.c: the kernels. A row of kOperators for each operator, a case in run(). They take any
 * strides and dims at launch; one that does not answers TN_NEEDS_STATIC, as describe() does.
 */
#include "plugin.h"

TNP_TYPES(kFloats, "T", TN_FLOAT32);
TNP_TYPES(kNumbers, "T", TN_FLOAT32, TN_INT32);
TNP_TYPES_OF_TWO(kConverted, "T1", "T2", TN_FLOAT32, TN_FLOAT64, TN_INT32, TN_INT64, TN_UINT8,
                 TN_BOOL);
TNP_TYPES(kCopied, "T", TN_FLOAT32, TN_FLOAT64, TN_INT32, TN_INT64, TN_UINT8, TN_BOOL, TN_FLOAT16,
          TN_BFLOAT16, TN_INT8);
TNP_TYPES(kAnything, "V", TN_FLOAT32, TN_FLOAT64, TN_INT32, TN_INT64, TN_UINT8, TN_BOOL, TN_FLOAT16,
          TN_BFLOAT16, TN_INT8);

static const tn_operator_entry kOperators[] = {
    TNP_OPERATOR("", "Identity", 25, kAnything),
    TNP_OPERATOR("", "Cast", 25, kConverted),
    TNP_OPERATOR_REVISION("tenon", "Fill", 1, 1, kCopied),
    TNP_OPERATOR("", "Add", 14, kNumbers),
    TNP_OPERATOR("", "Mul", 14, kNumbers),
    TNP_OPERATOR("", "Relu", 14, kFloats),
    TNP_OPERATOR("", "MatMul", 13, kFloats)};
enum { kIdentity, kCast, kFill, kAdd, kMul, kRelu, kMatMul, kOperatorCount };

struct tn_kernel {
  const tn_dispatch* dispatch;
  tn_device* device;
  tnp_signature signature;
};

/* A long double holds every value of the types here, 64-bit integers included. */
static long double load(tn_dtype dtype, const void* from) {
  if (dtype == TN_FLOAT32) return *(const float*)from;
  if (dtype == TN_FLOAT64) return *(const double*)from;
  if (dtype == TN_INT32) return *(const int32_t*)from;
  if (dtype == TN_INT64) return *(const int64_t*)from;
  return *(const uint8_t*)from; /* uint8 and bool */
}

static void store(tn_dtype dtype, void* to, long double x) {
  /* Out of range and NaN give any integer, but C leaves even the conversion undefined. */
  const int64_t integer = x >= -0x1p63L && x < 0x1p63L ? (int64_t)x : 0;
  if (dtype == TN_FLOAT32) *(float*)to = (float)x;
  if (dtype == TN_FLOAT64) *(double*)to = (double)x;
  if (dtype == TN_INT32) *(int32_t*)to = (int32_t)(uint32_t)integer;
  if (dtype == TN_INT64) *(int64_t*)to = integer;
  if (dtype == TN_UINT8) *(uint8_t*)to = (uint8_t)integer;
  if (dtype == TN_BOOL) *(uint8_t*)to = x != 0;
}

static void run(int op, const tnp_view* a, const tnp_view* b, const tnp_view* out) {
  const char* left = a->buffer ? a->buffer->data + a->offset : a->host_data;
  const char* right = b->buffer ? b->buffer->data + b->offset : b->host_data;
  for (int64_t n = 0; n < out->count; ++n) {
    char* to = out->buffer->data + out->offset + tnp_element(out, n);
    if (op == kMatMul) {
      const char* row = left + n / out->dims[1] * a->strides[0];
      const char* column = right + n % out->dims[1] * b->strides[1];
      float sum = 0;
      for (int64_t k = 0; k < a->dims[1]; ++k, row += a->strides[1], column += b->strides[0])
        sum += *(const float*)row * *(const float*)column;
      *(float*)to = sum;
      continue;
    }
    const char *from = left + tnp_element(a, n), *other = right + tnp_element(b, n);
    if (op == kIdentity || op == kFill) {
      memcpy(to, from, tn_dtype_bits(out->dtype) / 8);
      continue;
    }
    long double x = load(a->dtype, from);
    if (op == kAdd) x += load(b->dtype, other);
    if (op == kMul) x *= load(b->dtype, other);
    if (op == kRelu && x < 0) x = 0;
    store(out->dtype, to, x);
  }
}

tn_status device_get_operators(tn_device* device, tn_operator_table* table, tn_error* error) {
  const tn_operator_table known = {0, kOperators, kOperatorCount, sizeof(kOperators[0])};
  (void)device;
  return TNP_GIVE(table, known);
}

/* The dims of the output. Fill has those that its caller gives it. */
static tn_status find_dims(const tnp_signature* known, const tnp_view* in, int64_t* dims,
                           tn_error* error) {
  TNP_CHECK(known->op != kFill, TN_UNSUPPORTED, "Fill: the caller alone decides the dims of Y");
  if (known->op != kMatMul)
    return tnp_broadcast_dims(in, known->input_count, known->outputs[0].rank, dims, error);
  TNP_CHECK(in[0].dims[1] == in[1].dims[0], TN_INVALID_ARGUMENT,
            "MatMul: A has %lld columns, B %lld rows", (long long)in[0].dims[1],
            (long long)in[1].dims[0]);
  dims[0] = in[0].dims[0];
  dims[1] = in[1].dims[1];
  return TN_OK;
}

/* Fills the kernel, or says why there is none. What is not known is refused, never ignored. */
static tn_status describe(tn_device* device, const tn_kernel_desc* given, tn_kernel* kernel,
                          tn_error* error) {
  tn_kernel_desc desc;
  tnp_signature* known = &kernel->signature;
  *kernel = (tn_kernel){.dispatch = device->dispatch, .device = device};
  TNP_TRY(tnp_describe_kernel(kOperators, kOperatorCount, given, &desc, known, error));
  const int op = known->op;
  const tnp_slot *in = known->inputs, *out = known->outputs;
  const size_t inputs = op == kAdd || op == kMul || op == kMatMul ? 2 : 1;
  TNP_CHECK(desc.input_count == inputs && desc.output_count == 1, TN_INVALID_ARGUMENT,
            "%s has %zu inputs and 1 output", desc.name, inputs);
  for (size_t i = 0; i < inputs; ++i) {
    TNP_CHECK(in[i].dtype == in[0].dtype && (op == kCast || in[i].dtype == out->dtype),
              TN_INVALID_ARGUMENT, "%s: the types of its tensors do not fit", desc.name);
    TNP_CHECK(in[i].kind == TN_ARGUMENT_DEVICE || (in[i].rank == 0 && op != kMatMul),
              TN_UNSUPPORTED, "a host value must be a scalar: upload it");
    TNP_CHECK(op != kMatMul || (in[i].rank == 2 && out->rank == 2), TN_UNSUPPORTED,
              "MatMul takes matrices alone: loop over the batch");
  }
  static const char* const kOfCast[] = {"to", "saturate"};
  int64_t to = -1, saturate = 1;
  TNP_TRY(tnp_only_attributes(&desc, kOfCast, op == kCast ? 2 : 0, error));
  TNP_TRY(tnp_int_attribute(&desc, "to", &to, error));
  TNP_TRY(tnp_int_attribute(&desc, "saturate", &saturate, error));
  TNP_CHECK_AT("desc->attributes",
               op != kCast || (to == out->dtype && (saturate == 0 || saturate == 1)),
               TN_INVALID_ARGUMENT, "Cast: 'to' must name the output's type, 'saturate' be 0 or 1");
  if (op != kFill) TNP_TRY(tnp_check_described_dims(known, find_dims, error));
  if (out->alias == 0 || (op != kMatMul && in[0].dtype == out->dtype)) return TN_OK;
  known->outputs[0].requirements = TN_REQUIRES_NO_ALIAS;
  return tnp_fail(error, TN_NEEDS_STATIC, "%s: its output must not be an input", desc.name);
}

tn_status kernel_supports(tn_device* device, const tn_kernel_desc* desc, tn_kernel_support* support,
                          tn_error* error) {
  tn_kernel kernel;
  const tn_status status = describe(device, desc, &kernel, error);
  return tnp_answer_support(&kernel.signature, status, support, error);
}

tn_status kernel_create(tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                        tn_error* error) {
  tn_kernel described;
  TNP_CLEAR(kernel);
  TNP_TRY(describe(device, desc, &described, error));
  TNP_NEW(kernel);
  **kernel = described;
  return TN_OK;
}

void kernel_destroy(tn_kernel* kernel) { free(kernel); }

tn_status kernel_get_info(tn_kernel* kernel, tn_kernel_info* info, tn_error* error) {
  return tnp_kernel_info(&kernel->signature, 0, TN_KERNEL_NO_WORKSPACE, info, error);
}

tn_status kernel_output_dims(tn_kernel* kernel, const tn_launch* launch, int64_t* const* dims,
                             tn_error* error) {
  return tnp_output_dims(&kernel->signature, find_dims, launch, dims, error);
}

static tn_status check_view(const tn_stream* stream, const tnp_view* view, tn_error* error) {
  if (view->buffer == NULL) return TN_OK; /* A host value, or no elements. */
  return check_range(stream->device, "launch", view->buffer, view->begin, view->end - view->begin,
                     error);
}

tn_status kernel_launch(tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                        tn_error* error) {
  tnp_view in[TNP_MAX_INPUTS], out;
  const tnp_signature* known = &kernel->signature;
  TNP_CHECK_AT("stream", stream != NULL && stream->device == kernel->device, TN_INVALID_ARGUMENT,
               "the stream is NULL or of another device");
  TNP_TRY(tnp_view_launch(known, launch, ALIGNMENT, MAX_ALLOCATION, in, &out, error));
  TNP_TRY(check_view(stream, &out, error));
  for (size_t i = 0; i < known->input_count; ++i) TNP_TRY(check_view(stream, &in[i], error));
  if (known->op != kFill) TNP_TRY(tnp_check_output_dims(known, find_dims, in, &out, error));
  if (known->op != kMatMul) TNP_TRY(tnp_broadcast(in, known->input_count, &out, error));
  const uint32_t before = tnp_enter_arithmetic(known);
  run(known->op, &in[0], &in[known->input_count - 1], &out);
  tnp_leave_arithmetic(before);
  return TN_OK;
}

/* With strided layouts alone, a conversion is a strided copy. */
tn_status stream_reorder(tn_stream* stream, const tn_tensor* dst, const tn_tensor* src,
                         tn_error* error) {
  tnp_view to, from;
  TNP_TRY(tnp_view_reorder(dst, src, ALIGNMENT, MAX_ALLOCATION, &to, &from, error));
  TNP_TRY(check_view(stream, &to, error));
  TNP_TRY(check_view(stream, &from, error));
  run(kIdentity, &from, &from, &to);
  return TN_OK;
}

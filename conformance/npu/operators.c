/* SPDX-License-Identifier: Apache-2.0
 *
 * operators.c: kernels for known dims of dense or packed tensors; MatMul wants its weight as a
 * constant.
 */
#include "npu.h"

TNP_TYPES(kFloats, "T", TN_FLOAT32);
TNP_TYPES(kNumbers, "T", TN_FLOAT32, TN_INT32);
TNP_TYPES_OF_TWO(kConverted, "T1", "T2", TN_FLOAT32, TN_INT32, TN_UINT8, TN_BOOL);
TNP_TYPES(kCopied, "T", TN_FLOAT32, TN_INT32, TN_UINT8, TN_BOOL);
TNP_TYPES(kAnything, "V", TN_FLOAT32, TN_INT32, TN_UINT8, TN_BOOL);

static const tn_operator_entry kOperators[] = {
    TNP_OPERATOR("", "Identity", 25, kAnything),
    TNP_OPERATOR("", "Cast", 25, kConverted),
    TNP_OPERATOR_REVISION("tenon", "Fill", 1, 1, kCopied),
    TNP_OPERATOR("", "Add", 14, kNumbers),
    TNP_OPERATOR("", "Mul", 14, kNumbers),
    TNP_OPERATOR("", "Div", 14, kNumbers),
    TNP_OPERATOR("", "Relu", 14, kFloats),
    TNP_OPERATOR("", "MatMul", 13, kFloats)};
enum { kIdentity, kCast, kFill, kAdd, kMul, kDiv, kRelu, kMatMul, kOperatorCount };

struct tn_kernel {
  const tn_dispatch* dispatch;
  tn_device* device;
  tnp_signature signature;
  tnp_constant* constants[TNP_MAX_INPUTS]; /* A reference each; NULL: a tensor. */
  uint64_t resident_bytes;                 /* Of those that are its own. */
};

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

/* What this hardware wants of the arguments, all of it at once. */
static bool gives_all(tnp_signature* known) {
  const bool product = known->op == kMatMul;
  const uint32_t all = TN_REQUIRES_STATIC_DIMS | TN_REQUIRES_DENSE;
  bool gives = true;
  for (size_t i = 0; i < known->input_count; ++i) {
    const bool weight = product && i == 1;
    tnp_slot* slot = &known->inputs[i];
    if (!product || weight) tnp_choose_packing(slot, &kPackingsOfNpu[kPacked]);
    gives = tnp_require(slot, product ? all | TN_REQUIRES_ALIGNED : all, ALIGNMENT) && gives;
  }
  tnp_slot* out = &known->outputs[0];
  if (!product) tnp_choose_packing(out, &kPackingsOfNpu[kPacked]);
  return tnp_require(out, all | TN_REQUIRES_NO_ALIAS, 0) && gives;
}

static tn_status describe(tn_device* device, const tn_kernel_desc* given, tnp_signature* known,
                          tn_error* error) {
  tn_kernel_desc desc;
  *known = (tnp_signature){0};
  TNP_TRY(tnp_describe_kernel_in(device, &kFormsOfNpu, kOperators, kOperatorCount, given, &desc,
                                 known, error));
  const int op = known->op;
  const tnp_slot *in = known->inputs, *out = known->outputs;
  const size_t inputs = op == kAdd || op == kMul || op == kDiv || op == kMatMul ? 2 : 1;
  TNP_CHECK(desc.input_count == inputs && desc.output_count == 1, TN_INVALID_ARGUMENT,
            "%s has %zu inputs and 1 output", desc.name, inputs);
  for (size_t i = 0; i < inputs; ++i) {
    TNP_CHECK(in[i].dtype == in[0].dtype && (op == kCast || in[i].dtype == out->dtype),
              TN_INVALID_ARGUMENT, "%s: the types of its tensors do not fit", desc.name);
    TNP_CHECK(in[i].kind != TN_ARGUMENT_HOST || (in[i].rank == 0 && op != kMatMul), TN_UNSUPPORTED,
              "a host value must be a scalar: upload it");
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
  TNP_CHECK(gives_all(known), TN_NEEDS_STATIC,
            "%s: known dims, dense or packed tensors; see what each argument is asked for",
            desc.name);
  return TN_OK;
}

tn_status kernel_supports(tn_device* device, const tn_kernel_desc* desc, tn_kernel_support* support,
                          tn_error* error) {
  tnp_signature known;
  const tn_status status = describe(device, desc, &known, error);
  return tnp_answer_support(&known, status, support, error);
}

static void free_kernel(void* object) {
  tn_kernel* kernel = object;
  for (size_t i = 0; i < TNP_MAX_INPUTS; ++i)
    constant_release((tn_constant*)(void*)kernel->constants[i]);
  free(kernel);
}

/* The constant of an input: the host's, or one of the kernel's own, in the form that was chosen. */
static tn_status keep_constant(tn_kernel* kernel, size_t i, tn_error* error) {
  tnp_slot* slot = &kernel->signature.inputs[i];
  if (slot->constant != NULL) {
    kernel->constants[i] = (tnp_constant*)(uintptr_t)slot->constant;
    tnp_constant_keep(kernel->constants[i]);
    return TN_OK;
  }
  tnp_slot dense = *slot;
  tnp_view value;
  dense.packing = NULL;
  tnp_view_constant(&dense, &value);
  const tn_layout layout = slot->packing != NULL ? slot->packing->token : TN_LAYOUT_STRIDED;
  TNP_TRY(constant_of_host(kernel->device, layout, &value, slot->host_data, &kernel->constants[i],
                           error));
  slot->host_data = NULL; /* The host's no more. */
  kernel->resident_bytes += kernel->constants[i]->bytes;
  return TN_OK;
}

tn_status kernel_create(tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                        tn_error* error) {
  tnp_signature known;
  TNP_CLEAR(kernel);
  TNP_TRY(describe(device, desc, &known, error));
  TNP_NEW(kernel);
  tn_kernel* made = *kernel;
  made->dispatch = device->dispatch;
  made->device = device;
  made->signature = known;
  for (size_t i = 0; i < known.input_count; ++i) {
    if (known.inputs[i].kind != TN_ARGUMENT_CONSTANT) continue;
    const tn_status status = keep_constant(made, i, error);
    if (status == TN_OK) continue;
    free_kernel(made);
    *kernel = NULL;
    return status;
  }
  return TN_OK;
}

void kernel_destroy(tn_kernel* kernel) {
  if (kernel != NULL) tnp_queue_drop(&kernel->device->queue, free_kernel, kernel);
}

tn_status kernel_get_info(tn_kernel* kernel, tn_kernel_info* info, tn_error* error) {
  return tnp_kernel_info(&kernel->signature, kernel->resident_bytes, TN_KERNEL_NO_WORKSPACE, info,
                         error);
}

tn_status kernel_output_dims(tn_kernel* kernel, const tn_launch* launch, int64_t* const* dims,
                             tn_error* error) {
  return tnp_output_dims(&kernel->signature, find_dims, launch, dims, error);
}

/* ---- Launches ---- */

typedef struct launch_work {
  tnp_work work;
  tn_kernel* kernel; /* NULL: a reorder. */
  tnp_view in[2], out;
  char scalars[2][8]; /* Host values, which are gone when the launch returns. */
} launch_work;

/* A long double holds every product of 32-bit integers. */
static long double load(tn_dtype dtype, const char* from) {
  if (dtype == TN_FLOAT32) return *(const float*)(const void*)from;
  if (dtype == TN_INT32) return *(const int32_t*)(const void*)from;
  return *(const uint8_t*)from; /* uint8 and bool */
}

static void store(tn_dtype dtype, char* to, long double x) {
  const int64_t integer = x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : 0;
  if (dtype == TN_FLOAT32) *(float*)(void*)to = (float)x;
  if (dtype == TN_INT32) *(int32_t*)(void*)to = (int32_t)(uint32_t)(uint64_t)integer;
  if (dtype == TN_UINT8) *(uint8_t*)to = (uint8_t)integer;
  if (dtype == TN_BOOL) *(uint8_t*)to = x != 0;
}

static tn_status divide(const tnp_signature* known, const char* a, const char* b, char* to,
                        tn_error* error) {
  if (known->outputs[0].dtype == TN_FLOAT32) {
    *(float*)(void*)to = *(const float*)(const void*)a / *(const float*)(const void*)b;
    return TN_OK;
  }
  const int32_t over = *(const int32_t*)(const void*)a, under = *(const int32_t*)(const void*)b;
  TNP_CHECK(under != 0 || (known->flags & TN_KERNEL_CHECK_DATA) == 0, TN_INVALID_ARGUMENT,
            "Div: an integer is divided by 0");
  *(int32_t*)(void*)to = under != 0 ? (int32_t)(uint32_t)((int64_t)over / under) : 0;
  return TN_OK;
}

static char* input_bytes(launch_work* self, size_t i) {
  const tn_kernel* kernel = self->kernel;
  const tnp_view* view = &self->in[i];
  if (kernel != NULL && kernel->constants[i] != NULL)
    return bytes_of(kernel->device, kernel->constants[i]->memory);
  if (view->buffer == NULL) return self->scalars[i];
  return bytes_of(view->buffer->device, view->buffer->range) + view->offset;
}

static tn_status compute(const tnp_signature* known, launch_work* self, tn_error* error) {
  const tnp_view *out = &self->out, *a = &self->in[0], *b = &self->in[1];
  const char* left = input_bytes(self, 0);
  const char* right = known->input_count > 1 ? input_bytes(self, 1) : NULL;
  char* result = bytes_of(out->buffer->device, out->buffer->range) + out->offset;
  if (out->packing != NULL) memset(result, 0, (size_t)tnp_packed_bytes(out));
  for (int64_t n = 0; n < out->count; ++n) {
    char* to = result + tnp_element(out, n);
    if (known->op == kMatMul) {
      const char* row = left + n / out->dims[1] * a->strides[0];
      const char* column = right + n % out->dims[1] * b->strides[1];
      float sum = 0;
      for (int64_t k = 0; k < a->dims[1]; ++k, row += a->strides[1], column += b->strides[0])
        sum += *(const float*)(const void*)row * *(const float*)(const void*)column;
      *(float*)(void*)to = sum;
      continue;
    }
    const char* from = left + tnp_element(a, n);
    if (known->op == kDiv) {
      TNP_TRY(divide(known, from, right + tnp_element(b, n), to, error));
      continue;
    }
    long double x = load(a->dtype, from);
    if (known->op == kAdd) x += load(b->dtype, right + tnp_element(b, n));
    if (known->op == kMul) x *= load(b->dtype, right + tnp_element(b, n));
    if (known->op == kRelu && x < 0) x = 0;
    if (known->op == kIdentity || known->op == kFill)
      memcpy(to, from, tn_dtype_bits(out->dtype) / 8);
    else
      store(out->dtype, to, x);
  }
  return TN_OK;
}

static tn_status run(tnp_work* work, tn_error* error) {
  launch_work* self = (launch_work*)work;
  const tnp_signature* known = &self->kernel->signature;
  const uint32_t before = tnp_enter_arithmetic(known);
  const tn_status status = compute(known, self, error);
  tnp_leave_arithmetic(before);
  return status;
}

static tn_status convert(tnp_work* work, tn_error* error) {
  launch_work* self = (launch_work*)work;
  const tnp_view* to = &self->out;
  (void)error;
  tnp_convert(bytes_of(to->buffer->device, to->buffer->range) + to->offset, to,
              input_bytes(self, 0), &self->in[0]);
  return TN_OK;
}

static tn_status check_view(const tn_stream* stream, const tnp_view* view, tn_error* error) {
  if (view->buffer == NULL) return TN_OK; /* A host value, a constant, or no elements. */
  return check_range(stream->device, "launch", view->buffer, view->begin, view->end - view->begin,
                     error);
}

static tn_status queue_launch(tn_stream* stream, const launch_work* launch, tn_error* error) {
  if (launch->out.count == 0) return TN_OK;
  launch_work* work = malloc(sizeof(*work));
  TNP_CHECK(work != NULL, TN_OUT_OF_MEMORY, "no host memory for a launch");
  *work = *launch;
  tnp_queue_put(&stream->device->queue, &stream->stream, &work->work);
  return TN_OK;
}

tn_status kernel_launch(tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                        tn_error* error) {
  launch_work work = {.work = {.run = run, .end = tnp_free_work}, .kernel = kernel};
  const tnp_signature* known = &kernel->signature;
  TNP_CHECK_AT("stream", stream != NULL && stream->device == kernel->device, TN_INVALID_ARGUMENT,
               "the stream is NULL or of another device");
  TNP_TRY(tnp_view_launch(known, launch, ALIGNMENT, TOTAL_MEMORY, work.in, &work.out, error));
  TNP_TRY(check_view(stream, &work.out, error));
  for (size_t i = 0; i < known->input_count; ++i) {
    TNP_TRY(check_view(stream, &work.in[i], error));
    if (work.in[i].host_data != NULL && work.in[i].buffer == NULL)
      memcpy(work.scalars[i], work.in[i].host_data, tn_dtype_bits(work.in[i].dtype) / 8);
  }
  if (known->op != kFill)
    TNP_TRY(tnp_check_output_dims(known, find_dims, work.in, &work.out, error));
  if (known->op != kMatMul) TNP_TRY(tnp_broadcast(work.in, known->input_count, &work.out, error));
  return queue_launch(stream, &work, error);
}

/* Packs, unpacks, and copies any strides. */
tn_status stream_reorder(tn_stream* stream, const tn_tensor* dst, const tn_tensor* src,
                         tn_error* error) {
  launch_work work = {.work = {.run = convert, .end = tnp_free_work}};
  TNP_TRY(tnp_view_reorder_in(&kFormsOfNpu, dst, src, ALIGNMENT, TOTAL_MEMORY, &work.out,
                              &work.in[0], error));
  TNP_TRY(check_view(stream, &work.out, error));
  TNP_TRY(check_view(stream, &work.in[0], error));
  return queue_launch(stream, &work, error);
}

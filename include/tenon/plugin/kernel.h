/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptions of kernels against the table of operators, and what is answered to them. See
 * tenon_plugin.h.
 */
#ifndef TENON_PLUGIN_KERNEL_H_
#define TENON_PLUGIN_KERNEL_H_

#include "tenon/plugin/constant.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* ---- Arguments of kernels -------------------------------------------------------------------- */

/* An argument as described, for as long as the kernel lives. TN_DYNAMIC where launches say it. */
typedef struct tnp_slot {
  tn_argument_kind kind;
  tn_dtype dtype;
  int32_t rank;
  int32_t alias;
  tn_layout layout;
  int64_t dims[TN_MAX_RANK], strides[TN_MAX_RANK]; /* Strides in elements. */
  bool dense;                                      /* Dense row-major at every launch. */
  uint32_t alignment;         /* Bytes that its offset is a multiple of; 0: those of an element. */
  const tnp_packing* packing; /* Of a layout token; NULL: strided. */
  /* CONSTANT: one of them, or neither where there are no elements. Dense row-major host data is the
   * host's, and gone when kernel_create returns. */
  const tnp_constant* constant;
  const void* host_data;
  /* What a host must do that asks for the kernel: TN_REQUIRES_*, written by the plugin. */
  uint32_t requirements, needed_alignment;
} tnp_slot;

static inline void tnp_dense_strides(int32_t rank, const int64_t* dims, int64_t* strides) {
  int64_t stride = 1;
  for (int32_t i = rank; i-- > 0;) {
    strides[i] = stride;
    stride *= dims[i] > 0 ? dims[i] : 1;
  }
}

/* What a device takes beside strided tensors given at launch. */
typedef struct tnp_forms {
  const tnp_packing* packings;
  size_t packing_count;
  bool constants; /* CONSTANT inputs. */
} tnp_forms;

static inline tn_status tnp_describe_constant(tn_device* device, const tn_argument* argument,
                                              tnp_slot* slot, tn_error* error) {
  bool known = true, empty = false;
  if (argument->constant != NULL) {
    TNP_TRY(tnp_described_constant(device, argument, &slot->constant, error));
    memcpy(slot->dims, slot->constant->dims, sizeof(slot->dims));
    slot->packing = slot->constant->packing;
  }
  for (int32_t i = 0; i < slot->rank; ++i) {
    known = known && slot->dims[i] != TN_DYNAMIC;
    empty = empty || slot->dims[i] == 0;
  }
  slot->dense = slot->packing == NULL;
  slot->host_data = argument->host_data;
  TNP_CHECK_AT("dims", known, TN_INVALID_ARGUMENT, "a constant whose dims are not given");
  TNP_CHECK_AT("host_data", empty || slot->constant != NULL || slot->host_data != NULL,
               TN_INVALID_ARGUMENT, "a constant without a value: give a constant or host data");
  TNP_CHECK_AT("layout", slot->constant != NULL || argument->layout <= TN_LAYOUT_ANY,
               TN_INVALID_ARGUMENT,
               "host data is strided: leave the layout to it, or to the kernel");
  return TN_OK;
}

/* Reads a DEVICE or HOST argument, and what else `forms` has. Errors name its fields ("rank"). An
 * output is DEVICE alone. */
static inline tn_status tnp_describe(tn_device* device, const tnp_forms* forms,
                                     const tn_argument* argument, tnp_slot* slot, tn_error* error) {
  tn_argument known;
  TNP_TRY(tnp_take(&known, sizeof(known), argument, NULL, error));
  const bool constant = forms != NULL && forms->constants && known.kind == TN_ARGUMENT_CONSTANT;
  const tnp_packing* packing =
      forms != NULL ? tnp_find_packing(forms->packings, forms->packing_count, known.layout) : NULL;
  TNP_CHECK_AT("kind", known.kind != TN_ARGUMENT_ABSENT, TN_INVALID_ARGUMENT, "it is absent");
  TNP_CHECK_AT("kind",
               known.kind == TN_ARGUMENT_DEVICE || known.kind == TN_ARGUMENT_HOST || constant,
               TN_UNSUPPORTED, "argument kind %d: give a tensor at launch", (int)known.kind);
  TNP_CHECK_AT("dtype", tn_dtype_bits(known.dtype) >= 8, TN_UNSUPPORTED,
               "element type %d is not known here", known.dtype);
  TNP_CHECK_AT("rank", known.rank >= 0 && known.rank <= TN_MAX_RANK, TN_INVALID_ARGUMENT,
               "rank %d: give 0 to %d", known.rank, TN_MAX_RANK);
  TNP_CHECK_AT("flags", (known.flags & ~(uint32_t)TN_ARGUMENT_DENSE) == 0, TN_UNSUPPORTED,
               "argument flags 0x%x are not known here",
               known.flags & ~(uint32_t)TN_ARGUMENT_DENSE);
  TNP_CHECK_AT("alignment", (known.alignment & (known.alignment - 1)) == 0, TN_INVALID_ARGUMENT,
               "alignment %u: give a power of two", known.alignment);
  TNP_CHECK_AT("layout", known.layout <= TN_LAYOUT_ANY || packing != NULL, TN_INVALID_ARGUMENT,
               "layout %llu is no token of this device", (unsigned long long)known.layout);
  TNP_CHECK_AT("layout", packing == NULL || tnp_can_pack(known.dtype, known.rank),
               TN_INVALID_ARGUMENT, "a packed tensor of rank %d: it has at least 2 dims",
               known.rank);
  TNP_CHECK_AT("layout", packing == NULL || known.kind != TN_ARGUMENT_HOST, TN_INVALID_ARGUMENT,
               "host values are strided: leave the layout 0");
  TNP_CHECK_AT("strides", known.layout == TN_LAYOUT_STRIDED || known.strides == NULL,
               TN_INVALID_ARGUMENT, "strides and a layout: give one of them");
  *slot = (tnp_slot){.kind = known.kind,
                     .dtype = known.dtype,
                     .rank = known.rank,
                     .alias = known.alias,
                     .layout = known.layout,
                     .alignment = known.alignment,
                     .packing = packing};
  slot->dense = (known.flags & TN_ARGUMENT_DENSE) != 0 || known.layout == TN_LAYOUT_ANY;
  for (int32_t i = 0; i < known.rank; ++i) {
    slot->dims[i] = known.dims != NULL ? known.dims[i] : TN_DYNAMIC;
    slot->strides[i] = known.strides != NULL ? known.strides[i] : TN_DYNAMIC;
    TNP_CHECK_AT("dims", slot->dims[i] >= 0 || slot->dims[i] == TN_DYNAMIC, TN_INVALID_ARGUMENT,
                 "dim %d is %lld: give 0 or more, or TN_DYNAMIC", i, (long long)slot->dims[i]);
  }
  return constant ? tnp_describe_constant(device, &known, slot, error) : TN_OK;
}

/* What TN_LAYOUT_ANY of the argument stands for, where the kernel prefers it packed. Else it is
 * dense. */
static inline void tnp_choose_packing(tnp_slot* slot, const tnp_packing* packing) {
  if (slot->layout != TN_LAYOUT_ANY || slot->constant != NULL) return;
  if (!tnp_can_pack(slot->dtype, slot->rank)) return;
  slot->packing = packing;
  slot->dense = false;
}

/* Asks for those of the TN_REQUIRES_* in `wanted` (dims, strides, dense, no alias, aligned) that
 * the description does not give. True when it gives all; else the answer is TN_NEEDS_STATIC. */
static inline bool tnp_require(tnp_slot* slot, uint32_t wanted, uint32_t alignment) {
  const bool device = slot->kind == TN_ARGUMENT_DEVICE;
  bool static_dims = true, dense = true, strides = true;
  int64_t step = 1;
  for (int32_t i = slot->rank; i-- > 0;) {
    static_dims = static_dims && slot->dims[i] != TN_DYNAMIC;
    strides = strides && slot->strides[i] != TN_DYNAMIC;
    dense = dense && (slot->dims[i] == 1 || slot->strides[i] == step);
    /* Unsigned: a dim that is not known, and dims too large, may wrap. */
    step = (int64_t)((uint64_t)step * (uint64_t)slot->dims[i]);
  }
  /* Strides of unknown dims say nothing. */
  dense = slot->dense || slot->packing != NULL || !device || slot->rank == 0 ||
          (static_dims && strides && dense);
  uint32_t missing = 0;
  if (!static_dims) missing |= TN_REQUIRES_STATIC_DIMS;
  if (!strides && !dense) missing |= TN_REQUIRES_STATIC_STRIDES;
  if (!dense) missing |= TN_REQUIRES_DENSE;
  if (slot->alias != 0) missing |= TN_REQUIRES_NO_ALIAS;
  if (device && slot->alignment < alignment) missing |= TN_REQUIRES_ALIGNED;
  slot->requirements |= missing & wanted;
  if ((slot->requirements & TN_REQUIRES_ALIGNED) != 0) slot->needed_alignment = alignment;
  return (missing & wanted) == 0;
}

/* A kernel, as described. */
enum { TNP_MAX_INPUTS = 8, TNP_MAX_OUTPUTS = 4 };
typedef struct tnp_signature {
  int op;         /* Row of the table. */
  uint32_t flags; /* Of the description: TN_KERNEL_*. */
  size_t input_count, output_count;
  tnp_slot inputs[TNP_MAX_INPUTS], outputs[TNP_MAX_OUTPUTS];
} tnp_signature;

/* A list of element types for one type constraint, and a row of the static table of operators with
 * such a list: TNP_TYPES(kNumbers, "T", TN_FLOAT32, TN_INT32); TNP_TYPES_OF_TWO: the same list for
 * two constraints (Cast's T1 and T2). Of a constraint that is not listed a device takes all types.
 */
#define TNP_TYPES(list, constraint, ...)                 \
  static const tn_dtype list##_dtypes[] = {__VA_ARGS__}; \
  static const tn_type_list list[] = {                   \
      {constraint, list##_dtypes, sizeof(list##_dtypes) / sizeof(list##_dtypes[0])}}
#define TNP_TYPES_OF_TWO(list, first, second, ...)                              \
  static const tn_dtype list##_dtypes[] = {__VA_ARGS__};                        \
  static const tn_type_list list[] = {                                          \
      {first, list##_dtypes, sizeof(list##_dtypes) / sizeof(list##_dtypes[0])}, \
      {second, list##_dtypes, sizeof(list##_dtypes) / sizeof(list##_dtypes[0])}}
#define TNP_OPERATOR(domain, name, version, list) \
  TNP_OPERATOR_REVISION(domain, name, version, 0, list)
/* The same for a domain whose contracts have revisions: "tenon". Hosts take their own alone. */
#define TNP_OPERATOR_REVISION(domain, name, version, revision, list)       \
  {sizeof(tn_operator_entry),       domain, name, version, revision, list, \
   sizeof(list) / sizeof((list)[0])}

/* Reads an attribute: one of the lists that its type names, with `count` values. Errors name its
 * fields ("type"). */
static inline tn_status tnp_check_attribute(const tn_attribute* given, tn_attribute* out,
                                            tn_error* error) {
  TNP_TRY(tnp_take(out, sizeof(*out), given, NULL, error));
  const void* lists[] = {out->floats, out->ints, out->strings, out->tensors, out->graphs};
  const bool single = out->type < TN_ATTRIBUTE_FLOATS;
  TNP_CHECK_AT("name", out->name != NULL, TN_INVALID_ARGUMENT, "an attribute has no name");
  TNP_ZERO(out->reserved, "reserved");
  TNP_CHECK_AT("type", out->type >= TN_ATTRIBUTE_FLOAT && out->type <= TN_ATTRIBUTE_GRAPHS,
               TN_UNSUPPORTED, "attribute '%s' has type %d, which is not known here", out->name,
               out->type);
  TNP_CHECK_AT("count", !single || out->count == 1, TN_INVALID_ARGUMENT,
               "attribute '%s' has count %zu, not 1", out->name, out->count);
  TNP_CHECK(out->count == 0 || lists[(out->type - TN_ATTRIBUTE_FLOAT) % 5] != NULL,
            TN_INVALID_ARGUMENT, "attribute '%s' has no value", out->name);
  return TN_OK;
}

/* Attribute `i` of a description. */
static inline tn_status tnp_attribute(const tn_kernel_desc* desc, size_t i, tn_attribute* out,
                                      tn_error* error) {
  TNP_CHECK_AT("desc->attributes", desc->attributes != NULL, TN_INVALID_ARGUMENT,
               "attributes is NULL, but there are %zu", desc->attribute_count);
  return tnp_within(error, tnp_check_attribute(desc->attributes[i], out, error), "desc->attributes",
                    i);
}

/* Reads the integer `name` into `*value`, which stays as it is where it is not given. */
static inline tn_status tnp_int_attribute(const tn_kernel_desc* desc, const char* name,
                                          int64_t* value, tn_error* error) {
  for (size_t i = 0; i < desc->attribute_count; ++i) {
    tn_attribute known;
    TNP_TRY(tnp_attribute(desc, i, &known, error));
    if (strcmp(known.name, name) != 0) continue;
    TNP_CHECK_AT("desc->attributes", known.type == TN_ATTRIBUTE_INT, TN_INVALID_ARGUMENT,
                 "%s: attribute '%s' must be an integer", desc->name, name);
    *value = *known.ints;
  }
  return TN_OK;
}

/* Refuses attributes with other names than these. */
static inline tn_status tnp_only_attributes(const tn_kernel_desc* desc, const char* const* names,
                                            size_t count, tn_error* error) {
  for (size_t i = 0; i < desc->attribute_count; ++i) {
    tn_attribute known;
    TNP_TRY(tnp_attribute(desc, i, &known, error));
    size_t n = 0;
    while (n < count && strcmp(known.name, names[n]) != 0) ++n;
    TNP_CHECK_AT("desc->attributes", n < count, TN_INVALID_ARGUMENT,
                 "%s: attribute '%s' is unknown", desc->name, known.name);
  }
  return TN_OK;
}

/* The row of the table that a description names, or -1 with an error in `error`. */
static inline int tnp_find_operator(const tn_operator_entry* table, size_t count,
                                    const tn_kernel_desc* desc, tn_error* error) {
  const char* domain = desc->domain != NULL ? desc->domain : "";
  const char* name = desc->name != NULL ? desc->name : "";
  for (size_t i = 0; i < count; ++i)
    if (strcmp(table[i].name, name) == 0 && strcmp(table[i].domain, domain) == 0 &&
        table[i].version == desc->version)
      return (int)i;
  tnp_fail(error, TN_UNSUPPORTED, "no operator '%s' of domain '%s', version %d: see the table",
           name, domain, desc->version);
  return -1;
}

/* Whether the row has that element type for its first constraint. */
static inline bool tnp_has_dtype(const tn_operator_entry* entry, tn_dtype dtype) {
  for (size_t i = 0; entry->type_count > 0 && i < entry->types[0].count; ++i)
    if (entry->types[0].dtypes[i] == dtype) return true;
  return false;
}

/* Reads a description into `desc` and `signature` and checks what holds for every operator: that
 * the table has it, and for the types of all tensors; flags and aliases. Counts, attributes and how
 * types and dims fit together are the operator's. So is TN_KERNEL_CHECK_DATA: one that data can
 * break (an index, an integer divisor) and that does not look answers TN_UNSUPPORTED to it. */
static inline tn_status tnp_describe_kernel_in(tn_device* device, const tnp_forms* forms,
                                               const tn_operator_entry* table, size_t count,
                                               const tn_kernel_desc* given, tn_kernel_desc* desc,
                                               tnp_signature* signature, tn_error* error) {
  TNP_TRY(tnp_take(desc, sizeof(*desc), given, "desc", error));
  const int op = signature->op = tnp_find_operator(table, count, desc, error);
  if (op < 0) return TN_UNSUPPORTED;
  const uint32_t flags =
      TN_KERNEL_DETERMINISTIC | TN_KERNEL_CHECK_DATA | TN_KERNEL_FLUSH_SUBNORMALS;
  TNP_CHECK_AT("desc->flags", (desc->flags & ~flags) == 0, TN_UNSUPPORTED,
               "kernel flags 0x%x are not known here", desc->flags & ~flags);
  signature->flags = desc->flags;
  TNP_CHECK_AT("desc->math_mode",
               desc->math_mode >= TN_MATH_STRICT && desc->math_mode <= TN_MATH_BF16, TN_UNSUPPORTED,
               "math mode %d is not known here", desc->math_mode);
  TNP_ZERO(desc->reserved, "desc->reserved");
  TNP_CHECK_AT("desc->input_count",
               desc->input_count <= TNP_MAX_INPUTS && desc->output_count <= TNP_MAX_OUTPUTS,
               TN_INVALID_ARGUMENT, "%s: %zu inputs and %zu outputs are too many", desc->name,
               desc->input_count, desc->output_count);
  signature->input_count = desc->input_count;
  signature->output_count = desc->output_count;
  if (desc->input_count > 0) TNP_NEED(desc->inputs);
  if (desc->output_count > 0) TNP_NEED(desc->outputs);
  for (size_t i = 0; i < desc->input_count + desc->output_count; ++i) {
    const bool is_input = i < desc->input_count;
    const size_t o = i - desc->input_count;
    tnp_slot* slot = is_input ? &signature->inputs[i] : &signature->outputs[o];
    const char* list = is_input ? "desc->inputs" : "desc->outputs";
    const size_t at = is_input ? i : o;
    const tn_argument* argument = is_input ? desc->inputs[i] : desc->outputs[o];
    TNP_TRY(tnp_within(error, tnp_describe(device, forms, argument, slot, error), list, at));
    TNP_CHECK_AT(list, is_input || slot->kind == TN_ARGUMENT_DEVICE, TN_INVALID_ARGUMENT,
                 "%s: an output is a tensor on the device", desc->name);
    if (!tnp_has_dtype(&table[op], slot->dtype))
      return tnp_within(error,
                        tnp_fail_at(error, TN_UNSUPPORTED, "dtype", "%s of type %d: cast it first",
                                    desc->name, slot->dtype),
                        list, at);
    if (slot->alias < 0 || slot->alias > (int32_t)(is_input ? i : desc->input_count))
      return tnp_within(
          error,
          tnp_fail_at(error, TN_INVALID_ARGUMENT, "alias", "alias %d: there is no such%s input",
                      slot->alias, is_input ? " earlier" : ""),
          list, at);
  }
  return TN_OK;
}

/* The same for a device that takes strided tensors alone. */
static inline tn_status tnp_describe_kernel(const tn_operator_entry* table, size_t count,
                                            const tn_kernel_desc* given, tn_kernel_desc* desc,
                                            tnp_signature* signature, tn_error* error) {
  return tnp_describe_kernel_in(NULL, NULL, table, count, given, desc, signature, error);
}

static inline void tnp_answer_needs(const tnp_slot* slots, size_t count, tn_argument_needs* needs) {
  for (size_t i = 0; needs != NULL && i < count; ++i)
    needs[i] =
        (tn_argument_needs){slots[i].requirements, slots[i].needed_alignment,
                            slots[i].packing != NULL ? slots[i].packing->token : TN_LAYOUT_STRIDED};
}

/* A kernel that computes on the processor does so between these two: whether subnormal numbers
 * count as 0 is a setting of the thread, and its description decides that, not the thread that
 * queues. */
#if defined(__x86_64__)
static inline uint32_t tnp_enter_arithmetic(const tnp_signature* signature) {
  const uint32_t before = _mm_getcsr(), flush = 0x8040; /* FTZ and DAZ. */
  const bool flushes = (signature->flags & TN_KERNEL_FLUSH_SUBNORMALS) != 0;
  _mm_setcsr(flushes ? before | flush : before & ~flush);
  return before;
}
static inline void tnp_leave_arithmetic(uint32_t before) { _mm_setcsr(before); }
#else
static inline uint32_t tnp_enter_arithmetic(const tnp_signature* signature) {
  return (void)signature, 0;
}
static inline void tnp_leave_arithmetic(uint32_t before) { (void)before; }
#endif

/* What kernel_supports answers when the description was judged with `status`; with TN_NEEDS_STATIC
 * the slots of the signature say what to describe differently. */
static inline tn_status tnp_answer_support(const tnp_signature* signature, tn_status status,
                                           tn_kernel_support* support, tn_error* error) {
  tn_kernel_support known = {0};
  if (support == NULL) return status;
  TNP_TAKE(known, support);
  if (status == TN_OK || status == TN_NEEDS_STATIC) {
    tnp_answer_needs(signature->inputs, signature->input_count, known.inputs);
    tnp_answer_needs(signature->outputs, signature->output_count, known.outputs);
  }
  return status;
}

/* What kernel_get_info answers. */
static inline tn_status tnp_kernel_info(const tnp_signature* signature, uint64_t resident_bytes,
                                        uint32_t flags, tn_kernel_info* info, tn_error* error) {
  tn_kernel_info known = {0};
  TNP_TAKE(known, info);
  known.resident_bytes = resident_bytes;
  known.flags = flags;
  tnp_answer_needs(signature->inputs, signature->input_count, known.inputs);
  tnp_answer_needs(signature->outputs, signature->output_count, known.outputs);
  return TNP_GIVE(info, known);
}

#endif /* TENON_PLUGIN_KERNEL_H_ */

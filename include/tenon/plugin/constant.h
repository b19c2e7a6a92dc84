/* SPDX-License-Identifier: Apache-2.0
 *
 * Constants: values that never change, in the form that kernels want. See tenon_plugin.h.
 */
#ifndef TENON_PLUGIN_CONSTANT_H_
#define TENON_PLUGIN_CONSTANT_H_

#include <stdatomic.h>

#include "tenon/plugin/layout.h"

/* What a host knows as a tn_constant (the first word is the loader's table, so that one may be cast
 * to the other), counted: kernels and queued work that use it have a reference each. Where the
 * value lies is the plugin's, and so is giving it back. */
typedef struct tnp_constant {
  const tn_dispatch* dispatch;
  tn_device* device;
  atomic_long references;
  tn_dtype dtype;
  int32_t rank;
  int64_t dims[TN_MAX_RANK];
  const tnp_packing* packing; /* NULL: dense row-major. */
  uint64_t bytes;             /* Of the whole form. */
  void* memory;               /* The plugin's. */
} tnp_constant;

/* A constant with one reference and no memory yet. */
static inline tn_status tnp_constant_new(const tn_dispatch* dispatch, tn_device* device,
                                         const tnp_packing* packings, size_t packing_count,
                                         tn_layout layout, tn_dtype dtype, int32_t rank,
                                         const int64_t* dims, tnp_constant** constant,
                                         tn_error* error) {
  uint64_t bytes = 0;
  TNP_CLEAR(constant);
  TNP_TRY(tnp_layout_size(packings, packing_count, layout, dtype, rank, dims, &bytes, error));
  TNP_CHECK_AT("dtype", tn_dtype_bits(dtype) >= 8, TN_UNSUPPORTED,
               "element type %d: constants here have elements of whole bytes", dtype);
  TNP_NEW(constant);
  tnp_constant* made = *constant;
  made->dispatch = dispatch;
  made->device = device;
  atomic_init(&made->references, 1);
  made->dtype = dtype;
  made->rank = rank;
  if (rank > 0) memcpy(made->dims, dims, sizeof(dims[0]) * (size_t)rank);
  made->packing = tnp_find_packing(packings, packing_count, layout);
  made->bytes = bytes;
  return TN_OK;
}

static inline void tnp_constant_keep(tnp_constant* constant) {
  atomic_fetch_add(&constant->references, 1);
}

/* True for the last reference: the caller gives the memory back, and free()s the constant. */
static inline bool tnp_constant_drop(tnp_constant* constant) {
  return atomic_fetch_sub(&constant->references, 1) == 1;
}

/* What constant_get_info answers. */
static inline tn_status tnp_constant_info(const tnp_constant* constant, tn_constant_info* info,
                                          tn_error* error) {
  tn_constant_info known = {0};
  known.resident_bytes = constant->bytes;
  known.layout = constant->packing != NULL ? constant->packing->token : TN_LAYOUT_STRIDED;
  known.dtype = constant->dtype;
  known.rank = constant->rank;
  memcpy(known.dims, constant->dims, sizeof(known.dims));
  return TNP_GIVE(info, known);
}

/* The constant that a description names, of this device. */
static inline tn_status tnp_described_constant(tn_device* device, const tn_argument* argument,
                                               const tnp_constant** constant, tn_error* error) {
  const tnp_constant* known = (const tnp_constant*)(void*)argument->constant;
  TNP_CHECK_AT("host_data", argument->host_data == NULL, TN_INVALID_ARGUMENT,
               "it has both a constant and host data: give one");
  TNP_CHECK_AT("constant", known->device == device, TN_INVALID_ARGUMENT,
               "a constant of another device");
  TNP_CHECK_AT("constant", known->dtype == argument->dtype && known->rank == argument->rank,
               TN_INVALID_ARGUMENT, "it is described with another type or rank than its constant");
  for (int32_t i = 0; argument->dims != NULL && i < known->rank; ++i)
    TNP_CHECK_AT("dims", argument->dims[i] == TN_DYNAMIC || argument->dims[i] == known->dims[i],
                 TN_INVALID_ARGUMENT, "dim %d is %lld, and the constant's %lld", i,
                 (long long)argument->dims[i], (long long)known->dims[i]);
  const tn_layout layout = known->packing != NULL ? known->packing->token : TN_LAYOUT_STRIDED;
  TNP_CHECK_AT("layout", argument->layout == layout || argument->layout == TN_LAYOUT_ANY,
               TN_INVALID_ARGUMENT, "it is described with another layout than its constant");
  *constant = known;
  return TN_OK;
}

#endif /* TENON_PLUGIN_CONSTANT_H_ */

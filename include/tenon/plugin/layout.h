/* SPDX-License-Identifier: Apache-2.0
 *
 * Packed tensors: a layout token for channels last, filled up to whole blocks. See tenon_plugin.h.
 */
#ifndef TENON_PLUGIN_LAYOUT_H_
#define TENON_PLUGIN_LAYOUT_H_

#include "tenon/plugin/error.h"

/* A tensor of dims [N, C, ...] lies as [N, ..., C'] where C' is C filled up to a multiple of
 * `block`, with zeros. Matrices are such tensors, too. Those of less than 2 dims, or of elements
 * that are no whole bytes, have no such form. With block 1 it is plain NHWC. */
typedef struct tnp_packing {
  tn_layout token; /* At least TN_LAYOUT_FIRST_TOKEN. */
  int64_t block;
} tnp_packing;

static inline bool tnp_can_pack(tn_dtype dtype, int32_t rank) {
  return rank >= 2 && rank <= TN_MAX_RANK && tn_dtype_bits(dtype) >= 8;
}

/* The packing of that token, or NULL. */
static inline const tnp_packing* tnp_find_packing(const tnp_packing* packings, size_t count,
                                                  tn_layout layout) {
  for (size_t i = 0; i < count; ++i)
    if (packings[i].token == layout) return &packings[i];
  return NULL;
}

static inline int64_t tnp_packed_channels(const tnp_packing* packing, int64_t channels) {
  return (channels + packing->block - 1) / packing->block * packing->block;
}

/* The strides of a packed tensor, in elements, of known dims. */
static inline void tnp_packed_strides(const tnp_packing* packing, int32_t rank, const int64_t* dims,
                                      int64_t* strides) {
  int64_t step = tnp_packed_channels(packing, dims[1]);
  strides[1] = 1;
  for (int32_t i = rank; i-- > 0;) {
    if (i == 1) continue;
    strides[i] = step;
    step *= dims[i];
  }
}

/* The bytes of a dense row-major tensor. */
static inline tn_status tnp_strided_size(tn_device* device, tn_layout layout, tn_dtype dtype,
                                         int32_t rank, const int64_t* dims, uint64_t* size,
                                         tn_error* error) {
  uint64_t bits = tn_dtype_bits(dtype);
  (void)device;
  TNP_NEED(size);
  if (rank > 0) TNP_NEED(dims);
  TNP_CHECK_AT("dtype", bits != 0, TN_UNSUPPORTED, "element type %d is not known here", dtype);
  TNP_CHECK_AT("layout", layout == TN_LAYOUT_STRIDED, TN_INVALID_ARGUMENT,
               "layout %llu is no token of this device", (unsigned long long)layout);
  TNP_CHECK_AT("rank", rank >= 0 && rank <= TN_MAX_RANK, TN_INVALID_ARGUMENT,
               "rank %d: give 0 to %d", rank, TN_MAX_RANK);
  for (int32_t i = 0; i < rank; ++i) {
    TNP_CHECK_AT("dims",
                 dims[i] >= 0 && (dims[i] == 0 || bits <= (uint64_t)INT64_MAX / (uint64_t)dims[i]),
                 TN_OUT_OF_RANGE, "dim %d is %lld: negative or too large", i, (long long)dims[i]);
    bits *= (uint64_t)dims[i];
  }
  *size = (bits + 7) / 8;
  return TN_OK;
}

/* The layout_size of a device with these packings. */
static inline tn_status tnp_layout_size(const tnp_packing* packings, size_t count, tn_layout layout,
                                        tn_dtype dtype, int32_t rank, const int64_t* dims,
                                        uint64_t* size, tn_error* error) {
  const tnp_packing* packing = tnp_find_packing(packings, count, layout);
  int64_t filled[TN_MAX_RANK];
  if (packing == NULL) return tnp_strided_size(NULL, layout, dtype, rank, dims, size, error);
  TNP_NEED(dims);
  TNP_CHECK_AT(
      "layout", tnp_can_pack(dtype, rank), TN_INVALID_ARGUMENT,
      "rank %d, element type %d: packed tensors have channels, and elements of whole bytes", rank,
      dtype);
  memcpy(filled, dims, sizeof(filled[0]) * (size_t)rank);
  TNP_CHECK_AT("dims", dims[1] <= INT64_MAX - packing->block, TN_OUT_OF_RANGE,
               "dim 1 is %lld: too large", (long long)dims[1]);
  if (dims[1] >= 0) filled[1] = tnp_packed_channels(packing, dims[1]);
  return tnp_strided_size(NULL, TN_LAYOUT_STRIDED, dtype, rank, filled, size, error);
}

#endif /* TENON_PLUGIN_LAYOUT_H_ */

// SPDX-License-Identifier: Apache-2.0
//
// What plugins/gpu_common/kernels are written in, for CUDA: goes in front of portable.h.
#pragma once

namespace tenon::cuda {

inline constexpr char kDialect[] = R"cuda(
typedef signed char schar;
typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;  // NVRTC's host is Linux: 64 bits.

#define KERNEL(name) extern "C" __global__ void name
#define DEVICE static __device__ inline
#define INLINE static __device__ __forceinline__
#define CONSTANT static __constant__ const
#define GLOBAL
#define LOCAL
#define LOCAL_ARRAY(T, name, n) __shared__ T name[n]
#define BARRIER() __syncthreads()
#define RESTRICT __restrict__
#define UNROLL _Pragma("unroll")

#define OF_DIMENSION(v, d) ((d) == 0 ? v.x : (d) == 1 ? v.y : v.z)
#define LOCAL_ID(d) OF_DIMENSION(threadIdx, d)
#define GROUP_ID(d) OF_DIMENSION(blockIdx, d)
#define LOCAL_SIZE(d) OF_DIMENSION(blockDim, d)
#define GROUPS(d) OF_DIMENSION(gridDim, d)
#define GLOBAL_ID(d) (GROUP_ID(d) * LOCAL_SIZE(d) + LOCAL_ID(d))

#define RAISE(fault, code) ((void)((fault) != nullptr && atomicCAS(fault, 0, code)))
#define ATOMIC_ADD_INT(p, v) atomicAdd(p, v)
#define ATOMIC_ADD_FLOAT(p, v) atomicAdd(p, v)
#define ATOMIC_CAS_INT(p, old, value) atomicCAS(p, old, value)

template <class To, class From>
DEVICE To same_bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "as_*: the sizes differ");
  To to;
  memcpy(&to, &from, sizeof(to));
  return to;
}
#define as_int(x) same_bits<int>(x)
#define as_uint(x) same_bits<uint>(x)
#define as_float(x) same_bits<float>(x)
#define as_long(x) same_bits<long>(x)
#define as_ulong(x) same_bits<ulong>(x)
#define as_double(x) same_bits<double>(x)
#define mul_hi(a, b) __umulhi(a, b)

#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fc00000)
)cuda";

}  // namespace tenon::cuda

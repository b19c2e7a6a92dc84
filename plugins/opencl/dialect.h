// SPDX-License-Identifier: Apache-2.0
//
// What plugins/gpu_common/kernels are written in, for OpenCL C 1.2: goes in front of portable.h.
#pragma once

namespace tenon::opencl {

inline constexpr char kDialect[] = R"cl(
#ifdef TENON_FLOAT64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif
#define KERNEL(name) __kernel void name
#define GLOBAL __global
#define LOCAL __local
#define CONSTANT __constant
#define DEVICE static inline
#define INLINE static inline
#define RESTRICT restrict
#define UNROLL _Pragma("unroll")
#define LOCAL_ARRAY(T, name, n) __local T name[n]
#define BARRIER() barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#define GLOBAL_ID(d) ((uint)get_global_id(d))
#define LOCAL_ID(d) ((uint)get_local_id(d))
#define GROUP_ID(d) ((uint)get_group_id(d))
#define LOCAL_SIZE(d) ((uint)get_local_size(d))
#define GROUPS(d) ((uint)get_num_groups(d))
#define RAISE(f, code) \
  do { \
    if (f) atomic_cmpxchg((volatile __global int*)(f), 0, (code)); \
  } while (0)
#define ATOMIC_ADD_INT(p, v) atomic_add((volatile __global int*)(p), (v))
#define ATOMIC_CAS_INT(p, old, new) atomic_cmpxchg((volatile __global int*)(p), (old), (new))
#define ATOMIC_ADD_FLOAT(p, v) atomic_add_float((volatile __global uint*)(p), (v))
typedef char schar;

static inline float atomic_add_float(volatile __global uint* p, float v) {
  uint seen = *p;
  for (;;) {
    const uint old = atomic_cmpxchg(p, seen, as_uint(as_float(seen) + v));
    if (old == seen) return as_float(old);
    seen = old;
  }
}
)cl";

}  // namespace tenon::opencl

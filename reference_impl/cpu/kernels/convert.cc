// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/convert.h"

#include <array>
#include <cstring>

#include "reference_impl/cpu/kernels/convert_value.h"
#include "reference_impl/cpu/kernels/small_float.h"
#include "reference_impl/cpu/kernels/strided_copy.h"

namespace tenon::cpu {
namespace {

// Pairs of these have a loop of their own; there are 81 of them. Others are too rare for that.
constexpr uint64_t kCommonTypes = kFloatTypes | kBoolType | dtype_bit(TN_INT64) |
                                  dtype_bit(TN_INT32) | dtype_bit(TN_INT8) | dtype_bit(TN_UINT8);

template <class To, class From>
void convert_common(const ConvertRun& run, tn_dtype, tn_dtype) {
  To* dst = reinterpret_cast<To*>(run.dst) + run.dst_offset;
  const From* src = reinterpret_cast<const From*>(run.src) + run.src_offset;
  if (run.dst_stride == 1 && run.src_stride == 1) {
    for (int64_t i = 0; i < run.size; ++i) dst[i] = convert_value<To>(src[i]);
  } else {
    for (int64_t i = 0; i < run.size; ++i) {
      dst[i * run.dst_stride] = convert_value<To>(src[i * run.src_stride]);
    }
  }
}

// ---- By way of a wide type: int64_t, uint64_t or double ----

template <class Wide>
using Chunk = std::array<Wide, 256>;

bool is_complex(tn_dtype dtype) { return element_type(dtype).kind == ElementKind::kComplex; }
// What conversions read and write of an element: of a complex number one half.
tn_dtype part_of(tn_dtype dtype) { return is_complex(dtype) ? element_type(dtype).part : dtype; }

// Of elements below a byte.
template <class Wide, int kBits>
Wide number_of(tn_dtype dtype, uint8_t bits) {
  constexpr int kSign = 1 << (kBits - 1);
  if (is_small_float(dtype)) return convert_value<Wide>(decode_small(dtype, bits));
  if (element_type(dtype).kind == ElementKind::kSigned)
    return static_cast<Wide>(static_cast<int>(bits ^ kSign) - kSign);
  return static_cast<Wide>(bits);
}

template <class Wide>
uint8_t bits_of(tn_dtype dtype, Wide value) {
  if (is_small_float(dtype)) {
    return encode_small(dtype, round_to_odd(static_cast<double>(value)), true);
  }
  return static_cast<uint8_t>(convert_value<int32_t>(value));
}

template <class Wide, int kBits>
void read_packed(const ConvertRun& run, tn_dtype dtype, int64_t start, int64_t count,
                 Chunk<Wide>& chunk) {
  for (int64_t i = 0; i < count; ++i) {
    chunk[static_cast<size_t>(i)] =
        number_of<Wide, kBits>(dtype, get_packed<kBits>(run.src, start + i * run.src_stride));
  }
}

template <class Wide, int kBits>
void write_packed(const ConvertRun& run, tn_dtype dtype, int64_t start, int64_t count,
                  const Chunk<Wide>& chunk) {
  for (int64_t i = 0; i < count; ++i) {
    set_packed<kBits>(run.dst, start + i * run.dst_stride,
                      bits_of(dtype, chunk[static_cast<size_t>(i)]));
  }
}

template <class Wide>
void read_chunk(const ConvertRun& run, tn_dtype dtype, int64_t first, int64_t count,
                Chunk<Wide>& chunk) {
  const int64_t start = run.src_offset + first * run.src_stride;
  if (tn_dtype_bits(dtype) == 2) {
    read_packed<Wide, 2>(run, dtype, start, count, chunk);
  } else if (tn_dtype_bits(dtype) == 4) {
    read_packed<Wide, 4>(run, dtype, start, count, chunk);
  } else if (is_small_float(dtype)) {
    const auto* src = reinterpret_cast<const uint8_t*>(run.src);
    for (int64_t i = 0; i < count; ++i) {
      chunk[static_cast<size_t>(i)] =
          convert_value<Wide>(decode_small(dtype, src[start + i * run.src_stride]));
    }
  } else {
    const int64_t parts = is_complex(dtype) ? 2 : 1;  // The real part comes first.
    visit_dtype<kComputedTypes>("Cast", part_of(dtype), [&](auto type) {
      using From = typename decltype(type)::type;
      const auto* src = reinterpret_cast<const From*>(run.src);
      for (int64_t i = 0; i < count; ++i) {
        chunk[static_cast<size_t>(i)] =
            convert_value<Wide>(src[(start + i * run.src_stride) * parts]);
      }
    });
  }
}

template <class Wide>
void write_chunk(const ConvertRun& run, tn_dtype dtype, int64_t first, int64_t count,
                 const Chunk<Wide>& chunk) {
  const int64_t start = run.dst_offset + first * run.dst_stride;
  if (tn_dtype_bits(dtype) == 2) {
    write_packed<Wide, 2>(run, dtype, start, count, chunk);
  } else if (tn_dtype_bits(dtype) == 4) {
    write_packed<Wide, 4>(run, dtype, start, count, chunk);
  } else if (is_small_float(dtype)) {
    auto* dst = reinterpret_cast<uint8_t*>(run.dst);
    for (int64_t i = 0; i < count; ++i) {
      const double value = static_cast<double>(chunk[static_cast<size_t>(i)]);
      dst[start + i * run.dst_stride] = encode_small(dtype, round_to_odd(value), run.saturate);
    }
  } else {
    const int64_t parts = is_complex(dtype) ? 2 : 1;
    visit_dtype<kComputedTypes>("Cast", part_of(dtype), [&](auto type) {
      using To = typename decltype(type)::type;
      auto* dst = reinterpret_cast<To*>(run.dst);
      for (int64_t i = 0; i < count; ++i) {
        To* element = dst + (start + i * run.dst_stride) * parts;
        element[0] = convert_value<To>(chunk[static_cast<size_t>(i)]);
        if (parts == 2) element[1] = To{};
      }
    });
  }
}

template <class Wide>
void convert_wide(const ConvertRun& run, tn_dtype to, tn_dtype from) {
  Chunk<Wide> chunk;
  for (int64_t first = 0; first < run.size; first += static_cast<int64_t>(chunk.size())) {
    const int64_t count = std::min<int64_t>(run.size - first, chunk.size());
    read_chunk(run, from, first, count, chunk);
    write_chunk(run, to, first, count, chunk);
  }
}

// Between the complex types, and to bool, the imaginary part counts too.
template <class From>
void convert_complex(const ConvertRun& run, tn_dtype to, tn_dtype) {
  const auto* src = reinterpret_cast<const From*>(run.src);
  for (int64_t i = 0; i < run.size; ++i) {
    const From* from = src + 2 * (run.src_offset + i * run.src_stride);
    const int64_t at = run.dst_offset + i * run.dst_stride;
    if (to == TN_BOOL) {
      reinterpret_cast<bool*>(run.dst)[at] = from[0] != 0 || from[1] != 0;
    } else if (to == TN_COMPLEX64) {
      auto* dst = reinterpret_cast<float*>(run.dst) + 2 * at;
      dst[0] = static_cast<float>(from[0]);
      dst[1] = static_cast<float>(from[1]);
    } else {
      auto* dst = reinterpret_cast<double*>(run.dst) + 2 * at;
      dst[0] = from[0];
      dst[1] = from[1];
    }
  }
}

bool is_integer(tn_dtype dtype) {
  const ElementKind kind = element_type(dtype).kind;
  return kind != ElementKind::kFloat && kind != ElementKind::kComplex;
}

}  // namespace

Convert find_convert(tn_dtype to, tn_dtype from) {
  if (is_complex(from) && (is_complex(to) || to == TN_BOOL)) {
    return from == TN_COMPLEX64 ? convert_complex<float> : convert_complex<double>;
  }
  if ((kCommonTypes >> to & kCommonTypes >> from & 1) != 0) {
    return visit_dtype<kCommonTypes>("Cast", to, [&](auto to_type) -> Convert {
      return visit_dtype<kCommonTypes>("Cast", from, [](auto from_type) -> Convert {
        return convert_common<typename decltype(to_type)::type, typename decltype(from_type)::type>;
      });
    });
  }
  // The wide type holds every value of `from`; among integers uint64 may wrap, it wraps back.
  if (from == TN_UINT64 && !is_integer(to)) return convert_wide<uint64_t>;
  return is_integer(from) ? convert_wide<int64_t> : convert_wide<double>;
}

}  // namespace tenon::cpu

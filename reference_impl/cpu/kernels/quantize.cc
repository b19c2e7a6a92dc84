// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/quantize.h"

#include "reference_impl/cpu/kernels/simd.h"

namespace tenon::cpu {
namespace {

constexpr int64_t kPart = 256;

bool is_whole(tn_dtype dtype) {
  const ElementKind kind = element_type(dtype).kind;
  return kind == ElementKind::kSigned || kind == ElementKind::kUnsigned;
}

// Numbers beside elements: one for all, or one each.
template <class C>
struct Beside {
  C values[kPart];
  bool single = true;

  void read(const View& view, const ScaleRun& run, size_t k) {
    if (!view.present()) {
      values[0] = {};
      return;
    }
    single = run.step[k] == 0;
    read_numbers(view, run.at[k], run.step[k], single ? 1 : run.size, values);
  }
  int64_t count(const ScaleRun& run) const { return single ? 1 : run.size; }
};

template <class C>
struct Divide {
  TENON_INLINE static void body(C* q, const C* by, bool single, int64_t count) {
    if (single) {
      for (int64_t i = 0; i < count; ++i) q[i] /= by[0];
    } else {
      for (int64_t i = 0; i < count; ++i) q[i] /= by[i];
    }
  }
};

template <class C>
struct Saturate {
  TENON_INLINE static void body(int32_t* y, const C* q, const int32_t* zero, bool single,
                                IntegerRange range, int64_t count) {
    if (single) {
      for (int64_t i = 0; i < count; ++i) y[i] = saturated(q[i], zero[0], range);
    } else {
      for (int64_t i = 0; i < count; ++i) y[i] = saturated(q[i], zero[i], range);
    }
  }
};

struct Scale {
  TENON_INLINE static void body(float* y, const float* by, bool single, int64_t count) {
    if (single) {
      for (int64_t i = 0; i < count; ++i) y[i] *= by[0];
    } else {
      for (int64_t i = 0; i < count; ++i) y[i] *= by[i];
    }
  }
};

template <class Half>
void round_numbers(float* x, int64_t count) {
  for (int64_t i = 0; i < count; ++i) x[i] = load(store<Half>(x[i]));
}
void round_to(tn_dtype dtype, float* x, int64_t count) {
  if (dtype == TN_FLOAT16) round_numbers<Float16>(x, count);
  if (dtype == TN_BFLOAT16) round_numbers<BFloat16>(x, count);
}
void round_to(tn_dtype, double*, int64_t) {}

template <class C>
void quantize_part(const QuantizeRule& rule, const View& x, const View& y, const View& scale,
                   const View& zero, const ScaleRun& run) {
  static const auto divide = SimdLoop<Divide<C>, false, C*, const C*, bool, int64_t>::select();
  C q[kPart];
  Beside<C> by;
  read_numbers(x, run.at[0], run.step[0], run.size, q);
  by.read(scale, run, 2);
  round_to(rule.quotient, q, run.size);
  round_to(rule.quotient, by.values, by.count(run));
  divide(q, by.values, by.single, run.size);
  round_to(rule.quotient, q, run.size);
  if (is_whole(y.dtype)) {
    static const auto saturate = SimdLoop<Saturate<C>, false, int32_t*, const C*, const int32_t*,
                                          bool, IntegerRange, int64_t>::select();
    Beside<int32_t> zeros;
    int32_t whole[kPart];
    zeros.read(zero, run, 3);
    saturate(whole, q, zeros.values, zeros.single, range_of(y.dtype), run.size);
    return write_numbers(y, run.at[1], run.step[1], run.size, whole);
  }
  if (zero.present()) {
    Beside<C> zeros;
    zeros.read(zero, run, 3);
    // Adding 0 would take the sign of -0.
    for (int64_t i = 0; i < run.size; ++i) {
      const C by_zero = zeros.values[zeros.single ? 0 : i];
      q[i] = by_zero != 0 ? q[i] + by_zero : q[i];
    }
  }
  write_numbers(y, run.at[1], run.step[1], run.size, q, rule.saturate);
}

template <class Part>
void in_parts(const ScaleRun& run, Part&& part) {
  for (int64_t done = 0; done < run.size; done += kPart)
    part(run.part(done, std::min(kPart, run.size - done)));
}

}  // namespace

void quantize(const QuantizeRule& rule, const View& x, const View& y, const View& scale,
              const View& zero, const ScaleRun& run) {
  in_parts(run, [&](const ScaleRun& part) {
    if (rule.quotient == TN_DTYPE_UNDEFINED) {
      quantize_part<double>(rule, x, y, scale, zero, part);
    } else {
      quantize_part<float>(rule, x, y, scale, zero, part);
    }
  });
}

void dequantize(const View& x, const View& y, const View& scale, const View& zero,
                const ScaleRun& run) {
  static const auto multiply =
      SimdLoop<Scale, false, float*, const float*, bool, int64_t>::select();
  in_parts(run, [&](const ScaleRun& part) {
    float values[kPart];
    if (is_whole(x.dtype)) {
      int32_t whole[kPart];
      Beside<int32_t> zeros;
      read_numbers(x, part.at[0], part.step[0], part.size, whole);
      zeros.read(zero, part, 3);
      for (int64_t i = 0; i < part.size; ++i) {
        const auto from = static_cast<uint32_t>(zeros.values[zeros.single ? 0 : i]);
        values[i] =
            static_cast<float>(static_cast<int32_t>(static_cast<uint32_t>(whole[i]) - from));
      }
    } else {
      Beside<float> zeros;
      read_numbers(x, part.at[0], part.step[0], part.size, values);
      zeros.read(zero, part, 3);
      for (int64_t i = 0; i < part.size; ++i) {
        const float from = zeros.values[zeros.single ? 0 : i];
        values[i] = from != 0 ? values[i] - from : values[i];
      }
    }
    Beside<float> by;
    by.read(scale, part, 2);
    multiply(values, by.values, by.single, part.size);
    write_numbers(y, part.at[1], part.step[1], part.size, values);
  });
}

void Rescale::store(const View& y, int64_t at, int64_t step, int64_t count, const float* sums,
                    const float* factors) const {
  constexpr int64_t kMost = 16;
  if (is_whole(y.dtype)) {
    int32_t whole[kMost];
    const IntegerRange range = range_of(y.dtype);
    for (int64_t j = 0; j < count; ++j) whole[j] = saturated(sums[j] * factors[j], zero, range);
    return write_numbers(y, at, step, count, whole);
  }
  float values[kMost];
  for (int64_t j = 0; j < count; ++j) values[j] = sums[j] * factors[j] + float_zero;
  write_numbers(y, at, step, count, values);
}

}  // namespace tenon::cpu

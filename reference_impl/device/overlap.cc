// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/overlap.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace tenon::device {
namespace {

__extension__ using Wide = __int128;

// coefficient * x with 0 <= x <= bound, coefficient > 0.
struct Term {
  int64_t coefficient;
  int64_t bound;
};

// Decides whether sum(coefficient_i * x_i) = target has a solution, by trying the values of the
// largest terms first: what the smaller ones can reach bounds the choices to very few.
class Equation {
 public:
  void add(int64_t coefficient, int64_t bound) {
    if (coefficient != 0 && bound > 0) terms_[size_++] = {coefficient, bound};
  }

  bool solvable(Wide target) {
    std::sort(terms_.begin(), terms_.begin() + size_,
              [](const Term& a, const Term& b) { return a.coefficient > b.coefficient; });
    reach_[size_] = 0;
    divisor_[size_] = 0;
    for (size_t i = size_; i-- > 0;) {
      reach_[i] = reach_[i + 1] + static_cast<Wide>(terms_[i].coefficient) * terms_[i].bound;
      divisor_[i] = std::gcd(divisor_[i + 1], terms_[i].coefficient);
    }
    budget_ = 10000;
    return search(0, target);
  }

 private:
  bool search(size_t i, Wide target) {
    if (target < 0 || target > reach_[i]) return false;
    if (target == 0) return true;
    if (i == size_ || target % divisor_[i] != 0) return false;
    if (--budget_ < 0) return true;
    const Term& term = terms_[i];
    const Wide rest = target - reach_[i + 1];
    const Wide low = rest <= 0 ? 0 : (rest + term.coefficient - 1) / term.coefficient;
    const Wide high = std::min<Wide>(term.bound, target / term.coefficient);
    for (Wide x = high; x >= low; --x) {
      if (search(i + 1, target - x * term.coefficient)) return true;
    }
    return false;
  }

  std::array<Term, 2 * TN_MAX_RANK + 2> terms_;
  std::array<Wide, 2 * TN_MAX_RANK + 3> reach_;
  std::array<int64_t, 2 * TN_MAX_RANK + 3> divisor_;
  size_t size_ = 0;
  int budget_ = 0;
};

// Addresses in half bytes, the size of the smallest element.
int64_t units(const View& view) { return tn_dtype_bits(view.dtype) / 4; }

// Distance of the element with the lowest address from the first one, in half bytes.
Wide lowest(const View& view) {
  Wide low = 0;
  for (int32_t i = 0; i < view.rank; ++i) {
    if (view.strides[i] < 0) low += static_cast<Wide>(view.strides[i]) * (view.dims[i] - 1);
  }
  return low * units(view);
}

void add_terms(Equation& equation, const View& view) {
  for (int32_t i = 0; i < view.rank; ++i) {
    // A stride that no element is reached by may be any.
    if (view.dims[i] > 1) {
      equation.add(std::abs(view.strides[i]) * units(view), view.dims[i] - 1);
    }
  }
  equation.add(1, units(view) - 1);
}

Wide highest(const View& view) {
  Wide high = 0;
  for (int32_t i = 0; i < view.rank; ++i) {
    if (view.dims[i] > 1) {
      high += static_cast<Wide>(std::abs(view.strides[i])) * (view.dims[i] - 1);
    }
  }
  return high * units(view) + units(view) - 1;
}

}  // namespace

bool views_overlap(const View& a, const View& b) {
  // a0 + A(x) = b0 + B(y), and with y mirrored, A(x) + B(y') = b0 - a0 + max B.
  Equation equation;
  add_terms(equation, a);
  add_terms(equation, b);
  const Wide a0 = static_cast<Wide>(reinterpret_cast<uintptr_t>(a.data)) * 2 + lowest(a);
  const Wide b0 = static_cast<Wide>(reinterpret_cast<uintptr_t>(b.data)) * 2 + lowest(b);
  return equation.solvable(b0 - a0 + highest(b));
}

bool overlaps_itself(const View& view) {
  struct Dim {
    int64_t stride;
    int64_t size;
  };
  std::array<Dim, TN_MAX_RANK> dims;
  size_t rank = 0;
  for (int32_t i = 0; i < view.rank; ++i) {
    if (view.dims[i] == 0) return false;
    if (view.dims[i] == 1) continue;
    if (view.strides[i] == 0) return true;
    // Sorted by insertion: nearly always each is smaller than the ones before.
    const Dim next{std::abs(view.strides[i]), view.dims[i]};
    size_t at = rank++;
    for (; at > 0 && dims[at - 1].stride < next.stride; --at) dims[at] = dims[at - 1];
    dims[at] = next;
  }
  std::reverse(dims.begin(), dims.begin() + rank);
  bool nested = true;  // Each dim steps over all that the smaller ones span.
  Wide span = 1;
  for (size_t i = 0; i < rank; ++i) {
    nested = nested && dims[i].stride >= span;
    span += static_cast<Wide>(dims[i].stride) * (dims[i].size - 1);
  }
  if (nested) return false;
  // Two elements coincide when their indices differ by d, not all zero, with sum(stride * d) = 0.
  // Let d_k be the first that is not zero, and positive: shift it by one, the later ones by their
  // bounds.
  for (size_t k = 0; k < rank; ++k) {
    Equation equation;
    equation.add(dims[k].stride, dims[k].size - 2);
    Wide target = -static_cast<Wide>(dims[k].stride);
    for (size_t i = k + 1; i < rank; ++i) {
      equation.add(dims[i].stride, 2 * (dims[i].size - 1));
      target += static_cast<Wide>(dims[i].stride) * (dims[i].size - 1);
    }
    if (equation.solvable(target)) return true;
  }
  return false;
}

bool same_view(const View& a, const View& b) {
  if (a.data != b.data || a.dtype != b.dtype || a.rank != b.rank || a.layout != b.layout) {
    return false;
  }
  for (int32_t i = 0; i < a.rank; ++i) {
    if (a.dims[i] != b.dims[i]) return false;
    if (a.strides != nullptr && a.dims[i] > 1 && a.strides[i] != b.strides[i]) return false;
  }
  return true;
}

}  // namespace tenon::device

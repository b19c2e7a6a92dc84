// SPDX-License-Identifier: Apache-2.0
//
// DFT: a transform of each line along the axis, in float64.
#include <algorithm>
#include <memory>

#include "reference_impl/cpu/kernels/fourier.h"
#include "reference_impl/cpu/kernels/signal.h"
#include "tenon/device/operators/built_view.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/signal.h"
#include "tenon/device/operators/strided_loop.h"

namespace tenon::cpu {
namespace {

using device::DftOperator, device::Transform;

// The strides of a view along the axis and between real and imaginary parts, and how many there
// are.
struct Line {
  Line(const View& view, int32_t axis)
      : count(view.dims[axis]),
        step(view.strides[axis]),
        parts(view.dims[view.rank - 1]),
        part(view.strides[view.rank - 1]) {}
  int64_t count, step, parts, part;
};

// A line from memory: what the output is the transform of.
template <class T>
class Reader {
 public:
  Reader(const DftOperator& op, const Line& line, int64_t length)
      : line_(line), length_(length), mirrors_(op.inverse && op.onesided) {}

  void read(const T* from, Complex* to) const {
    const int64_t most = mirrors_ ? length_ / 2 + 1 : length_;
    const int64_t given = std::min(line_.count, most);
    for (int64_t i = 0; i < given; ++i) {
      const T* at = from + i * line_.step;
      to[i] = {static_cast<double>(load(at[0])),
               line_.parts == 2 ? static_cast<double>(load(at[line_.part])) : 0.0};
    }
    std::fill(to + given, to + length_, Complex{0, 0});
    if (!mirrors_) return;
    // The result is real: the first bin, and the middle one, have no imaginary part.
    to[0].im = 0;
    for (int64_t i = 1; i <= length_ / 2; ++i) {
      if (2 * i == length_) {
        to[i].im = 0;
      } else {
        to[length_ - i] = conjugate(to[i]);
      }
    }
  }

 private:
  Line line_;
  int64_t length_;
  bool mirrors_;
};

template <class T>
class DftKernel final : public KernelOf<DftOperator>, public NeedsWorkspace {
 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    if (a.outputs[0].count() == 0) return 0;
    const Transform transform = operator_.transform(a);
    Fourier fourier(transform.length);
    WorkspaceParts parts;
    fourier.take_tables(parts);
    parts.take_array<Complex>(line_slots(a, transform) *
                              (transform.length + fourier.temporaries()));
    return parts.used();
  }

  void run(const Arguments& a, const Execution& execution) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    const Transform transform = operator_.transform(a);
    if (y.count() == 0) return;
    WorkspaceParts parts(a.workspace);
    Fourier fourier(transform.length);
    fourier.take_tables(parts);
    fourier.fill();
    const int64_t each = transform.length + fourier.temporaries();
    const int64_t slots = line_slots(a, transform);
    Complex* const buffers = parts.take_array<Complex>(slots * each);

    BuiltView to(y), from(x);
    for (int32_t d = 0; d + 1 < x.rank; ++d) {
      if (d == transform.axis) continue;
      to.add(y.dims[d], y.strides[d]);
      from.add(x.dims[d], x.strides[d]);
    }
    const View* operands[] = {&to.view(), &from.view()};
    const StridedLoop<2> loop(operands, operands[0]->dims, operands[0]->rank);
    const Reader<T> reader(operator_, Line(x, transform.axis), transform.length);
    const Line written(y, transform.axis);
    for_each_task(execution, slots, [&](int64_t task, int64_t slot) {
      Complex* const buffer = buffers + slot * each;
      const int64_t begin = loop.count() * task / slots, end = loop.count() * (task + 1) / slots;
      loop.rows(begin, end, [&](std::byte* const* at, const int64_t* strides, int64_t count) {
        for (int64_t i = 0; i < count; ++i) {
          reader.read(reinterpret_cast<const T*>(at[1] + i * strides[1]), buffer);
          compute(fourier, buffer, transform.length);
          write(buffer, written, reinterpret_cast<T*>(at[0] + i * strides[0]));
        }
      });
    });
  }

 private:
  static int64_t line_slots(const Arguments& a, const Transform& transform) {
    const View& x = a.inputs[0];
    int64_t lines = 1;
    for (int32_t d = 0; d + 1 < x.rank; ++d) lines *= d == transform.axis ? 1 : x.dims[d];
    return scratch_slots(lines);
  }

  // The inverse is the transform of the conjugate, conjugated, by the length.
  void compute(const Fourier& fourier, Complex* buffer, int64_t length) const {
    Complex* const temporary = buffer + length;
    if (!operator_.inverse) return fourier.transform(buffer, temporary);
    for (int64_t i = 0; i < length; ++i) buffer[i] = conjugate(buffer[i]);
    fourier.transform(buffer, temporary);
    const auto by = static_cast<double>(length);
    for (int64_t i = 0; i < length; ++i) buffer[i] = {buffer[i].re / by, -buffer[i].im / by};
  }

  static void write(const Complex* buffer, const Line& line, T* to) {
    for (int64_t i = 0; i < line.count; ++i) {
      T* at = to + i * line.step;
      at[0] = store<T>(buffer[i].re);
      if (line.parts == 2) at[line.part] = store<T>(buffer[i].im);
    }
  }
};

std::unique_ptr<Kernel> create_dft(const Description& desc) {
  return visit_dtype<kFloatTypes>(desc.name(), desc.input_dtype(0),
                                  [&](auto type) -> std::unique_ptr<Kernel> {
                                    using T = typename decltype(type)::type;
                                    return std::make_unique<DftKernel<T>>(desc);
                                  });
}

}  // namespace

std::span<const OperatorEntry> dft_operators() {
  static const OperatorEntry kEntries[] = {{op::kDFT, kFloatTypes, create_dft}};
  return kEntries;
}

}  // namespace tenon::cpu

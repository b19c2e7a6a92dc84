// SPDX-License-Identifier: Apache-2.0
//
// Operators of sounds and spectra by others.
#include "runtime/onnx/bodies.h"

namespace tenon::runtime::onnx_import {
namespace {

// Frames along a new axis, each with the window, and transformed.
void stft(BodyWriter& b) {
  const std::string dims = b.make("Shape(" + b.in(0) + ")");
  const std::string samples = b.make("Gather(" + dims + ", " + b.integer_number(1) + ")");
  const std::string zero = b.integer_number(0), one = b.integer_number(1);
  std::string length;
  if (b.has(3)) {
    length = b.as_dim(b.in(3));
  } else if (b.has(2)) {
    length = b.make("Gather(" + b.make("Shape(" + b.in(2) + ")") + ", " + zero + ")");
  } else {
    b.fail("it has neither a window nor a frame_length");
  }
  const std::string step = b.as_dim(b.in(1));
  const std::string room = b.make("Sub(" + samples + ", " + length + ")");
  const std::string more = b.make("Div(" + room + ", " + step + ")");
  const std::string frames = b.make("Add(" + more + ", " + one + ")");
  const std::string index = b.make("Range(" + zero + ", " + frames + ", " + one + ")");
  const std::string starts = b.make("Mul(" + index + ", " + step + ")");
  const std::string column = b.make("Reshape(" + starts + ", " + b.integers({-1, 1}) + ")");
  const std::string within = b.make("Range(" + zero + ", " + length + ", " + one + ")");
  const std::string places = b.make("Add(" + column + ", " + within + ")");
  std::string framed = b.make("Gather<axis = 1>(" + b.in(0) + ", " + places + ")");
  if (b.has(2)) {
    const std::string window = b.make("Reshape(" + b.in(2) + ", " + b.integers({-1, 1}) + ")");
    framed = b.make("Mul(" + framed + ", " + window + ")");
  }
  b.result(0, "DFT<onesided = " + std::to_string(b.integer("onesided", 1)) + ">(" + framed + ")");
}

// Triangles between neighbouring frequencies of a scale, which are whole numbers of bins: 1 at
// their own, 0 at the neighbours.
class MelWeights {
 public:
  explicit MelWeights(BodyWriter& b) : b_(b) {}

  void write() {
    const std::string zero = b_.integer_number(0), one = b_.integer_number(1);
    const std::string bands = b_.as_dim(b_.in(0)), length = b_.as_dim(b_.in(1));
    const std::string edges = of("Add", bands, b_.integer_number(2));
    const std::string places =
        of("Mul", real(range(zero, edges)),
           of("Div", of("Sub", mel(real(b_.in(4))), mel(real(b_.in(3)))), real(edges)));
    const std::string bins = bins_of(of("Add", places, mel(real(b_.in(3)))), length);
    const std::string low = part(bins, 0, -2), own = part(bins, 1, -1),
                      high = part(bins, 2, INT64_MAX);

    const std::string count = of("Add", of("Div", length, b_.integer_number(2)), one);
    const std::string bin =
        b_.make("Reshape(" + real(range(zero, count)) + ", " + b_.integers({-1, 1}) + ")");
    const std::string rising = of("Div", of("Sub", bin, low), of("Sub", own, low));
    const std::string falling = of("Div", of("Sub", high, bin), of("Sub", high, own));
    const std::string peak = b_.make("Cast<to = 11>(" + of("Equal", bin, own) + ")");
    const std::string below =
        b_.make("Where(" + of("And", of("LessOrEqual", low, bin), of("LessOrEqual", bin, own)) +
                ", " + rising + ", " + constant(0) + ")");
    const std::string left =
        b_.make("Where(" + of("Equal", low, own) + ", " + peak + ", " + below + ")");
    const std::string right = of("And", of("LessOrEqual", own, bin), of("Less", bin, high));
    const std::string weights = b_.make("Where(" + right + ", " + falling + ", " + left + ")");
    b_.result(
        0, "Cast<to = " + std::to_string(b_.integer("output_datatype", 1)) + ">(" + weights + ")");
  }

 private:
  std::string of(const char* op, const std::string& x, const std::string& y) {
    return b_.make(std::string(op) + "(" + x + ", " + y + ")");
  }
  std::string real(const std::string& value) { return b_.make("Cast<to = 11>(" + value + ")"); }
  std::string constant(float value) { return real(b_.number(value)); }
  std::string range(const std::string& from, const std::string& to) {
    return b_.make("Range(" + from + ", " + to + ", " + b_.integer_number(1) + ")");
  }
  std::string part(const std::string& list, int64_t from, int64_t to) {
    return b_.make("Slice(" + list + ", " + b_.integers({from}) + ", " + b_.integers({to}) + ")");
  }
  // 2595 log10(1 + hertz / 700)
  std::string mel(const std::string& hertz) {
    const std::string ratio = of("Add", of("Div", hertz, constant(700)), constant(1));
    const std::string digits =
        of("Div", b_.make("Log(" + ratio + ")"), b_.make("Log(" + constant(10) + ")"));
    return of("Mul", digits, constant(2595));
  }
  std::string bins_of(const std::string& mels, const std::string& length) {
    const std::string powers = of("Pow", constant(10), of("Div", mels, constant(2595)));
    const std::string hertz = of("Mul", of("Sub", powers, constant(1)), constant(700));
    const std::string scaled = of("Mul", hertz, of("Add", real(length), constant(1)));
    return b_.make("Floor(" + of("Div", scaled, real(b_.in(2))) + ")");
  }

  BodyWriter& b_;
};

void mel_weight_matrix(BodyWriter& b) { MelWeights(b).write(); }

}  // namespace

std::span<const Body> signal_bodies() {
  static constexpr int kOpset = 18, kHasDft = 20;
  static constexpr Body kBodies[] = {
      {"", "STFT", kHasDft, stft},
      {"", "MelWeightMatrix", kOpset, mel_weight_matrix},
  };
  return kBodies;
}

}  // namespace tenon::runtime::onnx_import

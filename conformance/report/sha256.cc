// SPDX-License-Identifier: Apache-2.0
#include "report/sha256.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>

namespace tenon::conformance {
namespace {

using Words = std::array<uint32_t, 8>;

// The first 32 bits behind the point of a root of the n-th prime: that is how the standard defines
// its constants. A root has 8 bits before the point at most, and a long double 64 in all.
template <size_t count, class Root>
std::array<uint32_t, count> roots_of_primes(Root root) {
  std::array<uint32_t, count> out{};
  size_t found = 0;
  for (unsigned candidate = 2; found < count; ++candidate) {
    bool prime = true;
    for (unsigned divisor = 2; divisor * divisor <= candidate; ++divisor) {
      prime = prime && candidate % divisor != 0;
    }
    if (!prime) continue;
    const long double value = root(static_cast<long double>(candidate));
    out[found++] = static_cast<uint32_t>(std::ldexp(value - std::floor(value), 32));
  }
  return out;
}

uint32_t big_endian(const unsigned char* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

void mix(Words& state, const unsigned char* block) {
  static const auto kConstants =
      roots_of_primes<64>([](long double prime) { return std::cbrt(prime); });
  std::array<uint32_t, 64> w{};
  for (size_t i = 0; i < 16; ++i) w[i] = big_endian(block + 4 * i);
  for (size_t i = 16; i < 64; ++i) {
    const uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ a >> 3) +
           (std::rotr(b, 17) ^ std::rotr(b, 19) ^ b >> 10);
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (size_t i = 0; i < 64; ++i) {
    const uint32_t first = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) +
                           ((e & f) ^ (~e & g)) + kConstants[i] + w[i];
    const uint32_t second =
        (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + second;
  }
  const Words mixed{a, b, c, d, e, f, g, h};
  for (size_t i = 0; i < state.size(); ++i) state[i] += mixed[i];
}

}  // namespace

std::string sha256(std::string_view bytes) {
  Words state = roots_of_primes<8>([](long double prime) { return std::sqrt(prime); });
  std::string padded(bytes);
  padded += '\x80';
  padded.resize((padded.size() + 8 + 63) / 64 * 64);
  const uint64_t bits = uint64_t{bytes.size()} * 8;
  for (size_t i = 0; i < 8; ++i) {
    padded[padded.size() - 1 - i] = static_cast<char>(bits >> 8 * i & 0xff);
  }
  for (size_t i = 0; i < padded.size(); i += 64) {
    mix(state, reinterpret_cast<const unsigned char*>(padded.data()) + i);
  }
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint32_t word : state) {
    for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[word >> shift & 15];
  }
  return text;
}

std::string sha256_of_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return "";
  return sha256(std::string(std::istreambuf_iterator<char>(stream), {}));
}

}  // namespace tenon::conformance

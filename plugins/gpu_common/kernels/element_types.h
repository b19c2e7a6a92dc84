// Element types by name: f32, f64, f16, bf16, i8 ... u64, b8 (bool). A kernel's definitions name the
// type of each tensor (-DT1=f32); values are computed in COMPUTE(T), which is float for the 16-bit
// floats, and live in memory as STORED(T).

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

#define STORED_f32 float
#define STORED_f64 double
#define STORED_f16 ushort
#define STORED_bf16 ushort
#define STORED_i8 schar
#define STORED_i16 short
#define STORED_i32 int
#define STORED_i64 long
#define STORED_u8 uchar
#define STORED_u16 ushort
#define STORED_u32 uint
#define STORED_u64 ulong
#define STORED_b8 uchar
#define STORED(T) JOIN(STORED_, T)

#define COMPUTE_f32 float
#define COMPUTE_f64 double
#define COMPUTE_f16 float
#define COMPUTE_bf16 float
#define COMPUTE_i8 schar
#define COMPUTE_i16 short
#define COMPUTE_i32 int
#define COMPUTE_i64 long
#define COMPUTE_u8 uchar
#define COMPUTE_u16 ushort
#define COMPUTE_u32 uint
#define COMPUTE_u64 ulong
#define COMPUTE_b8 uchar
#define COMPUTE(T) JOIN(COMPUTE_, T)

// What sums and products of integers are taken in, so that they wrap.
#define WRAPPING_f32 float
#define WRAPPING_f64 double
#define WRAPPING_f16 float
#define WRAPPING_bf16 float
#define WRAPPING_i8 uint
#define WRAPPING_i16 uint
#define WRAPPING_i32 uint
#define WRAPPING_i64 ulong
#define WRAPPING_u8 uint
#define WRAPPING_u16 uint
#define WRAPPING_u32 uint
#define WRAPPING_u64 ulong
#define WRAPPING_b8 uint
#define WRAPPING(T) JOIN(WRAPPING_, T)

// For #if: 32 or 64 are floats computed in that many bits; 0 are integers.
#define FLOAT_BITS_f32 32
#define FLOAT_BITS_f64 64
#define FLOAT_BITS_f16 32
#define FLOAT_BITS_bf16 32
#define FLOAT_BITS_i8 0
#define FLOAT_BITS_i16 0
#define FLOAT_BITS_i32 0
#define FLOAT_BITS_i64 0
#define FLOAT_BITS_u8 0
#define FLOAT_BITS_u16 0
#define FLOAT_BITS_u32 0
#define FLOAT_BITS_u64 0
#define FLOAT_BITS_b8 0
#define FLOAT_BITS(T) JOIN(FLOAT_BITS_, T)

// For #if: of integers, the bits with a minus for those with a sign; 1 is bool, 0 are floats.
#define INTEGER_BITS_f32 0
#define INTEGER_BITS_f64 0
#define INTEGER_BITS_f16 0
#define INTEGER_BITS_bf16 0
#define INTEGER_BITS_i8 -8
#define INTEGER_BITS_i16 -16
#define INTEGER_BITS_i32 -32
#define INTEGER_BITS_i64 -64
#define INTEGER_BITS_u8 8
#define INTEGER_BITS_u16 16
#define INTEGER_BITS_u32 32
#define INTEGER_BITS_u64 64
#define INTEGER_BITS_b8 1
#define INTEGER_BITS(T) JOIN(INTEGER_BITS_, T)

DEVICE float bf16_to_float(ushort x) { return as_float((uint)x << 16); }

DEVICE ushort float_to_bf16(float x) {
  const uint w = as_uint(x);
  const uint rounded = (w + 0x7FFFu + ((w >> 16) & 1u)) >> 16;
  const uint quiet = (w >> 16) | 0x40u;
  return (ushort)((w & 0x7FFFFFFFu) > 0x7F800000u ? quiet : rounded);
}

// As in the reference device's number.h, where the steps are explained.
DEVICE float f16_to_float(ushort x) {
  const uint w = (uint)x << 16;
  const uint twice = w + w;
  const float normal = as_float((twice >> 4) + (0xE0u << 23)) * 0x1.0p-112f;
  const float subnormal = as_float((twice >> 17) | (126u << 23)) - 0.5f;
  const uint magnitude = twice < (1u << 27) ? as_uint(subnormal) : as_uint(normal);
  return as_float((w & 0x80000000u) | magnitude);
}

DEVICE ushort float_to_f16(float x) {
  const uint w = as_uint(x);
  const uint twice = w + w;
  float base = as_float(w & 0x7FFFFFFFu) * 0x1.0p+112f * 0x1.0p-110f;
  uint bias = twice & 0xFF000000u;
  bias = bias < 0x71000000u ? 0x71000000u : bias;
  base = as_float((bias >> 1) + 0x07800000u) + base;
  const uint bits = as_uint(base);
  const uint magnitude = ((bits >> 13) & 0x7C00u) + (bits & 0x0FFFu);
  return (ushort)(((w >> 16) & 0x8000u) | (twice > 0xFF000000u ? 0x7E00u : magnitude));
}

// From STORED to COMPUTE and back; rounds.
#define LOAD_f32(x) (x)
#define LOAD_f64(x) (x)
#define LOAD_f16(x) f16_to_float(x)
#define LOAD_bf16(x) bf16_to_float(x)
#define LOAD_i8(x) (x)
#define LOAD_i16(x) (x)
#define LOAD_i32(x) (x)
#define LOAD_i64(x) (x)
#define LOAD_u8(x) (x)
#define LOAD_u16(x) (x)
#define LOAD_u32(x) (x)
#define LOAD_u64(x) (x)
#define LOAD_b8(x) (x)
#define LOAD(T, x) JOIN(LOAD_, T)(x)

#define STORE_f32(x) (x)
#define STORE_f64(x) (x)
#define STORE_f16(x) float_to_f16(x)
#define STORE_bf16(x) float_to_bf16(x)
#define STORE_i8(x) ((schar)(x))
#define STORE_i16(x) ((short)(x))
#define STORE_i32(x) (x)
#define STORE_i64(x) (x)
#define STORE_u8(x) ((uchar)(x))
#define STORE_u16(x) ((ushort)(x))
#define STORE_u32(x) (x)
#define STORE_u64(x) (x)
#define STORE_b8(x) ((uchar)(x))
#define STORE(T, x) JOIN(STORE_, T)(x)

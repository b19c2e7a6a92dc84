// tenon.RandomUniform, RandomNormal and Dropout: Philox4x32-10 (Salmon et al., "Parallel random
// numbers: as easy as 1, 2, 3"). Word i is word i % 4 of the block `counter` + i / 4; a work item
// has `chunk` blocks. T: of the elements.
// compile: -DHAS_DOUBLE -DT={f32,f64,f16,bf16}
// compile: -DT=f32
#include "element_types.h"
#include "float_math.h"

typedef struct {
  uint words[4];
} PhiloxBlock;

DEVICE PhiloxBlock philox(ulong key, ulong counter, ulong index) {
  const ulong low = counter + index;
  uint x0 = (uint)low, x1 = (uint)(low >> 32), x2 = low < counter ? 1u : 0u, x3 = 0u;
  uint key0 = (uint)key, key1 = (uint)(key >> 32);
  for (int turn = 0; turn < 10; ++turn) {
    const ulong a = (ulong)0xD2511F53u * x0, b = (ulong)0xCD9E8D57u * x2;
    const uint y0 = (uint)(b >> 32) ^ x1 ^ key0;
    const uint y2 = (uint)(a >> 32) ^ x3 ^ key1;
    x1 = (uint)b;
    x3 = (uint)a;
    x0 = y0;
    x2 = y2;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  PhiloxBlock block;
  block.words[0] = x0;
  block.words[1] = x1;
  block.words[2] = x2;
  block.words[3] = x3;
  return block;
}

// Numbers in [0, 1): of 24 bits from a word, of 53 bits from two (the second is the upper half).
DEVICE float unit_f32(uint word) { return (float)(int)(word >> 8) * 0x1.0p-24f; }
DEVICE ulong bits53(uint low, uint high) { return (((ulong)high << 32) | low) >> 11; }

// sin and cos of 2 pi u for u in [0, 1): the nearest quarter turn, and a polynomial for the rest.
typedef struct {
  float sine, cosine;
} Turn;
DEVICE Turn turn_f32(float u) {
  const int quarter = (int)(u * 4.0f + 0.5f);
  const float x = (u - (float)quarter * 0.25f) * 6.28318530717958647692f;
  const float z = x * x;
  const float s = x + x * z * (-1.6666654611e-1f + z * (8.3321608736e-3f + z * -1.9515295891e-4f));
  const float c = 1.0f - 0.5f * z +
                  z * z *
                      (4.166664568298827e-2f +
                       z * (-1.388731625493765e-3f + z * 2.443315711809948e-5f));
  const int swapped = quarter & 1;
  const float s1 = swapped ? c : s, c1 = swapped ? s : c;
  Turn turn;
  turn.sine = (quarter & 2) != 0 ? -s1 : s1;
  turn.cosine = ((quarter + 1) & 2) != 0 ? -c1 : c1;
  return turn;
}

#define C COMPUTE(T)
#if FLOAT_BITS(T) == 64
#define PER_BLOCK 2
#else
#define PER_BLOCK 4
#endif

// What low + (high - low) * u is computed in, so that it is rounded once.
#ifdef HAS_DOUBLE
#define WIDE double
#else
#define WIDE float
#endif

// The numbers of one block. `bits`: those of a word that count in a type of 32 or 16 bits.
DEVICE void uniform_block(PhiloxBlock b, WIDE low, WIDE width, uint bits, C *to) {
#if FLOAT_BITS(T) == 64
  to[0] = low + width * ((double)(long)bits53(b.words[0], b.words[1]) * 0x1.0p-53);
  to[1] = low + width * ((double)(long)bits53(b.words[2], b.words[3]) * 0x1.0p-53);
#else
  for (int w = 0; w < 4; ++w) to[w] = (C)(low + width * (WIDE)unit_f32(b.words[w] & bits));
#endif
}

// Box-Muller.
DEVICE void normal_block(PhiloxBlock b, WIDE mean, WIDE deviation, C *to) {
  const C m = (C)mean, s = (C)deviation;
#if FLOAT_BITS(T) == 64
  const double u1 = (double)(long)(bits53(b.words[0], b.words[1]) | 1) * 0x1.0p-53;
  const double angle =
      6.28318530717958647692 * ((double)(long)bits53(b.words[2], b.words[3]) * 0x1.0p-53);
  const double radius = sqrt(-2 * log(u1));
  to[0] = m + s * (radius * cos(angle));
  to[1] = m + s * (radius * sin(angle));
#else
  for (int w = 0; w < 4; w += 2) {
    const float radius = sqrt(-2.0f * log_f32(unit_f32(b.words[w] | 0x100u)));
    const Turn turn = turn_f32(unit_f32(b.words[w + 1]));
    to[w] = m + s * (radius * turn.cosine);
    to[w + 1] = m + s * (radius * turn.sine);
  }
#endif
}

KERNEL(random_numbers)
(OUT(STORED(T), y), ulong key, ulong counter, WIDE first, WIDE second, int normal, uint bits,
 long count, int rank, Longs dims, Longs steps, long blocks, long chunk) {
  GLOBAL STORED(T) *to = AT(STORED(T), y);
  const int dense = rank == 1 && steps.v[0] == 1;
  FOR_ELEMENTS(b, blocks, chunk) {
    C values[PER_BLOCK];
    const PhiloxBlock block = philox(key, counter, (ulong)b);
    if (normal) {
      normal_block(block, first, second, values);
    } else {
      uniform_block(block, first, second - first, bits, values);
    }
    for (int w = 0; w < PER_BLOCK; ++w) {
      const long i = b * PER_BLOCK + w;
      if (i < count) to[dense ? i : place(i, rank, &dims, &steps)] = STORE(T, values[w]);
    }
  }
}

// Keeps x where a draw of float32 is not below `least`. One word an element whatever its type.
KERNEL(dropout)
(OUT(STORED(T), y), OUT(uchar, mask), IN(STORED(T), x), ulong key, ulong counter, float least,
 C keep, long count, int rank, Longs dims, Longs y_steps, Longs mask_steps, Longs x_steps,
 long blocks, long chunk) {
  FOR_ELEMENTS(b, blocks, chunk) {
    const PhiloxBlock block = philox(key, counter, (ulong)b);
    for (int w = 0; w < 4; ++w) {
      const long i = b * 4 + w;
      if (i < count) {
        const int kept = unit_f32(block.words[w]) >= least;
        const C value = LOAD(T, CONST_AT(STORED(T), x)[place(i, rank, &dims, &x_steps)]) / keep;
        AT(STORED(T), y)[place(i, rank, &dims, &y_steps)] = STORE(T, kept ? value : (C)0);
        AT(uchar, mask)[place(i, rank, &dims, &mask_steps)] = (uchar)kept;
      }
    }
  }
}

#if defined(__x86_64__)
#include <emmintrin.h>
#endif
#include "level.h"

// What every processor of the architecture has: SSE2 (16 registers of 4 floats, no fused multiply-add) or NEON (32).
#define NK_NAME(x) x##_baseline
#if defined(__aarch64__)
#define NK_HAS_FMA 1
#define NK_HAS_ROUND 1
#define NK_PIXELS_ONE_BLOCK 6
#define NK_TILES_ONE_BLOCK(F) F(1, 1) F(2, 1) F(3, 1) F(4, 1) F(5, 1) F(6, 1)
#define NK_GRADIENT_LANES 2
#define NK_GRADIENT_COLUMN_LANES 0
#define NK_FILTER_PAIRS 0
#define NK_PEAK_CHAINS 6
#else
#define NK_HAS_FMA 0
#define NK_HAS_ROUND 0
#define NK_PIXELS_ONE_BLOCK 2
#define NK_TILES_ONE_BLOCK(F) F(1, 1) F(2, 1)
#define NK_GRADIENT_LANES 2
#define NK_GRADIENT_COLUMN_LANES 0
#define NK_FILTER_PAIRS 0
#define NK_PEAK_CHAINS 3
#endif
#define NK_PIXELS_TWO_BLOCKS 0
#define NK_TILES_TWO_BLOCKS(F)

#define NK_WEIGHT_LAYOUT_BYTES 0
#define NK_CODE_PIXELS 2
#define NK_CODE_BLOCKS 1
#define NK_CODE_TILES(F) F(1) F(2)
#define NK_PAIR_PRODUCTS nk_pair_products_baseline

#if defined(__x86_64__)
NK_DEFINE_PRODUCTS(nk_pair_products_baseline, nk_ints, __m128i, _mm_madd_epi16)

/// Rounds and packs with saturation.
static inline __attribute__((always_inline)) void nk_pack_units_baseline(
    uint8_t *bytes, const nk_floats units[4], int zero) {
    const __m128i zeros = _mm_set1_epi16((short)zero);
    for (int q = 0; q < 4; q++) {
        const __m128i a = _mm_cvtps_epi32((__m128)units[q].lo.lo), b = _mm_cvtps_epi32((__m128)units[q].lo.hi);
        const __m128i c = _mm_cvtps_epi32((__m128)units[q].hi.lo), d = _mm_cvtps_epi32((__m128)units[q].hi.hi);
        const __m128i first = _mm_adds_epi16(_mm_packs_epi32(a, b), zeros);
        const __m128i second = _mm_adds_epi16(_mm_packs_epi32(c, d), zeros);
        _mm_storeu_si128((__m128i *)(bytes + q * NKLanes), _mm_packus_epi16(first, second));
    }
}
#define NK_PACK_UNITS nk_pack_units_baseline
#else
static inline __attribute__((always_inline)) nk_ints nk_pair_products_baseline(nk_pairs x, nk_pairs w) {
    return __builtin_convertvector(x.even, nk_ints) * __builtin_convertvector(w.even, nk_ints)
        + __builtin_convertvector(x.odd, nk_ints) * __builtin_convertvector(w.odd, nk_ints);
}
#endif

#include "levels/kernels.h"

const NKKernels nk_kernels_baseline = NK_KERNELS;

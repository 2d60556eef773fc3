#if defined(__x86_64__)
#include <immintrin.h>
#include "level.h"

// 16 registers of 8 floats, two for 16 channels: 6 pixels x 2 + 2 weights + 1 input = 15.
#define NK_NAME(x) x##_avx2
#define NK_HAS_FMA 1
#define NK_HAS_ROUND 1
#define NK_PIXELS_ONE_BLOCK 6
#define NK_TILES_ONE_BLOCK(F) F(1, 1) F(2, 1) F(3, 1) F(4, 1) F(5, 1) F(6, 1)
#define NK_PIXELS_TWO_BLOCKS 0
#define NK_TILES_TWO_BLOCKS(F)
#define NK_GRADIENT_LANES 4
#define NK_GRADIENT_COLUMN_LANES 0
#define NK_FILTER_PAIRS 0
#define NK_PEAK_CHAINS 6
#define NK_WEIGHT_LAYOUT_BYTES 0
#define NK_CODE_PIXELS 5
#define NK_CODE_BLOCKS 1
#define NK_CODE_TILES(F) F(1) F(2) F(3) F(4) F(5)
#define NK_PAIR_PRODUCTS nk_pair_products_avx2
#define NK_NARROW_PRODUCTS nk_narrow_products_avx2
#define NK_PACK_UNITS nk_pack_units_avx2

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
NK_DEFINE_PRODUCTS(nk_pair_products_avx2, nk_ints, __m256i, _mm256_madd_epi16)
NK_DEFINE_PRODUCTS(nk_narrow_products_avx2, nk_pairs, __m256i, _mm256_maddubs_epi16)

/// Rounds and packs with saturation, two pixels at a time within halves of a register, and then orders the quarters.
static inline __attribute__((always_inline)) void nk_pack_units_avx2(
    uint8_t *bytes, const nk_floats units[4], int zero) {
    const __m256i zeros = _mm256_set1_epi16((short)zero), order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    for (int q = 0; q < 4; q += 2) {
        __m256i pixel[2];
        for (int i = 0; i < 2; i++) {
            const __m256i low = _mm256_cvtps_epi32((__m256)units[q + i].lo);
            const __m256i high = _mm256_cvtps_epi32((__m256)units[q + i].hi);
            pixel[i] = _mm256_adds_epi16(_mm256_packs_epi32(low, high), zeros);
        }
        const __m256i packed = _mm256_packus_epi16(pixel[0], pixel[1]);
        _mm256_storeu_si256((__m256i *)(bytes + q * NKLanes), _mm256_permutevar8x32_epi32(packed, order));
    }
}

#include "levels/kernels.h"
#pragma clang attribute pop

const NKKernels nk_kernels_avx2 = NK_KERNELS;
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#include "level.h"
#include "levels/avx512.h"

// 32 registers of 16 floats: 14 pixels x 2 blocks + 2 weights + 1 input = 31.
#define NK_NAME(x) x##_avx512
#define NK_HAS_FMA 1
#define NK_HAS_ROUND 1
#define NK_PIXELS_ONE_BLOCK 16
#define NK_TILES_ONE_BLOCK(F) \
    F(1, 1) F(2, 1) F(3, 1) F(4, 1) F(5, 1) F(6, 1) F(7, 1) F(8, 1) F(9, 1) F(10, 1) F(11, 1) F(12, 1) F(13, 1) \
    F(14, 1) F(15, 1) F(16, 1)
#define NK_PIXELS_TWO_BLOCKS 14
#define NK_TILES_TWO_BLOCKS(F) \
    F(1, 2) F(2, 2) F(3, 2) F(4, 2) F(5, 2) F(6, 2) F(7, 2) F(8, 2) F(9, 2) F(10, 2) F(11, 2) F(12, 2) F(13, 2) F(14, 2)
#define NK_GRADIENT_LANES 16
#define NK_GRADIENT_COLUMN_LANES 8
#define NK_FILTER_PAIRS 7
#define NK_FILTER_PAIRS_TWO_BLOCKS 3
#define NK_PEAK_CHAINS 16
#define NK_WEIGHT_LAYOUT_BYTES 0
#define NK_CODE_PIXELS 12
#define NK_CODE_BLOCKS 2
#define NK_CODE_TILES(F) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12)
#define NK_PAIR_PRODUCTS nk_pair_products_avx512
#define NK_NARROW_PRODUCTS nk_narrow_products_avx512

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"), min_vector_width(512))), \
    apply_to = function)
NK_DEFINE_PRODUCTS(nk_pair_products_avx512, nk_ints, __m512i, _mm512_madd_epi16)
NK_DEFINE_PRODUCTS(nk_narrow_products_avx512, nk_pairs, __m512i, _mm512_maddubs_epi16)
#include "levels/kernels.h"
#pragma clang attribute pop

const NKKernels nk_kernels_avx512 = NK_KERNELS;
#endif

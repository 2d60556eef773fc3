#if defined(__x86_64__)
#include <immintrin.h>
#include "level.h"

// 16 registers of 8 floats, two for 16 channels: 6 pixels x 2 + 2 weights + 1 input = 15.
#define NK_NAME(x) x##_avx2
#define NK_HAS_FMA 1
#define NK_PIXELS_ONE_BLOCK 6
#define NK_TILES_ONE_BLOCK(F) F(1, 1) F(2, 1) F(3, 1) F(4, 1) F(5, 1) F(6, 1)
#define NK_PIXELS_TWO_BLOCKS 0
#define NK_TILES_TWO_BLOCKS(F)
#define NK_PEAK_CHAINS 6
#define NK_WEIGHT_LAYOUT_BYTES 0
#define NK_CODE_PIXELS 5
#define NK_CODE_BLOCKS 1
#define NK_CODE_TILES(F) F(1) F(2) F(3) F(4) F(5)
#define NK_PAIR_PRODUCTS nk_pair_products_avx2

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
NK_DEFINE_PAIR_PRODUCTS(nk_pair_products_avx2, __m256i, __m256i, _mm256_madd_epi16)
#include "levels/kernels.h"
#pragma clang attribute pop

const NKKernels nk_kernels_avx2 = NK_KERNELS;
#endif

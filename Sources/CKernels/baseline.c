#include "level.h"

// What every processor of the architecture has: SSE2 (16 registers of 4 floats, no fused multiply-add) or NEON (32).
#define NK_NAME(x) x##_baseline
#if defined(__aarch64__)
#define NK_HAS_FMA 1
#define NK_PIXELS_ONE_BLOCK 6
#define NK_TILES_ONE_BLOCK(F) F(1, 1) F(2, 1) F(3, 1) F(4, 1) F(5, 1) F(6, 1)
#define NK_PEAK_CHAINS 6
#else
#define NK_HAS_FMA 0
#define NK_PIXELS_ONE_BLOCK 2
#define NK_TILES_ONE_BLOCK(F) F(1, 1) F(2, 1)
#define NK_PEAK_CHAINS 3
#endif
#define NK_PIXELS_TWO_BLOCKS 0
#define NK_TILES_TWO_BLOCKS(F)

#include "levels/kernels.h"

const NKKernels nk_kernels_baseline = NK_KERNELS;

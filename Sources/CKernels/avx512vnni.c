#if defined(__x86_64__)
#include <immintrin.h>
#include "level.h"
#include "levels/avx512.h"

/// Puts the quarters' numbers side by side, and then turns the bytes of each quarter.
static inline __attribute__((always_inline, target("avx512f,avx512bw"))) nk_ints nk_turn_bytes(nk_ints bytes) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i turn =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    __m512i quarters = _mm512_permutexvar_epi32(order, (__m512i)bytes);
    // Hides from the compiler that two shuffles follow each other: it would turn them into six others.
    __asm__("" : "+v"(quarters));
    return (nk_ints)_mm512_shuffle_epi8(quarters, turn);
}
#define NK_TURN_BYTES nk_turn_bytes

/// nk_pack_units for the first `count` pixels, a constant of the caller.
static inline __attribute__((always_inline, target("avx512f,avx512bw"))) void nk_pack_some_units(
    uint8_t *bytes, const nk_floats units[4], int zero, const int count) {
    uint8_t four[64];
    if (count == 4) {
        nk_pack_units(bytes, units, zero);
        return;
    }
    nk_pack_units(four, units, zero);
    __builtin_memcpy(bytes, four, 16 * count);
}
#define NK_PACK_SOME_UNITS nk_pack_some_units

/// Whether the processor permutes bytes: those with VNNI do, but for the first.
static bool nk_can_look_up(void) { return __builtin_cpu_supports("avx512vbmi"); }

/// results[i] = table[codes[i]] for a table of 256 bytes.
static __attribute__((noinline, target("avx512f,avx512bw,avx512vbmi"))) void nk_look_up(
    const uint8_t *table, const uint8_t *codes, uint8_t *results, long count) {
    const __m512i a = _mm512_loadu_si512(table), b = _mm512_loadu_si512(table + 64);
    const __m512i c = _mm512_loadu_si512(table + 128), d = _mm512_loadu_si512(table + 192);
    for (long i = 0; i < count; i += 64) {
        const __mmask64 lanes = count - i >= 64 ? ~0ull : (1ull << (count - i)) - 1;
        const __m512i code = _mm512_maskz_loadu_epi8(lanes, codes + i);
        // Each half of the table is found by the lower seven bits, and the eighth says which half.
        const __m512i lower = _mm512_permutex2var_epi8(a, code, b), upper = _mm512_permutex2var_epi8(c, code, d);
        const __m512i result = _mm512_mask_blend_epi8(_mm512_movepi8_mask(code), lower, upper);
        _mm512_mask_storeu_epi8(results + i, lanes, result);
    }
}
#define NK_CAN_LOOK_UP nk_can_look_up
#define NK_LOOK_UP nk_look_up

// The tiles of avx512.c, and products of bytes. 32 registers of 16 floats: 14 pixels x 2 blocks + 2 weights + 1 input = 31.
#define NK_NAME(x) x##_avx512vnni
#define NK_HAS_FMA 1
#define NK_HAS_ROUND 1
#define NK_PIXELS_ONE_BLOCK 16
#define NK_TILES_ONE_BLOCK(F) \
    F(1, 1) F(2, 1) F(3, 1) F(4, 1) F(5, 1) F(6, 1) F(7, 1) F(8, 1) F(9, 1) F(10, 1) F(11, 1) F(12, 1) F(13, 1) \
    F(14, 1) F(15, 1) F(16, 1)
#define NK_PIXELS_TWO_BLOCKS 14
#define NK_TILES_TWO_BLOCKS(F) \
    F(1, 2) F(2, 2) F(3, 2) F(4, 2) F(5, 2) F(6, 2) F(7, 2) F(8, 2) F(9, 2) F(10, 2) F(11, 2) F(12, 2) F(13, 2) F(14, 2)
#define NK_PEAK_CHAINS 16
#define NK_WEIGHT_LAYOUT_BYTES 1
#define NK_CODE_PIXELS 14
#define NK_CODE_BLOCKS 2
#define NK_CODE_TILES(F) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12) F(13) F(14)
#define NK_BYTE_PRODUCTS(sum, codes, weights) \
    (nk_ints)_mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(codes), (__m512i)(weights))

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512vnni,avx2,fma"), min_vector_width(512))), \
    apply_to = function)
#include "levels/kernels.h"
#pragma clang attribute pop

const NKKernels nk_kernels_avx512vnni = NK_KERNELS;
#endif

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

/// The same by one instruction, where nk_can_look_up(); written out, since the level is compiled without it.
static inline __attribute__((always_inline, target("avx512f,avx512bw"))) nk_ints nk_permute_bytes(nk_ints bytes) {
    static const uint8_t order[64] __attribute__((aligned(64))) = {
        0, 16, 32, 48, 1, 17, 33, 49, 2,  18, 34, 50, 3,  19, 35, 51, 4,  20, 36, 52, 5,  21, 37, 53, 6,  22, 38, 54, 7,  23, 39, 55,
        8, 24, 40, 56, 9, 25, 41, 57, 10, 26, 42, 58, 11, 27, 43, 59, 12, 28, 44, 60, 13, 29, 45, 61, 14, 30, 46, 62, 15, 31, 47, 63};
    __m512i result;
    __asm__("vpermb %1, %2, %0" : "=v"(result) : "v"((__m512i)bytes), "v"(*(const __m512i *)order));
    return (nk_ints)result;
}
#define NK_PERMUTE_BYTES nk_permute_bytes

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

/// The codes of four planes' bytes side by side, sixteen bytes a pixel, the others `filler`: the pixels of whole fours that
/// it returns the number of. `tables` has 256 codes for each plane.
static __attribute__((noinline, target("avx512f,avx512bw,avx512vbmi"))) int nk_interleave(
    const uint8_t *const planes[4], const uint8_t *tables, uint8_t filler, uint8_t *target, int pixels) {
    const __m512i fillers = _mm512_set1_epi8((char)filler);
    // Four neighbouring numbers of 32 bits go to the four quarters.
    const __m512i quarter = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    for (int done = 0; done < pixels; done += 64) {
        const int left = pixels - done;
        const __mmask64 lanes = left >= 64 ? ~0ull : (1ull << left) - 1;
        __m512i codes[4], fours[4];
        for (int c = 0; c < 4; c++) {
            const uint8_t *table = tables + c * 256;
            const __m512i byte = _mm512_maskz_loadu_epi8(lanes, planes[c] + done);
            const __m512i lower =
                _mm512_permutex2var_epi8(_mm512_loadu_si512(table), byte, _mm512_loadu_si512(table + 64));
            const __m512i upper =
                _mm512_permutex2var_epi8(_mm512_loadu_si512(table + 128), byte, _mm512_loadu_si512(table + 192));
            codes[c] = _mm512_mask_blend_epi8(_mm512_movepi8_mask(byte), lower, upper);
        }
        const __m512i low = _mm512_unpacklo_epi8(codes[0], codes[1]), high = _mm512_unpackhi_epi8(codes[0], codes[1]);
        const __m512i lowRest = _mm512_unpacklo_epi8(codes[2], codes[3]);
        const __m512i highRest = _mm512_unpackhi_epi8(codes[2], codes[3]);
        fours[0] = _mm512_unpacklo_epi16(low, lowRest);
        fours[1] = _mm512_unpackhi_epi16(low, lowRest);
        fours[2] = _mm512_unpacklo_epi16(high, highRest);
        fours[3] = _mm512_unpackhi_epi16(high, highRest);
        for (int i = 0; i < 16 && 4 * i + 4 <= left; i++) {
            const __m512i from = _mm512_add_epi32(quarter, _mm512_set1_epi32(i / 4 * 4));
            _mm512_storeu_si512(
                target + (done + 4 * i) * NKLanes,
                _mm512_mask_permutexvar_epi32(fillers, 0x1111, from, fours[i % 4]));
        }
    }
    return pixels / 4 * 4;
}
#define NK_INTERLEAVE nk_interleave
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
#define NK_GRADIENT_LANES 16
#define NK_GRADIENT_COLUMN_LANES 8
#define NK_FILTER_PAIRS 7
#define NK_FILTER_PAIRS_TWO_BLOCKS 3
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

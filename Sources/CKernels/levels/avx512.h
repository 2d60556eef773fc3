// What the levels of AVX-512 share.
#include <immintrin.h>

/// Rounds and packs with saturation, within quarters of a register, and then puts each pixel's quarters side by side.
static inline __attribute__((always_inline, target("avx512f,avx512bw"))) void nk_pack_units(
    uint8_t *bytes, const nk_floats units[4], int zero) {
    const __m512i zeros = _mm512_set1_epi16((short)zero);
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m512i whole[4];
    for (int q = 0; q < 4; q++) whole[q] = _mm512_cvtps_epi32((__m512)units[q]);
    const __m512i first = _mm512_adds_epi16(_mm512_packs_epi32(whole[0], whole[1]), zeros);
    const __m512i second = _mm512_adds_epi16(_mm512_packs_epi32(whole[2], whole[3]), zeros);
    _mm512_storeu_si512(bytes, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(first, second)));
}
#define NK_PACK_UNITS nk_pack_units

/// s += x y, in the register of s and at this place: left to itself the compiler first loads all of the inputs that a tile of a
/// weight gradient reads, and then has too few registers for its sums.
#define NK_ACCUMULATE(s, x, y) __asm__ volatile("vfmadd231ps %2, %1, %0" : "+v"(s) : "v"(x), "v"(y))

/// Keeps a value in a register, from which the compiler would find it again each time.
#define NK_KEEP(x) __asm__("" : "+v"(x))

/// floor(value), in one instruction.
static inline __attribute__((always_inline, target("avx512f"))) nk_ints nk_floor(nk_floats value) {
    return (nk_ints)_mm512_cvt_roundps_epi32((__m512)value, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
#define NK_FLOOR nk_floor

/// Sixteen numbers rounded to half precision, to nearest and ties to even.
#define NK_TO_HALF(x) ((nk_floats)_mm512_cvtph_ps(_mm512_cvtps_ph((__m512)(x), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)))

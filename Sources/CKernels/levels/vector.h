// Sixteen floats as one value. Included once per level, inside its target attribute: a level splits the value into
// as many registers as it needs (one with AVX-512, two with AVX2, four with SSE2 or NEON).

#define NK_INLINE static inline __attribute__((always_inline))
#define NK_UNROLL _Pragma("clang loop unroll(full)")

/// A page: maps of many images come from memory, and the processor by itself fetches ahead within pages only.
enum { NK_NAME(floatsAhead) = 1024 };

NK_INLINE nk_floats NK_NAME(load)(const float *source) { return *(const nk_floats *)source; }

NK_INLINE void NK_NAME(store)(float *destination, nk_floats value) { *(nk_floats *)destination = value; }

NK_INLINE nk_floats NK_NAME(broadcast)(float value) { return (nk_floats)(value); }

/// Sixteen codes as floats.
NK_INLINE nk_floats NK_NAME(loadCodes)(const uint8_t *source) {
    return __builtin_convertvector(*(const nk_bytes *)source, nk_floats);
}

/// a b + c, in one rounding where the level has the instruction. Without it (SSE2) in two: the library's fmaf would
/// be a hundred times slower, and results are only promised to be equal within one level.
NK_INLINE nk_floats NK_NAME(fma)(nk_floats a, nk_floats b, nk_floats c) {
#if NK_HAS_FMA
    return __builtin_elementwise_fma(a, b, c);
#else
    return a * b + c;
#endif
}

// A comparison with NaN is false, so the second operand of ?: is the one that survives NaN. These forms compile to
// single min and max instructions, which the NaN-propagating builtins do not.

/// max(bound, value); NaN stays NaN.
NK_INLINE nk_floats NK_NAME(atLeast)(nk_floats value, nk_floats bound) { return bound > value ? bound : value; }

/// min(bound, value); NaN stays NaN.
NK_INLINE nk_floats NK_NAME(atMost)(nk_floats value, nk_floats bound) { return bound < value ? bound : value; }

/// max(value, bound); NaN becomes the bound.
NK_INLINE nk_floats NK_NAME(atLeastOrNaN)(nk_floats value, nk_floats bound) { return value > bound ? value : bound; }

/// Round to nearest, ties to even, for |value| <= 2^22. Where the instruction is missing (SSE4.1 roundps), adding 1.5 * 2^23
/// leaves no bits for the fraction.
NK_INLINE nk_floats NK_NAME(round)(nk_floats value) {
#if NK_HAS_ROUND
    return __builtin_elementwise_roundeven(value);
#else
    const nk_floats magic = NK_NAME(broadcast)(12582912.0f);
    return (value + magic) - magic;
#endif
}

/// min(value, bound) for numbers and a bound that is not negative: their order is that of their bits, and integers have
/// more units.
NK_INLINE nk_floats NK_NAME(atMostPositive)(nk_floats value, nk_floats bound) {
#if NK_HAS_ROUND
    return (nk_floats)__builtin_elementwise_min((nk_ints)value, (nk_ints)bound);
#else
    return NK_NAME(atMost)(value, bound);
#endif
}

// Codes from grid units: bounded above, not yet rounded.
#if defined(NK_PACK_UNITS)
/// The code of zero, in the form that `storeFour` adds.
typedef int NK_NAME(CodeZero);

NK_INLINE NK_NAME(CodeZero) NK_NAME(codeZero)(int zero) { return zero; }

/// Stores the codes of four pixels, round(unit) + zero and at least 0, one after the other; NaN becomes 0.
NK_INLINE void NK_NAME(storeFour)(uint8_t *bytes, const nk_floats units[4], NK_NAME(CodeZero) zero) {
    NK_PACK_UNITS(bytes, units, zero);
}
#else
typedef struct {
    nk_floats low;
    nk_ints zero;
} NK_NAME(CodeZero);

// Less the bits of the number that rounds.
NK_INLINE NK_NAME(CodeZero) NK_NAME(codeZero)(int zero) {
    return (NK_NAME(CodeZero)){(nk_floats)((float)-zero), (nk_ints)(zero - 0x4b400000)};
}

NK_INLINE void NK_NAME(storeFour)(uint8_t *bytes, const nk_floats units[4], NK_NAME(CodeZero) zero) {
    const nk_floats magic = NK_NAME(broadcast)(12582912.0f);
    NK_UNROLL for (int q = 0; q < 4; q++) {
        const nk_floats rounded = NK_NAME(atLeastOrNaN)(units[q], zero.low) + magic;
        *(nk_bytes *)(bytes + q * NKLanes) = __builtin_convertvector((nk_ints)rounded + zero.zero, nk_bytes);
    }
}
#endif

/// exp(x) within 2 ulp on [-87.3, 88.3], clamped to it outside; NaN stays NaN.
///
/// x = n log 2 + r with |r| <= log(2) / 2, log 2 split in two so that n times its head is exact; exp(r) by the
/// polynomial of Cephes (Moshier, expf.c); 2^n by its exponent bits.
NK_INLINE nk_floats NK_NAME(exp)(nk_floats x) {
    x = NK_NAME(atMost)(NK_NAME(atLeast)(x, NK_NAME(broadcast)(-87.3f)), NK_NAME(broadcast)(88.3f));
    const nk_floats n = NK_NAME(round)(x * NK_NAME(broadcast)(1.44269504088896341f));
    nk_floats r = NK_NAME(fma)(n, NK_NAME(broadcast)(-0.693359375f), x);
    r = NK_NAME(fma)(n, NK_NAME(broadcast)(2.12194440e-4f), r);
    nk_floats p = NK_NAME(broadcast)(1.9875691500e-4f);
    p = NK_NAME(fma)(p, r, NK_NAME(broadcast)(1.3981999507e-3f));
    p = NK_NAME(fma)(p, r, NK_NAME(broadcast)(8.3334519073e-3f));
    p = NK_NAME(fma)(p, r, NK_NAME(broadcast)(4.1665795894e-2f));
    p = NK_NAME(fma)(p, r, NK_NAME(broadcast)(1.6666665459e-1f));
    p = NK_NAME(fma)(p, r, NK_NAME(broadcast)(5.0000001201e-1f));
    p = NK_NAME(fma)(p, r * r, r) + NK_NAME(broadcast)(1.0f);
    // A NaN exponent converts to something, and NaN times that is NaN.
    const nk_ints exponent = (__builtin_convertvector(n, nk_ints) + (nk_ints)(127)) << (nk_ints)(23);
    return p * (nk_floats)exponent;  // the bits, not the number
}

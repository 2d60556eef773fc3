// Normalization in half precision: every operation's result is rounded to a number of half precision, kept as a float.

/// Rounds to half precision, to nearest and ties to even: subnormal numbers are kept, what rounds to 65,520 or more is infinite. A product,
/// quotient, sum or square root of such numbers in single precision, rounded again, is the half-precision operation: 24 bits are
/// twice 11 and 2 more.
NK_INLINE nk_floats NK_NAME(half)(nk_floats x) {
#if defined(NK_TO_HALF)
    return NK_TO_HALF(x);
#else
    const nk_ints magnitude = (nk_ints)x & (nk_ints)(0x7fffffff);
    nk_ints rounded = (magnitude + (nk_ints)(0xfff) + ((magnitude >> 13) & (nk_ints)(1))) & (nk_ints)(~0x1fff);
    rounded = rounded >= (nk_ints)(0x47800000) ? (nk_ints)(0x7f800000) : rounded;
    // Below 2^-14 numbers are multiples of 2^-24, as those around a half are in single precision.
    const nk_floats middle = NK_NAME(broadcast)(0.5f);
    const nk_ints small = (nk_ints)(((nk_floats)magnitude + middle) - middle);
    rounded = magnitude < (nk_ints)(0x38800000) ? small : rounded;
    const nk_ints isNumber = magnitude <= (nk_ints)(0x7f800000);
    return (nk_floats)((isNumber ? rounded : magnitude) | ((nk_ints)x & (nk_ints)(-0x7fffffff - 1)));
#endif
}

static void NK_NAME(roundToHalf)(NKMap block, int height, int width) {
    for (int y = 0; y < height; y++) {
        float *pixel = block.origin + y * block.rowStride;
        for (int x = 0; x < width; x++, pixel += block.pixelStride)
            NK_NAME(store)(pixel, NK_NAME(half)(NK_NAME(load)(pixel)));
    }
}

static void NK_NAME(halfMean)(
    NKMap block, int height, int width, const float *centre, NKHalfTerm term, float *means) {
    const nk_floats middle = NK_NAME(load)(centre), zero = NK_NAME(broadcast)(0.0f);
    const nk_floats columns = NK_NAME(half)(NK_NAME(broadcast)((float)width));
    const nk_floats rows = NK_NAME(half)(NK_NAME(broadcast)((float)height));
    nk_floats sum = zero;
    for (int y = 0; y < height; y++) {
        const float *pixel = block.origin + y * block.rowStride;
        nk_floats rowSum = zero;
        for (int x = 0; x < width; x++, pixel += block.pixelStride) {
            nk_floats value = NK_NAME(half)(NK_NAME(load)(pixel) - middle);
            if (term == NKHalfSquare) value = NK_NAME(half)(value * value);
            if (term == NKHalfMagnitude) value = value < zero ? -value : value;
            rowSum = NK_NAME(half)(rowSum + value);
        }
        sum = NK_NAME(half)(sum + NK_NAME(half)(rowSum / columns));
    }
    NK_NAME(store)(means, NK_NAME(half)(sum / rows));
}

static void NK_NAME(halfNormalize)(NKMap source, NKMap target, int height, int width, const float *table) {
    const nk_floats mean = NK_NAME(load)(table + NKHalfMean * NKLanes);
    const nk_floats factor = NK_NAME(load)(table + NKHalfFactor * NKLanes);
    const nk_floats scale = NK_NAME(load)(table + NKHalfScale * NKLanes);
    const nk_floats shift = NK_NAME(load)(table + NKHalfShift * NKLanes);
    for (int y = 0; y < height; y++) {
        const float *from = source.origin + y * source.rowStride;
        float *to = target.origin + y * target.rowStride;
        for (int x = 0; x < width; x++, from += source.pixelStride, to += target.pixelStride) {
            const nk_floats offset = NK_NAME(half)(NK_NAME(load)(from) - mean);
            const nk_floats normalized = NK_NAME(half)(offset * factor);
            NK_NAME(store)(to, NK_NAME(half)(NK_NAME(half)(normalized * scale) + shift));
        }
    }
}

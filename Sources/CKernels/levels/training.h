// What training does to maps beside convolving: statistics of normalization, its gradient, and rounding to few bits.

typedef unsigned NK_NAME(Bits) __attribute__((ext_vector_type(16), aligned(4)));

static void NK_NAME(addSpread)(NKMap block, int height, int width, const float *centre, double *rows) {
    const nk_floats middle = NK_NAME(load)(centre), zero = NK_NAME(broadcast)(0.0f);
    nk_doubles sum = NK_NAME(doubles)(rows + NKSpreadSum * NKLanes);
    nk_doubles square = NK_NAME(doubles)(rows + NKSpreadSquare * NKLanes);
    nk_doubles absolute = NK_NAME(doubles)(rows + NKSpreadAbsolute * NKLanes);
    nk_ints signs = (nk_ints)(0);
    nk_floats least = __builtin_convertvector(NK_NAME(doubles)(rows + NKSpreadLeast * NKLanes), nk_floats);
    nk_floats greatest = __builtin_convertvector(NK_NAME(doubles)(rows + NKSpreadGreatest * NKLanes), nk_floats);
    for (int y = 0; y < height; y++) {
        const float *pixel = block.origin + y * block.rowStride;
        // A row's sums in single precision, rows in double: no long sum loses its last bits.
        nk_floats rowSum = zero, rowSquare = zero, rowAbsolute = zero;
        for (int x = 0; x < width; x++, pixel += block.pixelStride) {
            const nk_floats value = NK_NAME(load)(pixel), offset = value - middle;
            least = NK_NAME(atMost)(least, value);
            greatest = NK_NAME(atLeast)(greatest, value);
            rowSum += offset;
            rowSquare = NK_NAME(fma)(offset, offset, rowSquare);
            rowAbsolute += NK_NAME(atLeast)(offset, -offset);
            // A comparison that holds is -1.
            signs += (offset < zero) - (offset > zero);
        }
        sum += __builtin_convertvector(rowSum, nk_doubles);
        square += __builtin_convertvector(rowSquare, nk_doubles);
        absolute += __builtin_convertvector(rowAbsolute, nk_doubles);
    }
    *(nk_doubles *)(rows + NKSpreadSum * NKLanes) = sum;
    *(nk_doubles *)(rows + NKSpreadSquare * NKLanes) = square;
    *(nk_doubles *)(rows + NKSpreadAbsolute * NKLanes) = absolute;
    NK_NAME(addTo)(rows + NKSpreadSigns * NKLanes, __builtin_convertvector(signs, nk_doubles));
    *(nk_doubles *)(rows + NKSpreadLeast * NKLanes) = __builtin_convertvector(least, nk_doubles);
    *(nk_doubles *)(rows + NKSpreadGreatest * NKLanes) = __builtin_convertvector(greatest, nk_doubles);
}

static void NK_NAME(firstEqual)(NKMap block, int height, int width, const float *values, int32_t *places) {
    const nk_floats wanted = NK_NAME(load)(values);
    nk_ints found = *(const nk_ints *)places;
    for (int y = 0; y < height; y++) {
        const float *pixel = block.origin + y * block.rowStride;
        for (int x = 0; x < width; x++, pixel += block.pixelStride) {
            const nk_ints isFirst = (NK_NAME(load)(pixel) == wanted) & (found < 0);
            found = isFirst ? (nk_ints)(y * width + x) : found;
        }
    }
    *(nk_ints *)places = found;
}

/// One row of a block: the sums of the gated gradient and of its products, rows in double.
NK_INLINE void NK_NAME(gateRow)(
    const bool isGated, const bool isProjected, float *gradient, const float *result, const float *input,
    ptrdiff_t gradientStep, ptrdiff_t resultStep, ptrdiff_t inputStep, int width, nk_floats low, nk_floats high,
    nk_floats middle, nk_doubles *sum, nk_doubles *product) {
    const nk_floats zero = NK_NAME(broadcast)(0.0f);
    nk_floats rowSum = zero, rowProduct = zero;
    for (int x = 0; x < width; x++) {
        nk_floats g = NK_NAME(load)(gradient + x * gradientStep);
        if (isGated) {
            const nk_floats y = NK_NAME(load)(result + x * resultStep);
            g = ((y > low) & (y < high)) ? g : zero;
            NK_NAME(store)(gradient + x * gradientStep, g);
        }
        rowSum += g;
        if (isProjected) {
            __builtin_prefetch(input + x * inputStep + NK_NAME(floatsAhead));
            rowProduct = NK_NAME(fma)(g, NK_NAME(load)(input + x * inputStep) - middle, rowProduct);
        }
    }
    *sum += __builtin_convertvector(rowSum, nk_doubles);
    if (isProjected) *product += __builtin_convertvector(rowProduct, nk_doubles);
}

static void NK_NAME(gateGradient)(
    NKMap gradient, NKMap result, float low, float high, NKMap input, int height, int width, const float *centre,
    double *rows) {
    const nk_floats least = NK_NAME(broadcast)(low), greatest = NK_NAME(broadcast)(high), middle = NK_NAME(load)(centre);
    nk_doubles sum = NK_NAME(doubles)(rows + NKGateSum * NKLanes);
    nk_doubles product = NK_NAME(doubles)(rows + NKGateProduct * NKLanes);
    for (int y = 0; y < height; y++) {
        float *g = gradient.origin + y * gradient.rowStride;
        const float *r = result.origin + y * result.rowStride, *z = input.origin + y * input.rowStride;
#define NK_GATE(isGated, isProjected) \
    NK_NAME(gateRow)( \
        isGated, isProjected, g, r, z, gradient.pixelStride, result.pixelStride, input.pixelStride, width, least, \
        greatest, middle, &sum, &product)
        if (result.origin != NULL && input.origin != NULL) NK_GATE(true, true);
        else if (result.origin != NULL) NK_GATE(true, false);
        else if (input.origin != NULL) NK_GATE(false, true);
        else NK_GATE(false, false);
#undef NK_GATE
    }
    *(nk_doubles *)(rows + NKGateSum * NKLanes) = sum;
    *(nk_doubles *)(rows + NKGateProduct * NKLanes) = product;
}

static void NK_NAME(normalizationGradient)(
    NKMap gradient, NKMap input, NKMap target, int height, int width, bool bySign, const float *table) {
    const nk_floats zero = NK_NAME(broadcast)(0.0f), one = NK_NAME(broadcast)(1.0f);
    const nk_floats factor = NK_NAME(load)(table + NKGradientFactor * NKLanes);
    const nk_floats slope = NK_NAME(load)(table + NKGradientSlope * NKLanes);
    const nk_floats constant = NK_NAME(load)(table + NKGradientConstant * NKLanes);
    const nk_floats middle = NK_NAME(load)(table + NKGradientCentre * NKLanes);
    for (int y = 0; y < height; y++) {
        const float *g = gradient.origin + y * gradient.rowStride, *z = input.origin + y * input.rowStride;
        float *result = target.origin + y * target.rowStride;
        for (int x = 0; x < width;
             x++, g += gradient.pixelStride, z += input.pixelStride, result += target.pixelStride) {
            __builtin_prefetch(g + NK_NAME(floatsAhead));
            __builtin_prefetch(z + NK_NAME(floatsAhead));
            nk_floats offset = NK_NAME(load)(z) - middle;
            if (bySign) offset = offset > zero ? one : offset < zero ? -one : zero;
            const nk_floats rest = NK_NAME(fma)(offset, slope, constant);
            NK_NAME(store)(result, NK_NAME(fma)(NK_NAME(load)(g), factor, rest));
        }
    }
}

/// The finalizer of MurmurHash3 over key + place * 2^32 / golden ratio; see CounterGenerator.
NK_INLINE NK_NAME(Bits) NK_NAME(randomBits)(uint32_t key, NK_NAME(Bits) place) {
    NK_NAME(Bits) mixed = key + place * 0x9e3779b9u;
    mixed = (mixed ^ (mixed >> 16)) * 0x85ebca6bu;
    mixed = (mixed ^ (mixed >> 13)) * 0xc2b2ae35u;
    return mixed ^ (mixed >> 16);
}

static void NK_NAME(roundMap)(
    NKMap source, NKMap target, int height, int width, const NKRounding *rounding, uint32_t place) {
    const nk_floats zero = NK_NAME(broadcast)(0.0f);
    const nk_floats low = NK_NAME(broadcast)(-rounding->zeroPoint);
    const nk_floats high = NK_NAME(broadcast)(rounding->highest - rounding->zeroPoint);
    const NK_NAME(Bits) lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    // Rounds to whole numbers of up to 2^22 by the addition's own rounding, to nearest and ties to even.
    const nk_floats shift = NK_NAME(broadcast)(0x1.8p23f);
    for (int y = 0; y < height; y++) {
        const float *from = source.origin + y * source.rowStride;
        float *to = target.origin + y * target.rowStride;
        for (int x = 0; x < width; x++, from += source.pixelStride, to += target.pixelStride, place += NKLanes) {
            nk_floats units = NK_NAME(load)(from) / NK_NAME(broadcast)(rounding->step);
            units = NK_NAME(atLeast)(NK_NAME(atMost)(units, high), low);
            nk_floats whole;
            if (rounding->isStochastic) {
                const NK_NAME(Bits) bits = NK_NAME(randomBits)(rounding->key, place + lane) >> 8;
                const nk_floats random = __builtin_convertvector((nk_ints)bits, nk_floats) * NK_NAME(broadcast)(0x1p-24f);
                units += random;
                const nk_floats near = (units + shift) - shift;
                whole = near > units ? near - NK_NAME(broadcast)(1.0f) : near;
                // What was added may have been rounded up to the next whole number.
                whole = NK_NAME(atMost)(whole, high);
            } else {
                whole = (units + shift) - shift;
            }
            NK_NAME(store)(to, whole * NK_NAME(broadcast)(rounding->step) + zero);
        }
    }
}

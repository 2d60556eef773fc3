// From accumulators to stored results: see NKEpilogue for the formula.

/// The row of a map that belongs to one channel block, as a pointer to its first pixel; NULL when there is no map.
NK_INLINE float *NK_NAME(rowOf)(const NKMap *map, int block, int row, int pixel) {
    if (map->origin == NULL) return NULL;
    return map->origin + block * map->blockStride + row * map->rowStride + pixel * map->pixelStride;
}

/// The same for the codes of a map; NULL when there are none.
NK_INLINE uint8_t *NK_NAME(codeRowOf)(const NKMap *map, int block, int row, int pixel) {
    if (map->codes == NULL) return NULL;
    return map->codes + block * map->blockStride + row * map->rowStride + pixel * map->pixelStride;
}

/// Values of one row of a map, whatever it holds.
typedef struct {
    const float *floats;
    const uint8_t *codes;
    ptrdiff_t stride;
    float zeroPoint, step;
} NK_NAME(Source);

NK_INLINE NK_NAME(Source) NK_NAME(sourceOf)(const NKMap *map, int block, int row, int pixel) {
    return (NK_NAME(Source)){
        NK_NAME(rowOf)(map, block, row, pixel), NK_NAME(codeRowOf)(map, block, row, pixel), map->pixelStride,
        map->zeroPoint, map->step};
}

NK_INLINE bool NK_NAME(exists)(const NK_NAME(Source) *source) {
    return source->floats != NULL || source->codes != NULL;
}

NK_INLINE nk_floats NK_NAME(valueAt)(const NK_NAME(Source) *source, int p) {
    if (source->codes == NULL) return NK_NAME(load)(source->floats + p * source->stride);
    return (NK_NAME(loadCodes)(source->codes + p * source->stride) - NK_NAME(broadcast)(source->zeroPoint))
        * NK_NAME(broadcast)(source->step);
}

/// Where one output goes.
typedef struct {
    float *floats;
    uint8_t *codes;
    ptrdiff_t stride;
    nk_ints zeroPoint;
    bool isShifted;
} NK_NAME(Target);

NK_INLINE NK_NAME(Target) NK_NAME(targetOf)(const NKOutput *output, int block, int row, int pixel) {
    const NKMap *map = &output->map;
    return (NK_NAME(Target)){
        NK_NAME(rowOf)(map, block, row, pixel), NK_NAME(codeRowOf)(map, block, row, pixel), map->pixelStride,
        (nk_ints)((int)map->zeroPoint), output->isShifted};
}

/// The window sums of one block and row, from a pixel on; NULL when there are none.
NK_INLINE const float *NK_NAME(windowRow)(const NKWindow *window, int block, int row, int pixel) {
    if (window->origin == NULL) return NULL;
    return window->origin + block / window->blocksPerPlane * window->planeStride + row * window->rowStride
        + pixel * window->pixelStride;
}

NK_INLINE nk_floats NK_NAME(activate)(NKActivation activation, nk_floats x, nk_floats a, nk_floats b) {
    const nk_floats zero = NK_NAME(broadcast)(0.0f), one = NK_NAME(broadcast)(1.0f);
    switch (activation) {
    case NKActivationNone:
        return x;
    case NKActivationClamp:
        return NK_NAME(atMost)(NK_NAME(atLeast)(x, a), b);
    case NKActivationLeaky:
        return x < zero ? x * a : x;
    case NKActivationHardSwish: {
        const nk_floats gate = NK_NAME(fma)(x, NK_NAME(broadcast)(1.0f / 6.0f), NK_NAME(broadcast)(0.5f));
        return x * NK_NAME(atMost)(NK_NAME(atLeast)(gate, zero), one);
    }
    case NKActivationSilu:
        return x / (one + NK_NAME(exp)(-x));
    case NKActivationSigmoid:
        return one / (one + NK_NAME(exp)(-x));
    case NKActivationHardSigmoid:
        return NK_NAME(atMost)(NK_NAME(atLeast)(NK_NAME(fma)(x, a, b), zero), one);
    }
    return x;
}

/// The grid of one output for one block.
typedef struct {
    nk_floats inverseScale, low, high, step;
} NK_NAME(Grid);

NK_INLINE NK_NAME(Grid) NK_NAME(gridOf)(const float *table, int output) {
    const float *rows = table + (NKRowOutputs + output * NKRowsPerOutput) * NKLanes;
    return (NK_NAME(Grid)){
        NK_NAME(load)(rows + NKRowInverseScale * NKLanes), NK_NAME(load)(rows + NKRowLow * NKLanes),
        NK_NAME(load)(rows + NKRowHigh * NKLanes), NK_NAME(load)(rows + NKRowStep * NKLanes)};
}

/// Rounds to the grid of one output and stores the result; returns the value stored, and 0 in lanes that are not used.
///
/// The grid unit is clamp(round(source inverseScale), low, high), NaN becoming low. After 1.5 2^23 is added its low bits
/// are the unit in two's complement, so the code is the low byte of that plus the zero point.
NK_INLINE nk_floats NK_NAME(quantize)(
    nk_floats source, const NK_NAME(Grid) *grid, nk_ints used, bool full, const NK_NAME(Target) *target, int p) {
    const nk_floats clamped =
        NK_NAME(atMost)(NK_NAME(atLeastOrNaN)(source * grid->inverseScale, grid->low), grid->high);
    const nk_floats magic = NK_NAME(broadcast)(12582912.0f);
    nk_floats rounded = clamped + magic;
    if (!full) rounded = used ? rounded : magic;
    const nk_floats result = (rounded - magic) * grid->step;
    if (target->codes != NULL) {
        // Powers of two times the unit are whole as well, so the same addition brings out their bits.
        const nk_floats code = target->isShifted ? result + magic : rounded;
        *(nk_bytes *)(target->codes + p * target->stride) =
            __builtin_convertvector((nk_ints)code + target->zeroPoint, nk_bytes);
    } else {
        NK_NAME(store)(target->floats + p * target->stride, result);
    }
    return result;
}

/// All ones in the lanes of `block` that carry channels.
NK_INLINE nk_ints NK_NAME(usedLanes)(const NKEpilogue *epilogue, int block) {
    nk_ints used;
    for (int lane = 0; lane < NKLanes; lane++) used[lane] = block * NKLanes + lane < epilogue->channels ? -1 : 0;
    return used;
}

/// The common case: no pre-activation, one or two outputs. All constants stay in registers, which
/// matters where a sum has few terms: in first, 1x1 and depthwise layers the general loop took longer than the sums.
/// `activation`, `outputCount` and `adds` repeat what the epilogue says as constants of the caller.
NK_INLINE void NK_NAME(finishPlain)(
    const NKActivation activation, const int outputCount, const bool adds, const NKEpilogue *epilogue,
    const float *sums, ptrdiff_t sumStride, int block, int row, int pixel, int pixels, const NKWindow *window) {
    const float *table = epilogue->table + block * epilogue->tableRows * NKLanes;
    const nk_floats scale = NK_NAME(load)(table + NKRowScale * NKLanes);
    const nk_floats bias = NK_NAME(load)(table + NKRowBias * NKLanes);
    const nk_floats offset = NK_NAME(load)(table + NKRowOffset * NKLanes);
    const nk_floats a = NK_NAME(broadcast)(epilogue->a), b = NK_NAME(broadcast)(epilogue->b);
    const nk_floats addendScale = NK_NAME(broadcast)(epilogue->addendScale);
    const nk_floats zero = NK_NAME(broadcast)(0.0f);
    const nk_ints used = NK_NAME(usedLanes)(epilogue, block);
    // Unused lanes occur in the last block only.
    const bool full = (block + 1) * NKLanes <= epilogue->channels;

    NK_NAME(Grid) grid[2];
    NK_NAME(Target) target[2];
    bool quantized[2];
    NK_UNROLL for (int i = 0; i < outputCount; i++) {
        grid[i] = NK_NAME(gridOf)(table, i);
        target[i] = NK_NAME(targetOf)(&epilogue->outputs[i], block, row, pixel);
        quantized[i] = epilogue->outputs[i].quantized;
    }
    const bool requantizes = outputCount == 2 && epilogue->outputs[1].source == 0;
    const NK_NAME(Source) addend = NK_NAME(sourceOf)(&epilogue->addend, block, row, pixel);
    const float *windowSums = NK_NAME(windowRow)(window, block, row, pixel);
    const ptrdiff_t windowStride = window->pixelStride;
    const bool perLane = window->perLane;

    for (int p = 0; p < pixels; p++) {
        nk_floats value = NK_NAME(load)(sums + p * sumStride);
        if (windowSums != NULL) {
            const float *sum = windowSums + p * windowStride;
            value = NK_NAME(fma)(perLane ? NK_NAME(load)(sum) : NK_NAME(broadcast)(*sum), offset, value);
        }
        value = NK_NAME(fma)(value, scale, bias);
        if (adds) value = NK_NAME(fma)(NK_NAME(valueAt)(&addend, p), addendScale, value);
        value = NK_NAME(activate)(activation, value, a, b);
        NK_UNROLL for (int i = 0; i < outputCount; i++) {
            nk_floats result = value;
            if (quantized[i]) {
                result = NK_NAME(quantize)(value, &grid[i], used, full, &target[i], p);
            } else {
                if (!full) result = used ? result : zero;
                NK_NAME(store)(target[i].floats + p * target[i].stride, result);
            }
            if (requantizes) value = result;
        }
    }
}

/// The epilogue of `pixels` accumulators of one block in one row, starting at `pixel`. `activation` repeats the
/// epilogue's as a constant of the caller, so that each activation has a loop of its own.
NK_INLINE void NK_NAME(finishGeneral)(
    const NKActivation activation, const NKEpilogue *epilogue, const float *sums, ptrdiff_t sumStride, int block,
    int row, int pixel, int pixels, const NKWindow *window) {
    const float *table = epilogue->table + block * epilogue->tableRows * NKLanes;
    const nk_floats scale = NK_NAME(load)(table + NKRowScale * NKLanes);
    const nk_floats bias = NK_NAME(load)(table + NKRowBias * NKLanes);
    const nk_floats offset = NK_NAME(load)(table + NKRowOffset * NKLanes);
    const nk_floats a = NK_NAME(broadcast)(epilogue->a), b = NK_NAME(broadcast)(epilogue->b);
    const nk_floats addendScale = NK_NAME(broadcast)(epilogue->addendScale);
    const nk_floats zero = NK_NAME(broadcast)(0.0f);
    const nk_ints used = NK_NAME(usedLanes)(epilogue, block);

    const float *windowSums = NK_NAME(windowRow)(window, block, row, pixel);
    const NK_NAME(Source) addend = NK_NAME(sourceOf)(&epilogue->addend, block, row, pixel);
    NK_NAME(Target) targets[NKMaximumOutputs];
    for (int i = 0; i < epilogue->outputCount; i++)
        targets[i] = NK_NAME(targetOf)(&epilogue->outputs[i], block, row, pixel);

    for (int p = 0; p < pixels; p++) {
        nk_floats value = NK_NAME(load)(sums + p * sumStride);
        if (windowSums != NULL) {
            const float *sum = windowSums + p * window->pixelStride;
            value = NK_NAME(fma)(window->perLane ? NK_NAME(load)(sum) : NK_NAME(broadcast)(*sum), offset, value);
        }
        value = NK_NAME(fma)(value, scale, bias);
        if (NK_NAME(exists)(&addend)) value = NK_NAME(fma)(NK_NAME(valueAt)(&addend, p), addendScale, value);
        value = NK_NAME(activate)(activation, value, a, b);

        nk_floats results[NKMaximumOutputs];
        for (int i = 0; i < epilogue->outputCount; i++) {
            const NKOutput *output = &epilogue->outputs[i];
            nk_floats result = output->source == NKSourceValue ? value : results[output->source];
            if (output->quantized) {
                const NK_NAME(Grid) grid = NK_NAME(gridOf)(table, i);
                result = NK_NAME(quantize)(result, &grid, used, false, &targets[i], p);
            } else {
                result = used ? result : zero;
                NK_NAME(store)(targets[i].floats + p * targets[i].stride, result);
            }
            results[i] = result;
        }
    }
}

/// Picks the loop for what the epilogue asks for; all compute the same formula in the same order.
NK_INLINE void NK_NAME(finishWith)(
    const NKActivation activation, const NKEpilogue *epilogue, const float *sums, ptrdiff_t sumStride, int block,
    int row, int pixel, int pixels, const NKWindow *window) {
    const bool plain = epilogue->outputCount <= 2;
    const bool one = epilogue->outputCount == 1;
    const bool adds = epilogue->addend.origin != NULL || epilogue->addend.codes != NULL;
    if (!plain)
        NK_NAME(finishGeneral)(activation, epilogue, sums, sumStride, block, row, pixel, pixels, window);
    else if (one && adds)
        NK_NAME(finishPlain)(activation, 1, true, epilogue, sums, sumStride, block, row, pixel, pixels, window);
    else if (one)
        NK_NAME(finishPlain)(activation, 1, false, epilogue, sums, sumStride, block, row, pixel, pixels, window);
    else if (adds)
        NK_NAME(finishPlain)(activation, 2, true, epilogue, sums, sumStride, block, row, pixel, pixels, window);
    else
        NK_NAME(finishPlain)(activation, 2, false, epilogue, sums, sumStride, block, row, pixel, pixels, window);
}

/// The epilogue of `pixels` accumulators, `sumStride` apart, of one block in one row, starting at `pixel`.
static void NK_NAME(finish)(
    const NKEpilogue *epilogue, const float *sums, ptrdiff_t sumStride, int block, int row, int pixel, int pixels,
    const NKWindow *window) {
#define NK_CASE(activation) \
    case activation: \
        NK_NAME(finishWith)(activation, epilogue, sums, sumStride, block, row, pixel, pixels, window); \
        break;
    switch (epilogue->activation) {
        NK_CASE(NKActivationNone)
        NK_CASE(NKActivationClamp)
        NK_CASE(NKActivationLeaky)
        NK_CASE(NKActivationHardSwish)
        NK_CASE(NKActivationSilu)
        NK_CASE(NKActivationSigmoid)
        NK_CASE(NKActivationHardSigmoid)
    }
#undef NK_CASE
}

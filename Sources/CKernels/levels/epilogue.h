// From accumulators to stored results: see NKEpilogue for the formula.

/// The row of a map that belongs to one channel block, as a pointer to its first pixel; NULL when there is no map.
NK_INLINE float *NK_NAME(rowOf)(const NKMap *map, int block, int row, int pixel) {
    if (map->origin == NULL) return NULL;
    return map->origin + block * map->blockStride + row * map->rowStride + pixel * map->pixelStride;
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

/// Rounds to the grid of one output: clamp(round(source inverseScale), low, high) step, with NaN becoming low step.
NK_INLINE nk_floats NK_NAME(quantize)(
    nk_floats source, nk_floats inverseScale, nk_floats low, nk_floats high, nk_floats step) {
    const nk_floats clamped = NK_NAME(atMost)(NK_NAME(atLeastOrNaN)(source * inverseScale, low), high);
    return NK_NAME(round)(clamped) * step;
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

    nk_floats inverseScale[2], low[2], high[2], step[2];
    float *output[2];
    ptrdiff_t outputStride[2];
    bool quantized[2];
    NK_UNROLL for (int i = 0; i < outputCount; i++) {
        const float *grid = table + (NKRowOutputs + i * NKRowsPerOutput) * NKLanes;
        inverseScale[i] = NK_NAME(load)(grid + NKRowInverseScale * NKLanes);
        low[i] = NK_NAME(load)(grid + NKRowLow * NKLanes);
        high[i] = NK_NAME(load)(grid + NKRowHigh * NKLanes);
        step[i] = NK_NAME(load)(grid + NKRowStep * NKLanes);
        output[i] = NK_NAME(rowOf)(&epilogue->outputs[i].map, block, row, pixel);
        outputStride[i] = epilogue->outputs[i].map.pixelStride;
        quantized[i] = epilogue->outputs[i].quantized;
    }
    const bool requantizes = outputCount == 2 && epilogue->outputs[1].source == 0;
    const float *addend = NK_NAME(rowOf)(&epilogue->addend, block, row, pixel);
    const ptrdiff_t addendStride = epilogue->addend.pixelStride;
    const float *windowSums = NK_NAME(windowRow)(window, block, row, pixel);
    const ptrdiff_t windowStride = window->pixelStride;
    const bool perLane = window->perLane;

    for (int p = 0; p < pixels; p++) {
        nk_floats base = bias;
        if (windowSums != NULL) {
            const float *sum = windowSums + p * windowStride;
            base = NK_NAME(fma)(perLane ? NK_NAME(load)(sum) : NK_NAME(broadcast)(*sum), offset, bias);
        }
        nk_floats value = NK_NAME(fma)(NK_NAME(load)(sums + p * sumStride), scale, base);
        if (adds) value = NK_NAME(fma)(NK_NAME(load)(addend + p * addendStride), addendScale, value);
        value = NK_NAME(activate)(activation, value, a, b);
        NK_UNROLL for (int i = 0; i < outputCount; i++) {
            nk_floats result = value;
            if (quantized[i])
                result = NK_NAME(quantize)(value, inverseScale[i], low[i], high[i], step[i]);
            if (!full) result = used ? result : zero;
            NK_NAME(store)(output[i] + p * outputStride[i], result);
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
    const float *addend = NK_NAME(rowOf)(&epilogue->addend, block, row, pixel);
    float *preActivation = NK_NAME(rowOf)(&epilogue->preActivation, block, row, pixel);
    float *outputs[NKMaximumOutputs];
    for (int i = 0; i < epilogue->outputCount; i++)
        outputs[i] = NK_NAME(rowOf)(&epilogue->outputs[i].map, block, row, pixel);

    for (int p = 0; p < pixels; p++) {
        nk_floats base = bias;
        if (windowSums != NULL) {
            const float *sum = windowSums + p * window->pixelStride;
            base = NK_NAME(fma)(window->perLane ? NK_NAME(load)(sum) : NK_NAME(broadcast)(*sum), offset, bias);
        }
        nk_floats value = NK_NAME(fma)(NK_NAME(load)(sums + p * sumStride), scale, base);
        if (addend != NULL)
            value = NK_NAME(fma)(NK_NAME(load)(addend + p * epilogue->addend.pixelStride), addendScale, value);
        if (preActivation != NULL)
            NK_NAME(store)(preActivation + p * epilogue->preActivation.pixelStride, used ? value : zero);
        value = NK_NAME(activate)(activation, value, a, b);

        nk_floats results[NKMaximumOutputs];
        for (int i = 0; i < epilogue->outputCount; i++) {
            const NKOutput *output = &epilogue->outputs[i];
            nk_floats result = output->source == NKSourceValue ? value : results[output->source];
            if (output->quantized) {
                const float *grid = table + (NKRowOutputs + i * NKRowsPerOutput) * NKLanes;
                result = NK_NAME(quantize)(
                    result, NK_NAME(load)(grid + NKRowInverseScale * NKLanes),
                    NK_NAME(load)(grid + NKRowLow * NKLanes), NK_NAME(load)(grid + NKRowHigh * NKLanes),
                    NK_NAME(load)(grid + NKRowStep * NKLanes));
            }
            result = used ? result : zero;
            NK_NAME(store)(outputs[i] + p * output->map.pixelStride, result);
            results[i] = result;
        }
    }
}

/// Picks the loop for what the epilogue asks for; all compute the same formula in the same order.
NK_INLINE void NK_NAME(finishWith)(
    const NKActivation activation, const NKEpilogue *epilogue, const float *sums, ptrdiff_t sumStride, int block,
    int row, int pixel, int pixels, const NKWindow *window) {
    const bool plain = epilogue->preActivation.origin == NULL && epilogue->outputCount <= 2;
    const bool one = epilogue->outputCount == 1, adds = epilogue->addend.origin != NULL;
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

static void NK_NAME(apply)(NKMap input, NKTile tile, const NKEpilogue *epilogue) {
    const NKWindow none = {.origin = NULL, .blocksPerPlane = 1};
    for (int block = tile.firstBlock; block < tile.endBlock; block++)
        for (int row = tile.firstRow; row < tile.endRow; row++)
            NK_NAME(finish)(
                epilogue, NK_NAME(rowOf)(&input, block, row, 0), input.pixelStride, block, row, 0, tile.pixels, &none);
}

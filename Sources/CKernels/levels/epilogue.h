// From accumulators to stored results: see NKEpilogue for the formula.

/// The row of a map that belongs to one channel block, as a pointer to its first pixel; NULL when there is no map.
NK_INLINE float *NK_NAME(rowOf)(const NKMap *map, int block, int row, int pixel) {
    if (map->origin == NULL) return NULL;
    return map->origin + block * map->blockStride + row * map->rowStride + pixel * map->pixelStride;
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

/// The epilogue of `pixels` accumulators of one block in one row, starting at `pixel`. `activation` repeats the
/// epilogue's as a constant of the caller, so that each activation has a loop of its own.
NK_INLINE void NK_NAME(finishWith)(
    const NKActivation activation, const NKEpilogue *epilogue, const float *sums, ptrdiff_t sumStride, int block,
    int row, int pixel, int pixels, const NKWindow *window) {
    const float *table = epilogue->table + block * epilogue->tableRows * NKLanes;
    const nk_floats scale = NK_NAME(load)(table + NKRowScale * NKLanes);
    const nk_floats bias = NK_NAME(load)(table + NKRowBias * NKLanes);
    const nk_floats offset = NK_NAME(load)(table + NKRowOffset * NKLanes);
    const nk_floats a = NK_NAME(broadcast)(epilogue->a), b = NK_NAME(broadcast)(epilogue->b);
    const nk_floats addendScale = NK_NAME(broadcast)(epilogue->addendScale);

    const nk_floats zero = NK_NAME(broadcast)(0.0f);
    nk_ints used;
    for (int lane = 0; lane < NKLanes; lane++) used[lane] = block * NKLanes + lane < epilogue->channels ? -1 : 0;

    const float *windowSums = NULL;
    if (window->origin != NULL)
        windowSums = window->origin + block / window->blocksPerPlane * window->planeStride + row * window->rowStride
            + pixel * window->pixelStride;
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
                result = result * NK_NAME(load)(grid + NKRowInverseScale * NKLanes);
                result = NK_NAME(atLeastOrNaN)(result, NK_NAME(load)(grid + NKRowLow * NKLanes));
                result = NK_NAME(atMost)(result, NK_NAME(load)(grid + NKRowHigh * NKLanes));
                result = NK_NAME(round)(result) * NK_NAME(load)(grid + NKRowStep * NKLanes);
            }
            result = used ? result : zero;
            NK_NAME(store)(outputs[i] + p * output->map.pixelStride, result);
            results[i] = result;
        }
    }
}

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

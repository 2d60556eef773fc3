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
} NK_NAME(Target);

NK_INLINE NK_NAME(Target) NK_NAME(targetOf)(const NKMap *map, int block, int row, int pixel) {
    return (NK_NAME(Target)){
        NK_NAME(rowOf)(map, block, row, pixel), NK_NAME(codeRowOf)(map, block, row, pixel), map->pixelStride,
        (nk_ints)((int)map->zeroPoint)};
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
    if (target->codes != NULL)
        *(nk_bytes *)(target->codes + p * target->stride) =
            __builtin_convertvector((nk_ints)rounded + target->zeroPoint, nk_bytes);
    else
        NK_NAME(store)(target->floats + p * target->stride, result);
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
        target[i] = NK_NAME(targetOf)(&epilogue->outputs[i].map, block, row, pixel);
        quantized[i] = epilogue->outputs[i].quantized;
    }
    const bool requantizes = outputCount == 2 && epilogue->outputs[1].source == 0;
    const NK_NAME(Source) addend = NK_NAME(sourceOf)(&epilogue->addend, block, row, pixel);
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
    float *preActivation = NK_NAME(rowOf)(&epilogue->preActivation, block, row, pixel);
    NK_NAME(Target) targets[NKMaximumOutputs];
    for (int i = 0; i < epilogue->outputCount; i++)
        targets[i] = NK_NAME(targetOf)(&epilogue->outputs[i].map, block, row, pixel);

    for (int p = 0; p < pixels; p++) {
        nk_floats base = bias;
        if (windowSums != NULL) {
            const float *sum = windowSums + p * window->pixelStride;
            base = NK_NAME(fma)(window->perLane ? NK_NAME(load)(sum) : NK_NAME(broadcast)(*sum), offset, bias);
        }
        nk_floats value = NK_NAME(fma)(NK_NAME(load)(sums + p * sumStride), scale, base);
        if (NK_NAME(exists)(&addend)) value = NK_NAME(fma)(NK_NAME(valueAt)(&addend, p), addendScale, value);
        if (preActivation != NULL)
            NK_NAME(store)(preActivation + p * epilogue->preActivation.pixelStride, used ? value : zero);
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

/// What `finishCodes` needs of an epilogue and a block.
typedef struct {
    nk_floats scale, bias, offset, a, b, addendScale, addendZero, addendStep;
    NK_NAME(Grid) grid[2];
    /// The codes of zero, less the bits of the number that rounds.
    nk_ints zeroPoint[2];
} NK_NAME(CodeConstants);

/// The codes of one pixel: the formula of NKEpilogue, with the flags as constants of the caller.
NK_INLINE void NK_NAME(codesOf)(
    const bool clamps, const int outputCount, const bool requantizes, const bool adds, const bool windows,
    const NK_NAME(CodeConstants) *constants, const float *sum, const uint8_t *addend, const float *windowSum,
    nk_ints codes[2]) {
    const nk_floats magic = NK_NAME(broadcast)(12582912.0f);
    const nk_floats base = windows
        ? NK_NAME(fma)(NK_NAME(broadcast)(*windowSum), constants->offset, constants->bias)
        : constants->bias;
    nk_floats value = NK_NAME(fma)(NK_NAME(load)(sum), constants->scale, base);
    if (adds) {
        const nk_floats units = NK_NAME(loadCodes)(addend) - constants->addendZero;
        value = NK_NAME(fma)(units * constants->addendStep, constants->addendScale, value);
    }
    if (clamps) value = NK_NAME(activate)(NKActivationClamp, value, constants->a, constants->b);
    NK_UNROLL for (int i = 0; i < outputCount; i++) {
        const NK_NAME(Grid) *grid = &constants->grid[i];
        const nk_floats clamped =
            NK_NAME(atMost)(NK_NAME(atLeastOrNaN)(value * grid->inverseScale, grid->low), grid->high);
        const nk_floats rounded = clamped + magic;
        codes[i] = (nk_ints)rounded + constants->zeroPoint[i];
        if (requantizes) value = (rounded - magic) * grid->step;
    }
}

/// The loop of the integer path: every output and the addend are maps of codes, the activation is a clamp or none, and
/// window sums are one per pixel. Everything that `finishPlain` decides anew for each pixel is a constant of the caller.
NK_INLINE void NK_NAME(finishCodes)(
    const bool clamps, const int outputCount, const bool requantizes, const bool adds, const bool windows,
    const NKEpilogue *epilogue, const float *sums, int block, int firstRow, int rows, int pixel, int pixels,
    const NKWindow *window) {
    const float *table = epilogue->table + block * epilogue->tableRows * NKLanes;
    const nk_floats zero = NK_NAME(broadcast)(0.0f);
    const nk_ints used = NK_NAME(usedLanes)(epilogue, block);
    NK_NAME(CodeConstants) constants = {
        .scale = NK_NAME(load)(table + NKRowScale * NKLanes),
        .bias = NK_NAME(load)(table + NKRowBias * NKLanes),
        .offset = NK_NAME(load)(table + NKRowOffset * NKLanes),
        .a = NK_NAME(broadcast)(epilogue->a),
        .b = NK_NAME(broadcast)(epilogue->b),
        .addendScale = NK_NAME(broadcast)(epilogue->addendScale),
        .addendZero = NK_NAME(broadcast)(epilogue->addend.zeroPoint),
        .addendStep = NK_NAME(broadcast)(epilogue->addend.step),
    };
    // Four neighbouring pixels are stored at once.
    bool dense = true;
    NK_UNROLL for (int i = 0; i < outputCount; i++) {
        const NKMap *map = &epilogue->outputs[i].map;
        constants.grid[i] = NK_NAME(gridOf)(table, i);
        // Lanes without a channel are 0 on every grid.
        constants.grid[i].inverseScale = used ? constants.grid[i].inverseScale : zero;
        constants.zeroPoint[i] = (nk_ints)((int)map->zeroPoint - 0x4b400000);
        dense = dense && map->pixelStride == NKLanes;
    }
    const ptrdiff_t addendStride = epilogue->addend.pixelStride, windowStride = window->pixelStride;

    for (int row = firstRow; row < firstRow + rows; row++, sums += pixels * NKLanes) {
        const uint8_t *addend = adds ? NK_NAME(codeRowOf)(&epilogue->addend, block, row, pixel) : NULL;
        const float *windowSums = windows ? NK_NAME(windowRow)(window, block, row, pixel) : NULL;
        uint8_t *bytes[2];
        NK_UNROLL for (int i = 0; i < outputCount; i++)
            bytes[i] = NK_NAME(codeRowOf)(&epilogue->outputs[i].map, block, row, pixel);
        int p = 0;
        for (; dense && p + 4 <= pixels; p += 4) {
            nk_ints codes[4][2];
            NK_UNROLL for (int q = 0; q < 4; q++) NK_NAME(codesOf)(
                clamps, outputCount, requantizes, adds, windows, &constants, sums + (p + q) * NKLanes,
                adds ? addend + (p + q) * addendStride : NULL,
                windows ? windowSums + (p + q) * windowStride : NULL, codes[q]);
            NK_UNROLL for (int i = 0; i < outputCount; i++) NK_NAME(storeFour)(
                bytes[i] + p * NKLanes, codes[0][i], codes[1][i], codes[2][i], codes[3][i]);
        }
        for (; p < pixels; p++) {
            nk_ints codes[2];
            NK_NAME(codesOf)(
                clamps, outputCount, requantizes, adds, windows, &constants, sums + p * NKLanes,
                adds ? addend + p * addendStride : NULL, windows ? windowSums + p * windowStride : NULL, codes);
            NK_UNROLL for (int i = 0; i < outputCount; i++)
                *(nk_bytes *)(bytes[i] + p * epilogue->outputs[i].map.pixelStride) =
                    __builtin_convertvector(codes[i], nk_bytes);
        }
    }
}

/// The epilogue of some rows of one block: the sums of `pixels` pixels of each, starting at `pixel`, row after row.
typedef void (*NK_NAME(FinishFunction))(
    const NKEpilogue *epilogue, const float *sums, int block, int row, int rows, int pixel, int pixels,
    const NKWindow *window);

// One function for each kind of epilogue of the integer path, at the index of its letters as binary digits.
#define NK_FINISH(clamps, two, again, adds, windows) \
    static void NK_NAME(finishCodes##clamps##two##again##adds##windows)( \
        const NKEpilogue *epilogue, const float *sums, int block, int row, int rows, int pixel, int pixels, \
        const NKWindow *window) { \
        NK_NAME(finishCodes)( \
            clamps, 1 + two, again, adds, windows, epilogue, sums, block, row, rows, pixel, pixels, window); \
    }
#define NK_FINISH_NAME(clamps, two, again, adds, windows) NK_NAME(finishCodes##clamps##two##again##adds##windows),
#define NK_FINISHES(F) \
    F(0, 0, 0, 0, 0) F(0, 0, 0, 0, 1) F(0, 0, 0, 1, 0) F(0, 0, 0, 1, 1) \
    F(0, 1, 0, 0, 0) F(0, 1, 0, 0, 1) F(0, 1, 0, 1, 0) F(0, 1, 0, 1, 1) \
    F(0, 1, 1, 0, 0) F(0, 1, 1, 0, 1) F(0, 1, 1, 1, 0) F(0, 1, 1, 1, 1) \
    F(1, 0, 0, 0, 0) F(1, 0, 0, 0, 1) F(1, 0, 0, 1, 0) F(1, 0, 0, 1, 1) \
    F(1, 1, 0, 0, 0) F(1, 1, 0, 0, 1) F(1, 1, 0, 1, 0) F(1, 1, 0, 1, 1) \
    F(1, 1, 1, 0, 0) F(1, 1, 1, 0, 1) F(1, 1, 1, 1, 0) F(1, 1, 1, 1, 1)
NK_FINISHES(NK_FINISH)
static const NK_NAME(FinishFunction) NK_NAME(codeFinishes)[] = {NK_FINISHES(NK_FINISH_NAME)};
#undef NK_FINISHES
#undef NK_FINISH_NAME
#undef NK_FINISH

static void NK_NAME(finish)(
    const NKEpilogue *epilogue, const float *sums, ptrdiff_t sumStride, int block, int row, int pixel, int pixels,
    const NKWindow *window);

static void NK_NAME(finishRows)(
    const NKEpilogue *epilogue, const float *sums, int block, int row, int rows, int pixel, int pixels,
    const NKWindow *window) {
    for (int i = 0; i < rows; i++)
        NK_NAME(finish)(epilogue, sums + i * pixels * NKLanes, NKLanes, block, row + i, pixel, pixels, window);
}

/// The function that finishes every segment of a convolution.
static NK_NAME(FinishFunction) NK_NAME(finishFor)(const NKEpilogue *epilogue, const NKWindow *window) {
    const NKOutput *outputs = epilogue->outputs;
    const int adds = epilogue->addend.codes != NULL, windows = window->origin != NULL;
    const int clamps = epilogue->activation == NKActivationClamp;
    const int two = epilogue->outputCount == 2, requantizes = two && outputs[1].source == 0;
    if (epilogue->outputCount > 2 || epilogue->preActivation.origin != NULL || epilogue->addend.origin != NULL
        || !(clamps || epilogue->activation == NKActivationNone) || (windows && window->perLane)
        || outputs[0].map.codes == NULL || (two && outputs[1].map.codes == NULL))
        return NK_NAME(finishRows);
    const int outputKind = !two ? 0 : !requantizes ? 1 : 2;
    return NK_NAME(codeFinishes)[((clamps * 3 + outputKind) * 2 + adds) * 2 + windows];
}

/// Picks the loop for what the epilogue asks for; all compute the same formula in the same order.
NK_INLINE void NK_NAME(finishWith)(
    const NKActivation activation, const NKEpilogue *epilogue, const float *sums, ptrdiff_t sumStride, int block,
    int row, int pixel, int pixels, const NKWindow *window) {
    const bool plain = epilogue->preActivation.origin == NULL && epilogue->outputCount <= 2;
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

static void NK_NAME(apply)(NKMap input, NKTile tile, const NKEpilogue *epilogue) {
    const NKWindow none = {.origin = NULL, .blocksPerPlane = 1};
    const NK_NAME(FinishFunction) finish = NK_NAME(finishFor)(epilogue, &none);
    for (int block = tile.firstBlock; block < tile.endBlock; block++)
        for (int row = tile.firstRow; row < tile.endRow; row++) {
            if (input.codes == NULL && input.pixelStride == NKLanes) {
                finish(
                    epilogue, NK_NAME(rowOf)(&input, block, row, 0), block, row, 1, 0, tile.pixels, &none);
                continue;
            }
            if (input.codes == NULL) {
                NK_NAME(finish)(
                    epilogue, NK_NAME(rowOf)(&input, block, row, 0), input.pixelStride, block, row, 0, tile.pixels,
                    &none);
                continue;
            }
            const NK_NAME(Source) source = NK_NAME(sourceOf)(&input, block, row, 0);
            __attribute__((aligned(64))) float values[64 * NKLanes];
            for (int start = 0; start < tile.pixels; start += 64) {
                const int pixels = tile.pixels - start < 64 ? tile.pixels - start : 64;
                for (int p = 0; p < pixels; p++)
                    NK_NAME(store)(values + p * NKLanes, NK_NAME(valueAt)(&source, start + p));
                finish(epilogue, values, block, row, 1, start, pixels, &none);
            }
        }
}

// The epilogue of the integer path: all outputs are maps of codes, and so is the addend.

/// The epilogue of some rows of one block: the sums of `pixels` pixels of each, starting at `pixel`, row after row.
typedef void (*NK_NAME(FinishFunction))(
    const NKEpilogue *epilogue, const float *sums, int block, int row, int rows, int pixel, int pixels,
    const NKWindow *window);

/// What `finishCodes` needs of an epilogue and a block.
typedef struct {
    nk_floats scale, bias, offset, a, b, addendScale, addendZero, addendStep;
    NK_NAME(Grid) grid[2];
} NK_NAME(CodeConstants);

/// What the loops below know of an epilogue when they are compiled.
typedef struct {
    /// None and a clamp have loops of their own; the others are told apart in the loop.
    enum { NK_NAME(noActivation), NK_NAME(clampActivation), NK_NAME(anyActivation) } activation;
    /// One output, two of the value, or a second that is made from the first: by rounding again, or by its table.
    enum { NK_NAME(oneOutput), NK_NAME(twoOutputs), NK_NAME(roundedAgain), NK_NAME(lookedUp) } outputs;
    bool adds;
    /// Window sums: none, one for a pixel, or one for each lane.
    enum { NK_NAME(noWindows), NK_NAME(pixelWindows), NK_NAME(laneWindows) } windows;
} NK_NAME(CodeKind);

NK_INLINE NK_NAME(CodeConstants) NK_NAME(codeConstants)(const NKEpilogue *epilogue, int block, int outputs) {
    const float *table = epilogue->table + block * epilogue->tableRows * NKLanes;
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
    const nk_ints used = NK_NAME(usedLanes)(epilogue, block);
    NK_UNROLL for (int i = 0; i < outputs; i++) {
        constants.grid[i] = NK_NAME(gridOf)(table, i);
        // Lanes without a channel are 0 on every grid.
        constants.grid[i].inverseScale = used ? constants.grid[i].inverseScale : NK_NAME(broadcast)(0.0f);
    }
    return constants;
}

/// The grid units of one pixel, not rounded yet and not bounded below: storing does both.
NK_INLINE void NK_NAME(unitsOf)(
    const NK_NAME(CodeKind) kind, const NKActivation activation, const NK_NAME(CodeConstants) *constants,
    const float *sum, const uint8_t *addend, const float *windowSum, nk_floats units[2]) {
    nk_floats value = NK_NAME(load)(sum);
    if (kind.windows == NK_NAME(pixelWindows))
        value = NK_NAME(fma)(NK_NAME(broadcast)(*windowSum), constants->offset, value);
    if (kind.windows == NK_NAME(laneWindows))
        value = NK_NAME(fma)(NK_NAME(load)(windowSum), constants->offset, value);
    value = NK_NAME(fma)(value, constants->scale, constants->bias);
    if (kind.adds) {
        const nk_floats whole = NK_NAME(loadCodes)(addend) - constants->addendZero;
        value = NK_NAME(fma)(whole * constants->addendStep, constants->addendScale, value);
    }
    if (kind.activation == NK_NAME(clampActivation))
        value = NK_NAME(activate)(NKActivationClamp, value, constants->a, constants->b);
    if (kind.activation == NK_NAME(anyActivation))
        value = NK_NAME(activate)(activation, value, constants->a, constants->b);
    units[0] = NK_NAME(atMost)(value * constants->grid[0].inverseScale, constants->grid[0].high);
    if (kind.outputs == NK_NAME(roundedAgain))
        value = NK_NAME(round)(NK_NAME(atLeastOrNaN)(units[0], constants->grid[0].low)) * constants->grid[0].step;
    if (kind.outputs == NK_NAME(twoOutputs) || kind.outputs == NK_NAME(roundedAgain))
        units[1] = NK_NAME(atMost)(value * constants->grid[1].inverseScale, constants->grid[1].high);
}

/// Stores the codes of up to four pixels, `stride` apart.
NK_INLINE void NK_NAME(storeCodes)(
    uint8_t *bytes, ptrdiff_t stride, int count, nk_floats units[4], NK_NAME(CodeZero) zero) {
    if (count == 4 && stride == NKLanes) {
        NK_NAME(storeFour)(bytes, units, zero);
        return;
    }
    uint8_t four[4 * NKLanes];
    NK_NAME(storeFour)(four, units, zero);
    for (int q = 0; q < count; q++) __builtin_memcpy(bytes + q * stride, four + q * NKLanes, NKLanes);
}

/// The loop of one kind. Everything that `finishPlain` decides anew for each pixel is a constant of the caller.
NK_INLINE void NK_NAME(finishCodes)(
    const NK_NAME(CodeKind) kind, const NKEpilogue *epilogue, const float *sums, int block, int firstRow, int rows,
    int pixel, int pixels, const NKWindow *window) {
    const int outputs = kind.outputs == NK_NAME(oneOutput) || kind.outputs == NK_NAME(lookedUp) ? 1 : 2;
    const NK_NAME(CodeConstants) constants = NK_NAME(codeConstants)(epilogue, block, outputs);
    NK_NAME(CodeZero) zero[2];
    NK_UNROLL for (int i = 0; i < outputs; i++)
        zero[i] = NK_NAME(codeZero)((int)epilogue->outputs[i].map.zeroPoint);
    const ptrdiff_t addendStride = epilogue->addend.pixelStride, windowStride = window->pixelStride;

    for (int row = firstRow; row < firstRow + rows; row++, sums += pixels * NKLanes) {
        const uint8_t *addend = kind.adds ? NK_NAME(codeRowOf)(&epilogue->addend, block, row, pixel) : NULL;
        const float *windowSums = kind.windows ? NK_NAME(windowRow)(window, block, row, pixel) : NULL;
        uint8_t *bytes[2];
        NK_UNROLL for (int i = 0; i < outputs; i++)
            bytes[i] = NK_NAME(codeRowOf)(&epilogue->outputs[i].map, block, row, pixel);
        for (int first = 0; first < pixels; first += 4) {
            const int count = pixels - first < 4 ? pixels - first : 4;
            nk_floats units[2][4];
            NK_UNROLL for (int q = 0; q < 4; q++) {
                // The last pixel stands in for those beyond.
                const int p = q < count ? first + q : pixels - 1;
                nk_floats both[2];
                NK_NAME(unitsOf)(
                    kind, epilogue->activation, &constants, sums + p * NKLanes,
                    kind.adds ? addend + p * addendStride : NULL, kind.windows ? windowSums + p * windowStride : NULL,
                    both);
                NK_UNROLL for (int i = 0; i < outputs; i++) units[i][q] = both[i];
            }
            NK_UNROLL for (int i = 0; i < outputs; i++) {
                const ptrdiff_t stride = epilogue->outputs[i].map.pixelStride;
                NK_NAME(storeCodes)(bytes[i] + first * stride, stride, count, units[i], zero[i]);
            }
        }
#if defined(NK_LOOK_UP)
        if (kind.outputs == NK_NAME(lookedUp))
            NK_LOOK_UP(
                epilogue->outputs[1].codeOfCode, bytes[0],
                NK_NAME(codeRowOf)(&epilogue->outputs[1].map, block, row, pixel), pixels * NKLanes);
#endif
    }
}

// One function for each kind, at the index of its letters as digits.
#define NK_FINISH(activation, outputs, adds, windows) \
    static void NK_NAME(finishCodes##activation##outputs##adds##windows)( \
        const NKEpilogue *epilogue, const float *sums, int block, int row, int rows, int pixel, int pixels, \
        const NKWindow *window) { \
        const NK_NAME(CodeKind) kind = {activation, outputs, adds, windows}; \
        NK_NAME(finishCodes)(kind, epilogue, sums, block, row, rows, pixel, pixels, window); \
    }
#define NK_FINISH_NAME(activation, outputs, adds, windows) \
    NK_NAME(finishCodes##activation##outputs##adds##windows),
#define NK_FINISHES_OF(F, activation, outputs) \
    F(activation, outputs, 0, 0) F(activation, outputs, 0, 1) F(activation, outputs, 0, 2) \
    F(activation, outputs, 1, 0) F(activation, outputs, 1, 1) F(activation, outputs, 1, 2)
#define NK_FINISHES_WITH(F, activation) \
    NK_FINISHES_OF(F, activation, 0) NK_FINISHES_OF(F, activation, 1) NK_FINISHES_OF(F, activation, 2) \
    NK_FINISHES_OF(F, activation, 3)
#define NK_FINISHES(F) NK_FINISHES_WITH(F, 0) NK_FINISHES_WITH(F, 1) NK_FINISHES_WITH(F, 2)
NK_FINISHES(NK_FINISH)
static const NK_NAME(FinishFunction) NK_NAME(codeFinishes)[] = {NK_FINISHES(NK_FINISH_NAME)};
#undef NK_FINISHES
#undef NK_FINISHES_WITH
#undef NK_FINISHES_OF
#undef NK_FINISH_NAME
#undef NK_FINISH

static void NK_NAME(finishRows)(
    const NKEpilogue *epilogue, const float *sums, int block, int row, int rows, int pixel, int pixels,
    const NKWindow *window) {
    for (int i = 0; i < rows; i++)
        NK_NAME(finish)(epilogue, sums + i * pixels * NKLanes, NKLanes, block, row + i, pixel, pixels, window);
}

/// Whether the second output is made from the first by its table.
NK_INLINE bool NK_NAME(looksUp)(const NKOutput *outputs) {
#if defined(NK_LOOK_UP)
    return NK_CAN_LOOK_UP() && outputs[1].codeOfCode != NULL && outputs[0].map.pixelStride == NKLanes
        && outputs[1].map.pixelStride == NKLanes;
#else
    (void)outputs;
    return false;
#endif
}

/// The function that finishes every segment of a convolution.
static NK_NAME(FinishFunction) NK_NAME(finishFor)(const NKEpilogue *epilogue, const NKWindow *window) {
    const NKOutput *outputs = epilogue->outputs;
    const bool two = epilogue->outputCount == 2;
    if (epilogue->outputCount > 2 || epilogue->addend.origin != NULL || outputs[0].map.codes == NULL
        || (two && outputs[1].map.codes == NULL) || outputs[0].isShifted
        || (two && outputs[1].isShifted))
        return NK_NAME(finishRows);
    const int adds = epilogue->addend.codes != NULL;
    const int windows = window->origin == NULL ? NK_NAME(noWindows)
        : window->perLane                      ? NK_NAME(laneWindows)
                                               : NK_NAME(pixelWindows);
    const int activation = epilogue->activation == NKActivationNone ? NK_NAME(noActivation)
        : epilogue->activation == NKActivationClamp ? NK_NAME(clampActivation)
                                                    : NK_NAME(anyActivation);
    const int kind = !two ? NK_NAME(oneOutput)
        : outputs[1].source != 0 ? NK_NAME(twoOutputs)
        : NK_NAME(looksUp)(outputs) ? NK_NAME(lookedUp)
                                    : NK_NAME(roundedAgain);
    return NK_NAME(codeFinishes)[((activation * 4 + kind) * 2 + adds) * 3 + windows];
}

// Codes that go from the registers of a tile to their map, without a buffer of sums: levels that can pack some units only.

#if defined(NK_PACK_SOME_UNITS)
/// Where the codes of a row's tiles go straight from the registers, without the detour over a buffer of sums: one output,
/// or a second that is looked up afterwards; the activation a clamp or none. `output`, `addend` and `windowSums` point to
/// the row's first pixel, `table` to the rows of the first block; NULL where there is none.
typedef struct {
    bool clamps;
    const float *table;
    ptrdiff_t tableStride;
    uint8_t *output;
    ptrdiff_t outputBlockStride;
    const uint8_t *addend;
    ptrdiff_t addendBlockStride;
    const float *windowSums;
    ptrdiff_t windowStride;
    /// Of the first block, see NKCodeConvolution.
    const int32_t *windowShift;
    float a, b, addendScale, addendZero, addendStep;
    int zero;
} NK_NAME(CodeDirect);

/// The codes of block `b`: the formula of NKEpilogue, in the order of `finishCodes`. `windows` are those of each lane, or
/// NULL.
NK_INLINE void NK_NAME(storeCodesDirect)(
    const int pixels, const int b, const NK_NAME(CodeDirect) *direct, int pixel, const nk_ints *sum,
    const nk_ints *windows) {
    const float *table = direct->table + b * direct->tableStride;
    const nk_floats scale = NK_NAME(load)(table + NKRowScale * NKLanes);
    const nk_floats bias = NK_NAME(load)(table + NKRowBias * NKLanes);
    nk_floats value[NK_CODE_PIXELS + 3];
    NK_UNROLL for (int p = 0; p < pixels; p++) value[p] = __builtin_convertvector(sum[p], nk_floats);
    const nk_floats offset = NK_NAME(load)(table + NKRowOffset * NKLanes);
    if (windows != NULL) {
        NK_UNROLL for (int p = 0; p < pixels; p++) {
            const nk_floats windowSum = __builtin_convertvector(windows[p], nk_floats);
            value[p] = NK_NAME(fma)(NK_NAME(fma)(windowSum, offset, value[p]), scale, bias);
        }
    } else if (direct->windowSums != NULL) {
        const float *windowSums = direct->windowSums + pixel * direct->windowStride;
        if (direct->windowShift != NULL) {
            // A product and a sum of whole numbers below 2^24 each.
            const nk_ints whole = *(const nk_ints *)(direct->windowShift + b * NKLanes);
            const nk_floats shift = __builtin_convertvector(whole, nk_floats);
            NK_UNROLL for (int p = 0; p < pixels; p++)
                value[p] = NK_NAME(fma)(
                    NK_NAME(broadcast)(windowSums[p * direct->windowStride]), shift, value[p]);
        }
        NK_UNROLL for (int p = 0; p < pixels; p++) {
            const nk_floats windowSum = NK_NAME(broadcast)(windowSums[p * direct->windowStride]);
            value[p] = NK_NAME(fma)(NK_NAME(fma)(windowSum, offset, value[p]), scale, bias);
        }
    } else {
        NK_UNROLL for (int p = 0; p < pixels; p++) value[p] = NK_NAME(fma)(value[p], scale, bias);
    }
    if (direct->addend != NULL) {
        const nk_floats addendScale = NK_NAME(broadcast)(direct->addendScale);
        const nk_floats zero = NK_NAME(broadcast)(direct->addendZero), step = NK_NAME(broadcast)(direct->addendStep);
        const uint8_t *addend = direct->addend + b * direct->addendBlockStride + pixel * NKLanes;
        NK_UNROLL for (int p = 0; p < pixels; p++)
            value[p] = NK_NAME(fma)((NK_NAME(loadCodes)(addend + p * NKLanes) - zero) * step, addendScale, value[p]);
    }
    if (direct->clamps) {
        const nk_floats low = NK_NAME(broadcast)(direct->a), high = NK_NAME(broadcast)(direct->b);
        NK_UNROLL for (int p = 0; p < pixels; p++)
            value[p] = NK_NAME(activate)(NKActivationClamp, value[p], low, high);
    }
    const NK_NAME(Grid) grid = NK_NAME(gridOf)(table, 0);
    uint8_t *output = direct->output + b * direct->outputBlockStride + pixel * NKLanes;
    NK_UNROLL for (int p = 0; p < pixels; p++)
        value[p] = NK_NAME(atMost)(value[p] * grid.inverseScale, grid.high);
    // The last pixel stands in for those beyond.
    NK_UNROLL for (int p = pixels; p < pixels + 3; p++) value[p] = value[pixels - 1];
    NK_UNROLL for (int p = 0; p < pixels; p += 4)
        NK_PACK_SOME_UNITS(output + p * NKLanes, value + p, direct->zero, pixels - p < 4 ? pixels - p : 4);
}

/// What of a convolution goes straight from the registers, as far as it is the same for all rows; no `table` if nothing does.
NK_INLINE NK_NAME(CodeDirect) NK_NAME(codeDirect)(const NKEpilogue *epilogue, const NKWindow *window) {
    const NKOutput *outputs = epilogue->outputs;
    const bool two = epilogue->outputCount == 2, clamps = epilogue->activation == NKActivationClamp;
    NK_NAME(CodeDirect) direct = {.table = NULL};
    if (epilogue->outputCount > 2 || epilogue->addend.origin != NULL
        || outputs[0].map.codes == NULL || outputs[0].map.pixelStride != NKLanes || outputs[0].isShifted
        || (two && (outputs[1].map.codes == NULL || outputs[1].source != 0 || !NK_NAME(looksUp)(outputs)))
        || (epilogue->addend.codes != NULL && epilogue->addend.pixelStride != NKLanes)
        || !(clamps || epilogue->activation == NKActivationNone)
        || (window->origin != NULL && window->perLane))
        return direct;
    return (NK_NAME(CodeDirect)){
        .clamps = clamps, .table = epilogue->table, .tableStride = epilogue->tableRows * NKLanes,
        .outputBlockStride = outputs[0].map.blockStride, .addendBlockStride = epilogue->addend.blockStride,
        .windowStride = window->pixelStride, .a = epilogue->a, .b = epilogue->b,
        .addendScale = epilogue->addendScale, .addendZero = epilogue->addend.zeroPoint,
        .addendStep = epilogue->addend.step, .zero = (int)outputs[0].map.zeroPoint};
}
#endif

// The epilogue of the simulated path, whose outputs are on grids in maps of floats.

/// The epilogue of some rows of one block: the sums of `pixels` pixels of each, starting at `pixel`, row after row.
typedef void (*NK_NAME(FinishFunction))(
    const NKEpilogue *epilogue, const float *sums, int block, int row, int rows, int pixel, int pixels,
    const NKWindow *window);

/// The loop of the simulated path: one or two outputs on grids in maps of floats, the activation a clamp or none, the addend
/// a map of floats. What `finishPlain` decides anew for each pixel is a constant of the caller.
NK_INLINE void NK_NAME(finishGrids)(
    const bool clamps, const int outputCount, const bool requantizes, const bool adds, const bool windows, const NKEpilogue *epilogue,
    const float *sums, int block, int firstRow, int rows, int pixel, int pixels, const NKWindow *window) {
    const float *table = epilogue->table + block * epilogue->tableRows * NKLanes;
    const nk_floats scale = NK_NAME(load)(table + NKRowScale * NKLanes);
    const nk_floats bias = NK_NAME(load)(table + NKRowBias * NKLanes);
    const nk_floats offset = NK_NAME(load)(table + NKRowOffset * NKLanes);
    const nk_floats low = NK_NAME(broadcast)(epilogue->a), high = NK_NAME(broadcast)(epilogue->b);
    const nk_floats addendScale = NK_NAME(broadcast)(epilogue->addendScale);
    const nk_floats magic = NK_NAME(broadcast)(12582912.0f), zero = NK_NAME(broadcast)(0.0f);
    const nk_ints used = NK_NAME(usedLanes)(epilogue, block);
    const ptrdiff_t addendStride = epilogue->addend.pixelStride, windowStride = window->pixelStride;
    NK_NAME(Grid) grid[2];
    NK_UNROLL for (int i = 0; i < outputCount; i++) {
        grid[i] = NK_NAME(gridOf)(table, i);
        // Lanes without a channel are 0 on every grid.
        grid[i].inverseScale = used ? grid[i].inverseScale : zero;
    }
    for (int row = firstRow; row < firstRow + rows; row++, sums += pixels * NKLanes) {
        const float *addend = adds ? NK_NAME(rowOf)(&epilogue->addend, block, row, pixel) : NULL;
        const float *windowSums = windows ? NK_NAME(windowRow)(window, block, row, pixel) : NULL;
        float *targets[2];
        ptrdiff_t strides[2];
        NK_UNROLL for (int i = 0; i < outputCount; i++) {
            targets[i] = NK_NAME(rowOf)(&epilogue->outputs[i].map, block, row, pixel);
            strides[i] = epilogue->outputs[i].map.pixelStride;
        }
        for (int p = 0; p < pixels; p++) {
            nk_floats value = NK_NAME(load)(sums + p * NKLanes);
            if (windows) {
                const float *sum = windowSums + p * windowStride;
                const nk_floats windowSum = window->perLane ? NK_NAME(load)(sum) : NK_NAME(broadcast)(*sum);
                value = NK_NAME(fma)(windowSum, offset, value);
            }
            value = NK_NAME(fma)(value, scale, bias);
            if (adds) value = NK_NAME(fma)(NK_NAME(load)(addend + p * addendStride), addendScale, value);
            if (clamps) value = NK_NAME(atMost)(NK_NAME(atLeast)(value, low), high);
            NK_UNROLL for (int i = 0; i < outputCount; i++) {
                const nk_floats unit = NK_NAME(atMost)(
                    NK_NAME(atLeastOrNaN)(value * grid[i].inverseScale, grid[i].low), grid[i].high);
                const nk_floats result = (unit + magic - magic) * grid[i].step;
                NK_NAME(store)(targets[i] + p * strides[i], result);
                if (requantizes) value = result;
            }
        }
    }
}

// One function for each kind, at the index of its letters as binary digits, where `again` needs `two`.
#define NK_FINISH(clamps, two, again, adds, windows) \
    static void NK_NAME(finishGrids##clamps##two##again##adds##windows)( \
        const NKEpilogue *epilogue, const float *sums, int block, int row, int rows, int pixel, int pixels, \
        const NKWindow *window) { \
        NK_NAME(finishGrids)( \
            clamps, 1 + two, again, adds, windows, epilogue, sums, block, row, rows, pixel, pixels, window); \
    }
#define NK_FINISH_NAME(clamps, two, again, adds, windows) NK_NAME(finishGrids##clamps##two##again##adds##windows),
#define NK_FINISHES_OF(F, clamps, two, again) \
    F(clamps, two, again, 0, 0) F(clamps, two, again, 0, 1) F(clamps, two, again, 1, 0) F(clamps, two, again, 1, 1)
#define NK_FINISHES(F) \
    NK_FINISHES_OF(F, 0, 0, 0) NK_FINISHES_OF(F, 0, 1, 0) NK_FINISHES_OF(F, 0, 1, 1) \
    NK_FINISHES_OF(F, 1, 0, 0) NK_FINISHES_OF(F, 1, 1, 0) NK_FINISHES_OF(F, 1, 1, 1)
NK_FINISHES(NK_FINISH)
static const NK_NAME(FinishFunction) NK_NAME(gridFinishes)[] = {NK_FINISHES(NK_FINISH_NAME)};
#undef NK_FINISHES
#undef NK_FINISHES_OF
#undef NK_FINISH_NAME
#undef NK_FINISH

/// The function that finishes segments of the simulated path; NULL where an output or the addend is something else.
static NK_NAME(FinishFunction) NK_NAME(finishForGrids)(const NKEpilogue *epilogue, const NKWindow *window) {
    const NKOutput *outputs = epilogue->outputs;
    const bool two = epilogue->outputCount == 2, clamps = epilogue->activation == NKActivationClamp;
    if (epilogue->outputCount > 2 || epilogue->preActivation.origin != NULL || epilogue->addend.codes != NULL
        || !(clamps || epilogue->activation == NKActivationNone))
        return NULL;
    for (int i = 0; i < epilogue->outputCount; i++)
        if (!outputs[i].quantized || outputs[i].map.origin == NULL) return NULL;
    const int kind = !two ? 0 : outputs[1].source != 0 ? 1 : 2;
    const int adds = epilogue->addend.origin != NULL, windows = window->origin != NULL;
    return NK_NAME(gridFinishes)[((clamps * 3 + kind) * 2 + adds) * 2 + windows];
}

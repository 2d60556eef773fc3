// The epilogue of a register tile: its values go from the accumulators straight to the maps.

/// Where the values of one block and row go, and of its neighbour. Maps are of floats, with all lanes of a pixel side by side.
typedef struct {
    const float *table;
    float *outputs[2];
    const float *addend;
    /// One window sum for a pixel, or one for a lane; NULL where there are none.
    const float *windows;
    /// From a block to its neighbour.
    ptrdiff_t tableStride, outputStrides[2], addendStride, windowStride;
    /// From a row to the next.
    ptrdiff_t outputRows[2], addendRow, windowRow;
    float low, high, addendScale;
    int outputCount;
    bool clamps, windowsPerLane;
    /// Whether the second output is made from the first as stored.
    bool requantizes;
    /// Of each output: on a grid, and whether values are units of it already, or stored as units.
    bool quantized[2], comeInUnits[2], storeUnits[2];
    /// Whether lines are fetched ahead: small maps are in the cache, and then it costs 1 %.
    bool fetches;
    /// Lanes in use of each block.
    int lanes[2];
} NK_NAME(Finish);

/// Whether values may go from the registers to what the epilogue writes.
NK_INLINE bool NK_NAME(finishesTiles)(const NKEpilogue *epilogue, const NKWindow *window) {
    const NKMap *addend = &epilogue->addend;
    bool plain = epilogue->outputCount <= 2 && addend->codes == NULL
        && (addend->origin == NULL || addend->pixelStride == NKLanes)
        && (window->origin == NULL || window->pixelStride == (window->perLane ? NKLanes : 1))
        && (epilogue->activation == NKActivationNone || epilogue->activation == NKActivationClamp);
    for (int i = 0; i < epilogue->outputCount && plain; i++)
        plain = epilogue->outputs[i].map.origin != NULL && epilogue->outputs[i].map.pixelStride == NKLanes;
    return plain;
}

/// The destination of a block and row, from pixel 0 on.
NK_INLINE NK_NAME(Finish) NK_NAME(finishOf)(
    const NKEpilogue *epilogue, const NKWindow *window, int block, int row) {
    const int rest = epilogue->channels - block * NKLanes;
    const bool isLast = (block + 1) * NKLanes >= epilogue->channels;
    NK_NAME(Finish) finish = {
        .table = epilogue->table + block * epilogue->tableRows * NKLanes,
        .addend = NK_NAME(rowOf)(&epilogue->addend, block, row, 0),
        .windows = NK_NAME(windowRow)(window, block, row, 0),
        .tableStride = epilogue->tableRows * NKLanes,
        .addendStride = epilogue->addend.blockStride,
        .addendRow = epilogue->addend.rowStride,
        .windowRow = window->rowStride,
        .low = epilogue->a,
        .high = epilogue->b,
        .addendScale = epilogue->addendScale,
        .outputCount = epilogue->outputCount,
        .clamps = epilogue->activation == NKActivationClamp,
        .windowsPerLane = window->perLane,
        .requantizes = epilogue->outputCount == 2 && epilogue->outputs[1].source == 0,
        .lanes = {rest, rest - NKLanes}};
    if (finish.windows != NULL && !isLast)
        finish.windowStride = NK_NAME(windowRow)(window, block + 1, row, 0) - finish.windows;
    for (int i = 0; i < epilogue->outputCount; i++) {
        const NKOutput *output = &epilogue->outputs[i];
        finish.outputs[i] = NK_NAME(rowOf)(&output->map, block, row, 0);
        finish.outputStrides[i] = output->map.blockStride;
        finish.outputRows[i] = output->map.rowStride;
        finish.quantized[i] = output->quantized;
        finish.comeInUnits[i] = output->comesInUnits;
        finish.storeUnits[i] = output->storesUnits;
        const size_t bytesOfImage = output->map.imageStride * sizeof(float);
        finish.fetches |= bytesOfImage >= 1 << 17;
    }
    return finish;
}

/// Goes on to the next row.
NK_INLINE void NK_NAME(nextRow)(NK_NAME(Finish) *finish) {
    for (int i = 0; i < finish->outputCount; i++) finish->outputs[i] += finish->outputRows[i];
    if (finish->addend != NULL) finish->addend += finish->addendRow;
    if (finish->windows != NULL) finish->windows += finish->windowRow;
}

/// Brings what the tile of block `b` from `pixel` on adds and overwrites into the first-level cache.
NK_INLINE void NK_NAME(fetchTile)(const int pixels, const int b, const NK_NAME(Finish) *finish, int pixel) {
    const ptrdiff_t start = (ptrdiff_t)pixel * NKLanes;
    for (int i = 0; i < finish->outputCount; i++) {
        const float *output = finish->outputs[i] + b * finish->outputStrides[i] + start;
        NK_UNROLL for (int p = 0; p < pixels; p++) __builtin_prefetch(output + p * NKLanes, 1, 3);
    }
    if (finish->addend == NULL) return;
    const float *addend = finish->addend + b * finish->addendStride + start;
    NK_UNROLL for (int p = 0; p < pixels; p++) __builtin_prefetch(addend + p * NKLanes, 0, 3);
}

/// Rounds the values of a tile to the grid of output `i` and stores them; what is stored takes their place.
NK_INLINE void NK_NAME(storeRounded)(
    const int pixels, const int i, const NK_NAME(Finish) *finish, const float *table, float *output, nk_floats *values) {
    const NK_NAME(Grid) grid = NK_NAME(gridOf)(table, i);
    if (!finish->comeInUnits[i])
        NK_UNROLL for (int p = 0; p < pixels; p++) values[p] = values[p] * grid.inverseScale;
    NK_UNROLL for (int p = 0; p < pixels; p++)
        values[p] = NK_NAME(round)(NK_NAME(atMostPositive)(NK_NAME(atLeastOrNaN)(values[p], grid.low), grid.high));
    if (!finish->storeUnits[i]) NK_UNROLL for (int p = 0; p < pixels; p++) values[p] = values[p] * grid.step;
    NK_UNROLL for (int p = 0; p < pixels; p++) NK_NAME(store)(output + p * NKLanes, values[p]);
}

/// The same where the values are needed again: one pixel after the other, since there are no registers for copies of all.
NK_INLINE void NK_NAME(storeRoundedCopies)(
    const int pixels, const int i, const float *table, float *output, const nk_floats *values) {
    const NK_NAME(Grid) grid = NK_NAME(gridOf)(table, i);
    NK_UNROLL for (int p = 0; p < pixels; p++) {
        const nk_floats unit = NK_NAME(atLeastOrNaN)(values[p] * grid.inverseScale, grid.low);
        NK_NAME(store)(
            output + p * NKLanes, NK_NAME(round)(NK_NAME(atMostPositive)(unit, grid.high)) * grid.step);
    }
}

/// Stores the values of a tile as they are, and 0 in lanes without a channel.
NK_INLINE void NK_NAME(storeValues)(const int pixels, int lanes, float *output, const nk_floats *values) {
    if (lanes >= NKLanes) {
        NK_UNROLL for (int p = 0; p < pixels; p++) NK_NAME(store)(output + p * NKLanes, values[p]);
        return;
    }
    const nk_ints lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const nk_floats zero = NK_NAME(broadcast)(0.0f);
    NK_UNROLL for (int p = 0; p < pixels; p++)
        NK_NAME(store)(output + p * NKLanes, lane < (nk_ints)(lanes) ? values[p] : zero);
}

/// Finishes the accumulators of block `b` from `pixel` on: the formula of NKEpilogue. One step after the other for the whole
/// tile: what an epilogue does without costs a branch a tile.
NK_INLINE void NK_NAME(finishTile)(
    const int pixels, const int b, const NK_NAME(Finish) *finish, int pixel, nk_floats *sum) {
    const float *table = finish->table + b * finish->tableStride;
    const ptrdiff_t start = (ptrdiff_t)pixel * NKLanes;
    const nk_floats scale = NK_NAME(load)(table + NKRowScale * NKLanes);
    const nk_floats bias = NK_NAME(load)(table + NKRowBias * NKLanes);
    if (finish->windows != NULL) {
        const nk_floats offset = NK_NAME(load)(table + NKRowOffset * NKLanes);
        if (!finish->windowsPerLane) {
            const float *windows = finish->windows + b * finish->windowStride + pixel;
            NK_UNROLL for (int p = 0; p < pixels; p++)
                sum[p] = NK_NAME(fma)(NK_NAME(broadcast)(windows[p]), offset, sum[p]);
        } else {
            const float *windows = finish->windows + b * finish->windowStride + start;
            NK_UNROLL for (int p = 0; p < pixels; p++)
                sum[p] = NK_NAME(fma)(NK_NAME(load)(windows + p * NKLanes), offset, sum[p]);
        }
    }
    NK_UNROLL for (int p = 0; p < pixels; p++) sum[p] = NK_NAME(fma)(sum[p], scale, bias);
    if (finish->addend != NULL) {
        const nk_floats addendScale = NK_NAME(broadcast)(finish->addendScale);
        const float *addend = finish->addend + b * finish->addendStride + start;
        NK_UNROLL for (int p = 0; p < pixels; p++)
            sum[p] = NK_NAME(fma)(NK_NAME(load)(addend + p * NKLanes), addendScale, sum[p]);
    }
    if (finish->clamps) {
        const nk_floats low = NK_NAME(broadcast)(finish->low), high = NK_NAME(broadcast)(finish->high);
        NK_UNROLL for (int p = 0; p < pixels; p++)
            sum[p] = NK_NAME(atMost)(NK_NAME(atLeast)(sum[p], low), high);
    }
    float *first = finish->outputs[0] + b * finish->outputStrides[0] + start;
    if (!finish->quantized[0])
        NK_NAME(storeValues)(pixels, finish->lanes[b], first, sum);
    else if (finish->outputCount == 1 || finish->requantizes)
        NK_NAME(storeRounded)(pixels, 0, finish, table, first, sum);
    else
        NK_NAME(storeRoundedCopies)(pixels, 0, table, first, sum);
    if (finish->outputCount == 1) return;
    float *second = finish->outputs[1] + b * finish->outputStrides[1] + start;
    if (finish->quantized[1])
        NK_NAME(storeRounded)(pixels, 1, finish, table, second, sum);
    else
        NK_NAME(storeValues)(pixels, finish->lanes[b], second, sum);
}

// The epilogue of a stored map.

/// Rows of a map of floats whose values go from registers to maps of floats.
static void NK_NAME(applyTiles)(const NKMap *input, const NKTile *tile, const NKEpilogue *epilogue, const NKWindow *none) {
    for (int block = tile->firstBlock; block < tile->endBlock; block++) {
        NK_NAME(Finish) finish = NK_NAME(finishOf)(epilogue, none, block, tile->firstRow);
        for (int row = tile->firstRow; row < tile->endRow; row++) {
            const float *source = NK_NAME(rowOf)(input, block, row, 0);
            nk_floats values[4];
            int p = 0;
            for (; p + 4 <= tile->pixels; p += 4) {
                NK_UNROLL for (int q = 0; q < 4; q++) __builtin_prefetch(source + (p + q) * NKLanes + NK_NAME(floatsAhead));
                NK_NAME(fetchTile)(4, 0, &finish, p + NK_NAME(floatsAhead) / NKLanes);
                NK_UNROLL for (int q = 0; q < 4; q++) values[q] = NK_NAME(load)(source + (p + q) * NKLanes);
                NK_NAME(finishTile)(4, 0, &finish, p, values);
            }
            for (; p < tile->pixels; p++) {
                values[0] = NK_NAME(load)(source + p * NKLanes);
                NK_NAME(finishTile)(1, 0, &finish, p, values);
            }
            NK_NAME(nextRow)(&finish);
        }
    }
}

static void NK_NAME(apply)(NKMap input, NKTile tile, const NKEpilogue *epilogue) {
    const NKWindow none = {.origin = NULL, .blocksPerPlane = 1};
    if (input.origin != NULL && input.pixelStride == NKLanes && NK_NAME(finishesTiles)(epilogue, &none)) {
        NK_NAME(applyTiles)(&input, &tile, epilogue, &none);
        return;
    }
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

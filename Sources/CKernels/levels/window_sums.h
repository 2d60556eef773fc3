// Window sums of dense layers of floats, many rows at a time just before these are multiplied, which finds them in the cache.
// A row at a time is slower: what was stored before has to reach the cache until sums just stored can be loaded.

/// Bytes of the input that are summed at once.
enum { NK_NAME(windowBytesAtOnce) = 200000 };

/// The sums of the rows of one tile, for the output blocks that share them.
typedef struct {
    const NKInput *input;
    int kernelHeight, kernelWidth, firstRow, rows, pixels;
    /// Positions of the input that windows span: rows, positions of one row, and from one row to the next in `channelSums`.
    int inputRows, inputColumns, pitch;
    ptrdiff_t inputRowStep, inputColumnStep;
    /// [row][pixel]; and [input row][pitch], sums over the channels of one position.
    float *sums, *channelSums;
    /// Positions that are summed.
    int done;
    /// Rows whose windows are summed at once.
    int rowsAtOnce;
} NK_NAME(WindowRows);

/// The rows of a tile; `window` has room for the sums.
NK_INLINE NK_NAME(WindowRows) NK_NAME(windowRowsOf)(
    const NKConvolution *convolution, const NKInput *input, const NKTile *tile, const NKWindow *window) {
    const int rows = tile->endRow - tile->firstRow;
    const bool isPoint = convolution->kernelHeight * convolution->kernelWidth == 1;
    NK_NAME(WindowRows) result = {
        .input = input,
        .kernelHeight = convolution->kernelHeight,
        .kernelWidth = convolution->kernelWidth,
        .firstRow = tile->firstRow,
        .rows = rows,
        .pixels = tile->pixels,
        .inputRows = isPoint ? rows
            : (rows - 1) * input->rows.stride + (convolution->kernelHeight - 1) * input->rows.dilation + 1,
        .inputColumns = isPoint ? tile->pixels
            : (tile->pixels - 1) * input->columns.stride
                + (convolution->kernelWidth - 1) * input->columns.dilation + 1,
        .inputRowStep = isPoint ? input->outputRowStep : input->kernelRowStep / input->rows.dilation,
        .inputColumnStep = isPoint ? input->outputPixelStep : input->kernelColumnStep / input->columns.dilation,
        .sums = window->scratch,
        .channelSums = window->scratch + rows * tile->pixels};
    // Where little lies between the rows, all positions are summed as one row.
    const ptrdiff_t whole = result.inputRowStep / result.inputColumnStep;
    const bool isFlat = result.inputRowStep % result.inputColumnStep == 0 && whole >= result.inputColumns
        && whole <= result.inputColumns + (isPoint ? 0 : window->slack);
    result.pitch = isFlat ? (int)whole : result.inputColumns;
    const NKOutputBlock *block = &convolution->blocks[tile->firstBlock];
    const ptrdiff_t blocks = (block->endInput - block->firstInput + NKLanes - 1) / NKLanes;
    const ptrdiff_t rowBytes = 4 * blocks * result.inputRowStep * input->rows.stride;
    result.rowsAtOnce = rowBytes * 8 < NK_NAME(windowBytesAtOnce) ? (int)(NK_NAME(windowBytesAtOnce) / rowBytes) : 8;
    return result;
}

/// Sums of `blocks` channel blocks of sixteen positions, `step` apart.
NK_INLINE void NK_NAME(sumSixteen)(
    const float *position, ptrdiff_t step, ptrdiff_t blockStride, int blocks, float *sums) {
    nk_half_floats halves[16];
    NK_UNROLL for (int p = 0; p < 16; p++) halves[p] = NK_NAME(bothHalves)(position + p * step);
    for (int block = 1; block < blocks; block++) {
        position += blockStride;
        NK_UNROLL for (int p = 0; p < 16; p++) halves[p] += NK_NAME(bothHalves)(position + p * step);
    }
    NK_NAME(sumsOfSixteen)(halves, sums);
}

/// Sums of up to four channels of `count` positions in a row.
NK_INLINE void NK_NAME(sumFew)(const int channels, const float *first, ptrdiff_t step, int count, float *sums) {
    for (int x = 0; x < count; x++) {
        const float *position = first + x * step;
        float sum = position[0];
        for (int channel = 1; channel < channels; channel++) sum += position[channel];
        sums[x] = sum;
    }
}

/// Sums of `count` positions in a row. The last sixteen may overlap those before.
static void NK_NAME(sumPositions)(
    const float *first, ptrdiff_t step, ptrdiff_t blockStride, int channels, int count, float *sums) {
    if (channels <= NKNarrowLanes) {
        switch (channels) {
        case 1: NK_NAME(sumFew)(1, first, step, count, sums); break;
        case 2: NK_NAME(sumFew)(2, first, step, count, sums); break;
        case 3: NK_NAME(sumFew)(3, first, step, count, sums); break;
        case 4: NK_NAME(sumFew)(4, first, step, count, sums); break;
        }
        return;
    }
    const int blocks = (channels + NKLanes - 1) / NKLanes;
    for (int x = 0; x < count; x += NKLanes) {
        if (x + NKLanes > count && count >= NKLanes) x = count - NKLanes;
        if (x + NKLanes <= count) {
            // The usual step is a constant: sixteen addresses from one register.
            if (step == NKLanes)
                NK_NAME(sumSixteen)(first + x * NKLanes, NKLanes, blockStride, blocks, sums + x);
            else
                NK_NAME(sumSixteen)(first + x * step, step, blockStride, blocks, sums + x);
            continue;
        }
        nk_half_floats halves[16];
        for (int p = 0; p < 16; p++) {
            halves[p] = (nk_half_floats)(0.0f);
            const float *position = first + (p < count ? p : count - 1) * step;
            for (int block = 0; block < blocks; block++)
                halves[p] += NK_NAME(bothHalves)(position + block * blockStride);
        }
        float all[16];
        NK_NAME(sumsOfSixteen)(halves, all);
        for (int p = 0; p < count; p++) sums[p] = all[p];
    }
}

/// Sums the channels of the positions that windows of the local rows 0...row see, and of some more.
NK_INLINE void NK_NAME(sumChannels)(
    NK_NAME(WindowRows) *rows, const float *first, int channels, int endInputRow, float *sums) {
    const ptrdiff_t step = rows->inputColumnStep, blockStride = rows->input->blockStride;
    const int end = (endInputRow - 1) * rows->pitch + rows->inputColumns;
    if (rows->inputRowStep != rows->pitch * step) {
        for (; rows->done < end; rows->done += rows->pitch)
            NK_NAME(sumPositions)(
                first + rows->done / rows->pitch * rows->inputRowStep, step, blockStride, channels, rows->inputColumns,
                sums + rows->done);
        return;
    }
    const int all = (rows->inputRows - 1) * rows->pitch + rows->inputColumns;
    while (rows->done < end) {
        const int rest = all - rows->done, count = rest < NKLanes ? rest : NKLanes;
        const int start = rest < NKLanes && all >= NKLanes ? all - NKLanes : rows->done;
        NK_NAME(sumPositions)(
            first + start * step, step, blockStride, channels, rows->done + count - start, sums + start);
        rows->done += count;
    }
}

/// Sums the windows of the rows row..<endRow, which come in order.
static void NK_NAME(sumWindows)(NK_NAME(WindowRows) *rows, const NKOutputBlock *block, int row, int endRow) {
    const NKInput *input = rows->input;
    const int channels = block->endInput - block->firstInput, end = endRow - rows->firstRow;
    const float *first = input->origin + block->firstInput / NKLanes * input->blockStride
        + rows->firstRow * input->outputRowStep;
    if (rows->kernelHeight * rows->kernelWidth == 1) {
        NK_NAME(sumChannels)(rows, first, channels, end, rows->sums);
        return;
    }
    NK_NAME(sumChannels)(
        rows, first, channels,
        (end - 1) * input->rows.stride + (rows->kernelHeight - 1) * input->rows.dilation + 1, rows->channelSums);
    const int start = row - rows->firstRow;
    const NKInput plane = {
        .origin = rows->channelSums + start * input->rows.stride * rows->pitch,
        .outputRowStep = input->rows.stride * rows->pitch,
        .outputPixelStep = input->columns.stride,
        .kernelRowStep = input->rows.dilation * rows->pitch,
        .kernelColumnStep = input->columns.dilation};
    NK_NAME(boxSums)(
        plane, rows->kernelHeight, rows->kernelWidth, end - start, rows->pixels, rows->sums + start * rows->pixels);
}

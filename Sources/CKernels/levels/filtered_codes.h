// 3x3 convolution of few-bit codes with fewer products: Winograd's minimal filtering along the columns of the input.
//
// Two output rows of a column need four input rows and six products of rows and kernel rows; sums and differences of the
// input rows with sums and differences of the kernel rows need four products, F(2, 3), and four output rows from six input
// rows six instead of twelve, F(4, 3). Everything stays whole: codes and weights of few bits leave room in a byte for the
// factors, and the last step divides by what always divides. (S. Winograd, "Arithmetic complexity of computations",
// 1980; the matrices are those of A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", 2015.)
//
// A kernel row's three columns share each code that is loaded, which takes a third of the loads.

enum {
    /// The most rows of one group and the most positions, transformed rows.
    NK_NAME(filterRows) = 4,
    NK_NAME(filterPositions) = 6,
    /// Bytes of transformed rows that are kept at a time.
    NK_NAME(filterRoom) = 96 << 10,
    /// Columns of a register tile for two rows and for four.
    NK_NAME(filterColumnsOfTwo) = 7,
    NK_NAME(filterColumnsOfFour) = 4,
};

/// A group of output rows of one block.
typedef struct {
    const NKCodeConvolution *convolution;
    /// From one transformed row to the next, and from the rows of one input block to those of the next.
    ptrdiff_t rowStep, blockStep;
    int channels;
    const int8_t *weights;
    /// The weights of the block after this one.
    NK_NAME(Ahead) ahead;
    /// Where the sums of each position start for a pixel between others, for one that leaves out the first kernel column,
    /// the last, and both.
    const nk_ints *starts[4];
    bool leavesFirst, leavesLast;
    /// From one row of sums to the next.
    ptrdiff_t sumStride;
    /// Where the rows' codes go straight from the registers, as far as they exist; no `output` if they go to the sums.
    NK_NAME(CodeDirect) direct[NK_NAME(filterRows)];
    int rows, pixel;
} NK_NAME(FilterWork);

/// The codes of an input row, four pixels from `column` on.
NK_INLINE NK_NAME(Codes) NK_NAME(fourPixels)(const uint8_t *row, ptrdiff_t column) {
    return *(const NK_NAME(Codes) *)(row + column);
}

/// Input rows to transformed rows for `bytes` bytes of one block. A position's number is a sum of codes times small factors
/// plus what keeps it from being negative; arithmetic of bytes is modulo 256, so that only the result has to fit.
NK_INLINE void NK_NAME(transformRows)(
    const int outputRows, const uint8_t *const rows[6], ptrdiff_t bytes, int largest, uint8_t *target,
    ptrdiff_t targetStep) {
    typedef NK_NAME(Codes) Codes;
    typedef unsigned short Pairs __attribute__((ext_vector_type(32), aligned(1)));
    const int positions = outputRows + 2;
    const Codes most = (Codes)((uint8_t)largest);
    for (ptrdiff_t i = 0; i < bytes; i += 64) {
        Codes d[6], result[6];
        NK_UNROLL for (int k = 0; k < positions; k++) d[k] = NK_NAME(fourPixels)(rows[k], i);
        if (outputRows == 2) {
            result[0] = d[0] - d[2] + most;
            result[1] = d[1] + d[2];
            result[2] = d[2] - d[1] + most;
            result[3] = d[1] - d[3] + most;
        } else {
            // Codes of four bits or so, whose fourfold does not reach the neighbouring byte.
            Codes four[6];
            NK_UNROLL for (int k = 0; k < 4; k++) four[k] = (Codes)((Pairs)d[k] << (Pairs)(2));
            const Codes twice = most + most, offset = twice + twice + most;
            const Codes fourMinusTwo = d[4] - four[2], threeMinusOne = d[3] - four[1];
            const Codes outer = d[4] - d[2], inner = d[3] - d[1], innerTwice = inner + inner;
            result[0] = four[0] - four[2] - d[2] + d[4] + offset;
            result[1] = fourMinusTwo + threeMinusOne + (offset + twice + most);
            result[2] = fourMinusTwo - threeMinusOne + offset;
            result[3] = outer + innerTwice + (twice + most);
            result[4] = outer - innerTwice + (twice + most);
            result[5] = four[1] - four[3] - d[3] + d[5] + offset;
        }
        NK_UNROLL for (int k = 0; k < positions; k++) *(Codes *)(target + k * targetStep + i) = result[k];
    }
}

/// A third of a multiple of three.
NK_INLINE nk_ints NK_NAME(third)(nk_ints value) { return value * (nk_ints)((int)0xaaaaaaabu); }

/// results[row][pixel] as floats for one block and `pixels` pixels.
NK_INLINE void NK_NAME(multiplyFiltered)(
    const int outputRows, const int pixels, NK_NAME(FilterWork) *work, const uint8_t *source, float *results) {
    const int positions = outputRows + 2;
    nk_ints sum[NK_NAME(filterPositions)][NK_NAME(filterColumnsOfTwo)];
    NK_UNROLL for (int i = 0; i < positions; i++) {
        NK_UNROLL for (int p = 0; p < pixels; p++) sum[i][p] = work->starts[0][i];
        if (work->leavesFirst) sum[i][0] = work->starts[pixels == 1 && work->leavesLast ? 3 : 1][i];
        if (work->leavesLast && (pixels > 1 || !work->leavesFirst)) sum[i][pixels - 1] = work->starts[2][i];
    }
    const int8_t *weights = work->weights;
    const bool leavesFirst = work->leavesFirst, leavesLast = work->leavesLast;
    for (int channel = 0; channel < work->channels; channel += NKLanes, source += work->blockStep) {
        const int left = work->channels - channel, lanes = left < NKLanes ? left : NKLanes;
        NK_NAME(fetchAhead)(&work->ahead);
        NK_UNROLL for (int i = 0; i < positions; i++) {
            const uint8_t *codes = source + i * work->rowStep;
            for (int lane = 0; lane < lanes; lane += 4, weights += 3 * 64) {
                const nk_ints weight[3] = {
                    *(const nk_ints *)weights, *(const nk_ints *)(weights + 64), *(const nk_ints *)(weights + 128)};
                NK_UNROLL for (int x = 0; x < pixels + 2; x++) {
                    if ((x == 0 && leavesFirst) || (x == pixels + 1 && leavesLast)) continue;
                    int four;
                    __builtin_memcpy(&four, codes + x * NKLanes + lane, 4);
                    NK_UNROLL for (int k = 0; k < 3; k++)
                        if (x - k >= 0 && x - k < pixels)
                            sum[i][x - k] = NK_BYTE_PRODUCTS(sum[i][x - k], (nk_ints)(four), weight[k]);
                }
            }
        }
    }
    nk_ints row[NK_NAME(filterRows)][NK_NAME(filterColumnsOfTwo)];
    NK_UNROLL for (int p = 0; p < pixels; p++) {
        const nk_ints both = sum[1][p] + sum[2][p], difference = sum[1][p] - sum[2][p];
        if (outputRows == 2) {
            row[0][p] = sum[0][p] + (both >> 1);
            row[1][p] = (difference >> 1) - sum[3][p];
        } else {
            const nk_ints further = sum[3][p] + sum[4][p], apart = sum[3][p] - sum[4][p];
            row[0][p] = NK_NAME(third)((sum[0][p] * 6 - both * 4 + further) >> 3);
            row[1][p] = NK_NAME(third)((apart - difference * 2) >> 2);
            row[2][p] = NK_NAME(third)((further - both) >> 1);
            row[3][p] = NK_NAME(third)((apart * 2 - difference) >> 1) + sum[5][p];
        }
    }
    NK_UNROLL for (int i = 0; i < outputRows; i++) {
        if (work->direct[0].output != NULL) {
            if (i < work->rows)
                NK_NAME(storeCodesDirect)(pixels, 0, &work->direct[i], work->pixel, row[i], NULL);
            continue;
        }
        NK_UNROLL for (int p = 0; p < pixels; p++)
            NK_NAME(store)(
                results + i * work->sumStride + p * NKLanes, __builtin_convertvector(row[i][p], nk_floats));
    }
}

#define NK_FILTER(rows, pixels) \
    static void NK_NAME(filter##rows##x##pixels)( \
        NK_NAME(FilterWork) *work, const uint8_t *source, float *results) { \
        NK_NAME(multiplyFiltered)(rows, pixels, work, source, results); \
    }
NK_FILTER(2, 1) NK_FILTER(2, 2) NK_FILTER(2, 3) NK_FILTER(2, 4) NK_FILTER(2, 5) NK_FILTER(2, 6) NK_FILTER(2, 7)
NK_FILTER(4, 1) NK_FILTER(4, 2) NK_FILTER(4, 3) NK_FILTER(4, 4)
#undef NK_FILTER

typedef void (*NK_NAME(FilterFunction))(NK_NAME(FilterWork) *, const uint8_t *, float *);

static const NK_NAME(FilterFunction) NK_NAME(filtersOfTwo)[] = {
    NK_NAME(filter2x1), NK_NAME(filter2x2), NK_NAME(filter2x3), NK_NAME(filter2x4),
    NK_NAME(filter2x5), NK_NAME(filter2x6), NK_NAME(filter2x7)};
static const NK_NAME(FilterFunction) NK_NAME(filtersOfFour)[] = {
    NK_NAME(filter4x1), NK_NAME(filter4x2), NK_NAME(filter4x3), NK_NAME(filter4x4)};

/// What each position's numbers have too much, so that the halo's are 0: what keeps them positive, and the zero point.
NK_INLINE int NK_NAME(filterOffset)(const NKCodeConvolution *layer, int position) {
    static const int ofTwo[4] = {1, 0, 1, 1}, ofFour[6] = {5, 8, 5, 3, 3, 5};
    const int sumOfFactors = position != 1 ? 0 : layer->filteredRows == 2 ? 2 : -6;
    return (layer->filteredRows == 2 ? ofTwo : ofFour)[position] * layer->largestInput
        + sumOfFactors * layer->zeroPoint;
}

/// All starts of one block: `sums` are those of the weights of each position and kernel column.
NK_INLINE void NK_NAME(filterStarts)(
    const NKCodeConvolution *layer, int positions, const int32_t *sums, nk_ints starts[4][NK_NAME(filterPositions)]) {
    for (int i = 0; i < positions; i++, sums += 3 * NKLanes) {
        const nk_ints less = (nk_ints)(-NK_NAME(filterOffset)(layer, i));
        const nk_ints first = less * *(const nk_ints *)sums, middle = less * *(const nk_ints *)(sums + NKLanes);
        const nk_ints last = less * *(const nk_ints *)(sums + 2 * NKLanes);
        starts[0][i] = first + middle + last;
        starts[1][i] = middle + last;
        starts[2][i] = first + middle;
        starts[3][i] = middle;
    }
}

/// The sums of one group of rows, `pixels` pixels from `start` on, which is the first of `source`.
NK_INLINE void NK_NAME(filterRow)(
    NK_NAME(FilterWork) *work, const uint8_t *source, int start, int pixels, bool leavesFirst, bool leavesLast, float *results) {
    const bool two = work->convolution->filteredRows == 2;
    const int most = two ? NK_NAME(filterColumnsOfTwo) : NK_NAME(filterColumnsOfFour);
    const NK_NAME(FilterFunction) *functions = two ? NK_NAME(filtersOfTwo) : NK_NAME(filtersOfFour);
    int remaining = (pixels + most - 1) / most;
    for (int done = 0; done < pixels; remaining--) {
        const int count = (pixels - done + remaining - 1) / remaining;
        work->leavesFirst = leavesFirst && done == 0;
        work->leavesLast = leavesLast && done + count == pixels;
        work->pixel = start + done;
        functions[count - 1](work, source + done * NKLanes, results + done * NKLanes);
        done += count;
    }
}

/// Looks the second output of a group's rows up, `pixels` pixels from `start` on.
NK_INLINE void NK_NAME(lookUpRows)(
    const NKEpilogue *epilogue, int block, int row, int rows, int start, int pixels) {
    const NKOutput *outputs = epilogue->outputs;
    for (int i = 0; epilogue->outputCount == 2 && i < rows; i++)
        NK_LOOK_UP(
            outputs[1].codeOfCode, NK_NAME(codeRowOf)(&outputs[0].map, block, row + i, start),
            NK_NAME(codeRowOf)(&outputs[1].map, block, row + i, start), pixels * NKLanes);
}

static void NK_NAME(convolveFilteredCodes)(
    const NKCodeConvolution *layer, const NKInput *input, const NKTile *tile, const NKWindow *window,
    const NKEpilogue *epilogue) {
    enum { capacity = NK_NAME(segmentPixels) };
    __attribute__((aligned(64))) uint8_t transformed[NK_NAME(filterRoom)];
    __attribute__((aligned(64))) float sums[NK_NAME(filterRows) * capacity * NKLanes];
    const NK_NAME(FinishFunction) finish = NK_NAME(finishFor)(epilogue, window);
    const NK_NAME(CodeDirect) direct = NK_NAME(codeDirect)(epilogue, window);
    const int outputRows = layer->filteredRows, positions = outputRows + 2;
    const int channels = layer->blocks[0].endInput, inputBlocks = (channels + NKLanes - 1) / NKLanes;
    // Four pixels at a time are transformed, so rows end with room for three more.
    int columns = NK_NAME(filterRoom) / (inputBlocks * positions * NKLanes) - 2;
    columns = (columns + 2) / 4 * 4 - 2;
    if (columns > capacity) columns = capacity;
    if (columns > tile->pixels) columns = tile->pixels;
    const ptrdiff_t rowStep = (columns + 2 + 3) / 4 * 64;
    const ptrdiff_t groupStep = inputBlocks * positions * rowStep;
    NK_NAME(FilterWork) work = {
        .convolution = layer, .rowStep = rowStep, .blockStep = positions * rowStep, .channels = channels};
    const int height = tile->endRow - tile->firstRow, groups = (height + outputRows - 1) / outputRows;
    int groupsTogether = NK_NAME(filterRoom) / groupStep;
    if (groupsTogether > groups) groupsTogether = groups;
    for (int start = 0; start < tile->pixels; start += columns) {
        const int pixels = tile->pixels - start < columns ? tile->pixels - start : columns;
        const bool leavesFirst = start == 0 && NK_NAME(inside)(&input->columns, 0, 3).first > 0;
        const bool leavesLast =
            start + pixels == tile->pixels && NK_NAME(inside)(&input->columns, tile->pixels - 1, 3).end < 3;
        for (int firstGroup = 0; firstGroup < groups; firstGroup += groupsTogether) {
            const int endGroup = groups - firstGroup < groupsTogether ? groups : firstGroup + groupsTogether;
            for (int group = firstGroup; group < endGroup; group++)
                for (int block = 0; block < inputBlocks; block++) {
                    const uint8_t *rows[6];
                    for (int k = 0; k < positions; k++) {
                        // Rows beyond the last one are read in its place: what they give is not stored.
                        const int row = tile->firstRow + group * outputRows + k;
                        const int known = row < tile->endRow + 2 ? row : tile->endRow + 1;
                        rows[k] = input->codes + block * input->blockStride + known * input->kernelRowStep
                            + start * NKLanes;
                    }
                    uint8_t *target =
                        transformed + (group - firstGroup) * groupStep + block * work.blockStep;
                    const ptrdiff_t bytes = (pixels + 2) * NKLanes;
                    if (outputRows == 2)
                        NK_NAME(transformRows)(2, rows, bytes, layer->largestInput, target, rowStep);
                    else
                        NK_NAME(transformRows)(4, rows, bytes, layer->largestInput, target, rowStep);
                }
            for (int block = tile->firstBlock; block < tile->endBlock; block++) {
                nk_ints starts[4][NK_NAME(filterPositions)];
                NK_NAME(filterStarts)(
                    layer, positions, layer->filterSums + block * positions * 3 * NKLanes, starts);
                for (int i = 0; i < 4; i++) work.starts[i] = starts[i];
                work.weights = (const int8_t *)layer->weights + layer->blocks[block].weights;
                if (block + 1 < layer->blockCount) {
                    const ptrdiff_t bytes = layer->blocks[block + 1].weights - layer->blocks[block].weights;
                    const int most = outputRows == 2 ? NK_NAME(filterColumnsOfTwo) : NK_NAME(filterColumnsOfFour);
                    const int tiles = (endGroup - firstGroup) * ((pixels + most - 1) / most);
                    work.ahead = NK_NAME(aheadFrom)(work.weights + bytes, bytes, tiles, inputBlocks);
                } else work.ahead.next = work.ahead.end = NULL;
                work.sumStride = pixels * NKLanes;
                for (int group = firstGroup; group < endGroup; group++) {
                    const int row = tile->firstRow + group * outputRows;
                    const int rows = tile->endRow - row < outputRows ? tile->endRow - row : outputRows;
                    for (int i = 0; direct.table != NULL && i < rows; i++) {
                        work.direct[i] = direct;
                        work.direct[i].table += block * direct.tableStride;
                        work.direct[i].output = NK_NAME(codeRowOf)(&epilogue->outputs[0].map, block, row + i, 0);
                        work.direct[i].addend = NK_NAME(codeRowOf)(&epilogue->addend, block, row + i, 0);
                        work.direct[i].windowSums = NK_NAME(windowRow)(window, block, row + i, 0);
                    }
                    work.rows = rows;
                    NK_NAME(filterRow)(
                        &work, transformed + (group - firstGroup) * groupStep, start, pixels, leavesFirst, leavesLast,
                        sums);
                    if (direct.table != NULL) NK_NAME(lookUpRows)(epilogue, block, row, rows, start, pixels);
                    else finish(epilogue, sums, block, row, rows, start, pixels, window);
                }
            }
        }
    }
}

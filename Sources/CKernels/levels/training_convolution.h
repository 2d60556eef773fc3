// 3x3 convolution of floats for training by minimal filtering along rows, F(2, 3): two outputs side by side take four products
// instead of six for each kernel row and input channel. See nk_filter_rows.

#if NK_FILTER_PAIRS > 0
/// Four values of each pair of outputs, for all rows that kernels read: [position][row][pair][16] of one input block.
static void NK_NAME(filterInputs)(NKMap input, int block, int height, int width, float *target) {
    const int pairs = (width + 1) / 2;
    const ptrdiff_t stride = (ptrdiff_t)(height + 2) * pairs * NKLanes;
    const nk_floats zero = NK_NAME(broadcast)(0.0f);
    for (int row = -1; row <= height; row++) {
        const float *x = input.origin + block * input.blockStride + row * input.rowStride - input.pixelStride;
        nk_floats first = NK_NAME(load)(x), second = NK_NAME(load)(x + input.pixelStride);
        for (int pair = 0; pair < pairs; pair++, target += NKLanes) {
            x += 2 * input.pixelStride;
            const nk_floats third = NK_NAME(load)(x);
            // Of an odd row's last pair the second output is not stored.
            const nk_floats fourth = 2 * pair + 1 < width ? NK_NAME(load)(x + input.pixelStride) : zero;
            NK_NAME(store)(target, first - third);
            NK_NAME(store)(target + stride, second + third);
            NK_NAME(store)(target + 2 * stride, third - second);
            NK_NAME(store)(target + 3 * stride, second - fourth);
            first = third;
            second = fourth;
        }
    }
}

/// Where tiles of pairs go, one after the other.
typedef struct {
    NKMap output, addend;
    int width, pairs, height, row, pair;
} NK_NAME(Pairs);

NK_INLINE void NK_NAME(storePixel)(const NK_NAME(Pairs) *to, int block, int pixel, nk_floats value) {
    const float *addend = NK_NAME(rowOf)(&to->addend, block, to->row, pixel);
    if (addend != NULL) value += NK_NAME(load)(addend);
    NK_NAME(store)(NK_NAME(rowOf)(&to->output, block, to->row, pixel), value);
}

/// `count` pairs of one or two output blocks: the sums of all inputs in registers. `stride` floats lie between positions.
NK_INLINE void NK_NAME(filterTile)(
    const int count, const int blocks, const float *inputs, ptrdiff_t stride, int channels, const float *weights,
    NK_NAME(Pairs) *to) {
    nk_floats sum[2][4][NK_FILTER_PAIRS];
    NK_UNROLL for (int b = 0; b < blocks; b++) NK_UNROLL for (int k = 0; k < 4; k++)
        NK_UNROLL for (int p = 0; p < count; p++) sum[b][k][p] = NK_NAME(broadcast)(0.0f);
    const ptrdiff_t blockWeights = (ptrdiff_t)channels * 12 * NKLanes;
    // Kernel rows that all of the tile's pairs read in the halo are left out.
    const int firstRow = to->row == 0 && to->pair + count <= to->pairs ? 1 : 0;
    const int endRow = to->row == to->height - 1 ? 2 : 3;
    for (int first = 0; first < channels; first += NKLanes, inputs += 4 * stride) {
        const int lanes = channels - first < NKLanes ? channels - first : NKLanes;
        for (int row = firstRow; row < endRow; row++) {
            const float *x = inputs + row * to->pairs * NKLanes;
            const float *from = weights + row * lanes * 4 * NKLanes;
            for (int lane = 0; lane < lanes; lane++, x++, from += 4 * NKLanes) {
                NK_UNROLL for (int k = 0; k < 4; k++) {
                    nk_floats weight[2];
                    NK_UNROLL for (int b = 0; b < blocks; b++)
                        weight[b] = NK_NAME(load)(from + b * blockWeights + k * NKLanes);
                    NK_UNROLL for (int p = 0; p < count; p++) {
                        const nk_floats value = NK_NAME(broadcast)(x[k * stride + p * NKLanes]);
                        NK_UNROLL for (int b = 0; b < blocks; b++)
                            sum[b][k][p] = NK_NAME(fma)(value, weight[b], sum[b][k][p]);
                    }
                }
            }
        }
        weights += 3 * lanes * 4 * NKLanes;
    }
    NK_UNROLL for (int p = 0; p < count; p++) {
        const int pixel = 2 * to->pair;
        NK_UNROLL for (int b = 0; b < blocks; b++) {
            NK_NAME(storePixel)(to, b, pixel, sum[b][0][p] + (sum[b][1][p] + sum[b][2][p]));
            if (pixel + 1 < to->width)
                NK_NAME(storePixel)(to, b, pixel + 1, (sum[b][1][p] - sum[b][2][p]) - sum[b][3][p]);
        }
        if (++to->pair == to->pairs) {
            to->pair = 0;
            to->row++;
        }
    }
}

/// All pairs of one or two output blocks.
NK_INLINE void NK_NAME(filterBlocks)(
    const int blocks, const float *inputs, ptrdiff_t stride, int channels, const float *weights, int total,
    NK_NAME(Pairs) to) {
    const int largest = blocks == 2 ? NK_FILTER_PAIRS_TWO_BLOCKS : NK_FILTER_PAIRS;
    for (int done = 0; done < total;) {
        const int count = total - done < largest ? total - done : largest;
        switch (count) {
#define NK_PAIRS(n) \
    case n: \
        if (n <= largest) NK_NAME(filterTile)( \
            n <= largest ? n : 1, blocks, inputs + done * NKLanes, stride, channels, weights, &to); \
        break;
            NK_PAIRS(1) NK_PAIRS(2) NK_PAIRS(3) NK_PAIRS(4) NK_PAIRS(5) NK_PAIRS(6) NK_PAIRS(7)
#undef NK_PAIRS
        }
        done += count;
    }
}

static void NK_NAME(convolveFiltered)(
    const float *weights, int inputs, int outputs, NKMap input, NKMap output, NKMap addend, int height, int width,
    float *scratch) {
    const int pairs = (width + 1) / 2, inputBlocks = (inputs + NKLanes - 1) / NKLanes;
    const int outputBlocks = (outputs + NKLanes - 1) / NKLanes;
    const ptrdiff_t stride = (ptrdiff_t)(height + 2) * pairs * NKLanes;
    for (int block = 0; block < inputBlocks; block++)
        NK_NAME(filterInputs)(input, block, height, width, scratch + block * 4 * stride);
    int blocks = 1;
    for (int block = 0; block < outputBlocks; block += blocks) {
        const NK_NAME(Pairs) to = {.output = output, .addend = addend, .width = width, .pairs = pairs, .height = height};
        blocks = block + 1 < outputBlocks ? 2 : 1;
        if (blocks == 2) NK_NAME(filterBlocks)(2, scratch, stride, inputs, weights, height * pairs, to);
        else NK_NAME(filterBlocks)(1, scratch, stride, inputs, weights, height * pairs, to);
        weights += (ptrdiff_t)blocks * inputs * 12 * NKLanes;
        output.origin += blocks * output.blockStride;
        if (addend.origin != NULL) addend.origin += blocks * addend.blockStride;
    }
}
#else
static void NK_NAME(convolveFiltered)(
    const float *weights, int inputs, int outputs, NKMap input, NKMap output, NKMap addend, int height, int width,
    float *scratch) {
    (void)weights, (void)inputs, (void)outputs, (void)input, (void)output, (void)addend, (void)height, (void)width,
        (void)scratch;
}
#endif

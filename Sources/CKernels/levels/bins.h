// Counting samples in bins.

/// floor(value) for |value| < 2^31.
NK_INLINE nk_ints NK_NAME(floorOf)(nk_floats value) {
#if NK_HAS_ROUND
    return __builtin_convertvector(__builtin_elementwise_floor(value), nk_ints);
#else
    const nk_ints whole = __builtin_convertvector(value, nk_ints);
    // Conversion goes towards zero; a comparison that holds is -1.
    return whole + (value < __builtin_convertvector(whole, nk_floats));
#endif
}

/// Stores the numbers that are kept one after the other and returns how many there are, or all with `none` in place of the
/// others where the level has no instruction for that.
NK_INLINE int NK_NAME(storeKept)(uint32_t *target, nk_ints numbers, nk_ints kept, nk_ints none) {
#if defined(NK_COMPRESS)
    (void)none;
    return NK_COMPRESS(target, numbers, kept);
#else
    *(nk_ints *)target = kept ? numbers : none;
    return NKLanes;
#endif
}

/// Two indices that were stored, in one load.
NK_INLINE uint64_t NK_NAME(pairOf)(const uint32_t *indices) {
    uint64_t pair;
    __builtin_memcpy(&pair, indices, sizeof pair);
    return pair;
}

/// Where samples count.
typedef struct {
    /// NULL: none.
    uint16_t *channels;
    uint32_t *whole;
    nk_floats inverse, changedInverse, wholeInverse;
    nk_ints mask, wholeMask, lane, used, changed, none, wholeNone;
    int lanes;
} NK_NAME(Counters);

/// Indices of some pixels' counters: counting does not wait for their computation.
enum { NK_NAME(waitingPixels) = 8 };
typedef struct {
    __attribute__((aligned(64))) uint32_t channels[NK_NAME(waitingPixels) * NKLanes];
    /// Numbers that are kept are stored as whole vectors.
    __attribute__((aligned(64))) uint32_t whole[(NK_NAME(waitingPixels) + 1) * NKLanes];
} NK_NAME(Waiting);

NK_INLINE NK_NAME(Counters) NK_NAME(countersOf)(bool rectifies, const NKStatistics *statistics, int lanes) {
    const nk_ints lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const NKChannelBins channels = statistics->channels;
    const NKWholeBins whole = statistics->whole;
    const nk_floats zero = NK_NAME(broadcast)(0.0f);
    const int tables = rectifies ? 2 : 1;
    return (NK_NAME(Counters)){
        .channels = channels.counts,
        .whole = whole.counts,
        .inverse = channels.counts != NULL ? NK_NAME(load)(channels.inverseWidths) : zero,
        .changedInverse = rectifies ? NK_NAME(load)(channels.inverseWidths + NKLanes) : zero,
        .wholeInverse = NK_NAME(broadcast)(whole.inverseWidth),
        .mask = (nk_ints)(channels.bins - 1),
        .wholeMask = (nk_ints)(whole.bins - 1),
        .lane = lane,
        .used = lane < (nk_ints)(lanes),
        .changed = channels.bins * NKLanes + lane,
        .none = (tables * channels.bins + 1) * NKLanes + lane,
        .wholeNone = whole.bins + lane,
        .lanes = lanes};
}

/// Counts pixels that wait, and so many indices of all channels together.
NK_INLINE void NK_NAME(countWaiting)(
    const NK_NAME(Counters) *counters, const NK_NAME(Waiting) *waiting, int pixels, int wholeCount) {
    uint16_t *const channels = counters->channels;
    uint32_t *const whole = counters->whole;
    if (channels != NULL)
        for (int p = 0; p < pixels; p++) {
            const uint32_t *indices = waiting->channels + p * NKLanes;
            if (counters->lanes == NKLanes) {
                NK_UNROLL for (int i = 0; i < NKLanes; i += 2) {
                    const uint64_t pair = NK_NAME(pairOf)(indices + i);
                    channels[(uint32_t)pair]++;
                    channels[pair >> 32]++;
                }
            } else {
                for (int i = 0; i < counters->lanes; i++) channels[indices[i]]++;
            }
        }
    if (whole != NULL) {
        int i = 0;
        // One by one: a load across two of the stores would wait for both.
        for (; i + 8 <= wholeCount; i += 8)
            NK_UNROLL for (int j = 0; j < 8; j++) whole[waiting->whole[i + j]]++;
        for (; i < wholeCount; i++) whole[waiting->whole[i]]++;
    }
}

/// Finds a pixel's counters; `finite` tells which samples are. What a rectifier changes counts in the second table. Returns
/// how many indices of all channels together there are.
NK_INLINE int NK_NAME(findCounters)(
    const NK_NAME(Counters) *counters, const bool rectifies, nk_floats sample, nk_ints finite, nk_floats high,
    uint32_t *channels, uint32_t *whole) {
    const nk_floats zero = NK_NAME(broadcast)(0.0f);
    const nk_ints counted = finite & (sample != zero) & counters->used;
    const nk_ints kept = rectifies ? counted & (sample > zero) & (sample <= high) : counted;
    if (counters->channels != NULL) {
        const nk_floats position =
            (counted ? sample : zero) * (kept ? counters->inverse : counters->changedInverse);
        const nk_ints row = (NK_NAME(floorOf)(position) & counters->mask) * NKLanes;
        *(nk_ints *)channels = counted ? row + (kept ? counters->lane : counters->changed) : counters->none;
    }
    if (counters->whole == NULL) return 0;
    const nk_ints bin = NK_NAME(floorOf)((kept ? sample : zero) * counters->wholeInverse) & counters->wholeMask;
    return NK_NAME(storeKept)(whole, bin, kept, counters->wholeNone);
}

/// Counts the samples above a rectifier's bound: the channels' in the row after the tables, those of all at the bound.
NK_INLINE void NK_NAME(countClipped)(const NK_NAME(Counters) *counters, nk_floats sample, nk_floats high) {
    const nk_ints above = (sample > high) & counters->used;
    if (!__builtin_reduce_or(above)) return;
    const int bin = (NK_NAME(floorOf)(high * counters->wholeInverse) & counters->wholeMask)[0];
    uint16_t *clipped = counters->channels + counters->none[0] - NKLanes;
    for (int i = 0; i < NKLanes; i++) {
        clipped[i] -= above[i];
        counters->whole[bin] -= above[i];
    }
}

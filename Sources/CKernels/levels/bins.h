// Counting samples in bins.

/// floor(value) for |value| < 2^31.
NK_INLINE nk_ints NK_NAME(floorOf)(nk_floats value) {
#if defined(NK_FLOOR)
    return NK_FLOOR(value);
#elif NK_HAS_ROUND
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

/// Where samples count.
typedef struct {
    /// NULL: none.
    uint16_t *channels;
    uint32_t *whole;
    nk_floats inverse, changedInverse, wholeInverse;
    nk_ints mask, wholeMask, used, none, wholeNone;
    /// The first counter of each lane, and of what a rectifier changes.
    nk_ints kept, changed;
} NK_NAME(Counters);

/// The counters of a group of pixels, which wait: they are changed between the sums of the group that follows, those of one
/// pixel between the sums of one.
enum { NK_NAME(waitingPixels) = 8 };
typedef struct {
    __attribute__((aligned(64))) uint32_t channels[NK_NAME(waitingPixels) * NKLanes];
    /// Numbers that are kept are stored as whole vectors.
    __attribute__((aligned(64))) uint32_t whole[(NK_NAME(waitingPixels) + 2) * NKLanes];
    /// How many of `whole` go with each pixel, a multiple of four: the same for all, which branches are predicted by.
    int wholeStep;
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
        .used = lane < (nk_ints)(lanes),
        .kept = lane * channels.bins,
        .changed = (NKLanes + lane) * channels.bins,
        .none = (tables * channels.bins + 1) * NKLanes + lane,
        .wholeNone = whole.bins + lane};
}

/// Ends a group after some pixels, and so many counters of all channels together; what is left is not counted.
NK_INLINE void NK_NAME(endGroup)(
    const NK_NAME(Counters) *counters, NK_NAME(Waiting) *group, int pixels, int wholeCount) {
    for (int p = pixels; p < NK_NAME(waitingPixels); p++)
        *(nk_ints *)(group->channels + p * NKLanes) = counters->none;
    // Eight steps have less than two vectors more than there are counters.
    for (int i = 0; i < 2; i++) *(nk_ints *)(group->whole + wholeCount + i * NKLanes) = counters->wholeNone;
    group->wholeStep = (wholeCount + 4 * NK_NAME(waitingPixels) - 1) / (4 * NK_NAME(waitingPixels)) * 4;
}

/// A group without pixels.
NK_INLINE void NK_NAME(clear)(const NK_NAME(Counters) *counters, NK_NAME(Waiting) *group) {
    NK_NAME(endGroup)(counters, group, 0, 0);
}

/// Counts one of a group's pixels.
NK_INLINE void NK_NAME(countPixel)(const NK_NAME(Counters) *counters, const NK_NAME(Waiting) *group, int pixel) {
    uint16_t *const channels = counters->channels;
    uint32_t *const whole = counters->whole;
    if (channels != NULL) {
        const uint32_t *indices = group->channels + pixel * NKLanes;
        NK_UNROLL for (int i = 0; i < NKLanes; i++) channels[indices[i]]++;
    }
    if (whole != NULL) {
        const uint32_t *indices = group->whole + pixel * group->wholeStep, *end = indices + group->wholeStep;
        for (; indices < end; indices += 4) NK_UNROLL for (int i = 0; i < 4; i++) whole[indices[i]]++;
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
        const nk_ints row = NK_NAME(floorOf)(position) & counters->mask;
        *(nk_ints *)channels = counted ? row + (kept ? counters->kept : counters->changed) : counters->none;
    }
    if (counters->whole == NULL) return 0;
    const nk_ints bin = NK_NAME(floorOf)((kept ? sample : zero) * counters->wholeInverse) & counters->wholeMask;
    return NK_NAME(storeKept)(whole, bin, kept, counters->wholeNone);
}

/// Counts the samples above a rectifier's bound: the channels' in the row after the tables, those of all at the bound.
NK_INLINE void NK_NAME(countClipped)(const NK_NAME(Counters) *counters, nk_ints above, nk_floats high) {
    const int bin = (NK_NAME(floorOf)(high * counters->wholeInverse) & counters->wholeMask)[0];
    uint16_t *clipped = counters->channels + counters->none[0] - NKLanes;
    for (int i = 0; i < NKLanes; i++) {
        clipped[i] -= above[i];
        counters->whole[bin] -= above[i];
    }
}

/// Adds counters to others and clears them. Most lines are zero after a few samples: those of the others, which are seldom in
/// the cache, are left alone.
static void NK_NAME(moveCounts)(uint16_t *from, uint16_t *to, int count) {
    // A line, and where a channel a few further on probably has counted something too.
    enum { line = 32, ahead = 4096 };
    int i = 0;
    for (; i + line <= count; i += line) {
        const nk_shortcodes moved = *(const nk_shortcodes *)(from + i);
        if (!__builtin_reduce_or(moved)) continue;
        if (i + ahead < count) __builtin_prefetch(to + i + ahead, 1);
        *(nk_shortcodes *)(to + i) += moved;
        *(nk_shortcodes *)(from + i) = (nk_shortcodes)(0);
    }
    for (; i < count; i++) {
        to[i] += from[i];
        from[i] = 0;
    }
}

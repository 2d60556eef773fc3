// Counting samples in bins.

#if !defined(NK_KEEP)
#define NK_KEEP(x) (void)(x)
#endif

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

/// Where samples count. Lanes that carry no data have one counter each, in the last row.
typedef struct {
    uint16_t *counts;
    nk_floats inverse, changedInverse;
    nk_ints mask;
    /// The first counter of each lane, of its counters of what a rectifier changes, and the one for what is not counted.
    nk_ints kept, changed, none;
} NK_NAME(Counters);

NK_INLINE NK_NAME(Counters) NK_NAME(countersOf)(bool rectifies, const NKBlockBins *bins, int lanes) {
    const nk_ints lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const nk_ints used = lane < (nk_ints)(lanes), none = (2 * bins->stride + 1) * NKLanes + lane;
    nk_ints kept = used ? lane * bins->stride : none, changed = used ? (NKLanes + lane) * bins->stride : none;
    // Otherwise the compiler multiplies again for each pixel.
    NK_KEEP(kept);
    NK_KEEP(changed);
    const nk_floats inverse = NK_NAME(load)(bins->inverseWidths);
    return (NK_NAME(Counters)){
        .counts = bins->counts,
        .inverse = inverse,
        .changedInverse = rectifies ? NK_NAME(load)(bins->inverseWidths + NKLanes) : inverse,
        .mask = used & (nk_ints)(bins->bins - 1),
        .kept = kept,
        .changed = changed,
        .none = none};
}

/// The counters of a group of pixels, which wait: they are changed between the sums of the group that follows, those of one
/// pixel between the sums of one.
enum { NK_NAME(waitingPixels) = 8 };
typedef struct {
    __attribute__((aligned(64))) uint32_t indices[NK_NAME(waitingPixels) * NKLanes];
} NK_NAME(Waiting);

/// Ends a group after some pixels; what is left is not counted.
NK_INLINE void NK_NAME(endGroup)(const NK_NAME(Counters) *counters, NK_NAME(Waiting) *group, int pixels) {
    for (int p = pixels; p < NK_NAME(waitingPixels); p++) *(nk_ints *)(group->indices + p * NKLanes) = counters->none;
}

/// Counts the samples of one of a group's pixels.
NK_INLINE void NK_NAME(countPixel)(uint16_t *counts, const NK_NAME(Waiting) *group, int pixel) {
    const uint32_t *indices = group->indices + pixel * NKLanes;
    NK_UNROLL for (int i = 0; i < NKLanes; i++) counts[indices[i]]++;
}

/// The counters of a pixel of finite samples. What a rectifier changes counts in the second table.
NK_INLINE nk_ints NK_NAME(countersFor)(
    const NK_NAME(Counters) *counters, const bool rectifies, nk_floats sample, nk_ints kept) {
    const nk_ints bin = NK_NAME(floorOf)(sample * (!rectifies || kept ? counters->inverse : counters->changedInverse));
    return (bin & counters->mask) + (!rectifies || kept ? counters->kept : counters->changed);
}

/// Takes away what counted as zeros: in the first bin, where a rectifier counts what it changes if there is one.
NK_INLINE void NK_NAME(uncountZeros)(
    const NK_NAME(Counters) *counters, const bool rectifies, nk_ints zeros) {
    const nk_ints first = rectifies ? counters->changed : counters->kept;
    for (int i = 0; i < NKLanes; i++) counters->counts[first[i]] -= zeros[i];
}

/// Counts samples beyond a rectifier's bound, in the row after the tables.
NK_INLINE void NK_NAME(countClipped)(const NK_NAME(Counters) *counters, nk_ints clipped) {
    uint16_t *row = counters->counts + counters->none[0] - NKLanes;
    for (int i = 0; i < NKLanes; i++) row[i] += clipped[i];
}

// Counts are moved 128 bins at a time: most are zero after a few samples.

/// Sums of pairs of neighbours, which are one number of twice as many bits.
NK_INLINE nk_ints NK_NAME(sumsOfTwo)(nk_shortcodes counts) {
    const nk_units pairs = (nk_units)counts;
    return (nk_ints)((pairs & 0xffff) + (pairs >> 16));
}

NK_INLINE nk_longs NK_NAME(sumsOfFour)(nk_shortcodes counts) {
    const nk_longs pairs = (nk_longs)NK_NAME(sumsOfTwo)(counts);
    return (pairs & 0xffffffff) + (pairs >> 32);
}

/// The counts of 32 bins in bins 2^shift times as wide, for shift > 0; zeros follow.
NK_INLINE nk_ints NK_NAME(inWiderBins)(nk_shortcodes counts, int shift) {
    nk_ints sums = NK_NAME(sumsOfTwo)(counts);
    for (int i = 1; i < shift && i < 5; i++) {
        sums = __builtin_shufflevector(sums, (nk_ints)(0), 0, 2, 4, 6, 8, 10, 12, 14, 16, 17, 18, 19, 20, 21, 22, 23)
            + __builtin_shufflevector(sums, (nk_ints)(0), 1, 3, 5, 7, 9, 11, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23);
    }
    return sums;
}

/// Adds the counts of 128 bins, from `bin` on, to those of a channel.
NK_INLINE void NK_NAME(addToChannel)(
    const nk_shortcodes counts[4], int bin, int shift, uint16_t *channel, int bins) {
    if (shift == 2) {
        nk_quarter_shorts quarters[8];
        NK_UNROLL for (int i = 0; i < 4; i++) {
            const nk_longs sums = NK_NAME(sumsOfFour)(counts[i]);
            quarters[2 * i] = __builtin_convertvector(sums.lo, nk_quarter_shorts);
            quarters[2 * i + 1] = __builtin_convertvector(sums.hi, nk_quarter_shorts);
        }
        nk_shortcodes together;
        __builtin_memcpy(&together, quarters, sizeof together);
        *(nk_shortcodes *)(channel + ((bin >> 2) & (bins - 1))) += together;
        return;
    }
    NK_UNROLL for (int i = 0; i < 4; i++) {
        uint16_t *const to = channel + (((bin + 32 * i) >> shift) & (bins - 1));
        if (shift == 0)
            *(nk_shortcodes *)to += counts[i];
        else
            *(nk_shorts *)to += __builtin_convertvector(NK_NAME(inWiderBins)(counts[i], shift), nk_shorts);
    }
}

/// Adds them to those of the whole tensor.
NK_INLINE void NK_NAME(addToWhole)(const nk_shortcodes counts[4], int bin, int shift, NKWholeBins whole) {
    NK_UNROLL for (int i = 0; i < 4; i++) {
        uint32_t *const to = whole.counts + (((bin + 32 * i) >> shift) & (whole.bins - 1));
        if (shift == 0) {
            *(nk_ints *)to += __builtin_convertvector(counts[i].lo, nk_ints);
            *(nk_ints *)(to + NKLanes) += __builtin_convertvector(counts[i].hi, nk_ints);
        } else {
            *(nk_ints *)to += NK_NAME(inWiderBins)(counts[i], shift);
        }
    }
}

/// How many times bins are wider than others, as a power of two. Bins are below 2^24: further shifts give the same bin, and a
/// lane of zeros has any shift.
NK_INLINE int NK_NAME(shiftOf)(float inverseWidth, float wider) {
    const int shift = __builtin_ilogbf(inverseWidth) - __builtin_ilogbf(wider);
    return shift < 31 ? shift : 31;
}

/// Which of 32 bins, from number `start` on, lie between two others.
NK_INLINE nk_shortcodes NK_NAME(between)(int start, int first, int last) {
    const nk_shortcodes number = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                  16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
    const int low = first - start, high = last - start;
    return (nk_shortcodes)(number >= (nk_shortcodes)(low < 0 ? 0 : low > 32 ? 32 : low))
        & (nk_shortcodes)(number < (nk_shortcodes)(high < -1 ? 0 : high > 31 ? 32 : high + 1));
}

/// Adds the counts of lanes to others; see nk_move_counts.
NK_INLINE void NK_NAME(distribute)(
    const bool moves, const NKBlockBins *from, int lanes, NKChannelBins channels, NKWholeBins whole) {
    for (int lane = 0; lane < lanes; lane++) {
        if (from->lows[lane] > from->highs[lane]) continue;
        const float inverse = from->inverseWidths[lane];
        const int first = (int)__builtin_floor((double)from->lows[lane] * inverse);
        const int last = (int)__builtin_floor((double)from->highs[lane] * inverse);
        // The first counters of a full table follow the last.
        const bool meets = (last | 127) - (first & -128) >= from->bins;
        uint16_t *const counts = from->counts + lane * from->stride;
        const int mask = from->bins - 1;
        uint16_t *const channel = channels.counts != NULL ? channels.counts + lane * channels.bins : NULL;
        const int shift = channel != NULL ? NK_NAME(shiftOf)(inverse, channels.inverseWidths[lane]) : 0;
        const bool isWhole = whole.counts != NULL && (!moves || lane < NKLanes);
        const int wholeShift = isWhole ? NK_NAME(shiftOf)(inverse, whole.inverseWidth) : 0;
        for (int bin = first & -128; bin <= last; bin += 128) {
            nk_shortcodes *const due = (nk_shortcodes *)(counts + (bin & mask));
            nk_shortcodes found[4] = {due[0], due[1], due[2], due[3]};
            if (meets) NK_UNROLL for (int i = 0; i < 4; i++) found[i] &= NK_NAME(between)(bin + 32 * i, first, last);
            if (!__builtin_reduce_or(found[0] | found[1] | found[2] | found[3])) continue;
            if (moves) NK_UNROLL for (int i = 0; i < 4; i++) due[i] -= found[i];
            if (channel != NULL) {
                // A channel a few further on probably has counted something there too.
                const uint16_t *later = channel + 4 * channels.bins + ((bin >> shift) & (channels.bins - 1));
                __builtin_prefetch(later, 1);
                if (shift < 2) __builtin_prefetch(later + 32, 1);
                if (shift < 1) {
                    __builtin_prefetch(later + 64, 1);
                    __builtin_prefetch(later + 96, 1);
                }
                NK_NAME(addToChannel)(found, bin, shift, channel, channels.bins);
            }
            if (isWhole) NK_NAME(addToWhole)(found, bin, wholeShift, whole);
        }
    }
}

static void NK_NAME(moveCounts)(const NKBlockBins *from, int lanes, NKChannelBins channels, NKWholeBins whole) {
    NK_NAME(distribute)(true, from, lanes, channels, whole);
}

static void NK_NAME(addCounts)(const NKBlockBins *from, int lanes, NKWholeBins whole) {
    NK_NAME(distribute)(false, from, lanes, (NKChannelBins){NULL, 0, NULL}, whole);
}

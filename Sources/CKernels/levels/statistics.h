// Statistics of maps as they lie in memory: moments of each channel, and counts of samples in bins.

NK_INLINE nk_doubles NK_NAME(doubles)(const double *source) { return *(const nk_doubles *)source; }

NK_INLINE void NK_NAME(addTo)(double *sums, nk_doubles value) { *(nk_doubles *)sums += value; }

/// One sweep. Unless `careful` all samples must be finite; false, with nothing added, if they turn out not to be.
NK_INLINE bool NK_NAME(sweepMoments)(const bool careful, const NKMap *block, int height, int width, double *rows) {
    const nk_floats nothing = NK_NAME(broadcast)(0.0f), unknown = NK_NAME(broadcast)(__builtin_nanf(""));
    const nk_doubles none = (nk_doubles)(0.0), centre = NK_NAME(doubles)(rows + NKMomentCentre * NKLanes);
    nk_doubles sum = none, square = none, cube = none, fourth = none, positive = none, positiveSquare = none;
    nk_floats least = __builtin_convertvector(NK_NAME(doubles)(rows + NKMomentLeast * NKLanes), nk_floats);
    nk_floats greatest = __builtin_convertvector(NK_NAME(doubles)(rows + NKMomentGreatest * NKLanes), nk_floats);
    nk_ints positives = (nk_ints)(0), zeros = (nk_ints)(0), odd = (nk_ints)(0);
    for (int y = 0; y < height; y++) {
        const float *pixel = block->origin + y * block->rowStride;
        for (int x = 0; x < width; x++, pixel += block->pixelStride) {
            nk_floats sample = NK_NAME(load)(pixel);
            if (careful) {
                const nk_ints finite = sample - sample == nothing;
                odd += finite + 1;
                // Every comparison with NaN is false.
                sample = finite ? sample : unknown;
            }
            least = NK_NAME(atMost)(least, sample);
            greatest = NK_NAME(atLeast)(greatest, sample);
            positives -= sample > nothing;
            zeros -= sample == nothing;
            const nk_doubles wide = __builtin_convertvector(sample, nk_doubles);
            const nk_doubles rectified = wide > none ? wide : none;
            nk_doubles offset = wide - centre;
            if (careful) offset = offset == offset ? offset : none;
            const nk_doubles offsetSquare = offset * offset;
            sum += offset;
            square += offsetSquare;
            cube += offsetSquare * offset;
            fourth += offsetSquare * offsetSquare;
            positive += rectified;
            positiveSquare += rectified * rectified;
        }
    }
    if (!careful && !__builtin_reduce_and((sum - sum == none))) return false;
    const nk_doubles count = (nk_doubles)((double)height * width) - __builtin_convertvector(odd, nk_doubles);
    NK_NAME(addTo)(rows + NKMomentCount * NKLanes, count);
    NK_NAME(addTo)(rows + NKMomentNotFinite * NKLanes, __builtin_convertvector(odd, nk_doubles));
    NK_NAME(addTo)(rows + NKMomentSum * NKLanes, sum);
    NK_NAME(addTo)(rows + NKMomentSquare * NKLanes, square);
    NK_NAME(addTo)(rows + NKMomentCube * NKLanes, cube);
    NK_NAME(addTo)(rows + NKMomentFourth * NKLanes, fourth);
    NK_NAME(addTo)(rows + NKMomentPositiveCount * NKLanes, __builtin_convertvector(positives, nk_doubles));
    NK_NAME(addTo)(rows + NKMomentPositiveSum * NKLanes, positive);
    NK_NAME(addTo)(rows + NKMomentPositiveSquare * NKLanes, positiveSquare);
    NK_NAME(addTo)(rows + NKMomentZeros * NKLanes, __builtin_convertvector(zeros, nk_doubles));
    *(nk_doubles *)(rows + NKMomentLeast * NKLanes) = __builtin_convertvector(least, nk_doubles);
    *(nk_doubles *)(rows + NKMomentGreatest * NKLanes) = __builtin_convertvector(greatest, nk_doubles);
    return true;
}

static void NK_NAME(addMoments)(NKMap block, int height, int width, double *rows) {
    if (rows[NKMomentCount * NKLanes] + rows[NKMomentNotFinite * NKLanes] == 0)
        for (int lane = 0; lane < NKLanes; lane++) {
            // Any sample near the mean will do: powers of small differences keep their bits.
            rows[NKMomentCentre * NKLanes + lane] = __builtin_isfinite(block.origin[lane]) ? block.origin[lane] : 0;
            rows[NKMomentLeast * NKLanes + lane] = __builtin_inf();
            rows[NKMomentGreatest * NKLanes + lane] = -__builtin_inf();
        }
    if (!NK_NAME(sweepMoments)(false, &block, height, width, rows))
        NK_NAME(sweepMoments)(true, &block, height, width, rows);
}

/// The counters of sixteen samples: those of bin floor(sample / width) modulo `bins`, or `none` for what is not counted.
NK_INLINE nk_ints NK_NAME(countersOf)(
    nk_floats sample, nk_floats inverseWidth, int bins, int columns, nk_ints column, nk_ints none) {
    const nk_floats zero = NK_NAME(broadcast)(0.0f);
    const nk_ints counts = (sample - sample == zero) & (sample != zero);
    const nk_floats position = (counts ? sample : zero) * inverseWidth;
    const nk_ints whole = __builtin_convertvector(position, nk_ints);
    // Conversion goes towards zero; a comparison that holds is -1.
    const nk_ints bin = (whole + (position < __builtin_convertvector(whole, nk_floats))) & (bins - 1);
    return counts ? bin * columns + column : none;
}

/// Adds 1 to counters whose indices were stored: in pairs, so that a load fetches two.
NK_INLINE void NK_NAME(countPair)(uint32_t *counts, uint64_t indices) {
    counts[(uint32_t)indices]++;
    counts[indices >> 32]++;
}

NK_INLINE void NK_NAME(countSamples)(
    const bool perChannel, const bool together, const NKMap *block, int height, int width, int lanes,
    const NKBins *channels, const NKBins *whole) {
    const nk_ints lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    // Counters may alias what describes them, as far as the compiler knows.
    const NKBins own = perChannel ? *channels : *whole, all = together ? *whole : own;
    const nk_floats ownInverse = NK_NAME(load)(perChannel ? own.inverseWidths : block->origin);
    const nk_floats inverse = NK_NAME(broadcast)(all.inverseWidths[0]);
    const nk_ints ownNone = own.bins * NKLanes + lane, none = all.bins * NKWholeColumns + lane;
    // Indices of several pixels at once: counting them does not wait for their computation.
    enum { chunk = 8, pairs = NKLanes / 2 };
    __attribute__((aligned(64))) uint64_t ownIndices[chunk * pairs], indices[chunk * pairs];
    for (int y = 0; y < height; y++) {
        const float *pixel = block->origin + y * block->rowStride;
        for (int x = 0; x < width; x += chunk) {
            const int pixels = width - x < chunk ? width - x : chunk;
            for (int p = 0; p < pixels; p++, pixel += block->pixelStride) {
                const nk_floats sample = NK_NAME(load)(pixel);
                if (perChannel)
                    *(nk_ints *)(ownIndices + p * pairs) =
                        NK_NAME(countersOf)(sample, ownInverse, own.bins, NKLanes, lane, ownNone);
                if (together)
                    *(nk_ints *)(indices + p * pairs) = NK_NAME(countersOf)(
                        sample, inverse, all.bins, NKWholeColumns, lane % NKWholeColumns, none);
            }
            if (lanes == NKLanes) {
                for (int p = 0; p < pixels; p++)
                    NK_UNROLL for (int pair = 0; pair < pairs; pair++) {
                        if (perChannel) NK_NAME(countPair)(own.counts, ownIndices[p * pairs + pair]);
                        if (together) NK_NAME(countPair)(all.counts, indices[p * pairs + pair]);
                    }
            } else {
                for (int p = 0; p < pixels; p++)
                    for (int i = 0; i < lanes; i++) {
                        if (perChannel) own.counts[((const uint32_t *)(ownIndices + p * pairs))[i]]++;
                        if (together) all.counts[((const uint32_t *)(indices + p * pairs))[i]]++;
                    }
            }
        }
    }
}

static void NK_NAME(countBins)(
    NKMap block, int height, int width, int lanes, const NKBins *channels, const NKBins *whole) {
#define NK_COUNT(lanes) \
    if (channels == NULL) NK_NAME(countSamples)(false, true, &block, height, width, lanes, channels, whole); \
    else if (whole == NULL) NK_NAME(countSamples)(true, false, &block, height, width, lanes, channels, whole); \
    else NK_NAME(countSamples)(true, true, &block, height, width, lanes, channels, whole)
    if (lanes == NKLanes) {
        NK_COUNT(NKLanes);
    } else {
        NK_COUNT(lanes);
    }
#undef NK_COUNT
}

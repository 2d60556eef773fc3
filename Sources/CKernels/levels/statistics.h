// Statistics of maps as they lie in memory: ranges first, then moments and counts in one sweep. A sample's counters are
// found eight pixels before they are changed, so that stores, which limit counting, and arithmetic share the time.

NK_INLINE nk_doubles NK_NAME(doubles)(const double *source) { return *(const nk_doubles *)source; }

NK_INLINE void NK_NAME(addTo)(double *sums, nk_doubles value) { *(nk_doubles *)sums += value; }

NK_INLINE nk_doubles NK_NAME(toDoubles)(nk_floats values) { return __builtin_convertvector(values, nk_doubles); }

NK_INLINE nk_floats NK_NAME(rectify)(nk_floats value, nk_floats high) {
    return NK_NAME(atMost)(NK_NAME(atLeast)(value, NK_NAME(broadcast)(0.0f)), high);
}

/// One of the rows of all images.
NK_INLINE float *NK_NAME(rowOfPlanes)(const NKPlanes *planes, int row) {
    const int image = row / planes->height, y = row % planes->height;
    return planes->block.origin + image * planes->block.imageStride + y * planes->block.rowStride;
}

/// The least and greatest samples, NaN apart; with `finite`, infinities apart too. Returns whether all samples are finite.
NK_INLINE bool NK_NAME(sweepRange)(
    const bool finite, const NKPlanes *planes, nk_floats *least, nk_floats *greatest) {
    nk_floats low = NK_NAME(broadcast)(__builtin_inff()), high = -low, differences = NK_NAME(broadcast)(0.0f);
    const nk_floats zero = differences, unknown = NK_NAME(broadcast)(__builtin_nanf(""));
    for (int row = 0; row < planes->images * planes->height; row++) {
        const float *pixel = NK_NAME(rowOfPlanes)(planes, row);
        for (int x = 0; x < planes->width; x++, pixel += planes->block.pixelStride) {
            nk_floats sample = NK_NAME(load)(pixel);
            differences += sample - sample;
            if (finite) sample = sample - sample == zero ? sample : unknown;
            low = NK_NAME(atMost)(low, sample);
            high = NK_NAME(atLeast)(high, sample);
        }
    }
    *least = low;
    *greatest = high;
    return __builtin_reduce_and(differences == zero);
}

/// Makes rows ready for their first samples. Any sample near the mean will do as a centre: powers of small differences keep
/// their bits.
NK_INLINE void NK_NAME(startRows)(double *rows, nk_floats centre) {
    const nk_floats zero = NK_NAME(broadcast)(0.0f);
    if (rows[NKMomentCount * NKLanes] + rows[NKMomentNotFinite * NKLanes] > 0) return;
    *(nk_doubles *)(rows + NKMomentCentre * NKLanes) = NK_NAME(toDoubles)(centre - centre == zero ? centre : zero);
    *(nk_doubles *)(rows + NKMomentLeast * NKLanes) = (nk_doubles)(__builtin_inf());
    *(nk_doubles *)(rows + NKMomentGreatest * NKLanes) = (nk_doubles)(-__builtin_inf());
}

NK_INLINE void NK_NAME(widenRange)(double *rows, nk_floats least, nk_floats greatest) {
    nk_doubles *low = (nk_doubles *)(rows + NKMomentLeast * NKLanes);
    nk_doubles *high = (nk_doubles *)(rows + NKMomentGreatest * NKLanes);
    *low = NK_NAME(toDoubles)(least) < *low ? NK_NAME(toDoubles)(least) : *low;
    *high = NK_NAME(toDoubles)(greatest) > *high ? NK_NAME(toDoubles)(greatest) : *high;
}

static NKSamples NK_NAME(findRanges)(const NKPlanes *planes, double *rows, float high, double *rectified) {
    const nk_floats bound = NK_NAME(broadcast)(high), first = NK_NAME(load)(planes->block.origin);
    nk_floats least, greatest;
    const bool isFinite = NK_NAME(sweepRange)(false, planes, &least, &greatest);
    nk_floats finiteLeast = least, finiteGreatest = greatest;
    if (!isFinite) NK_NAME(sweepRange)(true, planes, &finiteLeast, &finiteGreatest);
    NK_NAME(startRows)(rows, first);
    NK_NAME(widenRange)(rows, finiteLeast, finiteGreatest);
    bool isClipped = false;
    if (rectified != NULL) {
        NK_NAME(startRows)(rectified, NK_NAME(rectify)(first, bound));
        isClipped = __builtin_reduce_max(greatest) > high;
        // A bound makes infinite samples finite. Lanes may hold nothing else, or NaN only.
        const nk_floats none = NK_NAME(broadcast)(__builtin_inff()), low = NK_NAME(rectify)(least, bound);
        const nk_floats top = NK_NAME(rectify)(high < __builtin_inff() ? greatest : finiteGreatest, bound);
        const nk_ints known = (least <= greatest) & (low < none);
        NK_NAME(widenRange)(rectified, known ? low : none, known ? top : -none);
    }
    return !isFinite ? NKSamplesAny : isClipped ? NKSamplesClipped : NKSamplesFinite;
}

/// Sums of powers.
typedef struct {
    nk_doubles first, second, third, fourth;
} NK_NAME(Powers);

NK_INLINE void NK_NAME(addPowers)(NK_NAME(Powers) *sums, nk_doubles value, nk_doubles square) {
    sums->first += value;
    sums->second += square;
    sums->third += square * value;
    sums->fourth += square * square;
}

/// Adds the powers of values that are kept.
NK_INLINE void NK_NAME(addKeptPowers)(NK_NAME(Powers) *sums, nk_doubles value, nk_doubles square, nk_wide_ints kept) {
    sums->first = kept ? sums->first + value : sums->first;
    sums->second = kept ? sums->second + square : sums->second;
    sums->third = kept ? sums->third + square * value : sums->third;
    sums->fourth = kept ? sums->fourth + square * square : sums->fourth;
}

/// The sums of `count` values that are greater by a number.
NK_INLINE NK_NAME(Powers) NK_NAME(movedPowers)(const NK_NAME(Powers) *sums, nk_doubles count, nk_doubles by) {
    const nk_doubles linear = by * count;
    return (NK_NAME(Powers)){
        sums->first + linear,
        sums->second + by * (2 * sums->first + linear),
        sums->third + by * (3 * sums->second + by * (3 * sums->first + linear)),
        sums->fourth + by * (4 * sums->third + by * (6 * sums->second + by * (4 * sums->first + linear)))};
}

/// Adds the powers of `count` equal values.
NK_INLINE void NK_NAME(addEqual)(NK_NAME(Powers) *sums, nk_doubles count, nk_doubles value) {
    const nk_doubles square = value * value;
    sums->first += count * value;
    sums->second += count * square;
    sums->third += count * square * value;
    sums->fourth += count * square * square;
}

NK_INLINE void NK_NAME(addRows)(
    double *rows, const NK_NAME(Powers) *powers, nk_doubles finite, nk_doubles odd, nk_doubles zeros) {
    NK_NAME(addTo)(rows + NKMomentCount * NKLanes, finite);
    NK_NAME(addTo)(rows + NKMomentNotFinite * NKLanes, odd);
    NK_NAME(addTo)(rows + NKMomentZeros * NKLanes, zeros);
    NK_NAME(addTo)(rows + NKMomentSum * NKLanes, powers->first);
    NK_NAME(addTo)(rows + NKMomentSquare * NKLanes, powers->second);
    NK_NAME(addTo)(rows + NKMomentCube * NKLanes, powers->third);
    NK_NAME(addTo)(rows + NKMomentFourth * NKLanes, powers->fourth);
}

NK_INLINE void NK_NAME(addPositives)(double *rows, nk_doubles count, nk_doubles sum, nk_doubles square) {
    NK_NAME(addTo)(rows + NKMomentPositiveCount * NKLanes, count);
    NK_NAME(addTo)(rows + NKMomentPositiveSum * NKLanes, sum);
    NK_NAME(addTo)(rows + NKMomentPositiveSquare * NKLanes, square);
}

/// `rectifies`: what a rectifier makes of the samples has rows of its own, and they count apart. `clips`: some of the
/// samples are above its bound. `careful`: some of the samples are not finite.
NK_INLINE void NK_NAME(sweep)(
    const bool careful, const bool rectifies, const bool clips, const bool replaces, const NKPlanes *all,
    const NKStatistics *into) {
    // A copy: counters might be anywhere in memory, as far as the compiler knows.
    const NKPlanes planes = *all;
    const nk_floats zero = NK_NAME(broadcast)(0.0f), high = NK_NAME(broadcast)(into->high);
    const nk_doubles none = (nk_doubles)(0.0);
    const nk_doubles centre = NK_NAME(doubles)(into->rows + NKMomentCentre * NKLanes);
    // Centres are samples: what is put in their place adds nothing.
    const nk_floats replacement = __builtin_convertvector(centre, nk_floats);
    NK_NAME(Powers) powers = {none, none, none, none}, keptPowers = powers;
    // Of samples above zero; with a rectifier, of those above its bound only.
    nk_doubles sum = none, sumOfSquares = none;
    nk_ints positives = (nk_ints)(0), zeros = positives, odd = positives, low = positives;
    nk_ints clipped = positives, finiteAbove = positives;
    const NK_NAME(Counters) counters = NK_NAME(countersOf)(rectifies, &into->bins, planes.lanes);
    NK_NAME(Waiting) groups[2], *found = groups, *due = groups + 1;
    NK_NAME(endGroup)(&counters, due, 0);
    int pixels = 0;
    for (int row = 0; row < planes.images * planes.height; row++) {
        float *pixel = NK_NAME(rowOfPlanes)(&planes, row);
        for (int x = 0; x < planes.width; x++, pixel += planes.block.pixelStride) {
            const nk_floats sample = NK_NAME(load)(pixel);
            const nk_ints finite = careful ? sample - sample == zero : (nk_ints)(-1);
            const nk_ints positive = finite & (sample > zero), above = clips ? sample > high : (nk_ints)(0);
            const nk_ints kept = positive & ~above;
            positives -= positive;
            zeros -= sample == zero;
            const nk_doubles value = NK_NAME(toDoubles)(careful ? (finite ? sample : replacement) : sample) - centre;
            const nk_doubles square = value * value;
            NK_NAME(addPowers)(&powers, value, square);
            if (careful) {
                odd += finite + 1;
                low -= sample <= zero;
            }
            if (rectifies) {
                if (replaces) {
                    const nk_floats rectified = NK_NAME(atLeast)(sample, zero);
                    NK_NAME(store)(pixel, clips ? NK_NAME(atMost)(rectified, high) : rectified);
                }
                NK_NAME(addKeptPowers)(&keptPowers, value, square, __builtin_convertvector(kept, nk_wide_ints));
            } else {
                const nk_doubles wide = NK_NAME(toDoubles)(positive ? sample : zero);
                sum += wide;
                sumOfSquares += wide * wide;
            }
            if (clips && __builtin_reduce_or(above)) {
                clipped -= above;
                finiteAbove -= finite & above;
                const nk_doubles wide = NK_NAME(toDoubles)(finite & above ? sample : zero);
                sum += wide;
                sumOfSquares += wide * wide;
            }
            const nk_ints counter = NK_NAME(countersFor)(&counters, rectifies, sample, kept);
            *(nk_ints *)(found->indices + pixels * NKLanes) = finite ? counter : counters.none;
            NK_NAME(countPixel)(counters.counts, due, pixels);
            if (++pixels == NK_NAME(waitingPixels)) {
                NK_NAME(Waiting) *const counted = due;
                due = found;
                found = counted;
                pixels = 0;
            }
        }
    }
    for (int p = pixels; p < NK_NAME(waitingPixels); p++) NK_NAME(countPixel)(counters.counts, due, p);
    for (int p = 0; p < pixels; p++) NK_NAME(countPixel)(counters.counts, found, p);
    NK_NAME(uncountZeros)(&counters, rectifies, zeros);
    if (clips) NK_NAME(countClipped)(&counters, clipped);

    const nk_doubles samples = (nk_doubles)((double)planes.images * planes.height * planes.width);
    const nk_doubles oddCount = __builtin_convertvector(odd, nk_doubles);
    const nk_doubles positiveCount = __builtin_convertvector(positives, nk_doubles);
    NK_NAME(addRows)(into->rows, &powers, samples - oddCount, oddCount, __builtin_convertvector(zeros, nk_doubles));
    if (!rectifies) {
        NK_NAME(addPositives)(into->rows, positiveCount, sum, sumOfSquares);
        return;
    }
    // What leaves the rectifier: what it keeps, zeros, and its bound.
    const nk_doubles keptCount = __builtin_convertvector(positives - finiteAbove, nk_doubles);
    const nk_doubles lowCount = careful ? __builtin_convertvector(low, nk_doubles) : samples - positiveCount;
    const nk_doubles clippedCount = __builtin_convertvector(clipped, nk_doubles);
    const nk_doubles bound = (nk_doubles)(clips && into->high < __builtin_inff() ? (double)into->high : 0.0);
    const nk_doubles otherCentre = NK_NAME(doubles)(into->rectified + NKMomentCentre * NKLanes);
    NK_NAME(Powers) otherPowers = NK_NAME(movedPowers)(&keptPowers, keptCount, centre - otherCentre);
    NK_NAME(addEqual)(&otherPowers, lowCount, -otherCentre);
    NK_NAME(addEqual)(&otherPowers, clippedCount, bound - otherCentre);
    const nk_doubles count = keptCount + lowCount + clippedCount;
    NK_NAME(addRows)(into->rectified, &otherPowers, count, samples - count, lowCount);
    const NK_NAME(Powers) keptAboutZero = NK_NAME(movedPowers)(&keptPowers, keptCount, centre);
    NK_NAME(addPositives)(
        into->rectified, keptCount + clippedCount, keptAboutZero.first + clippedCount * bound,
        keptAboutZero.second + clippedCount * bound * bound);
    NK_NAME(addPositives)(
        into->rows, positiveCount, keptAboutZero.first + sum, keptAboutZero.second + sumOfSquares);
}

static void NK_NAME(addStatistics)(const NKPlanes *planes, NKSamples samples, const NKStatistics *into) {
    if (into->rectified == NULL) {
        if (samples == NKSamplesAny)
            NK_NAME(sweep)(true, false, false, false, planes, into);
        else
            NK_NAME(sweep)(false, false, false, false, planes, into);
    } else if (samples == NKSamplesAny) {
        NK_NAME(sweep)(true, true, true, into->replaces, planes, into);
    } else if (!into->replaces) {
        NK_NAME(sweep)(false, true, true, false, planes, into);
    } else if (samples == NKSamplesClipped) {
        NK_NAME(sweep)(false, true, true, true, planes, into);
    } else {
        NK_NAME(sweep)(false, true, false, true, planes, into);
    }
}

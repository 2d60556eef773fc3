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

NK_INLINE void NK_NAME(addPowers)(NK_NAME(Powers) *sums, nk_doubles value) {
    const nk_doubles square = value * value;
    sums->first += value;
    sums->second += square;
    sums->third += square * value;
    sums->fourth += square * square;
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
    const bool careful, const bool rectifies, const bool clips, const NKPlanes *planes, const NKStatistics *into) {
    const nk_floats zero = NK_NAME(broadcast)(0.0f), high = NK_NAME(broadcast)(into->high);
    const nk_doubles none = (nk_doubles)(0.0);
    const nk_doubles all = (nk_doubles)((double)planes->images * planes->height * planes->width);
    const nk_doubles centre = NK_NAME(doubles)(into->rows + NKMomentCentre * NKLanes);
    const nk_doubles otherCentre = rectifies ? NK_NAME(doubles)(into->rectified + NKMomentCentre * NKLanes) : none;
    // Centres are samples: what is put in their place adds nothing.
    const nk_floats replacement = __builtin_convertvector(centre, nk_floats);
    const nk_floats otherReplacement = __builtin_convertvector(otherCentre, nk_floats);
    const nk_doubles bound = (nk_doubles)((double)into->high);
    NK_NAME(Powers) powers = {none, none, none, none}, otherPowers = powers;
    nk_doubles positiveSum = none, positiveSquare = none;
    nk_ints positives = (nk_ints)(0), zeros = positives, odd = positives;
    nk_ints otherPositives = positives, otherOdd = positives;
    const NK_NAME(Counters) counters = NK_NAME(countersOf)(rectifies, into, planes->lanes);
    NK_NAME(Waiting) groups[2], *found = groups, *due = groups + 1;
    NK_NAME(clear)(&counters, due);
    int pixels = 0, wholeCount = 0;
    for (int row = 0; row < planes->images * planes->height; row++) {
        float *pixel = NK_NAME(rowOfPlanes)(planes, row);
        for (int x = 0; x < planes->width; x++, pixel += planes->block.pixelStride) {
            const nk_floats sample = NK_NAME(load)(pixel);
            const nk_ints finite = careful ? sample - sample == zero : (nk_ints)(-1);
            const nk_ints positive = finite & (sample > zero);
            positives -= positive;
            zeros -= sample == zero;
            if (careful) odd += finite + 1;
            NK_NAME(addPowers)(&powers, NK_NAME(toDoubles)(careful ? (finite ? sample : replacement) : sample) - centre);
            if (rectifies) {
                nk_floats other = NK_NAME(atLeast)(sample, zero);
                if (clips) other = NK_NAME(atMost)(other, high);
                if (into->replaces) NK_NAME(store)(pixel, other);
                if (careful) {
                    const nk_ints otherFinite = other - other == zero;
                    otherOdd += otherFinite + 1;
                    otherPositives -= otherFinite & (other > zero);
                    other = otherFinite ? other : otherReplacement;
                }
                NK_NAME(addPowers)(&otherPowers, NK_NAME(toDoubles)(other) - otherCentre);
            }
            if (!rectifies || careful) {
                const nk_doubles wide = NK_NAME(toDoubles)(positive ? sample : zero);
                positiveSum += wide;
                positiveSquare += wide * wide;
            }
            if (clips && __builtin_reduce_or((sample > high) & counters.used)) {
                NK_NAME(countClipped)(&counters, (sample > high) & counters.used, high);
                if (!careful) {
                    const nk_doubles over = NK_NAME(toDoubles)(sample) - bound, excess = over > none ? over : none;
                    positiveSum += excess;
                    positiveSquare += excess * (excess + bound + bound);
                }
            }
            wholeCount += NK_NAME(findCounters)(
                &counters, rectifies, sample, finite, high, found->channels + pixels * NKLanes,
                found->whole + wholeCount);
            NK_NAME(countPixel)(&counters, due, pixels);
            if (++pixels == NK_NAME(waitingPixels)) {
                NK_NAME(endGroup)(&counters, found, pixels, wholeCount);
                NK_NAME(Waiting) *const counted = due;
                due = found;
                found = counted;
                pixels = wholeCount = 0;
            }
        }
    }
    for (int p = pixels; p < NK_NAME(waitingPixels); p++) NK_NAME(countPixel)(&counters, due, p);
    NK_NAME(endGroup)(&counters, found, pixels, wholeCount);
    for (int p = 0; p < NK_NAME(waitingPixels); p++) NK_NAME(countPixel)(&counters, found, p);
    const nk_doubles oddCount = __builtin_convertvector(odd, nk_doubles);
    nk_doubles positiveCount = __builtin_convertvector(positives, nk_doubles);
    NK_NAME(addRows)(into->rows, &powers, all - oddCount, oddCount, __builtin_convertvector(zeros, nk_doubles));
    if (!rectifies) {
        NK_NAME(addPositives)(into->rows, positiveCount, positiveSum, positiveSquare);
        return;
    }
    // The sums of what leaves the rectifier, from those about its centre.
    const nk_doubles otherOddCount = __builtin_convertvector(otherOdd, nk_doubles), count = all - otherOddCount;
    const nk_doubles sum = otherPowers.first + count * otherCentre;
    const nk_doubles square =
        otherPowers.second + otherCentre * (2 * otherPowers.first + count * otherCentre);
    if (careful)
        NK_NAME(addPositives)(into->rows, positiveCount, positiveSum, positiveSquare);
    else
        NK_NAME(addPositives)(into->rows, positiveCount, sum + positiveSum, square + positiveSquare);
    if (careful) positiveCount = __builtin_convertvector(otherPositives, nk_doubles);
    NK_NAME(addRows)(into->rectified, &otherPowers, count, otherOddCount, count - positiveCount);
    NK_NAME(addPositives)(into->rectified, positiveCount, sum, square);
}

static void NK_NAME(addStatistics)(const NKPlanes *planes, NKSamples samples, const NKStatistics *into) {
    if (into->rectified == NULL) {
        if (samples == NKSamplesAny)
            NK_NAME(sweep)(true, false, false, planes, into);
        else
            NK_NAME(sweep)(false, false, false, planes, into);
    } else if (samples == NKSamplesAny) {
        NK_NAME(sweep)(true, true, true, planes, into);
    } else if (samples == NKSamplesClipped) {
        NK_NAME(sweep)(false, true, true, planes, into);
    } else {
        NK_NAME(sweep)(false, true, false, planes, into);
    }
}

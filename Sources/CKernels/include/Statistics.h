#pragma once
#include "CKernels.h"

/// What calibration finds out about maps; part of CKernels.h.

/// Rows of 16 doubles, one for each channel of a block: what nk_add_statistics accumulates.
enum {
    /// What is subtracted from samples before their powers are summed: the first sample, if it is finite.
    NKMomentCentre,
    NKMomentCount,
    NKMomentSum,
    NKMomentSquare,
    NKMomentCube,
    NKMomentFourth,
    NKMomentPositiveCount,
    NKMomentPositiveSum,
    NKMomentPositiveSquare,
    NKMomentZeros,
    NKMomentNotFinite,
    NKMomentLeast,
    NKMomentGreatest,
    NKMomentRows,
};

/// One channel block of a map of floats, of some images; its first `lanes` channels carry data.
typedef struct {
    NKMap block;
    int images, height, width, lanes;
} NKPlanes;

/// What samples are like.
typedef enum {
    /// All are finite, and none is above the bound of the rectifier that they enter.
    NKSamplesFinite,
    /// All are finite.
    NKSamplesClipped,
    NKSamplesAny,
} NKSamples;

/// Widens the ranges of rows, which start as zeros, to hold some samples; the first to come choose the centre. With
/// `rectified`, the same of rows for what a rectifier, min(max(x, 0), high), makes of them.
NKSamples nk_find_ranges(NKLevel level, NKPlanes planes, double *rows, float high, double *rectified);

/// Counters of a block's channels, in bins 2^k wide; `bins` is a power of two and at least 128. A sample x has the row
/// floor(x inverseWidth) modulo `bins`, which must be below 2^24 before the modulus. What is zero or not finite is not
/// counted.
typedef struct {
    /// [16][stride], a second table for what a rectifier changes, [16] for what is above its bound, and [16] for what is not
    /// counted.
    uint16_t *counts;
    /// The bins of a lane, and from one lane to the next.
    int bins, stride;
    /// 16 for each table: the samples' ranges, of which `lows` is greater where there are none, and the bins' widths.
    const float *lows, *highs, *inverseWidths;
} NKBlockBins;

/// Where samples are summed up and counted.
typedef struct {
    double *rows;
    /// NULL: there is no rectifier.
    double *rectified;
    float high;
    /// Whether what leaves the rectifier takes the samples' place.
    bool replaces;
    NKBlockBins bins;
} NKStatistics;

/// Adds samples, whose ranges were found. Those that are not finite are counted and otherwise left out. Powers of positive
/// samples are taken of the samples themselves.
void nk_add_statistics(NKLevel level, NKPlanes planes, NKSamples samples, const NKStatistics *into);

/// Counters of a block's channels of all images, in bins as wide or wider.
typedef struct {
    /// NULL: none. [lanes][bins], and whatever follows: zeros may be added to 16 counters more.
    uint16_t *counts;
    int bins;
    const float *inverseWidths;
} NKChannelBins;

/// Counters of all channels together, likewise.
typedef struct {
    /// NULL: none. [bins], and 16 more as above.
    uint32_t *counts;
    int bins;
    float inverseWidth;
} NKWholeBins;

/// Adds the counts of the first `lanes` lanes to those of their channels and, of the first 16, to those of the whole, none of which
/// overflows; and clears them. Numbers of bins are powers of two and at least 32.
void nk_move_counts(NKLevel level, NKBlockBins from, int lanes, NKChannelBins channels, NKWholeBins whole);

/// Adds the counts of the first `lanes` lanes to those of the whole, which does not overflow.
void nk_add_counts(NKLevel level, NKBlockBins from, int lanes, NKWholeBins whole);

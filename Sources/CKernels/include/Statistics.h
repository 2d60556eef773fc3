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

/// Counters of a block's channels, in bins of equal width; `bins` is a power of two. A sample x has the row
/// floor(x inverseWidth) modulo `bins`, which must be below 2^24 before the modulus. What is zero or not finite is not
/// counted.
typedef struct {
    /// NULL: none. [16][bins], a second table for what a rectifier changes, [16] for what is above its bound, and [16] for
    /// what is not counted.
    uint16_t *counts;
    int bins;
    /// 16 for each table.
    const float *inverseWidths;
} NKChannelBins;

/// Counters of all channels together.
typedef struct {
    /// NULL: none. [bins], and 16 more for what is not counted.
    uint32_t *counts;
    int bins;
    float inverseWidth;
} NKWholeBins;

/// Where samples are summed up and counted.
typedef struct {
    double *rows;
    /// NULL: there is no rectifier. With one, there are counters; those of all channels count what leaves it.
    double *rectified;
    float high;
    /// Whether what leaves the rectifier takes the samples' place.
    bool replaces;
    NKChannelBins channels;
    NKWholeBins whole;
} NKStatistics;

/// Adds samples, whose ranges were found. Those that are not finite are counted and otherwise left out. Powers of positive
/// samples are taken of the samples themselves.
void nk_add_statistics(NKLevel level, NKPlanes planes, NKSamples samples, const NKStatistics *into);

/// Adds `count` counters to others, none of which overflows, and clears them.
void nk_move_counts(NKLevel level, uint16_t *from, uint16_t *to, int count);

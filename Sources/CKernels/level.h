#pragma once
#include "CKernels.h"

// The vectors never cross a function that is not inlined, so their calling convention does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

/// Sixteen floats at any address; levels without such registers work on its parts.
typedef float nk_floats __attribute__((ext_vector_type(16), aligned(4)));
typedef float nk_half_floats __attribute__((ext_vector_type(8), aligned(4)));
typedef float nk_quarter_floats __attribute__((ext_vector_type(4), aligned(4)));
typedef double nk_doubles __attribute__((ext_vector_type(16), aligned(8)));
typedef int nk_ints __attribute__((ext_vector_type(16), aligned(4)));
typedef long nk_wide_ints __attribute__((ext_vector_type(16), aligned(8)));
typedef unsigned nk_units __attribute__((ext_vector_type(16), aligned(4)));
typedef uint8_t nk_bytes __attribute__((ext_vector_type(16), aligned(1)));
typedef short nk_pairs __attribute__((ext_vector_type(32), aligned(2)));
typedef unsigned long nk_longs __attribute__((ext_vector_type(8), aligned(8)));
typedef unsigned short nk_quarter_shorts __attribute__((ext_vector_type(4), aligned(2)));
typedef unsigned short nk_shorts __attribute__((ext_vector_type(16), aligned(2)));
typedef unsigned short nk_shortcodes __attribute__((ext_vector_type(32), aligned(2)));

/// An instruction for two `Part`s at a time, as a function of two nk_pairs: sums of neighbouring products.
#define NK_DEFINE_PRODUCTS(name, Result, Part, instruction) \
    static inline __attribute__((always_inline)) Result name(nk_pairs x, nk_pairs w) { \
        enum { parts = sizeof(nk_pairs) / sizeof(Part) }; \
        union { \
            nk_pairs whole; \
            Part part[parts]; \
        } a = {x}, b = {w}; \
        union { \
            Result whole; \
            Part part[parts]; \
        } result; \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < parts; i++) \
            result.part[i] = instruction(a.part[i], b.part[i]); \
        return result.whole; \
    }

/// Channel sums of a map of codes, rows `sumStride` apart; see nk_channel_sums.
void nk_code_channel_sums(
    const NKMap *map, int blocks, int height, int width, float *sums, ptrdiff_t sumStride);

/// The kernels of one level.
typedef struct {
    void (*convolve)(
        const NKConvolution *, const NKInput *, const NKTile *, const NKWindow *, const NKEpilogue *);
    void (*convolveCodes)(
        const NKCodeConvolution *, const NKInput *, const NKTile *, const NKWindow *, const NKEpilogue *);
    void (*weightGradient)(const NKConvolution *, const NKInput *, const NKMap *, const NKTile *, float *);
    void (*convolveFiltered)(const float *, int, int, NKMap, NKMap, NKMap, int, int, float *);
    void (*addSpread)(NKMap, int, int, const float *, double *);
    void (*firstEqual)(NKMap, int, int, const float *, int32_t *);
    void (*gateGradient)(NKMap, NKMap, float, float, NKMap, int, int, const float *, double *);
    void (*normalizationGradient)(NKMap, NKMap, NKMap, int, int, bool, const float *);
    void (*roundMap)(NKMap, NKMap, int, int, const NKRounding *, uint32_t);
    void (*roundToHalf)(NKMap, int, int);
    void (*halfMean)(NKMap, int, int, const float *, NKHalfTerm, float *);
    void (*halfNormalize)(NKMap, NKMap, int, int, const float *);
    void (*apply)(NKMap, NKTile, const NKEpilogue *);
    void (*channelSums)(NKMap, int, int, int, float *);
    void (*boxSums)(NKInput, int, int, int, int, float *);
    NKSamples (*findRanges)(const NKPlanes *, double *, float, double *);
    void (*addStatistics)(const NKPlanes *, NKSamples, const NKStatistics *);
    void (*moveCounts)(const NKBlockBins *, int, NKChannelBins, NKWholeBins);
    void (*addCounts)(const NKBlockBins *, int, NKWholeBins);
    void (*loadBytes)(const uint8_t *const[4], ptrdiff_t, const uint8_t *, bool, uint8_t, uint8_t *, int);
    double (*measurePeak)(long);
    double (*measureCodePeak)(long);
} NKKernels;

/// A level's table, from its NK_NAME.
#define NK_KERNELS \
    { \
        NK_NAME(convolve), NK_NAME(convolveCodes), NK_NAME(weightGradient), NK_NAME(convolveFiltered), \
            NK_NAME(addSpread), NK_NAME(firstEqual), NK_NAME(gateGradient), NK_NAME(normalizationGradient), NK_NAME(roundMap), \
            NK_NAME(roundToHalf), NK_NAME(halfMean), NK_NAME(halfNormalize), NK_NAME(apply), NK_NAME(channelSums), \
            NK_NAME(boxSums), NK_NAME(findRanges), NK_NAME(addStatistics), NK_NAME(moveCounts), NK_NAME(addCounts), \
            NK_NAME(loadBytes), NK_NAME(measurePeak), NK_NAME(measureCodePeak) \
    }

extern const NKKernels nk_kernels_baseline;
#if defined(__x86_64__)
extern const NKKernels nk_kernels_avx2;
extern const NKKernels nk_kernels_avx512;
extern const NKKernels nk_kernels_avx512vnni;
#endif

#pragma once
#include "CKernels.h"

// The vectors never cross a function that is not inlined, so their calling convention does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

/// Sixteen floats at any address; levels without such registers work on its parts.
typedef float nk_floats __attribute__((ext_vector_type(16), aligned(4)));
typedef float nk_half_floats __attribute__((ext_vector_type(8), aligned(4)));
typedef float nk_quarter_floats __attribute__((ext_vector_type(4), aligned(4)));
typedef int nk_ints __attribute__((ext_vector_type(16), aligned(4)));

/// The kernels of one level.
typedef struct {
    void (*convolve)(
        const NKConvolution *, const NKInput *, const NKTile *, const NKWindow *, const NKEpilogue *);
    void (*apply)(NKMap, NKTile, const NKEpilogue *);
    void (*channelSums)(NKMap, int, int, int, float *);
    void (*boxSums)(NKInput, int, int, int, int, float *);
    double (*measurePeak)(long);
} NKKernels;

/// A level's table, from its NK_NAME.
#define NK_KERNELS \
    { NK_NAME(convolve), NK_NAME(apply), NK_NAME(channelSums), NK_NAME(boxSums), NK_NAME(measurePeak) }

extern const NKKernels nk_kernels_baseline;
#if defined(__x86_64__)
extern const NKKernels nk_kernels_avx2;
extern const NKKernels nk_kernels_avx512;
#endif

#include "level.h"

bool nk_level_available(NKLevel level) {
    switch (level) {
    case NKLevelBaseline:
        return true;
#if defined(__x86_64__)
    // The builtin also asks whether the operating system saves the registers.
    case NKLevelAVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case NKLevelAVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
            && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
    case NKLevelAVX512VNNI:
        return nk_level_available(NKLevelAVX512) && __builtin_cpu_supports("avx512vnni");
#endif
    default:
        return false;
    }
}

static const NKKernels *kernels(NKLevel level) {
    switch (level) {
#if defined(__x86_64__)
    case NKLevelAVX512VNNI:
        return &nk_kernels_avx512vnni;
    case NKLevelAVX512:
        return &nk_kernels_avx512;
    case NKLevelAVX2:
        return &nk_kernels_avx2;
#endif
    default:
        return &nk_kernels_baseline;
    }
}

void nk_convolve(
    NKLevel level, const NKConvolution *convolution, NKInput input, NKTile tile, NKWindow window,
    const NKEpilogue *epilogue) {
    kernels(level)->convolve(convolution, &input, &tile, &window, epilogue);
}

void nk_convolve_codes(
    NKLevel level, const NKCodeConvolution *convolution, NKInput input, NKTile tile, NKWindow window,
    const NKEpilogue *epilogue) {
    kernels(level)->convolveCodes(convolution, &input, &tile, &window, epilogue);
}

NKWeightLayout nk_weight_layout(NKLevel level) { return level == NKLevelAVX512VNNI ? NKWeightBytes : NKWeightPairs; }

void nk_apply(NKLevel level, NKMap input, NKTile tile, const NKEpilogue *epilogue) {
    kernels(level)->apply(input, tile, epilogue);
}

void nk_channel_sums(NKLevel level, NKMap map, int blocks, int height, int width, float *sums) {
    kernels(level)->channelSums(map, blocks, height, width, sums);
}

void nk_box_sums(
    NKLevel level, NKInput plane, int kernelHeight, int kernelWidth, int height, int width, float *sums) {
    kernels(level)->boxSums(plane, kernelHeight, kernelWidth, height, width, sums);
}

double nk_measure_peak(NKLevel level, long repetitions) { return kernels(level)->measurePeak(repetitions); }

double nk_measure_code_peak(NKLevel level, long repetitions) { return kernels(level)->measureCodePeak(repetitions); }

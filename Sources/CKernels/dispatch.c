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

void nk_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
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

static void move(NKMap *map, ptrdiff_t images) {
    if (map->origin != NULL) map->origin += images * map->imageStride;
    if (map->codes != NULL) map->codes += images * map->imageStride;
}

/// What one image reads and writes.
typedef struct {
    NKInput input;
    NKWindow window;
    NKEpilogue epilogue;
} Image;

static Image imageAt(int image, const NKInput *input, const NKWindow *window, const NKEpilogue *epilogue) {
    Image result = {*input, *window, *epilogue};
    if (input->origin != NULL) result.input.origin += image * input->imageStride;
    if (input->codes != NULL) result.input.codes += image * input->imageStride;
    if (window->origin != NULL) result.window.origin += image * window->imageStride;
    move(&result.epilogue.addend, image);
    for (int i = 0; i < epilogue->outputCount; i++) move(&result.epilogue.outputs[i].map, image);
    return result;
}

void nk_convolve(
    NKLevel level, const NKConvolution *convolution, NKInput input, NKTile tile, NKWindow window,
    const NKEpilogue *epilogue) {
    for (int i = tile.firstImage; i < tile.endImage; i++) {
        const Image image = imageAt(i, &input, &window, epilogue);
        kernels(level)->convolve(convolution, &image.input, &tile, &image.window, &image.epilogue);
    }
}

void nk_convolve_codes(
    NKLevel level, const NKCodeConvolution *convolution, NKInput input, NKTile tile, NKWindow window,
    const NKEpilogue *epilogue) {
    for (int i = tile.firstImage; i < tile.endImage; i++) {
        const Image image = imageAt(i, &input, &window, epilogue);
        kernels(level)->convolveCodes(convolution, &image.input, &tile, &image.window, &image.epilogue);
    }
}

void nk_weight_gradient(
    NKLevel level, const NKConvolution *convolution, NKInput input, NKMap gradient, NKTile tile, float *weights) {
    kernels(level)->weightGradient(convolution, &input, &gradient, &tile, weights);
}

bool nk_filters_rows(NKLevel level) { return level >= NKLevelAVX512; }

void nk_filter_rows(
    NKLevel level, const float *weights, int inputs, int outputs, NKMap input, NKMap output, NKMap addend, int images,
    int height, int width, float *scratch) {
    for (int i = 0; i < images; i++) {
        kernels(level)->convolveFiltered(weights, inputs, outputs, input, output, addend, height, width, scratch);
        move(&input, 1);
        move(&output, 1);
        move(&addend, 1);
    }
}

void nk_add_spread(NKLevel level, NKMap block, int height, int width, const float *centre, double *rows) {
    kernels(level)->addSpread(block, height, width, centre, rows);
}

void nk_first_equal(NKLevel level, NKMap block, int height, int width, const float *values, int32_t *places) {
    kernels(level)->firstEqual(block, height, width, values, places);
}

void nk_gate_gradient(
    NKLevel level, NKMap gradient, NKMap result, float low, float high, NKMap input, int height, int width,
    const float *centre, double *rows) {
    kernels(level)->gateGradient(gradient, result, low, high, input, height, width, centre, rows);
}

void nk_normalization_gradient(
    NKLevel level, NKMap gradient, NKMap input, NKMap target, int height, int width, bool bySign, const float *table) {
    kernels(level)->normalizationGradient(gradient, input, target, height, width, bySign, table);
}

void nk_round_map(
    NKLevel level, NKMap source, NKMap target, int height, int width, const NKRounding *rounding, uint32_t place) {
    kernels(level)->roundMap(source, target, height, width, rounding, place);
}

void nk_round_to_half(NKLevel level, NKMap block, int height, int width) {
    kernels(level)->roundToHalf(block, height, width);
}

void nk_half_mean(
    NKLevel level, NKMap block, int height, int width, const float *centre, NKHalfTerm term, float *means) {
    kernels(level)->halfMean(block, height, width, centre, term, means);
}

void nk_half_normalize(NKLevel level, NKMap source, NKMap target, int height, int width, const float *table) {
    kernels(level)->halfNormalize(source, target, height, width, table);
}

NKWeightLayout nk_weight_layout(NKLevel level) { return level == NKLevelAVX512VNNI ? NKWeightBytes : NKWeightPairs; }

bool nk_multiplies_narrow(NKLevel level) { return level == NKLevelAVX2 || level == NKLevelAVX512; }

void nk_apply(NKLevel level, NKMap input, NKTile tile, const NKEpilogue *epilogue) {
    const NKInput nothing = {.origin = NULL};
    const NKWindow none = {.origin = NULL, .blocksPerPlane = 1};
    for (int i = tile.firstImage; i < tile.endImage; i++) {
        const Image image = imageAt(i, &nothing, &none, epilogue);
        NKMap map = input;
        move(&map, i);
        kernels(level)->apply(map, tile, &image.epilogue);
    }
}

void nk_channel_sums(NKLevel level, NKMap map, int blocks, int height, int width, float *sums) {
    kernels(level)->channelSums(map, blocks, height, width, sums);
}

void nk_box_sums(
    NKLevel level, NKInput plane, int kernelHeight, int kernelWidth, int height, int width, float *sums) {
    kernels(level)->boxSums(plane, kernelHeight, kernelWidth, height, width, sums);
}

NKSamples nk_find_ranges(NKLevel level, NKPlanes planes, double *rows, float high, double *rectified) {
    return kernels(level)->findRanges(&planes, rows, high, rectified);
}

void nk_add_statistics(NKLevel level, NKPlanes planes, NKSamples samples, const NKStatistics *into) {
    kernels(level)->addStatistics(&planes, samples, into);
}

void nk_move_counts(NKLevel level, NKBlockBins from, int lanes, NKChannelBins channels, NKWholeBins whole) {
    kernels(level)->moveCounts(&from, lanes, channels, whole);
}

void nk_add_counts(NKLevel level, NKBlockBins from, int lanes, NKWholeBins whole) {
    kernels(level)->addCounts(&from, lanes, whole);
}

void nk_load_bytes(
    NKLevel level, const uint8_t *const planes[4], ptrdiff_t step, const uint8_t *tables, bool isWhole, uint8_t filler,
    uint8_t *target, int pixels) {
    kernels(level)->loadBytes(planes, step, tables, isWhole, filler, target, pixels);
}

double nk_measure_peak(NKLevel level, long repetitions) { return kernels(level)->measurePeak(repetitions); }

double nk_measure_code_peak(NKLevel level, long repetitions) { return kernels(level)->measureCodePeak(repetitions); }

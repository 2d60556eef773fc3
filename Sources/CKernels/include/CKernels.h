#pragma once

/// nibble's float kernels: convolution, its epilogue, window sums.
///
/// Every kernel exists once per instruction-set level, compiled from the same source (levels/), and takes the level as
/// its first argument. Maps are blocked by 16 channels ("NCHW16c"): 16 consecutive floats belong to one pixel of one
/// channel block, and unused lanes of the last block are zero. All strides count floats.
///
/// Accumulation order. The sum for one output element always runs over (input block, kernel row, kernel column, input
/// lane) in that order, one fused multiply-add each, starting from zero. It depends neither on how pixels are grouped
/// into register tiles nor on rows, blocks or images computed in the same call: results of one level are bit-identical
/// for every tiling, thread count and batch size.

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

/// Channels in one block, floats in one vector.
enum { NKLanes = 16 };

/// The most results one epilogue writes.
enum { NKMaximumOutputs = 4 };

/// Instruction-set levels, in ascending order.
typedef enum {
    NKLevelBaseline = 0,
    NKLevelAVX2 = 1,
    NKLevelAVX512 = 2,
    NKLevelAVX512VNNI = 3,
} NKLevel;

/// Whether this processor and operating system can run the kernels of `level`.
bool nk_level_available(NKLevel level);

/// A blocked map, seen from channel block 0, row 0, column 0 of one image.
typedef struct {
    float *origin;
    ptrdiff_t blockStride;
    ptrdiff_t rowStride;
    ptrdiff_t pixelStride;
} NKMap;

/// Where a convolution reads. `origin` is channel block 0 of the pixel under kernel position (0, 0) of output (0, 0),
/// which lies in the halo when there is padding. "Pixels" are usually the columns of one row; for 1x1 results they are
/// the images of a batch, hence the separate steps.
typedef struct {
    const float *origin;
    ptrdiff_t blockStride;
    /// From one output row to the next, and from one output pixel to the next.
    ptrdiff_t outputRowStep, outputPixelStep;
    /// From one kernel row to the next, and from one kernel column to the next.
    ptrdiff_t kernelRowStep, kernelColumnStep;
} NKInput;

/// The input channels one block of 16 output channels reads, and where its weights start.
///
/// Weights are [input channel in firstInput..<endInput, grouped by input block][kernel row][kernel column][lane][16]:
/// for each input block the kernel positions, for each position the lanes in the range, for each lane 16 outputs.
/// A block whose outputs belong to several groups reads the union of their inputs, with zero weights elsewhere.
typedef struct {
    int firstInput, endInput;
    ptrdiff_t weights;
} NKOutputBlock;

typedef struct {
    /// Depthwise: output lane i reads input lane i of the same block only; weights are [block][row][column][16] and
    /// the channel range of the blocks is unused.
    bool depthwise;
    int kernelHeight, kernelWidth;
    const float *weights;
    const NKOutputBlock *blocks;
} NKConvolution;

/// Sums of the input over each output's window, for zero points and mean correction of weights; NULL origin: none.
typedef struct {
    const float *origin;
    /// Output blocks that share one plane of sums, and the distance between planes.
    ptrdiff_t blocksPerPlane, planeStride;
    ptrdiff_t rowStride, pixelStride;
    /// One sum per lane (16 floats a pixel) instead of one per pixel.
    bool perLane;
} NKWindow;

typedef enum {
    NKActivationNone,
    /// clamp(x, a, b)
    NKActivationClamp,
    /// x >= 0 ? x : a x
    NKActivationLeaky,
    /// x clamp(x / 6 + 1 / 2, 0, 1)
    NKActivationHardSwish,
    /// x / (1 + exp(-x))
    NKActivationSilu,
    /// 1 / (1 + exp(-x))
    NKActivationSigmoid,
    /// clamp(a x + b, 0, 1)
    NKActivationHardSigmoid,
} NKActivation;

/// Source of an output: the activated value.
enum { NKSourceValue = -1 };

typedef struct {
    NKMap map;
    /// clamp(round(source inverseScale), low, high) step instead of the source itself.
    bool quantized;
    /// NKSourceValue, or the index of an earlier output whose stored result is the source.
    int source;
} NKOutput;

/// Rows of the per-channel table at the front of each block: scale, bias, offset, then four rows for each output.
enum {
    NKRowScale,
    NKRowBias,
    NKRowOffset,
    NKRowOutputs,
};
enum { NKRowInverseScale, NKRowLow, NKRowHigh, NKRowStep, NKRowsPerOutput };

/// What happens to accumulators before they are stored:
///
///     value  = fma(acc, scale[c], fma(window[p], offset[c], bias[c])) + addend[p, c] addendScale
///     preActivation = value
///     value  = activation(value)
///     output = value, or clamp(round(source inverseScale[c]), low[c], high[c]) step[c]
///
/// Rounding is to nearest, ties to even; NaN becomes low. Lanes beyond `channels` are stored as zero.
typedef struct {
    /// [block][row][16], see the row names above.
    const float *table;
    ptrdiff_t tableRows;
    int channels;
    /// NULL origin: none.
    NKMap addend;
    float addendScale;
    /// NULL origin: none.
    NKMap preActivation;
    NKActivation activation;
    float a, b;
    int outputCount;
    NKOutput outputs[NKMaximumOutputs];
} NKEpilogue;

/// The part of the output one call computes.
typedef struct {
    int firstBlock, endBlock;
    int firstRow, endRow;
    /// Pixels in a row; all are computed.
    int pixels;
} NKTile;

/// Convolves one tile and applies the epilogue. No pointer of `epilogue` may overlap the input.
void nk_convolve(
    NKLevel level, const NKConvolution *convolution, NKInput input, NKTile tile, NKWindow window,
    const NKEpilogue *epilogue);

/// Applies the epilogue to an existing map, whose elements take the place of accumulators: batch normalization,
/// activations, additions and requantization of stored maps. `input` may be one of the outputs.
void nk_apply(NKLevel level, NKMap input, NKTile tile, const NKEpilogue *epilogue);

/// Sums `blocks` channel blocks of each pixel: sums[y * width + x] = sum over block, lane of map[block, y, x, lane].
void nk_channel_sums(NKLevel level, NKMap map, int blocks, int height, int width, float *sums);

/// Sums of a plane over the window of each output pixel: sums[y * width + x] over kernel positions (i, j) of
/// plane[y outputRowStep + x outputPixelStep + i kernelRowStep + j kernelColumnStep]. `plane.blockStride` is unused.
void nk_box_sums(
    NKLevel level, NKInput plane, int kernelHeight, int kernelWidth, int height, int width, float *sums);

/// Codes of values on a grid: value / scale + zero_point, whole numbers in 0...255 up to rounding.
void nk_encode(const float *values, uint8_t *codes, long count, float inverse_scale, float zero_point);

/// The values of codes: (code - zero_point) * scale, one rounding, as the epilogue makes them.
void nk_decode(const uint8_t *codes, float *values, long count, float scale, float zero_point);

/// A measurement, not a kernel: `repetitions` rounds of independent fused multiply-adds in registers; returns the
/// floating-point operations done (2 for each lane and multiply-add).
double nk_measure_peak(NKLevel level, long repetitions);

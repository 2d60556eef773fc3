#pragma once

/// nibble's kernels: convolution of floats and of 8-bit codes, its epilogue, window sums.
///
/// Every kernel exists once per instruction-set level, compiled from the same source (levels/), and takes the level as
/// its first argument. Maps are blocked by 16 channels ("NCHW16c"): 16 consecutive floats belong to one pixel of one
/// channel block, and unused lanes of the last block are zero. A map of codes has the same layout with one byte for
/// each element; its halo and its unused lanes hold the zero point. All strides count elements.
///
/// Accumulation order. The sum for one output element always runs over (input block, kernel row, kernel column, input
/// lane) in that order, one fused multiply-add each, starting from zero. It depends neither on how pixels are grouped
/// into register tiles nor on rows, blocks or images computed in the same call: results of one level are bit-identical
/// for every tiling, thread count and batch size. Products with the zeros of a halo may be left out, which changes no sum of
/// finite weights. Sums of codes are exact, so they are equal at every level, and equal to
/// the float kernels' sums of the same numbers while these stay below 2^24.

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

/// Channels in one block, floats in one vector.
enum { NKLanes = 16 };

/// Floats of a pixel of a narrow map: a map of up to 4 channels that only dense convolutions of floats read, in one block.
enum { NKNarrowLanes = 4 };

/// The most results one epilogue writes.
enum { NKMaximumOutputs = 4 };

/// Instruction-set levels, in ascending order.
typedef enum {
    NKLevelBaseline = 0,
    NKLevelAVX2 = 1,
    NKLevelAVX512 = 2,
    NKLevelAVX512VNNI = 3,
} NKLevel;

/// Moves the calling thread, number `thread` of those of a run, to a processor of its own, if there are as many threads as
/// processors that they may run on. Nothing is fixed: the system may move it at any time afterwards.
///
/// A thread that is woken while another program runs for a moment is often put on the same processor as the thread before it, and
/// stays there until the system balances its load: for 4 to 12 ms, as long as a run over a few hundred images.
void nk_begin_thread(int thread, int threads);

/// Whether this processor and operating system can run the kernels of `level`.
bool nk_level_available(NKLevel level);

/// Tells the processor that a thread waits for another in a loop.
void nk_pause(void);

/// A blocked map, seen from channel block 0, row 0, column 0 of the first image: of floats, or of codes for the values
/// (code - zeroPoint) step. One of `origin` and `codes` is set, or neither where there is no map.
typedef struct {
    float *origin;
    uint8_t *codes;
    float zeroPoint, step;
    ptrdiff_t imageStride;
    ptrdiff_t blockStride;
    ptrdiff_t rowStride;
    ptrdiff_t pixelStride;
} NKMap;

/// Where windows lie along one axis: kernel position k of output i reads index i stride + k dilation - before, which is
/// in the halo unless it is one of 0..<extent. An extent of 0 tells nothing.
typedef struct {
    int stride, dilation, before, extent;
} NKAxis;

/// Where a convolution reads. `origin` is channel block 0 of the pixel under kernel position (0, 0) of output (0, 0),
/// which lies in the halo when there is padding. "Pixels" are usually the columns of one row; for 1x1 results they are
/// the images of a batch, hence the separate steps.
typedef struct {
    /// One of the two is set: floats or codes.
    const float *origin;
    const uint8_t *codes;
    ptrdiff_t imageStride;
    ptrdiff_t blockStride;
    /// From one output row to the next, and from one output pixel to the next.
    ptrdiff_t outputRowStep, outputPixelStep;
    /// From one kernel row to the next, and from one kernel column to the next.
    ptrdiff_t kernelRowStep, kernelColumnStep;
    /// What lies in the halo, whose zeros need not be multiplied.
    NKAxis rows, columns;
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
    int blockCount;
} NKConvolution;

/// How the weights of a convolution of codes are laid out: what the level's instructions multiply at a time.
///
/// Input channels go in groups of four. [input channels in firstInput..<endInput, grouped by input block][kernel row]
/// [kernel column][group of four] then
///   bytes:  [16 outputs][4 channels] as int8_t;
///   pairs:  [channels 0 and 2][16 outputs][2], then the same of channels 1 and 3, as int16_t.
/// firstInput is a multiple of four, and weights of channels that do not exist are zero.
typedef enum { NKWeightBytes, NKWeightPairs } NKWeightLayout;

/// The layout that nk_convolve_codes reads at `level`.
NKWeightLayout nk_weight_layout(NKLevel level);

/// Whether `level` can multiply weights in bytes as well, as long as 16 bits hold the sums of a few products.
bool nk_multiplies_narrow(NKLevel level);

/// A convolution of codes. The sum for output c at a pixel p is
///
///     sum over the window of (code - zeroPoint) weight[c]  +  windowShift[c] window[p]
///
/// in 32-bit integers. Weights are -128...127; those that reach beyond are held shifted and put right by windowShift.
typedef struct {
    /// Depthwise: output lane i reads input lane i. Weights in pairs are floats [block][row][column][16] instead. Those in
    /// bytes are [block][row][group of four columns][part][16][4 columns]: a weight is the sum of its parts.
    bool depthwise;
    int parts;
    /// Depthwise in bytes: sum the windows as well, one sum per lane, for the epilogue.
    bool sumsWindows;
    /// Not 0: weights are in bytes where the level's layout is pairs, and 16 bits hold the sums of so many times two
    /// products of a code and a weight.
    int narrowSteps;
    /// Not 0: a 3x3 kernel of stride 1 over all input channels, whose rows are transformed so that 2 or 4 output rows share
    /// their products (Winograd's F(2, 3) and F(4, 3)), for codes up to `largestInput`: 127 for 2, 25 for 4. Weights are
    /// [block][input block][position][group of four][kernel column][16][4 channels], and `filterSums` what they add up to,
    /// [block][position][kernel column][16].
    int filteredRows;
    int largestInput;
    const int32_t *filterSums;
    int kernelHeight, kernelWidth;
    const void *weights;
    /// Their `weights` count bytes, or floats when those are.
    const NKOutputBlock *blocks;
    int blockCount;
    /// The code of zero in the input.
    int zeroPoint;
    /// [block][16]: the sum of each output's weights.
    const int32_t *weightSums;
    /// [block][16], or NULL where nothing is shifted.
    const int32_t *windowShift;
} NKCodeConvolution;

/// Sums of the input over each output's window, for zero points and mean correction of weights; NULL origin: none.
typedef struct {
    const float *origin;
    ptrdiff_t imageStride;
    /// Output blocks that share one plane of sums, and the distance between planes.
    ptrdiff_t blocksPerPlane, planeStride;
    ptrdiff_t rowStride, pixelStride;
    /// One sum per lane (16 floats a pixel) instead of one per pixel.
    bool perLane;
    /// The kernel computes the sums itself, without an origin: dense convolution of floats only. One per pixel of each
    /// group, in `scratch`: rows x pixels of the tile, then a float for each position that its windows span. Input rows may
    /// be taken to be up to `slack` positions longer than windows need. A tile that begins inside a group finds there the
    /// sums of the tile before, which has the same rows.
    bool byKernel;
    int slack;
    float *scratch;
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
    /// For a source that is stored as codes, where all channels share both grids: the code of each of its 256 codes. NULL
    /// if there is none.
    const uint8_t *codeOfCode;
    /// Where the map holds codes: whether they are grid units times step[c] (powers of two, all codes of one quantizer)
    /// instead of the units themselves.
    bool isShifted;
    /// Whether inverseScale[c], and step[c], are 1 in all channels.
    bool comesInUnits, storesUnits;
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
///     value  = fma(fma(window[p], offset[c], acc), scale[c], bias[c]) + addend[p, c] addendScale
///     value  = activation(value)
///     output = value, or clamp(round(source inverseScale[c]), low[c], high[c]) step[c]
///
/// Rounding is to nearest, ties to even; NaN becomes low. Lanes beyond `channels` are stored as zero. An output whose map
/// holds codes is quantized with low = -zeroPoint, and stores clamp(...) + zeroPoint, the code of zero in unused lanes.
typedef struct {
    /// [block][row][16], see the row names above; 0 in lanes beyond `channels`. Grids hold 0: low <= 0 <= high.
    const float *table;
    ptrdiff_t tableRows;
    int channels;
    /// NULL origin: none.
    NKMap addend;
    float addendScale;
    NKActivation activation;
    float a, b;
    int outputCount;
    NKOutput outputs[NKMaximumOutputs];
} NKEpilogue;

/// The part of the output one call computes, of several images one after the other.
typedef struct {
    int firstImage, endImage;
    int firstBlock, endBlock;
    int firstRow, endRow;
    /// Pixels in a row; all are computed.
    int pixels;
} NKTile;

/// Convolves one tile and applies the epilogue. No pointer of `epilogue` may overlap the input.
void nk_convolve(
    NKLevel level, const NKConvolution *convolution, NKInput input, NKTile tile, NKWindow window,
    const NKEpilogue *epilogue);

/// The same for codes. Window sums are those of code - zeroPoint, and whole numbers below 2^24.
void nk_convolve_codes(
    NKLevel level, const NKCodeConvolution *convolution, NKInput input, NKTile tile, NKWindow window,
    const NKEpilogue *epilogue);

/// Applies the epilogue to an existing map, whose elements take the place of accumulators: batch normalization,
/// activations, additions and requantization of stored maps. `input` may be one of the outputs.
void nk_apply(NKLevel level, NKMap input, NKTile tile, const NKEpilogue *epilogue);

/// Sums `blocks` channel blocks of each pixel: sums[y * width + x] = sum over block, lane of map[block, y, x, lane], or of
/// code - zeroPoint for a map of codes.
void nk_channel_sums(NKLevel level, NKMap map, int blocks, int height, int width, float *sums);

/// Sums of a plane over the window of each output pixel: sums[y * width + x] over kernel positions (i, j) of
/// plane[y outputRowStep + x outputPixelStep + i kernelRowStep + j kernelColumnStep]. `plane.blockStride` is unused.
void nk_box_sums(
    NKLevel level, NKInput plane, int kernelHeight, int kernelWidth, int height, int width, float *sums);

/// Codes of values on a grid: value / scale + zero_point, whole numbers in 0...255 up to rounding.
void nk_encode(const float *values, uint8_t *codes, long count, float inverse_scale, float zero_point);

/// The values of codes: (code - zero_point) * scale, one rounding, as the epilogue makes them.
void nk_decode(const uint8_t *codes, float *values, long count, float scale, float zero_point);

/// The largest of a map of codes over each output pixel's window, code by code; positions outside the map do not take
/// part. `top` and `left` are the rows and columns of padding.
void nk_maximum_codes(
    NKMap input, int height, int width, NKMap output, NKTile tile, int kernelHeight, int kernelWidth, int rowStride,
    int columnStride, int rowDilation, int columnDilation, int top, int left);

/// Codes of stored images: target[16 pixel + c] = tables[256 c + planes[c][pixel step]] for four channels c. With
/// `isWhole` the other twelve bytes of a pixel are `filler`, and may be written.
void nk_load_bytes(
    NKLevel level, const uint8_t *const planes[4], ptrdiff_t step, const uint8_t *tables, bool isWhole, uint8_t filler,
    uint8_t *target, int pixels);

/// A measurement, not a kernel: `repetitions` rounds of independent fused multiply-adds in registers; returns the
/// floating-point operations done (2 for each lane and multiply-add).
double nk_measure_peak(NKLevel level, long repetitions);

/// The same for multiply-adds of codes and 8-bit weights.
double nk_measure_code_peak(NKLevel level, long repetitions);

#include "Statistics.h"
#include "Training.h"

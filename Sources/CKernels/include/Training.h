#pragma once
#include "CKernels.h"

/// What training does to maps beside convolving forward; part of CKernels.h.

/// The gradient of a convolution's weights, added to `weights` in their layout, of which `convolution` describes the blocks:
///
///     weights += sum over the tile's images, rows and pixels of (input under the weight's window position) gradient
///
/// Sums run over (image, rows of a cache's size, kernel position, row, pixel): the same for every set of blocks in a call. The
/// halo of the input must be zero.
void nk_weight_gradient(
    NKLevel level, const NKConvolution *convolution, NKInput input, NKMap gradient, NKTile tile, float *weights);

/// Whether a level has nk_filter_rows: it takes 32 registers of 16 floats to be worth while.
bool nk_filters_rows(NKLevel level);

/// Dense 3x3 convolution with stride 1 and a halo of 1, the sums added to `addend` where there is one; by minimal filtering:
///
///     t = (x0 - x2, x1 + x2, x2 - x1, x1 - x3) of four pixels side by side, v = (w0, (w0 + w1 + w2) / 2, (w0 - w1 + w2) / 2, w2)
///     m_k = sum over inputs and kernel rows of t_k v_k;  y0 = m0 + m1 + m2, y1 = m1 - m2 - m3
///
/// `weights` hold v as [output block][input][kernel row][k][16], inputs and rows in the order block, row, lane; `scratch`
/// (height + 2) x (width + 1) / 2 x 4 x 16 floats for each block of inputs, on a cache line. Maps have pixels of 16 floats. The sum of an
/// output runs over (input block, kernel row, lane) whatever is computed with it.
///
/// Source: S. Winograd 1980, "Arithmetic complexity of computations"; A. Lavin, S. Gray 2016, "Fast algorithms for convolutional
/// neural networks".
void nk_filter_rows(
    NKLevel level, const float *weights, int inputs, int outputs, NKMap input, NKMap output, NKMap addend, int images,
    int height, int width, float *scratch);

/// Rows of 16 doubles, one for each channel of a block: what nk_add_spread accumulates. The least starts at infinity, the greatest
/// at -infinity, the others at 0.
enum { NKSpreadSum, NKSpreadSquare, NKSpreadAbsolute, NKSpreadSigns, NKSpreadLeast, NKSpreadGreatest, NKSpreadRows };

/// Adds one channel block of a map of floats: the sums of x - centre, of its square, its
/// magnitude and its sign, and the extremes of x.
void nk_add_spread(NKLevel level, NKMap block, int height, int width, const float *centre, double *rows);

/// For each channel of a block whose place is negative: where the value is first met, as y width + x.
void nk_first_equal(NKLevel level, NKMap block, int height, int width, const float *values, int32_t *places);

/// Rows of 16 doubles that nk_gate_gradient accumulates.
enum { NKGateSum, NKGateProduct, NKGateRows };

/// The gradient before an activation: what `result`, its stored value, keeps strictly between `low` and `high` passes, the rest
/// becomes 0, in place. Adds, for each channel, the sum of that gradient and of its products with input - centre. NULL origins:
/// no activation; no products.
void nk_gate_gradient(
    NKLevel level, NKMap gradient, NKMap result, float low, float high, NKMap input, int height, int width,
    const float *centre, double *rows);

/// Rows of 16 floats: the table of nk_normalization_gradient.
enum { NKGradientFactor, NKGradientSlope, NKGradientConstant, NKGradientCentre, NKGradientRows };

/// The gradient of one block before a normalization: target = factor gradient + slope (input - centre) + constant, or with the
/// sign of input - centre in its place. The target may be the gradient.
void nk_normalization_gradient(
    NKLevel level, NKMap gradient, NKMap input, NKMap target, int height, int width, bool bySign, const float *table);

/// Rounding to a grid of up to 16 bits: codes 0...highest stand for (code - zeroPoint) step.
typedef struct {
    float step, zeroPoint, highest;
    /// Rounds up with the probability of the distance to the code below, by the random numbers of `key`; to nearest otherwise.
    bool isStochastic;
    uint32_t key;
} NKRounding;

/// One block of a map of floats on a grid; value (y, x, lane) has the random number of place + 16 (y width + x) + lane. Source and
/// target may be the same.
void nk_round_map(
    NKLevel level, NKMap source, NKMap target, int height, int width, const NKRounding *rounding, uint32_t place);

/// What nk_half_mean averages: x - centre, its square or its magnitude.
typedef enum { NKHalfValue, NKHalfSquare, NKHalfMagnitude } NKHalfTerm;

/// Rounds one block of a map to half precision, in place: to nearest, ties to even, subnormal numbers kept.
void nk_round_to_half(NKLevel level, NKMap block, int height, int width);

/// For each channel of a block of half-precision numbers the mean of a term of x - centre. Every operation is rounded to half precision: a
/// row's terms are added up from left to right and divided by the width, the rows' means from the top and divided by the height. The
/// same bits at every level.
void nk_half_mean(
    NKLevel level, NKMap block, int height, int width, const float *centre, NKHalfTerm term, float *means);

/// Rows of 16 floats: the table of nk_half_normalize, half-precision numbers.
enum { NKHalfMean, NKHalfFactor, NKHalfScale, NKHalfShift, NKHalfRows };

/// One block normalized: ((x - mean) factor) scale + shift, every operation rounded to half precision.
void nk_half_normalize(NKLevel level, NKMap source, NKMap target, int height, int width, const float *table);

// All kernels of one level. The including file defines
//   NK_NAME(x)                 x with the level's suffix
//   NK_HAS_FMA                 1 if the level has a fused multiply-add
//   NK_HAS_ROUND               1 if the level rounds to whole numbers, and compares integers
//   NK_PIXELS_ONE_BLOCK        pixels of the largest register tile, and NK_TILES_ONE_BLOCK(F) the list F(1, 1) F(2, 1) ...
//   NK_PIXELS_TWO_BLOCKS       the same for tiles of two output blocks; 0 and an empty list if registers are too few
//   NK_CODE_PIXELS             the same for tiles of codes, of NK_CODE_BLOCKS output blocks; NK_CODE_TILES(F) the list F(1) F(2) ...
//   NK_WEIGHT_LAYOUT_BYTES     1 if the level multiplies bytes, 0 if pairs of 16-bit numbers
//   NK_PAIR_PRODUCTS(x, w)     for pairs: the sums of neighbouring products of two nk_pairs, as nk_ints
//   NK_NARROW_PRODUCTS(x, w)   for pairs, optional: the sums of neighbouring products of bytes, x without sign, as nk_pairs
//   NK_BYTE_PRODUCTS(s, x, w)  for bytes: s + the sums of four neighbouring products of x (codes) and w
//   NK_TURN_BYTES(x)           for bytes: [4][16] bytes as [16][4]; NK_PERMUTE_BYTES(x) the same, if NK_CAN_LOOK_UP()
//   NK_PACK_UNITS(p, u, z)     optional: stores max(round(u) + z, 0) of u[0...3] as bytes; NaN and what is far below give 0
//   NK_PACK_SOME_UNITS(p, u, z, n)  optional, with NK_LOOK_UP: the same of the first n of four, a constant
//   NK_LOOK_UP(t, p, q, n)     optional: q[i] = t[p[i]] for n bytes, if NK_CAN_LOOK_UP()
//   NK_INTERLEAVE(p, t, f, q, n)  optional: nk_load_bytes for planes of bytes side by side, as far as it returns, if
//                              NK_CAN_LOOK_UP()
//   NK_GRADIENT_LANES          input channels of the register tile of a weight gradient
//   NK_GRADIENT_COLUMN_LANES   the same of tiles of three kernel columns; 0 if registers are too few. Else
//   NK_ACCUMULATE(s, x, y)     s += x y in one register
//   NK_KEEP(x)                 optional: keeps x in a register, from which the compiler would find it again each time
//   NK_FILTER_PAIRS            pairs of outputs of the register tile of minimal filtering of floats, and
//   NK_FILTER_PAIRS_TWO_BLOCKS of its tile of two output blocks; 0 if registers are too few
//   NK_FLOOR(x)                optional: floor(x) as nk_ints, for |x| < 2^31
//   NK_TO_HALF(x)              optional: sixteen numbers rounded to half precision
//   NK_PEAK_CHAINS             independent multiply-adds that saturate the units
// and sets the target by `#pragma clang attribute`.

#include "vector.h"
#include "epilogue.h"
#include "code_epilogue.h"
#include "tile_epilogue.h"
#include "apply.h"
#include "sums.h"
#include "window_sums.h"
#include "convolution.h"
#include "depthwise.h"
#include "direct_codes.h"
#include "codes.h"
#if NK_WEIGHT_LAYOUT_BYTES
#include "depthwise_codes.h"
#include "filtered_codes.h"
#endif
#include "bins.h"
#include "statistics.h"
#include "weight_gradient.h"
#include "training_convolution.h"
#include "training.h"
#include "half.h"
#include "peak.h"

static void NK_NAME(convolve)(
    const NKConvolution *convolution, const NKInput *input, const NKTile *tile, const NKWindow *window,
    const NKEpilogue *epilogue) {
    if (convolution->depthwise)
        NK_NAME(convolveDepthwise)(convolution, input, tile, window, epilogue);
    else
        NK_NAME(convolveDense)(convolution, input, tile, window, epilogue);
}

static void NK_NAME(convolveCodes)(
    const NKCodeConvolution *convolution, const NKInput *input, const NKTile *tile, const NKWindow *window,
    const NKEpilogue *epilogue) {
    if (convolution->depthwise)
        NK_NAME(convolveDepthwiseCodes)(convolution, input, tile, window, epilogue);
#if NK_WEIGHT_LAYOUT_BYTES
    else if (convolution->filteredRows > 0)
        NK_NAME(convolveFilteredCodes)(convolution, input, tile, window, epilogue);
#endif
    else
        NK_NAME(convolveDenseCodes)(convolution, input, tile, window, epilogue);
}

static void NK_NAME(loadBytes)(
    const uint8_t *const planes[4], ptrdiff_t step, const uint8_t *tables, bool isWhole, uint8_t filler,
    uint8_t *target, int pixels) {
    int done = 0;
#if defined(NK_INTERLEAVE)
    if (NK_CAN_LOOK_UP() && step == 1 && isWhole) done = NK_INTERLEAVE(planes, tables, filler, target, pixels);
#else
    (void)isWhole;
    (void)filler;
#endif
    for (; done < pixels; done++) {
        const ptrdiff_t i = done * step;
        const uint8_t four[4] = {
            tables[planes[0][i]], tables[256 + planes[1][i]], tables[512 + planes[2][i]], tables[768 + planes[3][i]]};
        __builtin_memcpy(target + done * NKLanes, four, 4);
    }
}

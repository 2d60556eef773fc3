// All kernels of one level. The including file defines
//   NK_NAME(x)                 x with the level's suffix
//   NK_HAS_FMA                 1 if the level has a fused multiply-add
//   NK_PIXELS_ONE_BLOCK        pixels of the largest register tile, and NK_TILES_ONE_BLOCK(F) the list F(1, 1) F(2, 1) ...
//   NK_PIXELS_TWO_BLOCKS       the same for tiles of two output blocks; 0 and an empty list if registers are too few
//   NK_PEAK_CHAINS             independent multiply-adds that saturate the units
// and sets the target by `#pragma clang attribute`.

#include "vector.h"
#include "epilogue.h"
#include "convolution.h"
#include "depthwise.h"
#include "sums.h"
#include "peak.h"

static void NK_NAME(convolve)(
    const NKConvolution *convolution, const NKInput *input, const NKTile *tile, const NKWindow *window,
    const NKEpilogue *epilogue) {
    if (convolution->depthwise)
        NK_NAME(convolveDepthwise)(convolution, input, tile, window, epilogue);
    else
        NK_NAME(convolveDense)(convolution, input, tile, window, epilogue);
}

#include "level.h"

void nk_encode(const float *values, uint8_t *codes, long count, float inverse_scale, float zero_point) {
    for (long i = 0; i < count; i++) codes[i] = (uint8_t)(int32_t)(values[i] * inverse_scale + zero_point + 0.5f);
}

void nk_decode(const uint8_t *codes, float *values, long count, float scale, float zero_point) {
    for (long i = 0; i < count; i++) values[i] = ((float)codes[i] - zero_point) * scale;
}

void nk_maximum_codes(
    NKMap input, int height, int width, NKMap output, NKTile tile, int kernelHeight, int kernelWidth, int rowStride,
    int columnStride, int rowDilation, int columnDilation, int top, int left) {
    for (int block = tile.firstBlock; block < tile.endBlock; block++)
        for (int row = tile.firstRow; row < tile.endRow; row++)
            for (int pixel = 0; pixel < tile.pixels; pixel++) {
                nk_bytes largest = (nk_bytes)(0);
                for (int i = 0; i < kernelHeight; i++) {
                    const int y = row * rowStride - top + i * rowDilation;
                    if (y < 0 || y >= height) continue;
                    for (int j = 0; j < kernelWidth; j++) {
                        const int x = pixel * columnStride - left + j * columnDilation;
                        if (x < 0 || x >= width) continue;
                        const nk_bytes codes = *(const nk_bytes *)(
                            input.codes + block * input.blockStride + y * input.rowStride + x * input.pixelStride);
                        largest = __builtin_elementwise_max(largest, codes);
                    }
                }
                *(nk_bytes *)(
                    output.codes + block * output.blockStride + row * output.rowStride + pixel * output.pixelStride) =
                    largest;
            }
}

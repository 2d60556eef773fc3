#include "level.h"
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

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

static int sumOfCodes(const uint8_t *codes, ptrdiff_t blockStride, int blocks) {
    int sum = 0;
    for (int block = 0; block < blocks; block++)
        sum += __builtin_reduce_add(
            __builtin_convertvector(*(const nk_bytes *)(codes + block * blockStride), nk_shorts));
    return sum;
}

void nk_code_channel_sums(
    const NKMap *map, int blocks, int height, int width, float *sums, ptrdiff_t sumStride) {
    const int zero = (int)map->zeroPoint * NKLanes * blocks;
    for (int row = 0; row < height; row++) {
        const uint8_t *codes = map->codes + row * map->rowStride;
        float *target = sums + row * sumStride;
        int x = 0;
#if defined(__x86_64__)
        // Four pixels at a time: an instruction sums eight bytes into a number of 64 bits.
        for (; x + 4 <= width; x += 4) {
            const uint8_t *pixel = codes + x * map->pixelStride;
            __m128i sum[4] = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
            for (int block = 0; block < blocks; block++, pixel += map->blockStride) {
                _Pragma("clang loop unroll(full)") for (int p = 0; p < 4; p++) {
                    const __m128i bytes = _mm_loadu_si128((const __m128i *)(pixel + p * map->pixelStride));
                    sum[p] = _mm_add_epi64(sum[p], _mm_sad_epu8(bytes, _mm_setzero_si128()));
                }
            }
            const __m128 first = _mm_shuffle_ps(_mm_castsi128_ps(sum[0]), _mm_castsi128_ps(sum[1]), 0x88);
            const __m128 second = _mm_shuffle_ps(_mm_castsi128_ps(sum[2]), _mm_castsi128_ps(sum[3]), 0x88);
            const __m128i low = _mm_castps_si128(_mm_shuffle_ps(first, second, 0x88));
            const __m128i high = _mm_castps_si128(_mm_shuffle_ps(first, second, 0xdd));
            const __m128i total = _mm_sub_epi32(_mm_add_epi32(low, high), _mm_set1_epi32(zero));
            _mm_storeu_ps(target + x, _mm_cvtepi32_ps(total));
        }
#endif
        for (; x < width; x++)
            target[x] = (float)(sumOfCodes(codes + x * map->pixelStride, map->blockStride, blocks) - zero);
    }
}

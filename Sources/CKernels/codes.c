#include "CKernels.h"

void nk_encode(const float *values, uint8_t *codes, long count, float inverse_scale, float zero_point) {
    for (long i = 0; i < count; i++) codes[i] = (uint8_t)(int32_t)(values[i] * inverse_scale + zero_point + 0.5f);
}

void nk_decode(const uint8_t *codes, float *values, long count, float scale, float zero_point) {
    for (long i = 0; i < count; i++) values[i] = ((float)codes[i] - zero_point) * scale;
}

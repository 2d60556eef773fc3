// Sums of inputs over windows: channel sums of a map, then a box filter over the plane.

static void NK_NAME(channelSums)(NKMap map, int blocks, int height, int width, float *sums) {
    for (int row = 0; row < height; row++)
        for (int x = 0; x < width; x++) {
            nk_floats sum = NK_NAME(broadcast)(0.0f);
            for (int block = 0; block < blocks; block++)
                sum += NK_NAME(load)(map.origin + block * map.blockStride + row * map.rowStride + x * map.pixelStride);
            // Halving: a fixed order that needs no horizontal instruction.
            const nk_half_floats eight = sum.lo + sum.hi;
            const nk_quarter_floats four = eight.lo + eight.hi;
            sums[row * width + x] = (four.x + four.z) + (four.y + four.w);
        }
}

static void NK_NAME(boxSums)(NKInput plane, int kernelHeight, int kernelWidth, int height, int width, float *sums) {
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const float *corner = plane.origin + y * plane.outputRowStep + x * plane.outputPixelStep;
            float sum = 0.0f;
            for (int i = 0; i < kernelHeight; i++)
                for (int j = 0; j < kernelWidth; j++)
                    sum += corner[i * plane.kernelRowStep + j * plane.kernelColumnStep];
            sums[y * width + x] = sum;
        }
}

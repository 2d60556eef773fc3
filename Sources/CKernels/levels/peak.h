// The yardstick of the benchmark: how many multiply-adds this core does when nothing else limits it.

static double NK_NAME(measureCodePeak)(long repetitions) {
    __attribute__((aligned(64))) int8_t weights[128];
    for (int i = 0; i < 128; i++) weights[i] = (int8_t)(i % 5);
    nk_ints sum[NK_PEAK_CHAINS];
    NK_UNROLL for (int i = 0; i < NK_PEAK_CHAINS; i++) sum[i] = (nk_ints)(i);
    const nk_ints codes = (nk_ints)(0x01020304);
    for (long r = 0; r < repetitions; r++) {
        NK_UNROLL for (int i = 0; i < NK_PEAK_CHAINS; i++) sum[i] = NK_NAME(multiplyFour)(sum[i], codes, weights);
        // The next round has to be computed too: without this the compiler would add the same products by a product.
        __asm__ volatile("" : : "r"(weights) : "memory");
    }
    nk_ints total = sum[0];
    NK_UNROLL for (int i = 1; i < NK_PEAK_CHAINS; i++) total += sum[i];
    volatile int sink = total[0];
    (void)sink;
    return 2.0 * 4 * NKLanes * NK_PEAK_CHAINS * (double)repetitions;
}

static double NK_NAME(measurePeak)(long repetitions) {
    nk_floats sum[NK_PEAK_CHAINS];
    NK_UNROLL for (int i = 0; i < NK_PEAK_CHAINS; i++) sum[i] = NK_NAME(broadcast)((float)i);
    const nk_floats a = NK_NAME(broadcast)(0.999f), b = NK_NAME(broadcast)(0.001f);
    for (long r = 0; r < repetitions; r++) {
        NK_UNROLL for (int i = 0; i < NK_PEAK_CHAINS; i++) sum[i] = NK_NAME(fma)(sum[i], a, b);
    }
    // Written out so that the loop has a use; without fast-math the compiler may not shorten its recurrences.
    nk_floats total = sum[0];
    NK_UNROLL for (int i = 1; i < NK_PEAK_CHAINS; i++) total += sum[i];
    volatile float sink = total[0];
    (void)sink;
    return 2.0 * NKLanes * NK_PEAK_CHAINS * (double)repetitions;
}

// The yardstick of the benchmark: how many multiply-adds this core does when nothing else limits it.

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
